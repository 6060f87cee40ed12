"""What a scan profile asks for is done to the very end: blank pages left out are told, and no page is counted wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from akten.findings import Verdict
from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.fetch import fetch_package
from flows.progress import progress_display
from flows.receipt import Outcome, receipt_json
from flows.wiring import Services
from ingest.options import Blanks
from tests.builders import LETTER, a_blank_page, a_page, a_slip

pytestmark = pytest.mark.real


def test_a_profile_that_drops_blanks_drops_them_and_search_names_the_pages_that_are_left(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = tuple(replace(profile, blanks=Blanks.DROP) for profile in services.intake.profiles)
    monkeypatch.setitem(services.__dict__, "intake", replace(services.intake, profiles=profiles))
    monkeypatch.delitem(services.__dict__, "intake_in_force", raising=False)
    folder = tmp_path / "l"
    folder.mkdir()
    a_page(folder / "1.png", (*LETTER, f"Zeichen {aktenzeichen}"))
    a_blank_page(folder / "2.png")
    a_page(folder / "3.png", ("Der Widerspruch wird zurückgewiesen.", "Kirschlorbeerhecke"))
    dokument = {"betreff": "Bescheid", "dateien": ["1.png", "2.png", "3.png"]}
    vorgaenge = [{"betreff": "Genehmigung", "dokumente": [dokument]}]
    slip = a_slip(aktenzeichen=aktenzeichen, blattzahl=3, vorgaenge=vorgaenge)
    (folder / "laufzettel.json").write_text(json.dumps(slip, ensure_ascii=False), encoding="utf-8")

    with progress_display(quiet=True) as show:
        (receipt,) = archive_all(services, claim_paths(services, [folder]), clerk, show)
    assert receipt.state is Outcome.ARCHIVED, receipt.findings
    assert (receipt.pages, receipt.blank_pages) == (3, 1)
    assert [document.verdict for document in receipt.documents] == [Verdict.OK]
    assert [document["pages"] for document in receipt_json(receipt)["documents"]] == [2]
    assert receipt.akte is not None

    package = services.catalog.packages(receipt.akte)[0].package
    root, _ = fetch_package(services, package, tmp_path / "heraus", "Test", clerk)
    assert len(list((root / "data/representations/master/data").iterdir())) == 3  # the blank scan is kept as it came
    (pdf,) = (root / "data/representations/access").rglob("*.pdf")
    with pikepdf.open(pdf) as document:
        assert len(document.pages) == 2
    assert len(list((root / "data/metadata/preservation").glob("leer-*.jpg"))) == 1
    (hit,) = services.catalog.find("Kirschlorbeerhecke", volltext=True).hits
    assert [snippet.page for snippet in hit.snippets] == [2], "the page of the PDF/A, where a reader looks for it"
