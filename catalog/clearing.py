"""The clearing desk: every stop has an owner, a plain reason with code, a next step and a due date."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from akten.errors import Forbidden, Unknown
from akten.findings import Finding, Severity
from akten.lifecycle import Stage
from akten.localtime import berlin_day
from akten.model import clean_text
from catalog import renumbered
from catalog.change import Change
from catalog.codec import findings_from_json, findings_to_json
from catalog.register import require_delivery, set_stage
from catalog.tables import akten, clearing, deliveries
from catalog.trail import Verb, salted
from catalog.values import ClearingCase, ClearingState, Resolution, Seite

WHOSE = "IN-28"  # asks whether a delivery is an Akte of its own
DAYS = 14  # until somebody must have looked


class CaseSort(StrEnum):
    """By what the clearing list is sorted: `nummer` is oldest first, `frist` what is due soonest."""

    NUMMER = "nummer"
    NEUESTE = "neueste"
    FRIST = "frist"


_ORDER: dict[CaseSort, tuple[Any, ...]] = {
    CaseSort.NUMMER: (clearing.c.nr,),
    CaseSort.NEUESTE: (clearing.c.nr.desc(),),
    CaseSort.FRIST: (clearing.c.due, clearing.c.nr),
}


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list; None does not filter. `owners` are names as they are written in the register."""

    state: ClearingState | None = ClearingState.OPEN
    owners: Collection[str] | None = None
    aktenarten: Collection[str] | None = None


def open_case(
    change: Change, delivery: UUID, findings: tuple[Finding, ...], owner: str, next_step: str
) -> ClearingCase:
    """Stops a delivery for a person to decide. Told again while the case is open, it updates the same case."""
    connection = change.connection
    row = require_delivery(connection, delivery)
    first = next((f for f in findings if f.severity is Severity.ERROR), findings[0] if findings else None)
    values: dict[str, Any] = {
        "code": first.code if first else "",
        "findings": findings_to_json(findings),
        "owner": clean_text(owner),
        "reason": clean_text(first.text) if first else "",
        "next_step": clean_text(next_step),
    }
    there = connection.execute(
        select(clearing).where(clearing.c.delivery == delivery, clearing.c.state == ClearingState.OPEN.value)
    ).first()
    if there is not None:
        if all(getattr(there, name) == value for name, value in values.items()):
            return case(connection, there.nr)
        connection.execute(update(clearing).where(clearing.c.nr == there.nr).values(**values))
        number = there.nr
    else:
        if Stage(row.stage) is not Stage.CLEARING:
            set_stage(change, row, Stage.CLEARING)
        new = insert(clearing).values(
            delivery=delivery,
            state=ClearingState.OPEN.value,
            opened_at=change.now,
            due=berlin_day(change.now) + timedelta(days=DAYS),
            **values,
        )
        number = connection.execute(new.returning(clearing.c.nr)).scalar_one()
    change.event(
        Verb.CLEARING_OPENED,
        akte=row.akte,
        delivery=delivery,
        case=number,
        codes=sorted({finding.code for finding in findings}),
    )
    return case(connection, number)


def _cases() -> Select[Any]:
    return select(
        clearing,
        deliveries.c.akte,
        deliveries.c.aktenart,
        deliveries.c.aktenzeichen,
        deliveries.c.betreff,
        deliveries.c.folder,
        akten.c.band,
    ).select_from(
        clearing.join(deliveries, clearing.c.delivery == deliveries.c.uuid).join(
            akten, akten.c.uuid == deliveries.c.akte, isouter=True
        )
    )


def _value(row: Row[Any]) -> ClearingCase:
    return ClearingCase(
        number=row.nr,
        delivery=row.delivery,
        akte=row.akte,
        band=row.band,
        aktenart=row.aktenart,
        aktenzeichen=row.aktenzeichen,
        betreff=row.betreff,
        folder=row.folder,
        code=row.code,
        findings=findings_from_json(row.findings),
        owner=row.owner,
        reason=row.reason,
        next_step=row.next_step,
        due=row.due,
        state=ClearingState(row.state),
        opened_at=row.opened_at,
        resolution=None if row.resolution is None else Resolution(row.resolution),
        resolved_reason=row.resolved_reason or "",
        resolved_by=row.resolved_by or "",
        resolved_at=row.resolved_at,
    )


def cases(
    connection: Connection,
    *,
    state: ClearingState | None = ClearingState.OPEN,
    akte: UUID | None = None,
) -> tuple[ClearingCase, ...]:
    """The clearing list, oldest first."""
    query = _cases().order_by(clearing.c.nr)
    if state is not None:
        query = query.where(clearing.c.state == state.value)
    if akte is not None:
        query = query.where(deliveries.c.akte == akte)
    return tuple(_value(row) for row in connection.execute(query))


