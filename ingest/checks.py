"""The `IN-nn` rules over a whole delivery: facts in, findings out; opens nothing, raises nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from akten.files import FileFacts, FileKind
from akten.findings import Finding, has_errors
from akten.localtime import berlin_day
from akten.plural import plural
from ingest.assignment import TOO_MANY, Assignment, assign, hints, positions_as_pages, unnamed_files
from ingest.delivery import Delivery
from ingest.naming import future_year, reading_of
from ingest.options import IntakeOptions, Profile
from ingest.pageranges import Range, format_ranges
from ingest.rules import ACCEPTABLE, RULES, apply_accepted, error, few, info, warning
from ingest.sides import backs_first
from ingest.slip_fields import nearest, shown

__all__ = [
    "ACCEPTABLE",
    "RULES",
    "KnownScan",
    "already_archived",
    "check_balance",
    "check_delivery",
    "check_names",
    "check_record_class",
    "other_betreff",
]


@dataclass(frozen=True, slots=True)
class KnownScan:
    """Where a scan with the same bytes already lies; the catalog keys these by SHA-512."""

    akte: UUID
    aktenzeichen: str
    version: int
    band: int = 1

    def lies_in(self, aktenzeichen: str | None, band: int) -> bool:
        """True when that is the Akte of a slip: another volume of the same number is another Akte."""
        return (self.aktenzeichen, self.band) == (aktenzeichen, band)


def check_delivery(
    delivery: Delivery,
    facts: Mapping[UUID, FileFacts],
    known: Mapping[str, KnownScan],
    options: IntakeOptions,
    *,
    accepted: frozenset[str],
    today: date | None = None,
) -> tuple[Finding, ...]:
    """Every finding about a delivery but the balance; `known` is keyed by SHA-512.

    `accepted` are codes for which a person answers with a reason: they become warnings where the rule allows it.
    Without `today` the day of the scan on the slip stands for it.
    """
    scanned = delivery.slip.gescannt_am
    day = today or (berlin_day(scanned) if scanned else None)
    findings = (
        *delivery.findings,
        *_check_slip(delivery, options, day),
        *_check_files(delivery, facts, options),
        *_check_pages(delivery, facts, options),
        *_check_twins(delivery, facts, known, options),
        *_check_resolution(delivery, facts, options),
    )
    return apply_accepted(findings, accepted)


def check_record_class(
    delivery: Delivery, options: IntakeOptions, *, accepted: frozenset[str], today: date | None = None
) -> tuple[Finding, ...]:
    """All that is wrong on a slip whose record class is unknown (IN-24); nothing while the class is good.

    Told before any file is opened: without a class no period can be computed, whatever the files turn out to be.
    """
    findings = (*delivery.findings, *_check_slip(delivery, options, today))
    return apply_accepted(findings, accepted) if any(finding.code == "IN-24" for finding in findings) else ()


def check_names(
    delivery: Delivery,
    event_fault: Callable[[str], str],
    fact_fault: Callable[[str], str],
    too_early: Callable[[str, date], bool],
    *,
    accepted: frozenset[str],
) -> tuple[Finding, ...]:
    """IN-25 for every event and fact on the slip of which no rule knows: the period that waits for it would never run.

    The two functions say what is wrong with a name, "" for a known one; the Fristenkatalog has them. IN-22 for an event
    that is told before it can have happened (`too_early`).
    """
    slip = delivery.slip
    early = [event for event in slip.ereignisse if too_early(event.ereignis, event.datum)]
    told = (
        *(("ereignisse", event_fault(event.ereignis)) for event in slip.ereignisse),
        *(("merkmale", fact_fault(name)) for name, _ in slip.merkmale),
    )
    findings = [error("IN-25", f"{slip.datei}, {field}", fault) for field, fault in told if fault]
    text = "Das Ereignis „{}“ liegt in der Zukunft ({:%d.%m.%Y}); bitte prüfen."
    where = f"{slip.datei}, ereignisse"
    findings += [error("IN-22", where, text.format(shown(event.ereignis), event.datum)) for event in early]
    return apply_accepted(findings, accepted)


def other_betreff(delivery: Delivery) -> Finding:
    """IN-26 for a slip whose Betreff is not that of the archived Akte: perhaps its number was mistyped.

    It stops nothing, for a Betreff may be put right; neither is quoted, since findings go into mails and lists.
    """
    text = (
        "Unter diesem Aktenzeichen ist schon eine Akte mit anderem Betreff archiviert; sie bekommt eine neue Version "
        "mit dem Betreff des Laufzettels. Bitte ansehen (archiv akte zeige), ob das Aktenzeichen stimmt."
    )
    return warning("IN-26", f"{delivery.slip.datei}, betreff", text)


# --- the slip ---------------------------------------------------------------------------------------------------------
def _check_slip(delivery: Delivery, options: IntakeOptions, today: date | None) -> Iterator[Finding]:
    slip = delivery.slip
    reading = reading_of(slip, options)
    if isinstance(reading, Finding):
        yield reading
    elif today:
        where = f"{slip.datei}, aktenzeichen"
        if (future := future_year(reading, slip.aktenart, options, where, today.year)) is not None:
            yield future
    if today:
        for path, day in _days(delivery):
            if day > today:
                yield error("IN-22", f"{slip.datei}, {path}", "Das Datum liegt in der Zukunft; bitte prüfen.")
    check = slip.qualitaetspruefung
    if check and check.zeitpunkt and slip.gescannt_am and _at_the_latest(check.zeitpunkt) < slip.gescannt_am:
        text = "Die Qualitätsprüfung liegt vor dem Scannen (gescannt_am); eines von beiden stimmt nicht."
        yield error("IN-27", f"{slip.datei}, qualitaetspruefung.zeitpunkt", text)
    if options.profile(slip.profil) is None:
        names = [profile.name for profile in options.profiles]
        hint = nearest(slip.profil or "", names) or f" Freigegeben sind: {', '.join(names)}."
        yield error("IN-23", f"{slip.datei}, profil", f"Das Profil „{shown(slip.profil or '')}“ gibt es nicht.{hint}")
    if slip.record_class is not None and options.record_classes:
        families = {family for name, family in options.record_classes if name == slip.record_class}
        where = f"{slip.datei}, fristklasse"
        if not families:
            hint = nearest(slip.record_class, [name for name, _ in options.record_classes])
            text = f"Die Fristklasse „{shown(slip.record_class)}“ steht nicht im Fristenkatalog.{hint}"
            yield error("IN-24", where, text)
        elif families.isdisjoint({"", slip.aktenart}):
            text = f"Die Fristklasse „{shown(slip.record_class)}“ gehört nicht zur Aktenart {slip.aktenart}."
            yield error("IN-24", where, text)


def _at_the_latest(moment: datetime) -> datetime:
    """People write no seconds: a check at 9:15 may follow a scan at 9:15:42."""
    return moment if moment.second else moment.replace(second=59)


def _days(delivery: Delivery) -> Iterator[tuple[str, date]]:
    """Every date of the slip that tells of the past, with its path."""
    slip = delivery.slip
    check = slip.qualitaetspruefung
    moments = (("gescannt_am", slip.gescannt_am), ("qualitaetspruefung.zeitpunkt", check.zeitpunkt if check else None))
    named = [("laufzeit.beginn", slip.laufzeit.beginn), ("laufzeit.ende", slip.laufzeit.ende)]
    named += [("zda_datum", slip.zda_datum), *((path, berlin_day(said)) for path, said in moments if said)]
    for place, vorgang in enumerate(slip.vorgaenge, 1):
        path = f"vorgaenge[{place}]"
        named += [
            (f"{path}.laufzeit.beginn", vorgang.laufzeit.beginn),
            (f"{path}.laufzeit.ende", vorgang.laufzeit.ende),
        ]
        for number, dokument in enumerate(vorgang.dokumente, 1):
            inner = f"{path}.dokumente[{number}]"
            named += [(f"{inner}.datum", dokument.datum), (f"{inner}.posteingang", dokument.posteingang)]
    yield from ((path, day) for path, day in named if day)


# --- files and pages --------------------------------------------------------------------------------------------------
def _check_files(delivery: Delivery, facts: Mapping[UUID, FileFacts], options: IntakeOptions) -> Iterator[Finding]:
    foreign: list[Finding] = []
    for scan in delivery.scans:
        found = facts.get(scan.uuid)
        if scan.mime not in options.accepted_types:
            text = (
                f"Der Dateityp {shown(scan.mime)} (nach dem Inhalt) ist nicht zugelassen; angenommen werden TIFF, "
                "JPEG, PNG, JPEG 2000 und PDF. Was nicht zur Akte gehört, nennt der Laufzettel unter "
                "„nicht_archivieren“."
            )
            foreign.append(error("IN-38", scan.name, text))
        elif found is None:
            yield error("IN-39", scan.name, "Die Datei wurde nicht untersucht; darum wird nicht über sie geurteilt.")
        if found is not None:
            for finding in found.findings:
                if finding.code == "EX-19" and _tells_resolution(delivery, found, options):
                    continue  # IN-40 says it once for all pages, and what is applied
                yield (
                    finding if scan.name in finding.where else replace(finding, where=_joined(scan.name, finding.where))
                )
    yield from few(foreign)


def _joined(name: str, where: str) -> str:
    return f"{name}, {where}" if where else name


def _all_readable(delivery: Delivery, facts: Mapping[UUID, FileFacts], options: IntakeOptions) -> bool:
    """True when every file gave its pages; else counting pages would only add wrong findings to the true one."""
    return all(
        scan.mime in options.accepted_types
        and scan.uuid in facts
        and facts[scan.uuid].pages
        and not has_errors(finding for finding in facts[scan.uuid].findings if finding.code not in ACCEPTABLE)
        for scan in delivery.scans
    )


def _check_pages(delivery: Delivery, facts: Mapping[UUID, FileFacts], options: IntakeOptions) -> Iterator[Finding]:
    slip = delivery.slip
    assignment = assign(delivery.scans, slip, facts)
    unnamed = unnamed_files(delivery.scans, assignment)
    yield from few(
        [
            error("IN-30", f"{slip.datei}, {path}", f"Die Datei „{shown(name)}“ ist nicht in der Lieferung.{hint}")
            for (path, name), hint in zip(assignment.missing, hints(assignment, unnamed), strict=True)
        ]
    )
    if assignment.too_many:
        yield error("IN-07", slip.datei, TOO_MANY)
        return
    if not _all_readable(delivery, facts, options):
        return
    surplus = "Die Datei gehört zu keinem Dokument des Laufzettels."
    yield from few([error("IN-31", scan.name, surplus) for scan in unnamed])
    total = len(assignment.sequence)
    beyond = [
        error("IN-34", f"{slip.datei}, {path}", f"{_which(ranges)} gibt es nicht; die Lieferung hat {_seiten(total)}.")
        for path, ranges in assignment.outside
    ]
    yield from few(beyond, "weiteres Dokument", "weitere Dokumente")
    if assignment.doubled:
        pages = format_ranges(positions_as_pages(assignment.doubled))
        yield error("IN-32", f"Seite {pages}", "Diese Seiten sind mehr als einem Dokument zugeordnet.")
    of_unnamed = {scan.uuid for scan in unnamed}
    left = [position for position in assignment.unassigned if assignment.sequence[position].scan not in of_unnamed]
    if left:
        pages = format_ranges(positions_as_pages(left))
        yield error("IN-33", f"Seite {pages}", "Diese Seiten sind keinem Dokument zugeordnet.")
    yield from backs_first(delivery.scans, slip, assignment)
    if total > options.limits.pages:
        yield error("IN-07", "", f"Die Lieferung hat mehr als {options.limits.pages} Seiten.")


def _which(ranges: Sequence[Range]) -> str:
    one = len(ranges) == 1 and ranges[0][0] == ranges[0][1]
    return f"Die Seite {ranges[0][0]}" if one else f"Die Seiten {format_ranges(ranges)}"


def _check_twins(
    delivery: Delivery, facts: Mapping[UUID, FileFacts], known: Mapping[str, KnownScan], options: IntakeOptions
) -> Iterator[Finding]:
    reading = reading_of(delivery.slip, options)
    own = None if isinstance(reading, Finding) else reading.kanonisch
    first: dict[str, str] = {}
    here = {key for key, place in known.items() if place.lies_in(own, delivery.slip.band)}
    mixed = _beside_new_ones(delivery, facts, here)
    for scan in delivery.scans:
        key = scan.digests.sha512
        flat = scan.uuid in facts and facts[scan.uuid].flat  # backs that were whitened are alike, whosever they are
        if key in first and not flat:
            yield error("IN-35", scan.name, f"Dieser Scan gleicht Byte für Byte „{first[key]}“ in derselben Lieferung.")
        first.setdefault(key, scan.name)
        there = known.get(key)
        if there is None:
            continue
        if key in here:
            what = (
                "sein Dokument hat auch neue Seiten und bekommt ihn noch einmal"
                if scan.uuid in mixed
                else "er wird verknüpft"
            )
            yield info("IN-36", scan.name, f"Dieser Scan liegt schon in dieser Akte (Version {there.version}); {what}.")
        elif not flat:
            text = (
                f"Dieser Scan liegt schon in einer anderen Akte (Version {there.version}; welche, sagt: archiv akte "
                f"zeige {there.akte}); bitte entscheiden, ob er in beide gehört."
            )
            yield error("IN-37", scan.name, text)


def _beside_new_ones(delivery: Delivery, facts: Mapping[UUID, FileFacts], here: Collection[str]) -> frozenset[UUID]:
    """The scans of Dokumente of which one is not in this Akte yet: such a Dokument is stored whole and links none."""
    new = {scan.uuid for scan in delivery.scans if scan.digests.sha512 not in here}
    assignment = assign(delivery.scans, delivery.slip, facts)
    each = ({assignment.sequence[place].scan for place in places} for vorgang in assignment.pages for places in vorgang)
    return frozenset().union(*(scans for scans in each if not scans.isdisjoint(new)))


def already_archived(delivery: Delivery, known: Mapping[str, KnownScan], options: IntakeOptions) -> KnownScan | None:
    """The Akte of this Aktenzeichen and Band in which every scan of the delivery already lies, or None."""
    reading, band = reading_of(delivery.slip, options), delivery.slip.band
    places = [known.get(scan.digests.sha512) for scan in delivery.scans]
    if isinstance(reading, Finding) or not places:
        return None
    there = [place for place in places if place is not None and place.lies_in(reading.kanonisch, band)]
    same = len(there) == len(places) and len({place.akte for place in there}) == 1
    return max(there, key=lambda place: place.version) if same else None


# --- resolution -------------------------------------------------------------------------------------------------------
def _tells_resolution(delivery: Delivery, found: FileFacts, options: IntakeOptions) -> bool:
    """True where a profile stands in for what the file does not say; pages of a PDF have a size of their own."""
    return found.kind is FileKind.IMAGE and options.profile(delivery.slip.profil) is not None


def _check_resolution(delivery: Delivery, facts: Mapping[UUID, FileFacts], options: IntakeOptions) -> Iterator[Finding]:
    profile = options.profile(delivery.slip.profil)
    if profile is None:
        return
    for scan in delivery.scans:
        found = facts.get(scan.uuid)
        if found is None or not _tells_resolution(delivery, found, options):
            continue
        silent = [page.number for page in found.pages if page.dpi is None]
        if silent:
            pages = format_ranges(positions_as_pages([number - 1 for number in silent]))
            text = (
                "Die Datei nennt keine Auflösung, die stimmen kann; angewandt werden "
                f"{profile.dpi} dpi des Profils „{profile.name}“."
            )
            yield info("IN-40", f"{scan.name}, Seite {pages}", text)


# --- the balance ------------------------------------------------------------------------------------------------------
def check_balance(
    delivery: Delivery,
    facts: Mapping[UUID, FileFacts],
    blank_pages: int | None,
    *,
    kept_pages: int | None = None,
    options: IntakeOptions | None = None,
    accepted: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Sheets on the slip = pages received = kept + blank; an error names both numbers (docs/laufzettel.md).

    `blank_pages` and `kept_pages` (those not blank) are known after recognition and None before it.
    """
    options = options or IntakeOptions()
    assignment = assign(delivery.scans, delivery.slip, facts)
    findings = [*_check_sheets(delivery, assignment, options)]
    received = len(assignment.sequence)
    if blank_pages is not None and (
        blank_pages > received or (kept_pages is not None and kept_pages + blank_pages != received)
    ):
        kept = received - blank_pages if kept_pages is None else kept_pages
        text = f"Empfangen: {_seiten(received)}, verarbeitet aber {kept} behaltene und {blank_pages} leere."
        findings.append(error("IN-52", "", text))
    return apply_accepted(findings, accepted)


