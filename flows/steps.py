"""How a step of a walk is called: timed, and stopped by findings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ParamSpec, Protocol, TypeVar

from akten.errors import Rejected
from akten.findings import Finding, Severity

P = ParamSpec("P")
R = TypeVar("R")


class Run(Protocol):
    """The way a step is called; a step is a plain function."""

    def __call__(self, name: str, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls `fn` as the step `name` and returns what it returns."""
        ...


@dataclass(slots=True)
class Stopwatch:
    """Calls steps and adds up the wall seconds of each by name, for the receipt."""

    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, name: str, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls the step and keeps its time, also when it raises."""
        start = time.monotonic()
        try:
            return fn(*args, **kwargs)
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start


def require(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Lets warnings and infos pass. Raises Rejected with all findings when one of them is an error."""
    kept = tuple(findings)
    if any(finding.severity is Severity.ERROR for finding in kept):
        raise Rejected(kept)
    return kept
