"""The last user of an embedded server goes when it has stopped, and one of several goes at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import embedded
from archive.serverfolder import ServerFolder, ServerState, drop_lock, is_locked, take_lock
from archive.weed import Ports


@pytest.fixture
def home(tmp_path: Path) -> ServerFolder:
    home = ServerFolder(tmp_path)
    home.write_state(ServerState(1, "", 1, "", Ports(tuple(range(1, 9))), ready=True, folder=str(tmp_path.resolve())))
    return home


def test_a_keeper_that_has_just_taken_the_lock_of_the_users_is_no_other_user(
    home: ServerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the lock, then the state away, and stops: between the two it looks like somebody who is there."""
    assert home.read_state() is not None
    server = take_lock(home.server, shared=False, seconds=0.0)
    assert server is not None
    users = take_lock(home.users, shared=False, seconds=0.0)
    steps = iter((home.state.unlink, lambda: drop_lock(server)))
    monkeypatch.setattr(embedded.time, "sleep", lambda _seconds: next(steps)())
    embedded._wait_for_the_end(home)
    assert (users is None, is_locked(home.server)) == (False, False)


def test_while_others_use_it_nobody_waits(home: ServerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    server, users = (take_lock(path, shared=False, seconds=0.0) for path in (home.server, home.users))
    waited: list[float] = []
    monkeypatch.setattr(embedded.time, "sleep", waited.append)
    embedded._wait_for_the_end(home)
    assert (server is None, users is None, len(waited)) == (False, False, 1)
    assert is_locked(home.server)
