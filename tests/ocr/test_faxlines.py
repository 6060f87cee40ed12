"""Lines of a fax that libtiff mends are heard, in every coding; no good fax is ever suspected."""

from __future__ import annotations

import _ctypes
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from akten.findings import Severity
from ocr.examine import examine_each
from ocr.faxlines import FaxFault, fax_faults
from ocr.options import OcrOptions
from tests.ocr.examined import codes, examine
from tests.ocr.faxes import EOL, GOOD, bytes_of, fax, g4, g4_strip, marked, one_way, saved, two_way
from tests.ocr.oddtiffs import SIZE, Page, strip_of, tiff, truth
from tests.ocr.papers import scan_of

OPTIONS = OcrOptions()
WHITE_0, WHITE_64, WHITE_1728 = "00110101", "11011", "010011011"  # T.4 tables 2 and 3
SHORT, LONG = WHITE_64 + WHITE_0, WHITE_1728 + WHITE_0
CODINGS = {  # as Pillow saves it, and how many of some ninety damaged pages may be told by nobody
    "rle": ("tiff_ccitt", {}, 5),
    "g3": ("group3", {"t292": 0}, 5),
    "g3-2d": ("group3", {"t292": 1}, 10),
    "g3-aligned": ("group3", {"t292": 4}, 6),
    "g4": ("group4", {}, 5),
}


