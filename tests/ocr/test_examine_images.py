"""Examination of images: what a file is comes out right for every sort, and whatever is wrong has its own code."""

from __future__ import annotations

import importlib
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from akten.errors import Misconfigured
from akten.files import Colour, FileFacts, FileKind
from akten.findings import Severity
from ingest.scans import content_type
from ocr.child import answer_to
from ocr.ends import SandboxDied, answer_of
from ocr.examine import examine_each
from ocr.imagestrips import decode_in_parts
from ocr.options import OcrOptions
from ocr.source import from_image
from ocr.tiffpages import page_offsets
from tests.ocr.examined import IMAGES, codes, errors, examine, told_to_a_clerk
from tests.ocr.papers import picture, scan_of


@pytest.mark.parametrize("name", IMAGES)
def test_every_sort_of_image_is_read_with_size_and_colour(images: dict[str, FileFacts], name: str) -> None:
    facts = images[name]
    assert not errors(facts)
    assert facts.kind is FileKind.IMAGE
    assert facts.scan_only
    page = facts.pages[0]
    assert (page.width_px, page.height_px, page.colour) == (413, 585, IMAGES[name][2])
    if not name.endswith("jp2"):
        assert page.dpi == pytest.approx(50, abs=0.1)
        assert page.width_mm == pytest.approx(209.8, abs=0.5)


def test_orientation_and_pages_are_told(images: dict[str, FileFacts]) -> None:
    assert [images[f"turned{n}.jpg"].pages[0].rotate for n in range(3)] == [180, 90, 270]
    assert [page.colour for page in images["three.tif"].pages] == [Colour.GRAY, Colour.GRAY, Colour.BILEVEL]
    assert [page.number for page in images["three.tif"].pages] == [1, 2, 3]


def test_a_resolution_that_is_absent_or_cannot_be_true_is_none(images: dict[str, FileFacts]) -> None:
    for name in ("nodpi.png", "screen.jpg"):
        assert images[name].pages[0].dpi is None
        assert codes(images[name]) == {"EX-19"}
        assert not errors(images[name])


@pytest.mark.parametrize(("orientation", "size"), [(1, (215, 297)), (3, (215, 297)), (6, (297, 215)), (8, (297, 215))])
def test_a_turned_fax_keeps_its_size_on_paper(tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
    path = tmp_path / "fax.tif"  # a fax of standard resolution: 204 dots, 98 lines to the inch
    fax = picture("1", (1728, 1145))
    fax.save(path, compression="group4", dpi=(204, 98), tiffinfo={274: orientation})
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    assert not facts.findings
    assert (facts.pages[0].width_mm, facts.pages[0].height_mm) == pytest.approx(size, abs=0.5)
    source = from_image(path, 1, dpi=facts.pages[0].dpi, profile_dpi=300, max_pixels=10**8, max_mm=2000, read=False)
    assert (source.width / 72 * 25.4, source.height / 72 * 25.4) == pytest.approx(size, abs=0.5)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("toomany.tif", "EX-06"),
        ("toowide.tif", "EX-07"),
        ("pixel.png", "EX-07"),
        ("line.png", "EX-07"),
        ("manypages.tif", "EX-08"),
        ("empty.tif", "EX-01"),
        ("text.tif", "EX-02"),
        ("head.tif", "EX-04"),
        ("cut-colour.jpg", "EX-05"),
        ("cut-alpha.png", "EX-05"),
        ("cut-raw1.tif", "EX-05"),
        ("cut-lossless.jp2", "EX-05"),
    ],
)
def test_what_is_wrong_with_an_image_has_its_code(images: dict[str, FileFacts], name: str, code: str) -> None:
    assert errors(images[name]) == {code}
    assert all(finding.text.endswith(".") for finding in images[name].findings)
    assert told_to_a_clerk(images[name]), images[name].findings


def test_a_cut_tiff_whose_directory_is_lost_is_refused(images: dict[str, FileFacts]) -> None:
    assert errors(images["cut-lzw.tif"]) <= {"EX-04", "EX-05"}
    assert errors(images["cut-lzw.tif"])
    assert told_to_a_clerk(images["cut-lzw.tif"])


def test_content_decides_and_not_the_name(images: dict[str, FileFacts]) -> None:
    facts = images["lying.pdf"]
    assert facts.kind is FileKind.IMAGE
    assert facts.mime == "image/png"
    assert codes(facts) == {"EX-03"}
    assert not errors(facts)


def test_both_forms_of_jpeg_2000_are_one_type(tmp_path: Path) -> None:
    """The intake reports the one without boxes as the other, and has no other word for it."""
    picture().save(tmp_path / "bild.j2k", no_jp2=True)
    data = (tmp_path / "bild.j2k").read_bytes()
    assert "EX-03" not in codes(examine(scan_of(tmp_path / "bild.j2k", content_type(data)), OcrOptions(), tmp_path))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "group4", "jpeg"])
