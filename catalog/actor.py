"""`Actor`: who did it, as it stands in the trail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """How the system knows who acts."""

    LOGIN = "login"  # the operating system's account
    ALS = "als"  # named on the command line by --als
    SYSTEM = "system"  # a round or a service of our own


@dataclass(frozen=True, slots=True)
class Actor:
    """An account that acts. The name is an account or a role of the office, never a citizen's name."""

    name: str
    kind: ActorKind = ActorKind.LOGIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", ActorKind(self.kind))
        if (
            not self.name.strip()
            or len(self.name) > 200
            or any(ord(c) < 0x20 or 0xD800 <= ord(c) < 0xE000 for c in self.name)
        ):
            raise ValueError("Actor wants a name of 1 to 200 printable characters")

    def __str__(self) -> str:
        return self.name if self.kind is ActorKind.LOGIN else f"{self.name} ({self.kind})"
