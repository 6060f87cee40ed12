"""A delivery met again after it has ended gets the receipt of the first time, on both databases."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock
from uuid import UUID

from rich.console import Console

from akten.files import PageResult, PdfA, Rendition, digest_bytes
from akten.findings import Finding, Severity, Verdict
from akten.lifecycle import Stage
from akten.model import Akte, Anlage, Datei
from akten.package import StoredPackage
from app.akte_show import left_out, show_akte
from app.lock_show import LockView
from app.show import receipts
from archive.bag import Bag
from catalog.catalog import Catalog
from flows.archivedreceipt import archived_receipt, receipt_of
from flows.packed import PackedWork, save
from flows.receipt import Outcome, Receipt, exit_code, receipt_json
from tests.catalog.build import (
    CLERK,
    NOON,
    STAGES,
    a_package,
    a_page,
    a_pdfa,
    a_report,
    a_scan,
    an_akte,
    an_id,
    archive,
    later,
    receive,
)

UNCHECKED = Finding("XD-12", Severity.WARNING, "", "Das amtliche Schema fehlt.")


def told(catalog: Catalog, name: object, result: Path | None = None) -> Receipt:
    services: Any = SimpleNamespace(catalog=catalog)
    row = catalog.delivery(an_id("delivery", name))
    assert row is not None
    return receipt_of(services, row, result)


def duplicate(catalog: Catalog, akte: Akte, scans: Sequence[Any], name: object = "again") -> Receipt:
    row = receive(catalog, name, scans=scans, now=later(9))
    catalog.mark_duplicate(row.uuid, akte.uuid, by=CLERK, now=later(9))
    return told(catalog, name)


def archived(catalog: Catalog, name: object, akte: Akte, results: Mapping[UUID, PdfA]) -> StoredPackage:
    """The rest of the way of a received delivery."""
    delivery = an_id("delivery", name)
    row = catalog.delivery(delivery)
    assert row is not None
    assert row.version is not None
    catalog.plan(delivery, akte, by=CLERK, now=NOON)
    for stage in STAGES:
        if stage is Stage.RECOGNISED:
            catalog.record_recognised(delivery, results, by=CLERK, now=NOON)
        catalog.move(delivery, stage, by=CLERK, now=NOON)
    package = a_package(akte.uuid, row.version)
    catalog.record_stored(delivery, akte, package, {}, by=CLERK, now=NOON)
    return package


def archive_with_blanks(catalog: Catalog) -> PackedWork:
    """Two Dokumente: one with a blank back that was left out and an attachment, one of which a judge could not run."""
    row = receive(catalog, 1, now=NOON)
    assert row.akte is not None
    plan = an_akte(row.akte, row.uuid, titles=("Zeichnung", "Antrag"))
    drawing, form = plan.dokumente
    inner = Datei(an_id("inner"), "csv", "text/csv", digest_bytes(b"1;2"), "100", name_original="liste.csv")
    drawing = replace(drawing, seiten=1, anlagen=(Anlage(inner, "liste.csv", an_id("scan", 1, 1)),))
    form = replace(form, seiten=1)
    akte = replace(plan, vorgaenge=(replace(plan.vorgaenge[0], dokumente=(drawing, form)),))
    blank = PageResult(2, replace(a_page(2, "").source), 210.0, 297.0, blank=True, dropped=True)
    results = {
        drawing.uuid: replace(
            a_pdfa(drawing.uuid, [a_page(1, "Lageplan", 88.0), blank]),
            losses=("Ebenen fallen weg",),
            rendition=Rendition.CONVERTED,
        ),
        form.uuid: a_pdfa(form.uuid, [a_page(3, "Antrag auf Bau", None)], verdict=Verdict.NOT_CHECKED),
    }
    package = archived(catalog, 1, akte, results)
    return PackedWork(package.id, akte, Bag("x", (), ()), results, 3, 1, (UNCHECKED,))


def first_receipt(catalog: Catalog, work: PackedWork) -> Receipt:
    row = catalog.delivery(an_id("delivery", 1))
    (package,) = catalog.packages(work.akte.uuid)
    assert row is not None
    return archived_receipt(row, work, package.package.copies)


def test_an_archived_delivery_met_again_is_told_from_the_catalog_as_it_was_told_at_once(catalog: Catalog) -> None:
    work = archive_with_blanks(catalog)
    first, again = receipt_json(first_receipt(catalog, work)), receipt_json(told(catalog, 1))
    assert again["documents"] == first["documents"]
    plan, form = again["documents"]
    assert [plan["dokument"], form["dokument"]] == [str(d.uuid) for d in work.akte.dokumente]
    assert (plan["title"], plan["pdfa"], plan["rendition"], plan["pages"], plan["mean_confidence"]) == (
        "Zeichnung", "2u", "converted", 1, 88.0,
    )  # fmt: skip
    assert [(v["name"], v["version"], v["verdict"]) for v in plan["validators"]] == [("veraPDF", "1.28.1", "ok")]
    assert (form["verdict"], form["mean_confidence"]) == ("not_checked", None)
    assert (again["pages"], again["blank_pages"]) == (first["pages"], first["blank_pages"]) == (3, 1)
    assert [one["name"] for one in again["attachments"]] == ["liste.csv"]
    assert again["copies"] == first["copies"]
    assert again["not_checked"] == ["PDF/A"]


def test_an_akte_shows_the_pages_that_a_pdfa_has_as_its_receipt_does(catalog: Catalog) -> None:
    """A blank page that was left out is none of the PDF/A: whoever looks for page 2 of 2 there would miss one."""
    work = archive_with_blanks(catalog)
    details = catalog.akte_details(work.akte.uuid)
    assert details is not None
    receipt = receipt_json(first_receipt(catalog, work))
    assert {str(one.uuid): one.pages for one in details.dokumente} == {
        one["dokument"]: one["pages"] for one in receipt["documents"]
    }
    assert details.row.pages == receipt["pages"], "of the Akte all that were scanned count"
    assert left_out(details) == receipt["blank_pages"] == 1
    screen = io.StringIO()
    show_akte(Console(file=screen, width=200), details, (), Mock(LockView), ("a", "b"), "archiv")
    assert "Seiten: 3, davon 1 Leerseite in keinem PDF/A" in screen.getvalue(), "as lists and receipts count"
    assert "Seiten im PDF/A" in screen.getvalue()


def test_while_its_packed_work_is_there_it_also_tells_what_was_found_and_not_checked(
    catalog: Catalog, tmp_path: Path
) -> None:
    """Killed right after the entry, nobody had seen a receipt: that a schema was missing must not get lost."""
    work = archive_with_blanks(catalog)
    save(work, tmp_path)
    assert receipt_json(told(catalog, 1, tmp_path)) == receipt_json(first_receipt(catalog, work))
    assert told(catalog, 1, tmp_path).not_checked == ("PDF/A", "XDOMEA-Schema")


def test_a_duplicate_of_what_no_judge_looked_at_is_not_called_good(catalog: Catalog) -> None:
    work = archive_with_blanks(catalog)
    same = duplicate(catalog, work.akte, catalog.scans(an_id("delivery", 1)))
    assert (same.state, same.not_checked, exit_code([same])) == (Outcome.DUPLICATE, ("PDF/A",), 8)


def test_a_page_that_two_dokumente_share_counts_once_as_on_the_first_receipt(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    assert row.akte is not None
    akte = an_akte(row.akte, row.uuid, titles=("Antrag", "Bescheid"))
    blank = a_page(2, "", None, blank=True)
    results = {d.uuid: a_pdfa(d.uuid, [a_page(n, "Text"), blank]) for n, d in zip((1, 3), akte.dokumente, strict=True)}
    archived(catalog, 1, akte, results)
    for again in (told(catalog, 1), duplicate(catalog, akte, [a_scan(1, 1)])):
        assert (again.pages, again.blank_pages, len(again.documents)) == (3, 1, 2)


def test_a_duplicate_tells_of_the_delivery_that_brought_its_scans(catalog: Catalog) -> None:
    akte, first = archive(catalog, 1, {0: ["Der Antrag"]})
    row = receive(catalog, 2)
    later_part = an_akte(akte.uuid, row.uuid, titles=("Nachtrag",))
    (new,) = later_part.dokumente
    whole = replace(later_part, vorgaenge=(*akte.vorgaenge, *later_part.vorgaenge))  # a Nachscan carries all along
    second = archived(catalog, 2, whole, {new.uuid: a_pdfa(new.uuid, [a_page(n, "Statik") for n in (1, 2, 3)])})
    one = duplicate(catalog, akte, [replace(a_scan(1, n), uuid=an_id("neu", n)) for n in (1, 2)])
    assert (one.state, one.version, one.pages, one.copies) == (Outcome.DUPLICATE, 1, 1, first.copies)
    assert [d.title for d in one.documents] == ["Bauantrag"]
    both = duplicate(catalog, akte, [a_scan(1, 1), a_scan(2, 1)], "both")
    assert (both.version, both.pages, both.copies) == (2, 4, second.copies)
    assert {d.uuid for d in both.documents} == {
        UUID(document["uuid"]) for name in (1, 2) for document in receipt_json(told(catalog, name))["documents"]
    }


def test_a_copy_that_a_look_since_then_found_damaged_is_not_called_verified_and_ends_with_5(catalog: Catalog) -> None:
    akte, package = archive(catalog, 1)
    catalog.record_fixity(a_report(package, a=Verdict.OK, b=Verdict.FAILED), by=CLERK, now=later(1))
    receipt = duplicate(catalog, akte, [a_scan(1, 1)])
    assert [copy["verified"] for copy in receipt_json(receipt)["copies"]] == [True, False]
    assert exit_code([told(catalog, 1), receipt]) == 5
    console = Console(width=120)
    with console.capture() as captured:
        receipts(console, [receipt_json(receipt)])
    assert "a geprüft, b seither als beschädigt gefunden" in captured.get()
    assert "Bitte nichts vernichten" in captured.get()


def test_a_duplicate_of_one_file_does_not_tell_of_dokumente_made_of_others(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    assert row.akte is not None
    plan = an_akte(row.akte, row.uuid, titles=("Antrag", "Plan", "aus beiden"))
    own = [Datei(a_scan(1, n).uuid, "tif", "image/tiff", a_scan(1, n).digests, "023") for n in (1, 2)]
    antrag, karte, shared = plan.dokumente
    dokumente = (
        replace(antrag, dateien=(*antrag.dateien, own[0])),
        replace(karte, dateien=(*karte.dateien, own[1])),
        shared,  # a scan that several Dokumente use is named by none of them
    )
    akte = replace(plan, vorgaenge=(replace(plan.vorgaenge[0], dokumente=dokumente),))
    results = {d.uuid: a_pdfa(d.uuid, [a_page(1, "Text")]) for d in dokumente}
    archived(catalog, 1, akte, results)
    assert [d.title for d in duplicate(catalog, akte, [a_scan(1, 2)]).documents] == ["Plan", "aus beiden"]
