"""What the sandbox asks page-validation: a small file as it is, a large one in runs of its pages.

page-validation keeps a file nearly three times in memory. A run is the same document with fewer pages, each page's
streams copied by qpdf as they are; what belongs to the file as a whole (head, table, ends of objects) is then left to
veraPDF.
"""

from __future__ import annotations

import mmap
import re
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import page
import pikepdf

from akten.findings import Verdict

AT_ONCE = 96 << 20  # bytes of a PDF; together with its copies in memory below 300 MB
_STREAM_LENGTH = "STREAM-LENGTH"
_OBJECT = re.compile(rb"(?<![0-9])([0-9]{1,10}) ([0-9]{1,5}) obj\b")
_STREAM = re.compile(rb".{0,4096}?\bstream\r?\n", re.DOTALL)
_UNREADABLE = "page-validation kann die Datei nicht lesen."


def ask_page(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: the verdict of page-validation on one file, its known false alarm looked at again."""
    path, flavour, most = Path(payload["path"]), str(payload["flavour"]), int(payload.get("at_once", AT_ONCE))
    if path.stat().st_size <= most:
        return _asked(path, flavour, most)
    with tempfile.TemporaryDirectory(prefix="teile-") as folder:
        try:
            return _in_runs(_runs(path, Path(folder), most), flavour, most)
        except (pikepdf.PikepdfError, RuntimeError):  # RuntimeError is how a job of qpdf fails
            return _not_checked(_UNREADABLE)


def _in_runs(runs: Iterator[Path], flavour: str, most: int) -> dict[str, Any]:
    """The answer on the whole: ok when each run is; what cannot be looked at ends it, so that it costs no more time."""
    clauses: dict[str, None] = {}
    number = 0
    for run in runs:
        number += 1
        answer = _asked(run, flavour, most)
        if answer["verdict"] == Verdict.NOT_CHECKED.value:
            return answer
        clauses.update(dict.fromkeys(answer.get("clauses", ())))
    if not number:
        return _not_checked(_UNREADABLE)
    why = f"in {number} Teilen beurteilt, weil die Datei groß ist"
    if clauses:
        return {"verdict": Verdict.FAILED.value, "clauses": list(clauses), "why": why}
    return {"verdict": Verdict.OK.value, "why": why}


def _not_checked(why: str) -> dict[str, Any]:
    return {"verdict": Verdict.NOT_CHECKED.value, "why": why}


def _runs(path: Path, folder: Path, most: int) -> Iterator[Path]:
    """Files of neighbouring pages, none above `most` unless it is a single page; each is gone once the next is made.

    Raises PikepdfError for a file that qpdf would have to repair: a run of it would look better than the file.
    """
    with pikepdf.open(path, suppress_warnings=True) as pdf:
        pages = len(pdf.pages)
    parts = min(pages, path.stat().st_size // most + 2)
    edges = [number * pages // parts for number in range(parts + 1)] if parts else []
    waiting = [(first + 1, last) for first, last in pairwise(edges)][::-1]
    run = folder / "teil.pdf"
    while waiting:
        first, last = waiting.pop()
        pages_of = ("--pages", ".", f"{first}-{last}", "--")
        job = pikepdf.Job(["qpdf", str(path), "--newline-before-endstream", *pages_of, str(run)])
        job.run()
        if job.has_warnings:
            raise pikepdf.PdfError("repaired")
        if run.stat().st_size > most and first < last:
            middle = (first + last) // 2
            waiting += [(middle + 1, last), (first, middle)]
        else:
            yield run
        run.unlink()


def _asked(path: Path, flavour: str, most: int) -> dict[str, Any]:
    limits = page.SafetyLimits(
        max_input_size=most,
        max_decoded_stream_size=256 << 20,
        max_total_decoded_content_size=1 << 30,
        max_object_count=20_000_000,
    )
    try:
        report = page.validate_pdf(path, profile=flavour, limits=limits)
    except page.SafetyLimitError:
        return _not_checked("page-validation: eine Sicherheitsgrenze ist erreicht.")
    except page.PageError:  # its parser knows less than PDF allows, so this is no verdict on the file
        return _not_checked(_UNREADABLE)
    failures = [failure for failure in report.failures if not _false_alarm(failure, path)]
    if not failures:
        why = "" if report.is_compliant else "Fehlalarm zur Länge von Datenströmen nachgeprüft."
        return {"verdict": Verdict.OK.value, "why": why}
    clauses = list(dict.fromkeys(str(failure.rule_id) for failure in failures))
    return {"verdict": Verdict.FAILED.value, "clauses": clauses}


def _false_alarm(failure: Any, path: Path) -> bool:
    """True for the complaint about a stream's length where the stream ends exactly at its /Length (ocr.md §4.2).

    page-validation 0.11 takes a last byte of 0x0D for the end of line before `endstream`. Where it complains of more
    than one stream it names none: then all of the file are looked at.
    """
    if _STREAM_LENGTH not in str(failure.rule_id):
        return False
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            asked: list[pikepdf.Object]
            if failure.object_id is None:
                asked = [stream for stream in pdf.objects if isinstance(stream, pikepdf.Stream)]
            else:
                asked = [pdf.get_object(failure.object_id.object_number, failure.object_id.generation)]
            lengths = {stream.objgen: int(stream.get("/Length", -1)) for stream in asked}
    except (pikepdf.PikepdfError, ValueError, TypeError, AttributeError):
        return False
    right: set[tuple[int, int]] = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for found in _OBJECT.finditer(data):
            named = (int(found[1]), int(found[2]))
            if named in lengths and named not in right and _ends_right(data, found.end(), lengths[named]):
                right.add(named)
    return bool(lengths) and right == lengths.keys()


def _ends_right(data: mmap.mmap, place: int, length: int) -> bool:
    """True when the stream of the object that begins here is followed by its end after so many bytes."""
    begin = _STREAM.match(data, place)
    if begin is None or length < 0:
        return False
    return re.match(rb"\r?\nendstream", data[begin.end() + length : begin.end() + length + 12]) is not None
