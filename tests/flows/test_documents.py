"""Dokumente of one delivery are read side by side, keep their order, and stop together."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from akten.errors import Rejected
from akten.files import PageRef
from akten.findings import Finding, Severity
from flows import documents
from flows.documents import in_files, side_by_side
from ocr.sandbox import call_each

OPTIONS: Any = SimpleNamespace(workers=2)
POOL: Any = None
REFERENCE: Any = None


def a_request(pages: int = 1, *, scan_only: bool = True) -> Any:
    scan = uuid4()
    facts = {scan: SimpleNamespace(scan_only=scan_only)}
    return SimpleNamespace(uuid=uuid4(), pages=[SimpleNamespace(scan=scan)] * pages, facts=facts)


class Reader:
    """Stands for `recognise`: notes who reads beside whom."""

    def __init__(self, seconds: float = 0.05, fails: UUID | None = None) -> None:
        self._seconds, self._fails, self._lock = seconds, fails, threading.Lock()
        self._reading = 0
        self.most, self.begun = 0, 0

    def __call__(self, request: Any, _pool: Any, _options: Any, told: Any, *_judges: Any) -> Any:
        with self._lock:
            self.begun += 1
            self._reading += 1
            self.most = max(self.most, self._reading)
        try:
            if request.uuid == self._fails:
                raise Rejected(())
            for page in range(1, len(request.pages) + 1):
                time.sleep(self._seconds)
                told(page, len(request.pages))
        finally:
            with self._lock:
                self._reading -= 1
        return request.uuid


def test_scanned_documents_are_read_side_by_side_and_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader()
    monkeypatch.setattr(documents, "recognise", reader)
    requests = [a_request(pages) for pages in (3, 1, 1, 2, 1, 1)]
    heard: list[tuple[str, int, int]] = []
    made: list[Any] = side_by_side(requests, POOL, OPTIONS, REFERENCE, call_each, lambda *said: heard.append(said))
    assert made == [request.uuid for request in requests]
    assert 2 <= reader.most <= 3
    assert [done for _, done, _ in heard] == list(range(1, 10))
    assert {(what, total) for what, _, total in heard} == {("Texterkennung", 9)}


def test_what_goes_by_the_document_path_is_read_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader()
    monkeypatch.setattr(documents, "recognise", reader)
    side_by_side([a_request(scan_only=False) for _ in range(4)], POOL, OPTIONS, REFERENCE, call_each, lambda *_: None)
    assert reader.most == 1


def test_after_a_document_that_fails_no_other_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [a_request(30), *(a_request() for _ in range(40))]
    reader = Reader(fails=requests[3].uuid)
    monkeypatch.setattr(documents, "recognise", reader)
    with pytest.raises(Rejected):
        side_by_side(requests, POOL, OPTIONS, REFERENCE, call_each, lambda *_: None)
    assert reader.begun < 10


def a_told_request() -> Any:
    """Page 1 of the Dokument is page 7 of one file, page 2 is the only one of another."""
    one, other = uuid4(), uuid4()
    scans = {one: SimpleNamespace(name="akte.tif"), other: SimpleNamespace(name="u/plan.pdf")}
    facts = {scan: SimpleNamespace(scan_only=True) for scan in scans}
    return SimpleNamespace(uuid=uuid4(), pages=[PageRef(one, 7), PageRef(other, 1)], scans=scans, facts=facts)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("Seite 1", "akte.tif, Seite 7"),
        ("Seite 2", "u/plan.pdf, Seite 1"),
        ("Seite 1 bis 2", "akte.tif … u/plan.pdf, Seite 1 bis 2"),
        ("", "akte.tif … u/plan.pdf"),
        ("u/plan.pdf", "u/plan.pdf"),
        ("Seite 3", "akte.tif … u/plan.pdf, Seite 3"),
    ],
)
def test_what_is_wrong_with_one_dokument_names_the_file_that_a_person_must_look_at(where: str, told: str) -> None:
    request = a_told_request()
    (finding,) = in_files([Finding("PC-02", Severity.ERROR, where, "falsch")], request)
    assert (finding.code, finding.where, finding.text) == ("PC-02", told, "falsch")
    kept = Finding("OC-08", Severity.INFO, where, "wie es ist")
    assert in_files([kept], request) == (kept,)


def test_a_dokument_that_is_refused_names_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise Rejected((Finding("OD-01", Severity.ERROR, "", "Das geht nicht."),))

    monkeypatch.setattr(documents, "recognise", refuse)
    with pytest.raises(Rejected) as caught:
        side_by_side([a_told_request()], POOL, OPTIONS, REFERENCE, call_each, lambda *_: None)
    assert [finding.where for finding in caught.value.findings] == ["akte.tif … u/plan.pdf"]
