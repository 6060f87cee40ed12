"""Where one document is worked on: one child behind the walls, which loads its tools once and writes to one folder.

A document is opened six times and more on its way (to clean it, to read it, to lay words into it, to declare it). Each
time is a fork of that child, with limits and a clean memory of its own; a child for each time took most of its seconds
to start (`ocr.warm`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ocr.ends import SandboxDied
from ocr.options import Limits, OcrOptions
from ocr.warm import WarmSandbox

_SECONDS_PER_PAGE = 60
_TOOLS = (  # what the functions called load at their first use, which a fork would forget
    "ocr.blank",
    "ocr.documenttools",
    "ocr.glyphless",
    "ocr.idlefonts",
    "ocr.openpdfs",
    "ocr.ownwords",
    "ocr.pagelayer",
    "ocr.pdfnotes",
    "ocr.probefile",
)


class Workshop:
    """The child of one document and its folder. To be closed."""

    def __init__(self, options: OcrOptions, folder: Path) -> None:
        self.options = options
        self.folder = folder
        self._child = WarmSandbox(options, most=1, place=folder)

    def __enter__(self) -> Self:
        self._child.prepare(*_TOOLS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close()

    def ask(self, module_function: str, payload: Mapping[str, Any], pages: int = 1) -> dict[str, Any]:
        """What a function of ours says, with limits for so many pages. Raises SandboxDied when there is no answer."""
        limits = document_limits(self.options, pages)
        (answer,) = self._child.call_each(
            module_function, [payload], limits=limits, folder=self.folder, options=self.options
        )
        if isinstance(answer, SandboxDied):
            raise answer
        return answer


def document_limits(options: OcrOptions, pages: int = 1) -> Limits:
    """What one look at so many pages of a document may cost, and no more than a whole file may."""
    most = options.file_limits
    return Limits(
        cpu_seconds=min(most.cpu_seconds, 120 + _SECONDS_PER_PAGE * pages),
        wall_seconds=min(most.wall_seconds, 240.0 + 2 * _SECONDS_PER_PAGE * pages),
        memory_bytes=most.memory_bytes,
        file_bytes=most.file_bytes,
    )
