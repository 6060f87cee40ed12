"""Case files: reads questions in the form of the worked examples and answers them under the names of `expected`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from akten.errors import Rejected
from akten.findings import Finding, Severity
from retention.access import Betroffen, Schutzfrist, closure
from retention.case import ArchiveAnswer, Case, Decision, Hold
from retention.catalogue import Fristenkatalog
from retention.deadline import Deadline, compute
from retention.form import Form
from retention.names import Names
from retention.periods import local_day
from retention.yamlfile import Place, YamlFile, read_bytes, read_file

_TOP = ("schema_version", "verified", "source", "cases", "note", "name", "title", "description", "confirmed_by")
_CASE = (
    "id", "title", "class", "classes", "facts", "events", "holds", "archive", "access", "as_of", "expected", "why",
    "verified", "note", "source", "description", "comment",
)  # fmt: skip
_EVENT = ("event", "date", "evidence", "note", "person", "source")
_HOLD = ("hold", "from", "until", "date", "unfounded", "reason", "reference", "note")
_ARCHIVE = ("offered", "decision", "waived", "note", "date")
_ACCESS = ("created", "persons", "secrecy", "note")
_PERSON = ("died", "born", "note")


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """When does this archived record open?"""

    created: date
    persons: tuple[Betroffen, ...]
    secrecy: bool
    as_of: date


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """One entry of a case file; `question` is None when its findings have errors."""

    id: str
    question: Case | AccessQuestion | None
    expected: dict[str, Any]
    findings: tuple[Finding, ...] = ()  # of the first entry: also those about the file as a whole


def load_cases(path: Path, katalog: Fristenkatalog, as_of: date | None = None) -> tuple[CaseEntry, ...]:
    """The cases of a file; `as_of` is the day for cases that name none. Raises Rejected (RT-01) for no case file."""
    return _entries(read_file(path), katalog, as_of)


def read_cases(
    data: bytes, katalog: Fristenkatalog, as_of: date | None = None, name: str = "cases.yaml"
) -> tuple[CaseEntry, ...]:
    """The cases of YAML bytes, as `load_cases`."""
    return _entries(read_bytes(data, name), katalog, as_of)


def answer(entry: CaseEntry, katalog: Fristenkatalog) -> dict[str, Any]:
    """One entry computed, ready for JSON: `{id, computed, findings}`; a faulty case has `computed` null.

    With `expected` it also says in `mismatches` what came out otherwise, by name.
    """
    computed: dict[str, Any] | None = None
    findings = entry.findings
    match entry.question:
        case Case() as question:
            deadline = compute(question, katalog)
            computed, findings = deadline_json(deadline), findings + deadline.findings
        case AccessQuestion() as question:
            law = katalog.archive
            found = closure(question.created, question.persons, law, secrecy=question.secrecy)
            computed = access_json(found, question.as_of)
    listed = [
        {"code": f.code, "severity": f.severity.value, "where": f.where, "text": f.text}
        for f in dict.fromkeys(findings)
    ]
    result: dict[str, Any] = {"id": entry.id, "computed": computed, "findings": listed}
    if entry.expected:
        wrong = mismatches(entry, computed)
        result["mismatches"] = {name: {"expected": old, "computed": new} for name, (old, new) in wrong.items()}
    return result


def answer_all(entries: tuple[CaseEntry, ...], katalog: Fristenkatalog) -> list[dict[str, Any]]:
    """All entries computed, in their order."""
    return [answer(entry, katalog) for entry in entries]


def deadline_json(deadline: Deadline) -> dict[str, Any]:
    """A deadline under the names of case files; days as ISO 8601 text, null where there is none."""
    outcome = deadline.outcome
    return {
        "retention_ends": _iso(deadline.retention_ends),
        "disposal_from": _iso(deadline.disposal_from),
        "state": deadline.state.value,
        "offer_by": _iso(deadline.offer_by),
        "offer_due": deadline.offer_due,
        "appraisal_due": _iso(outcome.appraisal_due),
        "delete_by": _iso(outcome.delete_by),
        "access": deadline.access,
        "conflicts": list(deadline.conflicts),
        "may_destroy": deadline.may_destroy,
        "reasons": list(deadline.reasons),
        "held_by": sorted({hold.key for hold in outcome.blocking}),
        "missing_events": list(deadline.missing_events),
        "derivation": list(deadline.derivation),
        "katalog": deadline.katalog,
    }


def access_json(found: Schutzfrist, as_of: date) -> dict[str, Any]:
    """A closure period under the names of case files."""
    return {
        "closed_until": _iso(found.closed_until),
        "open_from": _iso(found.open_from),
        "open": found.is_open(as_of),
        "derivation": list(found.derivation),
    }


def mismatches(entry: CaseEntry, computed: dict[str, Any] | None) -> dict[str, tuple[Any, Any]]:
    """Where an answer differs from `expected`: name → (expected, computed).

    Of a list it may be expected that there is something in it (true, false) or how much (a number).
    """
    wrong = {}
    for name, value in entry.expected.items():
        wanted = _iso(value) if isinstance(value, date) else value
        got = (computed or {}).get(name, "missing")
        compared = got
        if isinstance(got, list) and isinstance(wanted, bool):
            compared = bool(got)
        elif isinstance(got, list) and isinstance(wanted, int):
            compared = len(got)
        if wanted != compared:
            wrong[name] = (wanted, got)
    return wrong


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# -- reading -----------------------------------------------------------------------------------------------------------


def _entries(file: YamlFile, katalog: Fristenkatalog, as_of: date | None) -> tuple[CaseEntry, ...]:
    if isinstance(file.value, list):  # a bare list of cases
        file.value = {"cases": file.value}
        file.lines = {("cases", *place): line for place, line in file.lines.items()}
        file.noted = {("cases", *place): found for place, found in _by_entry(file)}
    # A strange field at the top harms no case, so it is told and does not stop them.
    top = Form(file, (), file.value, _TOP, strange=Severity.WARNING)
    if not top.has("cases"):
        top.wrong("RT-04", "", "Die Datei hat keine Fälle (cases).")
    zone = ZoneInfo(katalog.time_zone)
    names = Names(katalog)
    seen: set[str] = set()
    entries: list[CaseEntry] = []
    for number, form in enumerate(top.forms("cases", _CASE)):
        identifier = form.text("id")
        if not identifier or identifier in seen:
            form.wrong("RT-50", "id", "Der Fall hat keine eigene Kennung (id).")
        seen.add(identifier)
        question = _question(form, katalog, zone, as_of, names)
        findings = file.take("cases", number)
        bad = any(finding.severity is Severity.ERROR for finding in findings)
        expected = form.value.get("expected")
        entries.append(
            CaseEntry(identifier, None if bad else question, expected if isinstance(expected, dict) else {}, findings)
        )
    if file.errors():  # what belongs to no case
        raise Rejected(file.findings)
    if entries and file.findings:
        entries[0] = replace(entries[0], findings=file.findings + entries[0].findings)
    return tuple(entries)


def _by_entry(file: YamlFile) -> list[tuple[Place, list[Finding]]]:
    """The findings of a bare list, joined per entry."""
    joined: dict[Place, list[Finding]] = {}
    for place, found in file.noted.items():
        joined.setdefault(place[:1], []).extend(found)
    return list(joined.items())


def _question(
    form: Form, katalog: Fristenkatalog, zone: ZoneInfo, default: date | None, names: Names
) -> Case | AccessQuestion | None:
    as_of = _day(form, "as_of", zone) or default
    if as_of is None:
        form.wrong("RT-04", "", "Der Tag der Frage (as_of) fehlt.")
        return None
    if form.has("access"):
        if form.has("class") or form.has("classes"):
            form.wrong("RT-50", "access", "Ein Fall fragt nach der Frist oder nach dem Zugang, nicht nach beidem.")
        return _access(form.form("access", _ACCESS), zone, as_of)
    keys = (*form.texts("classes"), *([form.text("class")] if form.has("class") else []))
    if not keys:
        form.wrong("RT-30", "", "Der Fall nennt keine Klasse.")
    for key in keys:
        if key not in katalog.classes:
            form.wrong("RT-30", "class" if form.has("class") else "classes", f"Die Klasse „{key}“ gibt es nicht.")
    events: dict[str, list[date]] = {}
    pending: set[str] = set()
    evidence: dict[tuple[str, date], str] = {}
    for part in form.forms("events", _EVENT):
        name, day = part.text("event", needed=True), _day(part, "date", zone)
        if "date" not in part.value:
            part.wrong("RT-04", "", "Das Ereignis hat keinen Tag (date); null heißt: noch nicht geschehen.")
        elif name and part.value["date"] is None:
            pending.add(name)
        if name and (told := names.event_fault(name)):
            part.file.add("RT-34", (*part.place, "event"), told, Severity.WARNING)
        if name and day is not None:
            events.setdefault(name, []).append(day)
            if part.has("evidence"):
                told_by = part.text("evidence")
                evidence[name, day] = min(told_by, evidence.get((name, day), told_by))
    facts = form.form("facts", None)
    known = {name: facts.truth(name) for name in facts.value if facts.has(name)}
    for name in known:
        if fault := names.fact_fault(name):
            facts.file.add("RT-38", (*facts.place, name), fault, Severity.WARNING)
    return Case(
        tuple(dict.fromkeys(keys)),
        {name: tuple(days) for name, days in events.items()},
        as_of,
        known,
        tuple(_holds(form, katalog, zone)),
        _archive(form.form("archive", _ARCHIVE), zone),
        evidence,
        frozenset(pending),
    )


def _day(form: Form, key: str, zone: ZoneInfo) -> date | None:
    found = form.value.get(key)
    if found is None:
        return None
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found) if "T" in found or " " in found else date.fromisoformat(found)
        except ValueError:
            found = 0
    if not isinstance(found, date):
        form.wrong("RT-32", key, f"„{key}“ ist kein Kalendertag (JJJJ-MM-TT).")
        return None
    try:
        return local_day(found, zone)
    except (ValueError, OverflowError):
        form.wrong("RT-32", key, f"„{key}“ ist ein Zeitpunkt ohne Zeitzone.")
        return None


def _year_or_day(form: Form, key: str, zone: ZoneInfo) -> date | None:
    """A day, or a mere year, which stands for its last day: the terms run from the end of the year."""
    found = form.value.get(key)
    if isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= date.max.year:
        return date(found, 12, 31)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) == 4 and found != "0000":
        return date(int(found), 12, 31)
    return _day(form, key, zone)


def _holds(form: Form, katalog: Fristenkatalog, zone: ZoneInfo) -> Iterator[Hold]:
    for part in form.forms("holds", _HOLD):
        key = part.text("hold", needed=True)
        start, end, on = (_day(part, name, zone) for name in ("from", "until", "date"))
        if key and key not in katalog.holds:
            part.file.add(
                "RT-31", part.place, f"Die Sperre „{key}“ gibt es im Katalog nicht; sie sperrt.", Severity.WARNING
            )
        if start is not None and end is not None and end < start:
            part.wrong("RT-33", "until", "Die Sperre endet vor ihrem Beginn.")
        elif key:
            yield Hold(key, start, end, on, part.truth("unfounded"))


def _archive(form: Form, zone: ZoneInfo) -> ArchiveAnswer:
    offered = form.value.get("offered")
    day = None if offered is None or isinstance(offered, bool) else _day(form, "offered", zone)
    decision = form.choice("decision", list(Decision), default=" ").strip() if form.has("decision") else ""
    return ArchiveAnswer(
        offered=offered is True or day is not None,
        offered_on=day,
        decision=Decision(decision) if decision else None,
        waived=form.truth("waived"),
    )


def _access(form: Form, zone: ZoneInfo, as_of: date) -> AccessQuestion | None:
    created = _year_or_day(form, "created", zone)
    if created is None:
        form.wrong("RT-04", "", "Das Jahr der Entstehung (created) fehlt.")
        return None
    persons = tuple(
        Betroffen(_year_or_day(part, "died", zone), _year_or_day(part, "born", zone))
        for part in form.forms("persons", _PERSON)
    )
    return AccessQuestion(created, persons, form.truth("secrecy"), as_of)
