"""Damaged files of every kind through examination, taking out of attachments, and the page workers.

None leaves a traceback, a hang, an orphan process or a temporary file; short in `make test`, long in `make chaos`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pikepdf
import pytest

from akten.files import FileFacts
from akten.findings import Severity
from ocr.attachments import RULES as ATTACHMENT_RULES
from ocr.attachments import take_out
from ocr.examine import RULES, examine_each
from ocr.options import Limits, OcrOptions
from ocr.pages import PagePool, WorkerDied
from tests.mutations import children, mutants
from tests.ocr.oddimages import EVERY
from tests.ocr.oddpdfs import embedded_page, layers, scan_page, sign
from tests.ocr.papers import add, attached, form, image_page, pdf_file, picture, scan_of, script
from tests.ocr.sheets import job
from tests.ocr.test_attachments import embed

OPTIONS = OcrOptions(page_limits=Limits(cpu_seconds=60, wall_seconds=120.0), nice=0)
IMAGES = (
    "g3-1d.tif", "g4.tif", "lzw-predictor.tif", "tiled-deflate.tif", "new-jpeg.tif", "bigtiff.tif", "palette4.tif",
    "mixed-pages.tif", "rgb.jpg", "progressive.jpg", "cmyk-adobe-inverted.jpg", "exif6.jpg", "palette.png",
    "alpha.png", "gray16.png", "rgb.jp2", "codestream.j2k",
)  # fmt: skip


def originals(folder: Path) -> list[Path]:
    """One good file of each kind."""
    folder.mkdir()
    for name in IMAGES:
        (folder / name).write_bytes(EVERY[name][0]())
    loose = pikepdf.ObjectStreamMode.disable
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        image_page(pdf, picture())
        add(pdf, b"BT /F1 10 Tf 72 72 Td (Text) Tj ET")
        attached(pdf)
        form(pdf)
        pdf.Root.OpenAction = script()
        pdf.save(folder / "alles.pdf", object_stream_mode=loose)
        pdf.save(folder / "gepackt.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)
        pdf.save(folder / "verschluesselt.pdf", encryption=pikepdf.Encryption(owner="x", user=""))
    with pikepdf.new() as pdf:
        embedded_page(pdf)
        layers(pdf)
        sign(pdf, 2)
        pdf.save(folder / "signiert.pdf", object_stream_mode=loose)
    with pikepdf.new() as pdf:
        for coded in ("flate", "jpeg", "jpx"):
            scan_page(pdf, coded=coded)
        pdf.save(folder / "scans.pdf", object_stream_mode=loose)
    pdf_file(folder / "anlagen.pdf", lambda pdf: embed(pdf, ("a.txt", b"A" * 500), ("b.bin", bytes(range(256)) * 9)))
    return sorted(folder.iterdir())


def bad(facts: FileFacts) -> bool:
    return any(finding.severity is Severity.ERROR for finding in facts.findings)


def survive(paths: list[Path], folder: Path, pool: PagePool, reading: int) -> Counter[str]:
    """All the way; returns what became of them. `reading` is how many pages are read besides only being kept."""
    before = children()
    started = time.monotonic()
    told: Counter[str] = Counter()
    scans = [scan_of(path) for path in paths]
    facts = examine_each(scans, OPTIONS, folder)
    pages = []
    for scan, found in zip(scans, facts, strict=True):
        assert found.pages or bad(found), scan.name
        assert not [f for f in found.findings if f.code == "EX-21"], (scan.name, found.findings)
        assert all(f.code in RULES and f.text for f in found.findings)
        told["refused" if bad(found) else "usable"] += 1
        if found.attachments and not any(f.code == "EX-10" for f in found.findings):
            place = folder / f"anlagen-{scan.uuid}"
            place.mkdir()
            taken, said = take_out(uuid4(), scan.path, OPTIONS, place)
            assert {f.code for f in said} <= set(ATTACHMENT_RULES)
            assert {entry.name for entry in place.iterdir()} == {one.path.name for one in taken}
            told["attachments"] += len(taken)
        if not bad(found) and found.scan_only:
            pages += [(scan, page) for page in found.pages[:1]]
    work = folder / "seiten"
    work.mkdir()
    futures = []
    for number, (scan, page) in enumerate(pages):
        place = work / str(number)
        place.mkdir()
        task = replace(job(scan.path, place, dpi=page.dpi, read=number < reading), page=page.number,
                       is_pdf=scan.path.suffix == ".pdf")  # fmt: skip
        futures.append((place, pool.submit(task)))
    for place, future in futures:
        try:
            outcome = future.result(timeout=300)
        except WorkerDied:
            told["worker died"] += 1
            continue
        told["page refused" if outcome.error else "page made"] += 1
        if outcome.error is None:
            with pikepdf.open(place / "page.pdf") as made:
                assert len(made.pages) == 1
        assert not list(place.glob("*.part")), "nothing half is left"
    assert time.monotonic() - started < 60 + 3 * len(paths)
    assert not list(folder.glob("call-*")), "temporary folders go with their child"
    assert children() <= before | set(pool.worker_ids), "no orphan is left"
    return told


@pytest.fixture(scope="module")
def pool() -> Iterator[PagePool]:
    with PagePool(2, OPTIONS) as pool:
        yield pool


def test_mutants_of_every_kind_end_well(tmp_path: Path, pool: PagePool) -> None:
    good = originals(tmp_path / "gut")
    told = survive(mutants(good, tmp_path / "krank", 4 * len(good), seed=20261125), tmp_path, pool, reading=6)
    assert told["refused"] > 20
    assert told["usable"] > 20, "damage that spares what counts must not refuse a file"
    assert told["page made"] > 5
    print(dict(told))


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(20))
def test_many_mutants_end_well(tmp_path: Path, pool: PagePool, seed: int) -> None:
    good = originals(tmp_path / "gut")
    print(seed, dict(survive(mutants(good, tmp_path / "krank", 16 * len(good), seed=seed), tmp_path, pool, reading=20)))
