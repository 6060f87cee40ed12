"""veraPDF as a PDF/A validator: one long-lived JVM that judges every file, restarted when it hangs or dies.

The field's reference validator for ISO 19005. The JVM reads paths from its standard input and answers with the path of
a temporary XML report; with `-f 0` it takes the flavour that the file claims, and the caller compares.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import subprocess
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from akten.files import ValidatorReport
from akten.findings import Verdict
from ocr.options import OcrOptions
from ocr.walls import bound

NAME = "veraPDF"
_MAIN = "org.verapdf.apps.GreenfieldCliWrapper"
_START_SECONDS = 60.0
_MOST_REPORT = 64 << 20
_MOST_CLAUSES = 40
_PROFILE = re.compile(r"PDF/A-(\d[a-z]?)", re.IGNORECASE)
_ADVICE = "make install ausführen (Java und die Jars von veraPDF)"


class _NoAnswer(Exception):
    """The JVM gave no answer; the text says why."""


class VeraPdf:
    """Judges PDF/A files; safe to share between threads, one file at a time. `close` ends the JVM."""

    name = NAME

    def __init__(self, options: OcrOptions, scratch: Path) -> None:
        self._options = options
        self._scratch = scratch
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._place: Path | None = None

    @property
    def version(self) -> str:
        """The version of the jars, "" when there are none."""
        jars = self._options.verapdf_jars
        found = sorted(jars.glob("cli-*.jar")) if jars else []
        return found[0].stem.removeprefix("cli-") if found else ""

    def validate(self, path: Path, flavour: str) -> ValidatorReport:
        """What veraPDF says of the file; with a `flavour` ("2b") the file must claim it, or more; "" asks nothing.

        No answer is `not_checked` with the reason; it never raises for what is in the file.
        """
        if not self.version or shutil.which(self._options.java) is None:
            return self._not_checked(flavour, f"veraPDF ist nicht eingerichtet: {_ADVICE}.")
        with self._lock:
            try:
                report = self._ask(path)
            except _NoAnswer as error:
                self._end()
                return self._not_checked(flavour, str(error))
            return self._read(report, flavour)

    def close(self) -> None:
        """Ends the JVM."""
        with self._lock:
            self._end()

    # --- the conversation ---------------------------------------------------------------------------------------------

    def _not_checked(self, flavour: str, why: str) -> ValidatorReport:
        return ValidatorReport(self.name, self.version, Verdict.NOT_CHECKED, flavour, (), why)

    def _start(self) -> subprocess.Popen[bytes]:
        self._scratch.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="verapdf-", dir=self._scratch)).resolve()
        self._place = place
        command = [
            *bound(),
            self._options.java,
            f"-Xmx{self._options.java_memory_mb}m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Djava.awt.headless=true",
            f"-Djava.io.tmpdir={place}",
            f"-Duser.home={place}",
            "-cp",
            f"{self._options.verapdf_jars.absolute()}/*" if self._options.verapdf_jars else "",
            _MAIN,
            "--servermode",
            "-f",
            "0",
        ]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=place,
                start_new_session=True,
            )
        except OSError as error:
            raise _NoAnswer(f"Java lässt sich nicht starten ({type(error).__name__}): {_ADVICE}.") from error
        self._process, self._buffer = process, b""
        Path(self._line(_START_SECONDS)).unlink(missing_ok=True)  # the report of its own empty start
        return process

    def _ask(self, path: Path) -> bytes:
        """The XML report on one file. Raises _NoAnswer."""
        process = self._process
        if process is None or process.poll() is not None:
            self._end()
            process = self._start()
        if process.stdin is None or self._place is None:
            raise _NoAnswer("Java läuft ohne Eingabe.")
        # A name of our own making: line breaks in a path would break the conversation.
        asked = self._place / "datei.pdf"
        asked.unlink(missing_ok=True)
        try:
            asked.symlink_to(path.resolve(strict=True))
            process.stdin.write(os.fsencode(asked) + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise _NoAnswer(f"veraPDF nimmt keine Datei an ({type(error).__name__}).") from error
        answer = Path(self._line(self._options.validator_seconds))
        if answer.parent != self._place or answer.is_symlink():
            raise _NoAnswer("veraPDF nennt einen Bericht außerhalb seines Ordners.")
        try:
            if answer.stat().st_size > _MOST_REPORT:
                raise _NoAnswer("Der Bericht von veraPDF ist zu groß.")
            return answer.read_bytes()
        except OSError as error:
            raise _NoAnswer("Der Bericht von veraPDF fehlt.") from error
        finally:
            answer.unlink(missing_ok=True)

    def _line(self, seconds: float) -> str:
        """The next line of its output. Raises _NoAnswer at the end of the stream or of the time."""
        process = self._process
        if process is None or process.stdout is None:
            raise _NoAnswer("Java läuft ohne Ausgabe.")
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise _NoAnswer(f"veraPDF hat nach {seconds:.0f} s nicht geantwortet.")
                block = os.read(process.stdout.fileno(), 65536)
                if not block:
                    raise _NoAnswer("veraPDF ist ausgestiegen (zu wenig Speicher?).")
                self._buffer += block
        line, self._buffer = self._buffer.split(b"\n", 1)
        return os.fsdecode(line.strip())

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place = None

    # --- the report ----------------------------------------------------------------------------------------------------

    def _read(self, data: bytes, flavour: str) -> ValidatorReport:
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            return self._not_checked(flavour, "Der Bericht von veraPDF ist nicht lesbar.")
        try:
            root = ElementTree.fromstring(data)  # noqa: S314 - written by our own JVM; entities were refused above
        except ElementTree.ParseError:
            return self._not_checked(flavour, "Der Bericht von veraPDF ist nicht lesbar.")
        found = root.find(".//validationReport")
        if found is None or found.get("jobEndStatus", "normal") != "normal":
            reason = root.findtext(".//exceptionMessage") or ""
            encrypted = (root.find(".//batchSummary") or root).get("encrypted", "0") not in ("", "0")
            if "parse" in reason.lower() or "trailer" in reason.lower() or encrypted:
                why = ("nicht als PDF lesbar oder verschlüsselt",)
                return ValidatorReport(self.name, self.version, Verdict.FAILED, flavour, why)
            return self._not_checked(flavour, "veraPDF konnte die Datei nicht zu Ende prüfen.")
        match = _PROFILE.search(found.get("profileName", ""))
        checked = match[1].lower() if match else ""
        clauses = tuple(
            dict.fromkeys(
                f"{rule.get('clause', '?')}-{rule.get('testNumber', '?')}"
                for rule in found.iter("rule")
                if rule.get("status") == "failed"
            )
        )[:_MOST_CLAUSES]
        compliant = found.get("isCompliant") == "true"
        if compliant and flavour and not covers(checked, flavour):
            clauses = (f"geprüft als PDF/A-{checked}, nicht als PDF/A-{flavour}",)
            return ValidatorReport(self.name, self.version, Verdict.FAILED, checked, clauses)
        verdict = Verdict.OK if compliant and checked else Verdict.FAILED
        return ValidatorReport(self.name, self.version, verdict, checked, clauses)


def _close(pipe: object) -> None:
    try:
        pipe.close()  # type: ignore[attr-defined]  # a pipe of the process
    except OSError:
        return  # the other end is gone: nothing is left to flush


def covers(checked: str, wanted: str) -> bool:
    """True when conformance to `checked` ("2u") includes `wanted` ("2b"): same part, level b below u below a."""
    levels = "bua"
    if checked[:1] != wanted[:1]:
        return False
    if len(checked) < 2 or len(wanted) < 2:
        return checked == wanted
    return levels.find(checked[1]) >= levels.find(wanted[1]) >= 0
