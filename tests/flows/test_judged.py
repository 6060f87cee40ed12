"""Only valid PDF/A is archived; what could not be checked only where that is allowed, and then it is said."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from akten.files import PdfA, Rendition, digest_bytes
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
