"""Released corrections that were broken off: the next intake goes on with them, as with a delivery that was.

Two persons agreed already, so nobody has to be asked again, and every Nachscan of that Akte waits for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from akten.errors import ArchivError, FixityError, Forbidden
from akten.findings import Finding
from akten.lifecycle import Stage
from catalog.actor import Actor, ActorKind
from catalog.corrections import BEGUN, Proposed
from catalog.values import AkteRow
from flows.bugs import keep_trace
from flows.correction import InOtherHands, carry_out, delivery_of, folder_of, is_begun
from flows.lost import may_lie_elsewhere
from flows.wiring import Services

_LOG = logging.getLogger(__name__)
_ROUND = Actor("dienst", ActorKind.SYSTEM)
_BUG = 1  # the exit code of a programming error


@dataclass(frozen=True, slots=True)
class GoneOn:
    """What came of going on with one correction: its `version`, or why it is not at its end, with the exit code; both
    where it is at its end and a store has another head of the trail than it was given.

    `akte` is None where nobody could look which corrections there are.
    """

    akte: AkteRow | None
    version: int | None
    findings: tuple[Finding, ...] = ()
    why: str = ""
    exit_code: int = 0


def begun_corrections(services: Services) -> tuple[tuple[AkteRow, Proposed], ...]:
    """The released corrections that are to be brought to their end, with their Akte; also one that is carried out just
    now. What could not be packed is left to persons, for it keeps nobody waiting.
    """
    return tuple(_begun(services))


def go_on_with_corrections(services: Services) -> tuple[GoneOn, ...]:
    """Brings every correction to its end that was broken off on this machine; none that cannot be, not even by a bug,
    stops another one or the deliveries behind it.

    One that another process has in hand is passed over, and so is one whose package is made on another machine.
    """
    try:
        begun = begun_corrections(services)
    except ArchivError as fault:
        _LOG.warning("Berichtigungen: %s", fault.text)
        return (GoneOn(None, None, why=fault.text, exit_code=fault.exit_code),)
    return tuple(came for akte, proposed in begun if (came := _go_on(services, akte, proposed)) is not None)


def _go_on(services: Services, akte: AkteRow, proposed: Proposed) -> GoneOn | None:
    if may_lie_elsewhere(services) and not (folder_of(services, proposed).exists() or _is_stored(services, proposed)):
        return None
    try:
        done = carry_out(services, proposed, _ROUND)
    except InOtherHands:
        return None
    except ArchivError as fault:
        if all(
            each.proposal.number != proposed.proposal.number for each in services.catalog.corrections.open(akte.uuid)
        ):
            return None  # another process was faster
        if isinstance(fault, Forbidden) and not is_begun(services, proposed):
            return None  # its number was taken meanwhile: persons have to give it up
        _LOG.warning("Berichtigung der Akte %s: %s", akte.uuid, fault.text)
        return GoneOn(akte, None, why=fault.text, exit_code=fault.exit_code)
    except Exception as bug:  # noqa: BLE001 - told with its trace; one odd correction must not stop every round
        _LOG.error("Berichtigung der Akte %s", akte.uuid, exc_info=bug)
        keep_trace(services.settings.daten, f"Berichtigung der Akte {akte.uuid}")
        return GoneOn(akte, None, why=f"Programmfehler ({type(bug).__name__}). Bitte melden.", exit_code=_BUG)
    why = done.findings[-1].text if done.exit_code else ""
    return GoneOn(akte, done.id.version, done.findings, why, done.exit_code)


def _begun(services: Services) -> Iterator[tuple[AkteRow, Proposed]]:
    book = services.catalog.corrections
    released = [each for each in book.open() if each.proposal.released_by is not None]
    akten = services.catalog.some_akten([each.proposal.akte for each in released])
    stages = book.stages([delivery_of(each) for each in released])
    for proposed in released:
        akte = akten.get(proposed.proposal.akte)
        if akte is None:
            raise FixityError("Die Akte einer Berichtigung ist aus dem Katalog verschwunden: archiv protokoll pruefe.")
        stage = stages.get(delivery_of(proposed))
        # Never entered: the process ended between the word of the second person and the first step that follows it.
        if stage in BEGUN or (stage is None and akte.version == proposed.version):
            yield akte, proposed


def _is_stored(services: Services, proposed: Proposed) -> bool:
    """True when only the last word is missing: then there is no folder any more, and any machine may say it."""
    row = services.catalog.delivery(delivery_of(proposed))
    return row is not None and row.stage is Stage.ARCHIVED
