"""A Dokument that was scanned badly is scanned anew, on all real parts: each version has it once, as it was then."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import bagit
import pytest
from PIL import Image, ImageDraw

from akten.files import digest_bytes
from akten.findings import Judgement, Severity, Verdict
from akten.model import Dokument
from archive.bagcheck import check_bag
from catalog.actor import Actor
from catalog.trail import Verb
from catalog.values import Resolution
from flows.archivedreceipt import receipt_of
from flows.batch import claim_paths
from flows.correction import propose, release, waiting
from flows.fetch import fetch_package
from flows.receipt import Outcome, Receipt
from flows.verify import verify_packages
from flows.walks import archive_delivery
from flows.wiring import Services
from ingest.claimed import ClaimedDelivery
from ingest.correction import typed_wishes
from metadata.checks import check_message
from metadata.premis import check_record
from tests.builders import a_blank_page, a_page, a_slip
from tests.walks.test_archive_walk import KillAfter, KilledHere, archived

pytestmark = pytest.mark.real


def delivery(folder: Path, aktenzeichen: str, *dokumente: tuple[str, int, dict[str, Any]]) -> Path:
    """A delivery of Dokumente (Betreff, pages, what its slip says more); the folder's name is read on every page."""
    folder.mkdir(parents=True)
    entries, total = [], 0
    for number, (betreff, pages, more) in enumerate(dokumente, 1):
        names = [f"s{number}_{page}.png" for page in range(1, pages + 1)]
        for name in names:
            a_page(folder / name, ("Stadt Neuss, Bauaufsicht", f"Kennwort {folder.name}", betreff, name, aktenzeichen))
        entries.append({"betreff": betreff, "dateien": names, **more})
        total += pages
    vorgaenge = [{"betreff": "Anbau", "dokumente": entries}]
    slip = a_slip(aktenzeichen=aktenzeichen, blattzahl=total, vorgaenge=vorgaenge)
    (folder / "laufzettel.json").write_text(json.dumps(slip, ensure_ascii=False), encoding="utf-8")
    return folder


@pytest.fixture
def bad(services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str) -> Receipt:
    """Version 1: „Bauantrag“ (two pages) was scanned badly, „Lageplan“ well."""
    said = {"typ": "Antrag", "datum": "2019-03-01"}
    folder = delivery(tmp_path / "schlecht", aktenzeichen, ("Bauantrag", 2, said), ("Lageplan", 1, {}))
    (receipt,) = archived(services, clerk, folder)
    assert (receipt.state, receipt.version) == (Outcome.ARCHIVED, 1), receipt.findings
    return receipt


def dokumente(services: Services, receipt: Receipt) -> list[Dokument]:
    assert receipt.akte is not None
    akte = services.catalog.akte_snapshot(receipt.akte)
    assert akte is not None
    return list(akte.dokumente)


def found(services: Services, receipt: Receipt, word: str) -> bool:
    return receipt.akte in {hit.akte.uuid for hit in services.catalog.find(word, volltext=True).hits if hit.snippets}


