"""Schutzfristen: when archived material opens (ArchivG NRW § 7); of several terms the one that ends last decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from retention.catalogue import AccessTerm, ArchiveLaw
from retention.derivation import day_text
from retention.periods import last_day, next_day


@dataclass(frozen=True, slots=True)
class Betroffen:
    """A person whom the record is about: day of death and of birth, as far as known."""

    died: date | None = None
    born: date | None = None


@dataclass(frozen=True, slots=True)
class Schutzfrist:
    """`closed_until` is the last closed day, `open_from` the first open one; each term is told in one line."""

    closed_until: date
    open_from: date | None
    derivation: tuple[str, ...]

    def is_open(self, as_of: date) -> bool:
        """True from the first open day on."""
        return self.open_from is not None and as_of >= self.open_from


def closure(created: date, persons: Sequence[Betroffen], law: ArchiveLaw, *, secrecy: bool) -> Schutzfrist:
    """The closure of a record that came into being on `created`; periods run from the end of the calendar year."""
    terms = list(_terms(created, persons, law, secrecy=secrecy))
    lines = []
    latest = date.min
    for name, start, term in terms:
        end = last_day(start, law.access_start, term.period)
        lines.append(f"{name}: {start.year:04d} + {term.period.text}: geschlossen bis {day_text(end)}.")
        latest = max(latest, end)
    lines.append(f"Die längste Schutzfrist gilt: geschlossen bis einschließlich {day_text(latest)}.")
    return Schutzfrist(latest, next_day(latest), tuple(lines))


def _terms(
    created: date, persons: Sequence[Betroffen], law: ArchiveLaw, *, secrecy: bool
) -> Iterator[tuple[str, date, AccessTerm]]:
    yield "Allgemein, seit Entstehung", created, law.general
    if secrecy:
        yield "Berufs- oder Amtsgeheimnis, seit Entstehung", created, law.secrecy
    deaths = [person.died for person in persons if person.died is not None]
    births = [person.born for person in persons if person.died is None and person.born is not None]
    if deaths:
        yield "Personen, seit dem letzten bekannten Tod", max(deaths), law.death_known
    if births:
        yield "Personen, seit der letzten bekannten Geburt", max(births), law.birth_known
    if any(person.died is None and person.born is None for person in persons):
        yield "Personen ohne bekannte Daten, seit Entstehung", created, law.neither_known
