"""Examination of PDF files: what a file is comes out right, and whatever is wrong with it has its own code."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest

from akten.files import Colour, FileFacts, Form
from akten.findings import Severity
from ocr.examine import RULES
from ocr.options import OcrOptions
from tests.ocr.changedpdfs import PDFS
from tests.ocr.examined import codes, errors, examine, told_to_a_clerk
from tests.ocr.oddpdfs import note, one
from tests.ocr.papers import A4, add, image_page, pdf_file, picture, scan_of


def test_a_scanned_page_is_told_from_a_written_one(pdfs: dict[str, FileFacts]) -> None:
    assert {name for name in PDFS if pdfs[name].pages and pdfs[name].pages[0].image_only} >= {
        "scan",
        "hidden",
        "form-x",
    }
    for name in ("shown", "small", "two", "line", "missing", "bomb", "self"):
        assert not pdfs[name].pages[0].image_only, name
    assert pdfs["scan"].scan_only
    assert pdfs["hidden"].pages[0].has_text
    assert pdfs["shown"].pages[0].has_text
    assert not pdfs["scan"].pages[0].has_text
    assert pdfs["scan"].pages[0].dpi == pytest.approx(50, abs=0.1)
    assert pdfs["scan"].pages[0].colour is Colour.GRAY


def test_size_and_turn_are_those_of_the_page(pdfs: dict[str, FileFacts]) -> None:
    page = pdfs["turned"].pages[0]
    assert (page.rotate, round(page.width_mm), round(page.height_mm)) == (270, 210, 297)
    assert round(pdfs["units"].pages[0].width_mm) == 420
    assert pdfs["units"].pages[0].dpi == pytest.approx(25, abs=0.1)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", "EX-13"),
        ("cut", "EX-05"),
        ("wide", "EX-06"),
        ("bomb", "EX-09"),
        ("huge", "EX-07"),
        ("many", "EX-08"),
        ("locked", "EX-10"),
        ("start", "EX-04"),
    ],
)
def test_what_is_wrong_with_a_pdf_has_its_code(pdfs: dict[str, FileFacts], name: str, code: str) -> None:
    assert errors(pdfs[name]) == {code}
    assert told_to_a_clerk(pdfs[name]), pdfs[name].findings


def test_what_an_archive_must_know_is_found(pdfs: dict[str, FileFacts]) -> None:
    assert pdfs["signed"].signatures == 1
    assert pdfs["signed"].form is Form.NONE
    assert pdfs["certified"].signatures == 1
    assert pdfs["form"].form is Form.ACROFORM
    assert pdfs["xfa"].form is Form.XFA
    assert pdfs["attached"].attachments == ("anlage.txt",)
    assert pdfs["pinned"].attachments == ("liste.csv",)
    assert all(pdfs[name].javascript for name in ("script", "chained", "page-script", "named-script"))
    assert pdfs["shown"].unembedded_fonts == ("Helvetica",)
    assert pdfs["owner"].encrypted
    assert not errors(pdfs["owner"])
    assert pdfs["locked"].encrypted
    assert not any((pdfs["scan"].signatures, pdfs["scan"].javascript, pdfs["scan"].encrypted, pdfs["scan"].attachments))
    assert codes(pdfs["blank"]) == {"EX-26"}


def test_repaired_is_not_intact(pdfs: dict[str, FileFacts]) -> None:
    assert "EX-12" in codes(pdfs["mended"])
    assert pdfs["mended"].repaired
    assert not any("/tmp" in text or "mended" in text for text in pdfs["mended"].repaired)
    assert not pdfs["scan"].repaired
    assert "EX-12" in codes(pdfs["half"])
    assert errors(pdfs["half"])


def test_a_claim_is_read_and_a_scan_that_is_pdfa_with_text_is_not_read_anew(pdfs: dict[str, FileFacts]) -> None:
    assert pdfs["claim-2b"].pdfa_claim == "2b"
    assert pdfs["claim-2b"].scan_only
    assert pdfs["claim-text"].pdfa_claim == "2u"
    assert not pdfs["claim-text"].scan_only
    assert pdfs["scan"].pdfa_claim is None


def test_loops_end(pdfs: dict[str, FileFacts]) -> None:
    assert pdfs["self"].pages
    assert pdfs["loop"].pages


def test_every_code_stands_in_the_table_and_the_same_is_said_once(
    pdfs: dict[str, FileFacts], images: dict[str, FileFacts]
) -> None:
    for facts in (*pdfs.values(), *images.values()):
        assert codes(facts) <= set(RULES)
        assert len({(f.code, f.text) for f in facts.findings}) == len(facts.findings)


def test_a_file_without_pages_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leer.pdf"
    with pikepdf.new() as pdf:
        pdf.save(path)
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    assert [(f.code, f.severity) for f in facts.findings] == [("EX-22", Severity.ERROR)]


def test_one_file_alone_is_examined_like_many(tmp_path: Path) -> None:
    path = tmp_path / "zwei.pdf"
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        pdf.add_blank_page(page_size=A4)
        pdf.save(path)
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    assert [page.image_only for page in facts.pages] == [True, False]
    assert [(f.code, f.where) for f in facts.findings] == [("EX-26", "Seite 2")]
    assert [p.name for p in tmp_path.iterdir()] == ["zwei.pdf"]


@pytest.mark.parametrize(("flags", "seen"), [(4, True), (0, True), (4 | 2, False), (4 | 32, False)])
def test_a_page_of_which_all_is_a_stamp_is_not_called_empty_and_is_read(tmp_path: Path, flags: int, seen: bool) -> None:
    def stamped(pdf: pikepdf.Pdf) -> None:
        pdf.add_blank_page(page_size=A4)
        note("Stamp", F=flags)(pdf)

    one(stamped)(tmp_path / "a.pdf")
    facts = examine(scan_of(tmp_path / "a.pdf"), OcrOptions(), tmp_path)
    assert facts.pages[0].pictured is seen
    assert ("EX-26" in codes(facts)) is not seen


@pytest.mark.parametrize(
    ("hidden", "read"), [("", True), ("Seite 1 von 12", True), ("Sehr geehrte Damen und Herren, " * 3, False)]
)
def test_a_hidden_number_is_no_reading_of_the_page(tmp_path: Path, hidden: str, read: bool) -> None:
    """The page draws a line, too, and so does not go the way of scans; all that is written on it is a picture."""
    text = b"BT 3 Tr /F1 8 Tf 60 20 Td (%s) Tj ET 10 10 m 20 20 l S" % hidden.encode()
    path = pdf_file(tmp_path / "a.pdf", lambda pdf: add(pdf, text))
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    assert not facts.scan_only
    assert facts.pages[0].pictured is read
