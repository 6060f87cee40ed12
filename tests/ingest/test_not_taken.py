"""What the intake does not take stays where it lies, and is named with the reason."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from akten.errors import Rejected
from ingest.inbox import claim, left_in, unfinished
from tests.ingest.builders import fill
from tests.ingest.moves import NewId


def test_what_lies_in_the_inbox_and_is_not_taken_is_named_with_the_reason(inbox: Path) -> None:
    """A folder whose slip is called laufzettel.json.txt lay there for ever, and nobody was told."""
    fill(inbox / "benannt")
    (inbox / "benannt" / "laufzettel.json").rename(inbox / "benannt" / "laufzettel.json.txt")
    (inbox / "ohne").mkdir()
    for name in ("lose.tif", "halb.zip", ".verborgen", "Thumbs.db"):
        (inbox / name).write_bytes(b"x")
    (inbox / "kopie.part").mkdir()
    fill(inbox / "gut")
    told = dict(left_in(inbox, now=time.time() + 10, settle_seconds=5))
    assert set(told) == {"benannt", "ohne", "lose.tif", "halb.zip", "kopie.part", "gut"}
    assert "laufzettel.json.txt" in told["benannt"]
    assert "Laufzettel fehlt" in told["ohne"]
    assert "Ordner (oder ein ZIP)" in told["lose.tif"]
    assert "noch nicht vollständig" in told["halb.zip"]
    assert "noch kopiert" in told["kopie.part"]
    assert "noch einmal" in told["gut"]
    assert "eben noch" in dict(left_in(inbox, now=time.time(), settle_seconds=5))["gut"]
    assert left_in(inbox / "fehlt", now=0, settle_seconds=5) == []


@pytest.mark.parametrize("what", ["nothing", "file", "link", "pipe"])
def test_what_is_no_delivery_is_refused_and_stays(what: str, inbox: Path, work: Path, new_id: NewId) -> None:
    path = inbox / "x"
    fill(inbox / "echt")
    if what == "file":
        path.write_bytes(b"%PDF-1.7")
    elif what == "link":
        path.symlink_to(inbox / "echt")
    elif what == "pipe":
        os.mkfifo(path)
    with pytest.raises(Rejected) as caught:
        claim(path, work, new_id)
    assert [finding.code for finding in caught.value.findings] == ["IN-03" if what in ("nothing", "file") else "IN-04"]
    assert (inbox / "echt" / "scan1.tif").exists()
    assert unfinished(work) == ()
