"""Persons and parcels (Flurstücke) that an Akte speaks of: read from its fields, and made comparable.

A hold must rather cover too much than too little: spellings fold, a place that is not named matches every place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from akten.model import clean_text
from catalog.fold import fold, tokens


class ReferenceKind(StrEnum):
    """What a reference points at."""

    PERSON = "person"
    PARCEL = "parcel"


@dataclass(frozen=True, slots=True)
class Reference:
    """One person or parcel: the words as written, and what is compared. `match_place` is "" for any place."""

    kind: ReferenceKind
    label: str
    value: str
    match_key: str
    match_place: str = ""


# Names of fields, folded, that name a person; a number counts as well as a name.
_PERSON_WORDS = """
person name namen vorname nachname familienname geburtsname bauherr bauherrin bauherrschaft antragsteller
antragstellerin eigentuemer eigentuemerin betroffene betroffener beteiligte verstorbene verstorbener
nutzungsberechtigte nutzungsberechtigter gewerbetreibende gewerbetreibender inhaber inhaberin steuerpflichtige
steuerpflichtiger halter halterin personalnummer personalnr personenkennzeichen steuernummer steuernr steuerid
steueridnr steueridentifikationsnummer identifikationsnummer idnr idnummer kassenzeichen personenkonto
personenkontonummer debitor debitorennummer auslaendernummer azrnummer azrnr azr ordnungsmerkmal geburtsdatum
sozialversicherungsnummer versicherungsnummer mitgliedsnummer kundennummer
"""
_PERSON_FIELDS = frozenset(_PERSON_WORDS.split())
_TITLE_WORDS = "herr herrn frau familie eheleute dr prof med jur phil dipl ing mag"
_TITLES = frozenset(_TITLE_WORDS.split())
_LABELLED = re.compile(r"([a-z]+)(\d.*)\Z")
_PADDING = re.compile(r"\A0+(?=\d)")
_PARCEL_FIELDS = frozenset(
    ("flurstueck", "flurstuecke", "flurstuecksnummer", "flurstuecksnr", "flst", "flstnr", "parzelle", "parzellen")
)
_FLUR_FIELDS = frozenset(("flur", "flurnummer", "flurnr"))
_PLACE_FIELDS = frozenset(("gemarkung",))

_MOST_DIGITS = 30
_FLUR = re.compile(r"\b(?:flur\b\.?\s*(?:-?\s*(?:nr|nummer)\b\.?)?|fl\b\.?)\s*:?\s*(\d+)")
_NUMBERS = re.compile(r"(?P<flur>\d+)(?=\s*[-\u2010-\u2015\u2212]\s*\d)|\d+(?:\s*/\s*\d+)?")
_PLACE = re.compile(r"\bgemarkung\b\s*:?\s*([^\W\d_][^\d,;]*)")
# Words beside a parcel that name no place.
_PLACELESS_WORDS = """
flur fl flurst flurstuecks gemarkung gem gmkg stadt gemeinde nr nummer und u sowie aus von vom an am auf im in bei der
die das des dem den teil teile teilflaeche teilflaechen teilstueck teilweise tlw ganz alt neu ehemals ehem frueher jetzt
"""
_NO_PLACE = _PARCEL_FIELDS | frozenset(_PLACELESS_WORDS.split())


def _field(name: str) -> str:
    return "".join(tokens(name))


def person_key(value: str) -> str:
    """A person's number without separators, or a name as its sorted words."""
    folded = fold(value)
    if any(c.isdigit() for c in folded):
        return "".join(c for c in folded if c.isalnum())
    return " ".join(sorted(tokens(value)))


def plain_person(key: str) -> str:
    """What a key of a person says without titles, the name of its field and leading zeros; holds are compared by that.

    Whoever writes "Personalnummer 4711-08" or "Frau Meier" means no one else, and a payroll that fills its numbers up
    with zeros neither.
    """
    if labelled := _LABELLED.match(key):
        if labelled[1] not in _PERSON_FIELDS:
            return key
        key = labelled[2]
    if key[:1].isdigit():
        return _PADDING.sub("", key)
    return " ".join(word for word in key.split() if word not in _TITLES) or key


def person(value: str, label: str = "") -> Reference | None:
    """The reference to a person by number or name; None when nothing of it can be compared."""
    key = person_key(clean_text(value))
    return Reference(ReferenceKind.PERSON, clean_text(label), clean_text(value), key) if key else None


def parcels(value: str, label: str = "", flur: str = "", gemarkung: str = "") -> tuple[Reference, ...]:
    """Every parcel that a text names: "Gemarkung Neuss, Flur 12, Flurstücke 345/2 und 346", "12-345/2".

    Where no Flur is named, or several are, none is guessed: a parcel without its Flur is covered by a hold on any.
    """
    text = fold(clean_text(value))
    own_place = _PLACE.search(text)
    place = _place(own_place[1] if own_place else gemarkung) or _place(value)
    named = _FLUR.findall(text) or re.findall(r"\d+", flur)
    field = named[0] if len({_number(each) for each in named}) == 1 else ""
    said = clean_text(label), clean_text(value)
    found = {}
    for match in _NUMBERS.finditer(_FLUR.sub(" ", text)):
        if match["flur"] and not named:  # "12-345/2": the Flur comes first, also for those behind it
            field = match["flur"]
            continue
        number = "/".join(_number(part) for part in match[0].split("/"))
        key = f"{_number(field)}-{number}" if field else number
        found[key] = Reference(ReferenceKind.PARCEL, *said, key, place)
    return tuple(found.values())


def _place(text: str) -> str:
    """The words of a text that can name a place."""
    return " ".join(word for word in tokens(text) if word.isalpha() and word not in _NO_PLACE)


def same_place(one: str, other: str) -> bool:
    """Whether a parcel in the one place can be that in the other: no place is any, and one word in common is enough.

    "Neuss" and "Neuss-Norf" may be one; a hold that leaves out a parcel for a word beside it would lose it.
    """
    first, second = frozenset(_place(one).split()), frozenset(_place(other).split())
    return not (first and second) or not first.isdisjoint(second)


def _number(digits: str) -> str:
    """A number without leading zeros; what no parcel bears stays as it is written."""
    return str(int(digits)) if len(digits) <= _MOST_DIGITS else digits.strip()


def references_of(felder: Iterable[Sequence[str]]) -> tuple[Reference, ...]:
    """The persons and parcels that the fields of an Akte name, once each."""
    fields = [(name, value, _field(name)) for name, value in felder]
    flur = next((value for _, value, field in fields if field in _FLUR_FIELDS), "")
    place = next((value for _, value, field in fields if field in _PLACE_FIELDS), "")
    found: dict[tuple[str, str, str, str], Reference] = {}
    for name, value, field in fields:
        made: tuple[Reference | None, ...] = ()
        if field in _PARCEL_FIELDS:
            made = parcels(value, name, flur, place)
        elif field in _PERSON_FIELDS:
            made = (person(value, name),)
        for reference in made:
            if reference is not None:
                found[reference.kind, reference.label, reference.match_key, reference.match_place] = reference
    return tuple(found.values())


def covered_keys(match_key: str) -> tuple[str, ...]:
    """The keys under which an Akte can stand that a hold with this key covers: a parcel without its Flur counts too."""
    _, _, bare = match_key.rpartition("-")
    return (match_key, bare) if bare != match_key else (match_key,)
