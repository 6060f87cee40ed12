"""Stores are opened ahead of need: nobody waits, what fails is heard by whoever asks, nothing is left open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import archive.probe
from akten.errors import FixityError, Misconfigured, Unavailable
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.probe import ProbeReport, ProbeTarget
from flows.settings import read_settings
from flows.storehouse import Storehouse


def storehouse(stack: ExitStack) -> Storehouse:
    settings: Any = None  # no store is reached here
    return Storehouse(settings, stack, lambda: datetime.now(UTC), uuid4)


def test_nobody_waits_for_stores_that_open_ahead_and_the_end_of_the_call_closes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_open = threading.Event()
    seen: list[str] = []

    def slow(self: Storehouse) -> None:
        may_open.wait(30)
        self._stack.callback(seen.append, "closed")
        seen.append("opened")

    monkeypatch.setattr(Storehouse, "to_store", slow)
    with ExitStack() as stack:
        house = storehouse(stack)
        house.open_ahead()
        house.open_ahead()
        assert seen == []
        may_open.set()
    assert seen == ["opened", "closed"]


def test_a_machine_without_deletion_keys_stores_and_lifts_nothing(s3_server: EmbeddedServer, tmp_path: Path) -> None:
    """docs/operations.md: `deletion` may be left out, so that the machine that takes in cannot delete."""
    keys = {role: s3_server.settings(role) for role in (Role.INGEST, Role.AUDITOR)}
    store = {
        "name": "nord",
        "endpoint": keys[Role.INGEST].endpoint,
        **{role.value: {"access_key": each.access_key, "secret_key": each.secret_key} for role, each in keys.items()},
    }
    settings = read_settings(daten=tmp_path, stores=[store])
    with ExitStack() as stack:
        house = Storehouse(settings, stack, lambda: datetime.now(UTC), uuid4)
        assert [each.name for each in house.to_store()] == ["nord"]
        reached = house.reach()
        assert (list(reached.ingest), dict(reached.deletion), dict(reached.away)) == (["nord"], {}, {})


def test_a_service_that_starts_probes_also_what_a_call_of_this_day_found_good(
    s3_server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {role: s3_server.settings(role) for role in (Role.INGEST, Role.AUDITOR)}
    roles = {role.value: {"access_key": each.access_key, "secret_key": each.secret_key} for role, each in keys.items()}
    settings = read_settings(daten=tmp_path, stores=[{"name": "nord", "endpoint": keys[Role.INGEST].endpoint, **roles}])
    probed: list[str] = []
    real = archive.probe.probe

    def probe(target: ProbeTarget, **how: Any) -> ProbeReport:
        probed.append(target.ingest.name)
        return real(target, **how)

    monkeypatch.setattr("archive.probe.probe", probe)
    for anew in (False, False, True):
        with ExitStack() as stack:
            house = Storehouse(settings, stack, lambda: datetime.now(UTC), uuid4)
            if anew:
                house.probe_anew()
            house.to_store()
    assert probed == ["nord", "nord"]


def test_what_fails_ahead_of_need_is_heard_by_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def away(_: Storehouse) -> None:
        tried.set()
        raise Unavailable("Der Speicher „a“ ist zurzeit nicht erreichbar.")

    monkeypatch.setattr(Storehouse, "to_store", away)
    with ExitStack() as stack:
        house = storehouse(stack)
        house.open_ahead()
        assert tried.wait(30)
        with pytest.raises(Unavailable, match="nicht erreichbar"):
            house.to_store()


@pytest.mark.parametrize("lack", [RuntimeError("can't start new thread"), MemoryError()])
def test_a_machine_that_has_no_more_to_give_ahead_of_need_leaves_no_trace_on_the_screen(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], lack: Exception
) -> None:
    def refused(_: Storehouse) -> None:
        raise lack

    monkeypatch.setattr(Storehouse, "to_store", refused)
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)  # as outside of pytest
    with ExitStack() as stack:
        storehouse(stack).open_ahead()
    assert capfd.readouterr().err == ""


def test_where_no_thread_is_to_be_had_the_end_waits_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError, match="new thread"), ExitStack() as stack:
        storehouse(stack).open_ahead()


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "an empty folder of data"])
def test_where_a_store_had_data_no_empty_one_is_begun(tmp_path: Path, left: str) -> None:
    """A folder that is not mounted would take new packages, and hide them when it is mounted again."""
    settings = read_settings(daten=tmp_path)
    (tmp_path / "katalog").mkdir()
    for name in ("a", "b"):
        (tmp_path / "katalog" / f"speicher-{name}.erprobt").write_text("http://127.0.0.1:1 archiv 2026-11-28\n")
        if left != "nothing":
            (tmp_path / "speicher" / name / ("daten" if left.endswith("data") else "")).mkdir(parents=True)
    with ExitStack() as stack:
        house = Storehouse(settings, stack, lambda: datetime.now(UTC), uuid4)
        with pytest.raises(Misconfigured, match="leer oder nicht eingehängt"):
            house.to_store()
        stores, away = house.to_read()
        assert (stores, set(away)) == ((), {"a", "b"})
        assert set(house.reach().away) == {"a", "b"}
    assert not list(tmp_path.rglob("server.log"))


def test_a_store_with_a_volume_that_could_not_be_repaired_is_read_and_takes_nothing(
    s3_server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def started(_: Path, *, name: str, **__: Any) -> Iterator[EmbeddedServer]:
        yield replace(s3_server, name=name, failed=("archiv_2",) if name == "b" else ())

    monkeypatch.setattr("archive.embedded.open_embedded", started)
    with ExitStack() as stack:
        house = Storehouse(read_settings(daten=tmp_path), stack, lambda: datetime.now(UTC), uuid4)
        stores, away = house.to_read()
        assert ([each.name for each in stores], dict(away)) == (["a", "b"], {})
        with pytest.raises(FixityError, match=r"„b“.*archiv_2"):
            house.to_store()
        targets = house.targets()
        assert isinstance(targets["b"], FixityError)  # so the doctor tells it
        assert not isinstance(targets["a"], FixityError)
        assert list(house.reach().away) == ["b"]
