"""How deadlines are told on the screen and in files: words for states, the table of one deadline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from retention.catalogue import Fristenkatalog

STATES_DE = {
    "permanent": "dauernd aufzubewahren",
    "open": "offen: ein Ereignis fehlt noch",
    "retained": "in der Aufbewahrungsfrist",
    "held": "Frist abgelaufen, aber gesperrt",
    "offer": "dem Archiv anzubieten",
    "transfer": "an das Archiv abzugeben",
    "destroy": "zur Vernichtung frei",
}
NOT_YET = "nach den Fristen frei, aber nicht zur Vernichtung freigegeben"


def state_de(value: Mapping[str, Any]) -> str:
    """The state of a computed deadline in words; `destroy` is only said where nothing speaks against it."""
    if value["state"] == "destroy" and not value["may_destroy"]:
        return NOT_YET
    return STATES_DE.get(value["state"], str(value["state"]))


def german(day: date | str | None) -> str:
    """31.12.2030, or a dash."""
    if day is None or day == "":
        return "–"
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return day.strftime("%d.%m.") + f"{day.year:04d}"


def show_deadline(console: Console, computed: Mapping[str, Any], katalog: Fristenkatalog) -> None:
    """One computed deadline with its derivation and what speaks against destruction."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("  Stand", state_de(computed))
    table.add_row("  aufzubewahren bis", german(computed["retention_ends"]))
    table.add_row("  frei ab", german(computed["disposal_from"]))
    overdue = " (überfällig)" if computed["offer_due"] else ""
    table.add_row("  anzubieten bis", german(computed["offer_by"]) + overdue)
    if computed["delete_by"]:
        table.add_row("  zu löschen bis", german(computed["delete_by"]))
    if computed["access"] == "restricted":
        table.add_row("  Verarbeitung", "eingeschränkt: nur für die Zwecke, die das Gesetz nennt")
    if computed["missing_events"]:
        missing = (katalog.event_titles.get(name, name) for name in computed["missing_events"])
        table.add_row("  es fehlt", ", ".join(missing))
    console.print(table)
    show_derivation(console, computed)
    for reason in computed["reasons"]:
        console.print(f"  Keine Vernichtung: {reason}", style="dim")


def show_derivation(console: Console, computed: Mapping[str, Any]) -> None:
    """The steps of the computation, one a line."""
    for line in computed["derivation"]:
        console.print(f"  · {line}", style="dim")