def test_killed_after_every_step_the_rescan_replaces_once_and_version_1_is_untouched(
    services: Services,
    clerk: Actor,
    tmp_path: Path,
    aktenzeichen: str,
    bad: Receipt,
    premis_xsd: Path,
    xdomea_folder: Path,
) -> None:
    before = services.catalog.packages(bad.akte)[0]  # type: ignore[arg-type]
    old, plan = dokumente(services, bad)
    assert found(services, bad, '"schlecht Bauantrag"')
    seen = {s.name: [(v.key, v.version_id) for v in s.versions(before.package.id.prefix)] for s in services.stores}
    folder = delivery(tmp_path / "Aprikose", aktenzeichen, ("Bauantrag", 2, {"ersetzt": "BAUANTRAG"}))
    shutil.copytree(folder, tmp_path / "nochmal")
    (claimed,) = claim_paths(services, [folder])
    receipt, killed_at = None, []
    for steps in range(40):
        try:
            receipt = archive_delivery(services, claimed, clerk, watch=KillAfter(steps))
            break
        except KilledHere as killed:
            killed_at.append(str(killed))
    assert receipt is not None
    assert (receipt.state, receipt.version) == (Outcome.ARCHIVED, 2)
    told = f"„Bauantrag“ (2 Seiten) ersetzt „Bauantrag“ (2 Seiten; {old.uuid}) der Version 1."
    assert [(f.code, f.severity, f.text) for f in receipt.findings] == [("IN-48", Severity.INFO, told)]
    row = services.catalog.delivery(receipt.delivery)
    assert row is not None
    assert [(f.code, f.text) for f in receipt_of(services, row).findings] == [("IN-48", told)], "by the catalog, too"
    assert {"packen", "beschreiben", "ablegen"} <= set(killed_at)

    new, kept = dokumente(services, bad)
    assert (kept, [one.dokument for one in new.ersetzt]) == (plan, [old.uuid])
    assert (new.typ, new.datum) == (old.typ, old.datum)
    packages = services.catalog.packages(bad.akte)  # type: ignore[arg-type]
    assert packages[0].package == before.package
    assert seen == {
        s.name: [(v.key, v.version_id) for v in s.versions(before.package.id.prefix)] for s in services.stores
    }
    assert verify_packages(services, [p.package for p in packages], clerk).verdict is Verdict.OK
    replaced = services.catalog.events_of(akte=bad.akte, verb=Verb.DOKUMENT_REPLACED.value)
    assert [event.data["replaced"] for event in replaced] == [str(old.uuid)]
    words = ('"Aprikose Bauantrag"', '"schlecht Bauantrag"', '"schlecht Lageplan"')
    assert [found(services, bad, text) for text in words] == [True, False, True]

    root, _ = fetch_package(services, packages[1].package, tmp_path / "v2", "Test", clerk)
    assert check_bag(root).judgement is Judgement.VALID
    assert bagit.Bag(str(root)).is_valid()
    (message,) = (root / "data/metadata/descriptive").iterdir()
    report = check_message(message.read_bytes(), services.schemas)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID)
    record = (root / "data/metadata/preservation/premis.xml").read_bytes()
    assert check_record(record, premis_xsd).judgement in (Judgement.VALID, Judgement.VALID_WITH_WARNING)
    names = [path.name for path in root.rglob("*")]
    assert not [name for name in names if str(old.uuid) in name or str(old.dateien[0].uuid) in name]
    assert len(list((root / "data/representations/master/data").iterdir())) == 3
    first, _ = fetch_package(services, packages[0].package, tmp_path / "v1", "Test", clerk)
    assert (first / f"data/representations/access/data/{old.dateien[0].dateiname}").is_file()

    (twice,) = archived(services, clerk, tmp_path / "nochmal")
    assert (twice.state, [f.code for f in twice.findings]) == (Outcome.DUPLICATE, ["WF-05", "IN-48"])
    assert services.catalog.verify_trail().verdict is not Verdict.FAILED


def test_the_bad_scan_again_is_linked_and_told_and_a_nachscan_keeps_the_good_one(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, bad: Receipt
) -> None:
    good = delivery(
        tmp_path / "gut", aktenzeichen, ("Bauantrag", 2, {"ersetzt": str(dokumente(services, bad)[0].uuid)})
    )
    said = {"typ": "Antrag", "datum": "2019-03-01"}
    again = delivery(tmp_path / "x" / "schlecht", aktenzeichen, ("Bauantrag", 2, said), ("Lageplan", 1, {}))
    more = delivery(tmp_path / "y" / "schlecht", aktenzeichen, ("Bauantrag", 2, said), ("Brief", 3, {}))
    (one,) = archived(services, clerk, good)
    assert one.version == 2
    (two,) = archived(services, clerk, again)
    assert (two.state, [f.code for f in two.findings]) == (Outcome.DUPLICATE, ["WF-05", "WF-05"])
    assert "Von den 2 Dokumenten mit diesen Scans sind 1 seither ersetzt" in two.findings[1].text
    (three,) = archived(services, clerk, more)
    assert (three.state, three.version) == (Outcome.ARCHIVED, 3)
    assert {f.text.rpartition(" ")[2] for f in three.findings if f.code == "IN-36"} == {"neue."}
    assert [d.betreff for d in dokumente(services, bad)] == ["Bauantrag", "Lageplan", "Brief"]
    assert dokumente(services, bad)[0].uuid == one.documents[0].dokument


