"""Four eyes by identity: whether two actors could be one person, under any spelling and on any path.

A name that was said (`--als`) proves nothing, so the account that said it counts as well. In doubt two names are one
person: a refusal that was not needed costs a third colleague, a second pair of eyes that is the first costs the proof.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from akten.errors import Forbidden
from catalog.actor import Actor, ActorKind
from catalog.fold import fold

_DN = re.compile(r"(?:\A|,)\s*(?:cn|uid)\s*=\s*([^,]+)", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"<([^<>]*)>")
_DOMAIN = re.compile(r"\A(?:[^\\]*\\|[^\s/\\]+/(?=[^\s/\\]+\Z))")
_WORDS = re.compile(r"[^\W_]+")
_TITLES = frozenset({"dr", "prof", "med", "jur", "dipl", "ing", "herr", "frau", "herrn"})
# Letters of other scripts that look like Latin ones: nobody is another person by typing them.
_LOOKALIKES = str.maketrans("аеорсхуіјѕкмтвнԁӏαεορχυικτνβ", "aeopcxyijskmtbhdlaeopxuiktvb")
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"))
_MOST_WORDS = 4  # a name of more words is compared by its words only

Name = tuple[str, ...]


def _words(text: str) -> Name:
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in ("Cf", "Cc"))
    folded = fold(plain).translate(_LOOKALIKES)
    for written, short in _UMLAUTS:  # Müller, Mueller and the account "muller"
        folded = folded.replace(written, short)
    found = [word for word in _WORDS.findall(folded) if word not in _TITLES]
    return tuple(sorted(found))


def names_of(text: str) -> frozenset[Name]:
    """Every name that a spelling holds, as sorted words without domain, title, case, marks and order.

    "NEUSS\\Meier", "meier@neuss.de" and "Meier" are one; so are "Meier, Anna" and "anna.meier".
    """
    parts = [match[1] for match in _DN.finditer(text)] or [_IN_BRACKETS.sub(" ", text), *_IN_BRACKETS.findall(text)]
    found = set()
    for part in parts:
        plain = _DOMAIN.sub("", part.strip(), count=1)
        found.add(_words(plain.split("@", 1)[0]))
    return frozenset(name for name in found if name)


def same_spelling(one: str, other: str) -> bool:
    """Whether both texts are the same name but for spelling; "meier" is not yet "Anna Meier"."""
    return not names_of(one).isdisjoint(names_of(other))


def may_be_same(one: str, other: str) -> bool:
    """Whether both texts may mean one person: the same name, a part of it, or with initials ("ameier", "A. Meier").

    A text without letters and digits names nobody, and so nobody else.
    """
    first, second = names_of(one), names_of(other)
    if not (first and second) or not first.isdisjoint(second):
        return True
    return any(_may_be_same(a, b) for a in first for b in second)


def _may_be_same(one: Name, other: Name) -> bool:
    less, more = sorted((one, other), key=len)
    if _within(less, more):
        return True
    return "".join(less) in _written_together(more) or "".join(more) in _written_together(less)


def _within(less: Name, more: Name) -> bool:
    """Every word of the shorter name stands in the longer one, at least one of them in full."""
    left, full = list(more), False
    for word in sorted(less, key=len, reverse=True):
        equal = word in left
        match = word if equal else next((o for o in left if _initial(word, o) or _initial(o, word)), None)
        if match is None:
            return False
        full = full or (equal and len(word) > 1)
        left.remove(match)
    return full


def _initial(short: str, word: str) -> bool:
    return len(short) == 1 and word.startswith(short)


def _written_together(name: Name) -> set[str]:
    if not 2 <= len(name) <= _MOST_WORDS:
        return {"".join(name)}
    forms = itertools.product(*((word, word[0]) for word in name))
    return {"".join(order) for form in forms for order in itertools.permutations(form) if max(map(len, order)) > 1}


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts whose word counts about who acts.

    `shared` are used by several people by rule (a counter); without a name such an account is nobody, so that it stays
    the same person as everybody behind it. `owners` could write anything into the archive anyway (the system's
    administrator, the owner of its folder): no second account would stop them, so a name that they say is a name.
    """

    shared: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()


STRICT = Accounts()


def same_person(one: Actor, other: Actor, accounts: Accounts = STRICT) -> bool:
    """Whether two actors may be one person: by the names said and by the accounts that said them."""
    if may_be_same(one.name, other.name):
        return True
    if by_word_alone(one, other, accounts):
        return False
    pairs = itertools.product({one.name, one.account}, {other.name, other.account})
    return any(may_be_same(a, b) for a, b in pairs)


def by_word_alone(one: Actor, other: Actor, accounts: Accounts) -> bool:
    """Whether one account stands behind both, and only the names it said tell them apart."""
    if not same_spelling(one.account, other.account):
        return False
    if any(same_spelling(one.account, account) for account in accounts.owners):
        return True
    if any(same_spelling(actor.name, actor.account) for actor in (one, other)):
        return False
    return any(same_spelling(one.account, account) for account in accounts.shared)


def marked(first: Actor, second: Actor, accounts: Accounts) -> dict[str, Any]:
    """What the event of a second person's act bears when only the names differ: who checks later must see it."""
    return {"shared_account": True} if by_word_alone(first, second, accounts) else {}


def require_second(first: Actor, second: Actor, act: str, accounts: Accounts = STRICT) -> None:
    """Raises Forbidden unless `second` is certainly a person, and another one than `first`. `act` begins a sentence:
    "Das Aufheben".
    """
    if second.kind is ActorKind.SYSTEM:
        raise Forbidden(f"{act} braucht eine zweite Person; ein Dienst ist keine.")
    if same_person(first, second, accounts):
        raise Forbidden(
            f"{act} braucht eine zweite Person. „{second.label}“ lässt sich von der ersten nicht unterscheiden: "
            "Schreibweise, Domäne und --als machen niemanden zu jemand anderem; es zählt auch das angemeldete Konto."
        )
