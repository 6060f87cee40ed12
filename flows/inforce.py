"""Which Fristenkatalog is in force: decided here, for whoever archives, computes or compares.

The version released last whose first day has come (catalog/rulebook.py knows it), else the basis: the file in the
settings, else the catalogue that comes with the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.rulebook import RuleText
from flows.settings import Settings
from retention.catalogue import Fristenkatalog
from retention.schedule import BUILTIN, builtin_bytes, read_schedule
from retention.yamlfile import file_bytes

if TYPE_CHECKING:
    from flows.wiring import Services


@dataclass(frozen=True, slots=True)
class Rules:
    """A readable catalogue together with its text; `number` is its place in the register, None for one outside."""

    katalog: Fristenkatalog
    text: str
    number: int | None = None

    @property
    def entry(self) -> RuleText:
        """As the register keeps it."""
        return RuleText(self.katalog.name, self.katalog.version, self.katalog.valid_from, self.text)


def read_rules(path: Path) -> Rules:
    """The catalogue in a file. Raises Rejected with every fault that was found."""
    return _read(file_bytes(path), path.name)


def basis(settings: Settings) -> Rules:
    """What is in force as long as nothing was released: the file in the settings, else the shipped catalogue."""
    return _read(builtin_bytes(), BUILTIN) if settings.katalog is None else read_rules(settings.katalog)


def rules_in_force(services: Services) -> Rules:
    """The version released last whose first day has come, else the basis. Raises FixityError for a changed one."""
    found = services.catalog.rules.in_force(services.today())
    if found is None:
        return basis(services.settings)
    version, text = found
    return _read(text.encode(), version.name, version.number)


def rules_numbered(services: Services, number: int) -> Rules:
    """A version of the register, readable."""
    version = services.catalog.rules.version(number)
    return _read(services.catalog.rules.text(number).encode(), version.name, number)


def _read(data: bytes, name: str, number: int | None = None) -> Rules:
    return Rules(read_schedule(data, name), data.decode(), number)
