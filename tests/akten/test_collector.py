"""The collector waits while any thread asks for it, and is afterwards as it was before."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from akten.collector import collector_waits


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was_on else gc.disable)()


def test_it_waits_inside_and_runs_again_after_an_error() -> None:
    def fail() -> None:
        assert not gc.isenabled()
        raise KeyError

    with pytest.raises(KeyError), collector_waits():
        fail()
    assert gc.isenabled()


def test_it_waits_until_the_last_has_left() -> None:
    with collector_waits():
        with collector_waits():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_threads_wait_for_each_other() -> None:
    inside, go = Barrier(2), Barrier(2)

    def other() -> None:
        with collector_waits():
            inside.wait()
            go.wait()

    thread = Thread(target=other)
    with collector_waits():
        thread.start()
        inside.wait()
    assert not gc.isenabled()
    go.wait()
    thread.join()
    assert gc.isenabled()


def test_one_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    with collector_waits():
        pass
    assert not gc.isenabled()
