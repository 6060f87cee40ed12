"""A console on which foreign text (file names, titles, what was typed) is shown and never obeyed by the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

# C0 and DEL as their pictures; as one sign C1 (some terminals obey 0x9B like ESC [) and what turns the direction of
# writing ("rechnung<RLO>fdp.exe").
_SIGNS = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_SIGNS |= {0x7F: 0x2421}
_SIGNS |= dict.fromkeys((*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)


def visible(text: str) -> str:
    """A text whose control characters are signs; tabs and line ends stay."""
    return text.translate(_SIGNS)


class Terminal(Console):
    """A console that obeys only what the program itself says to it."""

    def render_str(self, text: str, *args: Any, **how: Any) -> Text:
        """A string with its signs already in place, so that they are counted when columns are laid out."""
        return super().render_str(visible(text), *args, **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of what is printed; those that steer the terminal are rich's own and stay as they are."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(visible(piece.text), piece.style)
