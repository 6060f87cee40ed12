"""A worker reads thousands of pages: the PDF of one that could not be drawn is closed, whoever keeps the error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest

from ocr.pageimage import PageUnreadable
from ocr.pagelayer import _drawn
from ocr.pdfpage import drawn
from ocr.source import _bitmap


def too_large(path: Path) -> None:
    with pytest.raises(PageUnreadable, match="Bildpunkte"):
        drawn(path, 1, 300, 10, gray=True)


def without_a_picture(path: Path) -> None:
    assert _bitmap(path, 1) is None


def without_such_a_page(path: Path) -> None:
    with pytest.raises((PageUnreadable, IndexError)):
        _drawn(path, 7, 100, as_seen=False)


@pytest.mark.parametrize("look", [too_large, without_a_picture, without_such_a_page])
def test_a_pdf_that_could_not_be_drawn_is_closed(
    look: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "leer.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(path)
    closed: list[Any] = []
    close = pypdfium2.PdfDocument.close
    monkeypatch.setattr(pypdfium2.PdfDocument, "close", lambda self: (closed.append(1), close(self))[1])
    look(path)
    assert closed
