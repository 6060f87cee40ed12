"""What the intake does not take stays where it lies, and is named with the reason."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from akten.errors import Rejected
from ingest.claimed import TAKING
from ingest.inbox import claim, unfinished
from ingest.lookout import left_in, waiting
from tests.ingest.builders import fill, zipped
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


def test_what_a_machine_began_to_take_and_never_finished_is_named(inbox: Path) -> None:
    """On an inbox that several share it lay under a hidden name for ever, once that machine was lost."""
    fill(inbox / f"{TAKING}{uuid4()}")
    assert left_in(inbox, now=time.time() + 60, settle_seconds=5) == []
    ((name, why),) = left_in(inbox, now=time.time() + 4000, settle_seconds=5)
    assert name.startswith(TAKING)
    assert "neu angenommen" in why


def test_of_a_zip_that_a_machine_left_half_taken_it_is_told_that_its_new_name_wants_the_ending(inbox: Path) -> None:
    hidden = inbox / f"{TAKING}{uuid4()}"
    zipped(hidden)
    later = time.time() + 7200
    ((_, why),) = left_in(inbox, now=later, settle_seconds=5)
    assert ".zip am Ende" in why
    hidden.rename(inbox / "lieferung.zip")
    assert waiting(inbox, now=later, settle_seconds=5) == (inbox / "lieferung.zip",)


def as_nobody(look: Callable[[], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """What a process without rights of root sees."""
    if os.geteuid() != 0:
        return look()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        os.write(writing, json.dumps(look()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        value = [(name, why) for name, why in json.load(told)]
    os.waitpid(child, 0)
    return value


def test_what_belongs_to_another_account_is_named_with_what_to_do() -> None:
    """It may be read and not be moved, or not even be read; before, nobody was told which one it is."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        for name, mode in (("lesbar", 0o555), ("zu", 0o000)):
            fill(Path(place) / name)
            (Path(place) / name).chmod(mode)
        told = dict(as_nobody(lambda: left_in(Path(place), now=time.time() + 10, settle_seconds=5)))
        for name in ("lesbar", "zu"):
            (Path(place) / name).chmod(0o755)
    assert "nicht wegbewegen" in told["lesbar"]
    assert "nicht lesen (dafür fehlt die Berechtigung)" in told["zu"]


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
