"""`archiv frist`: how long an Akte is kept, with the derivation; for Akten of the archive and for files of cases."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from akten.errors import Unknown
from akten.plural import plural
from app.command import Call, Words, verb
from app.deadline_show import german, show_deadline, show_derivation
from app.due_verbs import due, preview
from app.find_verbs import DAY, DAY_WORD
from app.lock_verbs import due as due_round
from app.lock_verbs import locks
from app.one_akte import akte_name, one_akte
from app.open_verbs import frist_open
from app.opening import open_archive
from app.rule_verbs import catalogue, comparison, rule_release
from app.show import findings_table
from flows.keeping import deadline_of, viewer_of
from flows.receipt import finding_json
from flows.rule_change import katalog_for
from retention.cases import answer_all, deadline_json, load_cases
from retention.catalogue import Fristenkatalog
from retention.schedule import load_schedule

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _today(katalog: Fristenkatalog, day: datetime | None) -> date:
    """The day of the question for cases, whose days are those of their catalogue; an archive knows Berlin's alone."""
    return day.date() if day else datetime.now(ZoneInfo(katalog.time_zone)).date()


@click.group(cls=Words)
def frist() -> None:
    """Aufbewahrungsfristen mit Herleitung, und die Sperren, die ihnen folgen."""


@frist.command("berechne", short_help="Berechnet die Fristen der Fälle einer Datei.")
@click.option("--faelle", type=FILE, metavar="DATEI", required=True, help="Fälle als YAML.")
@click.option("--katalog", "file", type=FILE, metavar="DATEI", help="Fristenkatalog; sonst der geltende.")
@click.option("--am", type=DAY, metavar=DAY_WORD, help="Tag der Frage für Fälle, die keinen nennen; sonst heute.")
@verb
def retention_compute(call: Call, *, faelle: Path, file: Path | None, am: datetime | None) -> int:
    """Berechnet die Fristen der Fälle einer Datei; ein Archiv wird dafür nicht gebraucht."""
    katalog = load_schedule(file) if file else katalog_for(call.settings)
    values = answer_all(load_cases(faelle, katalog, _today(katalog, am)), katalog)

    def show(console: Console) -> None:
        for value in values:
            computed = value["computed"]
            console.print(value["id"], style="bold")
            if computed is None:
                console.print("  nicht berechnet", style="red")
            elif "state" in computed:
                show_deadline(console, computed, katalog)
            else:
                console.print(f"  geschlossen bis {german(computed['closed_until'])}")
                console.print(f"  offen ab {german(computed['open_from'])}")
                show_derivation(console, computed)
            for name, (wanted, got) in ((n, m.values()) for n, m in value.get("mismatches", {}).items()):
                console.print(f"  {name}: erwartet {_value(wanted)}, berechnet {_value(got)}", style="red")
            if value["findings"]:
                console.print(findings_table(value["findings"]))
        checked = [value for value in values if "mismatches" in value]
        if checked:
            same = sum(not value["mismatches"] for value in checked)
            console.print(
                f"Verglichen mit „expected“: {same} von {plural(len(checked), 'Fall stimmt', 'Fällen stimmen')}."
            )

    call.output.result(values, show)
    return 3 if any(value["computed"] is None or value.get("mismatches") for value in values) else 0


@frist.command("zeige")
@click.argument("aktenzeichen")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@click.option("--am", type=DAY, metavar=DAY_WORD, help="Stand an diesem Tag; sonst heute.")
@verb
def retention_show(call: Call, aktenzeichen: str, *, band: int | None, am: datetime | None) -> None:
    """Zeigt die Frist einer Akte und wie sie sich herleitet."""
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        katalog = services.katalog
        known = services.catalog.keeping(row.uuid, viewer=viewer_of(call.actor, services))
        if known is None:
            raise Unknown(f"Zu „{aktenzeichen}“ gibt es keine Akte.")
        deadline = deadline_of(known, katalog, am.date() if am else services.today())
        services.catalog.read_access(row.uuid, "frist zeige", by=call.actor, now=services.now())
    value = {
        "aktenzeichen": row.aktenzeichen,
        "aktenart": row.aktenart,
        "uuid": str(row.uuid),
        "record_class": deadline.outcome.case.classes[0],
        "record_classes": list(deadline.outcome.case.classes),
        "recorded_ends": known.retention_ends,
        "as_of": deadline.outcome.case.as_of.isoformat(),
        **deadline_json(deadline),
        "findings": [finding_json(f) for f in deadline.findings],
    }

    def show(console: Console) -> None:
        console.print(Text.assemble((akte_name(row), "bold"), f"  {row.betreff}"))
        console.print(f"  Fristklasse: {', '.join(value['record_classes'])}")
        show_deadline(console, value, katalog)
        if known.retention_ends != deadline.retention_ends:
            console.print(
                f"  Eingetragen ist noch {german(known.retention_ends)}; die Fristenrunde trägt das neue Ende ein.",
                style="yellow",
            )
        if value["findings"]:
            console.print(findings_table(value["findings"]))

    call.output.result(value, show)


def _value(value: Any) -> str:
    return "nichts" if value is None else "ja" if value is True else "nein" if value is False else str(value)


for _verb in (frist_open, due, preview, due_round, locks, comparison, rule_release, catalogue):
    frist.add_command(_verb)
