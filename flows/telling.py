"""What people tell, held against the Fristenkatalog before it is written down: events, facts, classes, holds."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from akten.errors import Forbidden, Rejected, Unknown
from akten.findings import Finding, Severity
from akten.model import Aktenart, clean_text, shows_nothing
from catalog.actor import Actor
from catalog.fold import fold, tokens
from catalog.holds import HoldOrder, HoldQuery, HoldTarget, HoldView, Scope
from catalog.keeping import KnownEvent
from catalog.query import parse_day
from catalog.references import parcels, person
from catalog.told import Classification, KnownArchive, ReportedEvent, ReportedFact
from flows.wiring import Services
from retention.case import Decision
from retention.catalogue import Fristenkatalog, HoldMode
from retention.names import Names
from retention.periods import age_of_event

EARLIEST = date(1700, 1, 1)
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00)?\s*\Z")  # what spreadsheets write behind a day
# Ends that are known before they come: a grave right, a document, a ban; an age, too. All else has happened, or not.
PLANNED = frozenset(
    (
        "grave_right_ended",
        "document_validity_ended",
        "permit_ended",
        "entry_ban_expired",
        "statutory_age_reached",
    )
)
NEAREST = 3  # so many known names are proposed for an unknown one

RULES: dict[str, tuple[str, str]] = {
    "EV-01": ("Eine Ereignisliste ist lesbar: Zeichensatz, Trennzeichen, Kopfzeile, Zeilen.", "issue 5 §2"),
    "EV-02": ("Ein Ereignis steht im Fristenkatalog.", "issue 5 §2"),
    "EV-03": ("Ein Tag ist als TT.MM.JJJJ oder JJJJ-MM-TT geschrieben.", "Hausregel"),
    "EV-04": ("Ein Ereignis liegt nicht in der Zukunft.", "issue 5 §2"),
    "EV-05": ("Ein Ereignis liegt nicht vor 1700.", "Hausregel"),
    "EV-06": ("Das Aktenzeichen gehört zu einer Akte des Archivs.", "issue 5 §2"),
    "EV-07": ("Ein mehrdeutiges Aktenzeichen wird nachgefragt, nie geraten.", "users.md §2"),
    "EV-08": ("Ein Ereignis hat einen Beleg.", "issue 5 §2"),
    "EV-09": ("Eine Zeile steht nur einmal in einer Liste.", "issue 5 §2"),
    "EV-10": ("Zwei Tage für dasselbe Ereignis einer Akte werden genannt.", "law-evidence.md §1"),
    "EV-11": ("Ein Merkmal steht im Fristenkatalog.", "issue 5 §2"),
    "EV-12": ("Was schon im Register steht, wird nicht noch einmal geschrieben.", "issue 5 §2"),
    "EV-13": ("Eine Berichtigung nennt eine Meldung dieser Akte, die noch gilt.", "issue 5 §2"),
    "EV-14": ("Ein Zeichensatz, der nicht UTF-8 ist, wird genannt.", "issue 5 §2"),
    "EV-15": ("Eine Fristklasse steht im Fristenkatalog.", "issue 5 §2"),
    "EV-16": ("Eine Spalte, die nicht gelesen wird, wird genannt.", "Hausregel"),
}


def error(code: str, text: str, where: str = "") -> Finding:
    """A finding that keeps something from being written."""
    return Finding(code, Severity.ERROR, where, text)


def is_planned(ereignis: str) -> bool:
    """True for an end that is known before it comes; any age is one."""
    return ereignis in PLANNED or age_of_event(ereignis) is not None


def is_too_early(today: date, ereignis: str, day: date) -> bool:
    """True for an event that is told before it can have happened."""
    return day > today and not is_planned(ereignis)


# --- names of the Fristenkatalog -------------------------------------------------------------------------------------


def event_named(text: str, katalog: Fristenkatalog) -> str | Finding:
    """The key of an event by its key or its German title; else a finding (EV-02) with the nearest names.

    Known is what a slip may name, too (IN-25): what was forgotten there is told here.
    """
    names, plain = Names(katalog), text.strip()
    if not names.event_fault(plain):
        return plain
    return _named(plain, names.events, katalog.event_titles, "EV-02", "Das Ereignis")


def fact_named(text: str, katalog: Fristenkatalog) -> str | Finding:
    """The key of a fact; else a finding (EV-11) with the nearest names."""
    names, plain = Names(katalog), text.strip()
    if not names.fact_fault(plain):
        return plain
    return _named(plain, names.facts, {}, "EV-11", "Das Merkmal")


def class_named(text: str, katalog: Fristenkatalog) -> str | Finding:
    """The key of a record class by key or title; else a finding (EV-15) with the nearest names."""
    titles = {key: entry.title for key, entry in katalog.classes.items()}
    return _named(text, frozenset(katalog.classes), titles, "EV-15", "Die Fristklasse")


def _named(text: str, keys: Collection[str], titles: Mapping[str, str], code: str, what: str) -> str | Finding:
    """The key by key or title; else a finding that tells the nearest as both, for the clerk knows only the title."""
    plain = text.strip()
    if plain in keys:
        return plain
    if not plain:  # anything would be near to nothing
        return error(code, f"{what} ist nicht genannt.")
    by_name = {**{fold(key): key for key in keys}, **{fold(title): key for key, title in titles.items()}}
    if found := by_name.get(fold(plain)) or by_name.get(fold(plain).replace(" ", "_").replace("-", "_")):
        return found
    parts = [name for name in by_name if len(plain) > 3 and fold(plain) in name]
    near = difflib.get_close_matches(fold(plain), list(by_name), n=NEAREST, cutoff=0.0)
    keys_near = list(dict.fromkeys(by_name[name] for name in (*parts, *near)))[:NEAREST]
    names = (f"{key} („{titles[key]}“)" if key in titles else key for key in keys_near)
    return error(code, f"{what} „{plain}“ gibt es im Fristenkatalog nicht. Am nächsten kommen: {', '.join(names)}.")


# --- days ------------------------------------------------------------------------------------------------------------


def day_of(text: str, today: date, ereignis: str) -> date | Finding:
    """The day that a text is, if the event can have happened on it or is planned; else a finding (EV-03 to EV-05)."""
    day = parse_day(_MIDNIGHT.sub("", text))
    if day is None:
        return error("EV-03", f"„{text.strip()}“ ist kein Tag (TT.MM.JJJJ oder JJJJ-MM-TT).")
    if is_too_early(today, ereignis, day):
        return error("EV-04", f"Der {day:%d.%m.%Y} liegt in der Zukunft; gemeldet wird, was geschehen ist.")
    if day < EARLIEST:
        return error("EV-05", f"Der {day:%d.%m.}{day.year} liegt vor 1700; bitte das Jahr prüfen.")
    return day


def accepted(value: str | Finding) -> str:
    """The value. Raises Unknown for a name that is none: what a call names and is not there is a wrong call."""
    if isinstance(value, Finding):
        raise _unknown(value)
    return value


def _unknown(*findings: Finding) -> Unknown:
    return Unknown("; ".join(f"{finding.code} {finding.text}" for finding in findings))


# --- telling ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """An event as somebody words it at the desk; `datum` "" says that it did not happen."""

    ereignis: str
    datum: str
    evidence: str
    supersedes: int | date | None = None
    note: str = ""


def tell_event(services: Services, akte: UUID, told: Told, by: Actor) -> ReportedEvent:
    """Writes one event down. Raises Unknown for a name or a day that is none (EV-02 to EV-05), or a correction of what
    is not there (EV-13), Rejected without evidence (EV-08), Forbidden for corrections that do not fit.
    """
    ereignis = event_named(told.ereignis, services.katalog)
    name = ereignis if isinstance(ereignis, str) else ""
    day = day_of(told.datum, services.today(), name) if told.datum else None
    problems = [each for each in (ereignis, day) if isinstance(each, Finding)]
    if shows_nothing(told.evidence):
        problems.append(error("EV-08", "Ohne Beleg wird kein Ereignis vermerkt: woraus geht es hervor?"))
    if isinstance(ereignis, Finding) or isinstance(day, Finding):
        raise _unknown(*problems)
    if problems:
        raise Rejected(tuple(problems))
    if isinstance(told.supersedes, date):
        _require_on_slip(services, akte, ereignis, told.supersedes)
    return services.catalog.report_event(
        akte,
        ereignis,
        day,
        told.evidence,
        supersedes=told.supersedes,
        note=told.note,
        by=by,
        now=services.now(),
    )


def another_day(known: Iterable[KnownEvent], ereignis: str, day: date | None) -> str:
    """What is said (EV-10) when another day counts for the same event as well, of a report or of a slip; else nothing.

    `known` are the events that count for the Akte.
    """
    others = sorted((e for e in known if e.ereignis == ereignis and e.datum != day), key=lambda event: event.datum)
    if not others or day is None:
        return ""
    told = ", ".join(
        f"{event.datum:%d.%m.}{event.datum.year} ({event.evidence if event.number is None else f'Nr. {event.number}'})"
        for event in others
    )
    ways = [
        *(["eine Meldung mit --ersetzt NR"] if any(event.number is not None for event in others) else []),
        *(["den Tag eines Laufzettels mit --ersetzt TAG"] if any(event.number is None for event in others) else []),
    ]
    return (
        f"Für dasselbe Ereignis steht im Register auch: {told}. Jeder dieser Tage gilt; war einer ein Irrtum, "
        f"berichtigt archiv ereignis melde {' und '.join(ways)}."
    )


def _require_on_slip(services: Services, akte: UUID, ereignis: str, day: date) -> None:
    row = services.catalog.keeping(akte)
    known = row.events if row else ()
    if not any(e.ereignis == ereignis and e.datum == day and e.number is None for e in known):
        text = f"Vom {day:%d.%m.%Y} gibt es auf den Laufzetteln dieser Akte kein Ereignis „{ereignis}“, das noch gilt."
        raise _unknown(error("EV-13", text))


def tell_fact(
    services: Services, akte: UUID, merkmal: str, value: bool | None, evidence: str, note: str, by: Actor
) -> ReportedFact:
    """Writes one fact down. Raises Unknown (EV-11), Rejected (EV-08)."""
    name = accepted(fact_named(merkmal, services.katalog))
    if shows_nothing(evidence):
        raise Rejected((error("EV-08", "Ohne Beleg wird kein Merkmal vermerkt: woraus geht es hervor?"),))
    return services.catalog.report_fact(akte, name, value, evidence, note=note, by=by, now=services.now())


def tell_classes(
    services: Services, akte: UUID, record_classes: Sequence[str], reason: str, by: Actor
) -> Classification:
    """Gives an Akte its classes. Raises Unknown (EV-15), Forbidden without a reason."""
    names = [accepted(class_named(text, services.katalog)) for text in record_classes]
    under = services.katalog.digest
    return services.catalog.classify(akte, names, reason, under=under, by=by, now=services.now())


# What the archive can have said; the words are those of the command line.
OFFERED, WAIVED = "angeboten", "verzicht"
ANSWERS = {
    OFFERED: "",
    "archivwuerdig": Decision.ARCHIVWUERDIG.value,
    "nicht-archivwuerdig": Decision.NICHT_ARCHIVWUERDIG.value,
    WAIVED: "",
}


def tell_archive(
    services: Services, akte: UUID, answer: str, offered_on: str, evidence: str, by: Actor
) -> KnownArchive:
    """Writes down what city and archive told each other: one of ANSWERS, and the day of the offer.

    The day of an offer that is known already stays known when an answer does not name it; an offer that is made anew
    takes back what was answered to an older one. Raises Unknown for a day that is none (EV-03 to EV-05) and for an
    offer without one, Rejected without evidence (EV-08).
    """
    if answer == OFFERED and not offered_on.strip():
        raise Unknown("Eine Anbietung wird mit ihrem Tag vermerkt (--angeboten TT.MM.JJJJ).")
    day = day_of(offered_on, services.today(), OFFERED) if offered_on.strip() else None
    problems = [day] if isinstance(day, Finding) else []
    if shows_nothing(evidence):
        problems.append(error("EV-08", "Ohne Beleg wird keine Antwort des Archivs vermerkt: woraus geht sie hervor?"))
    if isinstance(day, Finding):
        raise _unknown(*problems)
    if problems:
        raise Rejected(tuple(problems))
    if day is None:
        row = services.catalog.keeping(akte)
        day = row.archive.offered_on if row is not None else None
    decision = ANSWERS[answer]
    known = KnownArchive(day is not None or bool(decision), day, decision, answer == WAIVED)
    return services.catalog.record_archive(akte, known, evidence, by=by, now=services.now())


# --- holds -----------------------------------------------------------------------------------------------------------

QUERY_PARTS = ("aktenart", "aktenzeichen", "betreff", "klasse", "von", "bis")


def on_person(text: str) -> HoldTarget:
    """A hold on everything that names a person. Raises Unknown for a text that names none."""
    reference = person(text)
    if reference is None:
        raise Unknown("Diese Angabe nennt keine Person; eine Nummer oder ein Name wird gebraucht.")
    return HoldTarget(Scope.PERSON, text=reference.value, match_key=reference.match_key)


def on_parcel(text: str) -> HoldTarget:
    """A hold on everything that names a parcel. Raises Unknown unless it is one parcel with its Flur."""
    found = parcels(text)
    if len(found) != 1 or "-" not in found[0].match_key:
        raise Unknown(
            f"„{text.strip()}“ ist nicht genau ein Flurstück mit Flur; z. B. „Gemarkung Neuss, Flur 12, 345/2“."
        )
    return HoldTarget(Scope.PARCEL, text=found[0].value, match_key=found[0].match_key, match_place=found[0].match_place)


def on_query(parts: Iterable[str], services: Services) -> HoldTarget:
    """A hold on all Akten that fit, now and later; parts are written `aktenart=Bauakte`. Raises Unknown."""
    given: dict[str, list[str]] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name = fold(name.strip())
        if not equals or name not in QUERY_PARTS or not value.strip():
            raise Unknown(f"„{part}“ ist keine Bedingung; geschrieben wird NAME=WERT mit {', '.join(QUERY_PARTS)}.")
        given.setdefault(name, []).append(value.strip())
    for name in ("klasse", "von", "bis"):
        if len(given.get(name, ())) > 1:
            raise Unknown(f"„{name}“ kann nur einmal genannt werden.")
    families = {fold(family.value): family.value for family in Aktenart}
    unknown = [text for text in given.get("aktenart", ()) if fold(text) not in families]
    if unknown:
        raise Unknown(f"Die Aktenart „{unknown[0]}“ gibt es nicht. Bekannt sind: {', '.join(families.values())}.")
    wordless = [text for text in given.get("betreff", ()) if not tokens(text)]
    if wordless:  # no word is in every Betreff: it would hold the whole archive
        raise Unknown(f"„{clean_text(wordless[0])}“ nennt kein Wort, das in einem Betreff stehen kann.")
    numbers = given.get("aktenzeichen", ())
    von, bis = _query_day(given.get("von", ())), _query_day(given.get("bis", ()))
    if von and bis and bis < von:  # it would seem to hold, and hold next to nothing
        raise Unknown("„bis“ liegt vor „von“; dazwischen liegt kein Tag.")
    return HoldTarget(
        Scope.QUERY,
        query=HoldQuery(
            aktenarten=tuple(families[fold(text)] for text in given.get("aktenart", ())),
            anfaenge=tuple(n for text in numbers for n in HoldQuery.of_number(text, services.intake.muster)),
            betreff=tuple(given.get("betreff", ())),
            record_class=next((accepted(class_named(t, services.katalog)) for t in given.get("klasse", ())), ""),
            von=von,
            bis=bis,
        ),
    )


def _query_day(texts: Sequence[str]) -> date | None:
    if not texts:
        return None
    day = parse_day(texts[0])
    if day is None:
        raise Unknown(f"„{texts[0]}“ ist kein Tag (TT.MM.JJJJ oder JJJJ-MM-TT).")
    return day


def set_hold(services: Services, order: HoldOrder, by: Actor) -> HoldView:
    """Sets a hold. Raises Forbidden for what the catalog refuses, and for a secret hold that moves the end of periods:
    its date would tell what nobody may know.
    """
    rules = services.katalog.holds
    if order.secret and order.key in rules and rules[order.key].mode is not HoldMode.BLOCKS:
        blocking = sorted(key for key, rule in rules.items() if rule.mode is HoldMode.BLOCKS)
        raise Forbidden(
            f"„{order.key}“ verschiebt das Fristende und würde sich am Datum verraten; geheim sperren können: "
            f"{', '.join(blocking)}."
        )
    return services.catalog.set_hold(order, frozenset(rules), by=by, now=services.now())
