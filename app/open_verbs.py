"""`archiv frist offen`: the yearly reminder list of Akten whose period waits for an event."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console

from app.command import Call, verb
from app.find_verbs import FAMILIES
from app.opening import open_archive
from app.paging import counted, paged, rest_of
from app.show import Listing, number_column
from flows.receipt import finding_json
from flows.telling import accepted, event_named
from flows.waiting import Waiting, waiting


@click.command("offen")
@click.option(
    "--bis",
    "until",
    type=click.IntRange(1700, 2999),
    metavar="JAHR",
    help="Nur was seit diesem Jahr oder länger wartet.",
)
@FAMILIES
@click.option("--ereignis", metavar="EREIGNIS", help="Nur Akten, denen dieses Ereignis fehlt.")
@paged(100, 100_000)
@verb
def frist_open(
    call: Call, *, until: int | None, aktenart: tuple[str, ...], ereignis: str | None, anzahl: int, ab: int
) -> int:
    """Listet Akten, deren Frist nicht laufen kann, weil ein Ereignis unbekannt ist; die ältesten zuerst.

    Einmal im Jahr abzuarbeiten: nachfragen, und melden mit archiv ereignis melde.
    """
    with open_archive(call) as services:
        name = accepted(event_named(ereignis, services.katalog)) if ereignis else ""
        with call.output.working("Alle Akten werden angesehen"):
            found = waiting(services, call.actor, until=until, families=aktenart, event=name, limit=anzahl, offset=ab)
        titles = services.katalog.event_titles
        page = found.rows
        seen = [one.row.akte for one in page]
        services.catalog.read_accesses(seen, "frist offen", by=call.actor, now=services.now())

    def show(console: Console) -> None:
        if not found.total:
            narrowed = until or aktenart or ereignis
            console.print("Keine Akte wartet " + ("so, wie hier eingegrenzt ist." if narrowed else "auf ein Ereignis."))
            return
        table = Listing(
            number_column(), "Aktenart", "Band", "Es fehlt", "Seit", "Zu fragen", box=None, header_style="dim"
        )
        for one in page:
            missing = " oder ".join(titles.get(name, name) for name in one.missing)
            table.add_row(
                one.row.aktenzeichen,
                one.row.aktenart,
                str(one.row.band),
                missing or "; ".join(f.text for f in one.findings),
                f"{one.since:%d.%m.%Y}" if one.since else "unbekannt",
                ", ".join(one.ask),
            )
        console.print(table)
        console.print(rest or counted(len(page), found.total), style="dim")

    rest = rest_of(len(page), found.total, ab)
    call.output.page([_waiting_json(one) for one in page], show, rest)
    return 8 if any(one.findings for one in page) else 0  # the rules could not be asked: as in the due list


def _waiting_json(one: Waiting) -> dict[str, Any]:
    return {
        "aktenzeichen": one.row.aktenzeichen,
        "uuid": str(one.row.akte),
        "aktenart": one.row.aktenart,
        "band": one.row.band,
        "betreff": one.row.betreff,
        "record_class": one.record_class,
        "missing_events": list(one.missing),
        "condition": one.condition or None,
        "since": one.since.isoformat() if one.since else None,
        "ask": list(one.ask),
        "findings": [finding_json(f) for f in one.findings],
    }
