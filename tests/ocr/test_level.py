"""Level u is claimed where all text leads to Unicode, and nowhere else; the claim is all that changes in the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Name, pdfa

from akten.files import ValidatorReport
from akten.findings import Verdict
from ocr.level import BASIC, UNICODE, claim_basic, claim_unicode, highest_level, leads_to_unicode
from ocr.options import OcrOptions
from ocr.validators import PageValidation, PikepdfValidator
from ocr.verapdf import VeraPdf
from tests.ocr.papers import image_page, picture
from tests.ocr.test_documentpath import converted, written


@pytest.fixture(scope="module")
def reference(verapdf_options: OcrOptions) -> Iterator[VeraPdf]:
    with VeraPdf(verapdf_options) as validator:
        yield validator


@pytest.fixture
def basic(tmp_path: Path) -> Path:
    path = tmp_path / "b.pdf"
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        pdfa.save(pdf, path, BASIC)
    return path


def with_unicode(path: Path) -> Path:
    """A written page whose font leads every letter to Unicode; fpdf2 maps a letter that is none to 0 besides."""
    written(path, "Bescheid über die Gebühr")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for font in pdf.pages[0].Resources.Font.values():
            table = font.ToUnicode.read_bytes()
            assert b"13 beginbfchar\n<0000> <0000>\n" in table
            font.ToUnicode.write(table.replace(b"13 beginbfchar\n<0000> <0000>\n", b"12 beginbfchar\n"))
        pdf.save(path)
    return path


def without_unicode(path: Path) -> Path:
    """A written page whose font tells no Unicode, as old programs write it."""
    written(path, "Bescheid über die Gebühr")
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for font in pdf.pages[0].Resources.Font.values():
            del font[Name.ToUnicode]
        pdf.save(path)
    return path


def saying(verdict: Verdict, asked: list[str]):  # type: ignore[no-untyped-def]
    def judge(_path: Path, flavour: str) -> ValidatorReport:
        asked.append(flavour)
        return ValidatorReport("Probe", "1", verdict, flavour)

    return judge


def test_one_letter_changes_and_back(basic: Path) -> None:
    before = basic.read_bytes()
    assert claim_unicode(basic)
    after = basic.read_bytes()
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [(ord("B"), ord("U"))]
    assert not claim_unicode(basic), "it claims u already"
    claim_basic(basic)
    assert basic.read_bytes() == before
    with pytest.raises(ValueError, match="no level u"):
        claim_basic(basic)


def test_what_holds_a_second_claim_is_left_alone(basic: Path) -> None:
    """A PDF/A inside a PDF/A: which claim is whose, the bytes do not tell."""
    with basic.open("ab") as file:
        file.write(b"<pdfaid:conformance>B</pdfaid:conformance>")
    before = basic.read_bytes()
    assert not claim_unicode(basic)
    assert highest_level(basic, ()) == BASIC
    assert basic.read_bytes() == before


def test_every_judge_must_say_so(basic: Path) -> None:
    before = basic.read_bytes()
    for verdict in (Verdict.FAILED, Verdict.NOT_CHECKED):
        asked: list[str] = []
        assert highest_level(basic, (saying(Verdict.OK, asked), saying(verdict, asked))) == BASIC
        assert asked == [UNICODE, UNICODE]
        assert basic.read_bytes() == before
    assert highest_level(basic, (saying(Verdict.OK, []),)) == UNICODE


def test_levels_that_lead_to_unicode() -> None:
    assert [one for one in ("1a", "1b", "2a", "2b", "2u", "3u", "4", "4f", "") if leads_to_unicode(one)] == [
        "1a",
        "2a",
        "2u",
        "3u",
    ]


def test_a_written_page_claims_u_when_its_fonts_lead_to_unicode(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    good, _ = converted(with_unicode(tmp_path / "a" / "gut.pdf"), verapdf_options)
    assert (good.flavour, reference.validate(good.path, UNICODE).verdict) == (UNICODE, Verdict.OK)
    poor, _ = converted(without_unicode(tmp_path / "b" / "ohne.pdf"), verapdf_options)
    assert (poor.flavour, reference.validate(poor.path, BASIC).verdict) == (BASIC, Verdict.OK)


def test_a_table_that_leads_a_letter_to_zero_keeps_a_page_at_level_b(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    """The judges differ about fpdf2's table, and the words of the norm are with the stricter one (decision 24)."""
    made, _ = converted(written(tmp_path / "fpdf2.pdf", "Bescheid über die Gebühr"), verapdf_options)
    assert made.flavour == BASIC
    assert claim_unicode(made.path)
    strict = PageValidation(verapdf_options, tmp_path / "scratch").validate(made.path, UNICODE)
    assert (strict.verdict, strict.clauses) == (Verdict.FAILED, ("PDFA2U-UNICODE-VALUE-001",))
    assert reference.validate(made.path, UNICODE).verdict is Verdict.OK


def test_pikepdf_tells_that_it_judged_level_b(basic: Path, tmp_path: Path) -> None:
    judge = PikepdfValidator(OcrOptions(), tmp_path / "scratch")
    assert judge.validate(basic, UNICODE).verdict is Verdict.OK, "it cannot tell; the others do"
    claim_unicode(basic)
    report = judge.validate(basic, UNICODE)
    assert (report.verdict, report.flavour, report.clauses) == (Verdict.OK, BASIC, ())
    assert "Stufe u" in report.why
    assert judge.validate(basic, BASIC).verdict is Verdict.FAILED
    with pikepdf.open(basic, allow_overwriting_input=True) as pdf:
        del pdf.Root.OutputIntents
        pdf.save(basic)
    broken = judge.validate(basic, UNICODE)
    assert (broken.verdict, broken.flavour) == (Verdict.FAILED, UNICODE)


def test_a_claim_of_u_without_unicode_is_refused_by_the_others(
    tmp_path: Path, verapdf_options: OcrOptions, reference: VeraPdf
) -> None:
    """What pikepdf does not know two others do."""
    poor, _ = converted(without_unicode(tmp_path / "ohne.pdf"), verapdf_options)
    assert claim_unicode(poor.path)
    assert reference.validate(poor.path, UNICODE).verdict is Verdict.FAILED
    assert PageValidation(verapdf_options, tmp_path / "scratch").validate(poor.path, UNICODE).verdict is Verdict.FAILED
