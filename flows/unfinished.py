"""Released corrections that were broken off: the next intake goes on with them, as with a delivery that was.

Two persons agreed already, so nobody has to be asked again, and every Nachscan of that Akte waits for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from akten.errors import ArchivError, FixityError
from akten.findings import Finding
from catalog.actor import Actor, ActorKind
from catalog.corrections import Proposed
from catalog.values import AkteRow
from flows.correction import InOtherHands, carry_out, folder_of, is_begun
from flows.lost import may_lie_elsewhere
from flows.wiring import Services

_LOG = logging.getLogger(__name__)
_ROUND = Actor("dienst", ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class GoneOn:
    """What came of going on with one correction: its `version`, or the `fault` that keeps it from its end still."""

    akte: AkteRow
    version: int | None
    findings: tuple[Finding, ...] = ()
    fault: ArchivError | None = None


def begun_corrections(services: Services) -> tuple[tuple[AkteRow, Proposed], ...]:
    """The released corrections whose package is begun, with their Akte; also one that is carried out just now."""
    return tuple(_begun(services))


def go_on_with_corrections(services: Services) -> tuple[GoneOn, ...]:
    """Brings every correction to its end that was broken off on this machine; one that cannot be stops nobody else.

    One that another process has in hand is passed over, and so is one whose package is made on another machine.
    """
    found = []
    for akte, proposed in begun_corrections(services):
        if may_lie_elsewhere(services) and not folder_of(services, proposed).exists():
            continue
        try:
            done = carry_out(services, proposed, _ROUND)
        except InOtherHands:
            continue
        except ArchivError as fault:
            if any(each.proposal.number == proposed.proposal.number for each in _open(services, akte)):
                _LOG.warning("Berichtigung der Akte %s: %s", akte.uuid, fault.text)
                found.append(GoneOn(akte, None, fault=fault))
            continue  # else another process was faster
        found.append(GoneOn(akte, done.id.version, done.findings))
    return tuple(found)


def _begun(services: Services) -> Iterator[tuple[AkteRow, Proposed]]:
    for proposed in services.catalog.corrections.open():
        if proposed.proposal.released_by is None or not is_begun(services, proposed):
            continue
        akte = services.catalog.akte(proposed.proposal.akte)
        if akte is None:
            raise FixityError("Die Akte einer Berichtigung ist aus dem Katalog verschwunden: archiv protokoll pruefe.")
        yield akte, proposed


def _open(services: Services, akte: AkteRow) -> tuple[Proposed, ...]:
    return services.catalog.corrections.open(akte.uuid)
