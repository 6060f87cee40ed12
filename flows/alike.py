"""A Vorgang that is nearly one of the archived Akte, or of its own slip: before a second is made, a person is asked.

Only what is equal to the letter is joined (flows/packing.py). What is nearly equal is asked about, never guessed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from akten.findings import Finding
from akten.model import Akte, Vorgang
from catalog.fold import tokens
from flows.outlasting import corrections_of, outlasting
from flows.replacing import Wanted
from flows.wiring import Services
from ingest.delivery import Delivery, PlannedAkte
from ingest.rescans import more_nearly_there, nearly_there, nearly_twice
from ingest.rules import FEW, apply_accepted

_Zeichen = tuple[str, ...]
_Name = tuple[str, str]  # Betreff and Zeichen to the letter
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_CALLED = ("az", "aktenzeichen")  # what some write before a number


def asked_of_vorgaenge(
    services: Services,
    delivery: Delivery,
    whole: PlannedAkte,
    left: PlannedAkte,
    wanted: Wanted,
    accepted: frozenset[str],
) -> tuple[Finding, ...]:
    """IN-55 for the Vorgänge of a delivery that would stand beside one nearly so called, of the Akte or of its slip.

    `left` is the plan without what is only linked; what a correction made of the name of a Vorgang counts. What a
    person accepted is what was told then: one that is near to another since is asked about.
    """
    packages = services.catalog.packages(left.akte.uuid)
    now = services.catalog.akte_snapshot(left.akte.uuid, packages[-1].package.id.version) if packages else None
    replaced = {one.dokument: one.gone[0].dokument for one in wanted.replacements}
    slip, said = delivery.slip, left.akte
    if now is not None:
        said, _ = outlasting(said, now, corrections_of(services, now.uuid), slip.datei, replaced)
    places = {vorgang.uuid: place for place, vorgang in enumerate(whole.akte.vorgaenge, 1)}
    where = {u: f"{slip.datei}, vorgaenge[{place}]" if slip.vorgaenge else slip.datei for u, place in places.items()}
    new = tuple(v for v in said.vorgaenge if any(d.uuid not in replaced for d in v.dokumente))
    found = nearly_alike(replace(said, vorgaenge=new), now, where, by_betreff=not slip.vorgaenge)
    if "IN-55" not in accepted:
        return found
    known = [each for each in services.catalog.accepted_findings(delivery.uuid) if each.code == "IN-55"]
    return tuple(
        # it may have been told with why it was asked once more
        apply_accepted((one,), accepted)[0]
        if any(one.where == each.where and each.text.startswith(one.text) for each in known)
        else one
        for one in found
    )


def nearly_alike(
    said: Akte, now: Akte | None, where: Mapping[UUID, str], *, by_betreff: bool = False
) -> tuple[Finding, ...]:
    """IN-55 for each Vorgang of `said` that is none of `now` to the letter, and nearly one of them or of those before
    it.
    """
    there_now = now.vorgaenge if now is not None else ()
    exact = {(there.betreff, there.zeichen) for there in there_now}
    named, numbered = _by_betreff(there_now), _by_zeichen(there_now)
    # a Zeichen that others bear too, or the Akte as a whole, says nothing of a Vorgang with another Betreff
    silent = _shared(there_now) | _shared(said.vorgaenge) | {_zeichen((now or said).aktenzeichen.kanonisch), ()}
    before = _Before()
    found: list[Finding] = []
    left = 0
    for vorgang in said.vorgaenge:
        if (vorgang.betreff, vorgang.zeichen) in exact:
            continue
        zeichen = _zeichen(vorgang.zeichen)
        alike = named.get(_betreff(vorgang.betreff), ())
        near = [there for there in alike if not zeichen or _zeichen(there.zeichen) in ((), zeichen)]
        near = near or ([] if zeichen in silent else numbered.get(zeichen, []))
        own, place = (vorgang.betreff, vorgang.zeichen), where.get(vorgang.uuid, "")
        twice = before.spelled_otherwise(own)
        if (near or twice) and len(found) == FEW:
            left += 1
        elif near:
            told = tuple((there.betreff, there.zeichen) for there in near)
            found.append(nearly_there(place, own, told, by_betreff=by_betreff))
        elif twice:
            found.append(nearly_twice(place, own, twice))
    return (*found, more_nearly_there(left)) if left else tuple(found)


class _Before:
    """The Vorgänge of a slip that stand before the one that is looked at."""

    def __init__(self) -> None:
        self._by_zeichen: defaultdict[tuple[str, _Zeichen], dict[_Name, None]] = defaultdict(dict)
        self._by_spelling: defaultdict[str, dict[str, _Name]] = defaultdict(dict)

    def spelled_otherwise(self, own: _Name) -> _Name | None:
        """One that is only spelled otherwise than this, which then is one of those before. Two of the very same
        Betreff, with and without Zeichen or both without, the slip itself tells apart.
        """
        key, zeichen = _betreff(own[0]), _zeichen(own[1])
        alike = (
            [*self._by_zeichen[key, zeichen], *self._by_zeichen[key, ()]]
            if zeichen
            else self._by_spelling[key].values()
        )
        found = next((one for one in alike if one[0] != own[0] or (zeichen and one[1] and one[1] != own[1])), None)
        self._by_zeichen[key, zeichen][own] = None
        self._by_spelling[key].setdefault(own[0], own)
        return found


def _by_betreff(vorgaenge: Iterable[Vorgang]) -> Mapping[str, list[Vorgang]]:
    found: defaultdict[str, list[Vorgang]] = defaultdict(list)
    for vorgang in vorgaenge:
        found[_betreff(vorgang.betreff)].append(vorgang)
    return found


def _by_zeichen(vorgaenge: Iterable[Vorgang]) -> Mapping[_Zeichen, list[Vorgang]]:
    found: defaultdict[_Zeichen, list[Vorgang]] = defaultdict(list)
    for vorgang in vorgaenge:
        found[_zeichen(vorgang.zeichen)].append(vorgang)
    return found


def _shared(vorgaenge: Iterable[Vorgang]) -> set[_Zeichen]:
    """The Zeichen that Vorgänge of several names bear: they tell none of them apart."""
    return {
        zeichen
        for zeichen, bearers in _by_zeichen(vorgaenge).items()
        if len({_betreff(vorgang.betreff) for vorgang in bearers}) > 1
    }


def _betreff(text: str) -> str:
    """A Betreff without what is easily written otherwise: case, blanks, marks; one of signs only as it stands."""
    return "".join(tokens(text)) or text.strip()


def _zeichen(text: str) -> _Zeichen:
    """A Zeichen by its letters and numbers: 63-07001-2019-1 is 63-7001-19-1; () for none."""
    parts = (part for word in tokens(text) if word not in _CALLED for part in _PARTS.findall(word))
    return tuple(_number(part) if part[0].isdecimal() else part for part in parts)


def _number(digits: str) -> str:
    """Without zeros before it, and a year by its last two digits."""
    plain = digits.lstrip("0") or "0"
    return plain[2:].lstrip("0") or "0" if len(plain) == 4 and plain[:2] in ("19", "20") else plain
