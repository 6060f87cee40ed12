"""The whole trip on all real parts: what a clerk is promised, and what happens when the trip is cut off."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Never, ParamSpec, TypeVar

import bagit
import pytest

from akten.errors import Unavailable
from akten.files import digest_file
from akten.findings import Finding, Judgement, Severity, Verdict
from archive.bagcheck import check_bag
from catalog.actor import Actor
from catalog.holds import HoldOrder, HoldTarget, Scope
from catalog.values import Resolution
from flows import walks
from flows.batch import archive_all, archive_one, claim_paths
from flows.fetch import fetch_package
from flows.progress import progress_display
from flows.receipt import Outcome, Receipt, receipt_json
from flows.steps import Stopwatch
from flows.telling import set_hold
from flows.verify import verify_packages
from flows.walks import archive_delivery
from flows.wiring import Services
from ingest.claimed import ClaimedDelivery
from metadata.checks import check_message
from metadata.premis import check_record
from tests.builders import a_blank_page, a_delivery, a_page, a_slip

P = ParamSpec("P")
R = TypeVar("R")
pytestmark = pytest.mark.real


def archived(services: Services, clerk: Actor, *paths: Path) -> list[Receipt]:
    with progress_display(quiet=True) as show:
        return list(archive_all(services, claim_paths(services, paths), clerk, show))


def test_a_delivery_becomes_a_locked_verified_package_found_by_another_spelling(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, xdomea_folder: Path, premis_xsd: Path
) -> None:
    folder = a_delivery(tmp_path / "l", pages=2, aktenzeichen=aktenzeichen)
    originals = {digest_file(p).sha512 for p in folder.glob("scan*")}
    (receipt,) = archived(services, clerk, folder)
    assert receipt.state is Outcome.ARCHIVED, receipt.findings
    assert (receipt.sheets, receipt.pages, receipt.blank_pages) == (2, 2, 0)
    assert [d.verdict for d in receipt.documents] == [Verdict.OK, Verdict.OK]
    assert all({r.name for r in d.reports} >= {"veraPDF", "pikepdf.pdfa", "page-validation"} for d in receipt.documents)
    assert [c.store for c in receipt.copies] == ["a", "b"]
    assert not folder.exists()
    assert not list(services.settings.work.glob(f"{receipt.delivery}*"))

    spelling = aktenzeichen.replace("-0000", "/").replace("-000", "/").replace("-2020", "/20")
    (row,) = services.catalog.akte_by_aktenzeichen(spelling)
    assert row.uuid == receipt.akte
    assert services.catalog.find("Statik", volltext=True).hits

    package = services.catalog.packages(row.uuid)[0].package
    assert verify_packages(services, [package], clerk).verdict is Verdict.OK
    root, findings = fetch_package(services, package, tmp_path / "heraus", "Test", clerk)
    assert findings == ()
    assert check_bag(root).judgement is Judgement.VALID
    assert bagit.Bag(str(root)).is_valid()
    masters = {digest_file(p).sha512 for p in (root / "data/representations/master/data").iterdir()}
    assert masters == originals
    (message,) = (root / "data/metadata/descriptive").iterdir()
    report = check_message(message.read_bytes(), services.schemas)
    assert (report.message, report.schema_verdict, report.judgement) == ("0503", Verdict.OK, Judgement.VALID)
    record = (root / "data/metadata/preservation/premis.xml").read_bytes()
    assert b"libmagic" not in record, "it is asked of no type that is let in, so no record may name it"
    premis = check_record(record, premis_xsd)
    assert premis.judgement in (Judgement.VALID, Judgement.VALID_WITH_WARNING)
    assert services.catalog.verify_trail().verdict is not Verdict.FAILED


def test_the_same_delivery_again_is_found_and_linked_not_stored_twice(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    first = a_delivery(tmp_path / "eins", seed="gleich" + aktenzeichen, aktenzeichen=aktenzeichen)
    again = a_delivery(tmp_path / "zwei", seed="gleich" + aktenzeichen, aktenzeichen=aktenzeichen)
    (one,) = archived(services, clerk, first)
    (two,) = archived(services, clerk, again)
    assert (one.state, two.state) == (Outcome.ARCHIVED, Outcome.DUPLICATE)
    assert [f.code for f in two.findings] == ["WF-05"]
    assert one.akte is not None
    first, again = receipt_json(one), receipt_json(two)
    for what in ("uuid", "sheets", "pages", "blank_pages", "documents", "copies", "version"):
        assert again[what] == first[what], what
    assert len(services.catalog.packages(one.akte)) == 1


def test_what_another_slip_tells_of_archived_scans_is_asked_and_told(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """Nothing was said: neither that its Betreff was lost, nor that an event of the year 2999 began a period."""

    def delivered(name: str, **slip: Any) -> Receipt:
        folder = a_delivery(tmp_path / name, seed="nochmal" + aktenzeichen, aktenzeichen=aktenzeichen, **slip)
        return archived(services, clerk, folder)[0]

    one = delivered("eins")
    assert one.akte is not None
    events = [{"ereignis": "file_closed", "datum": "2999-01-01"}, {"ereignis": "no_such_event", "datum": "2020-01-01"}]
    asked = delivered("zwei", ereignisse=events, merkmale={"no_such_fact": True})
    assert (asked.state, {f.code for f in asked.findings}) == (Outcome.CLEARING, {"IN-22", "IN-25"})
    short = delivered("kurz", blattzahl=7)  # six sheets were never saved; it was called archived
    assert (short.state, "IN-50" in {f.code for f in short.findings}) == (Outcome.CLEARING, True)
    linked = delivered("drei", ereignisse=[{"ereignis": "file_closed", "datum": "2020-01-01"}])
    assert (linked.state, [f.code for f in linked.findings]) == (Outcome.DUPLICATE, ["WF-05", "WF-06"])
    assert "Seine Ereignisse und Merkmale gelten" in linked.findings[1].text
    other = delivered("vier", betreff="Ganz anders")
    assert (other.betreff, other.findings[1].code) == (one.betreff, "WF-06")
    assert "Von ihm wurde nichts übernommen" in other.findings[1].text
    keeping = services.catalog.keeping(one.akte)
    assert keeping is not None
    assert {(event.ereignis, event.datum.year) for event in keeping.events} == {("file_closed", 2020)}


def test_the_same_delivery_at_once_from_two_desks_is_stored_once(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """The other one is archived after this one looked for its scans and before it got its version."""
    made = [
        a_delivery(tmp_path / name, seed="gleich" + aktenzeichen, aktenzeichen=aktenzeichen)
        for name in ("eins", "zwei")
    ]
    slow, fast = claim_paths(services, made)
    faster: list[Receipt] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        del done, total
        if what == "Beschreiben und packen" and not faster:
            faster.append(archive_delivery(services, fast, clerk))

    second = archive_delivery(services, slow, clerk, meanwhile)
    assert [faster[0].state, second.state] == [Outcome.ARCHIVED, Outcome.DUPLICATE], second.findings
    assert second.akte is not None
    assert len(services.catalog.packages(second.akte)) == 1
    assert not list(services.settings.work.glob(f"{slow.uuid}*"))


def test_a_nachscan_makes_version_2_with_everything_beside_version_1(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    first = a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen, fristklasse="building.enforcement")
    (one,) = archived(services, clerk, first)
    before = services.catalog.packages(one.akte)[0]  # type: ignore[arg-type]
    later = a_delivery(tmp_path / "zwei", aktenzeichen=aktenzeichen, betreff="Nachscan", federfuehrung=None)
    (two,) = archived(services, clerk, later)
    assert (one.version, two.version) == (1, 2)
    assert one.akte == two.akte
    packages = services.catalog.packages(one.akte)  # type: ignore[arg-type]
    assert packages[0] == before
    details = services.catalog.akte_details(one.akte)  # type: ignore[arg-type]
    assert details is not None
    assert details.akte is not None
    assert (details.row.record_class, details.akte.federfuehrung) == ("building.enforcement", "Bauaufsicht")
    root, _ = fetch_package(services, packages[1].package, tmp_path / "v2", "Test", clerk)
    assert len(list((root / "data/representations/access/data").iterdir())) == 2
    assert before.package.tag_manifest_sha512 in (root / "bag-info.txt").read_text()
    assert check_bag(root).judgement is Judgement.VALID


def test_a_packed_delivery_that_was_given_back_does_not_close_its_akte_for_ever(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is not given again, for half of it may lie in a store; the next delivery is archived all the same."""

    def away(*_: object) -> Never:
        raise Unavailable("Der Speicher „b“ ist zurzeit nicht erreichbar.")

    with monkeypatch.context() as patched:
        patched.setattr(walks, "store_package", away)
        (stopped,) = archived(services, clerk, a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen))
    assert stopped.state is Outcome.UNAVAILABLE
    lost = Finding("WF-13", Severity.ERROR, "", "Die Dateien fehlen.")
    now = services.now()
    case = services.catalog.to_clearing(stopped.delivery, [lost], owner="x", next_step="y", by=clerk, now=now)
    services.catalog.resolve(case.number, Resolution.RETURN, "wird neu geliefert", by=clerk, now=now)
    (anew,) = archived(services, clerk, a_delivery(tmp_path / "zwei", aktenzeichen=aktenzeichen, betreff="Neu"))
    assert (anew.state, anew.version, anew.findings) == (Outcome.ARCHIVED, 2, ())