def written() -> Image.Image:
    """A page with much small print: runs of every length, no line like the one before."""
    noise = np.random.default_rng(4).integers(0, 30, (SIZE[1] // 3, SIZE[0] // 5)) > 20
    return Image.fromarray((~noise).repeat(3, 0).repeat(5, 1))


def with_line(line: str, number: int = 100) -> list[str]:
    lines = one_way()
    lines[number] = line
    return lines


def test_no_good_fax_is_suspected_whatever_machine_wrote_it(tmp_path: Path) -> None:
    scans = []
    for name, build in GOOD.items():
        (tmp_path / name).write_bytes(build())
        with Image.open(tmp_path / name) as image:
            assert image.convert("1").tobytes() == truth("1").tobytes(), f"{name} is not the fax it should be"
        scans.append(scan_of(tmp_path / name))
    told = {scan.name: codes(facts) for scan, facts in zip(scans, examine_each(scans, OPTIONS, tmp_path), strict=True)}
    assert told == {name: set() for name in GOOD}


@pytest.mark.parametrize(
    "data",
    [
        fax(3, bytes_of(marked(with_line(SHORT))), t292=0),
        fax(3, bytes_of(marked(with_line(LONG))), t292=0),
        fax(3, bytes_of(marked(with_line(""))), t292=0),
        fax(3, bytes_of(marked(with_line(SHORT)) + EOL * 6), 2, t292=0),
        fax(3, bytes_of(marked(with_line(SHORT, 593)) + EOL * 6), t292=0),
        fax(3, bytes_of(marked(one_way()[:-3]) + EOL * 6), t292=0),
        fax(3, bytes_of(marked([*two_way()[:100], "1" + SHORT, *two_way()[101:]])), t292=1),
        fax(2, b"".join(bytes_of(line) for line in with_line(LONG))),
        fax(4, g4_strip(truth("1").crop((0, 0, SIZE[0], 500))), t262=0),
    ],
    ids=["short", "long", "empty", "fill2", "last", "three-lost", "2d", "rle", "g4-lines-lost"],
)
def test_a_line_too_long_or_too_short_is_told_though_its_codes_are_right(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(data)
    findings = examine(scan_of(path), OPTIONS, tmp_path).findings
    assert [(f.code, f.severity, f.where) for f in findings] == [("EX-23", Severity.WARNING, "Seite 1")]


def hole(strip: bytes, at: float, share: float = 0.1, filled: bytes = b"\0") -> bytes:
    """A block that a bad disk or a broken transfer did not deliver."""
    begin, size = int(len(strip) * at), int(len(strip) * share)
    return strip[:begin] + filled * size + strip[begin + size :]


NOISE = g4_strip(written())
LOST = {
    "g4-zeros": lambda: fax(4, hole(NOISE, 0.3), t262=0),
    "g4-zeros-from-a-line": lambda: fax(4, g4()[:30] + bytes(30) + g4()[60:], t262=0),
    "g4-bits": lambda: fax(4, hole(NOISE, 0.3, 0.02, b"\xff"), t262=0),
    "g3-zeros": lambda: fax(3, hole(bytes_of(marked(one_way())), 0.3), t292=0),
    "g3-many-lines": lambda: fax(3, bytes_of(marked([*one_way()[:-40], *[SHORT] * 40])), t292=0),
    "rle-many-lines": lambda: fax(2, b"".join(bytes_of(line) for line in [*one_way()[:-40], *[LONG] * 40])),
}


@pytest.mark.parametrize("kind", LOST)
def test_a_page_that_lost_many_lines_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(LOST[kind]())
    (finding,) = examine(scan_of(path), OPTIONS, tmp_path).findings
    assert (finding.code, finding.severity, finding.where) == ("EX-32", Severity.ERROR, "Seite 1")
    assert "Mehr als 5 % der Zeilen" in finding.text


@pytest.mark.parametrize(
    "data",
    [
        fax(4, hole(NOISE, 0.97, 0.01, b"\xff"), t262=0),  # all above it is whole
        fax(3, bytes_of(marked([*one_way()[:-20], *[SHORT] * 20])), t292=0),
        fax(3, bytes_of(marked(one_way()[:300]) + EOL * 6), t292=0),
    ],
    ids=["g4-near-the-end", "g3-few-lines", "g3-fewer-than-told"],
)
def test_a_page_that_lost_few_lines_is_told_and_kept(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(data)
    assert [(f.code, f.severity) for f in examine(scan_of(path), OPTIONS, tmp_path).findings] == [
        ("EX-23", Severity.WARNING)
    ]


def test_lines_that_are_all_a_little_off_lose_nothing(tmp_path: Path) -> None:
    """A machine that tells 1728 and sends 1730: everything can be read."""
    path = tmp_path / "fax.tif"
    path.write_bytes(fax(3, bytes_of(marked(one_way())), t292=0, t256=SIZE[0] + 2))
    with Image.open(path) as image:
        assert fax_faults(image, path) == {FaxFault.LINES}


def test_the_hole_of_one_strip_spoils_that_strip_only(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    for rows, lost in ((20, False), (200, True)):
        data = saved(written(), "group4", rows)
        path.write_bytes(data)
        with Image.open(path) as image:
            (offset, *_), (size, *_) = image.tag_v2[273], image.tag_v2[279]  # type: ignore[attr-defined]
        path.write_bytes(data[:offset] + hole(data[offset : offset + size], 0.2) + data[offset + size :])
        with Image.open(path) as image:
            assert (FaxFault.LOST in fax_faults(image, path)) is lost


def test_a_group_4_page_whose_data_end_early_is_incomplete(tmp_path: Path) -> None:
    """Libtiff leaves the rest of the page white and calls that a success."""
    path = tmp_path / "fax.tif"
    path.write_bytes(fax(4, g4(EOL * 2)[:-40]))
    with Image.open(path) as image:
        image.load()
        assert FaxFault.END in fax_faults(image, path)
    assert [(f.code, f.where) for f in examine(scan_of(path), OPTIONS, tmp_path).findings] == [("EX-05", "Seite 1")]


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
def test_the_damage_of_each_page_is_told_at_that_page(tmp_path: Path, order: str, big: bool) -> None:
    tags = {258: 1, 259: 3, 262: 1, 278: SIZE[1], 292: 0}
    good, bad = Page([bytes_of(marked(one_way()))], tags), Page([bytes_of(marked(with_line(SHORT)))], tags)
    path = tmp_path / "fax.tif"
    path.write_bytes(tiff(good, bad, good, bad, order=order, big=big))
    findings = examine(scan_of(path), OPTIONS, tmp_path).findings
    assert [(f.code, f.where) for f in findings] == [("EX-23", "Seite 2, 4")]


@pytest.mark.parametrize("coding", CODINGS)
def test_hardly_any_damage_gives_another_picture_unheard(tmp_path: Path, coding: str) -> None:
    """What is left are codes that were exchanged for others and still fill the line: a different, faultless fax."""
    compression, tags, allowed = CODINGS[coding]
    page = written()
    data = saved(page, compression, 100, **tags)
    (tmp_path / "good.tif").write_bytes(data)
    with Image.open(tmp_path / "good.tif") as image:
        strips = list(zip(image.tag_v2[273], image.tag_v2[279], strict=True))  # type: ignore[attr-defined]
    places = [place for offset, length in strips for place in range(offset + 3, offset + length - 3, length // 15)]
    other = []
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path = tmp_path / f"{place}.tif"
        path.write_bytes(damaged)
        with Image.open(path) as image:
            try:
                same = image.tobytes() == page.tobytes()
            except OSError:
                same = False
        if not same:
            other.append(scan_of(path))
    assert len(other) > 70
    facts = examine_each([scan_of(tmp_path / "good.tif"), *other], OPTIONS, tmp_path)
    assert not facts[0].findings
    unheard = [
        scan.name for scan, one in zip(other, facts[1:], strict=True) if not codes(one) & {"EX-23", "EX-05", "EX-32"}
    ]
    assert len(unheard) <= allowed


def test_a_library_that_does_not_show_its_names_leaves_the_page_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(fax(3, bytes_of(marked(with_line(SHORT))), t292=0))
    with Image.open(path) as image:
        assert fax_faults(image, path) == {FaxFault.LINES}
        assert fax_faults(image, path, extension=_ctypes.__file__) == {FaxFault.UNHEARD}


def test_a_tile_too_large_to_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(tiff(Page([strip_of("group4")[0]], {258: 1, 259: 4, 262: 1, 322: 65520, 323: 65520}, tiled=True)))
    with Image.open(path) as image, pytest.raises(MemoryError):
        fax_faults(image, path)


def test_a_file_that_is_gone_is_no_good_fax(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    path.write_bytes(GOOD["g4.tif"]())
    with Image.open(path) as image:
        path.unlink()
        with pytest.raises(OSError, match="does not open"):
            fax_faults(image, path)


def test_only_faxes_are_read_twice(tmp_path: Path) -> None:
    """Any other page is not even opened again."""
    path = tmp_path / "gone.tif"
    truth("L").save(path, compression="tiff_lzw")
    with Image.open(path) as image:
        path.unlink()
        assert fax_faults(image, path) == frozenset()
