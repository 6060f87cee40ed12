"""A list of events as an office sends it (CSV): every row judged, and all of them written down or none.

What the file is, is found out and told: character set, separator, order of columns. Nothing is guessed about what
matters: an ambiguous Aktenzeichen, an unknown event or a day that is none makes the row wrong.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from uuid import UUID

from akten.errors import Rejected
from akten.findings import Finding, Severity
from akten.model import clean_text, shows_nothing
from catalog.actor import Actor
from catalog.fold import fold
from catalog.told import EventReport, ReportedEvent, corrected_by
from catalog.values import AkteRow
from flows.telling import another_day, day_of, error, event_named, is_planned
from flows.wiring import Services

MAX_BYTES = 50_000_000
MAX_ROWS = 100_000
SEPARATORS = (";", ",", "\t")
_UNREAD = "Nicht gelesen wird, was unter {} steht; es kommt nicht ins Register."
_MOST_NAMED = 10
_SEPARATOR_TOLD = re.compile(r'"?sep=', re.IGNORECASE)  # Excel's own first line; we find out for ourselves
# Headings as offices write them, folded, and what they mean.
COLUMNS = {
    "aktenzeichen": "aktenzeichen", "az": "aktenzeichen", "zeichen": "aktenzeichen", "akte": "aktenzeichen",
    "ereignis": "ereignis", "event": "ereignis", "anlass": "ereignis",
    "datum": "datum", "tag": "datum", "am": "datum", "ereignisdatum": "datum",
    "beleg": "beleg", "nachweis": "beleg", "quelle": "beleg",
    "band": "band",
    "aktenart": "aktenart",
    "bemerkung": "bemerkung", "notiz": "bemerkung",
}  # fmt: skip
NEEDED = ("aktenzeichen", "ereignis", "datum", "beleg")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One row of a list, judged: `line` as an editor counts it; `akte` and the rest only where they are certain."""

    line: int
    aktenzeichen: str
    ereignis: str
    datum: str
    beleg: str
    findings: tuple[Finding, ...] = ()
    akte: AkteRow | None = None
    day: date | None = None
    note: str = ""

    def report(self, akte: AkteRow) -> EventReport:
        """The row as it is written down."""
        return EventReport(akte.uuid, self.ereignis, self.day, self.beleg, note=self.note)

    @property
    def verdict(self) -> str:
        """rejected · known (it stands in the register already) · ok."""
        if any(finding.severity is Severity.ERROR for finding in self.findings):
            return "rejected"
        return "known" if any(finding.code in ("EV-09", "EV-12") for finding in self.findings) else "ok"


@dataclass(frozen=True, slots=True)
class EventList:
    """A whole list, judged, and how many of its rows were written down."""

    rows: tuple[EventRow, ...]
    findings: tuple[Finding, ...]
    written: int = 0

    @property
    def good(self) -> bool:
        """True when nothing is wrong with any row."""
        return all(row.verdict != "rejected" for row in self.rows)


def import_events(services: Services, path: Path, by: Actor, *, dry: bool) -> EventList:
    """Judges a list, and writes all its rows down in one transaction unless `dry` or one of them is wrong.

    Raises Rejected (EV-01) for a file that cannot be read as a list.
    """
    judged = judge(services, path)
    if dry or not judged.good:
        return judged
    reports = [row.report(row.akte) for row in judged.rows if row.verdict == "ok" and row.akte is not None]
    if reports:
        services.catalog.report_events(reports, by=by, now=services.now())
    return replace(judged, written=len(reports))


def judge(services: Services, path: Path) -> EventList:
    """Every row of a list with what is wrong with it; nothing is written down. Raises Rejected (EV-01)."""
    text, findings = _text(path)
    unread: list[str] = []
    # Asked once per name: what is near to an unknown one costs milliseconds, and of 100,000 rows that is minutes.
    named = cache(partial(event_named, katalog=services.katalog))
    rows = [_judge_row(services, named, line, cells) for line, cells in _rows(text, unread)]
    if unread:
        names = ", ".join(f"„{name:.40}“" for name in unread[:_MOST_NAMED]) + (" …" if unread[_MOST_NAMED:] else "")
        findings = (*findings, Finding("EV-16", Severity.WARNING, "Kopfzeile", _UNREAD.format(names)))
    if not rows:
        raise Rejected((error("EV-01", "Die Liste hat keine Zeilen außer der Kopfzeile.", path.name),))
    return EventList(tuple(_beside_each_other(services, rows)), findings)


# --- reading ---------------------------------------------------------------------------------------------------------


