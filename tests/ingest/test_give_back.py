"""Giving back and releasing: a delivery lies in one place afterwards, as it came, whatever is killed."""

from __future__ import annotations

import errno
import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from akten.errors import Misconfigured, Unavailable
from ingest.inbox import claim, give_back, held, release, unfinished
from tests.ingest.builders import TIFF, fill, zipped
from tests.ingest.moves import NewId, contents, killed_after, other_file_system


def test_a_delivery_is_given_back_as_it_came(inbox: Path, work: Path, new_id: NewId, tmp_path: Path) -> None:
    before = contents(fill(inbox / "a"))
    zipped(inbox / "b.zip")
    box = (inbox / "b.zip").read_bytes()
    (tmp_path / "zurueck" / "a").mkdir(parents=True)
    assert contents(give_back(claim(inbox / "a", work, new_id), tmp_path / "zurueck")) == before
    assert give_back(claim(inbox / "b.zip", work, new_id), tmp_path / "zurueck").read_bytes() == box
    assert sorted(path.name for path in (tmp_path / "zurueck").iterdir()) == ["a", "a (2)", "b.zip"]
    assert unfinished(work) == ()


@pytest.mark.parametrize("inside", ["", "neu", "lieferung", "ergebnis"])
def test_a_delivery_is_not_given_back_into_its_own_work_folder(
    inbox: Path, work: Path, new_id: NewId, inside: str
) -> None:
    """It was removed with the work folder right after."""
    claimed = claim(fill(inbox / "a"), work, new_id)
    before = contents(claimed.lieferung)
    with pytest.raises(Misconfigured):
        give_back(claimed, claimed.folder / inside)
    assert contents(claimed.lieferung) == before
    assert unfinished(work) == (claimed,)


