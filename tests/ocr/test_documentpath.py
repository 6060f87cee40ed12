"""The document path: valid PDF/A is kept byte for byte, all else becomes a rendition that says what it lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import pdfa

from akten.errors import ArchivError, Rejected, Unavailable
from akten.files import FileFacts, Rendition, Scan, digest_file
from akten.findings import Severity, Verdict
from ocr.documentpath import RULES, DocumentResult
from ocr.documenttools import prepare
from ocr.ends import SandboxDied
from ocr.likeness import compare_pages
from ocr.options import OcrOptions
from ocr.verapdf import VeraPdf
from ocr.workshop import Workshop
from tests.conftest import lacking
from tests.ocr.examined import examine
from tests.ocr.papers import A4, add, attached, form, image_page, pdf_file, scan_of, script, signed
from tests.ocr.sheets import FONT, convert, sheet


def facts_of(path: Path) -> tuple[Scan, FileFacts]:
    scan = scan_of(path)
    return scan, examine(scan, OcrOptions(), path.parent)


def converted(
    path: Path, options: OcrOptions, pages: tuple[int, ...] | None = None
) -> tuple[DocumentResult, FileFacts]:
    scan, facts = facts_of(path)
    before = path.read_bytes()
    target = path.parent / "ziel" / "made.pdf"
    target.parent.mkdir(exist_ok=True)
    result = convert(scan, facts, target, options, pages)
    assert path.read_bytes() == before, "the original is never altered"
    assert result.path == target
    assert [entry.name for entry in target.parent.iterdir()] == [target.name], "nothing half is left"
    assert {finding.code for finding in result.findings} <= {*RULES, "OC-09"}
    return result, facts


def written(path: Path, *texts: str) -> Path:
    """A born-digital PDF with an embedded font, one page per text."""
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.add_font("Serif", fname=FONT)
    document.set_font("Serif", size=14)
    for text in texts:
        document.add_page()
        document.cell(text=text)
    document.output(str(path))
    return path


@pytest.fixture(scope="module")
def reference(verapdf_options: OcrOptions) -> Iterator[VeraPdf]:
    with VeraPdf(verapdf_options) as validator:
        yield validator


def valid(reference: VeraPdf, result: DocumentResult) -> bool:
    return reference.validate(result.path, result.flavour).verdict is Verdict.OK


def make_pdfa(source: Path, target: Path, flavour: str = "2b") -> Path:
    with pikepdf.open(source) as pdf:
        del pdf.Root.OpenAction  # how a viewer shall zoom
        pdfa.save(pdf, target, flavour)
    return target


def test_a_valid_pdfa_is_kept_byte_for_byte(tmp_path: Path, verapdf_options: OcrOptions) -> None:
    for flavour in ("3b",):
        path = make_pdfa(written(tmp_path / "text.pdf", "Bescheid vom 3. Mai"), tmp_path / "a.pdf", flavour)
        result, _ = converted(path, verapdf_options)
        assert (result.rendition, result.flavour) == (Rendition.KEPT, flavour)
        assert digest_file(result.path) == digest_file(path)
        assert not result.losses
        assert "Bescheid vom 3. Mai" in result.pages_text[0]
        shutil.rmtree(result.path.parent)


def test_a_false_claim_is_not_kept(tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf) -> None:
    path = make_pdfa(written(tmp_path / "text.pdf", "Bescheid"), tmp_path / "a.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.Root.OpenAction = script()
        pdf.save()
    result, facts = converted(path, verapdf_options)
    assert facts.pdfa_claim == "2b"
    assert result.rendition is Rendition.CONVERTED
    assert "Skripte und Aktionen" in result.losses
    assert valid(reference, result)


def test_written_pages_keep_their_text_and_are_not_read_anew(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    path = written(tmp_path / "a.pdf", "Erste Seite mit Umlauten äöü", "Zweite Seite", "Dritte Seite")
    result, _ = converted(path, verapdf_options)
    assert result.rendition is Rendition.CONVERTED
    assert [text.strip() for text in result.pages_text] == [
        "Erste Seite mit Umlauten äöü",
        "Zweite Seite",
        "Dritte Seite",
    ]
    assert "tesseract" not in str(result.tools).lower()
    assert [(round(width), round(height)) for width, height in result.sizes_mm] == [(210, 297)] * 3
    assert valid(reference, result)
    shutil.rmtree(result.path.parent)
    some, _ = converted(path, verapdf_options, pages=(3, 1))
    assert [text.strip() for text in some.pages_text] == ["Dritte Seite", "Erste Seite mit Umlauten äöü"]


def test_the_size_of_a_page_counts_its_units(tmp_path: Path, verapdf_options: OcrOptions) -> None:
    """pdfium does not tell /UserUnit: an A2 drawing would be entered as A4, and the comparison would not mind."""
    with pikepdf.open(written(tmp_path / "a.pdf", "Zeichnung")) as pdf:
        pdf.pages[0].UserUnit = 2
        pdf.save(tmp_path / "a2.pdf")
    result, facts = converted(tmp_path / "a2.pdf", verapdf_options)
    (size,) = result.sizes_mm
    assert [round(edge) for edge in size] == [420, 594]
    assert (round(facts.pages[0].width_mm), round(facts.pages[0].height_mm)) == (420, 594)
    page = {"number": 1, "path": str(tmp_path / "a2.pdf"), "page": 1, "is_pdf": True, "words": 0, "strict": False}
    asked = {"pdf": str(result.path), "count": 1, "first": 0}
    told = [
        compare_pages({**asked, "pages": [{**page, "said_mm": list(said), "scan_mm": None}]})["findings"]
        for said in (size, (210.0, 297.0))
    ]
    assert told[0] == []
    assert [code for code, _, _ in told[1]] == ["PC-02"]


def test_a_signed_file_stays_and_a_rendition_stands_beside(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(written(tmp_path / "text.pdf", "Unterschrieben")) as pdf:
        signed(pdf)
        pdf.save(path)
    result, facts = converted(path, verapdf_options)
    assert facts.signatures == 1
    assert result.rendition is Rendition.BESIDE
    assert any("Signatur" in loss for loss in result.losses)
    assert "Unterschrieben" in result.pages_text[0]
    assert valid(reference, result)


def test_what_pdfa_forbids_is_taken_away_and_told(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    path = tmp_path / "a.pdf"
    owner = pikepdf.Encryption(owner="geheim", user="", R=6)
    with pikepdf.open(written(tmp_path / "text.pdf", "Antrag")) as pdf:
        attached(pdf)
        form(pdf)
        pdf.Root.OpenAction = script()
        pdf.pages[0].Rotate = 90
        pdf.save(path, encryption=owner)
    result, facts = converted(path, verapdf_options)
    assert facts.encrypted
    assert facts.javascript
    assert result.rendition is Rendition.BESIDE
    told = " ".join(result.losses)
    assert all(word in told for word in ("Verschlüsselung", "Skripte", "anlage.txt", "Formularfelder"))
    with pikepdf.open(result.path) as pdf:
        assert not pdf.is_encrypted
        assert not pdf.attachments
        assert "/AcroForm" not in pdf.Root
    assert [(round(width), round(height)) for width, height in result.sizes_mm] == [(297, 210)], "still lies across"
    assert valid(reference, result)


def running_bookmark(pdf: pikepdf.Pdf) -> None:
    table = pdf.Root.Outlines = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Outlines, Count=1))
    table.First = table.Last = pdf.make_indirect(pikepdf.Dictionary(Title="Anlagen", Parent=table, A=script()))


def address_and_more(pdf: pikepdf.Pdf) -> None:
    action = pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://example.org", Next=script())
    link = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 99, 99], F=4, A=action)
    pdf.pages[0].Annots = pikepdf.Array([pdf.make_indirect(link)])


@pytest.mark.parametrize("change", [running_bookmark, address_and_more])
def test_what_a_bookmark_runs_or_follows_a_link_makes_no_pictures_of_the_pages(
    change: Callable[[pikepdf.Pdf], None], tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(written(tmp_path / "text.pdf", "Antrag")) as pdf:
        change(pdf)
        pdf.save(path)
    result, _ = converted(path, verapdf_options)
    assert [name for name, _ in result.tools] == ["pikepdf"]
    assert result.losses == ("Skripte und Aktionen",)
    assert valid(reference, result)


def test_a_mixed_file_gets_text_on_its_scanned_pages_only(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    """One page written, one scanned: the second is read, and its image left as it is."""
    path = tmp_path / "a.pdf"
    with pikepdf.open(written(tmp_path / "text.pdf", "Geschriebene Seite")) as pdf:
        scanned = sheet()
        image_page(pdf, scanned, (scanned.width * 0.36, scanned.height * 0.36))
        pdf.save(path)
    result, facts = converted(path, verapdf_options)
    assert not facts.scan_only
    assert [name for name, _ in result.tools][:2] == ["pikepdf", "tesserocr"]
    assert "Geschriebene Seite" in result.pages_text[0]
    assert "Bauaufsichtsamt" in result.pages_text[1]
    with pikepdf.open(path) as before, pikepdf.open(result.path) as after:
        first, second = (next(iter(pdf.pages[1].images.values())) for pdf in (before, after))
        assert first.read_bytes() == second.read_bytes()
    assert valid(reference, result)


def test_fonts_that_are_not_embedded_are_replaced_and_told(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool is looked for where the sandbox runs it from, whatever this process has for a PATH."""
    if shutil.which("gs") is None:
        lacking("ghostscript")
    monkeypatch.setenv("PATH", str(tmp_path))
    path = pdf_file(tmp_path / "a.pdf", lambda pdf: add(pdf, b"BT /F1 24 Tf 72 400 Td (Brief) Tj ET"), image=False)
    result, _ = converted(path, verapdf_options)
    assert result.tools[0][0] == "Ghostscript"
    assert result.tools[0][1]
    assert any("Schriften" in loss for loss in result.losses)
    assert "Brief" in result.pages_text[0]
    assert valid(reference, result)


