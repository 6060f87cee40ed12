"""`archiv katalog index`: makes the search index fit the catalog again."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import Progress

from akten.findings import Verdict
from akten.plural import plural
from app.command import Call, Words, verb
from app.opening import open_archive
from app.output import EXIT_OF_VERDICT


@click.group(cls=Words)
def katalog() -> None:
    """Katalog pflegen."""


@katalog.command("index")
@click.option("--alles", "everything", is_flag=True, help="Alle Akten neu, auch wenn der Index zum Katalog passt.")
@verb
def katalog_index(call: Call, *, everything: bool) -> int:
    """Baut den Suchindex neu, soweit er vom Katalog abweicht; am Bestand ändert sich nichts."""
    hidden = call.output.as_json or not call.output.err.is_terminal
    with open_archive(call) as services, Progress(console=call.output.err, transient=True, disable=hidden) as progress:
        catalog = services.catalog
        before = catalog.index_lag()
        task = progress.add_task("Akten", total=None)

        def told(done: int, of: int) -> None:
            progress.update(task, completed=done, total=of)

        made = catalog.rebuild_index(everything=everything, told=told, by=call.actor, now=datetime.now(UTC))
        if not everything and catalog.index_lag():  # what lags is not marked as such: only all of it can be right
            made = catalog.rebuild_index(everything=True, told=told, by=call.actor, now=datetime.now(UTC))
        after = catalog.index_lag()
    verdict = Verdict.FAILED if after else Verdict.OK
    value = {"verdict": verdict.value, "lag_before": before, "indexed": made, "lag": after}

    def show(console: Console) -> None:
        if not before and not made:
            console.print("Der Suchindex passt zum Katalog; es war nichts zu tun.")
            return
        console.print(f"Abweichungen vorher: {before}. Neu aufgenommen: {plural(made, 'Akte', 'Akten')}.")
        if after:
            places = plural(after, "Stelle", "Stellen")
            console.print(f"Der Index weicht noch an {places} ab. Bitte melden.", style="bold red")

    call.output.result(value, show)
    return EXIT_OF_VERDICT[verdict]
