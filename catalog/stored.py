"""Writes down that an Akte is archived: package, copies, register, search index, stage and event in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from akten.errors import FixityError, Forbidden
from akten.lifecycle import Stage
from akten.model import Akte, clean_text
from akten.package import StoredPackage
from catalog import index, reindex, superseded
from catalog.change import Change
from catalog.codec import akte_to_json
from catalog.columns import akte_columns
from catalog.passages import FORMAT, Kind, Passage, passages_of_texts
from catalog.register import require_delivery, require_same_akte, set_stage
from catalog.tables import akten, copies, dokumente, packages, pages, recognised, reviews, vorgaenge
from catalog.trail import Verb, salted


@dataclass(frozen=True, slots=True)
class Texts:
    """The cleaned page texts of an Akte and the passages made of them, prepared before the transaction begins."""

    pages: Mapping[UUID, Sequence[tuple[int, str]]]
    passages: tuple[Passage, ...]


def prepare(akte: Akte, texts: Mapping[UUID, Sequence[str]]) -> Texts:
    """Numbers pages from 1 and cuts them into passages. Raises ValueError for texts of a Dokument not in the Akte."""
    if unknown := set(texts) - {dokument.uuid for dokument in akte.dokumente}:
        raise ValueError(f"{len(unknown)} texts belong to no Dokument of the Akte")
    numbered = {
        dokument: [(number, clean_text(text)) for number, text in enumerate(own, 1)] for dokument, own in texts.items()
    }
    return Texts(numbered, passages_of_texts(akte, numbered))


def record_stored(change: Change, delivery: UUID, akte: Akte, package: StoredPackage, texts: Texts) -> None:
    """Says "archived". The same package again changes nothing; another one under the same version is a FixityError."""
    connection = change.connection
    row = require_delivery(connection, delivery)
    if Stage(row.stage) is Stage.ARCHIVED:
        _require_same_package(connection, package)
        return
    require_same_akte(row, akte)
    if package.id.akte != akte.uuid or package.id.version != row.version:
        raise Forbidden("Das Paket trägt eine andere Version als die, die der Lieferung gegeben wurde.")
    if not package.copies:
        raise Forbidden("Ohne geprüfte Kopie ist nichts archiviert.")
    if len({copy.digests for copy in package.copies}) != 1:
        raise FixityError("Die Kopien dieses Pakets haben verschiedene Prüfsummen.")
    set_stage(change, row, Stage.ARCHIVED)
    snapshot = akte_to_json(akte)
    _insert_package(change, row, package, snapshot)
    total = _register(connection, row, akte)
    known = connection.execute(select(akten).where(akten.c.uuid == akte.uuid)).one()
    # An older version that comes late does not hide a newer one.
    if row.version > known.version:
        connection.execute(
            update(akten)
            .where(akten.c.uuid == akte.uuid)
            .values(
                snapshot=snapshot,
                state=Stage.ARCHIVED.value,
                version=row.version,
                pages=total,
                index_format=FORMAT,
                changed_at=change.now,
                **akte_columns(akte),
            )
        )
    _index(connection, known, akte, texts, newest=row.version > known.version)
    connection.execute(update(reviews).where(reviews.c.delivery == delivery).values(akte=akte.uuid))
    change.event(
        Verb.PACKAGE_STORED,
        akte=akte.uuid,
        delivery=delivery,
        version=package.id.version,
        commit=package.commit_sha256,
        bytes=package.copies[0].digests.size,
        dokumente=len(akte.dokumente),
        copies=[
            {"store": copy.store, "bag": copy.bag_version_id, "commit": copy.commit_version_id}
            for copy in package.copies
        ],
        content=salted(known.salt, snapshot),
    )
    superseded.settle(change, row, akte, known.nr)


def _require_same_package(connection: Connection, package: StoredPackage) -> None:
    query = select(packages).where(packages.c.akte == package.id.akte, packages.c.version == package.id.version)
    there = connection.execute(query).first()
    if there is None or there.commit_sha256 != package.commit_sha256:
        raise FixityError("Unter dieser Lieferung ist schon ein anderes Paket archiviert.")


def _insert_package(change: Change, row: Row[Any], package: StoredPackage, snapshot: str) -> None:
    digests = package.copies[0].digests
    change.connection.execute(
        insert(packages).values(
            akte=package.id.akte,
            version=package.id.version,
            delivery=row.uuid,
            commit_sha256=package.commit_sha256,
            tag_manifest_sha512=package.tag_manifest_sha512,
            sha256=digests.sha256,
            sha512=digests.sha512,
            size=digests.size,
            snapshot=snapshot,
            stored_at=change.now,
        )
    )
    change.connection.execute(
        insert(copies),
        [
            {
                "akte": package.id.akte,
                "version": package.id.version,
                "store": copy.store,
                "bag_version_id": copy.bag_version_id,
                "commit_version_id": copy.commit_version_id,
                "sha256": copy.digests.sha256,
                "sha512": copy.digests.sha512,
                "size": copy.digests.size,
                "retain_until": copy.lock.retain_until,
                "legal_hold": copy.lock.legal_hold,
                "verified_at": copy.verified_at,
                "set_aside": json.dumps(copy.set_aside),
            }
            for copy in package.copies
        ],
    )


def _register(connection: Connection, row: Row[Any], akte: Akte) -> int:
    """Rows of Vorgänge and Dokumente, beside those of earlier versions. Returns the pages of this one."""
    results = {r.dokument: r for r in connection.execute(select(recognised).where(recognised.c.delivery == row.uuid))}
    vorgang_rows, dokument_rows = [], []
    for place, vorgang in enumerate(akte.vorgaenge, 1):
        vorgang_rows.append(
            {
                "akte": akte.uuid,
                "uuid": vorgang.uuid,
                "version": row.version,
                "position": place,
                "betreff": clean_text(vorgang.betreff),
                "zeichen": clean_text(vorgang.zeichen),
                "typ": clean_text(vorgang.typ),
                "laufzeit_von": vorgang.laufzeit.beginn,
                "laufzeit_bis": vorgang.laufzeit.ende,
            }
        )
        for position, dokument in enumerate(vorgang.dokumente, 1):
            result = results.get(dokument.uuid)
            dokument_rows.append(
                {
                    "akte": akte.uuid,
                    "uuid": dokument.uuid,
                    "vorgang": vorgang.uuid,
                    "version": row.version,
                    "position": position,
                    "betreff": clean_text(dokument.betreff),
                    "typ": clean_text(dokument.typ),
                    "datum": dokument.datum,
                    "pages": result.pages if result else dokument.seiten,
                    "pdfa": result.pdfa if result else None,
                    "pdfa_sha512": result.sha512 if result else None,
                    "flavour": result.flavour if result else "",
                    "rendition": result.rendition if result else "",
                    "verdict": result.verdict if result else "not_checked",
                    "confidence": result.confidence if result else None,
                    "delivery": row.uuid,
                }
            )
    # A Dokument that a later version carries along keeps the verdict it got in its own delivery.
    before = select(dokumente).where(dokumente.c.akte == akte.uuid)
    older = {r.uuid: dict(r._mapping) for r in connection.execute(before)}
    for new in dokument_rows:
        if new["pdfa"] is None and new["uuid"] in older:
            judged = ("pages", "pdfa", "pdfa_sha512", "flavour", "rendition", "verdict", "confidence", "delivery")
            new.update({name: older[new["uuid"]][name] for name in judged})
    for table, rows in ((vorgaenge, vorgang_rows), (dokumente, dokument_rows)):
        if rows:
            keys = [{"a": akte.uuid, "u": r["uuid"]} for r in rows]
            connection.execute(_delete_by_key(table), keys)
            connection.execute(insert(table), rows)
    here = (dokumente.c.akte == akte.uuid) & (dokumente.c.version == row.version)  # what was replaced stays behind
    total = select(func.coalesce(func.sum(dokumente.c.pages), 0)).where(here)
    return int(connection.execute(total).scalar_one())


def _delete_by_key(table: Any) -> Any:
    return delete(table).where(table.c.akte == bindparam("a"), table.c.uuid == bindparam("u"))


def _index(connection: Connection, before: Row[Any], akte: Akte, texts: Texts, *, newest: bool) -> None:
    for dokument in texts.pages:
        connection.execute(delete(pages).where(pages.c.dokument == dokument))
    rows = [
        {"dokument": dokument, "page": number, "akte_nr": before.nr, "text": text}
        for dokument, own in texts.pages.items()
        for number, text in own
    ]
    if rows:
        connection.execute(insert(pages), rows)
    if newest and before.version and (before.betreff != clean_text(akte.betreff) or not texts.pages):
        # The new Betreff belongs to the passages of older Dokumente too; what brings no text is another description.
        reindex.reindex_akte(connection, before.nr)
        return
    if newest:
        index.remove(connection, before.nr, Kind.REGISTER)
        index.add(connection, before.nr, reindex.register_of(connection, before.nr))
    if texts.pages:
        index.remove(connection, before.nr, Kind.TEXT, list(texts.pages))
    index.add(connection, before.nr, texts.passages)
