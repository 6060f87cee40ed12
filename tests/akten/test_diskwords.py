"""What the operating system refuses is told in German, everywhere, and sorted by who must act."""

from __future__ import annotations

import errno
import os

import pytest

from akten.diskwords import as_ours, in_german, is_full
from akten.errors import ArchivError, Misconfigured, Unavailable
from tests.conftest import ROOT

ROOMS = ("akten", "ingest", "ocr", "metadata", "archive", "retention", "catalog", "flows", "app")


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, Unavailable, "der Datenträger ist voll"),
        (errno.EDQUOT, Unavailable, "das Platzkontingent ist aufgebraucht"),
        (errno.EIO, Unavailable, "der Datenträger meldet einen Fehler"),
        (errno.EACCES, Misconfigured, "dafür fehlt die Berechtigung"),
        (errno.EROFS, Misconfigured, "der Datenträger ist schreibgeschützt"),
        (errno.ENXIO, Misconfigured, "Systemfehler ENXIO"),
        (99_999, Misconfigured, "Systemfehler 99999"),
    ],
)
def test_a_refusal_has_german_words_and_a_sort(number: int, kind: type[ArchivError], words: str) -> None:
    told = as_ours(OSError(number, os.strerror(number)), "Der Ordner ist nicht benutzbar")
    assert type(told) is kind
    assert told.text == f"Der Ordner ist nicht benutzbar: {words}."
    assert is_full(number) == (number in (errno.ENOSPC, errno.EDQUOT))


def test_a_fault_without_a_number_is_told_too() -> None:
    assert in_german(None) == "das System nennt keinen Grund"


def test_no_room_quotes_the_english_words_of_the_system() -> None:
    quoting = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if "strerror" in path.read_text(encoding="utf-8")
    ]
    assert quoting == []
