"""The font of the invisible text is what its builder makes of it: one glyph without area that spans its cell."""

from __future__ import annotations

import io

from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib.tables._g_l_y_f import Glyph  # type: ignore[import-untyped]

from ocr.glyphless import ADVANCE, ASCENT, DESCENT, NAME, font_program

EPOCH = 3_849_984_000  # seconds since 1904: 2026-01-01, so that the program is always the same


def hollow() -> Glyph:
    """A glyph without area that still spans its cell: a line to and fro.

    pdfium drops text whose glyphs have no extent as soon as the page is turned by 90 degrees.
    """
    pen = TTGlyphPen(None)
    pen.moveTo((0, DESCENT))
    pen.lineTo((ADVANCE, ASCENT))
    pen.lineTo((ADVANCE // 2, (ASCENT + DESCENT) // 2))
    pen.closePath()
    return pen.glyph()


def built() -> bytes:
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "leer"])
    builder.setupCharacterMap({})
    builder.setupGlyf({".notdef": Glyph(), "leer": hollow()})
    builder.setupHorizontalMetrics({".notdef": (ADVANCE, 0), "leer": (ADVANCE, 0)})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": NAME, "styleName": "Regular", "psName": NAME})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT)
    builder.setupPost()
    builder.updateHead(created=EPOCH, modified=EPOCH)
    builder.font.recalcTimestamp = False
    target = io.BytesIO()
    builder.font.save(target, reorderTables=True)
    return target.getvalue()


def test_the_kept_program_is_the_built_one() -> None:
    assert font_program() == built()
