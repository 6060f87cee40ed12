"""Writes the text with coordinates as hOCR 1.2: pages, lines and words in pixels of the stored page image.

Turned pages keep the coordinates of the image as it is stored; `textangle` on the lines tells how the text runs. Words
that a page has itself were read by nobody: they bear no `x_wconf`, and where the page has no image, the pixels are
those of the page at the `scan_res` that is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from ocr.engine import Box, Line, Reading
from ocr.geometry import Affine
from ocr.ownwords import OWN_DPI, OwnLine, OwnPage

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="de" lang="de">
<head>
<title>{title}</title>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8" />
<meta name="ocr-system" content="{system}" />
<meta name="ocr-capabilities" content="ocr_page ocr_line ocrx_word ocrp_wconf" />
</head>
<body>
"""
_TAIL = "</body>\n</html>\n"


def page_fragment(
    number: int,
    reading: Reading,
    to_stored: Affine,
    size: tuple[int, int],
    turned: int,
    dpi: tuple[float, float],
    own: Sequence[OwnLine] = (),
) -> str:
    """The `ocr_page` of one page; `to_stored` maps the picture read to pixels of the stored image.

    `own` are lines that the page has itself, in those pixels; they come first, as in the text.
    """
    out = [_page(number, size, turned, dpi), *_own_lines(number, own)]
    # What must be turned clockwise to be read runs counter-clockwise; 90 is text from bottom to top (hOCR, textangle).
    angle = turned % 360
    for count, line in enumerate(reading.lines, len(own) + 1):
        extra = f"; textangle {angle}" if angle else _baseline(line, to_stored)
        words = [
            (word.text, f"{_box(word.box, to_stored, size)}; x_wconf {word.confidence:.0f}") for word in line.words
        ]
        out.append(_line(number, count, _box(line.box, to_stored, size) + extra, words))
    return "\n".join([*out, "</div>\n"])


def own_fragment(number: int, page: OwnPage) -> str:
    """The `ocr_page` of a page that has its words itself (a born-digital one)."""
    return "\n".join(
        [_page(number, page.size, page.turned, (OWN_DPI, OWN_DPI)), *_own_lines(number, page.lines), "</div>\n"],
    )


def _page(number: int, size: tuple[int, int], turned: int, dpi: tuple[float, float]) -> str:
    across, down = dpi  # a fax has half as many rows as columns to the inch
    title = f"bbox 0 0 {size[0]} {size[1]}; ppageno {number - 1}; scan_res {across:.0f} {down:.0f}; x_turned {turned}"
    return f'<div class="ocr_page" id="page_{number}" title="{title}">'


def _own_lines(number: int, lines: Sequence[OwnLine]) -> Iterator[str]:
    for count, line in enumerate(lines, 1):
        extra = f"; textangle {line.angle}" if line.angle else ""
        yield _line(number, count, _bbox(line.box) + extra, [(word.text, _bbox(word.box)) for word in line.words])


def _line(number: int, count: int, title: str, words: Iterable[tuple[str, str]]) -> str:
    spans = (
        f'<span class="ocrx_word" id="word_{number}_{count}_{place}" title="{where}">{_text(text)}</span>'
        for place, (text, where) in enumerate(words, 1)
    )
    return "\n".join([f'<span class="ocr_line" id="line_{number}_{count}" title="{title}">', *spans, "</span><br />"])


def text_fragment(number: int, text: str) -> str:
    """The `ocr_page` of a page whose text came without coordinates: it has too much of it, or none."""
    lines = "<br />\n".join(_text(line) for line in text.splitlines())
    return f'<div class="ocr_page" id="page_{number}" title="ppageno {number - 1}">\n<p>{lines}</p>\n</div>\n'


def write_hocr(target: Path, title: str, system: str, fragments: Iterable[str]) -> None:
    """Writes the whole file, page by page."""
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(_HEAD.format(title=_text(title), system=_text(system)))
        for fragment in fragments:
            stream.write(fragment)
        stream.write(_TAIL)


def _box(box: Box, to_stored: Affine, size: tuple[int, int]) -> str:
    left, top, right, bottom = box
    corners = [to_stored(x, y) for x in (left, right) for y in (top, bottom)]
    xs = [max(0.0, min(float(size[0]), x)) for x, _ in corners]
    ys = [max(0.0, min(float(size[1]), y)) for _, y in corners]
    return _bbox((round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))))


def _bbox(box: Box) -> str:
    return "bbox {} {} {} {}".format(*box)


def _baseline(line: Line, to_stored: Affine) -> str:
    (x0, y0), (x1, y1) = to_stored(*line.baseline[:2]), to_stored(*line.baseline[2:])
    if x1 <= x0:
        return ""
    corners = [to_stored(x, y) for x in (line.box[0], line.box[2]) for y in (line.box[1], line.box[3])]
    left, bottom = min(x for x, _ in corners), max(y for _, y in corners)
    slope = (y1 - y0) / (x1 - x0)
    return f"; baseline {slope:.3f} {y0 + slope * (left - x0) - bottom:.0f}"


def _text(text: str) -> str:
    kept = "".join(c for c in text if c >= " " and not 0x7F <= ord(c) < 0xA0 and not 0xD800 <= ord(c) < 0xE000)
    return escape(kept.replace("\ufffe", "").replace("\uffff", ""), quote=True)
