"""Holds what the register says of PDF/A files and their judges against the trail (TR-15).

Whoever can write the database could else turn „nicht geprüft“ into „in Ordnung“: lists and receipts would say so, and
only who fetches the package would read what the judges said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from akten.findings import Finding, Severity, Verdict, worst
from akten.lifecycle import Stage
from catalog.recognised import content_digest, results_digest
from catalog.tables import deliveries, dokumente, recognised, validator_reports
from catalog.trail import Verb, salted
from catalog.vouched import UNREADABLE
from catalog.vouchedrules import last_told

_CHUNK = 500
_Rows = Sequence[Mapping[str, Any]]
# What the list of Dokumente shows of a result, and what it is called there.
_SHOWN = {
    "pdfa": "pdfa",
    "pdfa_sha512": "sha512",
    "flavour": "flavour",
    "rendition": "rendition",
    "verdict": "verdict",
    "confidence": "confidence",
    "pages": "pages",
}


def results_not_as_told(connection: Connection) -> Iterator[Finding]:
    """One finding for each Akte with results that are not what was written down when they were judged."""
    named: set[UUID] = set()
    columns = [deliveries.c[name] for name in ("nr", "uuid", "akte", "salt")]
    query = select(*columns).where(deliveries.c.stage == Stage.ARCHIVED.value).order_by(deliveries.c.nr)
    for rows in connection.execute(query.execution_options(yield_per=_CHUNK)).partitions():
        uuids = [row.uuid for row in rows]
        told = last_told(connection, [str(uuid) for uuid in uuids], Verb.DELIVERY_RECOGNISED)
        results, reports = (_by_delivery(connection, table, uuids) for table in (recognised, validator_reports))
        for row in rows:
            own, said = results.get(row.uuid, []), reports.get(row.uuid, [])
            body = told.get(str(row.uuid))
            if (body is None and own) or (body is not None and not as_told(body, row.salt, own, said)):
                if row.akte not in named:
                    yield _finding(row.akte)
                named.add(row.akte)
    yield from (_finding(akte) for akte in _not_as_judged(connection) if akte not in named)


def _by_delivery(connection: Connection, table: Any, uuids: Sequence[UUID]) -> Mapping[UUID, list[Mapping[str, Any]]]:
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in connection.execute(select(table).where(table.c.delivery.in_(uuids))):
        found.setdefault(row.delivery, []).append(dict(row._mapping))
    return found


def as_told(body: Mapping[str, Any], salt: str, rows: _Rows, reports: _Rows) -> bool:
    """Whether results are those that the event `body` tells of.

    Events from before December 2026 bear no digest over all of it: files, counts and the worst verdict are held then.
    """
    try:
        data = body["data"]
        if "results" in data:
            return bool(data["results"] == salted(salt, results_digest(rows, reports)))
        counts = {name: sum(row[name] for row in rows) for name in ("pages", "blank", "failed")}
        return (
            all(data[name] == count for name, count in counts.items())
            and data["dokumente"] == len(rows)
            and data["verdict"] == worst(Verdict(row["verdict"]) for row in rows).value
            and data["content"] == salted(salt, content_digest(rows))
        )
    except UNREADABLE:
        return False


def _not_as_judged(connection: Connection) -> Iterator[UUID]:
    """Akten whose list of Dokumente shows another result than the one that is kept, each once."""
    here = (recognised.c.delivery == dokumente.c.delivery) & (recognised.c.dokument == dokumente.c.uuid)
    shown = [dokumente.c[name].label(f"shown_{name}") for name in _SHOWN]
    kept = [recognised.c[name].label(f"kept_{name}") for name in _SHOWN.values()]
    query = select(dokumente.c.akte, recognised.c.dokument, *shown, *kept)
    query = query.select_from(dokumente.join(recognised, here, isouter=True)).order_by(dokumente.c.akte)
    last = None
    for row in connection.execute(query.execution_options(yield_per=_CHUNK)):
        values = row._mapping
        pairs = ((values[f"shown_{name}"], values[f"kept_{kept}"]) for name, kept in _SHOWN.items())
        wrong = values["shown_pdfa"] is not None if row.dokument is None else any(one != two for one, two in pairs)
        if wrong and row.akte != last:
            last = row.akte
            yield row.akte


def _finding(akte: object) -> Finding:
    text = "Im Katalog nachträglich geändert: das Ergebnis der PDF/A-Prüfung. Was geprüft wurde, steht im Paket."
    return Finding("TR-15", Severity.ERROR, f"Akte {akte}", text)