def test_what_cannot_become_pdfa_is_rejected_and_leaves_nothing(tmp_path: Path) -> None:
    def viewer_made(pdf: pikepdf.Pdf) -> None:
        pdf.Root.NeedsRendering = True

    path = pdf_file(tmp_path / "a.pdf", viewer_made)
    scan, facts = facts_of(path)
    folder = tmp_path / "ziel"
    folder.mkdir()
    with pytest.raises(Rejected) as caught:
        convert(scan, facts, folder / "made.pdf", OcrOptions())
    assert [(finding.code, finding.severity) for finding in caught.value.findings] == [("OD-01", Severity.ERROR)]
    assert not list(folder.iterdir())


def odd_tables(pdf: pikepdf.Pdf) -> None:
    """What programs leave behind: places of notes that were taken away, and tables that are none."""
    pdf.pages[0].obj.Annots = pikepdf.Array([pdf.get_object(999, 0), 7])
    pdf.Root.Names = pikepdf.Array([])
    pdf.Root.AcroForm = pikepdf.Array([])


def fields_that_are_none(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=3)
    pdf.pages[0].obj.Annots = 5


@pytest.mark.parametrize("change", [odd_tables, fields_that_are_none])
def test_leftovers_in_a_file_that_shows_all_are_no_hindrance(
    change: Callable[[pikepdf.Pdf], None], tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(written(tmp_path / "text.pdf", "Antrag")) as pdf:
        change(pdf)
        pdf.save(path)
    result, _ = converted(path, verapdf_options)
    assert "Antrag" in result.pages_text[0]
    assert valid(reference, result)


@pytest.mark.parametrize(
    ("died", "raised"),
    [
        (SandboxDied("memory"), Rejected),
        (SandboxDied("cpu"), Rejected),
        (SandboxDied("signal", "SIGSEGV"), Rejected),
        (SandboxDied("crash", "PdfiumError in openpdfs.py:9"), Rejected),
        (SandboxDied("time"), Unavailable),
        (SandboxDied("killed"), Unavailable),
        (SandboxDied("crash", "OSError in ownwords.py:9"), Unavailable),
    ],
)
def test_a_file_that_ends_its_reader_is_not_tried_for_ever(
    died: SandboxDied, raised: type[ArchivError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Workshop.ask

    def ask(shop: Workshop, function: str, *more: Any) -> dict[str, Any]:
        if function == "ocr.documenttools:read_pages":
            raise died
        return asked(shop, function, *more)

    scan, facts = facts_of(written(tmp_path / "a.pdf", "Antrag"))
    monkeypatch.setattr(Workshop, "ask", ask)
    with pytest.raises(raised) as caught:
        convert(scan, facts, tmp_path / "made.pdf", OcrOptions())
    assert died.text in caught.value.text
    assert not (tmp_path / "made.pdf").exists()


def test_a_damaged_file_that_opens_is_converted_and_the_damage_told(
    tmp_path: Path, verapdf_options: OcrOptions
) -> None:
    path = written(tmp_path / "a.pdf", "Beschädigt und doch lesbar")
    path.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n7"))
    result, facts = converted(path, verapdf_options)
    assert facts.repaired
    assert any("beschädigt" in loss for loss in result.losses)
    assert "Beschädigt und doch lesbar" in result.pages_text[0]


def test_a_page_that_shows_nothing_is_blank_beside_one_that_does(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(written(tmp_path / "text.pdf", "Antrag")) as pdf:
        pdf.add_blank_page(page_size=A4)
        pdf.pages.append(pdf.pages[0])
        page = pdf.add_blank_page(page_size=A4)
        page.obj.Contents = pdf.make_stream(b"0.6 G 100 100 m 200 220 l S")  # a pencil stroke is something
        pdf.save(path)
    result, _ = converted(path, verapdf_options)
    assert result.blank == {1}
    assert valid(reference, result)


def test_a_note_that_the_rendition_cannot_carry_is_told(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(written(tmp_path / "text.pdf", "Antrag")) as pdf:
        note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[10, 10, 30, 30])
        note.Contents = "Rücksprache mit dem Bauamt"
        pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(note)])
        pdf.save(path)
    result, _ = converted(path, verapdf_options)
    assert valid(reference, result)
    with pikepdf.open(result.path) as pdf:
        kept = [note for note in pdf.pages[0].obj.get("/Annots", ()) if str(note.get("/Contents", ""))]
    assert kept or any("1 Anmerkung" in loss for loss in result.losses)


@pytest.mark.parametrize(("state", "told"), [("/Ja", True), ("/Off", False)])
def test_a_tick_that_has_no_look_is_told(tmp_path: Path, state: str, told: bool) -> None:
    """Nobody can say what it would look like, and on the page it is not."""
    with pikepdf.open(written(tmp_path / "a.pdf", "Antrag")) as pdf:
        box = {"FT": pikepdf.Name.Btn, "T": pikepdf.String("Ja"), "V": pikepdf.Name(state), "Rect": [9, 9, 30, 30],
               "Type": pikepdf.Name.Annot, "Subtype": pikepdf.Name.Widget}  # fmt: skip
        place = pdf.make_indirect(pikepdf.Dictionary({f"/{key}": value for key, value in box.items()}))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([place]))
        pdf.pages[0].Annots = pikepdf.Array([place])
        pdf.save(tmp_path / "form.pdf")
    asked = {"path": str(tmp_path / "form.pdf"), "target": str(tmp_path / "fertig.pdf"), "pages": None}
    assert any("angekreuzt" in loss for loss in prepare(asked)["losses"]) is told


def test_blank_written_pages_are_no_scans(tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=A4)
        pdf.save(path)
    result, facts = converted(path, verapdf_options)
    assert not facts.scan_only
    assert valid(reference, result)