def test_the_folder_that_is_made_for_a_return_is_forced_to_the_disk_before_the_work_folder_goes(
    inbox: Path, work: Path, new_id: NewId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut the only copy would else lie in a folder that has no name."""
    claimed, target = claim(fill(inbox / "a"), work, new_id), tmp_path / "zurück" / "heute"
    forced: list[Path] = []
    real = os.fsync

    def noted(handle: int) -> None:
        forced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    give_back(claimed, target)
    assert {tmp_path, target.parent} <= set(forced[: forced.index(target)])


def test_two_zips_of_one_name_that_go_back_at_the_same_time_both_lie_there(
    tmp_path: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scanners call every delivery alike, and a rename takes away what has the name already."""
    target, claimed = tmp_path / "zurueck", []
    for station in ("a", "b"):
        (tmp_path / station).mkdir()
        zipped(tmp_path / station / "scan.zip", files={"scan1.tif": TIFF + station.encode()})
        claimed.append(claim(tmp_path / station / "scan.zip", work, new_id))
    boxes = {(one.folder / "lieferung.zip").read_bytes() for one in claimed}
    real = os.fsync

    def slowly(handle: int) -> None:  # as a disk is, between the choice of a name and the rename
        time.sleep(0.02)
        real(handle)

    monkeypatch.setattr(os, "fsync", slowly)
    with ThreadPoolExecutor(2) as threads:
        places = set(threads.map(lambda one: give_back(one, target), claimed))
    assert places == {target / "scan.zip", target / "scan (2).zip"}
    assert {place.read_bytes() for place in places} == boxes


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("is_zip", [False, True])
def test_killed_anywhere_while_it_is_given_back_a_delivery_lies_there_once(
    tmp_path: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch, *, across: bool, is_zip: bool
) -> None:
    name = "b.zip" if is_zip else "a"
    for steps in itertools.count(1):
        inbox, target = tmp_path / f"eingang{steps}", tmp_path / f"zurück{steps}"
        inbox.mkdir()
        if is_zip:
            zipped(inbox / name)
        else:
            fill(inbox / name, files={"unter/scan1.tif": TIFF, "scan2.tif": TIFF + b"2"})
            (inbox / name / "link").symlink_to("/etc/passwd")
        before = (inbox / name).read_bytes() if is_zip else contents(inbox / name)
        claimed = claim(inbox / name, work, new_id)
        with monkeypatch.context() as patch:
            if across:
                other_file_system(patch, target)
            killed = killed_after(steps, lambda claimed=claimed, target=target: give_back(claimed, target))
            unfinished(work)  # what a round does in between
            if claimed.folder.exists():
                assert give_back(claimed, target) == target / name
        assert [path.name for path in target.iterdir()] == [name]
        assert ((target / name).read_bytes() if is_zip else contents(target / name)) == before
        assert unfinished(work) == ()
        assert [path for path in work.iterdir() if path.is_dir()] == []
        if not killed:
            assert steps > 4
            return


def test_a_return_that_was_cut_off_and_is_sent_elsewhere_lies_in_one_place_only(
    inbox: Path, work: Path, new_id: NewId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(inbox / "a")
    claimed, first, second = claim(inbox / "a", work, new_id), tmp_path / "eins", tmp_path / "zwei"
    other_file_system(monkeypatch, first)
    monkeypatch.setattr("ingest.claimed.release", lambda _: None)  # killed right before it
    assert give_back(claimed, first) == first / "a"
    monkeypatch.undo()
    assert give_back(claimed, second) == first / "a"
    assert not second.exists()
    assert not claimed.folder.exists()


def test_another_delivery_of_that_name_is_not_taken_for_the_one_that_went_back(
    inbox: Path, work: Path, new_id: NewId, tmp_path: Path
) -> None:
    fill(inbox / "a")
    claimed, target = claim(inbox / "a", work, new_id), tmp_path / "zurück"
    (claimed.folder / "rueckgabe.json").write_text(json.dumps({"ziel": str(target / "a")}))
    fill(target / "a", files={"scan1.tif": TIFF + b"other"})
    assert give_back(claimed, target) == target / "a (2)"
    assert (target / "a (2)" / "scan2.tif").is_file()


def test_a_zip_given_back_before_a_kill_is_not_given_back_again_as_a_folder(
    inbox: Path, work: Path, new_id: NewId, tmp_path: Path
) -> None:
    zipped(inbox / "b.zip")
    claimed, target = claim(inbox / "b.zip", work, new_id), tmp_path / "zurueck"
    target.mkdir()
    (claimed.folder / "lieferung.zip").rename(target / "b.zip")  # and killed right here
    give_back(claimed, target)
    assert [path.name for path in target.iterdir()] == ["b.zip"]
    assert not claimed.folder.exists()


def test_a_released_delivery_is_gone_even_when_releasing_was_killed(inbox: Path, work: Path, new_id: NewId) -> None:
    fill(inbox / "a")
    claimed = claim(inbox / "a", work, new_id)
    assert killed_after(3, lambda: release(claimed))
    assert unfinished(work) == ()
    assert [path for path in work.iterdir() if path.is_dir()] == []


def test_write_protected_folders_of_a_delivery_are_released_like_others(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they come from a CD: what was archived could not be put away, and stayed there for good."""
    folder = fill(inbox / "a", files={"unter/tief/scan1.tif": TIFF})
    for inner in ("unter/tief", "unter"):
        (folder / inner).chmod(0o555)
    real = os.unlink

    def unlink(name: str, *, dir_fd: int | None = None) -> None:
        """As the system does it for everybody but root."""
        if dir_fd is not None and not os.fstat(dir_fd).st_mode & 0o200:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        real(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", unlink)
    release(claim(folder, work, new_id))
    assert [path for path in work.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("damage", ["missing", "damaged"])
@pytest.mark.parametrize("is_zip", [False, True])
def test_without_its_marker_a_delivery_is_still_found_and_goes_back_under_its_number(
    inbox: Path, work: Path, new_id: NewId, tmp_path: Path, damage: str, *, is_zip: bool
) -> None:
    """No round saw it, no comparison told of it, and the case that a person had closed could not be carried out."""
    if is_zip:
        zipped(inbox / "a")
        before: object = (inbox / "a").read_bytes()
    else:
        before = contents(fill(inbox / "a"))
    claimed = claim(inbox / "a", work, new_id)
    if damage == "missing":
        (claimed.folder / "herkunft.json").unlink()
    else:
        (claimed.folder / "herkunft.json").write_bytes(b"")
    assert unfinished(work) == (claimed,)
    place = give_back(claimed, tmp_path / "zurück")
    assert place == tmp_path / "zurück" / (f"{claimed.uuid}.zip" if is_zip else str(claimed.uuid))
    assert (place.read_bytes() if is_zip else contents(place)) == before
    assert not claimed.folder.exists()


def test_what_another_process_has_in_hand_is_not_given_back_beside_it(
    inbox: Path, work: Path, new_id: NewId, tmp_path: Path
) -> None:
    """Two who gave it back at once, each to another disk, each had a copy; and files left that a walk was reading."""
    before = contents(fill(inbox / "a"))
    claimed, first, second = claim(inbox / "a", work, new_id), tmp_path / "eins", tmp_path / "zwei"
    with held(claimed) as mine:
        assert mine
        with pytest.raises(Unavailable, match="in anderen Händen"):
            give_back(claimed, first)
    assert contents(claimed.lieferung) == before
    assert give_back(claimed, second) == second / "a"
    with pytest.raises(Unavailable, match="schon zurückgegeben"):
        give_back(claimed, first)
    assert not first.exists()


def test_who_looks_what_is_unfinished_and_who_releases_do_not_disturb_each_other(inbox: Path, work: Path) -> None:
    """A round that looked while a command released met a folder that was gone; the command met files that were."""
    end = inbox / "ende"
    pid = os.fork()
    if pid == 0:
        try:
            while not end.exists():
                unfinished(work)
            os._exit(0)
        finally:
            os._exit(1)
    try:
        for number in range(60):
            files = {f"scan{place}.tif": TIFF for place in range(12)}
            release(claim(fill(inbox / str(number), files=files), work, uuid4))
    finally:
        end.touch()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0
    assert [path for path in work.iterdir() if path.is_dir()] == []
