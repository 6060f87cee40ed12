"""A copy is ok only when every byte was read and matched; damage is named, what was not read is not_checked."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akten.errors import Forbidden, Unavailable
from akten.files import digest_bytes
from akten.findings import Severity, Verdict
from akten.package import CopyReport, FixityReport, Lock, LockTerms, PackageId, StoredPackage
from archive.embedded import open_embedded
from archive.fixity import RULES, check_package
from archive.identities import Role
from archive.package import store_package
from archive.resume import Patience
from archive.s3 import S3Store
from archive.store import LockMode, ObjectStore
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, NOON, a_bag, an_exact, an_id

UNTIL = Lock(NOON + timedelta(days=365))
TERMS = an_exact(UNTIL)
ID = an_id()


@pytest.fixture
def stores() -> dict[str, MemoryStore]:
    return {name: MemoryStore(name, clock=lambda: NOON) for name in ("a", "b")}


@pytest.fixture
def package(stores: dict[str, MemoryStore], tmp_path: Path) -> StoredPackage:
    return store_package(a_bag(ID), ID, list(stores.values()), UNTIL, lambda: NOON, tmp_path, EXTRA)


def check(package: StoredPackage, stores: Any, *, wanted: LockTerms | None = TERMS) -> FixityReport:
    return check_package(package, stores, wanted=wanted, patience=Patience(0.05))


def codes(report: CopyReport) -> set[str]:
    assert {finding.code for finding in report.findings} <= set(RULES)
    return {finding.code for finding in report.findings}


def flip(store: MemoryStore, key: str, position: int) -> None:
    data = bytearray(store.keys[key][0].data)
    data[position] ^= 1
    store.spoil(key, bytes(data))


def test_an_intact_package_is_ok_in_every_copy(package: StoredPackage, stores: dict[str, MemoryStore]) -> None:
    report = check_package(package, stores, wanted=TERMS)
    assert report.verdict is Verdict.OK
    assert all(copy.findings == () for copy in report.copies)
    size = package.copies[0].digests.size + len(stores["a"].keys[ID.commit_key][0].data)
    assert [copy.bytes_read for copy in report.copies] == [size, size]


@settings(max_examples=25, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True))
def test_any_flipped_bit_is_found(tmp_path_factory: pytest.TempPathFactory, place: float) -> None:
    stores = {name: MemoryStore(name, clock=lambda: NOON) for name in ("a", "b")}
    work = tmp_path_factory.mktemp("w")
    package = store_package(a_bag(ID), ID, list(stores.values()), UNTIL, lambda: NOON, work, EXTRA)
    flip(stores["b"], ID.bag_key, int(place * package.copies[0].digests.size))
    report = check(package, stores)
    assert [copy.verdict for copy in report.copies] == [Verdict.OK, Verdict.FAILED]
    assert "FX-03" in codes(report.copies[1])


def test_the_damaged_file_is_named(package: StoredPackage, stores: dict[str, MemoryStore]) -> None:
    place = stores["b"].keys[ID.bag_key][0].data.index(b"Seite 1")
    flip(stores["b"], ID.bag_key, place)
    (damaged,) = (copy for copy in check(package, stores).copies if copy.verdict is Verdict.FAILED)
    assert any(each.code == "FX-04" and "seite1.tif" in each.where for each in damaged.findings)


def _gone(store: MemoryStore) -> None:
    del store.keys[ID.bag_key]


def _shorter(store: MemoryStore) -> None:
    store.spoil(ID.bag_key, store.keys[ID.bag_key][0].data[:-512])


def _no_commit(store: MemoryStore) -> None:
    del store.keys[ID.commit_key]


def _other_commit(store: MemoryStore) -> None:
    store.spoil(ID.commit_key, store.keys[ID.commit_key][0].data.replace(b"0.1.0", b"0.1.1"))


def _foreign_commit(store: MemoryStore) -> None:
    store.spoil(ID.commit_key, store.keys[ID.commit_key][0].data.replace(b'"a":"0', b'"a":"9'))


def _broken_commit(store: MemoryStore) -> None:
    store.spoil(ID.commit_key, b"{")


def _newer_version(store: MemoryStore) -> None:
    store.put(ID.bag_key, b"untergeschoben", digest_bytes(b"untergeschoben"), if_absent=False)


def _delete_marker(store: MemoryStore) -> None:
    store.mark_deleted(ID.bag_key)


def _shorter_lock(store: MemoryStore) -> None:
    entry = store.keys[ID.bag_key][0]
    entry.state = replace(entry.state, retain_until=NOON + timedelta(days=1))


def _no_lock(store: MemoryStore) -> None:
    entry = store.keys[ID.commit_key][0]
    entry.state = replace(entry.state, retain_until=None, mode=None)


def _weaker_lock(store: MemoryStore) -> None:
    store.lock_mode = LockMode.COMPLIANCE  # asked for since; this object is held in governance mode


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (_gone, "FX-01"),
        (_shorter, "FX-02"),
        (_no_commit, "FX-01"),
        (_other_commit, "FX-05"),
        (_foreign_commit, "FX-06"),
        (_broken_commit, "FX-06"),
        (_newer_version, "FX-07"),
        (_delete_marker, "FX-07"),
        (_shorter_lock, "FX-08"),
        (_no_lock, "FX-08"),
        (_weaker_lock, "FX-08"),
    ],
)
def test_each_damage_has_its_code_and_the_other_copy_is_checked_all_the_same(
    package: StoredPackage, stores: dict[str, MemoryStore], harm: Callable[[MemoryStore], None], code: str
) -> None:
    harm(stores["a"])
    report = check(package, stores)
    assert [copy.verdict for copy in report.copies] == [Verdict.FAILED, Verdict.OK]
    assert code in codes(report.copies[0])
    assert report.verdict is Verdict.FAILED


@pytest.mark.parametrize(("harm", "what"), [(_gone, "das Paket"), (_no_commit, "das Commit-Objekt")])
def test_an_object_that_is_missing_is_told_once_though_its_lock_is_missing_too(
    package: StoredPackage, stores: dict[str, MemoryStore], harm: Callable[[MemoryStore], None], what: str
) -> None:
    harm(stores["a"])
    told = [f.text for f in check(package, stores).copies[0].findings if f.code == "FX-01"]
    assert told == [f"Im Speicher „a“ fehlt {what} in der verzeichneten Version."]


def test_the_recorded_lock_must_hold_until_its_day_also_where_the_rules_want_none(
    package: StoredPackage, stores: dict[str, MemoryStore]
) -> None:
    def verdicts(now: datetime) -> list[Verdict]:
        return [copy.verdict for copy in check(package, stores, wanted=LockTerms(now, None, None)).copies]

    assert verdicts(NOON) == [Verdict.OK, Verdict.OK]
    _no_lock(stores["b"])  # somebody with the right to bypass took it away
    assert verdicts(NOON) == [Verdict.OK, Verdict.FAILED]
    assert verdicts(NOON + timedelta(days=366)) == [Verdict.OK, Verdict.OK]


def test_a_period_that_became_longer_since_is_no_damage_of_a_lock_that_nobody_touched(
    package: StoredPackage, stores: dict[str, MemoryStore]
) -> None:
    """An event told by day called all copies of the Akte damaged until the due round of the night."""
    assert UNTIL.retain_until is not None
    longer = an_exact(Lock(UNTIL.retain_until + timedelta(days=30)))
    report = check(package, stores, wanted=longer)
    assert report.verdict is Verdict.OK
    assert {(f.code, f.severity) for copy in report.copies for f in copy.findings} == {("FX-08", Severity.WARNING)}
    over = replace(longer, moment=UNTIL.retain_until)
    assert check(package, stores, wanted=over).verdict is Verdict.FAILED, "it locks nothing any more"
    _shorter_lock(stores["a"])
    assert [copy.verdict for copy in check(package, stores, wanted=longer).copies] == [Verdict.FAILED, Verdict.OK]


def test_a_store_that_could_not_be_opened_is_not_checked_and_says_why(
    package: StoredPackage, stores: dict[str, MemoryStore]
) -> None:
    report = check_package(package, {"a": stores["a"]}, wanted=TERMS, away={"b": "Der Speicher „b“ startet nicht."})
    good, away = report.copies
    assert (good.verdict, away.verdict) == (Verdict.OK, Verdict.NOT_CHECKED)
    assert [(f.code, f.text) for f in away.findings] == [("FX-11", "Der Speicher „b“ startet nicht.")]


def test_a_longer_lock_is_a_warning_and_a_missing_hold_an_error(
    package: StoredPackage, stores: dict[str, MemoryStore]
) -> None:
    longer = check(package, stores, wanted=an_exact(Lock(NOON + timedelta(days=30))))
    assert longer.verdict is Verdict.OK
    assert codes(longer.copies[0]) == {"FX-09"}
    held = check(package, stores, wanted=an_exact(replace(UNTIL, legal_hold=True)))
    assert held.verdict is Verdict.FAILED
    assert codes(held.copies[0]) == {"FX-10"}


class _Wrapped:
    """A store whose verbs can be replaced one by one."""

    def __init__(self, inner: ObjectStore, **verbs: Any) -> None:
        self._inner = inner
        self._verbs = verbs

    def __getattr__(self, name: str) -> Any:
        return self._verbs.get(name) or getattr(self._inner, name)


def _refuse(error: Exception) -> Callable[..., Any]:
    def verb(*_: Any, **__: Any) -> Any:
        raise error

    return verb


@pytest.mark.parametrize(
    ("error", "code"), [(Unavailable("weg"), "FX-11"), (Forbidden("nein"), "FX-12")], ids=["away", "forbidden"]
)
def test_a_store_that_does_not_let_us_look_is_not_checked(
    package: StoredPackage, stores: dict[str, MemoryStore], error: Exception, code: str
) -> None:
    verbs = dict.fromkeys(("get", "get_range", "head", "versions", "read_lock", "ping"), _refuse(error))
    report = check(package, {"a": stores["a"], "b": _Wrapped(stores["b"], **verbs)})
    assert [copy.verdict for copy in report.copies] == [Verdict.OK, Verdict.NOT_CHECKED]
    assert codes(report.copies[1]) == {code}
    assert all(each.severity is Severity.WARNING for each in report.copies[1].findings)


def test_a_store_that_is_not_set_up_is_not_checked(package: StoredPackage, stores: dict[str, MemoryStore]) -> None:
    report = check(package, {"a": stores["a"]})
    assert report.verdict is Verdict.NOT_CHECKED
    assert codes(report.copies[1]) == {"FX-12"}


class _Breaking:
    """A stream that breaks off after `good` bytes."""

    def __init__(self, data: bytes, good: int) -> None:
        self.size = len(data)
        self._data, self._good, self._at = data, good, 0

    def read(self, most: int = -1, /) -> bytes:
        if self._at >= self._good:
            raise Unavailable("abgerissen")
        data = self._data[self._at : min(self._good, self._at + (most if most >= 0 else self.size))]
        self._at += len(data)
        return data


def _breaking(store: MemoryStore, good: int) -> Callable[..., Any]:
    @contextmanager
    def get(key: str, version_id: str) -> Iterator[Any]:
        yield _Breaking(next(each.data for each in store.keys[key] if each.version_id == version_id), good)

    return get


@pytest.mark.parametrize("good", [0, 1, 700, 5000])
def test_a_broken_stream_is_taken_up_again_by_range(
    package: StoredPackage, stores: dict[str, MemoryStore], good: int
) -> None:
    weak = {"a": stores["a"], "b": _Wrapped(stores["b"], get=_breaking(stores["b"], good))}
    assert check(package, weak).verdict is Verdict.OK
    flip(stores["b"], ID.bag_key, 6000)
    assert codes(check(package, weak).copies[1]) >= {"FX-03"}


def test_bytes_that_a_healthy_store_does_not_give_are_damage(
    package: StoredPackage, stores: dict[str, MemoryStore]
) -> None:
    refuse = _refuse(Unavailable("500"))
    deaf = _Wrapped(stores["b"], get=_breaking(stores["b"], 100), get_range=refuse)
    report = check(package, {"a": stores["a"], "b": deaf})
    assert report.copies[1].verdict is Verdict.FAILED
    assert codes(report.copies[1]) == {"FX-13"}
    away = _Wrapped(stores["b"], get=_breaking(stores["b"], 100), get_range=refuse, ping=refuse)
    report = check(package, {"a": stores["a"], "b": away})
    assert report.copies[1].verdict is Verdict.NOT_CHECKED


def test_a_store_that_lost_a_volume_is_waited_for_once_and_not_for_each_of_its_objects(
    package: StoredPackage, stores: dict[str, MemoryStore]
) -> None:
    lost = _Wrapped(stores["b"], get=_breaking(stores["b"], 0), get_range=_refuse(Unavailable("500")))
    patience = Patience(seconds=0.6, later=0.0)
    began = time.monotonic()
    for _ in range(20):
        report = check_package(package, {"a": stores["a"], "b": lost}, wanted=TERMS, patience=patience)
        assert [copy.verdict for copy in report.copies] == [Verdict.OK, Verdict.FAILED]
    assert time.monotonic() - began < 5.0  # 40 objects; each waited for would be 24 s
    assert patience.left("a") == 0.6  # the other store has done nothing wrong
    assert Patience(seconds=0.05, later=1.0).left("a") == 0.05


def test_on_a_real_server_a_flipped_byte_on_its_disk_is_damage(tmp_path: Path) -> None:
    """SeaweedFS breaks the stream off, which must not pass for an outage."""
    noise = random.Random(3).randbytes(3_000_000)  # the server packs what can be packed, and then gives no part of it
    id_ = PackageId(uuid.uuid4(), 1)
    until = Lock(datetime.now(UTC) + timedelta(hours=1))
    terms = an_exact(until, datetime.now(UTC))
    with open_embedded(tmp_path / "s", name="a", volume_mb=64) as server:
        store = S3Store(server.settings(Role.INGEST))
        bag = a_bag(id_, noise + b"MARKE" + noise)
        package = store_package(bag, id_, [store], until, lambda: datetime.now(UTC), tmp_path / "w", EXTRA)
        auditor = {"a": S3Store(server.settings(Role.AUDITOR))}
        assert check_package(package, auditor, wanted=terms).verdict is Verdict.OK
        for volume in (server.folder / "daten").glob("*.dat"):
            data = volume.read_bytes()
            start = 0
            while (place := data.find(b"MARKE", start)) >= 0:
                with volume.open("r+b") as stream:
                    stream.seek(place)
                    stream.write(b"X")
                start = place + 1
        (copy,) = check_package(package, auditor, wanted=terms, patience=Patience(1.0)).copies
        assert copy.verdict is Verdict.FAILED
        assert codes(copy) & {"FX-03", "FX-13"}  # by range it sometimes gives the damaged bytes, sometimes nothing
        server.stop()
        (copy,) = check_package(package, auditor, wanted=terms, patience=Patience(1.0)).copies
        assert copy.verdict is Verdict.NOT_CHECKED


def test_a_store_that_stays_away_is_not_waited_for_at_every_copy(
    package: StoredPackage, stores: dict[str, MemoryStore]
) -> None:
    """One that takes calls and never answers costs minutes for each copy: a round over 80 packages took hours, and the
    copies in the other store were read between the waits.
    """
    asked, now, gone = 0, 0.0, True

    class Away:
        name = "b"

        def __getattr__(self, verb: str) -> Any:
            nonlocal asked
            asked += 1
            if gone:
                raise Unavailable("Der Speicher „b“ antwortet nicht.")
            return getattr(stores["b"], verb)

    patience = Patience(0.05, clock=lambda: now)

    def look() -> Any:
        return check_package(package, {**stores, "b": Away()}, wanted=TERMS, patience=patience).copies

    for _ in range(10):
        here, there = look()
        assert here.verdict is Verdict.OK
        assert (there.verdict, codes(there), there.findings[0].text) == (
            Verdict.NOT_CHECKED,
            {"FX-11"},
            "Der Speicher „b“ antwortet nicht.",
        )
    assert asked == 3
    now, gone = 301.0, False
    assert [[copy.verdict for copy in look()] for _ in range(2)] == [[Verdict.OK, Verdict.OK]] * 2
