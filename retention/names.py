"""The names that a catalogue knows, of events and of facts; for what people write by hand and may misspell."""

from __future__ import annotations

from retention.catalogue import Fristenkatalog
from retention.form import meant
from retention.periods import age_of_event

# Days that matter whatever the class says: closing and creation (offering), birth (completed ages).
GENERAL_EVENTS = frozenset(
    {"file_closed", "case_closed", "created", "creation", "file_created", "birth", "born", "date_of_birth"}
)


class Names:
    """All names of one catalogue."""

    def __init__(self, katalog: Fristenkatalog) -> None:
        bases = [basis for entry in katalog.classes.values() for basis in entry.bases]
        variants = [variant for basis in bases for variant in basis.variants]
        self.events = GENERAL_EVENTS | set(katalog.event_titles)
        self.events |= {basis.trigger for basis in bases} | {v.event for v in variants} | {v.or_later for v in variants}
        self.facts = {basis.while_fact for basis in bases} | {basis.applies_if for basis in bases}
        self.facts |= {variant.unless for variant in variants}
        self.events -= {""}
        self.facts -= {""}

    def event_fault(self, name: str) -> str:
        """A sentence about an event that the catalogue does not know, "" for a known one."""
        if name in self.events or age_of_event(name) is not None:
            return ""
        return f"Das Ereignis „{name}“ kommt im Katalog nicht vor.{meant(name, self.events)}"

    def fact_fault(self, name: str) -> str:
        """A sentence about a fact that the catalogue does not know, "" for a known one or its opposite (`no_…`)."""
        if name in self.facts or name.removeprefix("no_") in self.facts or f"no_{name}" in self.facts:
            return ""
        return f"Die Tatsache „{name}“ kommt im Katalog nicht vor.{meant(name, self.facts)}"
