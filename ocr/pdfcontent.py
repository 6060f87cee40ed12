"""What a PDF page draws, told from its content stream without drawing: images with their places, text, line art.

Follows ISO 32000-1 §8 and §9 as far as needed to tell a scanned page from a written one. Runs in the sandbox only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pikepdf

from ocr.geometry import Affine
from ocr.mutefonts import is_mute

_DEEPEST = 6  # nested forms looked into
_MOST_PARSED = 4 << 20  # a page of nothing but images draws with a few bytes; OCR text adds some 100 kB
_MOST_FORMS = 200
_MOST_INLINE = 500
_OPERATORS = "q Q cm Tf Do S s f F f* B B* b b* sh Tj TJ ' \" Tr BT BI ID EI"
_PAINT = frozenset({"S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh"})
_SHOW = frozenset({"Tj", "TJ", "'", '"'})
_TEXT = re.compile(rb"(?<![A-Za-z])T[jJ](?![A-Za-z0-9])")
_INVISIBLE = 3


class TooMuch(Exception):
    """A stream inflates to more than is allowed."""


@dataclass(slots=True)
class PageContent:
    """What one page draws. `images` are XObjects with the matrix that places their unit square, in page space."""

    images: list[tuple[pikepdf.Object, Affine]] = field(default_factory=list)
    inline_images: int = 0
    inline: list[pikepdf.Stream] = field(default_factory=list)  # the same as streams, as many as are looked at
    missing: int = 0
    paints: bool = False
    shows_text: bool = False
    hidden_text: bool = False
    letters: int = 0  # bytes of the strings shown: so many letters, or twice as many
    hidden_letters: int = 0  # the same of invisible ones
    mute_letters: int = 0  # of both, those in fonts that do not say which letters they are
    whole: bool = True  # False when the stream was too long to be looked through

    @property
    def empty(self) -> bool:
        """True when the page draws nothing at all."""
        drawn = self.images or self.inline_images or self.missing or self.paints or self.shows_text
        return self.whole and not drawn


def content_bytes(source: pikepdf.Object | None, most: int) -> bytes:
    """The unpacked content of a page or form, parts joined. Raises TooMuch beyond `most` bytes, and PdfError."""
    if source is None:
        return b""
    parts = list(source) if isinstance(source, pikepdf.Array) else [source]
    out: list[bytes] = []
    total = 0
    for part in parts[:10_000]:
        if not isinstance(part, pikepdf.Stream):
            continue
        try:
            data = part.read_bytes()
        except pikepdf.PdfError as reason:
            if "memory" in str(reason) or "limit" in str(reason):
                raise TooMuch from reason
            raise
        total += len(data)
        if total > most:
            raise TooMuch
        out.append(data)
    return b"\n".join(out)


def read_content(pdf: pikepdf.Pdf, page: pikepdf.Page, most: int) -> PageContent:
    """Looks through a page. Raises TooMuch and what qpdf raises on a broken stream."""
    found = PageContent()
    _Walker(pdf, most, found).walk(page.obj.get("/Contents"), page.obj.get("/Resources"), Affine(), 0)
    return found


class _Walker:
    """The state of one look through a page: how many forms and bytes were seen."""

    def __init__(self, pdf: pikepdf.Pdf, most: int, found: PageContent) -> None:
        self.pdf, self.most, self.found = pdf, most, found
        self.forms = 0
        self.mute: dict[tuple[int, int], bool] = {}  # what is known of fonts

    def walk(self, source: pikepdf.Object | None, resources: pikepdf.Object | None, start: Affine, depth: int) -> None:
        data = content_bytes(source, self.most)
        self.most -= len(data)
        if len(data) > _MOST_PARSED:
            self.found.whole = False
            self.found.paints = True
            self.found.shows_text = self.found.shows_text or bool(_TEXT.search(data))
            return
        stack: list[tuple[Affine, int, bool]] = []
        now, mode, mute = start, 0, False
        for instruction in pikepdf.parse_content_stream(pikepdf.Stream(self.pdf, data), _OPERATORS):
            operands: Any = instruction.operands
            name = str(instruction.operator)
            if name == "q":
                stack.append((now, mode, mute))
            elif name == "Q":
                now, mode, mute = stack.pop() if stack else (start, 0, False)
            elif name == "cm":
                now = Affine(*(float(value) for value in list(operands)[:6])).then(now)
            elif name in _PAINT:
                self.found.paints = True
            elif name == "Tr":
                mode = int(operands[0])
            elif name == "Tf":
                mute = self._is_mute(_entry(_entry(resources, "/Font"), str(operands[0])))
            elif name in _SHOW:
                self.found.mute_letters += _length(operands) if mute else 0
                if mode == _INVISIBLE:
                    self.found.hidden_text = True
                    self.found.hidden_letters += _length(operands)
                else:
                    self.found.shows_text = True
                    self.found.letters += _length(operands)
            elif name == "INLINE IMAGE":
                self.found.inline_images += 1
                if len(self.found.inline) < _MOST_INLINE:
                    self.found.inline.append(_as_stream(self.pdf, operands[0]))
            elif name == "Do":
                self._draw(resources, str(operands[0]), now, depth)

    def _is_mute(self, font: pikepdf.Object | None) -> bool:
        if font is None or not font.is_indirect:
            return is_mute(font)
        if font.objgen not in self.mute:
            self.mute[font.objgen] = is_mute(font)
        return self.mute[font.objgen]

    def _draw(self, resources: pikepdf.Object | None, name: str, now: Affine, depth: int) -> None:
        target = _entry(_entry(resources, "/XObject"), name)
        if not isinstance(target, pikepdf.Stream):
            self.found.missing += 1
            return
        if str(target.get("/Subtype")) == "/Image":
            self.found.images.append((target, now))
            return
        self.forms += 1
        if depth >= _DEEPEST or self.forms > _MOST_FORMS:
            self.found.whole = False
            self.found.paints = True
            return
        matrix = target.get("/Matrix")
        if isinstance(matrix, pikepdf.Array) and len(matrix) == 6:
            now = Affine(*(float(value) for value in list(matrix))).then(now)
        self.walk(target, target.get("/Resources", resources), now, depth + 1)


def _as_stream(pdf: pikepdf.Pdf, image: pikepdf.PdfInlineImage) -> pikepdf.Stream:
    """An inline image as the image XObject that it could have been, with all names written out."""
    stream = pikepdf.Stream(pdf, image.read_raw_bytes())
    for key, value in image.obj.items():
        stream[key] = value
    return stream


def _length(operands: Any) -> int:
    """Bytes of the strings that an operator shows: alone, after two numbers, or in an array between numbers."""
    shown = 0
    for operand in operands:
        for part in operand if isinstance(operand, pikepdf.Array) else (operand,):
            if isinstance(part, pikepdf.String | str | bytes):
                shown += len(bytes(part)) if not isinstance(part, str) else len(part)
    return shown


def _entry(table: pikepdf.Object | None, key: str) -> pikepdf.Object | None:
    if isinstance(table, pikepdf.Dictionary | pikepdf.Stream):
        return table.get(key)
    return None
