"""Real and hostile scans through the whole trip: archived with valid PDF/A, or a finding that says what to do."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from akten.findings import Severity, Verdict
from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.progress import progress_display
from flows.receipt import Outcome, Receipt
from flows.wiring import Services
from ingest.scans import read_scan
from ocr.examine import examine_each
from tests.builders import a_slip

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

GOOD = ("typed", "print", "bilevel", "derived", "archival", "rotated", "plan")
IMAGES = {".jpg", ".png", ".tif", ".tiff", ".pdf", ".jp2"}


def deliver(services: Services, clerk: Actor, files: list[Path], place: Path, first: int) -> dict[str, Receipt]:
    """Every file as a delivery of its own; the page count on the slip is what the examination says."""
    place.mkdir(parents=True, exist_ok=True)
    scans = [read_scan(services.new_id(), file.name, file) for file in files]
    readable = [scan for scan in scans if hasattr(scan, "uuid")]
    facts = dict(
        zip([s.path for s in readable], examine_each(readable, services.ocr, place), strict=True)  # type: ignore[arg-type,union-attr]
    )
    folders = []
    for number, file in enumerate(files, first):
        folder = place / f"{number}"
        folder.mkdir()
        shutil.copy(file, folder / file.name)
        pages = len(facts[file].pages) if file in facts and facts[file].pages else 1
        slip = a_slip(aktenzeichen=f"63-{number}-21", blattzahl=None, seitenzahl=pages, betreff=f"Probe {number}")
        (folder / "laufzettel.json").write_text(json.dumps(slip), encoding="utf-8")
        folders.append(folder)
    with progress_display(quiet=True) as show:
        receipts = archive_all(services, claim_paths(services, folders), clerk, show)
    return {f"{file.parent.name}/{file.name}": receipt for file, receipt in zip(files, receipts, strict=True)}


def test_every_good_sample_is_archived_with_a_valid_pdfa(
    services: Services, clerk: Actor, samples: Path, tmp_path: Path
) -> None:
    files = [f for folder in GOOD for f in sorted((samples / folder).iterdir()) if f.suffix.lower() in IMAGES]
    assert len(files) > 15
    receipts = deliver(services, clerk, files, tmp_path / "gut", 60000)
    bad = {
        name: [f"{f.code} {f.text}" for f in receipt.findings if f.severity is Severity.ERROR]
        for name, receipt in receipts.items()
        if receipt.state is not Outcome.ARCHIVED or receipt.verdict is not Verdict.OK
    }
    assert bad == {}
    flyleaf = next(r for name, r in receipts.items() if "flyleaf" in name)
    assert flyleaf.blank_pages == 0


def test_every_hostile_or_odd_file_ends_in_a_good_result_or_a_named_finding(
    services: Services, clerk: Actor, samples: Path, tmp_path: Path
) -> None:
    files = [f for folder in ("hostile", "tiff", "pdf") for f in sorted((samples / folder).iterdir()) if f.is_file()]
    files = [f for f in files if not f.name.endswith((".gt.txt", ".md"))]
    start = time.monotonic()
    assert len(files) > 50
    receipts = deliver(services, clerk, files, tmp_path / "schlimm", 70000)
    assert time.monotonic() - start < 800
    nameless = [
        name
        for name, receipt in receipts.items()
        if receipt.state is Outcome.CLEARING
        and not any(f.severity is Severity.ERROR and f.code and f.text for f in receipt.findings)
    ]
    assert nameless == []
    unfinished = {name: r.state for name, r in receipts.items() if r.state is Outcome.UNAVAILABLE}
    assert unfinished == {}
    white = [name for name, r in receipts.items() if r.state is Outcome.ARCHIVED and r.verdict is not Verdict.OK]
    assert white == []
    for name, receipt in sorted(receipts.items()):
        codes = sorted({f.code for f in receipt.findings if f.severity is not Severity.INFO})
        print(f"{name:60} {receipt.state.value:10} {receipt.seconds:6.1f} {' '.join(codes)}")
