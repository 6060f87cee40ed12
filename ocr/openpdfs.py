"""PDFs kept open with pdfium for many pages, within bounds. For the sandbox only.

pdfium keeps the streams of every page it drew until the file is closed: forty pages of 25 MB would be a gigabyte.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import pypdfium2

MOST_HELD = 64 << 20  # bytes


class OpenPdfs(dict[str, Any]):
    """The open PDFs by path: what is asked for and not open is opened. Raises PdfiumError for what is no PDF."""

    def __init__(self) -> None:
        self._before = _own_bytes()

    def __missing__(self, path: str) -> Any:
        document = pypdfium2.PdfDocument(path)
        document.init_forms()  # what is filled in is part of the picture
        self[path] = document
        return document

    def bound(self) -> None:
        """Closes all once they hold more than `MOST_HELD`. To be called where no page is in use."""
        if _own_bytes() - self._before > MOST_HELD:
            self.close()

    def close(self) -> None:
        """Closes all."""
        while self:
            self.popitem()[1].close()


def _own_bytes() -> int:
    """Memory of this process that it shares with no file."""
    _, resident, shared = Path("/proc/self/statm").read_text(encoding="ascii").split()[:3]
    return (int(resident) - int(shared)) * mmap.PAGESIZE
