"""Akte ↔ JSON text: the exact value as it was, for snapshots in the catalog.

The text is ASCII (everything else is escaped), so that any character an office can type survives in any database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from akten.aktenzeichen import Aktenzeichen
from akten.files import Digests
from akten.findings import Finding, Severity
from akten.model import (
    Akte,
    Aktenart,
    Anlage,
    Aufbewahrung,
    Aussonderungsart,
    Datei,
    Dokument,
    Ersetztes,
    HistorienEintrag,
    Laufzeit,
    Vorgang,
)

FORMAT = 1


def canonical(value: Any) -> str:
    """One text for one JSON value: sorted keys, no blanks, ASCII. Dates become ISO text, UUIDs their usual form."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, frozenset, set)):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _to_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _laufzeit(value: Laufzeit) -> list[str | None]:
    return [_day(value.beginn), _day(value.ende)]


def _to_laufzeit(value: Sequence[str | None]) -> Laufzeit:
    return Laufzeit(_to_day(value[0]), _to_day(value[1]))


def _historie(entries: Sequence[HistorienEintrag]) -> list[list[str]]:
    return [[e.zeitpunkt.isoformat(), e.akteur, e.aktion, e.bemerkung] for e in entries]


def _to_historie(entries: Sequence[Sequence[str]]) -> tuple[HistorienEintrag, ...]:
    return tuple(HistorienEintrag(datetime.fromisoformat(at), who, what, note) for at, who, what, note in entries)


def _datei(value: Datei) -> dict[str, Any]:
    return {
        "uuid": str(value.uuid),
        "suffix": value.suffix,
        "mime": value.mime,
        "sha256": value.digests.sha256,
        "sha512": value.digests.sha512,
        "size": value.digests.size,
        "format": [value.format_code, value.format_version, value.format_name],
        "name": value.name_original,
        "erstellt": None if value.erstellt is None else value.erstellt.isoformat(),
        **({"signiert": True} if value.signiert else {}),
    }


def _to_datei(value: Mapping[str, Any]) -> Datei:
    code, version, name = value["format"]
    return Datei(
        uuid=UUID(value["uuid"]),
        suffix=value["suffix"],
        mime=value["mime"],
        digests=Digests(value["sha256"], value["sha512"], value["size"]),
        format_code=code,
        format_version=version,
        format_name=name,
        name_original=value["name"],
        erstellt=None if value["erstellt"] is None else datetime.fromisoformat(value["erstellt"]),
        signiert=value.get("signiert", False),  # older snapshots say nothing of it
    )


def _dokument(value: Dokument) -> dict[str, Any]:
    return {
        "uuid": str(value.uuid),
        "betreff": value.betreff,
        "typ": value.typ,
        "datum": _day(value.datum),
        "posteingang": _day(value.posteingang),
        "seiten": value.seiten,
        "dateien": [_datei(datei) for datei in value.dateien],
        "historie": _historie(value.historie),
        "anlagen": [
            {"datei": _datei(anlage.datei), "betreff": anlage.betreff, "aus": str(anlage.aus)}
            for anlage in value.anlagen
        ],
        **({"ersetzt": [[str(e.dokument), e.version] for e in value.ersetzt]} if value.ersetzt else {}),
    }


def _to_dokument(value: Mapping[str, Any]) -> Dokument:
    return Dokument(
        uuid=UUID(value["uuid"]),
        betreff=value["betreff"],
        typ=value["typ"],
        datum=_to_day(value["datum"]),
        posteingang=_to_day(value["posteingang"]),
        seiten=value["seiten"],
        dateien=tuple(_to_datei(datei) for datei in value["dateien"]),
        historie=_to_historie(value["historie"]),
        anlagen=tuple(  # snapshots written before attachments were taken out have none
            Anlage(_to_datei(one["datei"]), one["betreff"], UUID(one["aus"])) for one in value.get("anlagen", ())
        ),
        ersetzt=tuple(Ersetztes(UUID(dokument), version) for dokument, version in value.get("ersetzt", ())),
    )


