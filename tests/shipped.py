"""The Fristenkatalog that comes with the program, as the tests of rules, rounds and due lists are run by."""

from __future__ import annotations

from retention.catalogue import Fristenkatalog
from retention.schedule import BUILTIN, builtin_bytes, read_schedule


def builtin_schedule() -> Fristenkatalog:
    return read_schedule(builtin_bytes(), BUILTIN)
