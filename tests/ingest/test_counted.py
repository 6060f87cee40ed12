"""Of findings that come once per file or Dokument the first ten are told and the rest is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from akten.findings import Finding, Severity
from ingest.checks import check_delivery
from ingest.delivery import read_delivery
from ingest.inbox import claim
from ingest.options import IntakeOptions
from ingest.slipdoc import SlipDokument, SlipVorgang
from tests.ingest.builders import GOOD, TIFF, a_delivery, a_scan, a_slip, fill, some_facts


def past_the_end(count: int, folder: Path) -> Sequence[Finding]:
    del folder
    dokumente = tuple(SlipDokument(f"d{number}", seiten=((number + 2, number + 2),)) for number in range(count))
    delivery = a_delivery(a_slip(vorgaenge=(SlipVorgang("v", dokumente=dokumente),)), a_scan("scan.tif"))
    return check_delivery(delivery, some_facts(delivery), {}, IntakeOptions(), accepted=frozenset())


def of_no_type(count: int, folder: Path) -> Sequence[Finding]:
    del folder
    scans = [a_scan(f"s{number}.doc", mime=f"application/x-{number}") for number in range(count)]
    delivery = a_delivery(a_slip(), *scans, a_scan("scan.tif"))
    return check_delivery(delivery, some_facts(delivery), {}, IntakeOptions(), accepted=frozenset())


def left_out(count: int, folder: Path) -> Sequence[Finding]:
    names = [f"n{number}.txt" for number in range(count)]
    files = {"scan1.tif": TIFF, **dict.fromkeys(names, b"text")}
    fill(folder / "a", {**GOOD, "nicht_archivieren": names}, files)
    return read_delivery(claim(folder / "a", folder / "arbeit", uuid4)).findings


Found = Callable[[int, Path], Sequence[Finding]]


@pytest.mark.parametrize(
    ("code", "found", "severity", "rest"),
    [
        ("IN-34", past_the_end, Severity.ERROR, "weitere Dokumente"),
        ("IN-38", of_no_type, Severity.ERROR, "weitere Dateien"),
        ("IN-42", left_out, Severity.INFO, "weitere Dateien"),
    ],
)
def test_ten_are_told_and_the_rest_is_counted(
    tmp_path: Path, code: str, found: Found, severity: Severity, rest: str
) -> None:
    """A delivery of thousands made a line for each."""
    few = [f for f in found(10, tmp_path / "wenige") if f.code == code]
    assert (len(few), all(f.where for f in few)) == (10, True)
    many = [f for f in found(30, tmp_path / "viele") if f.code == code]
    assert [bool(f.where) for f in many] == [True] * 10 + [False]
    assert {f.severity for f in many} == {severity}
    assert many[-1].text == f"… und 20 {rest} mit demselben Befund."
