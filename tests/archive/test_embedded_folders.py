"""The folder of an embedded server: its own by name, by place and for as long as it runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from akten.errors import Misconfigured, Unavailable
from archive.embedded import open_embedded, stop_embedded
from tests.archive.servers import both_gone, folder, put, read, state_of, wait_for

__all__ = ["folder"]


def test_the_data_of_another_store_are_not_served_under_this_name(folder: Path) -> None:
    """What came while two folders were exchanged lay under versions that nobody found once they were put right."""
    with open_embedded(folder, name="a", volume_mb=64) as server:
        where = put(server, b"eins")
    with pytest.raises(Misconfigured, match="vertauscht"), open_embedded(folder, name="b", volume_mb=64):
        pass
    with open_embedded(folder, name="a", volume_mb=64) as server:
        assert read(server, where) == b"eins"


def test_a_folder_with_a_comma_in_its_name_holds_its_data_itself(tmp_path: Path) -> None:
    """The server took it for two folders, wrote into one beside it and never got ready."""
    folder = tmp_path / "Akten, Neuß (neu)? #1 50%" / "a"
    try:
        with open_embedded(folder, name="a", volume_mb=64) as server:
            where = put(server, b"eins")
            state = state_of(folder)
            os.kill(state.keeper, signal.SIGKILL)
            wait_for(lambda: both_gone(state), 5)
        with open_embedded(folder, name="a", volume_mb=64) as server:
            assert (server.failed, bool(server.repaired)) == ((), True)
            assert read(server, where) == b"eins"
    finally:
        stop_embedded(folder)
    assert list(tmp_path.iterdir()) == [folder.parent]


@pytest.mark.parametrize("how", ["emptied", "moved", "exchanged"])
def test_a_server_whose_data_are_taken_away_stores_nothing_more(how: str, folder: Path, tmp_path: Path) -> None:
    """It went on with files that had no name any more, gave back what it took, and all of it was gone at its end."""
    data = folder / "daten"
    with open_embedded(folder, name="a", volume_mb=64) as server:
        put(server, b"eins")
        state = state_of(folder)
        if how == "emptied":
            for each in data.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        else:
            data.rename(tmp_path / "fort")
            if how == "exchanged":
                shutil.copytree(tmp_path / "fort", data)
        wait_for(lambda: both_gone(state), 5)
        with pytest.raises(Unavailable):
            put(server, b"zwei")
    assert "ausgetauscht" in json.loads((folder / "startfehler.json").read_text())["text"]
