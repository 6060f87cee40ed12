"""Looks at the names in a bag: what other systems cannot hold, twins, bytes that are no UTF-8 (RFC 8493 §6.1.1)."""

from __future__ import annotations

from itertools import chain

from archive.bagnotes import Notes
from archive.bagpaths import all_tame, odd_characters, twins, windows_trouble
from archive.bagrules import shown
from archive.bagsource import BagSource

_AT_ONCE = 256  # names looked at in one go, as long as there is nothing to see


def check_names(source: BagSource, notes: Notes) -> None:
    """Findings BG-32, BG-33, BG-36, BG-38, BG-39: warnings in a foreign bag, mostly errors at intake."""
    paths = source.files.paths
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        if not all_tame(some):
            for path in some:
                _check_name(path, notes)
    for first, second in twins(lambda: chain(source.files, source.folders)):
        notes.strict(
            "BG-36", second, f"Der Name ist ein Zwilling eines anderen (Großschreibung oder Normalform): {shown(first)}"
        )


def _check_name(path: str, notes: Notes) -> None:
    if "\\" in path:
        notes.strict("BG-32", path, "Der Name enthält einen Rückstrich.")
    odd = odd_characters(path)
    if odd == "Bytes, die kein UTF-8 sind":
        notes.error("BG-38", path, "Der Dateiname ist kein gültiges UTF-8.")
    elif odd:
        notes.strict("BG-39", path, f"Der Name enthält {odd}.")
    elif trouble := windows_trouble(path):
        notes.warning("BG-33", path, f"Unter Windows nicht möglich: {trouble}.")
