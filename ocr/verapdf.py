"""veraPDF as a validator: one long-lived JVM that is asked file by file, shut in like every reader of foreign files.

In server mode veraPDF takes one path per line and answers with the path of an XML report. Nothing of a foreign name
reaches it: every file gets a link of our own making. The JVM dies with us: its standard input closes, and behind
bubblewrap it is killed with its parent.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.etree import ElementTree

from akten.diskwords import DISK_FULL, in_german, is_full
from akten.errors import Unavailable
from akten.files import ValidatorReport
from akten.findings import Verdict
from ocr.helper import Helper, HelperEnded, HelperLate
from ocr.options import OcrOptions
from ocr.scratch import ScratchFolder
from ocr.walls import environment, limiting_long, sandbox_kind, walls

NAME = "veraPDF"
_MAIN = "org.verapdf.apps.GreenfieldCliWrapper"
_START_SECONDS = 60.0
_FILES_PER_JVM = 1000
_REPORT_BYTES = 16 << 20
_ROOM_BYTES = 1 << 20
_SECONDS_PER_MB = 1.0
_CLAUSES = 100
_TALK_LINES, _TALK_SECONDS = 20, 10.0
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|fff[ef])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));"
)
_PROFILE = re.compile(r"PDF/A-([0-9])([A-Za-z]?)")
_DOES_NOT_START = (
    "veraPDF lässt sich auf diesem Rechner nicht starten: Es fehlt an Speicher oder Prozessen, oder Java und veraPDF "
    "sind nicht die, die make install einrichtet."
)
_ABSENT = "veraPDF ist nicht eingerichtet ({}). make install ausführen: es richtet Java und veraPDF ein."


class _NoAnswer(Exception):
    """The JVM gave no answer; `again` tells whether a fresh one may be asked the same."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.why = why
        self.again = again


