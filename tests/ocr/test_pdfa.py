"""The verdict on PDF/A: the reference decides, a dispute is shown, and what was not looked at is never good."""

from __future__ import annotations

import os
from pathlib import Path

import pikepdf
import pytest
from pikepdf import pdfa

from akten.files import ValidatorReport
from akten.findings import Judgement, Severity, Verdict
from ocr.ends import SandboxDied
from ocr.options import OcrOptions
from ocr.pdfa import REFERENCE, RULES, judge_file, judge_pdfa, weigh
from ocr.validators import PikepdfValidator
from tests.ocr.papers import claims, image_page, pdf_file, picture, scan_of

OK, FAILED, NOT_CHECKED = Verdict.OK, Verdict.FAILED, Verdict.NOT_CHECKED


class Judge:
    """A validator that always says the same."""

    version = "1"

    def __init__(self, name: str, verdict: Verdict, *clauses: str) -> None:
        self.name = name
        self._verdict = verdict
        self._clauses = clauses
        self.asked: list[tuple[Path, str]] = []

    def validate(self, path: Path, flavour: str) -> ValidatorReport:
        self.asked.append((path, flavour))
        why = "kein Java" if self._verdict is NOT_CHECKED else ""
        return ValidatorReport(self.name, self.version, self._verdict, flavour, self._clauses, why)


def reports(reference: Verdict | None, *others: Verdict) -> list[ValidatorReport]:
    judges = [] if reference is None else [Judge(REFERENCE, reference, "6.1.3-1")]
    judges += [Judge(f"prüfer-{number}", verdict, "6.2") for number, verdict in enumerate(others)]
    return [judge.validate(Path("x"), "2b") for judge in judges]


