"""Names of the fields of a family (Flurstück, Steuernummer …): chosen freely, so one comes in many spellings."""

from __future__ import annotations

import difflib
from collections.abc import Collection
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


def as_named_before(said: Akte, before: Akte, slip: str) -> tuple[Akte, tuple[Finding, ...]]:
    """What a slip says with each field under the name that the Akte has for it; WF-54 tells of another spelling.

    Else Flurstueck would stand beside Flurstück, one with the old value and one with the new.
    """
    known, own = [name for name, _ in before.felder], {name for name, _ in said.felder}
    names = {name: known_name(name, known) for name in own}
    other = {name: there for name, there in names.items() if there != name and there not in own}
    other = {name: there for name, there in other.items() if list(other.values()).count(there) == 1}
    if not other:
        return said, ()
    told = ", ".join(f"„{name}“ ist das Feld „{there}“ der Akte" for name, there in sorted(other.items()))
    text = f"Der Laufzettel schreibt Felder anders als bisher: {told}. Es bleibt bei dem Namen in der Akte."
    felder = tuple((other.get(name, name), value) for name, value in said.felder)
    return replace(said, felder=felder), (Finding("WF-54", Severity.WARNING, slip, text),)
