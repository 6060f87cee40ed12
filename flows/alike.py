"""A Vorgang of a Nachscan that is nearly one of the archived Akte: before a second is made, a person is asked.

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
from ingest.rescans import more_nearly_there, nearly_there
from ingest.rules import FEW, apply_accepted

_Zeichen = tuple[str, ...]
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
    """IN-55 for the Vorgänge of a delivery that would stand beside one nearly so called; none before the first version.

    `left` is the plan without what is only linked; what a correction made of the name of a Vorgang counts.
    """
    packages = services.catalog.packages(left.akte.uuid)
    now = services.catalog.akte_snapshot(left.akte.uuid, packages[-1].package.id.version) if packages else None
    if now is None:
        return ()
    replaced = {one.dokument: one.gone[0].dokument for one in wanted.replacements}
    slip = delivery.slip
    said, _ = outlasting(left.akte, now, corrections_of(services, now.uuid), slip.datei, replaced)
    places = {vorgang.uuid: place for place, vorgang in enumerate(whole.akte.vorgaenge, 1)}
    where = {u: f"{slip.datei}, vorgaenge[{place}]" if slip.vorgaenge else slip.datei for u, place in places.items()}
    new = tuple(v for v in said.vorgaenge if any(d.uuid not in replaced for d in v.dokumente))
    found = nearly_alike(replace(said, vorgaenge=new), now, where, by_betreff=not slip.vorgaenge)
    return apply_accepted(found, accepted)


def nearly_alike(said: Akte, now: Akte, where: Mapping[UUID, str], *, by_betreff: bool = False) -> tuple[Finding, ...]:
    """IN-55 for each Vorgang of `said` that is none of `now` to the letter, and nearly one of them."""
    exact = {(there.betreff, there.zeichen) for there in now.vorgaenge}
    named, numbered = _by_betreff(now.vorgaenge), _by_zeichen(now.vorgaenge)
    # a Zeichen that others bear too, or the Akte as a whole, says nothing of a Vorgang with another Betreff
    silent = _shared(now.vorgaenge) | _shared(said.vorgaenge) | {_zeichen(now.aktenzeichen.kanonisch), ()}
    found: list[Finding] = []
    left = 0
    for vorgang in said.vorgaenge:
        if (vorgang.betreff, vorgang.zeichen) in exact:
            continue
        zeichen = _zeichen(vorgang.zeichen)
        alike = named.get(_betreff(vorgang.betreff), ())
        near = [there for there in alike if not zeichen or _zeichen(there.zeichen) in ((), zeichen)]
        near = near or ([] if zeichen in silent else numbered.get(zeichen, []))
        if near and len(found) < FEW:
            told = tuple((there.betreff, there.zeichen) for there in near)
            own = (vorgang.betreff, vorgang.zeichen)
            found.append(nearly_there(where.get(vorgang.uuid, ""), own, told, by_betreff=by_betreff))
        else:
            left += bool(near)
    return (*found, more_nearly_there(left)) if left else tuple(found)


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