def test_fewer_pages_wait_for_a_person_and_go_on_with_a_reason(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, bad: Receipt
) -> None:
    (asked,) = archived(
        services, clerk, delivery(tmp_path / "kurz", aktenzeichen, ("Bauantrag", 1, {"ersetzt": "Bauantrag"}))
    )
    assert (asked.state, [f.code for f in asked.findings]) == (Outcome.CLEARING, ["IN-45"])
    assert asked.case is not None
    services.catalog.resolve(asked.case, Resolution.ACCEPT, "Rückseite war leer", by=clerk, now=services.now())
    done = archive_delivery(
        services, ClaimedDelivery(asked.delivery, services.settings.work / str(asked.delivery)), clerk
    )
    assert (done.state, [f.code for f in done.findings]) == (Outcome.ARCHIVED, ["IN-45", "IN-48"])
    assert "(1 Seite) ersetzt „Bauantrag“ (2 Seiten; " in done.findings[1].text
    remark = next(e.bemerkung for e in dokumente(services, bad)[0].historie if e.aktion == "Ersetzung")
    assert remark.endswith("1 statt 2 Seiten, mit Begründung angenommen")


def test_exported_anew_is_told_and_the_same_scans_with_ersetzt_leave_each_page_once(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, bad: Receipt
) -> None:
    """What the receipt advises works: the scans lie in the Akte by then, and the Betreff stands twice."""
    both = (("Bauantrag", 2, {}), ("Lageplan", 1, {}))
    (told,) = archived(services, clerk, delivery(tmp_path / "a" / "Export", aktenzeichen, *both))
    assert (told.state, [f.code for f in told.findings]) == (Outcome.ARCHIVED, ["IN-46"])
    assert len(dokumente(services, bad)) == 4
    said = [(name, pages, {"ersetzt": name}) for name, pages, _ in both]
    (done,) = archived(services, clerk, delivery(tmp_path / "b" / "Export", aktenzeichen, *said))
    assert (done.state, done.version) == (Outcome.ARCHIVED, 3), done.findings
    assert Counter(f.code for f in done.findings) == {"IN-36": 3, "IN-48": 4}, "each scan, each that went"
    now = dokumente(services, bad)
    assert ([d.betreff for d in now], [len(d.ersetzt) for d in now]) == (["Bauantrag", "Lageplan"], [2, 2])
    details = services.catalog.akte_details(bad.akte)  # type: ignore[arg-type]
    assert details is not None
    assert (details.row.pages, len(details.dokumente)) == (3, 6)
    assert services.catalog.verify_trail().verdict is not Verdict.FAILED


def test_a_later_version_that_comes_in_between_begins_the_rescan_anew(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, bad: Receipt
) -> None:
    """Two desks replace the same Dokument: the slower one is asked, and takes no place that another has by now."""
    paths = [
        delivery(tmp_path / name, aktenzeichen, ("Antrag", 2, {"ersetzt": "Bauantrag"}))
        for name in ("langsam", "flink")
    ]
    slow, fast = claim_paths(services, paths)
    faster: list[Receipt] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        del done, total
        if what == "Beschreiben und packen" and not faster:
            faster.append(archive_delivery(services, fast, clerk))

    slower = archive_delivery(services, slow, clerk, meanwhile)
    assert (faster[0].state, slower.state) == (Outcome.ARCHIVED, Outcome.CLEARING)
    assert ([f.code for f in slower.findings], "ist schon ersetzt" in slower.findings[0].text) == (["IN-43"], True)
    assert [d.betreff for d in dokumente(services, bad)] == ["Antrag", "Lageplan"]


def test_a_scan_whose_dokument_is_replaced_and_that_the_slip_calls_another_is_in_the_new_version(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, bad: Receipt
) -> None:
    """The second page of the Bauantrag was a letter; linked to the Akte, it would be in no Dokument of version 2."""
    folder = delivery(
        tmp_path / "x" / "schlecht",
        aktenzeichen,
        ("Bauantrag", 2, {"ersetzt": "Bauantrag", "dateien": ["s1_1.png", "s2_1.png"]}),
        ("Brief", 1, {"dateien": ["s1_2.png"]}),
    )
    letter = digest_bytes((folder / "s1_2.png").read_bytes()).sha512
    (done,) = archived(services, clerk, folder)
    assert (done.state, done.version) == (Outcome.ARCHIVED, 2), done.findings
    now = dokumente(services, bad)
    assert [d.betreff for d in now] == ["Bauantrag", "Lageplan", "Brief"]
    assert letter in {datei.digests.sha512 for datei in now[2].dateien}
    (said,) = [f.text for f in done.findings if f.where == "s1_2.png"]
    assert said.endswith("sein Dokument von damals wird ersetzt, er wird noch einmal abgelegt.")


