"""Claiming: exactly one gets it, whole or not at all, whatever is killed; nothing is followed, nothing is lost."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from akten.errors import Misconfigured, Rejected
from ingest.delivery import read_delivery
from ingest.inbox import ClaimedDelivery, claim, claim_ready, unfinished
from ingest.lookout import waiting
from tests.ingest.builders import TIFF, fill, zipped
from tests.ingest.moves import NewId, contents, killed_after, other_file_system


def later() -> float:
    return time.time() + 60


def next_of(inbox: Path, work: Path, new_id: NewId, later: float = 10.0, settle: float = 5.0) -> ClaimedDelivery | None:
    ready = claim_ready(inbox, work, now=lambda: time.time() + later, settle_seconds=settle, new_id=new_id)
    return next(ready, None)


def test_a_folder_of_deliveries_is_refused_where_it_lies_for_each_is_meant_alone(
    inbox: Path, work: Path, new_id: NewId
) -> None:
    for name in ("akte1", "akte2"):
        fill(inbox / "tag" / name)
    before = contents(inbox)
    with pytest.raises(Rejected) as caught:
        claim(inbox / "tag", work, new_id)
    assert [finding.code for finding in caught.value.findings] == ["IN-03"]
    assert "nur in Unterordnern (2, etwa „akte1“)" in caught.value.findings[0].text
    assert contents(inbox) == before
    assert not list(work.iterdir())


@pytest.mark.parametrize("named", ["haus", "."])
def test_a_folder_that_nobody_made_ready_stays_where_it_is(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """A home folder named by mistake, and the working directory that an empty path names, are no deliveries."""
    (inbox / "haus").mkdir()
    (inbox / "haus" / "bild.tif").write_bytes(TIFF)
    monkeypatch.chdir(inbox / "haus" if named == "." else inbox)
    with pytest.raises(Rejected) as caught:
        claim(Path(named), work, new_id)
    assert [finding.code for finding in caught.value.findings] == ["IN-01"]
    assert (inbox / "haus" / "bild.tif").is_file()
    assert not list(work.iterdir())


def test_a_folder_of_deliveries_in_the_inbox_is_taken_and_told_by_reading_it(
    inbox: Path, work: Path, new_id: NewId
) -> None:
    for name in ("akte1", "akte2"):
        fill(inbox / "tag" / name)
    (inbox / "tag" / "fertig").touch()
    claimed = next_of(inbox, work, new_id)
    assert claimed is not None
    with pytest.raises(Rejected) as caught:
        read_delivery(claimed)
    assert [finding.code for finding in caught.value.findings] == ["IN-01"]


@pytest.mark.parametrize("inner", ["lieferung", "lieferung/innen"])
def test_one_delivery_however_deep_is_still_taken(inbox: Path, work: Path, new_id: NewId, inner: str) -> None:
    """A packed folder, and one whose sub-folder has a slip of its own, which reading tells (IN-02)."""
    fill(inbox / inner)
    if inner.endswith("innen"):
        fill(inbox / "lieferung")
    assert claim(inbox / "lieferung", work, new_id).lieferung.is_dir()


def test_a_claimed_folder_is_gone_from_the_inbox_and_complete_in_the_work_folder(
    inbox: Path, work: Path, new_id: NewId
) -> None:
    before = contents(fill(inbox / "Akte 1"))
    claimed = claim(inbox / "Akte 1", work, new_id)
    assert list(inbox.iterdir()) == []
    assert claimed.folder == work.resolve() / str(claimed.uuid)
    assert contents(claimed.lieferung) == before
    assert claimed.name == "Akte 1"
    assert unfinished(work) == (claimed,)


@pytest.mark.parametrize("home", ["Akten", "Akten/anna", "Akten/anna/a/b"])
def test_what_holds_the_home_of_a_person_is_never_moved(
    home: str, inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox / "Akten")
    (inbox / home).mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("HOME", str(inbox / home))
    with pytest.raises(Misconfigured, match="persönlicher Ordner"):
        claim(inbox / "Akten", work, new_id)
    assert (inbox / home).is_dir()
    assert not list(work.glob("*-*"))
    monkeypatch.setenv("HOME", str(inbox))
    assert claim(inbox / "Akten", work, new_id).name == "Akten"


def test_a_claim_across_file_systems_copies_checks_and_removes(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox / "a", files={"unter/scan1.tif": TIFF})
    (inbox / "a" / "link").symlink_to("/etc/passwd")
    os.mkfifo(inbox / "a" / "rohr")
    zipped(inbox / "b.zip")
    other_file_system(monkeypatch, inbox)
    folder, box = claim(inbox / "a", work, new_id), claim(inbox / "b.zip", work, new_id)
    assert list(inbox.iterdir()) == []
    assert (folder.lieferung / "unter" / "scan1.tif").read_bytes() == TIFF
    assert (folder.lieferung / "link").is_symlink()
    assert {f.code for f in read_delivery(folder).findings} == {"IN-04"}
    assert len(read_delivery(box).scans) == 2


def test_of_many_claims_at_once_exactly_one_wins(inbox: Path, work: Path) -> None:
    fill(inbox / "a")
    won: list[ClaimedDelivery] = []
    lost: list[str] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        try:
            won.append(claim(inbox / "a", work, uuid4))
        except Rejected as fault:
            lost.extend(finding.code for finding in fault.findings)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert lost == ["IN-03"] * 7
    assert unfinished(work) == tuple(won)


def test_processes_at_one_inbox_share_the_deliveries_without_loss_or_doubling(inbox: Path, work: Path) -> None:
    for number in range(12):
        fill(inbox / f"akte{number:02d}")
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            try:
                for _ in claim_ready(inbox, work, now=later, settle_seconds=1, new_id=uuid4):
                    pass
                os._exit(0)
            finally:
                os._exit(1)
        children.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 4
    assert list(inbox.iterdir()) == []
    assert sorted(claimed.name for claimed in unfinished(work)) == [f"akte{number:02d}" for number in range(12)]


def looks_at(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Path]:
    """Every look at a file of this name from now on."""
    looked: list[Path] = []
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path.name == name:
            looked.append(path)
        return real(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    return looked


def test_what_is_still_copied_is_looked_through_once_and_not_again_for_each_that_is_taken(
    inbox: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a large folder still being copied, a hundred small ones were taken in minutes instead of a second."""
    for number in range(5):
        fill(inbox / f"b{number}")
    time.sleep(0.2)
    fill(inbox / "a", files={"neu.tif": TIFF})
    looked = looks_at(monkeypatch, "neu.tif")
    ready = claim_ready(inbox, work, now=time.time, settle_seconds=0.1, new_id=uuid4)
    assert next(ready).name in ("a", "b0")  # settled meanwhile on a slow machine
    assert len(list(ready)) in (4, 5)
    assert len(looked) == 1


