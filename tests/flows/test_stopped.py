"""What stops one delivery stops no other, and what happened before is still told."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Rejected, Unavailable, Unknown
from akten.files import digest_bytes
from akten.findings import Finding, Severity, Verdict
from akten.package import CopyReport, FixityReport, PackageId
from archive.retrieval import NoPlace
from catalog.actor import Actor
from flows import anchors, batch, fetch, walks
from flows.batch import anchored, archive_all, archive_one, claim_paths
from flows.bugs import BUGS
from flows.progress import progress_display
from flows.receipt import Outcome, Receipt, exit_code, receipt_json
from flows.settings import read_settings
from flows.verify import FixitySummary, compare_stores, verdict_of
from flows.wiring import open_services
from ingest.claimed import ClaimedDelivery, Origin, write_origin
from ingest.inbox import unfinished
from tests.builders import a_delivery
from tests.catalog.build import a_package
from tests.memory_store import MemoryStore
from tests.packages import NOON

CLERK = Actor("s17")


def claimed_as(folder: Path, name: str) -> ClaimedDelivery:
    uuid = uuid4()
    place = folder / str(uuid)
    place.mkdir(parents=True)
    write_origin(place, Origin(Path("/eingang") / name, is_zip=False))
    return ClaimedDelivery(uuid, place)


def walk_that(outcomes: dict[str, ArchivError | None]) -> Callable[..., Receipt]:
    def walk(_services: Any, claimed: ClaimedDelivery, _by: Actor, _progress: Any, **_turn: Any) -> Receipt:
        if (error := outcomes[claimed.name]) is not None:
            raise error
        return Receipt(claimed.uuid, Outcome.ARCHIVED)

    return walk


@pytest.mark.parametrize(
    ("error", "state", "finding", "code"),
    [
        (FixityError("stimmt nicht"), Outcome.ALARM, "WF-10", 5),
        (Misconfigured("fehlt"), Outcome.HALTED, "WF-11", 7),
        (Forbidden("zurückgegeben"), Outcome.HALTED, "WF-11", 7),
    ],
)
def test_an_alarm_or_a_lack_is_a_receipt_and_the_others_are_archived(
    error: ArchivError, state: Outcome, finding: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "archive_delivery", walk_that({"gut": None, "schlecht": error}))
    monkeypatch.setattr(batch, "try_to_publish", lambda _: None)
    services: Any = SimpleNamespace(settings=SimpleNamespace(rounds=SimpleNamespace(akten_at_once=2)))
    with progress_display(quiet=True) as show:
        good, bad = archive_all(services, [claimed_as(tmp_path, "gut"), claimed_as(tmp_path, "schlecht")], CLERK, show)
    assert (good.state, good.name) == (Outcome.ARCHIVED, "gut")
    assert (bad.state, bad.name) == (state, "schlecht")
    assert [(f.code, f.severity, f.text) for f in bad.findings] == [(finding, Severity.ERROR, error.text)]
    assert receipt_json(bad)["name"] == "schlecht"
    assert exit_code([good, bad]) == code


def test_a_delivery_that_cannot_be_taken_does_not_keep_the_others_in_the_inbox_waiting(tmp_path: Path) -> None:
    """Every run would meet it again: what it raises must not cost what was claimed in the same call."""
    inbox = tmp_path / "eingang"
    for name in ("gut", "schlecht"):
        (inbox / name).mkdir(parents=True)
        (inbox / name / "laufzettel.json").write_text("{}")
    work = inbox / "schlecht" / "arbeit"  # a delivery that holds the work folder cannot be moved into it
    settings = SimpleNamespace(inbox=inbox, work=work, settle_seconds=0.0, catalog_file=None)
    services: Any = SimpleNamespace(settings=settings, new_id=uuid4, require_intake_rules=lambda: None)
    found = batch.claim_inbox(services)
    assert [one.name for one in found.claimed] == ["gut"]
    assert isinstance(found.fault, Misconfigured)
    assert (inbox / "schlecht" / "laufzettel.json").is_file()


def test_a_bug_is_the_receipt_of_its_own_delivery_and_the_others_keep_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def walk(_services: Any, claimed: ClaimedDelivery, _by: Actor, _progress: Any, **_turn: Any) -> Receipt:
        if claimed.name == "seltsam":
            raise KeyError("of ours")
        return Receipt(claimed.uuid, Outcome.ARCHIVED)

    monkeypatch.setattr(batch, "archive_delivery", walk)
    published: list[Any] = []
    monkeypatch.setattr(batch, "try_to_publish", published.append)
    services: Any = SimpleNamespace(settings=SimpleNamespace(daten=tmp_path, rounds=SimpleNamespace(akten_at_once=2)))
    with progress_display(quiet=True) as show:
        claimed = [claimed_as(tmp_path, "gut"), claimed_as(tmp_path, "seltsam")]
        good, bad = archive_all(services, claimed, CLERK, show)
    assert (good.state, bad.state, bad.name) == (Outcome.ARCHIVED, Outcome.BROKEN, "seltsam")
    assert [f.code for f in bad.findings] == ["WF-12"]
    assert "KeyError" in bad.findings[0].text
    assert "KeyError" in caplog.text
    kept = (tmp_path / BUGS).read_text(encoding="utf-8")  # the trace is for whoever mends it
    assert "Traceback" in kept
    assert str(claimed[1].uuid) in kept
    assert exit_code([good, bad]) == 1
    assert published  # the head of the trail is anchored all the same


def test_without_the_judge_no_delivery_is_begun_and_none_comes_to_the_clearing_desk(tmp_path: Path) -> None:
    """Each was read whole, and then lay there as a case of its own: two hundred to be solved by hand once Java is."""
    settings = read_settings(daten=tmp_path / "daten", ocr={"java": "gibt-es-nicht"})
    a_delivery(tmp_path / "eins")
    with open_services(settings) as services:
        (claimed,) = claim_paths(services, [tmp_path / "eins"])
        receipt = archive_one(services, claimed, CLERK, walks.silent)
        assert receipt.state is Outcome.HALTED
        assert "Java" in receipt.findings[0].text
        assert "erkennen" not in receipt.steps
        assert not services.catalog.clearing_list()
        assert [one.uuid for one in unfinished(settings.work)] == [claimed.uuid]


def test_a_delivery_without_its_marker_still_has_a_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "archive_delivery", lambda *_, turn: Receipt(uuid4(), Outcome.CLEARING))
    services: Any = None
    receipt = archive_one(services, ClaimedDelivery(uuid4(), tmp_path), CLERK, lambda *_: None)
    assert (receipt.state, receipt.name) == (Outcome.CLEARING, "")


@pytest.mark.parametrize("named", ["eingang", "verweis"])
def test_the_inbox_itself_is_no_delivery_also_with_just_one_in_it(tmp_path: Path, named: str) -> None:
    settings = SimpleNamespace(inbox=tmp_path / "eingang", work=tmp_path / "arbeit", catalog_file=None)
    delivery = a_delivery(settings.inbox / "l")
    (tmp_path / "verweis").symlink_to(settings.inbox)
    services: Any = SimpleNamespace(settings=settings, new_id=uuid4, require_intake_rules=lambda: None)
    with pytest.raises(Rejected) as refused:
        batch.claim_paths(services, (tmp_path / named,))
    assert [f.code for f in refused.value.findings] == ["IN-03"]
    assert "archiv annahme ohne Pfad" in refused.value.findings[0].text
    assert (delivery / "laufzettel.json").is_file()


def test_of_a_path_that_is_gone_nobody_claims_that_it_never_came(tmp_path: Path) -> None:
    """Once archived, a delivery has left the work folder, and where it lies now only the catalog knows."""
    services: Any = SimpleNamespace(
        settings=SimpleNamespace(work=tmp_path / "arbeit", catalog_file=None),
        new_id=uuid4,
        require_intake_rules=lambda: None,
    )
    with pytest.raises(Unknown) as unknown:
        batch.claim_paths(services, [tmp_path / "archiviert"])
    assert "nicht schon angenommen" not in unknown.value.text
    assert "archiv suche" in unknown.value.text
    assert unknown.value.exit_code == 2


def test_a_damaged_marker_of_one_delivery_stops_no_other(tmp_path: Path) -> None:
    work = tmp_path / "arbeit"
    good, bad = claimed_as(work, "gut"), claimed_as(work, "schlecht")
    for one in (good, bad):
        one.lieferung.mkdir()
    (bad.folder / "herkunft.json").write_bytes(b"\x00\x00")
    assert {one.uuid for one in unfinished(work)} == {good.uuid, bad.uuid}
    services: Any = SimpleNamespace(
        settings=SimpleNamespace(work=work, catalog_file=None), new_id=uuid4, require_intake_rules=lambda: None
    )
    assert batch.claim_paths(services, [Path("/eingang/gut")]) == (good,)
    with progress_display(quiet=True) as show:
        show(bad)("Lesen", 0, 1)


def a_store_with_heads(name: str, *heads: bytes) -> MemoryStore:
    store = MemoryStore(name, clock=lambda: NOON)
    for number, head in enumerate(heads, 1):
        store.put(f"{anchors.PREFIX}{number:012d}-x.json", head, digest_bytes(head))
    return store


@pytest.mark.parametrize(
    "damaged",
    [b"{", b"x" * 100_000, b"[" * 4000, b'{"seq":Infinity,"hash":"x","at":"2026-11-23T12:00:00Z"}'],
    ids=["unreadable", "too large", "nested", "endless number"],
)
def test_a_published_head_that_is_none_is_an_error_and_hides_no_other(damaged: bytes) -> None:
    good = b'{"seq": 7, "hash": "ab", "at": "2026-01-01T00:00:00+00:00"}'
    services: Any = SimpleNamespace(stores_to_read=lambda: ((a_store_with_heads("a", damaged, good),), {}))
    heads, findings = anchors.published_heads(services)
    assert [(head.seq, head.hash) for head in heads] == [(7, "ab")]
    assert [(f.code, f.severity) for f in findings] == [("WF-20", Severity.ERROR)]


def test_two_heads_for_one_row_of_the_trail_are_an_error() -> None:
    one, other = (b'{"seq": 7, "hash": "%s", "at": "2026-01-01T00:00:00+00:00"}' % name for name in (b"ab", b"cd"))
    stores = (a_store_with_heads("a", one), a_store_with_heads("b", other))
    services: Any = SimpleNamespace(stores_to_read=lambda: (stores, {}))
    _, findings = anchors.published_heads(services)
    assert [(f.code, f.severity, f.where) for f in findings] == [("WF-21", Severity.ERROR, "b")]


def test_what_is_away_leaves_the_delivery_waiting_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Receipt:
        raise Unavailable("Speicher „a“ antwortet nicht.")

    monkeypatch.setattr(walks, "_archive", away)
    claimed = claimed_as(tmp_path, "gut")
    services: Any = None
    receipt = walks.archive_delivery(services, claimed, CLERK)
    assert receipt.state is Outcome.UNAVAILABLE
    assert [(f.code, f.text) for f in receipt.findings] == [("WF-09", "Speicher „a“ antwortet nicht.")]
    assert exit_code([receipt]) == 6
    assert claimed.folder.is_dir()


@pytest.mark.parametrize(
    ("fault", "state", "code"),
    [
        (errno.ENOSPC, Outcome.UNAVAILABLE, 6),
        (errno.EIO, Outcome.UNAVAILABLE, 6),
        (errno.EACCES, Outcome.HALTED, 7),
        (errno.ENOENT, Outcome.BROKEN, 1),  # a file of ours that should be there
        (MemoryError(), Outcome.UNAVAILABLE, 6),
        (RuntimeError("can't start new thread"), Outcome.UNAVAILABLE, 6),
        (RuntimeError("dictionary changed size"), Outcome.BROKEN, 1),
    ],
)
def test_a_full_disk_or_machine_in_the_midst_of_a_walk_is_no_bug_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int | Exception, state: Outcome, code: int
) -> None:
    def refused(*_: Any) -> Receipt:
        raise OSError(fault, os.strerror(fault)) if isinstance(fault, int) else fault

    monkeypatch.setattr(walks, "_archive", refused)
    services: Any = SimpleNamespace(settings=SimpleNamespace(daten=tmp_path))
    receipt = archive_one(services, claimed_as(tmp_path, "gut"), CLERK, walks.silent)
    assert (receipt.state, exit_code([receipt])) == (state, code)


def two_stores(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> Any:
    """Services whose store "a" meets a fault when a package is read, and whose store "b" gives it."""

    def read(_id: Any, copy: Any, _store: Any, target: Path) -> Path:
        if copy.store == "a":
            raise fault
        return target / "bag"

    monkeypatch.setattr(fetch, "read_package", read)
    stores = tuple(MemoryStore(name, clock=lambda: NOON) for name in ("a", "b"))
    return SimpleNamespace(
        catalog=SimpleNamespace(read_access=lambda *_, **__: None),
        stores_to_read=lambda: (stores, {}),
        now=lambda: NOON,
    )


def test_a_copy_that_its_store_refuses_is_fetched_from_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = two_stores(monkeypatch, Misconfigured("Speicher „a“: Der Schlüssel stimmt nicht."))
    root, findings = fetch.fetch_package(services, a_package(uuid4(), 1), tmp_path, "Einsicht", CLERK)
    assert root == tmp_path / "bag"
    assert [(f.code, f.where) for f in findings] == [("WF-30", "Speicher a")]


def test_a_damaged_copy_is_told_as_damaged_where_the_other_is_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning about reachability would let a lost copy pass for an outage until the next fixity round."""

    services = two_stores(monkeypatch, FixityError("Speicher „a“ gibt das Objekt nicht heraus."))
    _, (finding,) = fetch.fetch_package(services, a_package(uuid4(), 1), tmp_path, "Einsicht", CLERK)
    assert (finding.code, finding.severity, finding.where) == ("WF-30", Severity.ERROR, "Speicher a")
    assert finding.text.startswith("Diese Kopie fehlt oder ist beschädigt: Speicher „a“ gibt das Objekt nicht heraus.")
    assert "archiv fixity pruefe" in finding.text

    def none(_id: Any, copy: Any, *_: Any) -> Path:
        raise FixityError("beschädigt") if copy.store == "b" else Unavailable("weg")

    def full(*_: Any) -> Path:
        raise NoPlace("Der Ordner ist voll.")

    monkeypatch.setattr(fetch, "read_package", full)
    with pytest.raises(NoPlace, match=r"^Der Ordner ist voll\.$"):  # told once, and not as a fault of any copy
        fetch.fetch_package(services, a_package(uuid4(), 1), tmp_path, "Einsicht", CLERK)
    monkeypatch.setattr(fetch, "read_package", none)
    with pytest.raises(FixityError, match="Keine Kopie ist zu bekommen: weg; beschädigt"):
        fetch.fetch_package(services, a_package(uuid4(), 1), tmp_path, "Einsicht", CLERK)


