"""What a machine lacks for an embedded server is told in words, and no server starts."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from akten.errors import Misconfigured, Unavailable
from archive.embedded import open_embedded
from archive.serverfolder import ServerFolder, is_locked, lives, start_of
from archive.weed import command, find_weed, free_ports
from archive.weedfix import repair
from tests.archive.test_embedded import folder as folder


def test_a_missing_program_is_misconfigured(folder: Path) -> None:
    with (
        pytest.raises(Misconfigured, match="weed"),
        open_embedded(folder, name="a", weed=Path("/gibt/es/nicht/weed")),
    ):
        pass


def test_a_program_that_only_dies_is_unavailable(folder: Path) -> None:
    with (
        pytest.raises(Unavailable, match="ließ sich nicht starten"),
        open_embedded(folder, name="a", weed=Path("/bin/false")),
    ):
        pass
    assert not is_locked(folder / "server.lock")


def test_a_folder_that_cannot_be_made_is_misconfigured(tmp_path: Path) -> None:
    (tmp_path / "datei").write_text("")
    with pytest.raises(Misconfigured), open_embedded(tmp_path / "datei" / "a", name="a"):
        pass


@pytest.mark.parametrize("locked", ["", "daten", "daten/filerldb2"])
@pytest.mark.parametrize(("flag", "reason"), [(os.ST_RDONLY, "schreibgeschützt"), (0, "fehlt die Berechtigung")])
def test_a_folder_that_takes_no_writing_is_misconfigured_and_no_server_starts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, locked: str, flag: int, reason: str
) -> None:
    (folder / "daten" / "filerldb2").mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != folder / locked)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flag))
    with pytest.raises(Misconfigured, match=reason) as told, open_embedded(folder, name="a"):
        pass
    assert "Speichers „a“" in told.value.text
    assert str(folder) in told.value.text
    assert not (folder / "server.log").exists()


def test_ports_are_free_with_their_twins_and_are_kept(tmp_path: Path) -> None:
    ports = free_ports()
    assert len(set(ports.numbers)) == 5
    assert free_ports(ports) == ports
    line = command(find_weed(None), tmp_path, ports, tmp_path / "i.json", 64)
    assert {"-ip.bind=127.0.0.1", "-s3.autoCreateBucket=false", "-master.telemetry=false", "-disableHttp"} <= set(line)


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    assert lives(os.getpid(), start_of(os.getpid()))
    assert not lives(os.getpid(), "1")
    assert not lives(2**22 + 1, "")


def test_repair_of_an_empty_folder_does_nothing(tmp_path: Path) -> None:
    assert repair(Path("/bin/false"), tmp_path, since=0.0).fixed == ()


def test_a_full_disk_is_told_in_german_and_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: ServerFolder) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ServerFolder, "prepare", full)
    with pytest.raises(Unavailable, match="der Datenträger ist voll") as told, open_embedded(tmp_path, name="a"):
        pass
    assert "No space" not in told.value.text


def test_a_full_disk_leaves_no_half_written_files_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start and end on a full disk left two more in the folder of the store."""
    home = ServerFolder(tmp_path)
    write = Path.write_text

    def full(path: Path, text: str, **options: str) -> int:
        write(path, "", **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    home.write_linger(60.0)
    assert list(tmp_path.iterdir()) == []