def _text(path: Path) -> tuple[str, tuple[Finding, ...]]:
    with path.open("rb") as file:  # of a device or a pipe only reading tells how much comes
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Rejected((error("EV-01", f"Die Liste ist größer als {MAX_BYTES // 1_000_000} MB.", path.name),))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        charset, note = "utf-16", "UTF-16"
    else:
        charset, note = "utf-8-sig", ""
    try:
        text = data.decode(charset)
    except UnicodeDecodeError:
        charset, note = "cp1252", "Windows-1252 (Latin-1)"
        try:
            text = data.decode(charset)
        except UnicodeDecodeError as wrong:
            text = "Die Liste ist weder UTF-8 noch Windows-1252; bitte als „CSV UTF-8“ speichern."
            raise Rejected((error("EV-01", text, path.name),)) from wrong
    if any(ord(c) < 0x20 and c not in "\t\r\n" for c in text):
        raise Rejected((error("EV-01", "Das ist keine Textdatei; bitte die Tabelle als CSV speichern.", path.name),))
    if not note:
        return text, ()
    return text, (
        Finding("EV-14", Severity.INFO, path.name, f"Gelesen als {note}; bitte Umlaute in der Probe prüfen."),
    )


def _rows(text: str, unread: list[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line number and cells by meaning of every row that is not empty; headings of no meaning go into `unread`."""
    lines = (line for line in io.StringIO(text, newline=None) if line.strip())
    head = next((line for line in lines if not _SEPARATOR_TOLD.match(line)), "")
    if len(head) > csv.field_size_limit():
        raise Rejected((error("EV-01", "Die erste Zeile ist keine Kopfzeile: sie ist viel zu lang."),))
    separator = max(SEPARATORS, key=lambda each: len(_meanings(next(csv.reader([head], delimiter=each), []))))
    # Strict: a quotation mark that nobody closes would else take all rows behind it into one cell, without a word.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = ended = 0
    try:
        names: Sequence[str | None] | None = None
        for cells in reader:
            line, ended = ended + 1, reader.line_num  # a cell may go over several lines
            if not any(cell.strip() for cell in cells):
                continue
            if names is None and _SEPARATOR_TOLD.match(cells[0]):
                continue
            if names is None:
                names = _headings(cells)
                unread += [cell.strip() for cell, name in zip(cells, names, strict=True) if not name and cell.strip()]
                continue
            if reader.line_num > MAX_ROWS:
                raise Rejected((error("EV-01", f"Mehr als {MAX_ROWS} Zeilen; bitte die Liste teilen."),))
            found = {name: clean_text(cell) for name, cell in zip(names, cells, strict=False) if name}
            surplus = [cell for cell in cells[len(names) :] if cell.strip()]
            yield line, {**found, "": " ".join(surplus)}
    except csv.Error as wrong:
        text = f"Ab Zeile {ended + 1} ist die Liste kein CSV; meist ist ein Anführungszeichen nicht geschlossen."
        raise Rejected((error("EV-01", text),)) from wrong


def _meanings(cells: Sequence[str]) -> list[str]:
    return [COLUMNS[name] for cell in cells if (name := fold(cell.strip().rstrip(":"))) in COLUMNS]


def _headings(cells: Sequence[str]) -> list[str | None]:
    names = [COLUMNS.get(fold(cell.strip().rstrip(":"))) for cell in cells]
    missing = [name for name in NEEDED if name not in names]
    twice = [name for name in set(names) if name and names.count(name) > 1]
    if missing:
        text = f"In der Kopfzeile fehlt: {', '.join(missing)}. Gebraucht werden {', '.join(NEEDED)}."
        raise Rejected((error("EV-01", text, "Kopfzeile"),))
    if twice:
        raise Rejected((error("EV-01", f"Die Kopfzeile nennt zweimal: {', '.join(sorted(twice))}.", "Kopfzeile"),))
    return names


# --- judging ---------------------------------------------------------------------------------------------------------


def _judge_row(
    services: Services, named: Callable[[str], str | Finding], line: int, cells: Mapping[str, str]
) -> EventRow:
    findings: list[Finding] = []
    akte = _akte(services, cells, findings)
    ereignis = named(cells.get("ereignis", ""))
    name = cells.get("ereignis", "")
    if isinstance(ereignis, Finding):
        findings.append(ereignis)
    else:
        name = ereignis
    now = services.today()
    day = day_of(cells.get("datum", ""), now, name)
    if isinstance(day, Finding):
        findings.append(day)
    elif day > now and is_planned(name):
        text = f"Der {day:%d.%m.%Y} liegt in der Zukunft; er gilt als geplantes Ende."
        findings.append(Finding("EV-04", Severity.WARNING, "", text))
    if shows_nothing(cells.get("beleg", "")):
        findings.append(error("EV-08", "Die Zeile nennt keinen Beleg."))
    if cells[""]:
        findings.append(error("EV-01", "Die Zeile hat mehr Spalten als die Kopfzeile."))
    return EventRow(
        line=line,
        aktenzeichen=cells.get("aktenzeichen", ""),
        ereignis=name,
        datum=cells.get("datum", ""),
        beleg=cells.get("beleg", ""),
        findings=tuple(replace(finding, where=f"Zeile {line}") for finding in findings),
        akte=akte,
        day=None if isinstance(day, Finding) else day,
        note=cells.get("bemerkung", ""),
    )


def _akte(services: Services, cells: Mapping[str, str], findings: list[Finding]) -> AkteRow | None:
    text = cells.get("aktenzeichen", "")
    rows = services.catalog.akte_by_aktenzeichen(text, services.intake.muster) if text else ()
    if family := cells.get("aktenart"):
        rows = tuple(row for row in rows if fold(row.aktenart) == fold(family))
    if band := cells.get("band"):
        rows = tuple(row for row in rows if str(row.band) == band.lstrip("0"))
    if len(rows) == 1:
        return rows[0]
    if rows:
        names = ", ".join(f"{row.aktenart} {row.aktenzeichen} Band {row.band}" for row in rows)
        text = f"„{text}“ ist mehrdeutig: {names}. Bitte Spalte Band oder Aktenart ergänzen."
        findings.append(error("EV-07", text))
    else:
        former = services.catalog.akten_formerly(text, services.intake.muster) if text else ()
        names = " oder ".join(f"{row.aktenart} {row.aktenzeichen} Band {row.band}" for row in former)
        hint = f" Dieses Aktenzeichen wurde berichtigt, heute: {names}. Ist die gemeint, bitte so angeben."
        findings.append(error("EV-06", f"Zu „{text}“ gibt es keine Akte.{hint if former else ''}"))
    return None


def _beside_each_other(services: Services, rows: Sequence[EventRow]) -> Iterator[EventRow]:
    """The rows with what only shows beside the others and beside the register."""
    first: dict[tuple[object, ...], EventRow] = {}
    days: dict[tuple[object, ...], EventRow] = {}
    known: dict[UUID, Sequence[ReportedEvent]] = {}
    named = list(dict.fromkeys(row.akte.uuid for row in rows if row.verdict != "rejected" and row.akte is not None))
    counting = {each.akte: each.events for each in services.catalog.some_keeping(named)}
    for row in rows:
        if row.verdict == "rejected" or row.akte is None:
            yield row
            continue
        uuid, found = row.akte.uuid, list(row.findings)
        same = first.setdefault((uuid, row.ereignis, row.day, row.beleg), row)
        other = days.setdefault((uuid, row.ereignis), row)
        if same is not row:
            found.append(_beside("EV-09", row, f"Steht schon in Zeile {same.line}; sie zählt einmal."))
        elif (text := _known(row, _reports(services, uuid, known))) is not None:
            found.append(_beside("EV-12", row, text))
        elif text := another_day(counting.get(uuid, ()), row.ereignis, row.day):
            found.append(_beside("EV-10", row, text))
        if other.day != row.day:
            found.append(_beside("EV-10", row, f"Zeile {other.line} nennt für dasselbe Ereignis einen anderen Tag."))
        yield replace(row, findings=tuple(found))


def _reports(services: Services, akte: UUID, known: dict[UUID, Sequence[ReportedEvent]]) -> Sequence[ReportedEvent]:
    if akte not in known:
        known[akte] = services.catalog.reported_events(akte)
    return known[akte]


def _known(row: EventRow, reports: Sequence[ReportedEvent]) -> str | None:
    """What the register knows of a row already; one that was corrected since stays corrected."""
    same = [e for e in reports if (e.ereignis, e.datum, e.evidence) == (row.ereignis, row.day, row.beleg)]
    if any(event.superseded_by is None for event in same):
        return "Steht schon so im Register."
    if row.akte is None or (newer := corrected_by(reports, row.report(row.akte))) is None:
        return None
    return f"Stand schon so im Register und ist berichtigt: Es gilt Meldung Nr. {newer}, und dabei bleibt es."


def _beside(code: str, row: EventRow, text: str) -> Finding:
    return Finding(code, Severity.WARNING, f"Zeile {row.line}", text)
