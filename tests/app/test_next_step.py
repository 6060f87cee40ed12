"""What a receipt or list tells to type next reaches the archive that it speaks of."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from rich.console import Console

from akten.errors import Rejected
from akten.findings import Finding, Severity
from app import demo
from app.intake_verbs import refused_json
from app.show import receipts


def test_a_receipt_names_the_clearing_case_with_the_way_to_this_archive() -> None:
    error = Rejected((Finding("T-1", Severity.ERROR, "", "Etwas fehlt."),))
    value = refused_json(Path("lieferung"), error) | {"state": "clearing", "clearing_case": 7}
    console = Console(width=120)
    with console.capture() as shown:
        receipts(console, [value], "archiv --daten 'Mein Archiv'")
    assert "Nächster Schritt: archiv --daten 'Mein Archiv' klaerung zeige 7" in shown.get()


def test_the_demo_tells_its_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARCHIV_DATEN", str(tmp_path / "mit Leer zeichen"))
    told = demo._command(demo.demo_settings())
    assert shlex.split(told) == [f"ARCHIV_DATEN={tmp_path / 'mit Leer zeichen'}", ".venv/bin/archiv"]
