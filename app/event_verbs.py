"""`archiv ereignis`: what happened to an Akte, what the archive answered, and where that is proven; also as a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from akten.errors import Unknown
from akten.findings import Finding, Severity
from akten.plural import plural
from app.command import Call, Words, verb
from app.one_akte import akte_in_call, akte_name, one_akte
from app.opening import open_archive
from app.show import Listing, findings_table, moment
from catalog.keeping import KeepingRow
from catalog.query import parse_day
from catalog.told import ArchiveReport, KnownArchive, ReportedEvent, ReportedFact
from flows.eventfile import EventList, EventRow, import_events
from flows.keeping import viewer_of
from flows.receipt import finding_json
from flows.telling import ANSWERS, Told, another_day, tell_archive, tell_classes, tell_event, tell_fact

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
# In the order in which a long list shows its rows: of one that is sent once more nearly all are known.
ROW_WORDS = {"rejected": ("falsch", "red"), "ok": ("gut", "green"), "known": ("steht schon da", "cyan")}
SHOWN = 100  # rows of a list on the screen; of longer lists only those of which something is told
VALUES = {"ja": True, "nein": False, "unbekannt": None}


def reported_json(event: ReportedEvent) -> dict[str, Any]:
    """One report of an event."""
    return {
        "number": event.number,
        "ereignis": event.ereignis,
        "datum": event.datum.isoformat() if event.datum else None,
        "happened": event.datum is not None,
        "beleg": event.evidence,
        "bemerkung": event.note,
        "supersedes": event.supersedes,
        "instead_of": event.instead_of.isoformat() if event.instead_of else None,
        "superseded_by": event.superseded_by,
        "by": event.by.label,
        "at": event.at.isoformat(),
    }


def _fact_json(fact: ReportedFact) -> dict[str, Any]:
    return {
        "number": fact.number,
        "merkmal": fact.merkmal,
        "value": fact.value,
        "beleg": fact.evidence,
        "bemerkung": fact.note,
        "by": fact.by.label,
        "at": fact.at.isoformat(),
    }


def _day(value: date | None) -> str:
    return f"{value:%d.%m.}{value.year}" if value else "nicht geschehen"


@click.group(cls=Words)
def ereignis() -> None:
    """Ereignisse, Merkmale und Antworten des Archivs zu einer Akte, mit Beleg: aus ihnen rechnen sich die Fristen."""


@ereignis.command("melde")
@click.argument("aktenzeichen")
@click.argument("name", metavar="EREIGNIS")
@click.argument("datum", required=False, metavar="[DATUM]")
@click.option("--beleg", required=True, help="Woraus es hervorgeht, z. B. „Abbruchanzeige vom 3.2.2020“.")
@click.option("--ersetzt", metavar="NR|DATUM", help="Berichtigt diese Meldung, oder diesen Tag eines Laufzettels.")
@click.option("--nicht-geschehen", "undone", is_flag=True, help="Die berichtigte Meldung stimmt nicht.")
@click.option("--bemerkung", default="", help="Freier Text; steht nicht in der Kette.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def event_report(
    call: Call,
    aktenzeichen: str,
    name: str,
    datum: str | None,
    *,
    beleg: str,
    ersetzt: str | None,
    undone: bool,
    bemerkung: str,
    band: int | None,
) -> None:
    """Meldet ein Ereignis mit Tag und Beleg; dieselbe Meldung noch einmal ändert nichts.

    EREIGNIS ist ein Name des Fristenkatalogs (structure_demolished) oder sein deutscher Titel.
    Beispiel: archiv ereignis melde 63-1234-19 structure_demolished 03.02.2020 --beleg "Abbruchanzeige"
    """
    if undone and datum is not None:
        raise click.UsageError("Entweder ein Datum oder --nicht-geschehen.")
    if not undone and datum is None:
        raise click.UsageError("Bitte den Tag des Ereignisses nennen (TT.MM.JJJJ).")
    if undone and ersetzt is None:
        raise click.UsageError("--nicht-geschehen braucht --ersetzt: welche Meldung stimmt nicht?")
    supersedes = _superseded(ersetzt)
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band)
        told = Told(name, datum or "", beleg, supersedes, bemerkung)
        event = tell_event(services, akte.uuid, told, call.actor)
        known = services.catalog.keeping(akte.uuid)
        beside = another_day(known.events if known else (), event.ereignis, event.datum)
        title = services.katalog.event_titles.get(event.ereignis, event.ereignis)
    findings = [finding_json(Finding("EV-10", Severity.WARNING, event.ereignis, beside))] if beside else []
    value = {
        "aktenzeichen": akte.aktenzeichen,
        "uuid": str(akte.uuid),
        **reported_json(event),
        "findings": findings,
    }

    def show(console: Console) -> None:
        console.print(f"Meldung Nr. {event.number} zu {akte_name(akte)}: {title}, {_day(event.datum)}.")
        if beside:
            console.print(beside, style="yellow", soft_wrap=True)
        console.print(f"Die Frist zeigt: {call.archiv} frist zeige {akte_in_call(akte)}", style="dim", soft_wrap=True)

    call.output.result(value, show)


def _superseded(text: str | None) -> int | date | None:
    if text is None:
        return None
    if text.strip().isdecimal() and len(text) < 16:  # no longer number fits in the database
        return int(text)
    day = parse_day(text)
    if day is None:
        raise click.BadParameter("eine Nummer oder ein Tag (TT.MM.JJJJ)", param_hint="--ersetzt")
    return day


@ereignis.command("tatsache")
@click.argument("aktenzeichen")
@click.argument("merkmal")
@click.argument("wert", type=click.Choice(list(VALUES)))
@click.option("--beleg", required=True, help="Woraus es hervorgeht.")
@click.option("--bemerkung", default="", help="Freier Text; steht nicht in der Kette.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def fact_report(
    call: Call, aktenzeichen: str, merkmal: str, wert: str, *, beleg: str, bemerkung: str, band: int | None
) -> None:
    """Vermerkt ein Merkmal des Fristenkatalogs (structure_exists …): ja, nein oder wieder unbekannt."""
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band)
        fact = tell_fact(services, akte.uuid, merkmal, VALUES[wert], beleg, bemerkung, call.actor)
    value = {"aktenzeichen": akte.aktenzeichen, "uuid": str(akte.uuid), **_fact_json(fact)}
    text = f"Merkmal {fact.merkmal} von {akte_name(akte)}: {wert}."
    call.output.result(value, lambda console: console.print(text))


@ereignis.command("klasse")
@click.argument("aktenzeichen")
@click.argument("klassen", nargs=-1, required=True)
@click.option("--grund", required=True, help="Warum diese Klasse.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def class_change(call: Call, aktenzeichen: str, klassen: tuple[str, ...], *, grund: str, band: int | None) -> None:
    """Ordnet eine Akte einer oder mehreren Fristklassen zu, mit Begründung."""
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band)
        given = tell_classes(services, akte.uuid, klassen, grund, call.actor)
    value = {
        "aktenzeichen": akte.aktenzeichen,
        "uuid": str(akte.uuid),
        "record_classes": list(given.record_classes),
        "grund": given.reason,
        "by": given.by.label,
        "at": given.at.isoformat(),
    }
    text = f"{akte_name(akte)}: {', '.join(given.record_classes)}."
    call.output.result(value, lambda console: console.print(text))


@ereignis.command("archivantwort")
@click.argument("aktenzeichen")
@click.argument("antwort", type=click.Choice(list(ANSWERS)))
@click.option("--angeboten", default="", metavar="TT.MM.JJJJ", help="Tag der Anbietung; ein bekannter bleibt.")
@click.option("--beleg", required=True, help="Woraus es hervorgeht, z. B. „Schreiben des Stadtarchivs vom 3.2.2026“.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def archive_answer(
    call: Call, aktenzeichen: str, antwort: str, *, angeboten: str, beleg: str, band: int | None
) -> None:
    """Vermerkt, dass eine Akte dem Stadtarchiv angeboten ist, und was es geantwortet hat.

    Die letzte Antwort gilt; eine neue Anbietung nimmt eine ältere Antwort zurück. verzicht heißt: Das Archiv hat
    schriftlich auf die Anbietung verzichtet.
    """
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band)
        known = tell_archive(services, akte.uuid, antwort, angeboten, beleg, call.actor)
    value = {"aktenzeichen": akte.aktenzeichen, "uuid": str(akte.uuid), **_archive_json(known)}

    def show(console: Console) -> None:
        console.print(f"{akte_name(akte)}: {_archive_text(known)}")
        way = f"{call.archiv} frist zeige {akte_in_call(akte)}"
        console.print(f"Was nun mit ihr geschehen darf: {way}", style="dim", soft_wrap=True)

    call.output.result(value, show)


def _archive_json(known: KnownArchive) -> dict[str, Any]:
    return {
        "angeboten": known.offered,
        "angeboten_am": known.offered_on.isoformat() if known.offered_on else None,
        "bewertung": known.decision or None,
        "verzicht": known.waived,
    }


def _answer_json(report: ArchiveReport) -> dict[str, Any]:
    return {
        "number": report.number,
        **_archive_json(report.answer),
        "beleg": report.answer.evidence,
        "by": report.by.label,
        "at": report.at.isoformat(),
    }


def _archive_text(known: KnownArchive) -> str:
    offered = f"am {_day(known.offered_on)} angeboten" if known.offered_on else ""
    if known.waived:
        said = "das Stadtarchiv verzichtet auf die Anbietung"
    else:
        words = {"archivwuerdig": "archivwürdig", "nicht_archivwuerdig": "nicht archivwürdig"}
        said = f"vom Stadtarchiv als {words[known.decision]} bewertet" if known.decision else "noch ohne Antwort"
    return ", ".join(part for part in (offered, said) if part) + "."


@ereignis.command("liste")
@click.argument("aktenzeichen")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@click.option("--alle", is_flag=True, help="Auch ersetzte Meldungen.")
@verb
def event_list(call: Call, aktenzeichen: str, *, band: int | None, alle: bool) -> None:
    """Zeigt, was zu einer Akte gilt und woher es kommt; das Ansehen steht im Protokoll."""
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band)
        row = services.catalog.keeping(akte.uuid, viewer=viewer_of(call.actor, services))
        if row is None:
            raise Unknown(f"Zu „{aktenzeichen}“ gibt es keine Akte.")
        reports = services.catalog.reported_events(akte.uuid)
        facts = services.catalog.reported_facts(akte.uuid)
        answers = services.catalog.archive_reports(akte.uuid)
        titles = services.katalog.event_titles
        services.catalog.read_access(akte.uuid, "ereignis liste", by=call.actor, now=services.now())
    value = {
        "aktenzeichen": akte.aktenzeichen,
        "uuid": str(akte.uuid),
        "record_classes": list(row.record_classes),
        "events": _current_json(row),
        "facts": dict(row.facts),
        "archiv": _archive_json(row.archive),
        "reports": [reported_json(e) for e in reports if alle or e.superseded_by is None],
        "fact_reports": [_fact_json(fact) for fact in facts],
        "archive_reports": [_answer_json(answer) for answer in (answers if alle else answers[-1:])],
    }

    def show(console: Console) -> None:
        console.print(Text.assemble((akte_name(akte), "bold"), f"  {akte.betreff}"))
        if not (row.events or row.facts or value["reports"]):
            console.print("Kein Ereignis und kein Merkmal bekannt.")
        table = Listing("Nr.", "Ereignis", "Tag", "Beleg", box=None, header_style="dim")
        for event in row.events:
            number = str(event.number) if event.number else "–"
            table.add_row(number, titles.get(event.ereignis, event.ereignis), _day(event.datum), event.evidence)
        if row.events:
            console.print(table)
        for name, fact in row.facts.items():
            console.print(f"  Merkmal {name}: {'ja' if fact else 'nein'}")
        if row.archive != KnownArchive():
            console.print(f"  Stadtarchiv: {_archive_text(row.archive)} Beleg: {row.archive.evidence}", markup=False)
        for taken_back in (report for report in reports if report.datum is None and report.superseded_by is None):
            title = titles.get(taken_back.ereignis, taken_back.ereignis)
            console.print(f"  Meldung {taken_back.number}: {title} ist nicht geschehen. Beleg: {taken_back.evidence}")
        if alle and (reports or facts or answers):
            console.print(_reports_table(reports, facts, answers, titles))

    call.output.result(value, show)


def _reports_table(
    reports: Sequence[ReportedEvent],
    facts: Sequence[ReportedFact],
    answers: Sequence[ArchiveReport],
    titles: Mapping[str, str],
) -> Table:
    """Every report as it was made, the replaced ones too: what was told, by which evidence, by whom and when."""
    heads = ("Meldung", "Ereignis, Merkmal oder Antwort", "Tag", "Beleg", "Wer", "Wann", "ersetzt durch")
    table = Listing(*heads, box=None, header_style="dim")
    for report in reports:
        day = _day(report.datum)
        if report.instead_of:
            day = f"{day} (statt {_day(report.instead_of)})"
        after = "" if report.superseded_by is None else str(report.superseded_by)
        title = titles.get(report.ereignis, report.ereignis)
        table.add_row(str(report.number), title, day, report.evidence, report.by.label, moment(report.at), after)
    for fact in facts:
        told = f"{fact.merkmal}: {next(word for word, value in VALUES.items() if value is fact.value)}"
        table.add_row("", told, "", fact.evidence, fact.by.label, moment(fact.at), "")
    for answer, newer in zip_longest(answers, answers[1:]):
        after = "" if newer is None else str(newer.number)
        said = f"Stadtarchiv {answer.number}: {_archive_text(answer.answer)}"
        table.add_row("", said, "", answer.answer.evidence, answer.by.label, moment(answer.at), after)
    return table


def _current_json(row: KeepingRow) -> list[dict[str, Any]]:
    return [
        {"ereignis": e.ereignis, "datum": e.datum.isoformat(), "beleg": e.evidence, "number": e.number}
        for e in row.events
    ]


@ereignis.command("import")
@click.argument("datei", type=FILE)
@click.option("--probe", is_flag=True, help="Nur prüfen, nichts schreiben.")
@verb
def event_import(call: Call, datei: Path, *, probe: bool) -> int:
    """Liest eine Liste (CSV: aktenzeichen, ereignis, datum, beleg; auch band, aktenart, bemerkung).

    Jede Zeile wird beurteilt. Geschrieben wird nur, wenn alle gut sind, und dann in einem Zug.
    """
    with open_archive(call) as services:
        found, titles = import_events(services, datei, call.actor, dry=probe), services.katalog.event_titles
    value = {
        "file": str(datei),
        "verdict": "ok" if found.good else "rejected",
        "dry_run": probe,
        "written": found.written,
        "findings": [finding_json(f) for f in found.findings],
        "rows": [_row_json(row) for row in found.rows],
    }
    call.output.result(value, lambda console: _show_list(console, found, titles, probe=probe))
    return 0 if found.good else 3


def _row_json(row: EventRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "aktenzeichen": row.akte.aktenzeichen if row.akte else row.aktenzeichen,
        "uuid": str(row.akte.uuid) if row.akte else None,
        "ereignis": row.ereignis,
        "datum": row.day.isoformat() if row.day else row.datum,
        "beleg": row.beleg,
        "verdict": row.verdict,
        "findings": [finding_json(f) for f in row.findings],
    }


def _show_list(console: Console, found: EventList, titles: Mapping[str, str], *, probe: bool) -> None:
    table = Listing("Zeile", "Akte", "Ereignis", "Tag", "Urteil", box=None, header_style="dim")
    shown: Sequence[EventRow] = found.rows
    if len(shown) > SHOWN:
        shown = sorted((row for row in shown if row.findings), key=lambda row: [*ROW_WORDS].index(row.verdict))[:SHOWN]
    for row in shown:
        text, style = ROW_WORDS[row.verdict]
        name = row.aktenzeichen
        if row.akte:
            name = row.akte.aktenzeichen + (f" Band {row.akte.band}" if row.akte.band > 1 else "")
        day = _day(row.day) if row.day else row.datum
        table.add_row(str(row.line), name, titles.get(row.ereignis, row.ereignis), day, Text(text, style))
    if shown:
        console.print(table)
    if len(shown) < len(found.rows):
        console.print(f"{len(found.rows)} Zeilen; alle zeigt --json.", style="dim")
    findings = [*found.findings, *(finding for row in shown for finding in row.findings)]
    if findings:
        console.print(findings_table([finding_json(f) for f in findings]))
    wrong = sum(row.verdict == "rejected" for row in found.rows)
    if wrong:
        console.print(f"{plural(wrong, 'Zeile ist', 'Zeilen sind')} falsch; nichts wurde geschrieben.", style="red")
    elif probe:
        good = sum(row.verdict == "ok" for row in found.rows)
        console.print(f"Probe: {plural(good, 'Zeile würde', 'Zeilen würden')} geschrieben. Ohne --probe wird es getan.")
    else:
        console.print(f"{plural(found.written, 'Ereignis', 'Ereignisse')} geschrieben.", style="green")