def page(connection: Connection, wanted: CaseFilter, *, sort: CaseSort, limit: int, offset: int) -> Seite[ClearingCase]:
    """One page of the clearing list."""
    chosen = _conditions(wanted)
    count = select(func.count()).select_from(clearing).join(deliveries, clearing.c.delivery == deliveries.c.uuid)
    total = connection.execute(count.where(*chosen)).scalar_one()
    query = _cases().where(*chosen).order_by(*_ORDER[sort]).limit(limit).offset(offset)
    return Seite(tuple(_value(row) for row in connection.execute(query)), total)


def owners(connection: Connection, wanted: CaseFilter) -> tuple[str, ...]:
    """Who has cases of these, by name."""
    query = select(clearing.c.owner).distinct().join(deliveries, clearing.c.delivery == deliveries.c.uuid)
    return tuple(sorted(connection.execute(query.where(*_conditions(wanted))).scalars()))


def _conditions(wanted: CaseFilter) -> list[Any]:
    found: list[Any] = []
    if wanted.state is not None:
        found.append(clearing.c.state == wanted.state.value)
    if wanted.owners is not None:
        found.append(clearing.c.owner.in_(list(wanted.owners)))
    if wanted.aktenarten is not None:
        found.append(deliveries.c.aktenart.in_([str(each) for each in wanted.aktenarten]))
    return found


def case(connection: Connection, which: int | UUID) -> ClearingCase:
    """One case by its number, or the newest of a delivery. Raises Unknown when there is none."""
    query = _cases().order_by(clearing.c.nr.desc()).limit(1)
    if isinstance(which, UUID):
        query = query.where(clearing.c.delivery == which)
    else:
        query = query.where(clearing.c.nr == which)
    row = connection.execute(query).first()
    if row is None:
        raise Unknown("Diesen Fall gibt es im Klärungskorb nicht.")
    return _value(row)


def resolve(change: Change, number: int, resolution: Resolution, reason: str) -> ClearingCase:
    """Closes a case: resubmit and accept send the delivery back to the beginning, return ends it.

    An acceptance is given for the delivery as it was judged, by the digest that the register holds of it. Raises
    Forbidden for a closed case, for accept or return without a reason, and for accept as an Akte of its own (IN-28)
    once an Akte bears the number: the delivery would join that one.
    """
    connection = change.connection
    there = case(connection, number)
    if there.state is ClearingState.RESOLVED:
        raise Forbidden(f"Fall {number} ist schon erledigt.")
    reason = clean_text(reason)
    if resolution is not Resolution.RESUBMIT and not reason:
        raise Forbidden("Annehmen und Zurückgeben gehen nur mit einer Begründung.")
    row = require_delivery(connection, there.delivery)
    if resolution is Resolution.ACCEPT and row.akte is None and any(each.code == WHOSE for each in there.findings):
        renumbered.require_nobodys(connection, row, number)
    set_stage(change, row, Stage.RETURNED if resolution is Resolution.RETURN else Stage.RECEIVED)
    connection.execute(
        update(clearing)
        .where(clearing.c.nr == number)
        .values(
            state=ClearingState.RESOLVED.value,
            resolution=resolution.value,
            resolved_reason=reason,
            resolved_by=change.by.label,
            resolved_at=change.now,
            content=row.digest if resolution is Resolution.ACCEPT else None,
        )
    )
    change.event(
        Verb.CLEARING_RESOLVED,
        akte=row.akte,
        delivery=there.delivery,
        note=reason,
        salt=row.salt,
        case=number,
        resolution=resolution.value,
        codes=sorted({finding.code for finding in there.findings}),
        **({"content": salted(row.salt, row.digest)} if resolution is Resolution.ACCEPT else {}),
    )
    return case(connection, number)


def accepted(connection: Connection, delivery: UUID) -> frozenset[str]:
    """Codes of the findings that a person accepted with a reason for this delivery as it is registered now."""
    return frozenset(finding.code for finding in accepted_findings(connection, delivery))


def accepted_findings(connection: Connection, delivery: UUID) -> tuple[Finding, ...]:
    """Those findings themselves, as they were told when they were accepted."""
    return tuple(finding for finding, case in _accepted(connection, delivery) if case.content == case.digest)


def lapsed(connection: Connection, delivery: UUID) -> dict[str, int]:
    """The newest case by code of what a person accepted only for other content of this delivery."""
    now = accepted(connection, delivery)
    return {finding.code: case.nr for finding, case in _accepted(connection, delivery) if finding.code not in now}


def _accepted(connection: Connection, delivery: UUID) -> list[tuple[Finding, Row[Any]]]:
    """Every accepted finding with its case and the digest of its delivery as it is registered now, oldest first."""
    query = (
        select(clearing.c.nr, clearing.c.findings, clearing.c.content, deliveries.c.digest)
        .join(deliveries, clearing.c.delivery == deliveries.c.uuid)
        .where(clearing.c.delivery == delivery, clearing.c.resolution == Resolution.ACCEPT.value)
        .order_by(clearing.c.nr)
    )
    return [(finding, row) for row in connection.execute(query) for finding in findings_from_json(row.findings)]