def _check_sheets(delivery: Delivery, assignment: Assignment, options: IntakeOptions) -> Iterator[Finding]:
    """Pages of paper received against the slip; what never was paper has no sheets."""
    slip = delivery.slip
    profile = options.profile(slip.profil) or Profile("unbekannt")
    duplex = profile.duplex if slip.duplex is None else slip.duplex
    removed = profile.blanks_removed if slip.leerseiten_entfernt is None else slip.leerseiten_entfernt
    pages = len(assignment.sequence) - len(assignment.digital)
    digital = f" (dazu {_seiten(len(assignment.digital))} digital, ohne Blatt)" if assignment.digital else ""
    got = f"{_seiten(pages)}{digital}"
    sheets, sides = slip.blattzahl, slip.seitenzahl
    if sheets is None and sides is None:
        yield error("IN-51", slip.datei, f"Der Laufzettel nennt keine Blattzahl; empfangen: {got}.")
        return
    if sheets is not None and sides is not None and not sheets <= sides <= (2 * sheets if duplex else sheets):
        how = "beidseitig" if duplex else "einseitig"
        text = f"{sheets} Blatt ({how}) und {_seiten(sides)} widersprechen sich im Laufzettel."
        yield error("IN-53", slip.datei, text)
    if sides is not None:
        if pages != sides:
            yield error("IN-50", slip.datei, f"Laut Laufzettel {_seiten(sides)}, empfangen {got}.")
        return
    assert sheets is not None  # noqa: S101 - one of the two is there, see above
    highest = 2 * sheets if duplex else sheets
    lowest = sheets if duplex and removed else highest
    if not lowest <= pages <= highest:
        expected = _seiten(highest) if lowest == highest else f"{lowest} bis {highest} Seiten"
        how = "beidseitig" if duplex else "einseitig"
        text = f"Laut Laufzettel {sheets} Blatt ({how}, also {expected}), empfangen {got}."
        yield error("IN-50", slip.datei, text)


def _seiten(number: int) -> str:
    return plural(number, "Seite", "Seiten")
