"""What stands behind a value of a YAML slip and a „#“: YAML reads nothing there, and the clerk is told what it was.

`aktenzeichen: 63-4016-19 # Band 2` is Band 1. A comment on a line of its own, behind quotes or behind a whole list is
meant as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from akten.findings import Finding
from ingest.rules import FEW, warning
from ingest.slip_fields import shown
from ingest.slip_nodes import LOADER

_BEHIND = re.compile(r"[ \t]+#+[ \t]*(?P<said>[^\r\n\u2028\u2029]*)")


def remarks_of(text: str, name: str) -> tuple[Finding, ...]:
    """IN-18 for each comment behind a value of a YAML text that was read without fault; of many the rest is counted."""
    found = [
        warning(
            "IN-18",
            f"{name}, Zeile {line}",
            f"Hinter „#“ liest YAML nichts: „{shown(said)}“ gilt als Bemerkung. Gehört es zum Wert, bitte den ganzen "
            "Wert in Anführungszeichen setzen.",
        )
        for line, said in _behind_values(text)
    ]
    if len(found) > FEW:
        found[FEW:] = [warning("IN-18", name, f"Ebenso hinter {len(found) - FEW} weiteren Werten.")]
    return tuple(found)


def _behind_values(text: str) -> Iterator[tuple[int, str]]:
    """Line and words of each comment behind a value that was written without quotes."""
    if not _BEHIND.search(text):
        return
    for event in yaml.parse(text, Loader=LOADER):
        if not isinstance(event, yaml.ScalarEvent) or event.style or not event.value or not event.end_mark:
            continue
        behind = _BEHIND.match(text, event.end_mark.index)
        if behind and any(character.isalnum() for character in behind["said"]):
            yield event.end_mark.line + 1, behind["said"].strip()