class VeraPdf:
    """The reference validator. Thread-safe; started at first use; to be closed."""

    name = NAME

    def __init__(self, options: OcrOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._jvm: Helper | None = None
        self._greeted = False
        self._folder: ScratchFolder | None = None
        self.version = _version(options.verapdf_jars)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the JVM and removes its folder; may be called twice. One that was never asked has nothing to finish."""
        with self._lock:
            self._stop(patience=5.0 if self._greeted else 0.0)

    @property
    def pid(self) -> int | None:
        """Number of the running process, None when there is none."""
        return self._jvm.pid if self._jvm else None

    def prepare(self) -> None:
        """Starts the JVM, if it is there and not running, and waits for nothing: it gets ready while others work."""
        if self.absent() or not self._lock.acquire(blocking=False):  # held: it is running, and judging something
            return
        try:
            with contextlib.suppress(_NoAnswer):  # whoever asks it first hears why
                if self._jvm is None:
                    self._start()
        finally:
            self._lock.release()

    def validate(self, path: Path, flavour: str) -> ValidatorReport:
        """Judges one file by the profile that it claims itself, which must be `flavour`; `not_checked` says why.

        Raises Unavailable when the JVM does not even start, or its folder for temporary files takes nothing more: that
        says nothing of the file.
        """
        if why := self.absent():
            return self._not_checked(flavour, why)
        try:
            size = path.stat().st_size
        except OSError as error:
            return self._not_checked(flavour, f"Die Datei lässt sich nicht lesen ({in_german(error.errno)}).")
        seconds = self._options.validator_seconds + size / (1 << 20) * _SECONDS_PER_MB
        with self._lock:
            for attempt in (1, 2):
                try:
                    report = self._judged(self._ask(path, seconds), flavour)
                except _NoAnswer as failure:
                    full, began = self._is_full(), self._greeted
                    self._stop(patience=0.0)
                    if full:
                        raise Unavailable(DISK_FULL) from failure
                    if attempt == 1 and failure.again:
                        continue
                    if not began:
                        raise Unavailable(_DOES_NOT_START) from failure
                    return self._not_checked(flavour, failure.why)
                else:
                    if report.verdict is Verdict.NOT_CHECKED and self._is_full():
                        raise Unavailable(DISK_FULL)
                    return report
        raise AssertionError("unreachable")

    def absent(self) -> str:
        """Why it can judge nothing on this machine, in a German sentence; "" where Java and jars are there."""
        jars = self._options.verapdf_jars
        if jars is None or not any(jars.glob("cli-*.jar")):
            return _ABSENT.format("die Jar-Dateien fehlen")
        return "" if find_java(self._options.java) else _ABSENT.format("Java fehlt")

    def _ask(self, path: Path, seconds: float) -> bytes:
        """The report on one file as XML. Raises _NoAnswer."""
        if self._jvm is not None and self._jvm.asked >= _FILES_PER_JVM:
            self._stop(patience=5.0)
        jvm = self._jvm or self._start()
        if not self._greeted:
            _heard(jvm, lambda: jvm.hear(_START_SECONDS))  # the report of its own empty start
            self._greeted = True
        assert self._folder is not None  # noqa: S101 - made with the JVM
        folder = self._folder.path
        link = folder / f"{jvm.asked}.pdf"
        try:
            link.symlink_to(path.resolve(strict=True))
            answer = Path(_heard(jvm, lambda: jvm.ask(bytes(link), seconds)))
            report = folder / answer.name
            with report.open("rb") as file:
                data = file.read(_REPORT_BYTES + 1)
            report.unlink()
        except OSError as error:
            raise _NoAnswer(
                f"Der Bericht von veraPDF lässt sich nicht lesen ({in_german(error.errno)}).", again=False
            ) from error
        finally:
            link.unlink(missing_ok=True)
        if len(data) > _REPORT_BYTES:
            raise _NoAnswer("Der Bericht von veraPDF ist zu lang.", again=False)
        return data

    def _start(self) -> Helper:
        self._folder = self._folder or ScratchFolder("verapdf")
        folder = self._folder.path.resolve()
        jars = self._options.verapdf_jars
        assert jars is not None  # noqa: S101 - see absent
        java = java_command(self._options, jars, folder, shared_classes(jars))
        kind = sandbox_kind(self._options)
        try:
            jvm = Helper([*walls(kind, folder), *limiting_long(), *java], folder, environment(folder))
        except HelperEnded as ended:
            raise _NoAnswer(_DOES_NOT_START, again=True) from ended
        self._jvm, self._greeted = jvm, False
        return jvm

    def _stop(self, *, patience: float) -> None:
        jvm, self._jvm, self._greeted = self._jvm, None, False
        if jvm is not None:
            jvm.stop(patience=patience)
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def _is_full(self) -> bool:
        """Whether the JVM could write no report now; asked by writing, since room for files and a quota end, too."""
        try:
            if self._folder is not None:
                with tempfile.TemporaryFile(dir=self._folder.path) as trial:
                    trial.write(bytes(_ROOM_BYTES))
        except OSError as refused:
            return is_full(refused.errno)
        return False

    def _not_checked(self, flavour: str, why: str) -> ValidatorReport:
        return ValidatorReport(self.name, self.version, Verdict.NOT_CHECKED, flavour, (), why)

    def _judged(self, xml: bytes, flavour: str) -> ValidatorReport:
        """What a report says. An empty or odd report is no answer and never good."""
        text = _ILLEGAL.sub("?", xml.decode("utf-8", "replace"))
        if "<!DOCTYPE" in text[:1000]:
            return self._not_checked(flavour, "Der Bericht von veraPDF hat eine unbekannte Form.")
        try:
            root = ElementTree.fromstring(text)  # noqa: S314 - written by our own JVM, without a DOCTYPE
        except ElementTree.ParseError:
            return self._not_checked(flavour, "Der Bericht von veraPDF lässt sich nicht lesen.")
        summary = root.find("batchSummary")
        # a file may claim PDF/UA or WTPDF beside PDF/A; each claim has a report of its own, and one is asked for here
        every = root.findall("jobs/job/validationReport")
        reports = [report for report in every if _profile(report)]
        if every and not reports:
            why = "Die Datei sagt nicht von sich, PDF/A zu sein."
            return ValidatorReport(self.name, self.version, Verdict.FAILED, "", ("pdfaid",), why)
        if len(reports) == 1 and reports[0].get("jobEndStatus") == "normal":
            return self._verdict(reports[0], flavour)
        broken = root.findall("jobs/job/taskException[@type='PARSE']")
        refused = summary is not None and "1" in (summary.get("failedToParse"), summary.get("encrypted"))
        if broken and refused:
            why = "Die Datei ist verschlüsselt." if summary is not None and summary.get("encrypted") == "1" else ""
            return ValidatorReport(
                self.name, self.version, Verdict.FAILED, flavour, (), why or "Die Datei ist keine lesbare PDF-Datei."
            )
        return self._not_checked(flavour, "veraPDF konnte die Prüfung der Datei nicht zu Ende führen.")

    def _verdict(self, report: ElementTree.Element, flavour: str) -> ValidatorReport:
        judged = _profile(report)
        clauses = tuple(
            f"{rule.get('specification', '')} {rule.get('clause', '')}-{rule.get('testNumber', '')}".strip()
            for rule in report.iterfind("details/rule[@status='failed']")
        )[:_CLAUSES]
        compliant = report.get("isCompliant")
        if compliant == "false":
            return ValidatorReport(self.name, self.version, Verdict.FAILED, judged, clauses)
        if compliant != "true" or not judged:
            return self._not_checked(flavour, "Der Bericht von veraPDF sagt kein Urteil.")
        if flavour and judged != flavour:
            why = f"Die Datei sagt von sich, PDF/A-{judged} zu sein, nicht PDF/A-{flavour}."
            return ValidatorReport(self.name, self.version, Verdict.FAILED, judged, ("pdfaid",), why)
        return ValidatorReport(self.name, self.version, Verdict.OK, judged)


def _profile(report: ElementTree.Element) -> str:
    """The flavour of PDF/A that a report speaks of, such as "2b"; "" when it speaks of something else."""
    match = _PROFILE.search(report.get("profileName", ""))
    return f"{match[1]}{match[2].lower()}" if match else ""


def classes_of(jars: Path) -> Path:
    """Where the classes of these jars are kept ready for a JVM (tools/verapdf/keep_classes.py)."""
    return jars.resolve().parent / "classes.jsa"


def shared_classes(jars: Path) -> list[str]:
    """Lets the JVM take its classes from there, if they are kept.

    They belong to one Java and to these very jars; for any other the JVM passes them over and keeps its doubts to
    itself. So they change how soon veraPDF is ready and never what it says.
    """
    kept = classes_of(jars)
    return [f"-XX:SharedArchiveFile={kept}", "-Xlog:disable"] if kept.is_file() else []


def find_java(program: str) -> str | None:
    """Where the Java that is set lies: in the places of the system, else where this process looks; None when nowhere.

    One that came another way than the system's packages (below /opt, say) is found as the installer found it.
    """
    return shutil.which(program, path=environment(Path("/"))["PATH"]) or shutil.which(program)


def java_command(options: OcrOptions, jars: Path, folder: Path, more: Sequence[str] = ()) -> list[str]:
    """The command of veraPDF's server: one path per line in, one path of a report per line out, files in `folder`."""
    return [
        find_java(options.java) or options.java,
        f"-Xmx{options.java_memory_mb}m",
        "-XX:MaxMetaspaceSize=160m",
        "-XX:MaxDirectMemorySize=64m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={folder}",
        f"-Duser.home={folder}",
        *more,
        "-cp",
        f"{jars.resolve()}/*",
        _MAIN,
        "--servermode",
        "--maxfailuresdisplayed",
        "1",
        "-f",
        "0",
    ]


def _heard(jvm: Helper, ask: Callable[[], bytes]) -> str:
    """The next path that the JVM writes; other lines are talk."""
    try:
        line = ask()
        for _ in range(_TALK_LINES):
            if line.endswith(b".xml"):
                return line.decode("utf-8", "replace")
            line = jvm.hear(_TALK_SECONDS)
    except HelperLate as late:
        raise _NoAnswer("veraPDF hat in der erlaubten Zeit nicht geantwortet.", again=False) from late
    except HelperEnded as ended:
        raise _NoAnswer("veraPDF ist abgebrochen (oft reicht ihm der Speicher nicht).", again=True) from ended
    raise _NoAnswer("veraPDF antwortet in unbekannter Form.", again=False)


def _version(jars: Path | None) -> str:
    found = sorted(jars.glob("cli-*.jar")) if jars is not None else []
    return found[-1].stem.removeprefix("cli-") if found else ""
