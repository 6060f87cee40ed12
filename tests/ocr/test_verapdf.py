"""veraPDF in its JVM: right on every file of its corpus, never silent, never left behind."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from akten.errors import Unavailable
from akten.findings import Verdict
from ocr.options import OcrOptions
from ocr.probefile import tiny_valid_pdfa
from ocr.scratch import ScratchFolder
from ocr.verapdf import VeraPdf, _NoAnswer, classes_of, shared_classes
from tests.conftest import ROOT
from tests.ocr.papers import pdf_file


@pytest.fixture(scope="module")
def vera(verapdf_options: OcrOptions) -> Iterator[VeraPdf]:
    with VeraPdf(verapdf_options) as validator:
        yield validator


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def java_below(pid: int) -> list[int]:
    """The java processes that descend from a process."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, stack = [], [pid]
    while stack:
        here = stack.pop()
        stack.extend(children.get(here, ()))
        if os.path.basename(os.readlink(f"/proc/{here}/exe")) == "java":  # noqa: PTH115, PTH119 - may be deleted
            found.append(here)
    return found


def test_to_prepare_waits_for_no_file_that_is_being_judged(verapdf_options: OcrOptions) -> None:
    validator = VeraPdf(verapdf_options)
    with validator._lock, ThreadPoolExecutor(1) as other:  # as while a file is judged
        other.submit(validator.prepare).result(timeout=20)
    assert validator.pid is None


def test_all_50_files_of_the_corpus_are_judged_as_they_are_named(vera: VeraPdf, samples: Path) -> None:
    files = sorted((samples / "pdfa2b").glob("*.pdf"))
    assert len(files) == 50
    wrong = []
    for path in files:
        report = vera.validate(path, "2b")
        wanted = Verdict.OK if "-pass-" in path.name else Verdict.FAILED
        if report.verdict is not wanted:
            wrong.append((path.name, report))
        assert report.name == "veraPDF"
        assert report.version
        assert bool(report.clauses) is (wanted is Verdict.FAILED)
    assert not wrong


def test_another_flavour_than_the_claimed_one_is_not_given(vera: VeraPdf, tmp_path: Path) -> None:
    path = tiny_valid_pdfa(tmp_path / "a.pdf")
    assert vera.validate(path, "2b").verdict is Verdict.OK
    for flavour in ("1b", "3b", "2u"):
        report = vera.validate(path, flavour)
        assert report.verdict is Verdict.FAILED
        assert report.why
    assert vera.validate(pdf_file(tmp_path / "plain.pdf"), "2b").verdict is Verdict.FAILED


