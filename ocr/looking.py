"""Looks at the picture of a page, whichever path it came by: blank, or read; and tells what was found."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from ocr.blank import PREVIEW_DPI, is_blank
from ocr.engine import OcrEngine, Reading, TimedEngine
from ocr.geometry import Affine, turning
from ocr.hocr import page_fragment
from ocr.jobs import PageJob, PageOutcome
from ocr.options import OcrOptions
from ocr.ownwords import OwnLine
from ocr.pageimage import Held, reduced
from ocr.reading import PageReading, read_page
from ocr.source import Seen, turned

_MOST_PREVIEW = 8_000_000  # pixels; plans are looked at a little more coarsely
_THUMBNAIL = 240  # pixels of the longer edge


@dataclass(frozen=True, slots=True)
class Look:
    """What looking at the picture gave: a thumbnail of a blank page, or a reading and its map to stored pixels."""

    thumbnail: str = ""
    found: PageReading | None = None
    to_stored: Affine = field(default_factory=Affine)
    seconds: float = 0.0
    engine: tuple[str, str] = ("", "")

    @property
    def reading(self) -> Reading:
        """The words; none of a page that was not read."""
        return self.found.reading if self.found else Reading()

    @property
    def turn(self) -> int:
        """Degrees clockwise by which the page must be turned to be read."""
        return self.found.turn if self.found else 0


def outcome_of(look: Look, size: tuple[float, float], rotate: int, losses: tuple[str, ...] = ()) -> PageOutcome:
    """What a look found, as it goes back through the pipe."""
    found, reading = look.found, look.reading
    return PageOutcome(
        *size,
        blank=bool(look.thumbnail),
        words=reading.count,
        confidence=None if reading.confidence is None else round(reading.confidence, 2),
        turned=rotate,
        turned_confidence=None if found is None or found.sure is None else round(found.sure, 1),
        skew=found.skew if found else 0.0,
        retried=found.retried if found else False,
        text=reading.text,
        thumbnail=look.thumbnail,
        losses=losses,
        seconds_engine=look.seconds,
        engine=look.engine,
    )


def look_at(source: Seen, engine: Callable[[], OcrEngine], options: OcrOptions, cpu: Callable[[], float]) -> Look:
    """Blank, or read. The picture is let go on the way, so that a plan does not lie in memory twice."""
    picture = source.take_picture()
    if picture is None:
        return Look()
    preview, preview_dpi = _preview(picture, source)
    if is_blank(preview, preview_dpi, options.blank_threshold):
        return Look(thumbnail=_thumbnail(preview))
    reader = TimedEngine(engine(), cpu)
    stand, mirrored = source.stand
    to_upright = turning(stand, mirrored, *picture.size)
    upright = Held(turned(picture, stand, mirrored=mirrored))
    del picture
    dpi = source.dpi if stand % 180 == 0 else (source.dpi[1], source.dpi[0])
    found = read_page(upright, dpi, reader, options)
    to_stored = found.to_given.then(to_upright.inverse())
    return Look("", found, to_stored, reader.seconds, (reader.name, reader.version))


def _preview(picture: Image.Image, source: Seen) -> tuple[Image.Image, float]:
    dpi = min(source.dpi)
    factor = max(1, round(dpi / PREVIEW_DPI))
    while picture.width * picture.height > factor * factor * _MOST_PREVIEW:
        factor += 1
    return reduced(picture, factor), dpi / factor


def _thumbnail(preview: Image.Image) -> str:
    small = preview.copy()
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=60)
    return base64.b64encode(target.getvalue()).decode("ascii")


def write_fragment(job: PageJob, source: Seen, look: Look, own: Sequence[OwnLine] = ()) -> None:
    """The piece of hOCR of this page, in pixels of the picture as it is stored; `own` are lines it has itself."""
    turned_in_all = (source.stand[0] + look.turn) % 360
    fragment = page_fragment(job.number, look.reading, look.to_stored, source.size, turned_in_all, source.dpi, own)
    write_whole(Path(job.hocr), fragment.encode("utf-8", "replace"))


def write_whole(target: Path, data: bytes) -> None:
    """Under another name first, so that a half written page is never taken for a page."""
    part = target.with_name(target.name + ".part")
    part.write_bytes(data)
    part.replace(target)
