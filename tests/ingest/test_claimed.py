"""A claimed delivery: one holds it at a time, its marker says where it came from, and damage to its notes is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from akten.errors import FixityError
from ingest.delivery import read_delivery
from ingest.inbox import claim, held, unfinished
from tests.ingest.builders import fill, zipped
from tests.ingest.moves import NewId


def test_only_one_holds_a_delivery(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a")
    claimed = claim(inbox / "a", work, new_id)
    with held(claimed) as first, held(claimed) as second:
        assert (first, second) == (True, False)
    with held(claimed) as third:
        assert third


def test_a_claim_under_way_is_not_taken_from_its_process(inbox: Path, work: Path, new_id: NewId) -> None:
    """A half claim whose lock is held by a living process is left alone and not listed."""
    zipped(inbox / "a.zip")
    claimed = claim(inbox / "a.zip", work, new_id)
    claimed.lieferung.rename(claimed.folder / "lieferung.teil")
    with held(claimed):
        assert unfinished(work) == ()
    assert unfinished(work) == (claimed,)
    assert len(read_delivery(claimed).scans) == 2


@pytest.mark.parametrize("damaged", [b"\x00\x00", b"[{}]", b"7", b"\xff", b'[{"code": "IN-01", "severity": "rot"}]'])
def test_a_damaged_note_of_findings_is_an_alarm_and_not_a_bug(
    damaged: bytes, inbox: Path, work: Path, new_id: NewId
) -> None:
    fill(inbox / "a")
    claimed = claim(inbox / "a", work, new_id)
    (claimed.folder / "befunde.json").write_bytes(damaged)
    with pytest.raises(FixityError, match=r"befunde\.json"):
        read_delivery(claimed)


def test_the_marker_says_where_a_delivery_came_from(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a")
    claimed = claim(inbox / "a", work, new_id)
    assert json.loads((claimed.folder / "herkunft.json").read_text()) == {
        "pfad": str(inbox.resolve() / "a"),
        "zip": False,
    }