IDENTIFICATION = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfuaid:part>1</pdfuaid:part>
 <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
  <pdfaSchema:schema>PDF/UA</pdfaSchema:schema><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
  <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
  <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>
   <pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category>
   <pdfaProperty:description>Teil</pdfaProperty:description></rdf:li></rdf:Seq></pdfaSchema:property>
 </rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description></rdf:RDF>"""


def claiming_ua(path: Path, *, pdfa: bool = True) -> Path:
    """A PDF that says of itself that it is accessible (PDF/UA), which it is not, beside its PDF/A or alone."""
    with pikepdf.open(tiny_valid_pdfa(path), allow_overwriting_input=True) as pdf:
        xmp = pdf.Root.Metadata.read_bytes().decode()
        xmp = xmp.replace("</rdf:RDF>", IDENTIFICATION)
        if not pdfa:
            xmp = xmp.replace("www.aiim.org/pdfa/ns/id", "example.org")
        pdf.Root.Metadata.write(xmp.encode())
        pdf.save(path)
    return path


def test_the_claim_of_pdf_a_is_judged_whatever_else_is_claimed(vera: VeraPdf, tmp_path: Path) -> None:
    report = vera.validate(claiming_ua(tmp_path / "both.pdf"), "2b")
    assert (report.verdict, report.flavour, report.why) == (Verdict.OK, "2b", "")
    alone = vera.validate(claiming_ua(tmp_path / "alone.pdf", pdfa=False), "2b")
    assert alone.verdict is Verdict.FAILED
    assert alone.why


def test_names_cannot_break_the_conversation(vera: VeraPdf, tmp_path: Path) -> None:
    for name in ("zwei\nzeilen.pdf", "-f 1b.pdf", "Müller & Söhne „x“.PDF", "ohne-endung", "\udcff.pdf"):
        path = tmp_path / name
        tiny_valid_pdfa(tmp_path / "a.pdf").rename(path)
        assert vera.validate(path, "2b").verdict is Verdict.OK, repr(name)


def test_bad_files_are_failed_and_missing_ones_not_checked(vera: VeraPdf, tmp_path: Path) -> None:
    (tmp_path / "text.pdf").write_text("kein PDF")
    (tmp_path / "empty.pdf").touch()
    for name in ("text.pdf", "empty.pdf"):
        report = vera.validate(tmp_path / name, "2b")
        assert report.verdict is Verdict.FAILED
        assert report.why
    missing = vera.validate(tmp_path / "missing.pdf", "2b")
    assert missing.verdict is Verdict.NOT_CHECKED
    assert missing.why


def test_threads_get_the_answer_to_their_own_file(vera: VeraPdf, tmp_path: Path) -> None:
    good, bad = tiny_valid_pdfa(tmp_path / "good.pdf"), pdf_file(tmp_path / "bad.pdf")
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda path: vera.validate(path, "2b").verdict, [good, bad] * 8))
    assert reports == [Verdict.OK, Verdict.FAILED] * 8


def test_a_killed_jvm_costs_nothing_and_nothing_is_left(verapdf_options: OcrOptions, tmp_path: Path) -> None:
    path = tiny_valid_pdfa(tmp_path / "a.pdf")
    with VeraPdf(verapdf_options) as validator:
        assert validator.validate(path, "2b").verdict is Verdict.OK
        first = validator.pid
        assert first is not None
        os.kill(java_below(first)[0], signal.SIGKILL)
        assert validator.validate(path, "2b").verdict is Verdict.OK
        second = validator.pid
        assert second not in (None, first)
    assert validator.pid is None
    assert not alive(first)
    assert second is not None
    assert not alive(second)
    validator.close()


def test_who_is_too_late_is_not_checked(verapdf_options: OcrOptions, tmp_path: Path) -> None:
    path = tiny_valid_pdfa(tmp_path / "a.pdf")
    with VeraPdf(replace(verapdf_options, validator_seconds=0.0001)) as validator:
        report = validator.validate(path, "2b")
    assert report.verdict is Verdict.NOT_CHECKED
    assert "Zeit" in report.why


@pytest.mark.parametrize("broken", [_NoAnswer("aborted", again=True), b"", b"<report><jobs>"])
def test_a_report_that_breaks_off_on_a_full_disk_says_nothing_of_the_file(
    verapdf_options: OcrOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bytes | _NoAnswer
) -> None:
    def ask(jvm: VeraPdf, *_: object) -> bytes:
        jvm._folder, jvm._greeted = jvm._folder or ScratchFolder("verapdf"), True
        if isinstance(broken, bytes):
            return broken
        raise broken

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tiny_valid_pdfa(tmp_path / "gut.pdf")
    monkeypatch.setattr(VeraPdf, "_ask", ask)
    with VeraPdf(verapdf_options) as validator:
        assert validator.validate(file, "2b").verdict is Verdict.NOT_CHECKED
        monkeypatch.setattr(tempfile, "TemporaryFile", full)
        with pytest.raises(Unavailable, match="Datenträger ist voll"):
            validator.validate(file, "2b")


@pytest.mark.parametrize("java", ["false", "cat"])
def test_a_machine_that_does_not_start_it_is_no_matter_of_the_file(
    verapdf_options: OcrOptions, tmp_path: Path, java: str
) -> None:
    """The clearing desk got every delivery of a batch while the machine had no process or no memory to spare."""
    file = tiny_valid_pdfa(tmp_path / "gut.pdf")
    with VeraPdf(verapdf_options) as validator:
        assert validator.validate(file, "2b").verdict is Verdict.OK
        validator._options = replace(verapdf_options, java=java)  # ends at once, or says what no JVM says
        validator._stop(patience=0.0)
        with pytest.raises(Unavailable, match="nicht starten"):
            validator.validate(file, "2b")
        validator._options = verapdf_options
        assert validator.validate(file, "2b").verdict is Verdict.OK


def test_a_process_that_the_machine_refuses_is_no_matter_of_the_file(
    verapdf_options: OcrOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("ocr.helper.subprocess.Popen", refused)
    with VeraPdf(verapdf_options) as validator, pytest.raises(Unavailable, match="nicht starten"):
        validator.validate(tiny_valid_pdfa(tmp_path / "gut.pdf"), "2b")


def test_without_jars_or_java_it_says_what_to_do(verapdf_options: OcrOptions, tmp_path: Path) -> None:
    for options in (OcrOptions(), OcrOptions(verapdf_jars=tmp_path), replace(verapdf_options, java="no-java-here")):
        report = VeraPdf(options).validate(tmp_path / "a.pdf", "2b")
        assert report.verdict is Verdict.NOT_CHECKED
        assert "make install" in report.why


def test_no_jvm_outlives_us_when_we_are_killed(verapdf_options: OcrOptions, tmp_path: Path) -> None:
    """kill -9 of our own process takes the JVM with it."""
    path = tiny_valid_pdfa(tmp_path / "a.pdf")
    code = textwrap.dedent(f"""
        import threading, time
        from pathlib import Path
        from ocr.options import OcrOptions
        from ocr.verapdf import VeraPdf
        vera = VeraPdf(OcrOptions(verapdf_jars=Path({str(verapdf_options.verapdf_jars)!r})))
        asking = threading.Thread(target=lambda: print(vera.validate(Path({str(path)!r}), "2b").verdict, flush=True))
        asking.start(); asking.join()
        print(vera.pid, vera.validate(Path({str(path)!r}), "2b").verdict, flush=True)
        time.sleep(60)
    """)
    us = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert us.stdout is not None
        assert us.stdout.readline().strip() == "ok"
        helper, verdict = us.stdout.readline().split()
        assert verdict == "ok"  # the thread that asked first is gone, the JVM is not
        running = java_below(int(helper))
        assert running
    finally:
        us.kill()
        us.wait()
    end = time.monotonic() + 10
    while any(alive(pid) for pid in running) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in running)


def test_classes_that_do_not_fit_are_passed_over(verapdf_options: OcrOptions, tmp_path: Path) -> None:
    assert verapdf_options.verapdf_jars is not None
    shutil.copytree(verapdf_options.verapdf_jars, jars := tmp_path / "own" / "jars")
    classes_of(jars).write_bytes(b"kept by another Java")
    pdf = tiny_valid_pdfa(tmp_path / "gut.pdf")
    with VeraPdf(replace(verapdf_options, verapdf_jars=jars)) as vera:
        assert shared_classes(jars)
        assert vera.validate(pdf, "2b").verdict is Verdict.OK