@pytest.mark.parametrize("died", [SandboxDied("time"), SandboxDied("memory"), SandboxDied("signal", "SIGKILL")])
def test_a_file_that_nobody_could_look_at_is_unchecked_and_not_invalid(
    died: SandboxDied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> dict[str, object]:
        raise died

    monkeypatch.setattr("ocr.pdfa.call_limited", gone)
    report = judge_file(pdf_file(tmp_path / "a.pdf"), (), OcrOptions())
    assert report.judgement is Judgement.UNCHECKED
    assert [finding.code for finding in report.findings] == ["PA-08"]
    assert died.text in report.findings[0].text


@pytest.mark.parametrize(
    ("reference", "others", "verdict", "codes"),
    [
        (OK, (OK, OK), OK, []),
        (OK, (FAILED, OK), OK, [("PA-03", Severity.WARNING)]),
        (OK, (NOT_CHECKED,), OK, [("PA-07", Severity.INFO)]),
        (FAILED, (OK, OK), FAILED, [("PA-01", Severity.ERROR)]),
        (FAILED, (FAILED,), FAILED, [("PA-01", Severity.ERROR), ("PA-03", Severity.INFO)]),
        (NOT_CHECKED, (OK, OK), NOT_CHECKED, [("PA-02", Severity.WARNING)]),
        (NOT_CHECKED, (FAILED, OK), FAILED, [("PA-02", Severity.WARNING), ("PA-03", Severity.ERROR)]),
        (None, (OK, OK), NOT_CHECKED, [("PA-02", Severity.WARNING)]),
        (None, (), NOT_CHECKED, [("PA-02", Severity.WARNING)]),
    ],
)
def test_the_reference_decides(
    reference: Verdict | None, others: tuple[Verdict, ...], verdict: Verdict, codes: list[tuple[str, Severity]]
) -> None:
    found, findings = weigh(reports(reference, *others))
    assert found is verdict
    assert [(finding.code, finding.severity) for finding in findings] == codes
    assert {finding.code for finding in findings} <= set(RULES)


def test_every_validator_is_asked_once_about_the_same_file() -> None:
    judges = [Judge(REFERENCE, OK), Judge("andere", OK)]
    verdict, said, findings = judge_pdfa(Path("/a/b.pdf"), "2b", judges)
    assert verdict is OK
    assert [report.name for report in said] == [REFERENCE, "andere"]
    assert not findings
    assert [judge.asked for judge in judges] == [[(Path("/a/b.pdf"), "2b")]] * 2


PART = "<pdfaid:part>{}</pdfaid:part>"
LEVEL = "<pdfaid:conformance>{}</pdfaid:conformance>"
OWN_NAMESPACE = '<pdfaid:{0} xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">{1}</pdfaid:{0}>'  # as pikepdf writes it


@pytest.mark.parametrize(
    ("name", "judgement", "flavour", "code"),
    [
        ("text", Judgement.INVALID, "", "PA-04"),
        ("empty", Judgement.INVALID, "", "PA-04"),
        ("broken", Judgement.INVALID, "", "PA-04"),
        ("locked", Judgement.INVALID, "", "PA-04"),
        ("absent", Judgement.UNCHECKED, "", "PA-08"),
        ("silent", Judgement.INVALID, "", "PA-05"),
        ("odd", Judgement.INVALID, "2x", "PA-06"),
        ("nine", Judgement.INVALID, "9b", "PA-06"),
    ],
)
def test_what_cannot_be_pdfa_is_told_why(
    tmp_path: Path, name: str, judgement: Judgement, flavour: str, code: str
) -> None:
    path = tmp_path / f"{name}.pdf"
    match name:
        case "text":
            path.write_text("kein PDF")
        case "empty":
            path.touch()
        case "broken":
            path.write_bytes(b"%PDF-1.7\n" + b"[" * 5000)
        case "locked":
            pdf_file(path, encryption=pikepdf.Encryption(owner="a", user="b", R=6))
        case "silent":
            pdf_file(path)
        case "odd":
            pdf_file(path, claims(PART.format(2) + LEVEL.format("X")))
        case "nine":
            pdf_file(path, claims(PART.format(9) + LEVEL.format("B")))
    judge = Judge(REFERENCE, OK)
    report = judge_file(path, [judge], OcrOptions())
    assert (report.judgement, report.flavour) == (judgement, flavour)
    assert [finding.code for finding in report.findings] == [code]
    assert not judge.asked


@pytest.mark.parametrize(
    ("text", "flavour"),
    [
        (PART.format(2) + LEVEL.format("B"), "2b"),
        (PART.format(3) + LEVEL.format("U"), "3u"),
        (PART.format(4), "4"),
        (PART.format(4) + LEVEL.format("F"), "4f"),
        (OWN_NAMESPACE.format("part", 3) + OWN_NAMESPACE.format("conformance", "B"), "3b"),
        (OWN_NAMESPACE.format("part", " 4 "), "4"),
    ],
)
def test_the_claim_decides_what_is_judged(tmp_path: Path, text: str, flavour: str) -> None:
    path = pdf_file(tmp_path / "a.pdf", claims(text))
    judges = [Judge(REFERENCE, OK), Judge("pikepdf.pdfa", FAILED, "pikepdf:schema-Page")]
    report = judge_file(path, judges, OcrOptions())
    assert report.flavour == flavour
    assert [asked for _, asked in judges[0].asked] == [flavour]
    assert report.judgement is Judgement.VALID  # what an allowlist does not know is advice on a foreign file


def test_an_unchecked_file_is_unchecked_and_a_dispute_lowers(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "a.pdf", claims(PART.format(2) + LEVEL.format("B")))

    def judged(*judges: Judge) -> Judgement:
        return judge_file(path, judges, OcrOptions()).judgement

    assert judged(Judge(REFERENCE, NOT_CHECKED)) is Judgement.UNCHECKED
    assert judged(Judge(REFERENCE, OK), Judge("page-validation", FAILED, "x")) is Judgement.VALID_WITH_WARNING
    missing = Judge("pikepdf.pdfa", FAILED, "pikepdf:resource-missing")
    assert judged(Judge(REFERENCE, OK), missing) is Judgement.VALID_WITH_WARNING
    assert judged(Judge(REFERENCE, FAILED), Judge("page-validation", OK)) is Judgement.INVALID


def test_an_allowlist_alone_does_not_condemn_a_file_that_the_reference_did_not_see(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "a.pdf", claims(PART.format(2) + LEVEL.format("B")))
    allowlist = Judge("pikepdf.pdfa", FAILED, "ISO_19005_2:6.6.2.3.1-1")
    absent = Judge(REFERENCE, NOT_CHECKED)
    report = judge_file(path, [absent, allowlist, Judge("page-validation", OK)], OcrOptions())
    assert report.judgement is Judgement.UNCHECKED
    assert [(f.code, f.severity) for f in report.findings] == [("PA-02", Severity.WARNING), ("PA-03", Severity.WARNING)]
    assert judge_file(path, [allowlist], OcrOptions()).judgement is Judgement.UNCHECKED
    sure = [absent, allowlist, Judge("page-validation", FAILED, "x")]
    assert judge_file(path, sure, OcrOptions()).judgement is Judgement.INVALID
    assert judge_file(path, [Judge(REFERENCE, FAILED), allowlist], OcrOptions()).judgement is Judgement.INVALID


def test_a_name_that_is_no_utf8_reaches_no_reader(tmp_path: Path) -> None:
    plain = image_page_pdf(tmp_path / "a.pdf")
    odd = plain.rename(tmp_path / os.fsdecode(b"Geb\xe4ude.pdf"))
    judges = [Judge(REFERENCE, OK), PikepdfValidator(OcrOptions(), tmp_path)]
    report = judge_file(odd, judges, OcrOptions())
    assert (report.judgement, report.flavour) == (Judgement.VALID, "3b")
    assert [said.verdict for said in report.reports] == [OK, OK]


def test_a_file_that_changes_meanwhile_is_unchecked(tmp_path: Path) -> None:
    path = image_page_pdf(tmp_path / "a.pdf")

    class Slow(Judge):
        def validate(self, path: Path, flavour: str) -> ValidatorReport:
            path.resolve().write_bytes(path.read_bytes() + b" ")
            return super().validate(path, flavour)

    report = judge_file(path, [Slow(REFERENCE, FAILED)], OcrOptions())
    assert report.judgement is Judgement.UNCHECKED
    assert [finding.code for finding in report.findings] == ["PA-08"]


def image_page_pdf(path: Path) -> Path:
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        pdfa.save(pdf, path, "3b")
    return path


def test_a_claim_behind_megabytes_of_history_is_read(tmp_path: Path) -> None:
    history = "<!--" + "Verlauf " * (5 << 17) + "-->"
    path = pdf_file(tmp_path / "a.pdf", claims(history + PART.format(2) + LEVEL.format("B")))
    report = judge_file(path, [Judge(REFERENCE, OK)], OcrOptions())
    assert (report.flavour, report.judgement) == ("2b", Judgement.VALID)


def test_a_claim_in_attributes_and_under_another_prefix_is_read(tmp_path: Path) -> None:
    path = image_page_pdf(tmp_path / "a.pdf")
    assert judge_file(path, [Judge(REFERENCE, OK)], OcrOptions()).flavour == "3b"
    assert scan_of(path).mime == "application/pdf"
    data = path.read_bytes().replace(b"pdfaid", b"pdfxyz")
    path.write_bytes(data)
    assert judge_file(path, [Judge(REFERENCE, OK)], OcrOptions()).flavour == "3b"
