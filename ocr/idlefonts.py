"""Fonts that a page names, and perhaps selects, without ever showing a letter in them; ReportLab leaves one on each.

PDF/A wants only those fonts embedded that are used (ISO 19005-2 §6.2.11.4.1), but not all its judges look so closely.
An idle font that is not embedded would send a whole document through Ghostscript, which loses letters. Runs in the
sandbox only.
"""

from __future__ import annotations

from typing import Any

import pikepdf

_OPERATORS = "q Q Tf Tj TJ ' \" Do"
_SHOWING = frozenset({"Tj", "TJ", "'", '"'})
_FILES = ("/FontFile", "/FontFile2", "/FontFile3")
_MOST_BYTES = 4 << 20  # of content


def is_embedded(font: pikepdf.Object) -> bool:
    """True for a font whose letters are in the file; those of a Type 3 font always are."""
    if not isinstance(font, pikepdf.Dictionary) or str(font.get("/Subtype")) == "/Type3":
        return True
    below = font.get("/DescendantFonts")
    inner = below[0] if isinstance(below, pikepdf.Array) and len(below) else font
    told = inner.get("/FontDescriptor") if isinstance(inner, pikepdf.Dictionary) else None
    return isinstance(told, pikepdf.Dictionary) and any(isinstance(told.get(key), pikepdf.Stream) for key in _FILES)


def idle_fonts(page: pikepdf.Page) -> frozenset[str]:
    """Names of the fonts of a page that are not embedded and in which it shows nothing; none when that is uncertain."""
    resources = page.obj.get("/Resources")
    if not isinstance(resources, pikepdf.Dictionary):
        return frozenset()
    fonts = resources.get("/Font")
    if not isinstance(fonts, pikepdf.Dictionary):
        return frozenset()
    suspected = {name for name, font in fonts.items() if not is_embedded(font)}
    if not suspected:
        return frozenset()
    forms = resources.get("/XObject")
    for _, form in forms.items() if isinstance(forms, pikepdf.Dictionary) else ():
        if str(form.get("/Subtype")) == "/Form" and "/Resources" not in form:
            return frozenset()  # it may use those of the page
    try:
        return frozenset(suspected - _used(page))
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, IndexError):
        return frozenset()


def _used(page: pikepdf.Page) -> set[str]:
    """Names of the fonts that are selected when something is shown. Raises ValueError for too much content."""
    parts = page.obj.get("/Contents")
    streams: list[Any] = list(parts) if isinstance(parts, pikepdf.Array) else [parts]
    if sum(int(part.get("/Length", 0)) for part in streams if isinstance(part, pikepdf.Stream)) > _MOST_BYTES:
        raise ValueError
    used: set[str] = set()
    stack: list[str] = []
    now = ""
    for instruction in pikepdf.parse_content_stream(page, _OPERATORS):
        name = str(instruction.operator)
        if name == "q":
            stack.append(now)
        elif name == "Q":
            now = stack.pop() if stack else ""
        elif name == "Tf":
            now = str(instruction.operands[0])
        elif name in _SHOWING or name == "Do":  # a form goes on with the font that is selected
            used.add(now)
    return used


def without_idle_fonts(pdf: pikepdf.Pdf) -> None:
    """Puts an embedded font of the same page in the place of each idle one: it shows nothing either way."""
    for page in pdf.pages:
        idle = idle_fonts(page)
        fonts = page.obj.Resources.Font if idle else pikepdf.Dictionary()
        other = next((font for _, font in fonts.items() if is_embedded(font)), None)
        if other is not None:
            # Resources and fonts may be shared with pages that do use the font.
            page.obj.Resources = pikepdf.Dictionary(dict(page.obj.Resources.items()))
            page.obj.Resources.Font = pikepdf.Dictionary(
                {name: other if name in idle else font for name, font in fonts.items()}
            )
