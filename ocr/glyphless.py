"""The font of the invisible text: our own TrueType of one glyph without area, every character half an em wide.

A character code is its UTF-16 value; one CIDToGIDMap sends all codes to that glyph, the ToUnicode map sends each
code to itself (ISO 32000-1 §9.7.4, §9.10.3), so the text layer satisfies PDF/A-2u (ISO 19005-2 §6.2.11.7.2).
"""

from __future__ import annotations

import functools
import io

import pikepdf
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib.tables._g_l_y_f import Glyph  # type: ignore[import-untyped]

NAME = "AktenarchivUnsichtbar"
ADVANCE = 500  # thousandths of an em
ASCENT, DESCENT = 800, -200
_EPOCH = 3_849_984_000  # seconds since 1904: 2026-01-01, so that the program is always the same


def _hollow() -> Glyph:
    """A glyph without area that still spans its cell: a line to and fro.

    pdfium drops text whose glyphs have no extent as soon as the page is turned by 90 degrees.
    """
    pen = TTGlyphPen(None)
    pen.moveTo((0, DESCENT))
    pen.lineTo((ADVANCE, ASCENT))
    pen.lineTo((ADVANCE // 2, (ASCENT + DESCENT) // 2))
    pen.closePath()
    return pen.glyph()


@functools.cache
def font_program() -> bytes:
    """The TrueType program; always the same bytes."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "leer"])
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": Glyph(), "leer": _hollow()})
    builder.setupHorizontalMetrics({".notdef": (ADVANCE, 0), "leer": (ADVANCE, 0)})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": NAME, "styleName": "Regular", "psName": NAME})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT)
    builder.setupPost()
    builder.updateHead(created=_EPOCH, modified=_EPOCH)
    builder.font.recalcTimestamp = False
    target = io.BytesIO()
    builder.font.save(target, reorderTables=True)
    return target.getvalue()


@functools.cache
def to_unicode() -> bytes:
    """The CMap that sends every code to itself, without 0, surrogates, U+FEFF, U+FFFE and U+FFFF."""
    ranges: list[tuple[int, int]] = []
    for high in range(0x100):
        if 0xD8 <= high <= 0xDF:
            continue
        start, end = high << 8, high << 8 | 0xFF
        if high == 0:
            start = 1
        if high == 0xFE:
            end = 0xFEFE
        if high == 0xFF:
            end = 0xFFFD
        ranges.append((start, end))
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <FFFF>",
        "endcodespacerange",
    ]
    for first in range(0, len(ranges), 100):
        part = ranges[first : first + 100]
        lines.append(f"{len(part)} beginbfrange")
        lines.extend(f"<{start:04X}> <{end:04X}> <{start:04X}>" for start, end in part)
        lines.append("endbfrange")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode("ascii")


def add_font(pdf: pikepdf.Pdf) -> pikepdf.Object:
    """The font as an indirect object of `pdf`."""
    program = pdf.make_stream(font_program())
    program.Length1 = len(font_program())
    descriptor = pikepdf.Dictionary(
        Type=pikepdf.Name.FontDescriptor,
        FontName=pikepdf.Name(f"/{NAME}"),
        Flags=4,
        FontBBox=pikepdf.Array([0, DESCENT, ADVANCE, ASCENT]),
        ItalicAngle=0,
        Ascent=ASCENT,
        Descent=DESCENT,
        CapHeight=ASCENT,
        StemV=80,
        FontFile2=program,
    )
    descendant = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType2,
        BaseFont=pikepdf.Name(f"/{NAME}"),
        CIDSystemInfo=pikepdf.Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        CIDToGIDMap=pdf.make_stream(b"\x00\x01" * 0x10000),
        DW=ADVANCE,
        FontDescriptor=pdf.make_indirect(descriptor),
    )
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.Type0,
        BaseFont=pikepdf.Name(f"/{NAME}"),
        Encoding=pikepdf.Name("/Identity-H"),
        DescendantFonts=pikepdf.Array([pdf.make_indirect(descendant)]),
        ToUnicode=pdf.make_stream(to_unicode()),
    )
    return pdf.make_indirect(font)
