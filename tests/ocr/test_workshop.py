"""The workshop of a document: it writes to its folder only, starts once for all, and outlives a call that dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ocr import sandbox, warm
from ocr.ends import SandboxDied
from ocr.examine import examine_each
from ocr.helper import Helper
from ocr.options import OcrOptions
from ocr.walls import SandboxKind, sandbox_kind
from ocr.workshop import Workshop
from tests.conftest import lacking
from tests.ocr.papers import scan_of
from tests.ocr.sheets import convert
from tests.ocr.test_documentpath import written

CALLS = "tests.ocr.sandboxed"


def test_what_it_writes_lies_in_its_folder_and_stays_there(tmp_path: Path) -> None:
    with Workshop(OcrOptions(), tmp_path) as shop:
        assert shop.ask(f"{CALLS}:write", {"target": "a.pdf"}) == {"at": str(tmp_path / "a.pdf")}
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]


def test_it_writes_nowhere_else(tmp_path: Path) -> None:
    if sandbox_kind() is not SandboxKind.BUBBLEWRAP:
        lacking("bubblewrap, without which nothing is read-only")
    (mine := tmp_path / "mine").mkdir()
    with Workshop(OcrOptions(), mine) as shop:
        assert set(shop.ask(f"{CALLS}:write", {"target": str(tmp_path / "other.pdf")})) == {"denied"}
    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.parametrize("way", ["segfault", "exit", "raise"])
def test_a_call_that_dies_costs_itself_only(way: str, tmp_path: Path) -> None:
    with Workshop(OcrOptions(), tmp_path) as shop:
        with pytest.raises(SandboxDied):
            shop.ask(f"{CALLS}:die", {"way": way})
        assert shop.ask(f"{CALLS}:double", {"number": 4}) == {"number": 8}


def test_a_document_of_text_costs_one_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan, options = scan_of(written(tmp_path / "a.pdf", "Antrag", "Anlage")), OcrOptions()
    (facts,) = examine_each([scan], options, tmp_path)
    convert(scan, facts, tmp_path / "first.pdf", options)  # starts what all documents share
    started: list[Any] = []

    def counted(*how: Any) -> Helper:
        started.append(how)
        return Helper(*how)

    monkeypatch.setattr(warm, "Helper", counted)
    monkeypatch.setattr(sandbox, "_round", lambda *_: pytest.fail("a child for one call"))
    convert(scan, facts, tmp_path / "made.pdf", options)
    assert len(started) == 1
