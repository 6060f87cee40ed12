"""What is missing of an image is told, though Pillow reads on; pixels that Pillow reads wrongly are not believed."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from akten.files import FileFacts
from akten.findings import Severity
from ocr.jp2depth import misread_bits
from ocr.jpegends import to_open
from ocr.options import OcrOptions
from ocr.pageimage import read_rows, to_gray
from ocr.wholeness import _sound, missing_part
from tests.ocr.examined import codes, errors, examine
from tests.ocr.oddimages import EVERY, array, chunk, saved
from tests.ocr.oddtiffs import SIZE, Page, backwards, rows_of, strips_of, tiff, truth
from tests.ocr.papers import scan_of

OPTIONS = OcrOptions()
WIDTH, HEIGHT = SIZE
RGB = {258: [8] * 3, 262: 2, 277: 3}


def seen(data: bytes, folder: Path, name: str = "bild") -> FileFacts:
    (folder / name).write_bytes(data)
    return examine(scan_of(folder / name), OPTIONS, folder)


def told(facts: FileFacts) -> str:
    return " ".join(finding.text for finding in facts.findings if finding.severity is Severity.ERROR)


def rows(count: int, *, interlaced: bool = False) -> bytes:
    """A PNG whose picture ends after so many lines, faultless in all else."""
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, int(interlaced))
    data = b"".join(b"\0" + line.tobytes() for line in array()[:count])
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


@pytest.mark.parametrize("interlaced", [False, True])
def test_a_png_with_too_few_rows_is_refused(tmp_path: Path, interlaced: bool) -> None:
    facts = seen(rows(HEIGHT // 2, interlaced=interlaced), tmp_path)
    assert errors(facts) == {"EX-05"}
    assert not errors(seen(rows(HEIGHT), tmp_path, "ganz"))


def test_what_follows_the_last_row_of_a_png_does_not_matter(tmp_path: Path) -> None:
    """Nor does it end the examination when it is damaged."""
    data = zlib.compress(b"".join(b"\0" + line.tobytes() for line in array()), 0)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    for number, packed_rows in enumerate((data[:-4] + b"junk", data[:-4], data[:3000] + b"junk" * 99 + data[3400:])):
        chunks = [(b"IHDR", head), (b"IDAT", packed_rows), (b"IEND", b"")]
        (tmp_path / "bild.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks))
        with Image.open(tmp_path / "bild.png") as image:
            assert isinstance(missing_part(image, tmp_path / "bild.png"), str), number
        facts = examine(scan_of(tmp_path / "bild.png"), OPTIONS, tmp_path)
        assert "EX-21" not in codes(facts)


@pytest.mark.parametrize(
    ("changed", "checked", "fine"),
    [(False, True, True), (False, False, True), (True, False, False)],
    ids=["good", "only the sum of the chunks is false", "a damaged row"],
)
def test_rows_of_a_png_are_believed_by_one_of_their_two_checksums(
    changed: bool, checked: bool, fine: bool, tmp_path: Path
) -> None:
    """Pillow asks neither once it has all rows: unpacked data with two false bits were archived without a word."""
    data = bytearray(zlib.compress(b"".join(b"\0" + line.tobytes() for line in array()), 0))
    if changed:
        data[300_000] ^= 128
        data[400_000] ^= 1
    pieces = [bytes(data[:-4][start : start + 8192]) for start in range(0, len(data) - 4, 8192)] + [bytes(data[-4:])]
    chunks = [chunk(b"IDAT", piece) for piece in pieces]
    if not checked:
        chunks = [piece[:-4] + b"sum?" for piece in chunks]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
    facts = seen(b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b""), tmp_path, "bild.png")
    assert errors(facts) == (set() if fine else {"EX-05"})


@pytest.mark.parametrize("broken", [b"", b"\0\0\0\3IDATabc", b"\0\0\0\4IHDRabcd", b"\0\0\0\x0dIHDR" + bytes(13)])
def test_a_png_of_nothing_is_no_riddle(broken: bytes, tmp_path: Path) -> None:
    (tmp_path / "bild.png").write_bytes(b"\x89PNG\r\n\x1a\n" + broken)
    image = Image.new("L", (3, 3))
    image.format = "PNG"
    assert isinstance(missing_part(image, tmp_path / "bild.png"), str)


def strips(count: int, **tags: object) -> bytes:
    pieces = strips_of(rows_of("RGB"), WIDTH * 3, 100)[:count]
    return tiff(Page(pieces, {**RGB, 278: 100, **{int(tag[1:]): value for tag, value in tags.items()}}))


@pytest.mark.parametrize(
    "data",
    [
        strips(3),
        strips(6, t279=[WIDTH * 300] * 3 + [0] + [WIDTH * 300] * 2),
        tiff(Page([array()[:, :, 0].tobytes()], {258: [8] * 3, 262: 2, 277: 3, 278: HEIGHT, 284: 2})),
    ],
    ids=["too few strips", "an empty strip", "a lost plane"],
)
def test_a_tiff_with_missing_strips_is_refused(data: bytes, tmp_path: Path) -> None:
    facts = seen(data, tmp_path)
    assert errors(facts) == {"EX-05"}
    assert "Bildstreifen fehlen" in told(facts)


@pytest.mark.parametrize("level", [0, 6])
def test_a_damaged_strip_is_known_by_its_end(level: int, tmp_path: Path) -> None:
    """The codes stay legal and fill the rows, so that libtiff never comes to the end of the data."""
    good = zlib.compress(rows_of("RGB")[: WIDTH * 300], level)
    whole = tiff(Page(strips_of(rows_of("RGB"), WIDTH * 3, 100), {**RGB, 278: 100}))
    packed_ones = [zlib.compress(strip, level) for strip in strips_of(rows_of("RGB"), WIDTH * 3, 100)]
    assert not errors(seen(tiff(Page(packed_ones, {**RGB, 259: 8, 278: 100})), tmp_path, "ganz"))
    assert not errors(seen(whole, tmp_path, "ungepackt"))
    bad = [good[:200] + bytes(400) + good[600:], *packed_ones[1:]]
    facts = seen(tiff(Page(bad, {**RGB, 259: 8, 278: 100})), tmp_path)
    assert errors(facts) == {"EX-05"}


@pytest.mark.parametrize(("end", "fine"), [(b"", True), (b"\0" * 4, False)])
def test_packed_data_without_checksum_are_enough_but_a_false_one_is_not(end: bytes, fine: bool) -> None:
    assert _sound(zlib.compress(b"Zeile" * 999)[:-4] + end, 5 * 999) is fine
    endless = zlib.compress(bytes(9000))[:-6]
    assert not _sound(endless, 1000)


def test_of_good_images_nothing_is_missing(tmp_path: Path) -> None:
    for name, (build, code) in EVERY.items():
        (tmp_path / name).write_bytes(build())
        if code:
            continue
        with Image.open(to_open(tmp_path / name)) as image:
            assert missing_part(image, tmp_path / name) == "", name


def test_a_preview_that_hides_the_real_picture_is_refused(tmp_path: Path) -> None:
    small = truth("L", (100, 141))
    page = Page([small.tobytes()], {254: 1, 330: 8}, size=small.size)
    assert "SubIFD" in told(seen(tiff(page), tmp_path))
    assert errors(seen(tiff(Page([small.tobytes()], {254: 1}, size=small.size)), tmp_path, "nur")) == set()


def codestream(bits: int, colours: int) -> bytes:
    image = saved(truth("L" if colours == 1 else "RGB"), "JPEG2000", no_jp2=True)
    place = image.index(b"\xff\x51") + 40
    return image[:place] + bytes([bits - 1, 1, 1] * colours) + image[place + 3 * colours :]


@pytest.mark.parametrize(
    ("bits", "colours", "wrong"), [(1, 1, 1), (4, 1, 4), (8, 1, 0), (12, 1, 0), (16, 1, 0), (8, 3, 0), (16, 3, 16)]
)
def test_jpeg2000_of_depths_that_are_misread_is_known(bits: int, colours: int, wrong: int, tmp_path: Path) -> None:
    (tmp_path / "bild.j2k").write_bytes(codestream(bits, colours))
    assert misread_bits(tmp_path / "bild.j2k") == wrong


def test_what_pillow_misreads_is_not_archived(tmp_path: Path) -> None:
    four = seen(codestream(4, 1), tmp_path, "bild.j2k")
    assert errors(four) == {"EX-30"}
    assert "4 Bit" in told(four)
    signed = (array("L").astype(np.int16) - 128).astype(np.int8).tobytes()
    assert errors(seen(tiff(Page([signed], {339: 2})), tmp_path, "signed.tif")) == {"EX-30"}


def planes(colours: np.ndarray, bits: int, coding: int, **tags: object) -> bytes:
    """A TIFF with one plane after the other."""
    kind = "<u2" if bits == 16 else "u1"
    strips = [(colours[:, :, place].astype(np.uint32) * ((1 << bits) - 1) // 255).astype(kind).tobytes()
              for place in range(colours.shape[2])]  # fmt: skip
    strips = [zlib.compress(strip) for strip in strips] if coding == 8 else strips
    strips = [backwards(strip) for strip in strips] if tags.get("t266") == 2 else strips
    told = {258: [bits] * len(strips), 259: coding, 277: len(strips), 284: 2, 278: colours.shape[0]}
    return tiff(Page(strips, told | {int(name[1:]): value for name, value in tags.items()}))


def with_alpha(colours: np.ndarray) -> np.ndarray:
    return np.dstack([colours, np.full(colours.shape[:2], 255, np.uint8)])


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (planes(array(), 8, 1, t262=2), False),
        (planes(array(), 8, 8, t262=2), False),
        (planes(array(), 16, 8, t262=2), False),
        (planes(array(), 16, 1, t262=2), False),
        (planes(array(), 8, 1, t262=2, t266=2), False),
        (planes(with_alpha(array("L")), 8, 8, t262=1, t338=2), True),
    ],
)
def test_planes_that_pillow_mixes_up_are_refused_and_others_are_not(data: bytes, wrong: bool, tmp_path: Path) -> None:
    """By Pillow alone three planes with 16 bits come out twice as large, four times over, without a word."""
    assert errors(seen(data, tmp_path, "ebenen.tif")) == ({"EX-30"} if wrong else set())
    if wrong:
        return
    with Image.open(tmp_path / "ebenen.tif") as image:
        read_rows(image)
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - array()).max() <= 1


def test_a_tiff_that_does_not_say_which_value_is_white_is_shown_to_a_person(tmp_path: Path) -> None:
    data = array("L").tobytes()
    assert codes(seen(tiff(Page([data], {262: []})), tmp_path, "stumm.tif")) == {"EX-30"}
    assert not errors(seen(tiff(Page([data], {262: []})), tmp_path, "stumm.tif"))
    assert not codes(seen(tiff(Page([data], {262: 1})), tmp_path, "klar.tif"))


@pytest.mark.parametrize(
    ("bits", "tags"),
    [(16, {262: 0}), (16, {}), (12, {})],
)
def test_deep_gray_comes_out_as_it_was_meant(bits: int, tags: dict[int, int], tmp_path: Path) -> None:
    values = array("L").astype(np.uint32) * 257 >> 16 - bits
    if tags.get(262) == 0:
        values = (1 << bits) - 1 - values
    if bits == 12:
        pairs = values.reshape(-1, 2)
        data = np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=1)
        data = data.astype(np.uint8).tobytes()
    else:
        data = values.astype("<u2").tobytes()
    facts = seen(tiff(Page([data], {258: bits, **tags})), tmp_path, "tief.tif")
    assert not errors(facts)
    with Image.open(tmp_path / "tief.tif") as image:
        image.load()
        assert np.abs(np.asarray(to_gray(image)).astype(int) - array("L")).max() <= 1


@pytest.mark.parametrize("ink", [0, 60])
def test_ink_of_the_colour_that_is_not_shown_is_told_on_a_plan_too(ink: int, tmp_path: Path) -> None:
    """Beyond what lies in memory in four colours; with other ink on it the page shows something, and is taken."""
    page = Image.new("L", (9000, 6000), 255)
    page.paste(0, (100, 200, 900, 400))
    page.paste(ink, (100, 5000, 900, 5200))
    found = errors(seen(saved(page, "PNG", transparency=0), tmp_path, "plan.png"))
    assert found == ({"EX-30"} if ink == 0 else set())
