"""The error tree, sorted by who must act; nothing else may be raised across rooms.

    ArchivError              retried  exit  HTTP  what follows
    ├── Rejected(findings)   no       3     422   clearing desk: the clerk resubmits, accepts with a reason, or returns
    ├── Forbidden            no       4     409   nothing changes: hold, period running, approval missing, illegal move
    │   └── Unknown          no       2     404   nothing changes: what was named does not exist, or not only once
    ├── FixityError          no       5     500   alarm: nothing is repaired or deleted by itself
    ├── Unavailable          yes      6     503   nothing changes: the outside is down; the only sort that is retried
    └── Misconfigured        no       7     500   nothing changes: the text says what to install or to set

A bug is none of these: it travels up unwrapped and ends with exit code 1.
"""

from __future__ import annotations

from typing import ClassVar

from akten.findings import Finding


class ArchivError(Exception):
    """Base of every error we raise on purpose; `text` is a German sentence for the person who must act."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    retried: ClassVar[bool] = False

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Rejected(ArchivError):
    """What was handed in cannot go on as it is; the findings say why and go to the clearing desk."""

    exit_code = 3
    http_status = 422

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(f"{f.code} {f.text}" for f in findings) or "abgelehnt")
        self.findings = findings

    def __reduce__(self) -> tuple[type[Rejected], tuple[tuple[Finding, ...]]]:
        return (type(self), (self.findings,))


class Forbidden(ArchivError):
    """The act is not allowed now: a hold, a running period, a missing approval or an illegal move."""

    exit_code = 4
    http_status = 409


class Unknown(Forbidden):
    """What was named (an Akte, a case, a version) does not exist, or the name fits several: the call was wrong.

    A sort of Forbidden, since for whoever acts on it the act is refused all the same.
    """

    exit_code = 2
    http_status = 404


class FixityError(ArchivError):
    """Stored bytes are not what was recorded; nothing is repaired or deleted by itself."""

    exit_code = 5


class Unavailable(ArchivError):
    """Something outside is down for now; the same call may work later. The only sort that is retried."""

    exit_code = 6
    http_status = 503
    retried = True


class Misconfigured(ArchivError):
    """A tool or a setting is missing or wrong; the text says what to install or to set."""

    exit_code = 7