def test_pages_of_a_shared_file_that_change_places_leave_none_without_a_dokument(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    """Which page was which was mixed up; a Plan of one page is there already, and it is the other page."""

    def cut(folder: Path, first: dict[str, Any], second: dict[str, Any]) -> Path:
        folder.mkdir()
        pages = [Image.new("L", (800, 1100), 255) for _ in range(2)]
        for number, page in enumerate(pages, 1):
            ImageDraw.Draw(page).text((80, 100), f"Seite {number} von zweien, {aktenzeichen}", fill=0, font_size=36)
        pages[0].save(folder / "beide.tif", save_all=True, append_images=pages[1:], dpi=(100, 100))
        parts = [{"betreff": "Antrag", **first}, {"betreff": "Plan", **second}]
        slip = a_slip(aktenzeichen=aktenzeichen, blattzahl=2, vorgaenge=[{"betreff": "Anbau", "dokumente": parts}])
        (folder / "laufzettel.json").write_text(json.dumps(slip), encoding="utf-8")
        return folder

    (one,) = archived(services, clerk, cut(tmp_path / "eins", {"seiten": "1"}, {"seiten": "2"}))
    assert (one.state, one.version) == (Outcome.ARCHIVED, 1), one.findings
    again = cut(tmp_path / "zwei", {"seiten": "2", "ersetzt": "Antrag"}, {"seiten": "1"})
    (asked,) = archived(services, clerk, again)
    assert (asked.state, [f.code for f in asked.findings if f.severity is Severity.ERROR]) == (
        Outcome.CLEARING,
        ["IN-54"],
    )
    assert "Seite 1 von „beide.tif“" in asked.findings[0].text
    both = {"seiten": "2", "ersetzt": "Antrag"}, {"seiten": "1", "ersetzt": "Plan"}
    (done,) = archived(services, clerk, cut(tmp_path / "drei", *both))
    assert (done.state, done.version) == (Outcome.ARCHIVED, 2), done.findings
    assert [d.betreff for d in dokumente(services, one)] == ["Antrag", "Plan"]


def test_a_sheet_fed_upside_down_replaces_nothing_until_a_person_says_it_is_blank(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, bad: Receipt
) -> None:
    folder = delivery(tmp_path / "leer", aktenzeichen, ("Lageplan", 1, {"ersetzt": "Lageplan"}))
    a_blank_page(folder / "s1_1.png", dpi=170)  # a back of its own: archives are shared by tests
    (asked,) = archived(services, clerk, folder)
    assert (asked.state, [f.code for f in asked.findings]) == (Outcome.CLEARING, ["IN-49"])
    assert asked.case is not None
    services.catalog.resolve(asked.case, Resolution.ACCEPT, "Vorlage ist leer", by=clerk, now=services.now())
    done = archive_delivery(
        services, ClaimedDelivery(asked.delivery, services.settings.work / str(asked.delivery)), clerk
    )
    assert (done.state, [f.code for f in done.findings]) == (Outcome.ARCHIVED, ["IN-49", "IN-48"])
    folder = delivery(tmp_path / "leer2", aktenzeichen, ("Lageplan", 1, {"ersetzt": "Lageplan"}))
    a_blank_page(folder / "s1_1.png", dpi=210)
    (blank_again,) = archived(services, clerk, folder)
    assert (blank_again.state, [f.code for f in blank_again.findings]) == (Outcome.ARCHIVED, ["IN-48"])


def test_a_page_fed_upside_down_is_asked_though_others_are_good_and_the_name_of_before_still_means_it(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, bad: Receipt
) -> None:
    assert bad.akte is not None
    wishes = typed_wishes(
        {"dokumente": [{"dokument": "Bauantrag", "betreff": "Antrag auf Genehmigung"}]}, services.today()
    )
    propose(services, bad.akte, wishes, "genauer", clerk)
    release(services, waiting(services, bad.akte), "verglichen", Actor("b.schulz"))
    folder = delivery(tmp_path / "halb", aktenzeichen, ("Bauantrag", 2, {"ersetzt": "Bauantrag"}))
    a_blank_page(folder / "s1_2.png", dpi=190)
    (asked,) = archived(services, clerk, folder)
    assert (asked.state, [f.code for f in asked.findings]) == (Outcome.CLEARING, ["IN-49"])
    assert asked.findings[0].text.startswith("Seite 2 ist leer, und an derselben Stelle")
    good = delivery(tmp_path / "gut2", aktenzeichen, ("Bauantrag", 2, {"ersetzt": "Bauantrag"}))
    (done,) = archived(services, clerk, good)
    assert (done.state, {f.code for f in done.findings}) == (Outcome.ARCHIVED, {"IN-48", "WF-52"}), done.findings
    assert [d.betreff for d in dokumente(services, bad)] == ["Antrag auf Genehmigung", "Lageplan"]
