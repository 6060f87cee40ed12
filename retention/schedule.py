"""Reads a Fristenkatalog and holds it to its rules: every fault with file, line and a German sentence (RT-nn).

An office brings its own catalogue in this format; the shipped one is `katalog/neuss.yaml`.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from akten.errors import Rejected
from akten.findings import Severity
from akten.model import Aktenart
from retention.catalogue import AccessTerm, ArchiveLaw, Fristenkatalog, HoldMode, HoldRule, Source
from retention.form import Form
from retention.periods import Period, StartRule
from retention.schedule_classes import read_classes
from retention.yamlfile import YamlFile, read_bytes, read_file

_TOP = (
    "schema_version", "name", "version", "catalogue_date", "valid_from", "jurisdiction", "time_zone",
    "aktenplan_confirmed", "confirmed_by", "date_rules", "holds", "archive", "privacy_categories",
    "protection_need_values", "protection_need_source", "class_field_defaults", "default_classes", "events", "classes",
    "sources", "note",
)  # fmt: skip
_RULES_TEXT = ("text", "source", "verified", "also")
# What the known holds do, for catalogues that say it in words only. A hold that is not known here blocks.
_MODES = {
    "litigation": HoldMode.BLOCKS,
    "ablaufhemmung_ao147": HoldMode.EXTENDS,
    "festsetzungsfrist": HoldMode.EXTENDS,
    "zahlungsverjaehrung": HoldMode.EXTENDS,
    "unterbrechung": HoldMode.RESTARTS,
    "other_disciplinary_measure": HoldMode.EXTENDS,
    "proceedings_final": HoldMode.FINAL,
    "restriction_art18": HoldMode.BLOCKS,
    "erasure_request_art17": HoldMode.NOTE,
    "archive_offer": HoldMode.ARCHIVE,
}
BUILTIN = "neuss.yaml"
_ACCESS = ("general", "personal_death_known", "personal_birth_known", "personal_neither_known", "secrecy")


def load_schedule(path: Path) -> Fristenkatalog:
    """The catalogue in a file. Raises Rejected with every fault that was found, each with its line."""
    return _read(read_file(path))


def read_schedule(data: bytes, name: str = "katalog.yaml") -> Fristenkatalog:
    """The catalogue in YAML bytes. Raises Rejected with every fault that was found."""
    return _read(read_bytes(data, name))


def builtin_bytes() -> bytes:
    """The YAML of the catalogue that comes with the project."""
    return (resources.files("retention") / "katalog" / BUILTIN).read_bytes()


def _read(file: YamlFile) -> Fristenkatalog:
    top = Form(file, (), file.value, _TOP)
    if top.value.get("schema_version") != 1:
        top.wrong("RT-05" if top.has("schema_version") else "RT-04", "schema_version", "schema_version muss 1 sein.")
    zone = top.text("time_zone") or "Europe/Berlin"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        top.wrong("RT-05", "time_zone", f"„{zone}“ ist keine bekannte Zeitzone.")
    _check_date_rules(top.form("date_rules", None))
    sources = _sources(top)
    holds = _holds(top, sources)
    archive = _archive(top.form("archive", None), sources)
    categories = frozenset(top.form("privacy_categories", None).value)
    needs = frozenset(top.texts("protection_need_values"))
    classes = read_classes(top, frozenset(sources), frozenset(holds), categories, needs)
    defaults = _defaults(top, frozenset(classes))
    titles = {key: str(value) for key, value in top.form("events", None).value.items()}
    # All of the file is read before it is judged: a first day that is none would let the catalogue be in force at once.
    name, version = top.text("name"), top.text("version") or top.text("catalogue_date")
    valid_from, confirmed_by = top.day("valid_from"), top.text("confirmed_by")
    if file.errors() or archive is None:
        raise Rejected(file.findings)
    return Fristenkatalog(
        name=name or file.name,
        version=version or "ohne",
        digest=file.digest,
        time_zone=zone,
        classes=classes,
        holds=holds,
        archive=archive,
        sources=sources,
        defaults=defaults,
        event_titles=titles,
        valid_from=valid_from,
        confirmed_by=confirmed_by,
        findings=file.findings,
    )


def _check_date_rules(form: Form) -> None:
    """The rules themselves are in `periods.py`; a catalogue that names another one cannot be computed."""
    for key in form.form("start_rules", None).value:
        if key not in set(StartRule):
            form.wrong("RT-05", "start_rules", f"Der Fristbeginn „{key}“ ist nicht bekannt.")


def _sources(top: Form) -> dict[str, Source]:
    sources = {}
    listing = top.form("sources", None)
    for key in listing.value:
        entry = listing.form(key, ("title", "where", "state", "note"))
        sources[key] = Source(key, entry.text("title", needed=True), entry.text("state"))
    if not sources:
        top.wrong("RT-04", "", "Das Verzeichnis der Quellen (sources) fehlt.")
    return sources


def _holds(top: Form, sources: dict[str, Source]) -> dict[str, HoldRule]:
    holds: dict[str, HoldRule] = {}
    for form in top.forms("holds", ("key", "title_de", "effect", "mode", "who", "source", "verified", "note")):
        key = form.text("key", needed=True)
        if key in holds:
            form.wrong("RT-10", "key", f"Die Sperre „{key}“ steht doppelt.")
        default = _MODES.get(key, HoldMode.BLOCKS)
        mode = HoldMode(form.choice("mode", list(HoldMode), default=default))
        if form.text("source", needed=True) not in sources:
            form.wrong("RT-11", "source", f"Die Quelle „{form.text('source')}“ steht nicht im Verzeichnis.")
        holds[key] = HoldRule(key, form.text("title_de", needed=True), form.text("effect"), mode)
    return holds


def _archive(form: Form, sources: dict[str, Source]) -> ArchiveLaw | None:
    """Offering, appraisal and access terms; None after findings."""
    if not form.value:
        form.wrong("RT-04", "", "Der Abschnitt „archive“ (Anbietung, Schutzfristen) fehlt.")
        return None
    found: dict[str, tuple[Period, StartRule]] = {}
    for key in ("offer_latest", "appraisal_deadline"):
        part = form.form(key, ("period", "from", "start_rule", "on_silence", *_RULES_TEXT))
        rule = part.choice("start_rule", list(StartRule))
        period = part.period("period")
        if period is None:
            part.wrong("RT-04", "", f"„{key}“ hat keine Frist.")
        elif rule:
            found[key] = (period, StartRule(rule))
        if part.text("on_silence") not in ("", "keep"):
            part.wrong("RT-05", "on_silence", "Schweigt das Archiv, wird aufbewahrt (keep); anderes ist nicht erlaubt.")
    access = form.form("access", ("start_rule", *_ACCESS, "shorten", "extend"))
    start = access.choice("start_rule", list(StartRule), default=StartRule.END_OF_CALENDAR_YEAR)
    terms = {}
    for key in _ACCESS:
        part = access.form(key, ("period", "from", "several_persons", "applies_to", *_RULES_TEXT))
        period = part.period("period")
        source = part.text("source", needed=True)
        if source and source not in sources:
            part.wrong("RT-11", "source", f"Die Quelle „{source}“ steht nicht im Verzeichnis.")
        if period is None:
            part.wrong("RT-04", "", f"Die Schutzfrist „{key}“ hat keine Frist.")
        else:
            terms[key] = AccessTerm(period, source)
    if len(found) < 2 or len(terms) < len(_ACCESS):
        return None
    (offer, offer_start), (appraisal, appraisal_start) = found["offer_latest"], found["appraisal_deadline"]
    return ArchiveLaw(
        offer,
        offer_start,
        appraisal,
        appraisal_start,
        general=terms["general"],
        death_known=terms["personal_death_known"],
        birth_known=terms["personal_birth_known"],
        neither_known=terms["personal_neither_known"],
        secrecy=terms["secrecy"],
        access_start=StartRule(start),
    )


def _defaults(top: Form, classes: frozenset[str]) -> dict[str, str]:
    form = top.form("default_classes", list(Aktenart))
    result = {}
    for aktenart in form.value:
        key = form.text(aktenart, needed=True)
        if key and key not in classes:
            form.wrong("RT-14", aktenart, f"Die Klasse „{key}“ gibt es im Katalog nicht.")
        result[aktenart] = key
    if result and (missing := sorted(set(Aktenart) - set(result))):
        text = f"Ohne Vorgabe bleiben: {', '.join(missing)}."
        top.file.add("RT-14", ("default_classes",), text, Severity.WARNING)
    return result