def test_a_scan_that_lies_in_the_akte_already_is_not_stored_again_beside_the_new_one(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """Linked, not stored twice: nothing would name the second copy, and PREMIS would tell of it as a new file."""
    (one,) = archived(services, clerk, a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen, seed=aktenzeichen))
    later = a_delivery(tmp_path / "zwei", pages=2, aktenzeichen=aktenzeichen, seed=aktenzeichen)
    both = {digest_file(path).sha512 for path in later.glob("*.png")}
    (two,) = archived(services, clerk, later)
    assert (two.version, "IN-36" in {f.code for f in two.findings}) == (2, True)
    package = services.catalog.packages(one.akte)[1].package  # type: ignore[arg-type]
    root, _ = fetch_package(services, package, tmp_path / "v2", "Test", clerk)
    masters = [digest_file(p).sha512 for p in (root / "data/representations/master/data").iterdir()]
    assert sorted(masters) == sorted(both)
    record = (root / "data/metadata/preservation/premis.xml").read_text()
    assert [name for name in ("scan1.png", "scan2.png") if name in record] == ["scan2.png"]


def test_a_nachscan_with_another_betreff_or_field_is_archived_and_told(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    def told(name: str, betreff: str, **slip: Any) -> tuple[Outcome, list[str]]:
        one = {"betreff": "Anbau", "dokumente": [{"betreff": name, "dateien": ["scan1.png"]}]}
        folder = a_delivery(tmp_path / name, aktenzeichen=aktenzeichen, betreff=betreff, vorgaenge=[one], **slip)
        (made,) = archived(services, clerk, folder)
        return made.state, [f.code for f in made.findings if f.code in ("IN-26", "WF-07")]

    assert told("eins", "Anbau Hafenstraße 5", felder={"Bauherr": "A"}) == (Outcome.ARCHIVED, [])
    assert told("zwei", "ANBAU, Hafenstr. 5") == (Outcome.ARCHIVED, [])
    assert told("drei", "Personalakte Meier", felder={"Bauherr": "B"}) == (Outcome.ARCHIVED, ["IN-26", "WF-07"])


def test_two_deliveries_of_one_akte_at_once_become_two_versions(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    paths = [a_delivery(tmp_path / name, aktenzeichen=aktenzeichen) for name in ("eins", "zwei")]
    receipts = archived(services, clerk, *paths)
    assert [r.state for r in receipts] == [Outcome.ARCHIVED, Outcome.ARCHIVED]
    assert sorted(r.version or 0 for r in receipts) == [1, 2]


def test_a_wrong_sheet_count_waits_at_the_clearing_desk_with_both_numbers_and_is_put_right(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    folder = a_delivery(tmp_path / "l", pages=1, blattzahl=3, aktenzeichen=aktenzeichen)
    (receipt,) = archived(services, clerk, folder)
    assert receipt.state is Outcome.CLEARING
    texts = " ".join(f.text for f in receipt.findings)
    assert "3" in texts
    assert "1" in texts
    assert receipt.case is not None
    claimed = ClaimedDelivery(receipt.delivery, services.settings.work / str(receipt.delivery))
    # Scanned anew after the delivery had come: what is told of it begins with the files that came last.
    time.sleep(1.1)
    again = datetime.now(UTC).replace(microsecond=0).isoformat()
    slip = a_slip(aktenzeichen=aktenzeichen, gescannt_am=again, qualitaetspruefung=None)
    (claimed.lieferung / "laufzettel.json").write_text(json.dumps(slip))
    services.catalog.resolve(receipt.case, Resolution.RESUBMIT, "", by=clerk, now=services.now())
    done = archive_delivery(services, claimed, clerk)
    assert done.state is Outcome.ARCHIVED, done.findings
    package = services.catalog.packages(done.akte)[0].package  # type: ignore[arg-type]
    root, _ = fetch_package(services, package, tmp_path / "heraus", "Test", clerk)
    assert f">{again}<" in (root / "data/metadata/preservation/premis.xml").read_text()


def test_what_a_person_accepts_with_a_reason_goes_on_and_keeps_the_finding(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    (receipt,) = archived(services, clerk, a_delivery(tmp_path / "l", blattzahl=3, aktenzeichen=aktenzeichen))
    assert receipt.case is not None
    services.catalog.resolve(receipt.case, Resolution.ACCEPT, "Vorlage unvollständig", by=clerk, now=services.now())
    claimed = ClaimedDelivery(receipt.delivery, services.settings.work / str(receipt.delivery))
    done = archive_delivery(services, claimed, clerk)
    assert done.state is Outcome.ARCHIVED, done.findings
    assert {f.code for f in receipt.findings} & {f.code for f in done.findings}
    assert done.akte is not None
    package = services.catalog.packages(done.akte)[0].package
    root, _ = fetch_package(services, package, tmp_path / "heraus", "Test", clerk)
    notes = [json.loads(n.read_text()) for n in (root / "data/metadata/preservation").glob("transfervermerk-*.json")]
    # The package must not claim for ever that nothing was missing.
    assert {note["qualitaet"]["vollstaendigkeit"] for note in notes} == {"failed"}
    assert {note["erklaerung"] for note in notes} == {""}


def test_blank_backs_are_kept_and_counted(services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str) -> None:
    folder = a_delivery(tmp_path / "l", blattzahl=1, duplex=True, aktenzeichen=aktenzeichen)
    a_blank_page(folder / "scan2.png", dpi=140)
    (receipt,) = archived(services, clerk, folder)
    assert receipt.state is Outcome.ARCHIVED, receipt.findings
    assert (receipt.pages, receipt.blank_pages) == (2, 1)


def test_bad_deliveries_do_not_stop_the_good_one(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    no_slip = tmp_path / "ohne"
    no_slip.mkdir()
    a_page(no_slip / "s.png")
    (no_slip / "fertig").touch()  # somebody says that it is a delivery; without, it stays where it is
    broken = a_delivery(tmp_path / "kaputt", aktenzeichen="63-7-20")
    (broken / "scan1.png").write_bytes((broken / "scan1.png").read_bytes()[:200])
    good = a_delivery(tmp_path / "gut", aktenzeichen=aktenzeichen)
    receipts = archived(services, clerk, no_slip, broken, good)
    assert [r.state for r in receipts] == [Outcome.CLEARING, Outcome.CLEARING, Outcome.ARCHIVED]
    assert all(f.text for r in receipts[:2] for f in r.findings)
    json.dumps([receipt_json(r) for r in receipts])


class KilledHere(BaseException):
    """Stands for kill -9 right after a step."""


class KillAtEntry(Stopwatch):
    """Kills right after the delivery was entered as archived."""

    def __call__(self, name: str, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        result = super().__call__(name, fn, *args, **kwargs)
        if name == "eintragen":
            raise KilledHere(name)
        return result


class KillAfter(Stopwatch):
    """Kills after the n-th step."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    def __call__(self, name: str, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        result = super().__call__(name, fn, *args, **kwargs)
        self.left -= 1
        if self.left < 0:
            raise KilledHere(name)
        return result


def test_killed_after_every_step_it_continues_and_nothing_is_doubled(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """One delivery is killed after its first step, started again, killed after the second, and so on to the end."""
    (claimed,) = claim_paths(services, [a_delivery(tmp_path / "l", aktenzeichen=aktenzeichen)])
    killed_at = []
    receipt = None
    for steps in range(40):
        try:
            receipt = archive_delivery(services, claimed, clerk, watch=KillAfter(steps))
            break
        except KilledHere as killed:
            killed_at.append(str(killed))
    assert receipt is not None
    assert receipt.state is Outcome.ARCHIVED
    assert {"lesen", "untersuchen", "erkennen", "prüfen", "beschreiben", "packen", "ablegen"} <= set(killed_at)
    assert receipt.akte is not None
    (package,) = services.catalog.packages(receipt.akte)
    assert package.package.id.version == 1
    for store in services.stores:
        keys = [v.key for v in store.versions(package.package.id.prefix) if not v.delete_marker]
        assert sorted(keys) == sorted([package.package.id.bag_key, package.package.id.commit_key])
    assert verify_packages(services, [package.package], clerk).verdict is Verdict.OK


def test_killed_right_after_the_entry_the_next_call_sets_what_locks_lack_and_gives_the_receipt_that_nobody_saw(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """A hold that was set while the package was being stored reaches the stores with the step that was cut off."""
    (claimed,) = claim_paths(services, [a_delivery(tmp_path / "l", aktenzeichen=aktenzeichen)])
    with pytest.raises(KilledHere):
        archive_delivery(services, claimed, clerk, watch=KillAtEntry())
    row = services.catalog.delivery(claimed.uuid)
    assert row is not None
    target = HoldTarget(Scope.AKTE, row.akte)
    set_hold(services, HoldOrder(target, "litigation", "Klage", "4 K 12/26"), clerk)  # nobody followed it
    receipt = archive_delivery(services, claimed, clerk)
    (package,) = services.catalog.packages(row.akte)  # type: ignore[arg-type]
    for store, copy in zip(services.stores, package.package.copies, strict=True):
        assert store.read_lock(package.package.id.bag_key, copy.bag_version_id).lock.legal_hold
    assert (receipt.state, receipt.pages, len(receipt.copies)) == (Outcome.ARCHIVED, 1, 2)
    assert [(d.verdict, len(d.reports), d.pages) for d in receipt.documents] == [(Verdict.OK, 3, 1)]
    assert not claimed.folder.exists()


def test_a_file_that_grows_after_it_was_taken_is_named_and_the_next_run_takes_it_as_it_is(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    (claimed,) = claim_paths(services, [a_delivery(tmp_path / "l", aktenzeichen=aktenzeichen)])
    scan = next(claimed.lieferung.glob("scan*"))

    def still_writing(what: str, _done: int, _total: int) -> None:
        if what.startswith("Ablegen"):
            with scan.open("ab") as file:
                file.write(bytes(100))

    receipt = archive_one(services, claimed, clerk, still_writing)
    assert (receipt.state, [f.code for f in receipt.findings]) == (Outcome.ALARM, ["WF-10"])
    (text,) = (f.text for f in receipt.findings)
    assert f"„{scan.name}“ hat sich geändert, nachdem die Lieferung angenommen war: sie ist größer geworden" in text
    assert "archiv annahme" in text
    again = archive_one(services, claimed, clerk, lambda *_: None)
    assert again.state is Outcome.ARCHIVED, again.findings
