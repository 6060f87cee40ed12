"""Whether words of a PDF/A were read from pictures, with which tools, and what PREMIS tells of it."""

from __future__ import annotations

from collections.abc import Iterable

from akten.files import PdfA, Rendition

Tool = tuple[str, str]  # name, version

_ENGINES = ("tesseract", "tesserocr", "pytesseract", "tessdata")
_MODEL = ".traineddata"  # each language by its own file, as `deu.traineddata`
_OWN_WORDS = "Text der Datei selbst, ohne Texterkennung"
_UNREAD = {Rendition.SCANNED: "Ohne Texterkennung: keine Seite, die zu lesen wäre"}


def engines_of(tools: Iterable[Tool]) -> list[Tool]:
    """Those of the tools that read words from pictures, and the models that they read with."""
    return [tool for tool in tools if (name := tool[0].casefold()).startswith(_ENGINES) or name.endswith(_MODEL)]


def was_read(pdfa: PdfA) -> bool:
    """True when words were read from pictures; a born-digital page says them itself, and no engine had a part in it."""
    return bool(engines_of(pdfa.tools)) or any(page.confidence is not None for page in pdfa.pages)


def way_of_reading(rendition: Rendition, *, read: bool) -> str:
    """How the text beside a PDF/A came to be, as the event that made it tells."""
    return "Texterkennung (OCR)" if read else _UNREAD.get(rendition, _OWN_WORDS)
