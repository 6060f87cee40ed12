"""A small valid PDF/A-2b of our own making, for asking validators whether they work."""

from __future__ import annotations

from pathlib import Path

import pikepdf
from pikepdf import pdfa


def tiny_valid_pdfa(target: Path) -> Path:
    """Writes one blank page as PDF/A-2b."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 200))
        pdfa.save(pdf, target, "2b")
    return target
