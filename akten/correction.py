"""A correction of what an archived Akte is described as: which value of which part, as it was and as it shall be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from akten.aktenzeichen import Aktenzeichen
from akten.errors import FixityError
from akten.model import Akte, Dokument, Laufzeit, Vorgang

P = TypeVar("P", Akte, Vorgang, Dokument)


class Teil(StrEnum):
    """What can be corrected."""

    AKTE = "akte"
    VORGANG = "vorgang"
    DOKUMENT = "dokument"


# What the slip calls each value, and what people call it.
NUMBER = "aktenzeichen"
NAMES: Mapping[str, str] = {
    NUMBER: "Aktenzeichen",
    "betreff": "Betreff",
    "federfuehrung": "Federführung",
    "aktenplaneinheit": "Aktenplaneinheit",
    "laufzeit.beginn": "Beginn der Laufzeit",
    "laufzeit.ende": "Ende der Laufzeit",
    "zda_datum": "z.d.A.-Datum",
    "zeichen": "Zeichen",
    "typ": "Typ",
    "datum": "Datum",
    "posteingang": "Tag des Posteingangs",
}
FELD = "felder."  # before the name of a field of the family ("felder.Flurstück")
DAYS = frozenset({"laufzeit.beginn", "laufzeit.ende", "zda_datum", "datum", "posteingang"})


_ANOTHER = "Die Akte ist nicht so beschrieben, wie es der Vorschlag sagt: archiv protokoll pruefe."


@dataclass(frozen=True, slots=True)
class Change:
    """One value that gives way to another; "" stands for none, days are ISO text. `uuid` is that of the part."""

    teil: Teil
    uuid: UUID
    name: str
    alt: str
    neu: str

    @property
    def words(self) -> str:
        """What people call the value, whose it is left out; never the value itself."""
        what = f"Feld „{self.name[len(FELD) :]}“" if self.name.startswith(FELD) else NAMES[self.name]
        return (
            what
            if self.teil is Teil.AKTE
            else f"{what} eines {'Vorgangs' if self.teil is Teil.VORGANG else 'Dokuments'}"
        )

    def to_json(self) -> dict[str, str]:
        """As it is kept and printed."""
        return {
            "teil": self.teil.value,
            "uuid": str(self.uuid),
            "feld": self.name,
            "alt": self.alt,
            "neu": self.neu,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Change:
        """The way back of `to_json`. Raises KeyError, ValueError and the like for anything else."""
        return Change(Teil(value["teil"]), UUID(value["uuid"]), value["feld"], str(value["alt"]), str(value["neu"]))


@dataclass(frozen=True, slots=True)
class Correction:
    """What two persons agreed on: a version of an Akte, its changes, who proposed and who released, when and why.

    `von` and `frei_von` are accounts or roles of the office, never a citizen's name.
    """

    version: int
    changes: tuple[Change, ...]
    grund: str
    von: str
    am: datetime
    frei_von: str
    frei_am: datetime
    frei_grund: str

    @property
    def words(self) -> str:
        """What was corrected, without any value."""
        return ", ".join(dict.fromkeys(change.words for change in self.changes))

    def to_json(self) -> dict[str, Any]:
        """As it stands in the package and in the place of a slip in the register."""
        return {
            "berichtigung": {
                "version": self.version,
                "grund": self.grund,
                "vorgeschlagen": {"von": self.von, "am": self.am.isoformat()},
                "freigegeben": {"von": self.frei_von, "am": self.frei_am.isoformat(), "grund": self.frei_grund},
                "aenderungen": [change.to_json() for change in self.changes],
            }
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Correction:
        """The way back of `to_json`. Raises KeyError, ValueError and the like for anything else."""
        said = value["berichtigung"]
        first, second = said["vorgeschlagen"], said["freigegeben"]
        return Correction(
            int(said["version"]),
            tuple(Change.from_json(each) for each in said["aenderungen"]),
            str(said["grund"]),
            str(first["von"]),
            datetime.fromisoformat(first["am"]),
            str(second["von"]),
            datetime.fromisoformat(second["am"]),
            str(second["grund"]),
        )


def is_correction(slip: Mapping[str, Any]) -> bool:
    """True for what stands in the place of a slip where a version came of a correction and of no delivery."""
    return "berichtigung" in slip


def number_given(changes: Sequence[Change]) -> str | None:
    """The Aktenzeichen that an Akte gets by these changes, None when it keeps its own."""
    return next((change.neu for change in changes if change.teil is Teil.AKTE and change.name == NUMBER), None)


def value_of(part: Akte | Vorgang | Dokument, name: str) -> str:
    """A value of a part as a change tells it. Raises AttributeError for one that the part does not have."""
    if name.startswith(FELD):
        return dict(part.felder).get(name[len(FELD) :], "") if isinstance(part, Akte) else ""
    value: Any = part
    for step in name.split("."):
        value = getattr(value, step)
    return value.isoformat() if isinstance(value, date) else str(value or "")


def corrected(akte: Akte, changes: Sequence[Change]) -> Akte:
    """The Akte with the new values. Raises ValueError where one cannot be (an empty Betreff, a Laufzeit that ends
    before it begins), FixityError where a part is not there or a value is not what the change says it was.
    """
    parts = {Teil.AKTE: {akte.uuid}, Teil.VORGANG: {v.uuid for v in akte.vorgaenge}}
    parts[Teil.DOKUMENT] = {d.uuid for d in akte.dokumente}
    if any(change.uuid not in parts[change.teil] for change in changes):
        raise FixityError(_ANOTHER)
    vorgaenge = []
    for vorgang in akte.vorgaenge:
        dokumente = tuple(_with(dokument, Teil.DOKUMENT, changes) for dokument in vorgang.dokumente)
        vorgaenge.append(_with(replace(vorgang, dokumente=dokumente), Teil.VORGANG, changes))
    return _with(replace(akte, vorgaenge=tuple(vorgaenge)), Teil.AKTE, changes)


def _with(part: P, teil: Teil, changes: Sequence[Change]) -> P:
    mine = [change for change in changes if (change.teil, change.uuid) == (teil, part.uuid)]
    if any(value_of(part, change.name) != change.alt for change in mine):
        raise FixityError(_ANOTHER)
    values: dict[str, Any] = {}
    spans: dict[str, date | None] = {}
    felder: dict[str, str] = {}
    for change in mine:
        if change.name.startswith(FELD):
            felder[change.name[len(FELD) :]] = change.neu
        elif change.name.startswith("laufzeit."):
            spans[change.name.removeprefix("laufzeit.")] = _day(change.neu)
        elif change.name == NUMBER:  # what the old slip spelled was not this one
            values[NUMBER] = Aktenzeichen(change.neu, change.neu)
        else:
            values[change.name] = _day(change.neu) if change.name in DAYS else change.neu
    if felder and isinstance(part, Akte):
        whole = {**dict(part.felder), **felder}
        values["felder"] = tuple((name, value) for name, value in whole.items() if value)
    if spans and isinstance(part, (Akte, Vorgang)):
        known = part.laufzeit
        values["laufzeit"] = Laufzeit(spans.get("beginn", known.beginn), spans.get("ende", known.ende))
    return replace(part, **values)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
