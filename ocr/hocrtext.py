"""Reads the text of pages back out of the hOCR that `ocr/hocr.py` writes, line by line; nothing else is understood."""

from __future__ import annotations

import re
from html import unescape

_PAGE = re.compile(r'<div class="ocr_page" id="page_([1-9][0-9]{0,8})"')
_WORD = re.compile(r'<span class="ocrx_word"[^>]*>(.*)</span>\Z')
_LINE = '<span class="ocr_line"'
_PLAIN, _PLAIN_END, _BREAK = "<p>", "</p>", "<br />"


def page_texts(hocr: bytes) -> dict[int, str]:
    """Page number → its text: words with a blank between, lines below each other.

    Empty lines between blocks are not in the file, so they are not in the text. Raises ValueError for other bytes.
    """
    pages: dict[int, list[str]] = {}
    lines: list[str] = []
    plain = False
    for row in hocr.decode("utf-8").split("\n"):
        if page := _PAGE.match(row):
            lines = pages.setdefault(int(page[1]), [])
        elif row.startswith(_LINE):
            lines.append("")
        elif (word := _WORD.match(row)) and lines:
            lines[-1] = f"{lines[-1]} {unescape(word[1])}".strip()
        elif plain or row.startswith(_PLAIN):
            ends = row.endswith(_PLAIN_END)
            text = row.removesuffix(_PLAIN_END).removesuffix(_BREAK)
            lines.append(unescape(text if plain else text.removeprefix(_PLAIN)))
            plain = not ends
    return {number: "\n".join(own) for number, own in pages.items()}