def test_a_target_that_takes_nothing_is_told_as_such_before_any_copy_is_asked(tmp_path: Path) -> None:
    (tmp_path / "datei").touch()
    services: Any = SimpleNamespace()  # neither read nor asked
    with pytest.raises(Misconfigured, match=r"In den Ordner „.*/datei/x“ lässt sich nichts schreiben"):
        fetch.fetch_package(services, a_package(uuid4(), 1), tmp_path / "datei" / "x", "Einsicht", CLERK)


@pytest.mark.parametrize(("fault", "code"), [(Unavailable("weg"), 8), (FixityError("andere Bytes"), 5)])
def test_a_head_that_a_store_does_not_take_is_said_on_the_receipt_of_what_is_archived_all_the_same(
    monkeypatch: pytest.MonkeyPatch, fault: ArchivError, code: int
) -> None:
    monkeypatch.setattr(anchors, "publish_head", Mock(side_effect=fault))
    services: Any = None
    archived, waiting = anchored(
        services, [Receipt(uuid4(), Outcome.ARCHIVED), Receipt(uuid4(), Outcome.CLEARING, case=1)]
    )
    assert [f.code for f in archived.findings] == ["WF-22"]
    assert archived.not_checked == ("Anker des Protokolls",)
    assert waiting.findings == ()
    assert exit_code([archived]) == code


