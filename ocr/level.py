"""The level of PDF/A-2 that a file of ours claims: b, or u where all text leads to Unicode (ISO 19005-2 §6.2.11.7).

pikepdf writes level b only. The claim is one letter of the XMP packet, so it is changed in the file as it was written:
nothing else moves, and what was judged of the rest stays true.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from akten.files import ValidatorReport
from akten.findings import Verdict

BASIC = "2b"
UNICODE = "2u"

_CLAIM = re.compile(rb"pdfaid:conformance(?:>|\s*=\s*[\"'])([BU])(?=[<\"'])")


def leads_to_unicode(flavour: str) -> bool:
    """True for a flavour whose text must lead to Unicode: level u, and level a, which demands it too."""
    return flavour[1:] in ("u", "a")


def highest_level(path: Path, judges: Sequence[Callable[[Path, str], ValidatorReport]]) -> str:
    """The level that a file at 2b claims from now on: u where every judge says so, else b as it was."""
    if not claim_unicode(path):
        return BASIC
    if all(judge(path, UNICODE).verdict is Verdict.OK for judge in judges):
        return UNICODE
    claim_basic(path)
    return BASIC


def claim_unicode(path: Path) -> bool:
    """Turns the claim of the file from b to u; False when it has not just one that can be read, and nothing changed."""
    return _claim(path, b"B", b"U")


def claim_basic(path: Path) -> None:
    """Takes the claim of u back. Raises ValueError when there is none."""
    if not _claim(path, b"U", b"B"):
        raise ValueError("the file claims no level u")


def _claim(path: Path, old: bytes, new: bytes) -> bool:
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            # A second one belongs to a file inside this one, and which is which the bytes do not tell.
            places = [found.start(1) for found in _CLAIM.finditer(data)]
            if len(places) != 1 or data[places[0] : places[0] + 1] != old:
                return False
        file.seek(places[0])
        file.write(new)
    return True
