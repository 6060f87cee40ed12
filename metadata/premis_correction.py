"""The PREMIS record of a version that came of a correction: no file is new, one event tells who did it, and why."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid5

from akten.correction import Correction
from akten.model import clean_text
from akten.package import PackageId
from metadata.premis_model import (
    AgentLink,
    AgentType,
    Category,
    Identifier,
    ObjectLink,
    PremisAgent,
    PremisEvent,
    PremisObject,
    PremisRecord,
)
from metadata.premis_reading import Tool


def correction_record(package: PackageId, correction: Correction, software: Tool, now: datetime) -> PremisRecord:
    """The record of this version. Persons are told by their Kennung, values by their names only: both stand with the
    correction itself, in the documentation of the package.
    """
    akte = Identifier("UUID", str(package.akte))
    name, version = (_line(text) for text in software)
    program = PremisAgent(
        Identifier("local", f"software/{name}/{version}"), name, AgentType.SOFTWARE, version, ("Archivsoftware",)
    )
    first, second = _person(correction.von), _person(correction.frei_von)
    running = AgentLink(program.identifier, ("executing program",))

    def event(
        number: int, kind: str, time: datetime, detail: str, *more: AgentLink, notes: tuple[str, ...] = ()
    ) -> PremisEvent:
        return PremisEvent(
            Identifier("UUID", str(uuid5(package.akte, f"premis/v{package.version}/event/{number}"))),
            kind,
            time,
            (detail,),
            "success",
            notes,
            (running, *more),
            (ObjectLink(akte, ("outcome",)),),
        )

    said = (f"Grund: {_line(correction.grund)}", f"Freigabe: {_line(correction.frei_grund)}")
    changed = event(
        1,
        "metadata modification",
        correction.frei_am,
        f"Beschreibung von Version {correction.version} berichtigt: {_line(correction.words)}",
        AgentLink(first.identifier, ("implementer",)),
        AgentLink(second.identifier, ("authorizer",)),
        notes=said,
    )
    packed = event(2, "information package creation", now, f"Paketversion {package.version}")
    whole = PremisObject(Category.INTELLECTUAL_ENTITY, (akte, Identifier("AIP", str(package))))
    agents = dict.fromkeys((program, first, second))
    return PremisRecord((whole,), (changed, packed), tuple(agents))


def _person(kennung: str) -> PremisAgent:
    name = _line(kennung)
    return PremisAgent(
        Identifier("local", f"person/{name}"),
        f"Kennung {name}",
        AgentType.PERSON,
        notes=("Kennung der Behörde; wer es ist, weiß deren Verzeichnis.",),
    )


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())
