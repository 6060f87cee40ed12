"""`archiv frist faellig` and `archiv frist vorschau`: which periods end when, as list, table, CSV and picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from akten.errors import Unknown
from akten.plural import plural
from app.command import OUT, Call, verb
from app.deadline_show import german, state_de
from app.find_verbs import FAMILIES
from app.forecast_chart import COLUMNS_DE, FORMATS, draw, kind_of
from app.opening import open_archive
from app.paging import paged
from app.show import Listing, number_column
from app.written import write_csv
from flows.due_list import DueRow, due_filter, due_page, due_rows, forecast_of
from retention.catalogue import Fristenkatalog
from retention.forecast import UNKNOWN

HEADER = (
    "Aktenart", "Aktenzeichen", "Band", "Betreff", "Fristklasse", "Grundlage", "Ereignis", "am", "Beleg",
    "aufzubewahren bis", "eingetragen bis", "frei ab", "anzubieten bis", "zu löschen bis", "Sperren", "Stand",
    "Widersprüche", "Katalog",
)  # fmt: skip


# What the rules say of an Akte, and what stands there where they could not be asked: a field is never missing.
_UNASKED: dict[str, Any] = {
    "may_destroy": None, "record_class": None, "basis": None, "event": None, "event_title": None, "event_date": None,
    "evidence": None, "retention_ends": None, "disposal_from": None, "offer_by": None, "offer_due": None,
    "delete_by": None, "holds": [], "conflicts": [], "katalog": None,
}  # fmt: skip


def due_json(due: DueRow, katalog: Fristenkatalog) -> dict[str, Any]:
    """One Akte of the list."""
    row, found = due.row, due.deadline
    value: dict[str, Any] = {
        "aktenart": row.aktenart,
        "aktenzeichen": row.aktenzeichen,
        "band": row.band,
        "uuid": str(row.akte),
        "betreff": row.betreff,
        "recorded_ends": row.retention_ends,
        "state": None,
        "why": due.why,
    }
    if found is None:
        return value | _UNASKED
    decisive = found.outcome.decisive
    event = decisive.event if decisive else None
    name = decisive.event_name if decisive else ""
    return value | {
        "state": found.state.value,
        "may_destroy": found.may_destroy,
        "record_class": decisive.record_class.key if decisive else found.outcome.case.classes[0],
        "basis": decisive.basis.text if decisive else None,
        "event": name if event else None,
        "event_title": katalog.event_titles.get(name, name) if event else None,
        "event_date": event,
        "evidence": found.outcome.case.evidence.get((name, event), "") if event else None,
        "retention_ends": found.retention_ends,
        "disposal_from": found.disposal_from,
        "offer_by": found.offer_by,
        "offer_due": found.offer_due,
        "delete_by": found.outcome.delete_by,
        "holds": sorted({hold.key for hold in found.outcome.blocking}),
        "conflicts": list(found.conflicts),
        "katalog": found.katalog,
    }


def _holds_de(value: Mapping[str, Any], katalog: Fristenkatalog) -> str:
    return ", ".join(katalog.holds[key].title if key in katalog.holds else key for key in value["holds"])


def _csv_row(value: Mapping[str, Any], katalog: Fristenkatalog) -> Sequence[object]:
    start = (value["aktenart"], value["aktenzeichen"], value["band"], value["betreff"])
    if value["state"] is None:
        return (
            *start,
            "",
            "",
            "",
            "",
            "",
            "",
            value["recorded_ends"],
            "",
            "",
            "",
            "",
            f"nicht berechnet: {value['why']}",
        )
    return (
        *start, value["record_class"], value["basis"], value["event_title"], value["event_date"], value["evidence"],
        value["retention_ends"], value["recorded_ends"], value["disposal_from"], value["offer_by"], value["delete_by"],
        _holds_de(value, katalog), state_de(value), " ".join(value["conflicts"]), value["katalog"],
    )  # fmt: skip


@click.command("faellig", short_help="Listet, wessen Frist bis zu einem Jahr endet.")
@click.option(
    "--bis", "bis", type=click.IntRange(1, 9999), metavar="JAHR", required=True, help="Bis Ende dieses Jahres."
)
@click.option(
    "--von", "von", type=click.IntRange(1, 9999), metavar="JAHR", help="Erst ab diesem Jahr; sonst auch ältere."
)
@FAMILIES
@click.option("--klasse", metavar="KLASSE", help="Nur diese Fristklasse, z. B. tax.assessment-file.")
@paged()
@click.option("--csv", "csv_file", type=OUT, metavar="DATEI", help="Die ganze Liste als CSV schreiben.")
@verb
def due(
    call: Call,
    *,
    bis: int,
    von: int | None,
    aktenart: tuple[str, ...],
    klasse: str | None,
    anzahl: int,
    ab: int,
    csv_file: Path | None,
) -> int:
    """Listet, wessen Aufbewahrungsfrist bis zu einem Jahr endet: Grundlage, Ereignis, Tag, Sperre und Stand.

    Maßgeblich ist das eingetragene Ende; weicht das jetzt errechnete ab, steht es daneben, bis die Fristenrunde es
    einträgt.
    """
    if von is not None and bis < von:
        raise click.UsageError("--bis liegt vor --von; dazwischen liegt kein Jahr.")
    with open_archive(call) as services:
        katalog = services.katalog
        if klasse is not None and klasse not in katalog.classes:
            every = f"{call.archiv} frist katalog --klassen"
            raise Unknown(f"Die Fristklasse „{klasse}“ gibt es im Katalog nicht; alle zeigt: {every}")
        wanted = due_filter(
            katalog,
            date(bis, 12, 31),
            since=date(von, 1, 1) if von else None,
            aktenarten=aktenart or None,
            record_class=klasse,
        )
        page = due_page(services, wanted, call.actor, limit=anzahl, offset=ab)
        seen = [each.row.akte for each in page.rows]
        services.catalog.read_accesses(seen, "frist faellig", by=call.actor, now=services.now())
        written = None
        if csv_file is not None:
            rows = (_csv_row(due_json(each, katalog), katalog) for each in due_rows(services, wanted, call.actor))
            with call.output.working("Die Liste wird geschrieben"):
                written = write_csv(csv_file, HEADER, rows)
    values = [due_json(each, katalog) for each in page.rows]
    result = {
        "bis": bis,
        "von": von,
        "katalog": f"{katalog.name} {katalog.version}",
        "total": page.total,
        "offset": ab,
        "rows": values,
        "csv": None if written is None else {"file": str(csv_file), "rows": written},
    }

    def show(console: Console) -> None:
        if page.total:
            table = Listing(number_column(), "Aktenart", "bis", "Fristklasse", "Ereignis", "Sperre", "Stand", box=None)
            for value in values:
                table.add_row(*_shown(value, katalog))
            console.print(table)
            more = f"; weiter mit --ab {ab + anzahl}" if ab + len(values) < page.total else ""
            console.print(f"{len(values)} von {page.total}, {result['katalog']}{more}", style="dim")
        elif von or aktenart or klasse:
            console.print("Keine Frist endet so, wie hier eingegrenzt ist.")
        else:
            console.print(f"Bis Ende {bis} endet keine Frist.")
        if written is not None:
            console.print(f"{plural(written, 'Zeile', 'Zeilen')} geschrieben: {csv_file}")

    call.output.result(result, show)
    return 8 if any(value["state"] is None for value in values) else 0


def _shown(value: Mapping[str, Any], katalog: Fristenkatalog) -> tuple[str, ...]:
    recorded = german(value["recorded_ends"])
    name = value["aktenzeichen"] + (f" Bd. {value['band']}" if value["band"] != 1 else "")
    if value["state"] is None:
        return name, value["aktenart"], recorded, "", "", "", f"nicht berechnet: {value['why']}"
    now = german(value["retention_ends"])
    ends = recorded if now == recorded else f"{recorded}, jetzt {now}"
    event = f"{value['event_title']} {german(value['event_date'])}" if value["event"] else "–"
    return (
        name,
        value["aktenart"],
        ends,
        value["record_class"],
        event,
        _holds_de(value, katalog) or "–",
        state_de(value),
    )


@click.command("vorschau", short_help="Zählt, wie viele Akten in welchem Jahr frei werden.")
@click.option("--jahre", default=10, show_default=True, type=click.IntRange(1, 100), help="So viele Jahre, ab diesem.")
@FAMILIES
@click.option("--bild", type=OUT, metavar="DATEI", help="Als Bild schreiben (.png oder .svg).")
@click.option("--csv", "csv_file", type=OUT, metavar="DATEI", help="Als CSV schreiben.")
@verb
def preview(call: Call, *, jahre: int, aktenart: tuple[str, ...], bild: Path | None, csv_file: Path | None) -> int:
    """Zählt, wie viele Akten in welchem Jahr zur Aussonderung frei werden, je Aktenart."""
    if bild is not None and kind_of(bild) not in FORMATS:
        raise click.BadParameter(f"„{bild.name}“: Bilder gibt es als .png und .svg.", param_hint="--bild")
    with open_archive(call) as services, call.output.working("Die Fristen aller Akten werden gerechnet"):
        found = forecast_of(services, call.actor, years=jahre, aktenarten=aktenart or None)
        katalog = f"{services.katalog.name} {services.katalog.version}"
    if bild is not None:
        draw(found, katalog, bild)
    rows = [(column, [found.count(column, group) for group in found.groups]) for column in found.columns]
    header = ("frei", *found.groups, "zusammen")
    if csv_file is not None:
        write_csv(csv_file, header, ((COLUMNS_DE.get(c, c), *own, sum(own)) for c, own in rows))
    value = {
        "as_of": found.as_of,
        "katalog": katalog,
        "total": found.total,
        "rows": [
            {"column": column, "total": sum(numbers), "aktenarten": dict(zip(found.groups, numbers, strict=True))}
            for column, numbers in rows
        ],
        "image": str(bild) if bild else None,
        "csv": str(csv_file) if csv_file else None,
    }

    def show(console: Console) -> None:
        table = Table("", box=None)
        for name in header[1:]:
            table.add_column(name, justify="right")
        for column, numbers in rows:
            if column != UNKNOWN or found.count(column):
                cells = [str(number) if number else "·" for number in numbers]
                table.add_row(COLUMNS_DE.get(column, column), *cells, str(found.count(column)))
        console.print(table)
        console.print(f"{plural(found.total, 'Akte', 'Akten')}, Stand {german(found.as_of)}, {katalog}", style="dim")
        for file in (bild, csv_file):
            if file is not None:
                console.print(f"Geschrieben: {file}")

    call.output.result(value, show)
    return 8 if found.count(UNKNOWN) else 0
