"""Which Vorgang or Dokument of an Akte a clerk means: by UUID, by its number, or by its Betreff."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TypeVar

from akten.errors import Unknown
from akten.model import Akte, Dokument, Vorgang
from catalog.fold import tokens

T = TypeVar("T", Vorgang, Dokument)
_MOST = 5  # parts that one sentence names


def vorgang_named(akte: Akte, said: str) -> Vorgang:
    """The Vorgang that is meant. Raises Unknown, with what is there."""
    other = _same(akte.dokumente, said)
    return _named(akte.vorgaenge, said, "Einen Vorgang", "Vorgänge", "ein Dokument: --dokument" if other else "")


def dokument_named(akte: Akte, said: str) -> Dokument:
    """The Dokument that is meant. Raises Unknown, with what is there."""
    other = _same(akte.vorgaenge, said)
    return _named(akte.dokumente, said, "Ein Dokument", "Dokumente", "ein Vorgang: --vorgang" if other else "")


def _named(parts: Sequence[T], said: str, one: str, many: str, other: str) -> T:
    """The part that a UUID, a number (counted as shown), or its whole Betreff means; spelling and case do not count
    where no other part bears it to the letter. `other` says what else of the Akte is called so.
    """
    found = [part for part in parts if str(part.uuid) == said.casefold()]
    named = [part for part in parts if part.betreff == said] or _same(parts, said)
    number = [parts[int(said) - 1]] if said.isdecimal() and 0 < int(said) <= len(parts) else []
    if not found and named and number and named != number:
        raise Unknown(f"„{said}“ ist hier die Nummer des einen und der Betreff eines anderen; bitte die UUID nennen.")
    found = found or named or number
    if len(found) == 1:
        return found[0]
    if found:
        raise Unknown(f"{many} dieses Betreffs gibt es {len(found)}: {_told(parts, found)}. Bitte die Nummer nennen.")
    if other:
        raise Unknown(f"{one} „{said}“ gibt es in dieser Akte nicht; so heißt {other}.")
    near = difflib.get_close_matches(said, [part.betreff for part in parts], n=_MOST, cutoff=0.6)
    like = [part for part in parts if part.betreff in near] or list(parts)
    raise Unknown(f"{one} „{said}“ gibt es in dieser Akte nicht, sondern {_told(parts, like)}.")


def _same(parts: Sequence[T], said: str) -> list[T]:
    wanted = tokens(said)
    return [part for part in parts if wanted and tokens(part.betreff) == wanted]


def _told(parts: Sequence[T], some: Sequence[T]) -> str:
    listed = [f"Nr. {place} „{part.betreff}“" for place, part in enumerate(parts, 1) if part in some]
    return ", ".join(listed[:_MOST]) + (f" … (alle {len(parts)}: archiv akte zeige)" if len(listed) > _MOST else "")