def test_a_store_that_is_away_is_not_checked_and_the_others_are_compared(tmp_path: Path) -> None:
    class Away(MemoryStore):
        def versions(self, prefix: str) -> Any:
            raise Unavailable(f"Speicher „{self.name}“ ist weg.")

    stores = (MemoryStore("a", clock=lambda: NOON), Away("b", clock=lambda: NOON))
    services: Any = SimpleNamespace(
        stores_to_read=lambda: (stores, {"c": "Der Speicher „c“ startet nicht."}),
        settings=SimpleNamespace(work=Path("/nirgends"), daten=tmp_path, catalog_file=None),
        catalog=SimpleNamespace(packages_between=lambda _first, _last: (), deliveries=lambda: ()),
        now=lambda: NOON,
    )
    findings = compare_stores(services)
    assert {(f.code, f.where) for f in findings} == {("RC-11", "b"), ("RC-11", "c")}
    assert verdict_of(findings) is Verdict.NOT_CHECKED
    assert verdict_of(()) is Verdict.OK
    assert verdict_of([*findings, Finding("RC-02", Severity.ERROR, "a:x", "fehlt")]) is Verdict.FAILED
    assert verdict_of([Finding("RC-09", Severity.WARNING, "a:x", "liegen geblieben")]) is Verdict.OK


