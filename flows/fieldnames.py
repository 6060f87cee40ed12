"""Names of the fields of a family (Flurstück, Steuernummer …): chosen freely, so one comes in many spellings."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from akten.findings import Finding, Severity
from akten.model import Akte
from ingest.slip_fields import fold

_NEAR = 0.75  # „Flurstük“ is near „Flurstück“, and „Flur“ is not


def known_name(name: str, known: Collection[str]) -> str:
    """The name that `known` has for a field, `name` itself where it has none, or several in other spellings."""
    if name in known:
        return name
    alike = [each for each in known if fold(each) == fold(name)]
    return alike[0] if len(alike) == 1 else name


def near_names(name: str, known: Collection[str]) -> tuple[str, ...]:
    """Those of `known` that somebody may have meant by a name that is none of them, the nearest first."""
    folded = {fold(each): each for each in known}
    return tuple(folded[each] for each in difflib.get_close_matches(fold(name), list(folded), n=3, cutoff=_NEAR))


def other_spellings(own: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Those of `own` that are another spelling of a known name, with that name; none is given where two would claim it.

    Else Flurstueck would stand beside Flurstück, one with the old value and one with the new.
    """
    own = frozenset(own)
    meant = {name: there for name in own if (there := known_name(name, known)) != name and there not in own}
    claims = Counter(meant.values())
    return {name: there for name, there in meant.items() if claims[there] == 1}


def renamed(akte: Akte, names: Mapping[str, str]) -> Akte:
    """The Akte with these of its fields under other names, each in its place."""
    return replace(akte, felder=tuple((names.get(name, name), value) for name, value in akte.felder))


def as_named_before(said: Akte, before: Akte, slip: str) -> tuple[Akte, tuple[Finding, ...]]:
    """What a slip says with each field under the name that the Akte has for it; WF-54 tells of another spelling."""
    other = other_spellings(dict(said.felder), dict(before.felder))
    if not other:
        return said, ()
    told = ", ".join(f"„{name}“ ist das Feld „{there}“ der Akte" for name, there in sorted(other.items()))
    text = f"Der Laufzettel schreibt Felder anders als bisher: {told}. Es bleibt bei dem Namen in der Akte."
    return renamed(said, other), (Finding("WF-54", Severity.WARNING, slip, text),)