def test_a_large_tiff_is_read_strip_by_strip_and_its_damage_is_found(tmp_path: Path, compression: str) -> None:
    mode = {"group4": "1", "jpeg": "L"}.get(compression, "RGB")
    path = tmp_path / "strips.tif"
    strips = {TiffImagePlugin.ROWSPERSTRIP: 64}
    picture(mode).save(path, compression=None if compression == "raw" else compression, tiffinfo=strips)
    with Image.open(path) as image:
        assert len(image.tag_v2[273]) > 1, "the file must have several strips"  # type: ignore[attr-defined]
        assert decode_in_parts(image, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises((OSError, SyntaxError)), Image.open(path) as image:
        decode_in_parts(image, path)


def test_a_large_png_is_read_row_by_row_and_its_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "rows.png"
    picture("RGB").save(path)
    with Image.open(path) as image:
        assert decode_in_parts(image, path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with Image.open(path) as image, pytest.raises(OSError, match="damaged"):
        decode_in_parts(image, path)


def test_a_hole_in_the_middle_of_a_group_4_fax_spoils_all_below_it(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    picture("1").save(path, compression="group4", dpi=(50, 50))
    with Image.open(path) as image:
        (place,), (length,) = image.tag_v2[273], image.tag_v2[279]
    data = bytearray(path.read_bytes())
    middle = place + length // 2
    data[middle : middle + 12] = bytes(b ^ 0xFF for b in data[middle : middle + 12])
    path.write_bytes(bytes(data))
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    assert [(f.code, f.severity, f.where) for f in facts.findings] == [("EX-32", Severity.ERROR, "Seite 1")]


def test_previews_and_moving_pictures_are_told(tmp_path: Path) -> None:
    preview, moving = tmp_path / "vorschau.tif", tmp_path / "bewegt.png"
    picture().save(preview, dpi=(50, 50), tiffinfo={254: 1})
    picture().save(moving, dpi=(50, 50), save_all=True, append_images=[picture().rotate(180)])
    told = [examine(scan_of(path), OcrOptions(), tmp_path).findings for path in (preview, moving)]
    assert [[(f.code, f.severity) for f in findings] for findings in told] == [
        [("EX-24", Severity.WARNING)],
        [("EX-24", Severity.INFO)],
    ]


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
def test_what_is_no_whole_image_is_told_in_words_and_not_by_the_name_of_a_fault(tmp_path: Path, name: str) -> None:
    heads = {"a.tif": b"II*\0\x08\0", "a.png": b"\x89PNG\r\n\x1a\n", "a.jpg": b"\xff\xd8\xff"}
    (tmp_path / name).write_bytes(heads[name] + bytes(40))
    facts = examine(scan_of(tmp_path / name), OcrOptions(), tmp_path)
    (told,) = [finding.text for finding in facts.findings if finding.code == "EX-04"]
    assert "beschädigt" in told
    assert "Error" not in told


def test_a_resolution_that_is_divided_by_zero_is_not_told_as_a_number(tmp_path: Path) -> None:
    Image.new("L", (2000, 2000), 255).save(tmp_path / "a.tif", dpi=(300, 300))
    data = bytearray((tmp_path / "a.tif").read_bytes())
    place = data.index(b"\x1a\x01\x05\0\x01\0\0\0") + 8  # XResolution, one fraction; then where it lies
    where = int.from_bytes(data[place : place + 4], "little")
    data[where + 4 : where + 8] = bytes(4)
    (tmp_path / "a.tif").write_bytes(data)
    (finding,) = examine(scan_of(tmp_path / "a.tif"), OcrOptions(), tmp_path).findings
    assert finding.code == "EX-19"
    assert "nan" not in finding.text


@pytest.mark.parametrize("name", ["scan.png", "scan.pdf"])
def test_a_file_that_the_sandbox_does_not_get_at_is_no_fault_of_the_scan(tmp_path: Path, name: str) -> None:
    """Below /dev the sandbox has a folder of its own: „Bitte neu scannen“ was said of every good scan there."""
    path = tmp_path / name
    path.write_bytes(b"%PDF-1.7\n" if name.endswith("pdf") else b"\x89PNG\r\n\x1a\n")

    def elsewhere(reader: str, payloads: Sequence[dict[str, Any]], **_: object) -> list[dict[str, Any] | SandboxDied]:
        module, function = reader.split(":")
        look = getattr(importlib.import_module(module), function)
        there = [{**payload, "path": f"{payload['path']}-nicht-da"} for payload in payloads]
        answers = [answer_of(json.dumps(answer_to(look, payload)).encode()) for payload in there]
        return [answer for answer in answers if answer is not None]

    with pytest.raises(Misconfigured, match="An den Scans liegt es nicht"):
        examine_each([scan_of(path)], OcrOptions(), tmp_path, elsewhere)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(("last", "back"), [(3, 1), (3, 2), (3, 3), (1, 1)])
def test_pages_of_a_tiff_that_run_in_a_circle_are_no_whole_file(
    tmp_path: Path, last: int, back: int, *, big: bool
) -> None:
    """The link that leads back stands where another page may have been: nobody can say that these are all."""
    path = tmp_path / "circle.tif"
    first, *others = (picture("L") for _ in range(last))
    first.save(path, save_all=True, append_images=others, dpi=(50, 50), big_tiff=big)
    assert not errors(examine(scan_of(path), OcrOptions(), tmp_path))
    offsets, data = page_offsets(path, 9), bytearray(path.read_bytes())
    count, entry, link = ("<Q", 20, "<Q") if big else ("<H", 12, "<I")
    (entries,) = struct.unpack_from(count, data, offsets[-1])
    struct.pack_into(link, data, offsets[-1] + struct.calcsize(count) + entries * entry, offsets[back - 1])
    path.write_bytes(data)
    facts = examine(scan_of(path), OcrOptions(), tmp_path)
    (finding,) = facts.findings
    assert (len(facts.pages), finding.code, finding.severity) == (last, "EX-04", Severity.ERROR)
    assert f"Auf Seite {last} folgt wieder Seite {back}." in finding.text
