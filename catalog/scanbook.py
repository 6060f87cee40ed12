"""The files of deliveries: those of one, and which lie in archived packages already."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, case, func, select

from akten.files import Digests
from akten.lifecycle import Stage
from catalog.tables import akten, deliveries, scans
from catalog.values import ArchivedScan, ScanRow


def scans_of(connection: Connection, delivery: UUID) -> tuple[ScanRow, ...]:
    """The files of a delivery by name."""
    query = select(scans).where(scans.c.delivery == delivery).order_by(scans.c.name, scans.c.uuid)
    return tuple(
        ScanRow(row.uuid, row.name, row.mime, Digests(row.sha256, row.sha512, row.size))
        for row in connection.execute(query)
    )


def known_scans(connection: Connection, sha512s: Iterable[str], own: UUID | None = None) -> dict[str, ArchivedScan]:
    """Which of these scans lie in archived packages, and where: in the Akte `own`, else where they came first."""
    wanted = sorted(set(sha512s))
    joined = scans.join(deliveries, scans.c.delivery == deliveries.c.uuid).join(
        akten, deliveries.c.akte == akten.c.uuid
    )
    # As an expression: else SQLite walks every archived delivery in their order, instead of these few scans.
    stage = func.coalesce(deliveries.c.stage, "")
    # Ranked in the database: a back that software made white lies in thousands of packages.
    first = func.row_number().over(
        partition_by=scans.c.sha512,
        order_by=(case((akten.c.uuid == own, 0), else_=1), deliveries.c.nr, scans.c.uuid),
    )
    found: dict[str, ArchivedScan] = {}
    for start in range(0, len(wanted), 500):
        ranked = (
            select(
                scans.c.sha512,
                akten.c.uuid.label("akte"),
                akten.c.aktenart,
                akten.c.aktenzeichen,
                akten.c.band,
                deliveries.c.version,
                deliveries.c.uuid.label("delivery"),
                scans.c.uuid.label("scan"),
                first.label("place"),
            )
            .select_from(joined)
            .where(scans.c.sha512.in_(wanted[start : start + 500]), stage == Stage.ARCHIVED.value)
            .subquery()
        )
        for *values, _ in connection.execute(select(ranked).where(ranked.c.place == 1)):
            scan = ArchivedScan(*values)
            found[scan.sha512] = scan
    return found
