"""Foreign files of every kind end in facts or a named finding: bounded in time, without traceback, hang or orphan."""

from __future__ import annotations

import time
from pathlib import Path

from akten.files import FileFacts, FileKind, PageFacts
from akten.findings import Severity
from ocr.examine import RULES, examine_each
from ocr.filefacts import facts_as_json
from ocr.options import OcrOptions
from tests.ocr.papers import pdf_file, scan_of

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


def test_facts_that_no_reader_of_ours_could_tell_are_no_facts(tmp_path: Path) -> None:
    """The child that opened the file may have been taken over: what it says is a finding about the file, or nothing."""
    scan = scan_of(pdf_file(tmp_path / "a.pdf"))
    page = PageFacts(1, 210.0, 297.0, width_px=float("inf"))  # type: ignore[arg-type]
    told = facts_as_json(FileFacts(FileKind.PDF, "application/pdf", (page,)))
    (facts,) = examine_each([scan], OcrOptions(), tmp_path, lambda *_asked, **_how: [told])
    assert [finding.code for finding in facts.findings] == ["EX-21"]
