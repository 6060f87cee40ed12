"""What passes between the pool and its workers: jobs and outcomes as small plain values. No decoder is loaded here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ocr.level import BASIC
from ocr.options import OcrOptions


@dataclass(frozen=True, slots=True)
class PageJob:
    """One page to be done. `dpi` is what the file rightly says, else None; with `read` False the image is only kept.

    At `out` comes the page as a PDF of its own; with `layer` the page stays in its file (a PDF), and only the operators
    of its text come there, in the coordinates of that page. With `mute` the text that it has is read as it is seen.
    """

    source: str
    page: int
    number: int
    is_pdf: bool
    profile_dpi: int
    dpi: float | None
    out: str
    hocr: str
    read: bool = True
    layer: bool = False
    mute: bool = False


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """What became of one page; `error` is (code, German text) when it could not be made at all."""

    width_mm: float = 0.0
    height_mm: float = 0.0
    blank: bool = False
    words: int = 0
    confidence: float | None = None
    turned: int = 0
    turned_confidence: float | None = None
    skew: float = 0.0
    retried: bool = False
    text: str = ""
    thumbnail: str = ""  # base64 of a JPEG
    losses: tuple[str, ...] = ()
    error: tuple[str, str] | None = None
    seconds_engine: float = 0.0
    engine: tuple[str, str] = field(default=("", ""))

    def as_json(self) -> dict[str, Any]:
        """Plain values for the pipe."""
        return asdict(self)

    @staticmethod
    def from_json(values: dict[str, Any]) -> PageOutcome:
        """Back from plain values; what a worker says is checked in type, because a worker may be broken. ValueError."""
        error = values.get("error")
        confidence, sure = values.get("confidence"), values.get("turned_confidence")
        engine = values.get("engine") or ("", "")
        try:
            return PageOutcome(
                width_mm=float(values["width_mm"]),
                height_mm=float(values["height_mm"]),
                blank=bool(values["blank"]),
                words=int(values["words"]),
                confidence=None if confidence is None else float(confidence),
                turned=int(values["turned"]) % 360,
                turned_confidence=None if sure is None else float(sure),
                skew=float(values["skew"]),
                retried=bool(values["retried"]),
                text=str(values["text"]),
                thumbnail=str(values["thumbnail"]),
                losses=tuple(str(item) for item in values["losses"]),
                error=None if error is None else (str(error[0]), str(error[1])),
                seconds_engine=float(values["seconds_engine"]),
                engine=(str(engine[0]), str(engine[1])),
            )
        except (KeyError, TypeError, IndexError, OverflowError) as fault:
            raise ValueError("not an outcome of a page") from fault


@dataclass(frozen=True, slots=True)
class AssemblyJob:
    """Page files in order, the target, what the metadata say, and whether all text of the pages leads to Unicode.

    At `draft`, in a folder that is swept, the document grows: a writer that is killed leaves more than one name there.
    """

    parts: tuple[str, ...]
    draft: str
    target: str
    title: str
    created: str
    unicode: bool = False

    @staticmethod
    def from_json(values: dict[str, Any]) -> AssemblyJob:
        """Back from plain values."""
        return AssemblyJob(**{**values, "parts": tuple(values["parts"])})


@dataclass(frozen=True, slots=True)
class AssemblyOutcome:
    """How the joining went: pages written, what the file claims; or why the judge denied it, and none was written."""

    pages: int
    denied: tuple[str, ...] = ()
    flavour: str = BASIC

    def as_json(self) -> dict[str, Any]:
        """Plain values for the pipe."""
        return {"pages": self.pages, "denied": list(self.denied), "flavour": self.flavour}

    @staticmethod
    def from_json(values: dict[str, Any]) -> AssemblyOutcome:
        """Back from plain values. Raises ValueError."""
        try:
            denied = tuple(str(item) for item in values["denied"])
            return AssemblyOutcome(int(values["pages"]), denied, str(values["flavour"]))
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError("not an outcome of an assembly") from error


def plain_options(options: OcrOptions) -> dict[str, Any]:
    """The options a worker needs, as JSON can carry them."""
    needed = {
        "languages",
        "engine",
        "max_pixels",
        "max_page_mm",
        "max_stream_bytes",
        "reading_dpi",
        "large_format_mm",
        "blank_threshold",
        "retry_confidence",
    }
    values = {item.name: getattr(options, item.name) for item in fields(options) if item.name in needed}
    values["tessdata"] = str(options.tessdata) if options.tessdata else None
    return values


def options_of(values: dict[str, Any]) -> OcrOptions:
    """Back from plain values."""
    return OcrOptions(**{**values, "tessdata": Path(values["tessdata"]) if values["tessdata"] else None})