def test_what_lies_there_without_a_slip_is_not_looked_through_at_all(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch looks every second: a forgotten folder with thousands of files kept a core busy for good."""
    (inbox / "alt").mkdir()
    (inbox / "alt" / "bild.tif").write_bytes(TIFF)
    looked = looks_at(monkeypatch, "bild.tif")
    assert waiting(inbox, now=later(), settle_seconds=5) == ()
    assert looked == []


def test_a_delivery_that_cannot_be_taken_is_told_after_all_others_are(
    inbox: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        fill(inbox / name)
    real = os.rename

    def refuse(source: Path, target: Path) -> None:
        if Path(source).name == "a":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        real(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    ready = claim_ready(inbox, work, now=later, settle_seconds=5, new_id=uuid4)
    assert [next(ready).name, next(ready).name] == ["b", "c"]
    with pytest.raises(Misconfigured, match="Zugriffsrechte"):
        next(ready)
    assert (inbox / "a" / "scan1.tif").exists()


@pytest.mark.parametrize("kind", ["folder", "zip", "folder, other disk", "zip, other disk"])
def test_killed_at_any_step_a_delivery_is_in_the_inbox_or_claimed_whole(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    while True:
        root = tmp_path / str(steps)
        inbox, work = root / "eingang", root / "arbeit"
        inbox.mkdir(parents=True)
        source = inbox / ("a.zip" if kind.startswith("zip") else "a")
        whole = zipped(source) if kind.startswith("zip") else contents(fill(source))

        def act(source: Path = source, inbox: Path = inbox, work: Path = work) -> None:
            if kind.endswith("disk"):
                with pytest.MonkeyPatch.context() as patch:
                    other_file_system(patch, inbox)
                    claim(source, work, uuid4)
            else:
                claim(source, work, uuid4)

        was_killed = killed_after(steps, act)
        with pytest.MonkeyPatch.context() as patch:
            if kind.endswith("disk"):
                other_file_system(patch, inbox)
            found = unfinished(work)
            assert len(found) + source.exists() == 1, f"killed at step {steps}"
            if not found:
                found = (claim(source, work, uuid4),)
            assert contents(found[0].lieferung) == whole
            assert [entry.name for entry in inbox.iterdir()] == []
            assert [entry.name for entry in work.iterdir() if entry.is_dir()] == [str(found[0].uuid)]
            assert unfinished(work) == found
        if not was_killed:
            break
        steps += 1
    assert steps > 5


def test_only_settled_and_closed_deliveries_are_claimed(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "frisch")
    (inbox / "ohne").mkdir()
    (inbox / "ohne" / "scan1.tif").write_bytes(TIFF)
    (inbox / ".versteckt").mkdir()
    fill(inbox / "kommt.part")
    assert next_of(inbox, work, new_id, later=0.0) is None
    claimed = next_of(inbox, work, new_id)
    assert claimed is not None
    assert claimed.name == "frisch"
    assert next_of(inbox, work, new_id) is None


def test_a_modification_time_set_back_by_the_copying_program_does_not_settle(
    inbox: Path, work: Path, new_id: NewId
) -> None:
    folder = fill(inbox / "a")
    for path in (*folder.iterdir(), folder):
        os.utime(path, (0, 0))
    assert next_of(inbox, work, new_id, later=1.0) is None


def test_a_scanner_with_a_clock_ahead_does_not_block(inbox: Path, work: Path, new_id: NewId) -> None:
    folder = fill(inbox / "a")
    ahead = time.time() + 10_000_000
    os.utime(folder / "scan1.tif", (ahead, ahead))
    assert next_of(inbox, work, new_id) is not None


@pytest.mark.parametrize("marker", ["fertig", ".fertig", "FERTIG.txt"])
def test_a_closing_marker_closes_a_delivery_without_slip(marker: str, inbox: Path, work: Path, new_id: NewId) -> None:
    (inbox / "a").mkdir()
    (inbox / "a" / "scan1.tif").write_bytes(TIFF)
    (inbox / "a" / marker).touch()
    claimed = next_of(inbox, work, new_id)
    assert claimed is not None
    with pytest.raises(Rejected) as caught:
        read_delivery(claimed)
    assert [finding.code for finding in caught.value.findings if finding.code != "IN-05"] == ["IN-01"]


def test_a_zip_is_claimed_when_its_end_is_there(inbox: Path, work: Path, new_id: NewId) -> None:
    zipped(inbox / "a.zip")
    whole = (inbox / "a.zip").read_bytes()
    (inbox / "a.zip").write_bytes(whole[: len(whole) // 2])
    assert next_of(inbox, work, new_id) is None
    broken = next_of(inbox, work, new_id, later=61.0)
    assert broken is not None
    with pytest.raises(Rejected) as caught:
        read_delivery(broken)
    assert [finding.code for finding in caught.value.findings] == ["IN-06"]
    assert broken.zip_file is not None
    assert broken.zip_file.read_bytes() == whole[: len(whole) // 2]


def test_names_with_odd_characters_are_claimed(inbox: Path, work: Path, new_id: NewId) -> None:
    for name in (b"a b\nc", b"\xfcber", "Größe 1".encode(), b"-rf", b"%s{0}"):
        fill(Path(os.fsdecode(bytes(inbox) + b"/" + name)))
        claimed = next_of(inbox, work, new_id)
        assert claimed is not None
        assert os.fsencode(claimed.name) == name
        assert len(read_delivery(claimed).scans) == 2


@pytest.mark.parametrize("how", ["gone", "not a folder"])
def test_an_inbox_that_cannot_be_read_just_now_is_no_end_of_the_watch(how: str, inbox: Path) -> None:
    """A network drive may be away for a minute; the run that claims says what is wrong."""
    inbox.rmdir()
    if how == "not a folder":
        inbox.touch()
    assert waiting(inbox, now=time.time(), settle_seconds=0.0) == ()


def test_a_delivery_around_the_work_folder_is_refused(tmp_path: Path, work: Path, new_id: NewId) -> None:
    with pytest.raises(Misconfigured):
        claim(tmp_path, work, new_id)


def test_missing_rights_are_told_and_nothing_moves(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox / "a")

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(Misconfigured, match="Zugriffsrechte"):
        claim(inbox / "a", work, new_id)
    monkeypatch.undo()
    assert (inbox / "a" / "scan2.tif").exists()
    assert unfinished(work) == ()


def test_a_delivery_that_cannot_be_taken_does_not_keep_the_others_waiting(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox / "a")
    fill(inbox / "b")
    rename = os.rename

    def refuse_a(source: str | Path, target: str | Path) -> None:
        if Path(source).name == "a":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse_a)
    claimed = next_of(inbox, work, new_id)
    assert claimed is not None
    assert claimed.name == "b"
    with pytest.raises(Misconfigured):
        next_of(inbox, work, new_id)
