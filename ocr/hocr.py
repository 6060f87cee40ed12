"""Writes the text with coordinates as hOCR 1.2: pages, lines and words in pixels of the stored page image.

Turned pages keep the coordinates of the image as it is stored; `textangle` on the lines tells how the text runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from ocr.engine import Line, Reading
from ocr.geometry import Affine

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
    number: int, reading: Reading, to_stored: Affine, size: tuple[int, int], turned: int, dpi: float
) -> str:
    """The `ocr_page` of one page; `to_stored` maps the picture read to pixels of the stored image."""
    width, height = size
    out = [
        f'<div class="ocr_page" id="page_{number}" '
        f'title="bbox 0 0 {width} {height}; ppageno {number - 1}; scan_res {dpi:.0f} {dpi:.0f}; x_turned {turned}">'
    ]
    angle = (360 - turned) % 360  # hOCR counts counter-clockwise
    for count, line in enumerate(reading.lines, 1):
        extra = f"; textangle {angle}" if angle else _baseline(line, to_stored)
        box = _box(line.box, to_stored, size)
        out.append(f'<span class="ocr_line" id="line_{number}_{count}" title="{box}{extra}">')
        for place, word in enumerate(line.words, 1):
            title = f"{_box(word.box, to_stored, size)}; x_wconf {word.confidence:.0f}"
            out.append(
                f'<span class="ocrx_word" id="word_{number}_{count}_{place}" title="{title}">{_text(word.text)}</span>'
            )
        out.append("</span><br />")
    out.append("</div>")
    return "\n".join(out) + "\n"


def text_fragment(number: int, text: str) -> str:
    """The `ocr_page` of a page whose text came without coordinates (a born-digital page)."""
    lines = "<br />\n".join(_text(line) for line in text.splitlines())
    return f'<div class="ocr_page" id="page_{number}" title="ppageno {number - 1}">\n<p>{lines}</p>\n</div>\n'


def write_hocr(target: Path, title: str, system: str, fragments: Iterable[str]) -> None:
    """Writes the whole file, page by page."""
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(_HEAD.format(title=_text(title), system=_text(system)))
        for fragment in fragments:
            stream.write(fragment)
        stream.write(_TAIL)


def _box(box: tuple[int, int, int, int], to_stored: Affine, size: tuple[int, int]) -> str:
    left, top, right, bottom = box
    corners = [to_stored(x, y) for x in (left, right) for y in (top, bottom)]
    xs = [max(0.0, min(float(size[0]), x)) for x, _ in corners]
    ys = [max(0.0, min(float(size[1]), y)) for _, y in corners]
    return f"bbox {round(min(xs))} {round(min(ys))} {round(max(xs))} {round(max(ys))}"


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
