"""Enters a package again that lies in the stores and of which the catalog knows nothing, in one transaction.

It goes the way of a delivery, verb by verb, so that nothing here knows what a row of the register looks like; only the
moves between the stages are not told one by one, for they were not made today. The trail names the act first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Row, select, update

from akten.correction import is_correction
from akten.errors import FixityError, Forbidden
from akten.files import PdfA
from akten.lifecycle import Stage
from akten.model import Akte, clean_text
from akten.package import PackageId, StoredPackage
from catalog import clearing, makeway, recognised, refstore, register, stored, versions
from catalog.actor import Actor
from catalog.arrival import Arrival, receive
from catalog.change import Change
from catalog.codec import canonical
from catalog.references import references_of
from catalog.register import ENDED
from catalog.scanbook import scans_of
from catalog.tables import akten, deliveries, packages
from catalog.trail import Entry, Verb
from catalog.values import Resolution

_WHY = "Das Paket dieser Lieferung liegt festgeschrieben in den Speichern und wurde von dort wieder aufgenommen."


@dataclass(frozen=True, slots=True)
class Reentered:
    """What was read back of one package. `stored_at` and `received_at` are when it was committed and delivered;
    `previous` is the commit that it names as the one before, `lacks` says in German what the package does not tell.
    """

    arrival: Arrival
    akte: Akte
    results: Mapping[UUID, PdfA]
    package: StoredPackage
    texts: Mapping[UUID, Sequence[str]]
    received_at: datetime | None
    stored_at: datetime
    previous: str | None
    lacks: str


def reenter(change: Change, found: Reentered, texts: stored.Texts, review_below: float) -> bool:
    """Enters the package; False, and no change, when it is entered already.

    Raises FixityError when another package is entered under this name or that of the version before, Forbidden when
    that one is not entered or the Aktenzeichen is another Akte's, Unavailable while a delivery of it is being packed.
    """
    connection, package = change.connection, found.package
    if _is_entered(connection, package):
        return False
    _require_before(connection, package.id, found.previous)
    place = len(change.entries)
    joined = _make_way(change, found.akte, corrects=is_correction(found.arrival.slip))
    _free_version(change, found.arrival.delivery, package.id)
    arrival = _ready(change, found.arrival, package.id)
    delivery = arrival.delivery
    if not _is_registered(connection, arrival, found.akte.uuid):
        receive(change, arrival)
    makeway.join(connection, joined, found.akte.uuid)
    change.entries.insert(place, _told(connection, found, delivery, joined))  # before what follows from it

    register.plan(change, delivery, found.akte)
    refstore.note_references(change, found.akte.uuid, references_of(found.akte.felder), delivery)
    recognised.record_recognised(change, delivery, found.results, review_below)
    for stage in (Stage.EXAMINED, Stage.RECOGNISED):
        register.set_stage(change, register.require_delivery(connection, delivery), stage)
    if versions.settle(change, delivery, package.id.version) != package.id.version:
        raise Forbidden("Die Versionen dieser Akte im Verzeichnis sind nicht die, an die dieses Paket anschließt.")
    register.set_stage(change, register.require_delivery(connection, delivery), Stage.PACKED)
    stored.record_stored(change, delivery, found.akte, package, texts)
    _date_back(connection, found, delivery)
    return True


def _is_entered(connection: Connection, package: StoredPackage) -> bool:
    known = _commit_of(connection, package.id)
    if known is not None and known != package.commit_sha256:
        raise FixityError("Unter dieser Akte und Version steht im Verzeichnis ein anderes Paket.")
    return known is not None


def _commit_of(connection: Connection, id_: PackageId) -> str | None:
    here = (packages.c.akte == id_.akte) & (packages.c.version == id_.version)
    found: str | None = connection.execute(select(packages.c.commit_sha256).where(here)).scalar()
    return found


def _require_before(connection: Connection, id_: PackageId, previous: str | None) -> None:
    """Raises Forbidden when the version that this one follows is not entered yet, FixityError when it follows another.

    By the chain of commits and not by number: the number of a package that was given up is not given again.
    """
    below = (packages.c.akte == id_.akte) & (packages.c.version < id_.version)
    query = select(packages.c.version, packages.c.commit_sha256).where(below).order_by(packages.c.version.desc())
    newest = connection.execute(query.limit(1)).first()
    if (newest.commit_sha256 if newest else None) == previous:
        return
    if previous is None or (newest and newest.version == id_.version - 1):
        raise FixityError(
            "Das Commit-Objekt nennt einen anderen Vorgänger als die Version, die davor im Verzeichnis steht."
        )
    raise Forbidden("Die Version, an die diese anschließt, ist noch nicht aufgenommen.")


def _make_way(change: Change, akte: Akte, *, corrects: bool) -> tuple[UUID, ...]:
    """Takes back an Akte that was opened under the same number since, and of which nothing is archived or told.

    Returns its deliveries, which belong to the true one. Raises Forbidden for any other Akte of that number, and when
    this one has another number in the register, unless the package `corrects` it.
    """
    connection = change.connection
    number = clean_text(akte.aktenzeichen.kanonisch)
    same = (akten.c.aktenart == akte.aktenart.value) & (akten.c.aktenzeichen == number) & (akten.c.band == akte.band)
    there = connection.execute(select(akten.c.uuid).where(same)).scalar()
    mine = connection.execute(select(akten.c.nr).where(akten.c.uuid == akte.uuid)).first()
    free = mine is None or corrects
    if there == akte.uuid or (there is None and free):
        return ()
    if there is not None and free and (joined := makeway.make_way(change, there)) is not None:
        return joined
    raise Forbidden(
        f"{akte.aktenart} {number}"
        + (f" Band {akte.band}" if akte.band > 1 else "")
        + " ist im Verzeichnis eine andere Akte (andere Kennung); zwei Akten führt das Archiv nicht zusammen. "
        "Bekommt jene ein anderes Aktenzeichen (archiv akte berichtige), lässt sich diese aufnehmen."
    )


def _free_version(change: Change, delivery: UUID, id_: PackageId) -> None:
    """Takes the version back from a delivery that was given it after the catalog was put back, and begins it anew.

    Nothing of it can be committed, for the place in the stores was taken before.
    """
    connection = change.connection
    others = (deliveries.c.akte == id_.akte) & (deliveries.c.version == id_.version) & (deliveries.c.uuid != delivery)
    for row in connection.execute(select(deliveries).where(others)).all():
        if Stage(row.stage) is Stage.ARCHIVED:
            raise FixityError("Diese Version gehört im Verzeichnis einer anderen Lieferung.")
        if Stage(row.stage) not in (*ENDED, Stage.CLEARING, Stage.RECEIVED):
            register.move(change, row.uuid, Stage.RECEIVED)
        connection.execute(update(deliveries).where(deliveries.c.uuid == row.uuid).values(version=None, packed=False))


def _ready(change: Change, arrival: Arrival, id_: PackageId) -> Arrival:
    """The arrival under a delivery that can be archived: its own, brought back to the beginning.

    One that was given back since stays so; the package then has a delivery of its own, named after it.
    """
    row = _delivery(change.connection, arrival.delivery)
    if row is not None and Stage(row.stage) in ENDED:
        anew = uuid5(arrival.delivery, f"wieder aufgenommen/{id_}")
        return replace(arrival, delivery=anew)
    if row is None:
        return arrival
    if Stage(row.stage) is Stage.CLEARING:
        case = clearing.case(change.connection, arrival.delivery)
        clearing.resolve(change, case.number, Resolution.RESUBMIT, _WHY)
    elif Stage(row.stage) is not Stage.RECEIVED:
        register.move(change, arrival.delivery, Stage.RECEIVED)
    return replace(arrival, folder=row.folder)


def _delivery(connection: Connection, uuid: UUID) -> Row[Any] | None:
    return connection.execute(select(deliveries).where(deliveries.c.uuid == uuid)).first()


def _is_registered(connection: Connection, arrival: Arrival, akte: UUID) -> bool:
    """True when the delivery is known as it lies in the package, perhaps with scans that were linked, not stored."""
    row = _delivery(connection, arrival.delivery)
    if row is None or row.akte != akte or row.slip != canonical(arrival.slip):
        return False
    known = {(scan.uuid, scan.digests) for scan in scans_of(connection, arrival.delivery)}
    return {(scan.uuid, scan.digests) for scan in arrival.scans} <= known


def _told(connection: Connection, found: Reentered, delivery: UUID, joined: Sequence[UUID]) -> Entry:
    package = found.package
    data = {
        "version": package.id.version,
        "commit": package.commit_sha256,
        "committed": found.stored_at.isoformat(),
        "stores": [copy.store for copy in package.copies],
        "from": str(found.arrival.delivery),
        **({"joined": [str(uuid) for uuid in joined]} if joined else {}),
    }
    salt = register.salt_of(connection, package.id.akte)
    return Entry(Verb.PACKAGE_REENTERED, data, package.id.akte, delivery, found.lacks, salt)


def _date_back(connection: Connection, found: Reentered, delivery: UUID) -> None:
    """When it came and when it was archived is what package and commit say, not the day of the re-entry."""
    id_ = found.package.id
    here = (packages.c.akte == id_.akte) & (packages.c.version == id_.version)
    connection.execute(update(packages).where(here).values(stored_at=found.stored_at))
    if found.received_at is not None:
        values = {"received_at": found.received_at}
        connection.execute(update(deliveries).where(deliveries.c.uuid == delivery).values(**values))


class ReentryBook:
    """The verb about packages that are entered again; reached as `Catalog.lost`."""

    def __init__(self, begin: Callable[[Actor, datetime], AbstractContextManager[Change]]) -> None:
        self._begin = begin

    def reenter(self, found: Reentered, *, review_below: float = 70.0, by: Actor, now: datetime) -> bool:
        """The same as `reenter`, as one transaction."""
        texts = stored.prepare(found.akte, found.texts)
        with self._begin(by, now) as change:
            return reenter(change, found, texts, review_below)
