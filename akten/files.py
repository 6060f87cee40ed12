"""Files together with their checksums, taken at first sight, and the facts learned about them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from akten.findings import Finding, Verdict

_BLOCK = 1 << 20
_HEX64 = re.compile(r"[0-9a-f]{64}\Z")
_HEX128 = re.compile(r"[0-9a-f]{128}\Z")


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 and SHA-512 (lower-case hex) and the size in bytes of one byte string, from one pass."""

    sha256: str
    sha512: str
    size: int

    def __post_init__(self) -> None:
        if not _HEX64.match(self.sha256) or not _HEX128.match(self.sha512) or self.size < 0:
            raise ValueError("Digests wants lower-case hex of 64 and 128 digits and a size of at least 0")


def digest_stream(stream: BinaryIO) -> Digests:
    """Both digests of what is left in `stream`, read once in blocks of 1 MiB."""
    short, long, size = hashlib.sha256(), hashlib.sha512(), 0
    while block := stream.read(_BLOCK):
        short.update(block)
        long.update(block)
        size += len(block)
    return Digests(short.hexdigest(), long.hexdigest(), size)


def digest_file(path: Path) -> Digests:
    """Both digests of a file, read once. Raises OSError as the system does."""
    with path.open("rb", buffering=0) as stream:
        return digest_stream(stream)


def digest_bytes(data: bytes) -> Digests:
    """Both digests of bytes in memory."""
    return Digests(hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest(), len(data))


@dataclass(frozen=True, slots=True)
class Scan:
    """One file as it came from the scan desk: where it lies, what it was called, what it is by content.

    `uuid` names the file for ever (key in the package: `<uuid>.<suffix>`); `name` is the office's own file name.
    """

    uuid: UUID
    path: Path
    name: str
    mime: str
    digests: Digests


class Colour(StrEnum):
    """How the pixels of a page image are coded."""

    BILEVEL = "bilevel"
    GRAY = "gray"
    RGB = "rgb"
    PALETTE = "palette"
    CMYK = "cmyk"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What is known of one page before anything is decoded in earnest. Sizes in mm and pixels, dpi as found.

    `dpi` is what the file says and is None when absent or absurd; `image_only` is true when the page is nothing but
    one page image; `has_text` when it has text, seen or not; `pictured` when it may show words that are no text: all
    that it shows is drawn, or a picture fills it beside a line or two; `mute` when it has text and nothing says which
    letters it shows. `rotate` is the /Rotate of a PDF page or the Exif orientation in degrees clockwise.
    """

    number: int
    width_mm: float
    height_mm: float
    width_px: int = 0
    height_px: int = 0
    dpi: float | None = None
    colour: Colour = Colour.OTHER
    image_only: bool = False
    has_text: bool = False
    pictured: bool = False
    mute: bool = False
    rotate: int = 0

    @property
    def to_read(self) -> bool:
        """True when the page may show words that no program can take out, so that they are read."""
        return self.pictured or self.mute


class FileKind(StrEnum):
    """The two sorts of delivered files."""

    IMAGE = "image"
    PDF = "pdf"


class Form(StrEnum):
    """Interactive forms inside a PDF."""

    NONE = "none"
    ACROFORM = "acroform"
    XFA = "xfa"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What an examination in the sandbox found out about one file. `findings` with errors mean: cannot be used.

    `flat` is true only where every page is known to show one colour and nothing else.
    """

    kind: FileKind
    mime: str
    pages: tuple[PageFacts, ...]
    findings: tuple[Finding, ...] = ()
    signatures: int = 0
    form: Form = Form.NONE
    attachments: tuple[str, ...] = ()
    javascript: bool = False
    encrypted: bool = False
    pdfa_claim: str | None = None
    repaired: tuple[str, ...] = ()
    unembedded_fonts: tuple[str, ...] = ()
    flat: bool = False

    @property
    def scan_only(self) -> bool:
        """True when the file is nothing but page images, so that the scan path may take it."""
        clean = not (self.signatures or self.attachments or self.javascript or self.encrypted)
        return clean and self.form is Form.NONE and all(page.image_only for page in self.pages) and bool(self.pages)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that was embedded in another one, taken out: kept as a file of its own beside the one it came from.

    `source` is the file that held it, a scan or again an attachment; `number` counts within that one. `name` is the
    one it bore there, cleaned for lists; `mime` is told by its content ("" until somebody looked).
    """

    uuid: UUID
    source: UUID
    number: int
    name: str
    path: Path
    digests: Digests
    mime: str = ""


@dataclass(frozen=True, slots=True)
class PageRef:
    """One page of one scan, counted from 1; Dokumente are made of these."""

    scan: UUID
    page: int


@dataclass(frozen=True, slots=True)
class PageResult:
    """What recognition found on one page. `turned` is degrees clockwise applied to read it; confidences 0..100.

    `blank` pages carry no text by nature; `failed` names why a page could not be read (it is kept as an image).
    `thumbnail` is a small JPEG of a blank page, kept as proof of what was taken for blank; `dropped` ones were left out
    of the PDF/A.
    """

    number: int
    source: PageRef
    width_mm: float
    height_mm: float
    blank: bool = False
    words: int = 0
    confidence: float | None = None
    turned: int = 0
    turned_confidence: float | None = None
    skew: float = 0.0
    retried: bool = False
    failed: str | None = None
    text: str = ""
    thumbnail: bytes | None = None
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class ValidatorReport:
    """What one PDF/A validator said of one file; `clauses` are the failed ones, `why` explains `not_checked`."""

    name: str
    version: str
    verdict: Verdict
    flavour: str = ""
    clauses: tuple[str, ...] = ()
    why: str = ""


class Rendition(StrEnum):
    """How the PDF/A of a Dokument came to be."""

    SCANNED = "scanned"  # page images with invisible text, made by the scan path
    CONVERTED = "converted"  # made from a PDF by the document path
    KEPT = "kept"  # delivered as valid PDF/A and kept byte for byte
    BESIDE = "beside"  # rendition beside an original that may not be altered (signed, form)


@dataclass(frozen=True, slots=True)
class PdfA:
    """The finished PDF/A of one Dokument, with its pages, its text with coordinates (hOCR) and the judges' words."""

    uuid: UUID
    path: Path
    digests: Digests
    flavour: str
    rendition: Rendition
    pages: tuple[PageResult, ...]
    sources: tuple[UUID, ...]
    hocr: Path | None = None
    hocr_digests: Digests | None = None
    tools: tuple[tuple[str, str], ...] = ()
    losses: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    reports: tuple[ValidatorReport, ...] = field(default=())
    verdict: Verdict = Verdict.NOT_CHECKED

    @property
    def kept_pages(self) -> tuple[PageResult, ...]:
        """The pages that the file has, in order."""
        return tuple(page for page in self.pages if not page.dropped)

    @property
    def mean_confidence(self) -> float | None:
        """Mean word confidence over all words of all read pages (0..100); None when no words were read."""
        words = sum(page.words for page in self.pages if page.confidence is not None)
        if not words:
            return None
        total = sum(page.words * page.confidence for page in self.pages if page.confidence is not None)
        return total / words
