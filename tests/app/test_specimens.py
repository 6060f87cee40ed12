"""Specimens: deliveries that the intake takes, that a machine can read, and that repeat byte for byte."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pypdfium2
import pytest
from PIL import Image, ImageSequence

from akten.files import Colour, FileFacts, FileKind, PageFacts
from akten.findings import Severity
from akten.model import Aktenart
from app.specimens import SpecimenDelivery, make_delivery, make_demo_deliveries, make_large
from ingest.checks import check_balance, check_delivery
from ingest.delivery import Delivery, plan_akte, read_delivery
from ingest.inbox import claim
from ingest.options import IntakeOptions
from ingest.scans import natural_key
from ocr.blank import is_blank
from ocr.pageimage import reduced
from tests.conftest import lacking

SEED = 1
WRONG = "stapel-falsch-gezaehlt"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SpecimenDelivery]:
    made = make_demo_deliveries(tmp_path_factory.mktemp("muster"), SEED)
    return {one.folder.stem: one for one in made}


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder or ZIP in natural order."""
    if folder.suffix == ".zip":
        with zipfile.ZipFile(folder) as box:
            content = {name: box.read(name) for name in box.namelist()}
    else:
        content = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {name: content[name] for name in sorted(content, key=natural_key)}


def pictures(made: SpecimenDelivery) -> Iterator[tuple[str, Image.Image]]:
    """Every page of a delivery as a picture, in file order."""
    for name, data in files_of(made.folder).items():
        if name.endswith(".pdf"):
            document = pypdfium2.PdfDocument(data)
            for number in range(len(document)):
                yield name, document[number].render(scale=200 / 72).to_pil()
            document.close()
        elif not name.endswith(".json"):
            for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data))):
                yield name, frame.copy()


def taken_in(made: SpecimenDelivery, root: Path) -> tuple[Delivery, dict[UUID, FileFacts]]:
    """The delivery as the intake reads it, with the page counts of each file."""
    copy = root / "eingang" / made.folder.name
    copy.parent.mkdir(parents=True)
    shutil.copytree(made.folder, copy) if made.folder.is_dir() else shutil.copy(made.folder, copy)
    delivery = read_delivery(claim(copy, root / "arbeit", uuid4))
    counts = Counter(name for name, _ in pictures(made))
    facts = {
        scan.uuid: FileFacts(
            FileKind.PDF if scan.mime == "application/pdf" else FileKind.IMAGE,
            scan.mime,
            tuple(PageFacts(n, 210, 297, 1654, 2339, 200.0, Colour.RGB) for n in range(1, counts[scan.name] + 1)),
        )
        for scan in delivery.scans
    }
    return delivery, facts


def read_by_machine(picture: Image.Image) -> list[str]:
    buffer = io.BytesIO()
    picture.convert("L").save(buffer, "PNG", dpi=(200, 200), compress_level=1)
    try:
        outcome = subprocess.run(
            ["tesseract", "-", "-", "-l", "deu"], input=buffer.getvalue(), capture_output=True, check=True,
            env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )  # fmt: skip
    except FileNotFoundError:
        lacking("tesseract")
    return re.findall(r"\w{3,}", outcome.stdout.decode())


def recall(truth: str, found: list[str]) -> float:
    """Share of the words of the truth that were read, each as often as it stands there."""
    wanted = Counter(re.findall(r"\w{3,}", truth))
    return (wanted & Counter(found)).total() / wanted.total()


def test_all_seven_families_are_there_and_one_delivery_is_counted_wrong(demo: dict[str, SpecimenDelivery]) -> None:
    assert set(demo) == {f"stapel-{family.name.lower()}" for family in Aktenart} | {WRONG}
    assert all(one.pages == len(one.ground_truth) for one in demo.values())
    assert all(one.blanks == one.ground_truth.count("") for one in demo.values())


@pytest.mark.parametrize("family", Aktenart, ids=lambda family: family.name.lower())
def test_the_intake_takes_every_good_delivery(
    family: Aktenart, demo: dict[str, SpecimenDelivery], tmp_path: Path
) -> None:
    made = demo[f"stapel-{family.name.lower()}"]
    delivery, facts = taken_in(made, tmp_path)
    options = IntakeOptions()
    today = date(2026, 11, 24)
    found = check_delivery(delivery, facts, {}, options, accepted=frozenset(), today=today)
    found += check_balance(delivery, facts, made.blanks)
    assert [finding for finding in found if finding.severity is not Severity.INFO] == []
    planned = plan_akte(delivery, facts, options, uuid4())
    assert planned.akte.aktenart is family
    assert sum(len(pages) for pages in planned.pages.values()) == made.pages


def test_the_wrong_count_is_the_only_fault_of_the_wrong_delivery(
    demo: dict[str, SpecimenDelivery], tmp_path: Path
) -> None:
    delivery, facts = taken_in(demo[WRONG], tmp_path)
    assert check_delivery(delivery, facts, {}, IntakeOptions(), accepted=frozenset(), today=date(2026, 11, 24)) == ()
    assert [finding.code for finding in check_balance(delivery, facts, None)] == ["IN-50"]


