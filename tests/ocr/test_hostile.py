"""Foreign files of every kind end in facts or a named finding: bounded in time, without traceback, hang or orphan."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from akten.files import FileFacts
from akten.findings import Severity
from ocr.examine import RULES, examine_each
from ocr.options import OcrOptions
from tests.ocr.papers import add, attached, form, image_page, pdf_file, picture, scan_of, script

# file of the samples → the code that must be among its findings (None: it must be usable)
EXPECTED: dict[str, str | None] = {
    "hostile/balloon_a1b_jp2k.pdf": None,
    "hostile/bomb_60k.png": "EX-06",
    "hostile/bomb_60k_g4.tif": "EX-06",
    "hostile/bomb_img_rgb_20000.pdf": "EX-06",
    "hostile/corruptionOneByteMissing.pdf": "EX-12",
    "hostile/deep_nest.pdf": "EX-04",
    "hostile/empty.pdf": "EX-01",
    "hostile/enc_aes256_emptyuser.pdf": "EX-11",
    "hostile/encryption_nocopy.pdf": "EX-11",
    "hostile/encryption_openpassword.pdf": "EX-10",
    "hostile/externalLink.pdf": "EX-17",
    "hostile/fileAttachment.pdf": "EX-16",
    "hostile/javascript.pdf": "EX-17",
    "hostile/nopdf.pdf": "EX-02",
    "hostile/page_loop.pdf": "EX-04",
    "hostile/pages_1000.pdf": "EX-26",
    "hostile/scan_attach_js.pdf": "EX-17",
    "hostile/text_only_fontsNotEmbedded.pdf": "EX-18",
    "hostile/text_only_pdfa1b.pdf": None,
    "hostile/veraPDFHiResWrongObjectID.pdf": "EX-13",
    "tiff/CCITT-G4-300dpi-StripByteCounts0.tif": "EX-20",
    "tiff/cmyk_jpeg_no_profile.tif": "EX-25",
    "tiff/fivepages-scan-causingerrors.tif": None,
    "tiff/floatingpoint-64bit.tif": "EX-04",
    "tiff/group3_2d_lsb2msb.tif": "EX-19",
    "tiff/jpeg-lossless-8bit-gray.tif": None,
    "tiff/lzw-colormap-iiobe.tif": None,
    "tiff/old-style-jpeg-multiple-strips.tif": None,
    "tiff/planar-yuv420-jpeg-lzw.tif": "EX-05",
    "tiff/scan-mono-iccgray.tif": None,
    "tiff/test-single-gray-compression-type-2.tiff": None,
    "pdf/encrypted.pdf": "EX-10",
    "pdf/hugemono.pdf": "EX-06",
    "pdf/poster.pdf": "EX-07",
    "pdf/livecycle.pdf": "EX-15",
    "pdf/signed.pdf": "EX-14",
    "pdf/acroform.pdf": "EX-15",
}


def examined(paths: list[Path], folder: Path) -> dict[str, FileFacts]:
    facts = examine_each([scan_of(path) for path in paths], OcrOptions(), folder)
    return {f"{path.parent.name}/{path.name}": found for path, found in zip(paths, facts, strict=True)}


def bad(facts: FileFacts) -> bool:
    return any(finding.severity is Severity.ERROR for finding in facts.findings)


def test_every_hostile_sample_ends_in_the_right_finding_in_bounded_time(samples: Path, tmp_path: Path) -> None:
    paths = sorted(path for name in ("hostile", "tiff", "pdf") for path in (samples / name).iterdir() if path.is_file())
    started = time.monotonic()
    found = examined(paths, tmp_path)
    assert time.monotonic() - started < 60
    assert set(EXPECTED) <= set(found)
    for name, code in EXPECTED.items():
        codes = {finding.code for finding in found[name].findings}
        if code is None:
            assert not bad(found[name]), (name, found[name].findings)
        else:
            assert code in codes, (name, found[name].findings)
    for name, facts in found.items():
        assert facts.pages or bad(facts), name
        assert {finding.code for finding in facts.findings} <= set(RULES) - {"EX-21"}, name


def test_what_is_not_hostile_is_found_good(samples: Path, tmp_path: Path) -> None:
    suffixes = {".jpg", ".png", ".tif", ".tiff", ".pdf"}
    folders = ("typed", "print", "bilevel", "archival", "rotated", "plan", "derived", "fraktur")
    paths = sorted(path for name in folders for path in (samples / name).iterdir() if path.suffix in suffixes)
    found = examined(paths, tmp_path)
    assert len(found) > 20
    assert not {name: facts.findings for name, facts in found.items() if bad(facts)}
    written = {"plan/site_plan_24x36in_vector.pdf"}
    assert {name for name, facts in found.items() if not facts.scan_only} == written


# --- mutations --------------------------------------------------------------------------------------------------------


def originals(folder: Path) -> list[Path]:
    """One good file of each kind."""
    folder.mkdir()
    picture("1").save(folder / "g4.tif", compression="group4", dpi=(50, 50))
    picture("RGB").save(folder / "lzw.tif", compression="tiff_lzw", dpi=(50, 50))
    picture("RGB").save(folder / "farbe.jpg", dpi=(50, 50))
    picture("P").save(folder / "palette.png", dpi=(50, 50))
    picture("L").save(folder / "bild.jp2")
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        image_page(pdf, picture())
        add(pdf, b"BT /F1 10 Tf 72 72 Td (Text) Tj ET")
        attached(pdf)
        form(pdf)
        pdf.Root.OpenAction = script()
        pdf.save(folder / "alles.pdf", object_stream_mode=pikepdf.ObjectStreamMode.disable)
        pdf.save(folder / "gepackt.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return sorted(folder.iterdir())


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The same bytes with one kind of damage."""
    out = bytearray(data)
    match chance.randrange(5):
        case 0:
            for _ in range(chance.randint(1, 20)):
                out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
        case 1:
            del out[chance.randrange(1, len(out)) :]
        case 2:
            start = chance.randrange(len(out))
            del out[start : start + chance.randint(1, 200)]
        case 3:
            start = chance.randrange(len(other))
            place = chance.randrange(len(out))
            out[place:place] = other[start : start + chance.randint(1, 2000)]
        case _:
            place = chance.randrange(len(out))
            out[place : place + 8] = chance.choice([b"\xff" * 8, b"\0" * 8, b"99999999", b"-1 0 R  "])
    return bytes(out)


