"""The contract of every PDF/A validator: it names itself, never approves what is broken, never raises for a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, pdfa

from akten.findings import Verdict
from ocr.options import OcrOptions
from ocr.pdfa import PdfaValidator
from ocr.validators import PageValidation, PikepdfValidator
from ocr.verapdf import VeraPdf
from tests.conftest import ROOT, lacking
from tests.ocr.papers import image_page, picture, script


@pytest.fixture(scope="module", params=["veraPDF", "pikepdf.pdfa", "page-validation"])
def validator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PdfaValidator]:
    scratch = tmp_path_factory.mktemp("scratch")
    if request.param == "veraPDF":
        jars = ROOT / ".build" / "verapdf" / "jars"
        if not jars.is_dir():
            lacking("veraPDF (make install)")
        with VeraPdf(OcrOptions(verapdf_jars=jars)) as vera:
            yield vera
    elif request.param == "pikepdf.pdfa":
        yield PikepdfValidator(OcrOptions(), scratch)
    else:
        yield PageValidation(OcrOptions(), scratch)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "gut.pdf"
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        pdfa.save(pdf, path, "2b")
    return path


def without_intent(pdf: pikepdf.Pdf) -> None:
    del pdf.Root.OutputIntents


def with_script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = script()


def with_interpolation(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].Resources.XObject.Im0.Interpolate = True


def with_launch(pdf: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.Launch, F=pikepdf.String("x.exe"))
    pdf.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], F=4, A=action)])


BROKEN = {change.__name__: change for change in (without_intent, with_script, with_interpolation, with_launch)}


def test_it_names_itself_and_approves_what_is_good(validator: PdfaValidator, good: Path) -> None:
    report = validator.validate(good, "2b")
    assert (report.name, report.version, report.verdict) == (validator.name, validator.version, Verdict.OK)
    assert validator.version
    assert not report.clauses
    assert not report.why


def test_it_never_approves_what_is_broken(validator: PdfaValidator, good: Path, tmp_path: Path) -> None:
    for name, change in BROKEN.items():
        path = tmp_path / f"{name}.pdf"
        with pikepdf.open(good) as pdf:
            change(pdf)
            pdf.save(path)
        report = validator.validate(path, "2b")
        assert report.verdict is not Verdict.OK, name  # an allowlist may not know what it sees
        assert report.clauses


def test_it_never_approves_what_is_no_pdf_and_says_why(validator: PdfaValidator, good: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("kein PDF")
    (tmp_path / "half").write_bytes(good.read_bytes()[:2000])
    for name in ("text", "half", "missing"):
        report = validator.validate(tmp_path / name, "2b")
        assert report.verdict is not Verdict.OK
        assert report.clauses or report.why


def test_it_does_not_judge_what_it_does_not_know(validator: PdfaValidator, good: Path) -> None:
    report = validator.validate(good, "9z")
    assert report.verdict is not Verdict.OK
    assert report.why


def test_it_leaves_the_file_as_it_is(validator: PdfaValidator, good: Path) -> None:
    before = good.read_bytes()
    validator.validate(good, "2b")
    assert good.read_bytes() == before
    assert [path.name for path in good.parent.iterdir()] == [good.name]
