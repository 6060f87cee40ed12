"""The holdings: Akten in lists with filters and paging, everything about one Akte, and the numbers of the whole."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, func, or_, select, tuple_

from akten.aktenzeichen import Muster
from akten.findings import Verdict
from akten.model import Akte, clean_text
from catalog import clearing as desk
from catalog import packages as stored
from catalog import renumbered, reviews
from catalog.codec import akte_from_json
from catalog.holdbook import MATCHED, classes_of
from catalog.query import exact_numbers
from catalog.recognised import reports_of
from catalog.register import delivery_value
from catalog.tables import akten, deliveries, dokumente, packages, pages, vorgaenge
from catalog.values import AkteDetails, AkteRow, DokumentRow, Seite


def page_texts(connection: Connection, dokument: UUID) -> dict[int, str]:
    """The text of every page of the PDF/A of a Dokument that counts, by its number; empty for one that is replaced."""
    rows = connection.execute(select(pages.c.page, pages.c.text).where(pages.c.dokument == dokument))
    return {row.page: row.text for row in rows}


class Sort(StrEnum):
    """By what a list of Akten is sorted."""

    NEUESTE = "neueste"
    AKTENZEICHEN = "aktenzeichen"
    BETREFF = "betreff"
    LAUFZEIT = "laufzeit"
    FRIST = "frist"


@dataclass(frozen=True, slots=True)
class AkteFilter:
    """Which Akten to list; None does not filter. `von` and `bis` keep Akten with a known day in between."""

    aktenarten: Collection[str] | None = None
    state: str | None = None
    von: date | None = None
    bis: date | None = None
    record_class: str | None = None
    retention_until: date | None = None


def conditions(wanted: AkteFilter) -> list[Any]:
    """The filter as conditions on the table akten."""
    found: list[Any] = []
    if wanted.aktenarten is not None:
        found.append(akten.c.aktenart.in_([str(each) for each in wanted.aktenarten]))
    if wanted.state is not None:
        found.append(akten.c.state == str(wanted.state))
    if wanted.von is not None:
        found.append(akten.c.datum_bis >= wanted.von)
    if wanted.bis is not None:
        found.append(akten.c.datum_von <= wanted.bis)
    if wanted.record_class is not None:
        found.append(akten.c.record_class == wanted.record_class)
    if wanted.retention_until is not None:
        found.append(akten.c.retention_ends <= wanted.retention_until)
    return found


_ORDER: dict[Sort, tuple[Any, ...]] = {
    Sort.NEUESTE: (akten.c.nr.desc(),),
    Sort.AKTENZEICHEN: (akten.c.aktenzeichen, akten.c.band, akten.c.nr),
    Sort.BETREFF: (akten.c.betreff_folded, akten.c.nr),
    Sort.LAUFZEIT: (akten.c.datum_von.asc().nulls_last(), akten.c.nr),
    Sort.FRIST: (akten.c.retention_ends.asc().nulls_last(), akten.c.nr),
}


_SHOWN = [column for column in akten.c if column.name not in ("snapshot", "salt", "betreff_folded")]


def _value(row: Row[Any], archived: Iterable[tuple[int, str]]) -> AkteRow:
    """An Akte, with the versions that are archived of it and the number that each bears."""
    stored = tuple(archived)
    return AkteRow(
        uuid=row.uuid,
        aktenart=row.aktenart,
        aktenzeichen=row.aktenzeichen,
        schreibweise=row.schreibweise,
        band=row.band,
        betreff=row.betreff,
        aktenplaneinheit=row.aktenplaneinheit,
        federfuehrung=row.federfuehrung,
        record_class=row.record_class,
        laufzeit_von=row.laufzeit_von,
        laufzeit_bis=row.laufzeit_bis,
        zda_datum=row.zda_datum,
        retention_ends=row.retention_ends,
        state=row.state,
        version=row.version,
        versions=tuple(version for version, _ in stored),
        pages=row.pages,
        created_at=row.created_at,
        changed_at=row.changed_at,
        former=tuple(dict.fromkeys(number for _, number in stored if number != row.aktenzeichen)),
    )


# Asked for every page of answers, so made once.
_VERSIONS = (
    select(packages.c.akte, packages.c.version, deliveries.c.aktenzeichen)
    .join(deliveries, deliveries.c.uuid == packages.c.delivery)
    .where(packages.c.akte.in_(bindparam("uuids", expanding=True)))
    .order_by(packages.c.version)
)
_BY_NUMBER = select(*_SHOWN).where(akten.c.nr.in_(bindparam("numbers", expanding=True)))


def _values(connection: Connection, rows: Sequence[Row[Any]]) -> list[AkteRow]:
    versions: dict[UUID, list[tuple[int, str]]] = {row.uuid: [] for row in rows}
    uuids = list(versions)
    for start in range(0, len(uuids), 500):
        for akte, version, number in connection.execute(_VERSIONS, {"uuids": uuids[start : start + 500]}):
            versions[akte].append((version, number))
    return [_value(row, versions[row.uuid]) for row in rows]


def rows_by_nr(connection: Connection, numbers: Sequence[int]) -> dict[int, AkteRow]:
    """Akten by their numbers in the catalog."""
    found: dict[int, AkteRow] = {}
    for start in range(0, len(numbers), 500):
        rows = connection.execute(_BY_NUMBER, {"numbers": list(numbers[start : start + 500])}).all()
        found.update(zip((row.nr for row in rows), _values(connection, rows), strict=True))
    return found


def by_uuid(connection: Connection, uuid: UUID) -> AkteRow | None:
    """One Akte, or None."""
    rows = connection.execute(select(*_SHOWN).where(akten.c.uuid == uuid)).all()
    return next(iter(_values(connection, rows)), None)


def by_uuids(connection: Connection, uuids: Sequence[UUID]) -> dict[UUID, AkteRow]:
    """Akten by their UUIDs, in this order; those that the register does not know are left out."""
    found: dict[UUID, AkteRow] = {}
    for start in range(0, len(uuids), 500):
        rows = connection.execute(select(*_SHOWN).where(akten.c.uuid.in_(uuids[start : start + 500]))).all()
        found |= {row.uuid: row for row in _values(connection, rows)}
    return {uuid: found[uuid] for uuid in uuids if uuid in found}


def names_of(connection: Connection, uuids: Iterable[UUID]) -> dict[UUID, str]:
    """What Akten are called, by UUID; those that the register does not know are left out."""
    wanted, found = list(dict.fromkeys(uuids)), dict[UUID, str]()
    columns = (akten.c.uuid, akten.c.aktenart, akten.c.aktenzeichen, akten.c.band)
    for start in range(0, len(wanted), 500):
        for row in connection.execute(select(*columns).where(akten.c.uuid.in_(wanted[start : start + 500]))):
            found[row.uuid] = f"{row.aktenart} {row.aktenzeichen}" + (f" Band {row.band}" if row.band > 1 else "")
    return found


# The daily question, made once and answered by one query: rows come once per version.
_LOOKUP = (
    select(*_SHOWN, packages.c.version.label("archived"), deliveries.c.aktenzeichen.label("then"))
    .select_from(
        akten.join(packages, akten.c.uuid == packages.c.akte, isouter=True).join(
            deliveries, deliveries.c.uuid == packages.c.delivery, isouter=True
        )
    )
    .where(akten.c.aktenzeichen.in_(bindparam("numbers", expanding=True)))
    .order_by(akten.c.aktenzeichen, akten.c.aktenart, akten.c.band, packages.c.version)
)


def by_aktenzeichen(
    connection: Connection, text: str, muster: Iterable[Muster], aktenart: str | None
) -> tuple[AkteRow, ...]:
    """All volumes of every Akte that a spelling can mean; several numbers in the answer mean that it is ambiguous.

    A number as it stands in the register means that and nothing else.
    """
    typed = clean_text(text)
    rows = connection.execute(_LOOKUP, {"numbers": [typed]}).all()
    if not rows:
        rows = connection.execute(_LOOKUP, {"numbers": list(exact_numbers(typed, muster))}).all()
    return tuple(
        _value(own[0], [(row.archived, row.then) for row in own if row.archived is not None])
        for own in (list(group) for _, group in itertools.groupby(rows, key=lambda row: row.uuid))
        if aktenart is None or own[0].aktenart == str(aktenart)
    )


def formerly(connection: Connection, text: str, muster: Iterable[Muster]) -> tuple[AkteRow, ...]:
    """All Akten that bore a number which a spelling can mean, and that bear another one today."""
    typed = clean_text(text)
    found = renumbered.bearers(connection, (typed,)) or renumbered.bearers(connection, exact_numbers(typed, muster))
    rows = rows_by_nr(connection, found)
    return tuple(rows[nr] for nr in found)


def who_bore(connection: Connection, aktenart: str, number: str, band: int) -> tuple[AkteRow, ...]:
    """The Akten that a delivery under this number may mean, which nobody bears today."""
    found = renumbered.who_bore(connection, aktenart, number, band)
    rows = rows_by_nr(connection, found)
    return tuple(rows[nr] for nr in found)


def listed(connection: Connection, wanted: AkteFilter, sort: Sort, limit: int, offset: int) -> Seite[AkteRow]:
    """One page of the list of Akten."""
    chosen = conditions(wanted)
    total = connection.execute(select(func.count()).select_from(akten).where(*chosen)).scalar_one()
    query = select(*_SHOWN).where(*chosen).order_by(*_ORDER[sort]).limit(limit).offset(offset)
    return Seite(tuple(_values(connection, connection.execute(query).all())), total)


def snapshot(connection: Connection, uuid: UUID, version: int | None) -> Akte | None:
    """The Akte as it was archived in a version; without version the newest, or the plan before the first."""
    if version is None:
        query = select(akten.c.snapshot).where(akten.c.uuid == uuid)
    else:
        query = select(packages.c.snapshot).where(packages.c.akte == uuid, packages.c.version == version)
    text = connection.execute(query).scalar()
    return None if text is None else akte_from_json(text)


def snapshots(connection: Connection, wanted: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Akte]:
    """Akten as they were archived in these versions, by UUID and version; a version without a description is left
    out.
    """
    found: dict[tuple[UUID, int], Akte] = {}
    version = tuple_(packages.c.akte, packages.c.version)
    for start in range(0, len(wanted), 500):
        query = select(packages.c.akte, packages.c.version, packages.c.snapshot)
        for row in connection.execute(query.where(version.in_(wanted[start : start + 500]))):
            if row.snapshot is not None:
                found[row.akte, row.version] = akte_from_json(row.snapshot)
    return found


def _dokumente(connection: Connection, akte: UUID, described: Akte | None) -> tuple[DokumentRow, ...]:
    """All archived Dokumente of an Akte with the validators' words, as they lie in it: Vorgang after Vorgang, and
    behind them those that only earlier versions hold.

    Their pages are those of the PDF/A, as its description, the receipt and every place in a text count them; what was
    recognised counts the blank pages that were left out, too.
    """
    above = (vorgaenge.c.akte == dokumente.c.akte) & (vorgaenge.c.uuid == dokumente.c.vorgang)
    query = select(dokumente).join(vorgaenge, above, isouter=True).where(dokumente.c.akte == akte)
    order = (dokumente.c.version.desc(), vorgaenge.c.position, dokumente.c.position, dokumente.c.uuid)
    rows = connection.execute(query.order_by(*order)).all()
    reports = reports_of(connection, {row.delivery for row in rows})
    known = {dokument.uuid: dokument for dokument in described.dokumente} if described is not None else {}
    for version in {row.version for row in rows if row.uuid not in known}:
        if (earlier := snapshot(connection, akte, version)) is not None:
            known |= {dokument.uuid: dokument for dokument in earlier.dokumente if dokument.uuid not in known}
    replaced = {old.dokument: new.uuid for new in known.values() for old in new.ersetzt}
    return tuple(
        DokumentRow(
            uuid=row.uuid,
            vorgang=row.vorgang,
            version=row.version,
            betreff=row.betreff,
            typ=row.typ,
            datum=row.datum,
            pages=known[row.uuid].seiten if row.uuid in known else row.pages,
            pdfa=row.pdfa,
            pdfa_sha512=row.pdfa_sha512,
            flavour=row.flavour,
            rendition=row.rendition,
            verdict=Verdict(row.verdict),
            mean_confidence=row.confidence,
            reports=reports.get((row.delivery, row.uuid), ()),
            replaces=known[row.uuid].ersetzt if row.uuid in known else (),
            replaced_by=replaced.get(row.uuid),
        )
        for row in rows
    )


def details(connection: Connection, uuid: UUID) -> AkteDetails | None:
    """Everything known of one Akte, or None."""
    row = by_uuid(connection, uuid)
    if row is None:
        return None
    query = select(deliveries).where(or_(deliveries.c.akte == uuid, deliveries.c.duplicate_of == uuid))
    described = snapshot(connection, uuid, None)
    (classes,) = classes_of(connection, connection.execute(select(*MATCHED).where(akten.c.uuid == uuid)).all()).values()
    return AkteDetails(
        row=row,
        record_classes=classes,
        akte=described,
        packages=stored.of_akte(connection, uuid),
        dokumente=_dokumente(connection, uuid, described),
        deliveries=tuple(delivery_value(each) for each in connection.execute(query.order_by(deliveries.c.nr))),
        clearing=desk.cases(connection, state=None, akte=uuid),
        reviews=reviews.listed(connection, state=None, akte=uuid, limit=None).rows,
    )