def mutants(folder: Path, count: int, seed: int) -> list[Path]:
    chance = random.Random(seed)
    sources = originals(folder / "gut")
    target = folder / "krank"
    target.mkdir()
    made = []
    for number in range(count):
        source, other = sources[number % len(sources)], chance.choice(sources)
        path = target / f"{number:04d}{source.suffix}"
        path.write_bytes(mutated(source.read_bytes(), other.read_bytes(), chance))
        made.append(path)
    return made


def survive(paths: list[Path], folder: Path) -> None:
    """Each mutant ends in facts; none kills its reader (EX-21 would tell an exception that nobody foresaw)."""
    started = time.monotonic()
    found = examined(paths, folder)
    assert time.monotonic() - started < 10 + 0.5 * len(paths)
    for name, facts in found.items():
        assert facts.pages or bad(facts), name
        assert not [finding for finding in facts.findings if finding.code == "EX-21"], (name, facts.findings)
        assert all(finding.code in RULES and finding.text for finding in facts.findings)
    assert not list(folder.glob("call-*"))


def test_mutants_of_every_kind_end_in_facts(tmp_path: Path) -> None:
    survive(mutants(tmp_path, 70, seed=20260101), tmp_path)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(20))
def test_many_mutants_end_in_facts(tmp_path: Path, seed: int) -> None:
    survive(mutants(tmp_path, 350, seed=seed), tmp_path)


# --- limits at work ---------------------------------------------------------------------------------------------------


def test_each_limit_of_the_examination_works(tmp_path: Path) -> None:
    """Pixels, pages, page size and stream bytes are refused from the header, without decoding, within seconds."""
    Image.new("1", (30_000, 30_000)).save(tmp_path / "pixel.tif", compression="group4", dpi=(300, 300))
    blanks = [Image.new("1", (8, 8)) for _ in range(40)]
    blanks[0].save(tmp_path / "seiten.tif", save_all=True, append_images=blanks[1:])
    pdf_file(tmp_path / "strom.pdf", _long_content)
    pdf_file(tmp_path / "gross.pdf", lambda pdf: setattr(pdf.pages[0], "MediaBox", [0, 0, 20_000, 20_000]))
    paths = [tmp_path / name for name in ("pixel.tif", "seiten.tif", "strom.pdf", "gross.pdf")]
    options = OcrOptions(max_pages=30, max_stream_bytes=1 << 20)
    started = time.monotonic()
    facts = examine_each([scan_of(path) for path in paths], options, tmp_path)
    assert time.monotonic() - started < 10
    assert [[f.code for f in found.findings if f.severity is Severity.ERROR] for found in facts] == [
        ["EX-06"],
        ["EX-08"],
        ["EX-09"],
        ["EX-07"],
    ]


def _long_content(pdf: pikepdf.Pdf) -> None:
    import zlib

    content = pdf.make_stream(b"")
    content.write(zlib.compress(b"0 0 m " * (1 << 19), 9), filter=pikepdf.Name.FlateDecode)
    pdf.pages[0].Contents = content
