"""Texts that count say „1 Stelle“ and „2 Stellen“: what reads wrong is taken for wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from akten.findings import Finding, Severity
from akten.plural import plural
from catalog.trail import _about_the_end
from ingest.scans import _shortened
from ocr.attachments import _SAID, _bounded
from ocr.examine_pdf import _feature_findings, _repair_findings
from ocr.pdffeatures import Features


def same(number: int) -> list[Finding]:
    return [Finding("XX-01", Severity.WARNING, f"{each:03}", "Text") for each in range(number)]


def test_a_number_comes_with_its_noun() -> None:
    assert [plural(number, "Stelle", "Stellen") for number in (0, 1, 2)] == ["0 Stellen", "1 Stelle", "2 Stellen"]


@pytest.mark.parametrize(
    ("told", "one", "two"),
    [
        (lambda n: _about_the_end(4 + n, 4), "Die letzte Zeile ist jünger", "Die letzten 2 Zeilen sind jünger"),
        (lambda n: _repair_findings(("kaputt",) * n), "(1 Stelle)", "(2 Stellen)"),
        (lambda n: _shortened(same(10 + n)), "… und 1 weitere Datei mit", "… und 2 weitere Dateien mit"),
        (lambda n: _bounded(same(_SAID + n)), "1 weiterer Befund zu", "2 weitere Befunde zu"),
        (
            lambda n: _feature_findings(Features(layers=n, hidden_layers=n)),
            "1 von 1 Ebene ist ausgeblendet",
            "2 von 2 Ebenen sind ausgeblendet",
        ),
    ],
)
def test_one_is_told_as_one(told: Callable[[int], object], one: str, two: str) -> None:
    for number, words in ((1, one), (2, two)):
        assert any(words in finding.text for finding in told(number)), words  # type: ignore[attr-defined]
