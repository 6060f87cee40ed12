"""Holds what the register says of archived Akten against the digest of each description in the trail (TR-15).

The event of every stored package bears a salted digest of the whole description (`content`, catalog/stored.py): no
personal data, and yet a Betreff that somebody changed in the database no longer fits. The true one is in the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table, exists, func, select

from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from akten.model import clean_text
from catalog.tables import akten, deliveries, dokumente, packages, trail, verb_of_few, vorgaenge
from catalog.trail import Verb, read_body, salted

_CHUNK = 500
_HEAD = (
    akten.c.salt,
    akten.c.version,
    akten.c.state,
    akten.c.snapshot,
    akten.c.aktenart,
    akten.c.aktenzeichen,
    akten.c.schreibweise,
    akten.c.band,
    akten.c.betreff,
    akten.c.zda_datum,
    akten.c.aktenplaneinheit,
    akten.c.federfuehrung,
    akten.c.record_class,
    akten.c.laufzeit_von,
    akten.c.laufzeit_bis,
    akten.c.datum_von,
    akten.c.datum_bis,
)
_THEN = (
    deliveries.c.aktenzeichen.label("then"),  # by it the Akte is found under a number that it bore once
    deliveries.c.aktenart.label("then_aktenart"),
    deliveries.c.band.label("then_band"),
)
_NEWEST = func.max(packages.c.version).over(partition_by=packages.c.akte)
# What is compared of the parts of an Akte, and what a part is called.
_PARTS = (
    (vorgaenge, ("betreff", "zeichen", "typ", "position", "laufzeit_von", "laufzeit_bis"), "ein Vorgang"),
    (dokumente, ("betreff", "typ", "datum", "position", "vorgang"), "ein Dokument"),
)


def changed_descriptions(connection: Connection) -> Iterator[Finding]:
    """One finding for each archived version of which the register says something else than when it was stored."""
    query = (
        select(packages.c.akte, packages.c.version, packages.c.commit_sha256, packages.c.snapshot, _NEWEST, *_HEAD)
        .add_columns(akten.c.nr.label("there"), *_THEN)
        .select_from(
            packages.join(akten, packages.c.akte == akten.c.uuid, isouter=True).join(
                deliveries, deliveries.c.uuid == packages.c.delivery, isouter=True
            )
        )
        .order_by(packages.c.akte, packages.c.version)
        .execution_options(yield_per=_CHUNK)
    )
    for chunk in connection.execute(query).partitions():
        uuids = {row[0] for row in chunk}
        told = _told(connection, uuids)
        parts = {table: _parts(connection, table, names, uuids) for table, names, _ in _PARTS}
        for row in chunk:
            if changed := tuple(_changed(row, told, parts)):
                text = f"Im Katalog nachträglich geändert: {', '.join(changed)}. Was archiviert wurde, steht im Paket."
                yield Finding("TR-15", Severity.ERROR, f"Akte {row[0]}, Version {row[1]}", text)
    stored = packages.c.akte == akten.c.uuid
    without = select(akten.c.uuid).where(akten.c.version > 0, ~exists().where(stored)).order_by(akten.c.nr)
    for uuid in connection.execute(without).scalars():
        text = "Die Akte gilt im Katalog als archiviert, ein Paket hat sie dort nicht."
        yield Finding("TR-15", Severity.ERROR, f"Akte {uuid}", text)


def _told(connection: Connection, uuids: set[UUID]) -> Mapping[str, str]:
    """Commit of each package of these Akten → digest of its description, as the trail tells it."""
    query = select(trail.c.body).where(
        verb_of_few == Verb.PACKAGE_STORED.value, trail.c.akte.in_([str(uuid) for uuid in uuids])
    )
    found: dict[str, str] = {}
    for body in connection.execute(query).scalars():
        data = read_body(body).get("data")
        if isinstance(data, dict) and "content" in data and "commit" in data:
            found[data["commit"]] = data["content"]
    return found


def _parts(
    connection: Connection, table: Table, names: Sequence[str], uuids: set[UUID]
) -> Mapping[UUID, Sequence[Sequence[Any]]]:
    """What (version, uuid, what is compared) is there by Akte."""
    columns = [table.c[name] for name in ("akte", "version", "uuid", *names)]
    found: dict[UUID, list[Sequence[Any]]] = {}
    for akte, *part in connection.execute(select(*columns).where(table.c.akte.in_(uuids))):
        found.setdefault(akte, []).append(part)
    return found


def _changed(row: Row[Any], told: Mapping[str, str], parts: Mapping[Table, Mapping[UUID, Any]]) -> Iterator[str]:
    uuid, version, commit, snapshot, newest = row[:5]
    known = row._mapping
    if known["there"] is None:  # nobody finds it any more, no round computes its period, and the package lies there
        yield "die Akte fehlt"
        return
    if known["then"] is None:
        yield "die Lieferung fehlt"
        return
    content = told.get(commit)  # what is missing in the trail is told as TR-07
    if content is not None and salted(known[akten.c.salt], snapshot) != content:
        yield "die Beschreibung"
        return
    try:
        true = json.loads(snapshot)
        own: dict[str, Mapping[str, Any]] = {
            part["uuid"]: _placed(part, place) for place, part in enumerate(true["vorgaenge"], 1)
        }
        inner: dict[str, Mapping[str, Any]] = {
            dokument["uuid"]: {**dokument, "position": place, "vorgang": part["uuid"]}
            for part in true["vorgaenge"]
            for place, dokument in enumerate(part["dokumente"], 1)
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        yield "die Beschreibung"
        return
    then = (known["then"], known["then_aktenart"], known["then_band"])
    if then != (clean_text(true["aktenzeichen"][0]), clean_text(true["aktenart"]), true["band"]):
        yield "das Aktenzeichen von damals"
    if newest == version:
        if known[akten.c.version] != version:
            yield "die Nummer der Version"
        if known[akten.c.state] != Stage.ARCHIVED.value:
            yield "der Stand"
        if known[akten.c.snapshot] != snapshot:
            yield "die Beschreibung der Akte"
        yield from _differing(_head(known), _true_head(true))
    for wanted, (table, names, what) in zip((own, inner), _PARTS, strict=True):
        rows = parts[table].get(uuid, ())
        if not wanted.keys() <= {str(part[1]) for part in rows}:
            yield f"{what} fehlt"
        for part in rows:
            there = wanted.get(str(part[1]))
            # What a newer version holds as well is compared with that one; what this one holds is not left in an older
            # one, as if it had been replaced, nor put into one that is none.
            if (there is not None and part[0] < version) or part[0] > newest:
                yield what
                break
            if part[0] != version:
                continue
            if there is None or any(
                _text(seen) != _text(there[name]) for name, seen in zip(names, part[2:], strict=True)
            ):
                yield what
                break


def _placed(vorgang: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    first, last = vorgang["laufzeit"]
    return {**vorgang, "position": place, "laufzeit_von": first, "laufzeit_bis": last}


def _head(known: Any) -> dict[str, str]:
    return {
        "Aktenart": known[akten.c.aktenart],
        "Aktenzeichen": known[akten.c.aktenzeichen],
        "Schreibweise": known[akten.c.schreibweise],
        "Band": _text(known[akten.c.band]),
        "Betreff": known[akten.c.betreff],
        "Aktenplaneinheit": known[akten.c.aktenplaneinheit],
        "Federführung": known[akten.c.federfuehrung],
        "Fristklasse": known[akten.c.record_class],
        "zdA": _text(known[akten.c.zda_datum]),
        "Laufzeit": _days([known[akten.c.laufzeit_von], known[akten.c.laufzeit_bis]]),
        "erster und letzter Tag": _days([known[akten.c.datum_von], known[akten.c.datum_bis]]),
    }


def _true_head(true: Mapping[str, Any]) -> dict[str, str]:
    number, written = true["aktenzeichen"]
    return {
        "Aktenart": true["aktenart"],
        "Aktenzeichen": clean_text(number),
        "Schreibweise": clean_text(written),
        "Band": _text(true["band"]),
        "Betreff": clean_text(true["betreff"]),
        "Aktenplaneinheit": clean_text(true["aktenplaneinheit"]),
        "Federführung": clean_text(true["federfuehrung"]),
        "Fristklasse": clean_text((true["aufbewahrung"] or {}).get("record_class", "")),
        "zdA": _text(true["zda_datum"]),
        "Laufzeit": _days(true["laufzeit"]),
        "erster und letzter Tag": _days(first_and_last(true)),
    }


def first_and_last(true: Mapping[str, Any]) -> Sequence[str | None]:
    """The earliest and the latest day known of any part, as the register searches by them."""
    days = [*true["laufzeit"], true["zda_datum"]]
    for vorgang in true["vorgaenge"]:
        days += [*vorgang["laufzeit"], *(dokument["datum"] for dokument in vorgang["dokumente"])]
    known = [day for day in days if day is not None]
    return min(known, default=None), max(known, default=None)


def _days(days: Sequence[object]) -> str:
    return " bis ".join(map(_text, days))


def _differing(there: Mapping[str, str], true: Mapping[str, str]) -> Iterator[str]:
    yield from (name for name, value in there.items() if value != true[name])


def _text(value: object) -> str:
    if isinstance(value, str):
        return clean_text(value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
