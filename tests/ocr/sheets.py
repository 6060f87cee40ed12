"""Builders of page images for the tests of the scan path: printed sheets, blank backs, and requests over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
import pikepdf
from PIL import Image, ImageDraw, ImageFont

from akten.files import FileFacts, FileKind, PageFacts, PageRef, Scan, digest_file
from ocr.documentpath import DocumentResult, convert_document
from ocr.documenttext import DocumentReader
from ocr.jobs import PageJob
from ocr.judging import READERS
from ocr.options import OcrOptions
from ocr.pages import PagePool
from ocr.recognise import PageProfile, RecogniseRequest
from ocr.scanpages import Stretch
from ocr.verapdf import VeraPdf
from ocr.warm import WarmSandbox

# a font with umlauts that comes with a package we need anyway
FONT = Path(str(files("matplotlib"))) / "mpl-data" / "fonts" / "ttf" / "DejaVuSerif.ttf"
LINES = (
    "Der Oberbürgermeister der Stadt",
    "Bauaufsichtsamt, Zimmer 214",
    "Betreff: Anbau einer Garage",
    "Sehr geehrte Damen und Herren,",
    "auf Ihren Antrag vom 3. Mai wird die",
    "Genehmigung für das Grundstück in der",
    "Gemarkung Grünwald, Flur 7, erteilt.",
    "Die Gebühren betragen 120,50 Mark.",
    "Mit freundlichen Grüßen",
)


def sheet(
    lines: Sequence[str] = LINES, *, dpi: int = 200, size_mm: tuple[int, int] = (148, 105), mode: str = "L"
) -> Image.Image:
    """A printed sheet (A6 across unless said otherwise) in black on white."""
    size = (round(size_mm[0] / 25.4 * dpi), round(size_mm[1] / 25.4 * dpi))
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(FONT, size=dpi / 5.5)
    for place, line in enumerate(lines):
        draw.text((dpi * 0.5, dpi * (0.4 + 0.36 * place)), line, fill=0, font=font)
    return image if mode == "L" else image.convert(mode)


def paper(*, noise: float = 4.0, gray: int = 235, dpi: int = 150, size_mm: tuple[int, int] = (210, 297)) -> Image.Image:
    """A blank sheet with the noise of a scanner, always the same."""
    size = (round(size_mm[1] / 25.4 * dpi), round(size_mm[0] / 25.4 * dpi))
    random = np.random.default_rng(7)
    return Image.fromarray(np.clip(gray + random.normal(0, noise, size), 0, 255).astype(np.uint8))


def job(path: Path, folder: Path, *, page: int = 1, dpi: float | None = 200.0, read: bool = True) -> PageJob:
    """A page job as `recognise` would make it."""
    return PageJob(
        source=str(path),
        page=page,
        number=1,
        is_pdf=path.suffix == ".pdf",
        profile_dpi=300,
        dpi=dpi,
        out=str(folder / "page.pdf"),
        hocr=str(folder / "page.hocr"),
        read=read,
    )


def facts_of(path: Path, *, dpi: float | None = 200.0) -> FileFacts:
    """The facts an examination would give for a file of page images."""
    if path.suffix == ".pdf":
        with pikepdf.open(path) as pdf:
            count = len(pdf.pages)
        kind = FileKind.PDF
    else:
        with Image.open(path) as image:
            count = getattr(image, "n_frames", 1)
        kind = FileKind.IMAGE
    pages = tuple(PageFacts(number, 1.0, 1.0, dpi=dpi, image_only=True) for number in range(1, count + 1))
    return FileFacts(kind, "", pages)


def request_of(files: Sequence[Path], folder: Path, *, dpi: float | None = 200.0, **more: Any) -> RecogniseRequest:
    """One Dokument of all pages of these files, in order."""
    scans: dict[UUID, Scan] = {}
    facts: dict[UUID, FileFacts] = {}
    pages: list[PageRef] = []
    for file in files:
        uuid = uuid5(NAMESPACE_URL, str(file))
        scans[uuid] = Scan(uuid, file, file.name, "", digest_file(file))
        facts[uuid] = facts_of(file, dpi=dpi)
        pages += [PageRef(uuid, page.number) for page in facts[uuid].pages]
    values: Mapping[str, Any] = {
        "uuid": uuid5(NAMESPACE_URL, "dokument"),
        "title": "Baugenehmigung – Prüfstück",
        "pages": tuple(pages),
        "scans": scans,
        "facts": facts,
        "profile": PageProfile(),
        "folder": folder,
        "created": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        **more,
    }
    return RecogniseRequest(**values)


def convert(
    scan: Scan, facts: FileFacts, target: Path, options: OcrOptions, pages: tuple[int, ...] | None = None
) -> DocumentResult:
    """What the document path makes of a PDF or of some of its pages, with a worker to read what is a picture."""
    chosen = pages or tuple(page.number for page in facts.pages)
    stretch = Stretch(False, 1, tuple(PageRef(scan.uuid, number) for number in chosen))  # noqa: FBT003 - no images
    pool = pool_for(int(any(page.to_read for page in facts.pages)), options)
    with TemporaryDirectory() as folder:
        reader = DocumentReader(stretch, facts, pool, options, Path(folder))
        judges = reference_for(options), sandbox_for(options.sandbox).call_each
        return convert_document(scan, facts, pages, target, options, target.parent, reader, *judges)


@cache
def pool_for(workers: int, options: OcrOptions) -> PagePool:
    """A pool that all tests with these settings share, until the session ends."""
    return SHARED.enter_context(PagePool(workers, options))


@cache
def reference_for(options: OcrOptions) -> VeraPdf:
    """A veraPDF that all tests with these settings share: its JVM takes longer to start than a test to run."""
    return SHARED.enter_context(VeraPdf(options))


@cache
def sandbox_for(kind: str) -> WarmSandbox:
    """A sandbox that all tests share, as all files of a batch do."""
    sandbox = SHARED.enter_context(WarmSandbox(OcrOptions(sandbox=kind)))
    sandbox.prepare(*READERS)
    return sandbox


SHARED = ExitStack()
