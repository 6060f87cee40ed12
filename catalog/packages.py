"""Archived packages, their copies, and what every look at them found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Row, case, func, insert, select, tuple_, update

from akten.errors import Forbidden
from akten.files import Digests
from akten.findings import Verdict
from akten.package import FixityReport, Lock, PackageId, StoredCopy, StoredPackage
from catalog.change import Change
from catalog.codec import findings_to_json
from catalog.engine import Database
from catalog.tables import copies, fixity_checks, instant_text, packages
from catalog.trail import Verb
from catalog.values import CopyRow, PackageRow

_CHUNK = 500


def with_copies(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[PackageRow]:
    """Rows of packages with their copies, in their order."""
    keys = [(row.akte, row.version) for row in rows]
    found: dict[tuple[UUID, int], list[Row[Any]]] = {key: [] for key in keys}
    if keys:
        query = select(copies).where(tuple_(copies.c.akte, copies.c.version).in_(keys)).order_by(copies.c.store)
        for copy in connection.execute(query):
            found[copy.akte, copy.version].append(copy)
    for row in rows:
        own = found[row.akte, row.version]
        package = StoredPackage(
            PackageId(row.akte, row.version),
            tuple(
                StoredCopy(
                    copy.store,
                    copy.bag_version_id,
                    copy.commit_version_id,
                    Digests(copy.sha256, copy.sha512, copy.size),
                    Lock(copy.retain_until, copy.legal_hold),
                    copy.verified_at,
                    tuple(json.loads(copy.set_aside)),
                )
                for copy in own
            ),
            row.commit_sha256,
            row.tag_manifest_sha512,
        )
        looks = tuple(
            CopyRow(
                copy.store,
                copy.bag_version_id,
                copy.verified_at,
                copy.retain_until,
                copy.legal_hold,
                copy.checked_at,
                Verdict(copy.verdict),
            )
            for copy in own
        )
        yield PackageRow(package, row.delivery, row.size, row.stored_at, looks)


def of_akte(connection: Connection, akte: UUID) -> tuple[PackageRow, ...]:
    """All versions of an Akte, first one first."""
    query = select(packages).where(packages.c.akte == akte).order_by(packages.c.version)
    return tuple(with_copies(connection, connection.execute(query).all()))


def count(connection: Connection) -> int:
    """How many versions are archived, of all Akten."""
    return int(connection.execute(select(func.count()).select_from(packages)).scalar_one())


def by_store(connection: Connection) -> dict[str, tuple[int, int]]:
    """Per store how many copies the catalog has there, and how many of them the last look found damaged or gone."""
    damaged = func.sum(case((copies.c.verdict == Verdict.FAILED.value, 1), else_=0))
    rows = connection.execute(select(copies.c.store, func.count(), damaged).group_by(copies.c.store))
    return {store: (number, int(bad)) for store, number, bad in rows}


def newest(connection: Connection) -> PackageRow | None:
    """What was archived last, or None."""
    query = select(packages).order_by(packages.c.stored_at.desc(), packages.c.version.desc()).limit(1)
    return next(with_copies(connection, connection.execute(query).all()), None)


def one(connection: Connection, akte: UUID, version: int) -> PackageRow | None:
    """One version, or None."""
    query = select(packages).where(packages.c.akte == akte, packages.c.version == version)
    return next(with_copies(connection, connection.execute(query).all()), None)


def longest_unchecked_first(database: Database, before: datetime) -> Iterator[StoredPackage]:
    """Every package whose last look is older than `before`, the longest unchecked first; in short transactions.

    Reports may be recorded meanwhile: a package checked since moves behind `before` and does not come again.
    """
    wanted = packages.c.checked_at < instant_text(before)
    return _in_turn(database, (packages.c.checked_at, packages.c.akte, packages.c.version), (wanted,))


def between(database: Database, first: UUID, last: UUID) -> Iterator[StoredPackage]:
    """Every package of the Akten with a UUID from `first` to `last`, in their order; in short transactions."""
    wanted = (packages.c.akte >= first, packages.c.akte <= last)
    return _in_turn(database, (packages.c.akte, packages.c.version), wanted)


def _in_turn(
    database: Database, order: Sequence[Column[Any]], wanted: Sequence[ColumnElement[bool]]
) -> Iterator[StoredPackage]:
    last: tuple[Any, ...] | None = None
    while True:
        query = select(packages).where(*wanted).order_by(*order).limit(_CHUNK)
        if last is not None:
            query = query.where(tuple_(*order) > last)
        with database.read() as connection:
            rows = connection.execute(query).all()
            found = [row.package for row in with_copies(connection, rows)]
        yield from found
        if len(rows) < _CHUNK:
            return
        last = tuple(getattr(rows[-1], column.name) for column in order)


def damaged_in(connection: Connection, store: str) -> tuple[UUID, ...]:
    """The Akten of which the last look found a copy in this store not to be as it should."""
    query = select(copies.c.akte).where(copies.c.store == store, copies.c.verdict == Verdict.FAILED.value)
    return tuple(connection.execute(query.distinct().order_by(copies.c.akte)).scalars())


def lacking_in(connection: Connection, store: str) -> tuple[UUID, ...]:
    """The Akten of which a version has no copy in this store."""
    same = (copies.c.akte == packages.c.akte) & (copies.c.version == packages.c.version) & (copies.c.store == store)
    query = select(packages.c.akte).where(~select(copies.c.store).where(same).exists())
    return tuple(connection.execute(query.distinct().order_by(packages.c.akte)).scalars())


def record_restored(change: Change, id: PackageId, copy: StoredCopy, proposal: int) -> None:  # noqa: A002
    """Keeps where a copy lies that was put there anew, or for the first time.

    Raises Forbidden when the catalog knows another one by now, or not the package.
    """
    here = (copies.c.akte == id.akte) & (copies.c.version == id.version) & (copies.c.store == copy.store)
    row = change.connection.execute(select(copies).where(here)).first()
    if row is None and one(change.connection, id.akte, id.version) is None:
        raise Forbidden("Dieses Paket ist im Katalog nicht bekannt.")
    before = {"bag": row.bag_version_id, "commit": row.commit_version_id} if row is not None else {}
    after = {"bag": copy.bag_version_id, "commit": copy.commit_version_id}
    if not {before[name] for name in before if before[name] != after[name]} <= set(copy.set_aside):
        raise Forbidden("Diese Kopie wurde zur selben Zeit von anderer Seite ersetzt.")
    values = {
        "bag_version_id": copy.bag_version_id,
        "commit_version_id": copy.commit_version_id,
        "retain_until": copy.lock.retain_until,
        "legal_hold": copy.lock.legal_hold,
        "verified_at": copy.verified_at,
        "set_aside": json.dumps(copy.set_aside),
    }
    if row is None:
        keys = {"akte": id.akte, "version": id.version, "store": copy.store}
        content = {"sha256": copy.digests.sha256, "sha512": copy.digests.sha512, "size": copy.digests.size}
        change.connection.execute(insert(copies).values(**keys, **content, **values))
    else:
        change.connection.execute(update(copies).where(here).values(**values))
    change.event(
        Verb.COPY_RESTORED,
        akte=id.akte,
        version=id.version,
        store=copy.store,
        replaced=before,
        copies=[{"store": copy.store, **after}],
        proposal=proposal,
    )


def record_fixity(change: Change, report: FixityReport) -> None:
    """Keeps what a look at all copies found. A copy that was not checked keeps the time of its last real look, and one
    that this found damaged stays so: that its store is away makes nothing good, nor unknown.
    """
    connection = change.connection
    akte, version = report.id.akte, report.id.version
    if one(connection, akte, version) is None:
        raise Forbidden("Dieses Paket ist im Katalog nicht bekannt.")
    rows = [
        {
            "akte": akte,
            "version": version,
            "store": copy.store,
            "verdict": copy.verdict.value,
            "findings": findings_to_json(copy.findings),
            "bytes_read": copy.bytes_read,
            "version_id": copy.version_id,
            "at": change.now,
        }
        for copy in report.copies
    ]
    if rows:
        connection.execute(insert(fixity_checks), rows)
    for copy in report.copies:
        values: dict[str, Any] = {"verdict": copy.verdict.value, "checked_at": change.now}
        if copy.verdict is Verdict.NOT_CHECKED:
            known = case((copies.c.verdict == Verdict.FAILED.value, copies.c.verdict), else_=copy.verdict.value)
            values = {"verdict": known}
        if copy.lock is not None:  # the next due round puts right what the store keeps other than wanted
            values.update(retain_until=copy.lock.retain_until, legal_hold=copy.lock.legal_hold)
        chosen = (copies.c.akte == akte) & (copies.c.version == version) & (copies.c.store == copy.store)
        connection.execute(update(copies).where(chosen).values(**values))
    looks = select(copies.c.checked_at).where(copies.c.akte == akte, copies.c.version == version)
    times = list(connection.execute(looks).scalars())
    oldest = "" if None in times or not times else instant_text(min(times))
    connection.execute(
        update(packages).where(packages.c.akte == akte, packages.c.version == version).values(checked_at=oldest)
    )
    change.event(
        Verb.FIXITY_CHECKED,
        akte=akte,
        version=version,
        verdict=report.verdict.value,
        copies={copy.store: copy.verdict.value for copy in report.copies},
        codes=sorted({finding.code for copy in report.copies for finding in copy.findings}),
        bytes=sum(copy.bytes_read for copy in report.copies),
    )
