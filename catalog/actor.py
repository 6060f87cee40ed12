"""`Actor`: who did it, as it stands in the trail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_BETWEEN = " / "


class ActorKind(StrEnum):
    """How the system knows who acts."""

    LOGIN = "login"  # the operating system's account
    ALS = "als"  # named on the command line by --als
    SYSTEM = "system"  # a round or a service of our own


@dataclass(frozen=True, slots=True)
class Actor:
    """An account that acts. The name is an account or a role of the office, never a citizen's name.

    `login` is the operating system's account that said the name of `ALS`; "" where the name is the account itself.
    """

    name: str
    kind: ActorKind = ActorKind.LOGIN
    login: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", ActorKind(self.kind))
        if not self.name.strip() or any(_unfit(text) for text in (self.name, self.login)):
            raise ValueError("Actor wants a name of 1 to 200 printable characters")
        if self.login and self.kind is not ActorKind.ALS:
            raise ValueError("only a name said by an account has another account beside it")

    @classmethod
    def read(cls, label: str, kind: ActorKind | str) -> Actor:
        """The actor of a stored label: "leitung / m.schmitz" is the name and the account that said it."""
        name, between, login = label.rpartition(_BETWEEN)
        if ActorKind(kind) is ActorKind.ALS and between and name.strip():
            return cls(name, ActorKind.ALS, login)
        return cls(label, ActorKind(kind))

    @property
    def label(self) -> str:
        """Name and account in one text, for tables and lists."""
        return f"{self.name}{_BETWEEN}{self.login}" if self.login else self.name

    @property
    def account(self) -> str:
        """The account that stands behind the act: what was proven, not what was said."""
        return self.login or self.name

    def __str__(self) -> str:
        return self.label if self.kind is ActorKind.LOGIN else f"{self.label} ({self.kind})"


def _unfit(text: str) -> bool:
    return len(text) > 200 or any(ord(c) < 0x20 or 0xD800 <= ord(c) < 0xE000 for c in text)
