"""A scan that its page shows cut, dim or not at all is archived as it is seen; a plain one keeps its bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from ocr.likeness import compare_pages
from ocr.options import OcrOptions
from ocr.scanpath import do_page
from tests.contracts.test_ocr_engine import FakeEngine
from tests.ocr.oddpdfs import FULL, scan_page
from tests.ocr.sheets import job

OPTIONS = OcrOptions()
Change = Callable[[pikepdf.Pdf], None]


def content(data: bytes) -> Change:
    return lambda pdf: setattr(pdf.pages[0], "Contents", pdf.make_stream(data))


def state(data: bytes = b"/G gs " + FULL, **told: object) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        content(data)(pdf)
        pdf.pages[0].Resources.ExtGState = Dictionary(G=Dictionary({f"/{key}": value for key, value in told.items()}))

    return change


def in_form(box: list[float]) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        form = pdf.make_stream(FULL)
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array(box)
        form.Resources = pdf.pages[0].Resources
        pdf.pages[0].Resources = Dictionary(XObject=Dictionary(F=form))
        content(b"/F Do")(pdf)

    return change


def layered(*, shown: bool, marked: bool) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Scan")))
        told = Dictionary(Order=Array([layer]), OFF=Array([] if shown else [layer]))
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=told)
        if marked:
            content(b"/OC /L BDC " + FULL + b" EMC")(pdf)
            pdf.pages[0].Resources.Properties = Dictionary(L=layer)
        else:
            pdf.pages[0].Resources.XObject.Im0.OC = layer

    return change


KEPT: dict[str, Change] = {
    "plain": content(FULL),
    "clipped to the page": content(b"0 0 595 842 re W n " + FULL),
    "clipped within a rim": content(b"q 1 1 593 840 re W n " + FULL + b" Q"),
    "a clip that is over": content(b"q 100 100 9 9 re W n Q " + FULL),
    "larger than the page": content(b"0 0 595 842 re W n q 615 0 0 862 -10 -10 cm /Im0 Do Q"),
    "harmless state": state(ca=1, BM=Name.Normal, SMask=Name("/None")),
    "whole form": in_form([0, 0, 595, 842]),
    "shown layer": layered(shown=True, marked=True),
    "shown image": layered(shown=True, marked=False),
}
DRAWN: dict[str, Change] = {
    "clip": content(b"q 100 400 300 300 re W n " + FULL + b" Q"),
    "two clips": content(b"0 0 300 842 re 295 0 300 842 re W n " + FULL),
    "dim": state(ca=0.3),
    "mixed": state(BM=Name.Multiply),
    "cut form": in_form([100, 400, 400, 700]),
    "hidden layer": layered(shown=False, marked=True),
    "hidden image": layered(shown=False, marked=False),
}


def done(change: Change, folder: Path) -> tuple[tuple[str, ...], list[object]]:
    """What is told to be lost, and what the comparison with the scan has to say."""
    with pikepdf.new() as pdf:
        scan_page(pdf)
        change(pdf)
        pdf.save(folder / "scan.pdf")
    outcome = do_page(job(folder / "scan.pdf", folder), FakeEngine, OPTIONS, time.process_time)
    assert outcome.error is None
    page = {"number": 1, "path": str(folder / "scan.pdf"), "page": 1, "is_pdf": True, "said_mm": None,
            "scan_mm": None, "words": 0, "strict": True}  # fmt: skip
    asked = {"pdf": str(folder / "page.pdf"), "count": 1, "first": 0, "pages": [page]}
    return outcome.losses, compare_pages(asked)["findings"]


@pytest.mark.parametrize("name", KEPT)
def test_a_scan_that_is_seen_whole_keeps_its_bytes(name: str, tmp_path: Path) -> None:
    assert done(KEPT[name], tmp_path) == ((), [])


@pytest.mark.parametrize("name", DRAWN)
def test_a_scan_that_is_not_is_archived_as_it_is_seen_and_that_is_told(name: str, tmp_path: Path) -> None:
    losses, findings = done(DRAWN[name], tmp_path)
    assert findings == []
    assert "neu gezeichnet" in losses[0]
