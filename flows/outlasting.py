"""A correction outlasts the slips of before: what two persons agreed on is not undone by the next slip alone.

A Nachscan whose slip still has a value that was corrected away counts as if it named the one that holds now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from akten.correction import FELD, Change, Correction, Teil, corrected, is_correction, value_of
from akten.errors import FixityError
from akten.findings import Finding, Severity
from akten.model import Akte, Laufzeit, Vorgang
from catalog.fold import tokens
from flows.fieldnames import other_spellings, renamed
from flows.wiring import Services

_NONE: Mapping[UUID, UUID] = MappingProxyType({})
_Key = tuple[str, str]  # Betreff and Zeichen: by these a Vorgang of a slip is joined to one that is there
_Folded = tuple[tuple[str, ...], tuple[str, ...]]  # the same, however it is spelled


def corrections_of(services: Services, akte: UUID) -> tuple[Correction, ...]:
    """What was corrected in the archived versions of an Akte, the oldest first. Raises FixityError for an odd row.

    What was corrected of a Dokument is told of the one that stands in its place today, scanned anew since.
    """
    packages = services.catalog.packages(akte)
    rows = (services.catalog.delivery(package.delivery) for package in packages)
    try:
        found = tuple(Correction.from_json(row.slip) for row in rows if row is not None and is_correction(row.slip))
    except (KeyError, ValueError, TypeError) as odd:
        raise FixityError("Eine Berichtigung dieser Akte ist im Katalog unleserlich: archiv protokoll pruefe.") from odd
    if not any(_changes(found, Teil.DOKUMENT)):
        return found
    described = (services.catalog.akte_snapshot(akte, package.package.id.version) for package in packages)
    heirs = {
        old.dokument: dokument.uuid
        for one in described
        if one is not None
        for dokument in one.dokumente
        for old in dokument.ersetzt
    }
    return tuple(replace(each, changes=tuple(_inherited(c, heirs) for c in each.changes)) for each in found)


def _inherited(change: Change, heirs: Mapping[UUID, UUID]) -> Change:
    uuid, left = change.uuid, dict(heirs)
    while uuid in left:  # each step once
        uuid = left.pop(uuid)
    return replace(change, uuid=uuid)


def is_corrected_away(corrections: Sequence[Correction], name: str, said: str, now: str) -> bool:
    """True when a value that is said of the Akte gave way to another by a correction, and does not hold again."""
    return _gone(said, now, (c for c in _changes(corrections, Teil.AKTE) if c.name == name))


def outlasting(
    said: Akte, now: Akte, corrections: Sequence[Correction], slip: str, replaced: Mapping[UUID, UUID] = _NONE
) -> tuple[Akte, tuple[Finding, ...]]:
    """The Akte as a slip describes it, with what holds now in the place of what was corrected away; WF-52 tells it.

    `replaced` are the Dokumente of the slip that take the place of others, and of which.
    """
    corrected_names = {c.name.removeprefix(FELD) for c in _changes(corrections, Teil.AKTE) if c.name.startswith(FELD)}
    said = renamed(said, other_spellings(dict(said.felder), corrected_names))
    changes = (
        *_of_akte(said, now, corrections),
        *_of_vorgaenge(said, now, corrections),
        *_of_dokumente(said, now, corrections, replaced),
    )
    if not changes:
        return said, ()
    told = ", ".join(dict.fromkeys(change.words for change in changes))
    text = (
        f"Der Laufzettel nennt noch, was inzwischen berichtigt ist: {told}. Es gilt die Berichtigung. Hat doch er "
        "recht, bitte noch einmal berichtigen (archiv akte berichtige)."
    )
    return _with(said, changes), (Finding("WF-52", Severity.WARNING, slip, text),)


def _of_akte(said: Akte, now: Akte, corrections: Sequence[Correction]) -> Iterator[Change]:
    for name in dict.fromkeys(change.name for change in _changes(corrections, Teil.AKTE)):
        value, holds = value_of(said, name), value_of(now, name)
        if is_corrected_away(corrections, name, value, holds):
            yield Change(Teil.AKTE, said.uuid, name, value, holds)


def _of_vorgaenge(said: Akte, now: Akte, corrections: Sequence[Correction]) -> Iterator[Change]:
    former = _former_keys(now, corrections)
    present = {_key(vorgang): vorgang for vorgang in reversed(now.vorgaenge)}  # of several of one name, the first
    for vorgang in said.vorgaenge:
        there = present.get(_key(vorgang)) or former.get(_folded(*_key(vorgang)))
        if there is None:
            continue
        for name in ("betreff", "zeichen"):
            value, holds = value_of(vorgang, name), value_of(there, name)
            if value != holds:
                yield Change(Teil.VORGANG, vorgang.uuid, name, value, holds)
        for name in ("typ", "laufzeit.beginn", "laufzeit.ende"):
            value, holds = value_of(vorgang, name), value_of(there, name)
            own = (c for c in _changes(corrections, Teil.VORGANG) if (c.uuid, c.name) == (there.uuid, name))
            if _gone(value, holds, own):
                yield Change(Teil.VORGANG, vorgang.uuid, name, value, holds)


def _of_dokumente(
    said: Akte, now: Akte, corrections: Sequence[Correction], replaced: Mapping[UUID, UUID]
) -> Iterator[Change]:
    known = {dokument.uuid: dokument for dokument in now.dokumente}
    for dokument in said.dokumente:
        old = known.get(replaced.get(dokument.uuid, dokument.uuid))
        if old is None:
            continue
        own = [change for change in _changes(corrections, Teil.DOKUMENT) if change.uuid == old.uuid]
        for name in dict.fromkeys(change.name for change in own):
            value, holds = value_of(dokument, name), value_of(old, name)
            if _gone(value, holds, (change for change in own if change.name == name)):
                yield Change(Teil.DOKUMENT, dokument.uuid, name, value, holds)


def _with(said: Akte, changes: Sequence[Change]) -> Akte:
    try:
        return corrected(said, changes)
    except ValueError:  # the days of a slip and of a correction that do not go together: all of them as corrected
        own = [change for change in changes if not change.name.startswith("laufzeit.")]
        silent = {change.uuid for change in changes if change not in own}
        vorgaenge = tuple(
            replace(each, laufzeit=Laufzeit()) if each.uuid in silent else each for each in said.vorgaenge
        )
        laufzeit = Laufzeit() if said.uuid in silent else said.laufzeit
        return corrected(replace(said, laufzeit=laufzeit, vorgaenge=vorgaenge), own)


def _former_keys(now: Akte, corrections: Sequence[Correction]) -> dict[_Folded, Vorgang]:
    """What the Vorgänge of today were called before they were corrected."""
    found: dict[_Folded, Vorgang] = {}
    for vorgang in now.vorgaenge:
        betreff, zeichen = _key(vorgang)
        for change in reversed(list(_changes(corrections, Teil.VORGANG))):
            if change.uuid == vorgang.uuid and change.name in ("betreff", "zeichen"):
                betreff = change.alt if change.name == "betreff" else betreff
                zeichen = change.alt if change.name == "zeichen" else zeichen
                found.setdefault(_folded(betreff, zeichen), vorgang)
    return found


def _changes(corrections: Sequence[Correction], teil: Teil) -> Iterator[Change]:
    return (change for correction in corrections for change in correction.changes if change.teil is teil)


def _key(vorgang: Vorgang) -> _Key:
    return vorgang.betreff, vorgang.zeichen


def _folded(betreff: str, zeichen: str) -> _Folded:
    return tuple(tokens(betreff)), tuple(tokens(zeichen))


def _gone(said: str, now: str, changes: Iterable[Change]) -> bool:
    """True for what was corrected away. To what holds it is compared to the letter: a correction may be one of
    spelling alone (Mueller → Müller), and by their words alone both are the same.
    """
    return bool(said) and said != now and any(_same(said, change.alt) for change in changes)


def _same(one: str, other: str) -> bool:
    return tokens(one) == tokens(other)
