"""A console on which foreign text (names of files, titles) is shown and never obeyed by the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

# Controls but tab and line feed, and the marks that turn the direction of writing: "rechnung<RLO>fdp.exe".
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal(Console):
    """What a terminal would obey is left out (it has no width, so tables stay in line); our own styles are kept."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As the base does, each piece of text made harmless."""
        for segment in super().render(renderable, options):
            harmless = segment.control or _OBEYED.search(segment.text) is None
            yield segment if harmless else Segment(_OBEYED.sub("", segment.text), segment.style)