def test_a_round_over_the_whole_holdings_names_only_what_is_not_well() -> None:
    summary = FixitySummary(wanted=False)
    for number in range(1, 3001):
        damaged = number % 2 == 0
        verdict = Verdict.FAILED if damaged else Verdict.OK
        summary.add(FixityReport(PackageId(uuid4(), 1), (CopyReport("a", verdict, (), 10),)))
    assert (summary.checked, summary.damaged, summary.bytes) == (1500, 1500, 30_000)
    assert len(summary.copies) == 1000
    assert {copy["verdict"] for copy in summary.copies} == {"failed"}


def to_the_process() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def to_this_thread() -> None:
    """The system may wake any thread for a signal, and Python raises it in the first one."""
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


@pytest.mark.parametrize("press", [to_the_process, to_this_thread])
def test_ctrl_c_ends_the_deliveries_under_way_at_their_next_step_and_begins_no_other(
    press: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    ended: list[str] = []

    def walk(_services: Any, claimed: ClaimedDelivery, _by: Actor, progress: Any, **_turn: Any) -> Receipt:
        begun.append(claimed.name)
        second = len(begun) == 2
        for page in range(1000):
            if second and page == 30:  # all are handed in by now, and the first thread waits
                press()
            progress("Texterkennung", page, 1000)
            time.sleep(0.01)
        ended.append(claimed.name)
        return Receipt(claimed.uuid, Outcome.ARCHIVED)

    monkeypatch.setattr(batch, "archive_delivery", walk)
    services: Any = SimpleNamespace(settings=SimpleNamespace(rounds=SimpleNamespace(akten_at_once=2)))
    # a shell that starts the tests in the background lets them ignore Ctrl-C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = time.monotonic()
    try:
        with progress_display(quiet=True) as show, pytest.raises(KeyboardInterrupt):
            archive_all(services, [claimed_as(tmp_path, str(number)) for number in range(20)], CLERK, show)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - start < 9
    assert ended == []
    assert len(begun) <= 4
