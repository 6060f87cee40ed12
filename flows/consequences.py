"""What a correction brings with it, told before anybody agrees: days that do not go together, and the period it moves.

A Laufzeit is a value of its own: filled from the Dokumente when they came, or named on the slip, which nobody can tell
apart later. So a day of a Dokument that is corrected moves none, and the persons are told where they part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from akten.correction import Change, corrected
from akten.errors import ArchivError, Rejected
from akten.findings import Finding, Severity
from akten.model import Akte, Dokument, Laufzeit, Vorgang
from catalog.corrections import Proposed
from catalog.keeping import KeepingRow
from flows.keeping import kept_as_known
from flows.wiring import Services
from metadata.describe import day_of

_CODE = "WF-53"


@dataclass(frozen=True, slots=True)
class Consequences:
    """`before` and `after` are the last day of retention as the rules say it now, None while it is open or permanent;
    `computed` is False where they could not be asked.
    """

    findings: tuple[Finding, ...] = ()
    before: date | None = None
    after: date | None = None
    computed: bool = False


def consequences(services: Services, proposed: Proposed) -> Consequences:
    """What comes of a proposal, for those who look at it; raises nothing for one that does not fit any more."""
    (found,) = all_consequences(services, (proposed,))
    return found


def all_consequences(services: Services, proposed: Sequence[Proposed]) -> tuple[Consequences, ...]:
    """The same of many proposals, in a few questions to the catalog for all of them."""
    described = services.catalog.corrections.described(proposed)
    akten = list(dict.fromkeys(each.proposal.akte for each in proposed))
    known, classified = _known(services, akten), services.catalog.classified(akten)
    return tuple(
        _consequences(
            services,
            each,
            described.get((each.proposal.akte, each.version)),
            known.get(each.proposal.akte),
            classified=each.proposal.akte in classified,
        )
        for each in proposed
    )


def _known(services: Services, akten: Sequence[UUID]) -> dict[UUID, KeepingRow]:
    """What is known of these Akten; one of which it cannot be read costs no other its answer."""
    try:
        return {row.akte: row for row in services.catalog.some_keeping(akten)}
    except ValueError:
        if len(akten) == 1:
            return {}
        return {akte: row for each in akten for akte, row in _known(services, (each,)).items()}


def _consequences(
    services: Services, proposed: Proposed, before: Akte | None, row: KeepingRow | None, *, classified: bool
) -> Consequences:
    if before is None:
        return Consequences()
    try:
        after = corrected(before, proposed.changes)
    except (ArchivError, ValueError):  # told where it is carried out
        return Consequences()
    findings = odd_days(before, after, proposed.changes)
    if row is None:
        return Consequences(findings)
    known = before.aufbewahrung.record_class if before.aufbewahrung else ""
    own = known if known in services.katalog.classes else None
    try:
        now, then = (
            kept_as_known(services, akte, own, row, classified=classified).aufbewahrung for akte in (before, after)
        )
    except (Rejected, ValueError):  # no class, or a hold that does not fit: the due round tells that (LK-01)
        return Consequences(findings)
    return Consequences(findings, now.ende if now else None, then.ende if then else None, computed=True)


def odd_days(before: Akte, after: Akte, changes: Sequence[Change]) -> tuple[Finding, ...]:
    """WF-53 for days that the changes put at odds with others of the Akte; what was so before is not their matter."""
    known = {key for key, _ in _odd(before)}
    told = [text for key, text in _odd(after) if key not in known]
    moved = {change.uuid for change in changes if change.name in ("datum", "posteingang")}
    told += _left_behind(before, after, [each for each in before.dokumente if each.uuid in moved])
    return tuple(Finding(_CODE, Severity.WARNING, "", text) for text in dict.fromkeys(told))


def _odd(akte: Akte) -> Iterator[tuple[tuple[object, ...], str]]:
    """Days of an Akte that do not go together: what they are, and in words."""
    closed, last = akte.zda_datum, akte.laufzeit.ende or akte.laufzeit.beginn
    if closed and last and closed < last:
        text = f"Das z.d.A.-Datum ({_german(closed)}) liegt vor dem Ende der Laufzeit ({_german(last)})."
        yield ("closed", closed, last), text
    for dokument in akte.dokumente:
        day, name = day_of(dokument), f"des Dokuments „{dokument.betreff}“"
        if closed and day and closed < day:
            text = f"Das z.d.A.-Datum ({_german(closed)}) liegt vor dem Tag {name} ({_german(day)})."
            yield ("closed", dokument.uuid, closed, day), text
        if dokument.datum and dokument.posteingang and dokument.posteingang < dokument.datum:
            days = _german(dokument.posteingang), _german(dokument.datum)
            text = f"Der Posteingang {name} ({days[0]}) liegt vor seinem Datum ({days[1]})."
            yield ("received", dokument.uuid, dokument.datum, dokument.posteingang), text
    for part in _parts(akte):
        for dokument in part.dokumente:
            day = day_of(dokument)
            if day and not _covers(part.laufzeit, day):
                text = f"Der Tag des Dokuments „{dokument.betreff}“ ({_german(day)}) liegt außerhalb der Laufzeit "
                text += f"{_of(part)} ({_span(part.laufzeit)})."
                yield ("span", part.uuid, dokument.uuid, part.laufzeit, day), text


def _left_behind(before: Akte, after: Akte, moved: Sequence[Dokument]) -> Iterator[str]:
    """Where the old day of a Dokument was the first or last of a Laufzeit, which stays so and which no Dokument has."""
    for place, (old, new) in enumerate(zip(_parts(before), _parts(after), strict=True)):
        days = {day_of(dokument) for dokument in new.dokumente}
        gone = {day_of(dokument) for dokument in moved if dokument in old.dokumente} - days - {None}
        span = new.laufzeit
        named = (("ersten", "beginn", span.beginn), ("letzten", "ende", span.ende))
        for which, option, _ in (each for each in named if each[2] in gone):
            way = f"--vorgang {place} --laufzeit-{option}" if place else f"--laufzeit-{option}"
            text = f"ihren {which} Tag hat kein Dokument mehr (dazu: {way})."
            yield f"Die Laufzeit {_of(new)} bleibt {_span(span)}; {text}"


def _parts(akte: Akte) -> tuple[Akte | Vorgang, ...]:
    """What has a Laufzeit: the Akte first, so that the places of the Vorgänge are their numbers."""
    return (akte, *akte.vorgaenge)


def _covers(laufzeit: Laufzeit, day: date) -> bool:
    return not ((laufzeit.beginn and day < laufzeit.beginn) or (laufzeit.ende and day > laufzeit.ende))


def _of(part: Akte | Vorgang) -> str:
    return "der Akte" if isinstance(part, Akte) else f"des Vorgangs „{part.betreff}“"


def _span(laufzeit: Laufzeit) -> str:
    if laufzeit.beginn and laufzeit.ende:
        return f"{_german(laufzeit.beginn)} bis {_german(laufzeit.ende)}"
    return f"ab {_german(laufzeit.beginn)}" if laufzeit.beginn else f"bis {_german(laufzeit.ende)}"


def _german(day: date | None) -> str:
    return f"{day:%d.%m.}{day.year}" if day else "unbekannt"
