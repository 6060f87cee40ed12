"""The repair of volume indexes: whole or not at all, whatever kills it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from akten.errors import Unavailable
from akten.files import digest_bytes
from archive.embedded import EmbeddedServer, open_embedded, stop_embedded
from archive.identities import Role
from archive.s3 import S3Store
from archive.serverfolder import ServerFolder, lives
from archive.weed import find_weed
from archive.weedfix import repair, torn_indexes

pytestmark = pytest.mark.real


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "a"
    with suppress(Unavailable):
        stop_embedded(tmp_path / "a")


def put(server: EmbeddedServer, data: bytes) -> tuple[str, str]:
    key = f"aip/{len(data)}/bag.tar"
    return key, S3Store(server.settings(Role.INGEST)).put(key, data, digest_bytes(data))


def a_weed(path: Path, fix: str) -> Path:
    """The real program, but for its repair, which does this instead."""
    path.write_text(f'#!/bin/sh\nif [ "$1" = fix ]; then {fix}; fi\nexec {find_weed(None)} "$@"\n')
    path.chmod(0o700)
    return path


def the_volume(folder: Path) -> Path:
    """The volume of the archive's own bucket."""
    (volume,) = (folder / "daten").glob("archiv_*.dat")
    return volume


def test_an_index_that_names_nothing_of_its_volume_is_made_anew_also_after_a_clean_stop(folder: Path) -> None:
    with open_embedded(folder, name="a", volume_mb=64) as server:
        put(server, b"bleibt" * 1000)
    index = the_volume(folder).with_suffix(".idx")
    whole = index.read_bytes()
    for spoil in (lambda: os.truncate(index, 0), index.unlink):
        spoil()
        assert torn_indexes(folder / "daten") == (index.stem,)
        done = repair(find_weed(None), folder / "daten", since=None)
        assert (done.fixed, done.failed) == ((index.stem,), ())
        assert index.read_bytes() == whole
    assert list((folder / "daten").glob(".reparatur-*")) == []


@pytest.mark.parametrize("end", ["kill -9 $$", "exit 1", "exit 0"], ids=["killed", "refused", "emptied"])
def test_a_repair_that_does_not_come_to_its_end_leaves_the_index_as_it_was(folder: Path, end: str) -> None:
    with open_embedded(folder, name="a", volume_mb=64) as server:
        put(server, b"bleibt" * 1000)
    index = the_volume(folder).with_suffix(".idx")
    before = index.read_bytes()
    spoils = 'for last; do :; done; for v in "$last"/*.dat; do : > "${v%.dat}.idx"; done'  # as the real one begins
    done = repair(a_weed(folder / "weed", f"{spoils}; {end}"), folder / "daten", since=0.0)
    assert index.stem in done.failed
    assert index.read_bytes() == before
    assert list((folder / "daten").glob(".reparatur-*")) == []


def test_a_repair_that_was_killed_once_is_tried_again(folder: Path) -> None:
    with open_embedded(folder, name="a", volume_mb=64) as server:
        put(server, b"bleibt" * 1000)
    index = the_volume(folder).with_suffix(".idx")
    os.truncate(index, 0)
    once = folder / "einmal"
    weed = a_weed(folder / "weed", f"if [ ! -e {once} ]; then : > {once}; kill -9 $$; fi")
    assert repair(weed, folder / "daten", since=None).failed == ()
    assert index.stat().st_size > 0


def test_after_a_failed_repair_the_next_start_tries_again_although_the_stop_was_clean(folder: Path) -> None:
    with open_embedded(folder, name="a", volume_mb=64) as server:
        where = put(server, b"bleibt" * 1000)
        state = ServerFolder(folder).read_state()
        assert state is not None
        os.kill(state.keeper, signal.SIGKILL)
        while lives(state.server, state.server_started):  # the kernel takes it with its keeper
            time.sleep(0.05)
    with open_embedded(folder, name="a", volume_mb=64, weed=a_weed(folder / "weed", "kill -9 $$")) as server:
        assert server.failed != ()
    assert (folder / "laeuft").exists()
    with open_embedded(folder, name="a", volume_mb=64) as server:
        assert server.failed == ()
        with S3Store(server.settings(Role.AUDITOR)).get(*where) as stream:
            assert stream.read() == b"bleibt" * 1000
    assert not (folder / "laeuft").exists()
