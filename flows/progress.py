"""Progress of long work for people: one line per delivery in work, on standard error, only where somebody looks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from akten.errors import ArchivError
from flows.terminal import Terminal, visible
from ingest.claimed import ClaimedDelivery

# More than are in work at once. Each line costs time whenever one of them changes: a line for each of a thousand that
# wait took minutes before the first of them was read.
_MOST_LINES = 20

Tell = Callable[[str, int, int], None]


@contextmanager
def progress_display(*, quiet: bool = False) -> Iterator[Callable[[ClaimedDelivery], Tell]]:
    """Gives for each delivery the function that tells how far it is; its line appears when it begins."""
    console = Terminal(stderr=True)
    display = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )

    lines, drawing = deque[TaskID](), Lock()

    def begin(name: str) -> TaskID:
        """A new line; the oldest makes room, whose delivery has ended long ago."""
        lines.append(display.add_task("beginnt", name=name, total=1))
        if len(lines) > _MOST_LINES:
            display.remove_task(lines.popleft())
        return lines[-1]

    def show(delivery: ClaimedDelivery) -> Tell:
        name = str(delivery.uuid)[:8]
        with suppress(OSError, ArchivError):  # its marker is gone: no reason to stop the others
            name = visible(delivery.name)[:32]
        line: TaskID | None = None

        def tell(what: str, done: int, total: int) -> None:
            nonlocal line
            with drawing:
                if line is None or line not in lines:
                    line = begin(name)
                display.update(line, description=what, completed=done, total=total)

        return tell

    with display:
        yield show
