"""Progress of long work for people: one line per delivery in work, on standard error, only where somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from akten.errors import ArchivError
from flows.terminal import Terminal, visible
from ingest.claimed import ClaimedDelivery

Tell = Callable[[str, int, int], None]


@contextmanager
def progress_display(*, quiet: bool = False) -> Iterator[Callable[[ClaimedDelivery], Tell]]:
    """Gives for each delivery the function that tells how far it is."""
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

    def show(delivery: ClaimedDelivery) -> Tell:
        name = str(delivery.uuid)[:8]
        with suppress(OSError, ArchivError):  # its marker is gone: no reason to stop the others
            name = visible(delivery.name)[:32]
        task = display.add_task("wartet", name=name, total=1)

        def tell(what: str, done: int, total: int) -> None:
            display.update(task, description=what, completed=done, total=total)

        return tell

    with display:
        yield show
