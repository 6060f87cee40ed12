"""A receipt of a Nachscan adds up, and of scans that were there already it claims nothing that was not done."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from rich.console import Console

from akten.findings import Finding, Severity
from app.show import receipts
from flows.receipt import Outcome, Receipt, receipt_json
from tests.catalog.build import a_package

LINKED = Finding("IN-36", Severity.INFO, "s1.tif", "Dieser Scan liegt schon in dieser Akte (Version 1).")
RECEIPT = Receipt(UUID(int=1), Outcome.ARCHIVED, sheets=2, pages=1, copies=a_package(UUID(int=2), 1).copies)


def shown(receipt: Receipt) -> str:
    console = Console(width=120)
    with console.capture() as captured:
        receipts(console, [receipt_json(receipt)])
    return captured.get()


def test_a_page_that_was_there_already_is_told_beside_the_pages_that_came() -> None:
    assert "schon in dieser Akte" not in shown(RECEIPT)
    told = shown(replace(RECEIPT, findings=(LINKED, LINKED)))
    assert "2 Blatt, 1 Seite" in told
    assert "2 Scans lagen schon in dieser Akte (IN-36)" in told
    assert "2 Kopien zurückgelesen: a geprüft, b geprüft" in told


def test_a_delivery_that_was_there_already_counts_no_pages_and_reads_nothing_back() -> None:
    told = shown(replace(RECEIPT, state=Outcome.DUPLICATE, sheets=1, pages=5))
    assert "1 Blatt" not in told
    assert "Die Akte hat 5 Seiten; nichts kam hinzu" in told
    assert "2 Kopien beim Ablegen zurückgelesen" in told
