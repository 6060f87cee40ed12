"""Reads a written Transfervermerk back: what a program of later days can take out of its bytes."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from akten.findings import Verdict
from metadata.transfervermerk import (
    FORMAT,
    FORMAT_VERSION,
    Ersteller,
    Qualitaet,
    Scanprodukt,
    Transfervermerk,
    Umgebung,
    Zeiten,
)


def read_note(data: bytes) -> Transfervermerk:
    """The note that was written."""
    value = json.loads(data)
    assert (value.pop("format"), value.pop("format_version")) == (FORMAT, FORMAT_VERSION)
    assert set(value) == {field.name for field in fields(Transfervermerk)}
    remarks, umgebung, qualitaet = value["auffaelligkeiten"], value["umgebung"], value["qualitaet"]
    software = tuple((entry["name"], entry["version"]) for entry in umgebung.pop("software"))
    judged = {name: Verdict(qualitaet.pop(name)) for name in ("ergebnis", "vollstaendigkeit")}
    return Transfervermerk(
        uuid=UUID(value["uuid"]),
        dokument=UUID(value["dokument"]),
        produkte=tuple(Scanprodukt(UUID(entry["uuid"]), entry["sha512"]) for entry in value["produkte"]),
        ersteller=Ersteller(**value["ersteller"]),
        umgebung=Umgebung(**umgebung, software=software),
        auffaelligkeiten=None if remarks is None else tuple(remarks),
        zeiten=Zeiten(**{name: _time(time) for name, time in value["zeiten"].items()}),
        qualitaet=Qualitaet(**{**qualitaet, **judged, "bemerkungen": tuple(qualitaet["bemerkungen"])}),
        erklaerung=value["erklaerung"],
    )


def _time(value: Any) -> datetime | date | None:
    if value is None:
        return None
    return date.fromisoformat(value) if len(value) == len("2026-11-23") else datetime.fromisoformat(value)