def _vorgang(value: Vorgang) -> dict[str, Any]:
    return {
        "uuid": str(value.uuid),
        "betreff": value.betreff,
        "zeichen": value.zeichen,
        "typ": value.typ,
        "laufzeit": _laufzeit(value.laufzeit),
        "dokumente": [_dokument(dokument) for dokument in value.dokumente],
    }


def _to_vorgang(value: Mapping[str, Any]) -> Vorgang:
    return Vorgang(
        uuid=UUID(value["uuid"]),
        betreff=value["betreff"],
        zeichen=value["zeichen"],
        typ=value["typ"],
        laufzeit=_to_laufzeit(value["laufzeit"]),
        dokumente=tuple(_to_dokument(dokument) for dokument in value["dokumente"]),
    )


def _aufbewahrung(value: Aufbewahrung) -> dict[str, Any]:
    return {
        "record_class": value.record_class,
        "jahre": value.jahre,
        "ende": _day(value.ende),
        "aussonderungsart": value.aussonderungsart.value,
        "rechtsgrundlage": value.rechtsgrundlage,
    }


def _to_aufbewahrung(value: Mapping[str, Any]) -> Aufbewahrung:
    return Aufbewahrung(
        record_class=value["record_class"],
        jahre=value["jahre"],
        ende=_to_day(value["ende"]),
        aussonderungsart=Aussonderungsart(value["aussonderungsart"]),
        rechtsgrundlage=value["rechtsgrundlage"],
    )


def akte_to_json(akte: Akte) -> str:
    """The whole Akte as canonical JSON text; `akte_from_json` gives an equal value back."""
    return canonical(
        {
            "format": FORMAT,
            "uuid": str(akte.uuid),
            "aktenart": akte.aktenart.value,
            "aktenzeichen": [akte.aktenzeichen.kanonisch, akte.aktenzeichen.schreibweise],
            "betreff": akte.betreff,
            "aktenplaneinheit": akte.aktenplaneinheit,
            "federfuehrung": akte.federfuehrung,
            "band": akte.band,
            "laufzeit": _laufzeit(akte.laufzeit),
            "zda_datum": _day(akte.zda_datum),
            "aufbewahrung": None if akte.aufbewahrung is None else _aufbewahrung(akte.aufbewahrung),
            "felder": [[name, value] for name, value in akte.felder],
            "vorgaenge": [_vorgang(vorgang) for vorgang in akte.vorgaenge],
            "historie": _historie(akte.historie),
        }
    )


def akte_from_json(text: str) -> Akte:
    """The Akte that `akte_to_json` was given. Raises ValueError for any other text."""
    value = json.loads(text)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ValueError("no snapshot of an Akte in a known format")
    return Akte(
        uuid=UUID(value["uuid"]),
        aktenart=Aktenart(value["aktenart"]),
        aktenzeichen=Aktenzeichen(*value["aktenzeichen"]),
        betreff=value["betreff"],
        aktenplaneinheit=value["aktenplaneinheit"],
        federfuehrung=value["federfuehrung"],
        band=value["band"],
        laufzeit=_to_laufzeit(value["laufzeit"]),
        zda_datum=_to_day(value["zda_datum"]),
        aufbewahrung=None if value["aufbewahrung"] is None else _to_aufbewahrung(value["aufbewahrung"]),
        felder=tuple((name, content) for name, content in value["felder"]),
        vorgaenge=tuple(_to_vorgang(vorgang) for vorgang in value["vorgaenge"]),
        historie=_to_historie(value["historie"]),
    )


def findings_to_json(findings: Sequence[Finding]) -> str:
    """Findings as JSON text, in their order."""
    return canonical([[f.code, f.severity.value, f.where, f.text] for f in findings])


def findings_from_json(text: str) -> tuple[Finding, ...]:
    """The findings that `findings_to_json` was given."""
    return tuple(Finding(code, Severity(severity), where, what) for code, severity, where, what in json.loads(text))
