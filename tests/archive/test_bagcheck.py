"""The judge says the right word of every bag that breaks one thing, and of odd ones that break none."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import bagit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akten.findings import Severity
from archive.bagcheck import RULES, BagReport, Limits, check_bag, check_tar, judge_path
from archive.bagnotes import Notes
from archive.bagtags import tag_lines
from archive.bagtar import TarBag
from tests.bagbuilder import BagBuilder, append, swap, tar_of
from tests.bagcases import NFC, NFD, Case, folders
from tests.baggood import Good, bags
from tests.bagtars import FILES, good_tars, member, one_way, pax, plain, tars

ROOT = Path(__file__).resolve().parents[2]
BROKEN = list(folders())
TARS = list(tars())
GOOD = list(bags())


def verdict_is_right(case: Case, report: BagReport) -> list[str]:
    """What is wrong with the report, in words; nothing when it is right."""
    codes = {finding.code for finding in report.findings}
    errors = {finding.code for finding in report.findings if finding.severity is Severity.ERROR}
    faults = []
    if report.judgement != case.verdict:
        faults.append(f"{report.judgement} instead of {case.verdict}")
    if case.code not in codes:
        faults.append(f"{case.code} not among {sorted(codes)}")
    if surplus := errors - {case.code} - case.also:
        faults.append(f"errors too many: {sorted(surplus)}")
    if unknown := codes - RULES.keys():
        faults.append(f"not in RULES: {sorted(unknown)}")
    return faults


def test_case_names_are_unique_and_enough() -> None:
    assert len({case.name for case in BROKEN}) == len(BROKEN) >= 100


@pytest.mark.parametrize("case", [case for case in BROKEN if case.code == "BG-29"], ids=lambda case: case.name)
def test_no_line_is_named_before_the_first(case: Case, tmp_path: Path) -> None:
    told = [f.text for f in judge_path(case.make(tmp_path)).findings if f.code == "BG-29"]
    assert told
    assert all(text.startswith("In der Datei stehen Bytes, die nicht ") for text in told)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_folder_earns_its_code_and_no_other(case: Case, tmp_path: Path) -> None:
    report = judge_path(case.make(tmp_path))
    assert verdict_is_right(case, report) == [], report.findings


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_an_odd_but_good_bag_passes(case: Good, tmp_path: Path) -> None:
    report = judge_path(case.make(tmp_path))
    warned = {finding.code for finding in report.findings}
    assert report.judgement == ("valid-with-warning" if case.code else "valid"), report.findings
    assert case.code == "*" or warned == ({case.code} if case.code else set())


def test_one_bit_in_any_payload_file_of_an_odd_but_good_bag_is_found(tmp_path: Path) -> None:
    """Whatever its name, its twin, its encoding or its version: nothing hides a file from being compared."""
    unseen = []
    for number, case in enumerate(GOOD):
        (tmp_path / str(number)).mkdir()
        root = case.make(tmp_path / str(number))
        for path in sorted(root.glob("data/*")):
            if path.is_file() and (raw := path.read_bytes()):
                path.write_bytes(bytes([raw[0] ^ 1]) + raw[1:])
                if "BG-20" not in {finding.code for finding in judge_path(root).findings}:
                    unseen.append((case.name, path.name))
                path.write_bytes(raw)
    assert unseen == []


@pytest.mark.parametrize("case", TARS, ids=lambda case: case.name)
def test_a_broken_tar_earns_its_code_and_no_other(case: Case, tmp_path: Path) -> None:
    """The same from the file, from a seekable stream and from one that passes by once."""
    path = case.make(tmp_path)
    for report in (judge_path(path), check_tar(one_way(path.read_bytes()))):
        assert verdict_is_right(case, report) == [], report.findings
    with path.open("rb") as stream:
        assert verdict_is_right(case, check_tar(stream)) == []


@pytest.mark.parametrize("name", good_tars())
def test_a_good_tar_passes_whoever_made_it(name: str, tmp_path: Path) -> None:
    data = good_tars()[name]
    (tmp_path / "bag.tar").write_bytes(data)
    for report in (judge_path(tmp_path / "bag.tar"), check_tar(one_way(data))):
        assert report.judgement == "valid", report.findings


def test_a_tar_of_the_folder_here_is_odd_and_refused_at_intake() -> None:
    """`tar -cf bag.tar ./bag` writes names that begin with "./"."""
    data = tar_of(FILES, root="./bag/")
    for intake, verdict in ((False, "valid-with-warning"), (True, "invalid")):
        report = check_tar(io.BytesIO(data), intake=intake)
        assert (report.judgement, {finding.code for finding in report.findings}) == (verdict, {"BG-83"})


@pytest.mark.parametrize("here", ["./", "."])
def test_a_tar_may_begin_with_the_folder_around_its_root_folder(here: str) -> None:
    """`tar -cf bag.tar .` beside the bag writes "./" first, then "./bag/"; without a bag below, it is still bare."""
    around = member(here, kind=tarfile.DIRTYPE)
    for intake, verdict in ((False, "valid-with-warning"), (True, "invalid")):
        report = check_tar(io.BytesIO(around + tar_of(FILES, root="./bag/")), intake=intake)
        assert (report.judgement, {finding.code for finding in report.findings}) == (verdict, {"BG-83"})
    bare = check_tar(io.BytesIO(around + tar_of(FILES, root="./")))
    assert "BG-75" in {finding.code for finding in bare.findings}


def test_every_verdict_of_the_corpus_is_right(tmp_path: Path) -> None:
    """The count that is reported: broken folders and tars by code, good ones by word."""
    wrong = [
        case.name
        for number, case in enumerate([*BROKEN, *TARS])
        if verdict_is_right(case, judge_path(_made(case, tmp_path, number)))
    ]
    assert wrong == []


def _made(case: Case, folder: Path, number: int) -> Path:
    own = folder / str(number)
    own.mkdir()
    return case.make(own)


REFUSED_AT_INTAKE = (
    Case("BG-36_case_twins", lambda f: BagBuilder(payload={"data/A": b"", "data/a": b""}).folder(f / "b")),
    Case("BG-36_form_twins", lambda f: BagBuilder(payload={NFC: b"", NFD: b""}).folder(f / "b")),
    Case("BG-36_folder_twins", lambda f: BagBuilder(payload={"data/A/x": b"", "data/a/y": b""}).folder(f / "b")),
    Case("BG-36_file_and_folder", lambda f: BagBuilder(payload={"data/A": b"", "data/a/y": b""}).folder(f / "b")),
    Case("BG-36_eszett", lambda f: BagBuilder(payload={"data/ß": b"", "data/SS": b""}).folder(f / "b")),
    Case("BG-39_line_feed", lambda f: BagBuilder(payload={"data/a\nb": b""}).folder(f / "b")),
    Case("BG-39_nbsp", lambda f: BagBuilder(payload={"data/a\u00a0": b""}).folder(f / "b")),
    Case("BG-32_backslash", lambda f: BagBuilder(payload={"data/a\\b": b""}).folder(f / "b")),
    Case("BG-40_fetch", lambda f: BagBuilder(extra={"fetch.txt": b""}).folder(f / "b")),
    Case("BG-37_crooked", lambda f: BagBuilder(spell=lambda path: path.replace("/b", "/./b")).folder(f / "b")),
)


@pytest.mark.parametrize("case", REFUSED_AT_INTAKE, ids=lambda case: case.name)
def test_intake_refuses_what_is_only_odd_elsewhere(case: Case, tmp_path: Path) -> None:
    root = case.make(tmp_path)
    assert judge_path(root).judgement == "valid-with-warning"
    assert verdict_is_right(case, judge_path(root, intake=True)) == []


def test_reading_one_algorithm_only_is_never_called_valid(tmp_path: Path) -> None:
    report = check_bag(BagBuilder().folder(tmp_path / "b"), algorithms=["sha256"])
    assert report.judgement == "unchecked"
    assert report.algorithms == ("sha256",)
    assert {finding.code for finding in report.findings} == {"BG-66"}


def test_reading_one_algorithm_only_still_finds_damage(tmp_path: Path) -> None:
    root = BagBuilder(late={"data/a.txt": swap("E", "D")}).folder(tmp_path / "b")
    assert check_bag(root, algorithms=["sha256"]).judgement == "invalid"


def test_a_report_counts_files_bytes_and_algorithms(tmp_path: Path) -> None:
    report = check_bag(BagBuilder().folder(tmp_path / "b"))
    assert (report.files, report.bytes, report.algorithms, report.version) == (2, 25, ("sha256", "sha512"), "1.0")


def _many(folder: Path) -> Path:
    """More than one batch of files, so that the later ones are still unread when the first are reported."""
    payload = {f"data/{n:02d}": bytes([n]) * 5_000_000 for n in range(4)}
    return BagBuilder(payload=payload, algorithms=("sha256",)).folder(folder / "b")


@pytest.mark.parametrize("what", ["grow", "rewrite", "remove", "to_fifo", "to_link"])
def test_a_file_that_changes_meanwhile_is_unchecked_not_damaged(what: str, tmp_path: Path) -> None:
    root = _many(tmp_path)
    last = root / "data" / "03"

    def meddle(done: int, total: int) -> None:
        assert 0 <= done <= total
        if not last.is_file() or last.is_symlink() or last.stat().st_size != 5_000_000:
            return
        if what == "grow":
            with last.open("ab") as stream:
                stream.write(b"x")
        elif what == "rewrite":
            last.write_bytes(b"y")
        else:
            last.unlink()
            if what == "to_fifo":
                os.mkfifo(last)
            elif what == "to_link":
                last.symlink_to("00")

    report = check_bag(root, progress=meddle, limits=Limits(workers=1))
    assert report.judgement == "unchecked", report.findings
    assert {finding.code for finding in report.findings} <= {"BG-62", "BG-63"}
    assert report.algorithms == ()  # none was computed for every file that it lists


def test_an_unreadable_file_or_folder_is_unchecked(tmp_path: Path) -> None:
    """Run as nobody where the tests run as root, for whom nothing is unreadable."""
    root = BagBuilder().folder(tmp_path / "b")
    for name in ("a.txt", "sub", "."):
        (root / "data" / name).chmod(0)
        code = (
            "import os, sys\nfrom pathlib import Path\nfrom archive.bagcheck import check_bag\n"
            "path = Path('.')\n"
            "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "report = check_bag(path)\nprint(report.judgement, *sorted({f.code for f in report.findings}))"
        )
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        found = subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True)
        assert found.stderr == ""
        verdict, *seen = found.stdout.split()
        assert (verdict, seen) == ("unchecked", ["BG-62"])
    (root / "data").chmod(0o755)
    (root / "data" / "sub").chmod(0o755)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(entries=1), "BG-64"),
        (Limits(manifest_bytes=10), "BG-30"),
        (Limits(info_bytes=5), "BG-30"),
        (Limits(line_characters=40), "BG-30"),
        (Limits(depth=1), "BG-64"),
        (Limits(manifests=1), "BG-30"),
    ],
)
def test_beyond_a_budget_nothing_is_called_valid(limits: Limits, code: str, tmp_path: Path) -> None:
    report = check_bag(BagBuilder(payload={"data/a/b/c/d": b"x", "data/e": b""}).folder(tmp_path / "b"), limits=limits)
    assert report.judgement in ("unchecked", "invalid")
    assert code in {finding.code for finding in report.findings}


def test_a_manifest_of_too_many_lines_is_not_read_to_its_end(tmp_path: Path) -> None:
    for name in ("manifest-sha256.txt", "fetch.txt"):
        lines = "".join(f"{'ab' * 32}  data/{number}\n" for number in range(20))
        root = BagBuilder(edits={name: append(lines)}).folder(tmp_path / name)
        assert "BG-30" in {finding.code for finding in check_bag(root, limits=Limits(entries=12)).findings}


def test_findings_of_one_kind_are_capped_and_counted(tmp_path: Path) -> None:
    payload = {f"data/{number}": b"" for number in range(150)}
    root = BagBuilder(payload=payload, edits={"manifest-sha256.txt": lambda _: b""}, info=None).folder(tmp_path / "b")
    report = check_bag(root)
    assert len([finding for finding in report.findings if finding.code == "BG-19"]) == 101
    assert report.findings[-1].text.startswith("und 50 weitere")


def test_a_path_without_a_bag_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("nowhere")
    for name, verdict in (("none", "unchecked"), ("fifo", "invalid"), ("link", "unchecked"), ("a\0b", "unchecked")):
        for judge in (judge_path, check_bag, check_tar):
            report = judge(tmp_path / name)
            assert (report.judgement, [finding.code for finding in report.findings]) == (verdict, ["BG-67"])
    assert check_bag(BagBuilder().folder(tmp_path / "b") / "bagit.txt").judgement == "invalid"


def test_a_folder_that_is_no_bag_is_not_walked_through(tmp_path: Path) -> None:
    """Thousands of folders below would else be looked at, only to say what the first look tells."""
    (tmp_path / "b" / "data" / "deep").mkdir(parents=True)
    os.mkfifo(tmp_path / "b" / "data" / "deep" / "fifo")
    report = check_bag(tmp_path / "b")
    assert (report.judgement, [finding.code for finding in report.findings]) == ("invalid", ["BG-01"])


def test_the_bag_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    BagBuilder().folder(tmp_path / "b")
    (tmp_path / "link").symlink_to("b")
    assert judge_path(tmp_path / "link").judgement == "valid"


def test_a_judge_writes_nothing(tmp_path: Path) -> None:
    root = BagBuilder(late={"data/a.txt": swap("E", "D")}).folder(tmp_path / "b")
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(tmp_path.rglob("*"))}
    judge_path(root)
    assert before == {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(tmp_path.rglob("*"))}


def test_long_and_deep_names_in_a_tar_cost_nothing() -> None:
    """Half a million folders in one name, or many accents to be put in order, are refused at once."""
    for name in (b"bag/data/" + b"d/" * 400_000 + b"f", b"bag/data/" + "\u0301\u0316".encode() * 100_000):
        report = check_tar(io.BytesIO(pax(b"path=" + name) + plain(b"bag/x") + bytes(1024)))
        assert report.judgement == "unchecked"
        assert {finding.code for finding in report.findings} == {"BG-64"}


def test_hostile_lines_in_a_manifest_are_cheap(tmp_path: Path) -> None:
    """Lines of many accents, of many slashes, and nothing but line ends: seconds at most, never a crash."""
    accents = "\u0301\u0316" * 30_000
    text = "".join(f"{'ab' * 32}  data/{number}{accents}\n" for number in range(20)) + "\r" * 300_000
    text += "".join(f"{'ab' * 32}  data/{number}{'/x' * 30_000}\n" for number in range(20))
    root = BagBuilder(edits={"manifest-sha256.txt": append(text)}).folder(tmp_path / "b")
    (root / "data" / "link").symlink_to("x")
    began = time.process_time()
    assert check_bag(root).judgement == "invalid"
    assert time.process_time() - began < 5


TEXTS = st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-md5.txt", "fetch.txt"]),
    text=TEXTS,
)
def test_any_bytes_in_a_tag_file_get_a_verdict(name: str, text: bytes) -> None:
    """Nothing crashes the judge, in a tar so that no disk is needed; both ways of reading say the same."""
    raw = tar_of({**BagBuilder(algorithms=("sha256",), tag_algorithms=()).files(), name: text})
    twice, once = check_tar(io.BytesIO(raw)), check_tar(one_way(raw))
    assert twice == once
    assert twice.version or twice.judgement != "valid"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 65535, 65536, 65537])
def test_lines_are_cut_alike_wherever_a_block_ends(size: int) -> None:
    """CR, LF and CRLF on both sides of the edge of a block."""
    text = "x" * (65536 - size) + "\r\n" + "a\rb\n\r\nc\r\r\n" + "d" * size + "\r"
    raw = tar_of({"fetch.txt": text.encode()})
    notes = Notes(intake=False, most=9)
    lines = tag_lines(
        TarBag(io.BytesIO(raw), notes, Limits()), "fetch.txt", "utf-8", notes, Limits(line_characters=10**6), 10**7
    )
    assert [line for _, line in lines] == re.split(r"\r\n|\n|\r", text)[:-1]


def test_every_rule_has_a_case() -> None:
    """Codes of the corpus, and of the tests that name them."""
    named = {case.code for case in (*BROKEN, *TARS, *REFUSED_AT_INTAKE)} | {case.code for case in GOOD}
    texts = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_bag*.py"))
    assert {code for code in RULES if code not in named and code not in texts} == set()


@pytest.mark.parametrize(("payload", "tags", "warned"), [("md5", "sha256", True), ("sha256", "md5", False)])
def test_the_payload_decides_whether_checksums_are_weak(
    payload: str,
    tags: str,
    warned: bool,
    tmp_path: Path,
) -> None:
    root = BagBuilder(algorithms=(payload,), tag_algorithms=(tags,)).folder(tmp_path / "b")
    report = check_bag(root)
    assert report.judgement == ("valid-with-warning" if warned else "valid"), report.findings
    assert {f.code for f in report.findings} == ({"BG-65"} if warned else set())


@pytest.mark.parametrize(("algorithm", "codes"), [("sha512", set()), ("md5", {"BG-65"}), ("sha3_256", {"BG-11"})])
def test_a_bag_made_by_bagit_py_passes(algorithm: str, codes: set[str], tmp_path: Path) -> None:
    logging.getLogger("bagit").setLevel(logging.CRITICAL)
    for name in ("a b", "ä", "sub/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    bagit.make_bag(str(tmp_path), {"External-Description": "lang " * 60}, checksums=[algorithm])
    report = judge_path(tmp_path)
    assert report.judgement == ("valid-with-warning" if codes else "valid")
    assert {finding.code for finding in report.findings} == codes
