"""Only valid PDF/A is archived; what could not be checked only where that is allowed, and then it is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from akten.files import PdfA, Rendition, ValidatorReport, digest_bytes
from akten.findings import Severity, Verdict
from flows.packing import not_validated


def judged(verdict: Verdict) -> PdfA:
    return PdfA(
        uuid4(), Path("a.pdf"), digest_bytes(b"x"), "2b", Rendition.SCANNED, pages=(), sources=(), verdict=verdict
    )


@pytest.mark.parametrize(
    ("verdict", "allowed", "code", "severity"),
    [
        (Verdict.OK, False, None, None),
        (Verdict.FAILED, False, "WF-01", Severity.ERROR),
        (Verdict.FAILED, True, "WF-01", Severity.ERROR),
        (Verdict.NOT_CHECKED, False, "WF-02", Severity.ERROR),
        (Verdict.NOT_CHECKED, True, "WF-02", Severity.WARNING),
    ],
)
def test_what_is_not_proven_valid_is_named(
    verdict: Verdict, code: str | None, severity: Severity | None, *, allowed: bool
) -> None:
    dokument = uuid4()
    found = [(f.code, f.severity, f.where) for f in not_validated({dokument: judged(verdict)}, allowed=allowed)]
    assert found == ([(code, severity, f"Dokument {dokument}")] if code else [])


def test_why_a_check_did_not_take_place_is_told_in_the_case() -> None:
    """The full disk of the night is gone by the morning, and the doctor finds all well then."""
    reports = (
        ValidatorReport("veraPDF", "1.30", Verdict.NOT_CHECKED, why="der Datenträger ist voll"),
        ValidatorReport("pikepdf.pdfa", "10", Verdict.OK),
    )
    (finding,) = not_validated({uuid4(): replace(judged(Verdict.NOT_CHECKED), reports=reports)}, allowed=False)
    assert finding.text.endswith("so wird nicht archiviert. veraPDF: der Datenträger ist voll")
