"""`IntakeOptions`: case number patterns and scan profiles, which the city sets in YAML; limits, which are ours."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from akten.aktenzeichen import MUSTER, Muster
from akten.diskwords import in_german
from akten.errors import Misconfigured
from akten.model import Aktenart

# By content, never by extension; what else arrives goes to the clearing desk.
ACCEPTED_TYPES: tuple[str, ...] = ("image/tiff", "image/jpeg", "image/png", "image/jp2", "image/jpx", "application/pdf")


class Blanks(StrEnum):
    """What becomes of blank pages: kept as pages, or dropped and recorded with a thumbnail."""

    KEEP = "behalten"
    DROP = "weglassen"


@dataclass(frozen=True, slots=True)
class Profile:
    """One released scan profile (TR-RESISCAN A.SC.4).

    `dpi` is taken where a file states none or an absurd one. `duplex` and `blanks_removed` (the scanner itself drops
    blank backs) hold where the slip is silent.
    """

    name: str
    dpi: int = 300
    blanks: Blanks = Blanks.KEEP
    duplex: bool = False
    blanks_removed: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("Profil ohne Namen")
        if not 75 <= self.dpi <= 1200:
            raise ValueError(f"Profil {self.name}: dpi liegt nicht zwischen 75 und 1200")


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much one delivery may be; bytes, counts, and the factor by which a member of a ZIP may grow."""

    slip_bytes: int = 1 << 20
    slip_depth: int = 24
    slip_values: int = 100_000
    files: int = 20_000
    depth: int = 8
    pages: int = 100_000
    zip_bytes: int = 64 << 30
    zip_ratio: int = 1_000
    zip_ratio_from: int = 64 << 20  # a small member may grow by any factor: blank bilevel pages do


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """All that the intake can be told. `record_classes` are (class, Aktenart or "" for any); empty: not checked."""

    muster: tuple[Muster, ...] = MUSTER
    profiles: tuple[Profile, ...] = (
        Profile("standard"),
        Profile("duplex", duplex=True),
        Profile("plan", dpi=200),
        Profile("foto", dpi=400),
    )
    default_profile: str = "standard"
    record_classes: tuple[tuple[str, str], ...] = ()
    accepted_types: tuple[str, ...] = ACCEPTED_TYPES
    limits: IntakeLimits = IntakeLimits()

    def __post_init__(self) -> None:
        names = [profile.name for profile in self.profiles]
        if len({name.casefold() for name in names}) != len(names):
            raise ValueError("Ein Profil ist doppelt beschrieben; Groß- und Kleinschreibung zählen nicht")
        if self.default_profile not in names:
            raise ValueError(f"Das Standardprofil „{self.default_profile}“ ist nicht beschrieben")

    def profile(self, name: str | None) -> Profile | None:
        """The profile of that name (case does not matter), the default one for None, else None."""
        wanted = (name or self.default_profile).casefold()
        return next((profile for profile in self.profiles if profile.name.casefold() == wanted), None)


def _known(part: Mapping[str, Any], names: list[str], where: str) -> None:
    for key in part:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            hint = f" Meinten Sie „{near[0]}“?" if near else f" Bekannt sind: {', '.join(names)}."
            raise Misconfigured(f"{where}: „{key}“ gibt es nicht.{hint}")


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise Misconfigured(f"{where}: erwartet wird eine Liste von „name: wert“.")
    return value


def _muster(entries: Any, where: str) -> tuple[Muster, ...]:
    if not isinstance(entries, list):
        raise Misconfigured(f"{where}: „aktenzeichen“ ist eine Liste von Mustern.")
    found = []
    for entry in entries:
        part = _mapping(entry, where)
        _known(part, [field.name for field in fields(Muster)], f"{where}, aktenzeichen")
        if part.get("aktenart") not in list(Aktenart):
            raise Misconfigured(f"{where}: „aktenart“ ist eine von {', '.join(Aktenart)}.")
        if not isinstance(part.get("vorlage"), str):
            raise Misconfigured(f"{where}, aktenzeichen: „vorlage“ ist ein Text, etwa 63-{{nr:5}}-{{jahr}}.")
        if not all(isinstance(part.get(year, 0), int) for year in ("jahr_von", "jahr_bis")):
            raise Misconfigured(f"{where}, aktenzeichen: „jahr_von“ und „jahr_bis“ sind ganze Zahlen.")
        found.append(Muster(**part))
    return tuple(found)


def _profiles(entries: Any, where: str) -> tuple[Profile, ...]:
    names = {"dpi": "dpi", "leerseiten": "blanks", "duplex": "duplex", "leerseiten_entfernt": "blanks_removed"}
    found = []
    for name, entry in _mapping(entries, where).items():
        part = _mapping(entry or {}, f"{where}, Profil {name}")
        _known(part, list(names), f"{where}, Profil {name}")
        values = {names[key]: value for key, value in part.items()}
        if "blanks" in values:
            if values["blanks"] not in list(Blanks):
                raise Misconfigured(f"{where}, Profil {name}: „leerseiten“ ist eines von {', '.join(Blanks)}.")
            values["blanks"] = Blanks(values["blanks"])
        if not all(isinstance(values.get(flag, False), bool) for flag in ("duplex", "blanks_removed")):
            raise Misconfigured(f"{where}, Profil {name}: „duplex“ und „leerseiten_entfernt“ sind true oder false.")
        if not isinstance(values.get("dpi", 300), int):
            raise Misconfigured(f"{where}, Profil {name}: „dpi“ ist eine ganze Zahl.")
        found.append(Profile(name, **values))
    return tuple(found)


def load_options(path: Path) -> IntakeOptions:
    """The intake options of a YAML file; what it does not name keeps its default. Raises Misconfigured."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"{path.name} ist nicht lesbar ({in_german(error.errno)}).") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path.name} ist nicht in UTF-8 geschrieben.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a day or a number that is none
        mark = getattr(error, "problem_mark", None)
        where = f" (Zeile {mark.line + 1})" if mark else ""
        raise Misconfigured(f"{path.name} ist kein gültiges YAML{where}.") from error
    part = _mapping(content or {}, path.name)
    _known(part, ["aktenzeichen", "profile", "standardprofil"], path.name)
    values: dict[str, Any] = {}
    try:
        if "aktenzeichen" in part:
            values["muster"] = _muster(part["aktenzeichen"], path.name)
        if "profile" in part:
            values["profiles"] = _profiles(part["profile"], path.name)
        if "standardprofil" in part:
            values["default_profile"] = str(part["standardprofil"])
        return IntakeOptions(**values)
    except (TypeError, ValueError) as error:
        raise Misconfigured(f"{path.name}: {error}") from error