def test_every_page_is_readable_and_the_truth_follows_the_order_of_the_files(
    demo: dict[str, SpecimenDelivery],
) -> None:
    """More than 85 % of the words of every letter, form and card; the few labels of a plan count half."""
    weak = []
    for name, made in demo.items():
        if name == WRONG:
            continue
        for truth, (file, picture) in zip(made.ground_truth, pictures(made), strict=True):
            upright = picture.rotate(180) if file.startswith("03 Statik") else picture  # fed upside down on purpose
            found = read_by_machine(upright)
            if truth and recall(truth, found) <= (0.5 if "lan" in file else 0.85):
                weak.append((name, file, round(recall(truth, found), 2)))
            if not truth and len(found) > 3:
                weak.append((name, file, len(found)))
    assert weak == []


def test_the_sorts_of_files_that_a_desk_makes_are_all_there(demo: dict[str, SpecimenDelivery]) -> None:
    sorts: set[str] = set()
    sizes: set[float] = set()
    for made in demo.values():
        sorts.add("ZIP" if made.folder.suffix == ".zip" else "folder")
        for name, data in files_of(made.folder).items():
            if name.endswith(".pdf"):
                document = pypdfium2.PdfDocument(data)
                sorts.add("PDF with text" if document[0].get_textpage().count_chars() else "PDF of scans")
                document.close()
            elif not name.endswith(".json"):
                picture = Image.open(io.BytesIO(data))
                sorts.add(f"{picture.format} {picture.mode} {picture.info.get('compression', '')}".strip())
                sizes.add(round(max(picture.size) / picture.info["dpi"][0] * 25.4 / 5) * 5)
    assert sorts >= {
        "ZIP",
        "folder",
        "PDF of scans",
        "PDF with text",
        "TIFF 1 group4",
        "TIFF L tiff_lzw",
        "JPEG RGB",
        "PNG L",
    }
    assert sizes >= {210, 295, 420, 840}  # A5, A4, A3, A1: the long side in mm


def test_one_page_lies_upside_down(demo: dict[str, SpecimenDelivery]) -> None:
    made = demo["stapel-bauakte"]
    (picture,) = [picture for name, picture in pictures(made) if name.startswith("03 Statik")]
    truth = next(text for text in made.ground_truth if "Stahlträger" in text)
    assert recall(truth, read_by_machine(picture)) < 0.3 < recall(truth, read_by_machine(picture.rotate(180)))


def test_a_blank_back_shows_its_front_and_is_not_white_paper(demo: dict[str, SpecimenDelivery]) -> None:
    made = demo["stapel-personalakte"]
    backs = [p for truth, (_, p) in zip(made.ground_truth, pictures(made), strict=True) if not truth]
    assert len(backs) == made.blanks == 2
    for back in backs:
        darkest, lightest = back.convert("L").getextrema()
        assert lightest - darkest > 60


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_blank_back_counts_as_blank_and_a_front_does_not(seed: int, tmp_path: Path) -> None:
    """Whichever fonts a machine has: what shines through stays well below what counts as a mark."""
    made = make_delivery(tmp_path / "stapel", Aktenart.PERSONALAKTE, seed)
    for truth, (_, page) in zip(made.ground_truth, pictures(made), strict=True):
        gray = reduced(page.convert("L"), 2)
        assert is_blank(gray, 100, 0.8) == is_blank(gray, 100) == (not truth)


@pytest.mark.parametrize("family", [Aktenart.PERSONALAKTE, Aktenart.AUSLAENDERAKTE, Aktenart.EINWOHNERMELDEAKTE])
def test_the_same_seed_gives_the_same_bytes_later(
    family: Aktenart, demo: dict[str, SpecimenDelivery], tmp_path: Path
) -> None:
    """PDF of scans, PDF with text and ZIP all tend to carry the time at which they were made."""
    before = demo[f"stapel-{family.name.lower()}"]
    again = make_delivery(tmp_path / before.folder.stem, family, SEED)
    assert again.folder.name == before.folder.name
    assert files_of(again.folder) == files_of(before.folder)
    assert again.ground_truth == before.ground_truth


def test_another_seed_gives_other_people(demo: dict[str, SpecimenDelivery], tmp_path: Path) -> None:
    other = make_delivery(tmp_path / "a", Aktenart.GEWERBEAKTE, SEED + 1)
    assert other.ground_truth != demo["stapel-gewerbeakte"].ground_truth


def test_a_large_delivery_has_as_many_pages_as_asked(tmp_path: Path) -> None:
    made = make_large(tmp_path / "gross", 4, SEED)
    assert made.pages == made.sheets == len(list(pictures(made))) == 4
    delivery, facts = taken_in(made, tmp_path)
    assert check_balance(delivery, facts, 0) == ()


def test_the_folder_to_make_must_be_new(tmp_path: Path) -> None:
    (tmp_path / "da").mkdir()
    with pytest.raises(FileExistsError):
        make_delivery(tmp_path / "da", Aktenart.GEWERBEAKTE, SEED)
