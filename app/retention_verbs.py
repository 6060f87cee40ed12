"""`archiv frist`: how long an Akte is kept, with the derivation; for Akten of the archive and for files of cases."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from akten.errors import Forbidden
from app.command import Call, verb
from app.find_verbs import DAY, DAY_WORD
from app.lock_verbs import due, locks
from app.one_akte import one_akte
from app.open_verbs import frist_open
from app.show import findings_table
from flows.keeping import deadline_of, viewer_of
from flows.receipt import finding_json
from flows.settings import Settings
from flows.wiring import open_services
from retention.cases import answer_all, deadline_json, load_cases
from retention.catalogue import Fristenkatalog
from retention.schedule import builtin_schedule, load_schedule

STATES_DE = {
    "permanent": "dauernd aufzubewahren",
    "open": "offen: ein Ereignis fehlt noch",
    "retained": "in der Aufbewahrungsfrist",
    "held": "Frist abgelaufen, aber gesperrt",
    "offer": "dem Archiv anzubieten",
    "transfer": "an das Archiv abzugeben",
    "destroy": "zur Vernichtung frei",
}
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def schedule(settings: Settings, path: Path | None) -> Fristenkatalog:
    """The Fristenkatalog that a call names, else the one in force."""
    chosen = path or settings.katalog
    return load_schedule(chosen) if chosen else builtin_schedule()


def _today(katalog: Fristenkatalog, day: datetime | None) -> date:
    return day.date() if day else datetime.now(ZoneInfo(katalog.time_zone)).date()


@click.group()
def frist() -> None:
    """Aufbewahrungsfristen mit Herleitung, und die Sperren, die ihnen folgen."""


frist.add_command(due)
frist.add_command(locks)


frist.add_command(frist_open)


@frist.command("berechne")
@click.option("--faelle", type=FILE, metavar="DATEI", required=True, help="Fälle als YAML.")
@click.option("--katalog", "catalogue", type=FILE, metavar="DATEI", help="Fristenkatalog; sonst der eingestellte.")
@click.option("--am", type=DAY, metavar=DAY_WORD, help="Tag der Frage für Fälle, die keinen nennen; sonst heute.")
@verb
def retention_compute(call: Call, *, faelle: Path, catalogue: Path | None, am: datetime | None) -> int:
    """Berechnet die Fristen der Fälle einer Datei; ein Archiv wird dafür nicht gebraucht."""
    katalog = schedule(call.settings, catalogue)
    values = answer_all(load_cases(faelle, katalog, _today(katalog, am)), katalog)

    def show(console: Console) -> None:
        for value in values:
            computed = value["computed"]
            console.print(value["id"], style="bold")
            if computed is None:
                console.print("  nicht berechnet", style="red")
            elif "state" in computed:
                _show_deadline(console, computed, katalog)
            else:
                console.print(f"  geschlossen bis {_german(computed['closed_until'])}")
                console.print(f"  offen ab {_german(computed['open_from'])}")
                _show_derivation(console, computed)
            if value["findings"]:
                console.print(findings_table(value["findings"]))

    call.output.result(values, show)
    return 3 if any(value["computed"] is None for value in values) else 0


@frist.command("zeige")
@click.argument("aktenzeichen")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@click.option("--am", type=DAY, metavar=DAY_WORD, help="Stand an diesem Tag; sonst heute.")
@verb
def retention_show(call: Call, aktenzeichen: str, *, band: int | None, am: datetime | None) -> None:
    """Zeigt die Frist einer Akte und wie sie sich herleitet."""
    with open_services(call.settings) as services:
        row = one_akte(services, aktenzeichen, band)
        known = services.catalog.keeping(row.uuid, viewer=viewer_of(call.actor, services))
        if known is None:
            raise Forbidden(f"Zu „{aktenzeichen}“ gibt es keine Akte.")
        katalog = services.katalog
        deadline = deadline_of(known, katalog, _today(katalog, am))
        services.catalog.read_access(row.uuid, "frist zeige", by=call.actor, now=services.now())
    value = {
        "aktenzeichen": row.aktenzeichen,
        "aktenart": row.aktenart,
        "uuid": str(row.uuid),
        "record_class": deadline.outcome.results[0].record_class.key,
        "as_of": deadline.outcome.case.as_of.isoformat(),
        **deadline_json(deadline),
        "findings": [finding_json(f) for f in deadline.findings],
    }

    def show(console: Console) -> None:
        console.print(Text.assemble((f"{row.aktenart} {row.aktenzeichen}", "bold"), f"  {row.betreff}"))
        console.print(f"  Fristklasse: {value['record_class']}")
        _show_deadline(console, value, katalog)
        if value["findings"]:
            console.print(findings_table(value["findings"]))

    call.output.result(value, show)


def _german(day: str | None) -> str:
    return f"{date.fromisoformat(day):%d.%m.%Y}" if day else "–"


def _show_deadline(console: Console, computed: dict[str, Any], katalog: Fristenkatalog) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("  Stand", STATES_DE.get(computed["state"], computed["state"]))
    table.add_row("  aufzubewahren bis", _german(computed["retention_ends"]))
    table.add_row("  frei ab", _german(computed["disposal_from"]))
    table.add_row(
        "  anzubieten bis", _german(computed["offer_by"]) + (" (überfällig)" if computed["offer_due"] else "")
    )
    if computed["missing_events"]:
        missing = (katalog.event_titles.get(name, name) for name in computed["missing_events"])
        table.add_row("  es fehlt", ", ".join(missing))
    console.print(table)
    _show_derivation(console, computed)
    for reason in computed["reasons"]:
        console.print(f"  Keine Vernichtung: {reason}", style="dim")


def _show_derivation(console: Console, computed: dict[str, Any]) -> None:
    for line in computed["derivation"]:
        console.print(f"  · {line}", style="dim")
