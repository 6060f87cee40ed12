"""Tells whether a PDF font names its letters: what is written in another one is seen, and no search finds it.

Letters are named by a ToUnicode map, by an encoding, or by the names of the glyphs (ISO 32000-1 §9.10.2). Only what is
certain is called mute: a font that may tell them by its own program is not.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pikepdf

_TOLD = frozenset({"Japan1", "GB1", "CNS1", "Korea1", "KR"})  # collections whose characters every reader knows
_DECIMAL = re.compile(r"[A-Za-z._]*([0-9]+)")
_HEX = re.compile(r"[A-Za-z._]*([0-9A-Fa-f]{2})")
_MOST_NAMES = 256


def is_mute(font: pikepdf.Object | None) -> bool:
    """True when nothing in the dictionary of the font says which letters its codes are."""
    if not isinstance(font, pikepdf.Dictionary) or "/ToUnicode" in font:
        return False
    encoding = font.get("/Encoding")
    if str(font.get("/Subtype")) == "/Type0":
        return (isinstance(encoding, pikepdf.Stream) or str(encoding).startswith("/Identity")) and not _known(font)
    names = encoding.get("/Differences") if isinstance(encoding, pikepdf.Dictionary) else None
    return isinstance(names, pikepdf.Array) and _unnamed(names)


def _known(font: pikepdf.Object) -> bool:
    descendants = font.get("/DescendantFonts")
    first = descendants[0] if isinstance(descendants, pikepdf.Array) and len(descendants) else None
    info = first.get("/CIDSystemInfo") if isinstance(first, pikepdf.Dictionary) else None
    return not isinstance(info, pikepdf.Dictionary) or str(info.get("/Ordering")) in _TOLD


def _unnamed(names: pikepdf.Array) -> bool:
    """True when most glyphs have names like „g12“; „a65“ or „G41“ for the code 65 is the letter that the code is."""
    from fontTools import agl  # type: ignore[import-untyped]  # few fonts need it

    code, told, mute = 0, 0, 0
    entries: list[Any] = list(names)[: 2 * _MOST_NAMES]  # pikepdf gives numbers as Python's own
    for name in entries:
        if isinstance(name, int | float | Decimal):
            code = int(name)
            continue
        if not isinstance(name, pikepdf.Name):
            return False  # damaged: nothing is certain
        plain = str(name)[1:]
        decimal, digits = _DECIMAL.fullmatch(plain), _HEX.fullmatch(plain)
        own = (decimal and int(decimal[1]) == code) or (digits and int(digits[1], 16) == code)
        if agl.toUnicode(plain) or own:
            told += 1
        elif plain != ".notdef":
            mute += 1
        code += 1
    return mute > told
