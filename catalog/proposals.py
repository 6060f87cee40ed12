"""What one person proposes about an Akte and a second releases; it lives in the trail alone.

The trail cannot be changed afterwards, so no table has to agree with it. Who the second person may be, the caller
decides (catalog/identity.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from akten.errors import Forbidden
from catalog import events
from catalog.actor import Actor
from catalog.change import Change
from catalog.identity import marked
from catalog.register import salt_of
from catalog.tables import trail, verb_of_few
from catalog.trail import Verb
from catalog.values import TrailEvent

_BATCH = 500


class Steps(NamedTuple):
    """The three events of one sort of proposal."""

    proposed: Verb
    released: Verb
    ended: Verb


SHORTENING = Steps(Verb.SHORTENING_PROPOSED, Verb.SHORTENING_RELEASED, Verb.SHORTENING_ENDED)
RESTORATION = Steps(Verb.RESTORATION_PROPOSED, Verb.RESTORATION_RELEASED, Verb.RESTORATION_ENDED)
CORRECTION = Steps(Verb.CORRECTION_PROPOSED, Verb.CORRECTION_RELEASED, Verb.CORRECTION_ENDED)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An open proposal; `about` is what its event says, `released_by` and `released_at` None until a second person
    agreed.
    """

    number: int
    akte: UUID
    about: Mapping[str, Any]
    proposed_by: Actor
    proposed_at: datetime
    reason: str
    released_by: Actor | None
    released_at: datetime | None
    released_reason: str


def open_proposals(connection: Connection, steps: Steps, akte: UUID | None = None) -> tuple[Proposal, ...]:
    """The proposals of one sort that wait for their release, or for their end, the oldest first.

    Of Akten whose proposals of this sort all ended, of years, no row is read: they are only counted.
    """
    return _read(connection, steps, trail.c.akte.in_(_with_open(steps)) if akte is None else trail.c.akte == str(akte))


def open_of(connection: Connection, steps: Steps, akten: Sequence[UUID]) -> tuple[Proposal, ...]:
    """The same of these Akten, in one question for five hundred of them."""
    found: list[Proposal] = []
    for start in range(0, len(akten), _BATCH):
        found += _read(connection, steps, trail.c.akte.in_([str(akte) for akte in akten[start : start + _BATCH]]))
    return tuple(sorted(found, key=lambda each: each.number))


def _read(connection: Connection, steps: Steps, own: ColumnElement[bool]) -> tuple[Proposal, ...]:
    told = events.events_where(connection, own, verb_of_few.in_([verb.value for verb in steps]))
    ended = {step.data["proposal"] for step in told if step.verb == steps.ended.value}
    released = {step.data["proposal"]: step for step in told if step.verb == steps.released.value}
    return tuple(
        _proposal(step, step.akte, released.get(step.seq))
        for step in told
        if step.verb == steps.proposed.value and step.seq not in ended and step.akte is not None
    )


def _proposal(step: TrailEvent, akte: UUID, released: TrailEvent | None) -> Proposal:
    own = (step.seq, akte, step.data, step.by, step.at, step.note)
    return Proposal(*own, released.by, released.at, released.note) if released else Proposal(*own, None, None, "")


def _with_open(steps: Steps) -> Select[tuple[str]]:
    """The Akten with more proposals of a sort than ends of such: each ends once."""
    proposed, ended = steps.proposed.value, steps.ended.value
    query = select(trail.c.akte).where(trail.c.verb.in_((proposed, ended)), trail.c.akte.is_not(None))
    return query.group_by(trail.c.akte).having(func.sum(case((trail.c.verb == proposed, 1), else_=-1)) > 0)


def propose(change: Change, steps: Steps, akte: UUID, reason: str, **about: Any) -> None:
    """One open proposal of a sort for the same thing. Raises Forbidden while another waits."""
    if any(each.about == about for each in open_proposals(change.connection, steps, akte)):
        raise Forbidden("Für diese Akte liegt schon ein Vorschlag vor; er ist freizugeben oder zu verwerfen.")
    change.event(steps.proposed, akte=akte, note=reason, salt=salt_of(change.connection, akte), **about)


def release(change: Change, steps: Steps, akte: UUID, number: int, reason: str) -> None:
    """A second person agrees. Repeated after a break it changes nothing."""
    proposal = _open(change.connection, steps, akte, number)
    if proposal is None:
        raise Forbidden("Diesen Vorschlag gibt es nicht mehr.")
    if proposal.released_by is None:
        salt, extra = salt_of(change.connection, akte), marked(proposal.proposed_by, change.by, change.accounts)
        change.event(steps.released, akte=akte, note=reason, salt=salt, proposal=number, **extra)


def end(change: Change, steps: Steps, akte: UUID, number: int, *, done: bool, reason: str = "", **about: Any) -> None:
    """The proposal is carried out, or withdrawn with a reason; one that ended already is no change."""
    if _open(change.connection, steps, akte, number) is not None:
        salt = salt_of(change.connection, akte)
        change.event(steps.ended, akte=akte, note=reason, salt=salt, proposal=number, done=done, **about)


def _open(connection: Connection, steps: Steps, akte: UUID, number: int) -> Proposal | None:
    return next((each for each in open_proposals(connection, steps, akte) if each.number == number), None)
