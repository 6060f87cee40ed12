"""How a part of the machine is, and what that says of the whole: well, broken, away for now, or not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from akten.diskwords import as_ours, is_of_the_machine
from akten.errors import ArchivError, Misconfigured, Unavailable
from akten.findings import Verdict


class Health(StrEnum):
    """How a part is: works, is broken, or is not there."""

    OK = "ok"
    FAILED = "failed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part; `needed` parts make the whole fail, others only limit what can be checked.

    `away` is one that failed because it cannot be reached for now: nothing has to be set or installed for it.
    """

    part: str
    version: str
    health: Health
    advice: str = ""
    needed: bool = True
    details: tuple[dict[str, Any], ...] = field(default=())
    complete: bool = True  # False: well as far as it was looked at
    away: bool = False


@dataclass(frozen=True, slots=True)
class Examination:
    """All parts of one machine and its archive."""

    parts: tuple[PartHealth, ...]

    @property
    def failed(self) -> tuple[PartHealth, ...]:
        """What nothing can go on without: all that fail, and needed parts that are not there."""
        bad = (part for part in self.parts if part.health is not Health.OK)
        return tuple(part for part in bad if part.needed or part.health is Health.FAILED)

    @property
    def verdict(self) -> Verdict:
        """Failed when a needed part fails or lacks; not checked when one lacks, or was not seen, that only checks."""
        if self.failed:
            return Verdict.FAILED
        whole = all(part.health is Health.OK and part.complete for part in self.parts)
        return Verdict.OK if whole else Verdict.NOT_CHECKED

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """Of each part that failed who must act: somebody who sets or installs it, or nobody while it is only away."""
        return tuple(Unavailable.exit_code if part.away else Misconfigured.exit_code for part in self.failed)


def broken(part: str, error: ArchivError, more: str = "") -> PartHealth:
    """A part that failed with this error; `more` is what the error does not know to say."""
    return PartHealth(part, "", Health.FAILED, error.text + more, away=error.retried)


def guarded(part: str, look: Callable[[], PartHealth]) -> PartHealth:
    """What was seen of one part, or that looking broke off."""
    return each_guarded(part, lambda: (look(),))[0]


def each_guarded(part: str, look: Callable[[], Iterable[PartHealth]]) -> list[PartHealth]:
    """What was seen; where looking broke off, `part` is failed with the reason, and the other parts are still told."""
    seen: list[PartHealth] = []
    try:
        seen.extend(look())
    except ArchivError as error:
        seen.append(broken(part, error))
    except OSError as fault:
        if not is_of_the_machine(fault.errno):
            raise
        seen.append(broken(part, as_ours(fault, "Nicht zu prüfen")))
    return seen
