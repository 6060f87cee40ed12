"""How results leave: one JSON value on standard output, or German text for people; all else goes to standard error."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from rich.console import Console, RenderableType
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from akten.diskwords import in_german
from akten.errors import ArchivError, Rejected, Unavailable
from akten.findings import Finding, Judgement, Verdict
from app.interrupt import result_begins
from app.show import findings_table
from flows.receipt import finding_json
from flows.terminal import Terminal

_HELD = 1 << 22  # bytes of a result that stay in memory; more waits on the disk until it is written
EXIT_OF_VERDICT = {Verdict.OK: 0, Verdict.FAILED: 5, Verdict.NOT_CHECKED: 8}
EXIT_OF_JUDGEMENT = {
    Judgement.VALID: 0,
    Judgement.VALID_WITH_WARNING: 0,
    Judgement.INVALID: 3,
    Judgement.UNCHECKED: 8,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (UUID, Path)):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's words go; `as_json` chooses between one JSON value and text."""

    as_json: bool
    out: Console
    err: Console
    remarks: dict[str, Any] = field(default_factory=dict)

    def result(self, value: Any, show: Callable[[Console], None]) -> None:
        """Writes the one result of a command, either as JSON (an iterator as a list) or by `show`."""
        try:
            if self.as_json:
                write_json({**value, **self.remarks} if isinstance(value, dict) else value)
            else:
                show(self.out)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader went away (`| head`); what was asked for is done, and the exit code still says how it went.
            write_nowhere()
        except OSError as error:
            gone = _hung_up(error)
            write_nowhere()
            if gone:
                return
            reason = in_german(error.errno)
            text = f"Das Ergebnis ließ sich nicht ausgeben ({reason}); was verlangt war, ist trotzdem geschehen."
            raise Unavailable(text) from error

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Around work that takes minutes on a large archive and counts nothing: somebody who waits sees that it is done
        and for how long.
        """
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        hidden = self.as_json or not self.err.is_terminal
        with Progress(*columns, console=self.err, transient=True, disable=hidden) as progress:
            progress.add_task(what, total=None)
            yield

    def say(self, text: str) -> None:
        """A remark for people, on standard error."""
        self._tell(text)

    def remark(self, name: str, value: Any, text: str) -> None:
        """What a person has to know beside the result: told at once, and part of a JSON object that follows."""
        self.remarks[name] = value
        self.say(text)

    def page(self, values: list[Any], show: Callable[[Console], None], rest: str) -> None:
        """One page of a list as the result; `rest` says what is not on it, which JSON would leave out unseen."""
        self.result(values, show)
        if self.as_json and rest:
            self.say(rest)

    def error(self, error: ArchivError) -> None:
        """An error of ours: text for people on standard error, and the JSON value where JSON was asked for."""
        findings = error.findings if isinstance(error, Rejected) else ()
        if self.as_json:
            value = error_json(type(error).__name__, error.exit_code, error.text, findings)
            said(lambda: write_json(value), sys.stdout)
        if findings:
            self._tell(Text("Beanstandet:", "red"))
            self._tell(findings_table([finding_json(f) for f in findings]), soft_wrap=False)
        else:
            self._tell(Text.assemble(("Fehler:", "red"), " ", error.text))

    def _tell(self, what: RenderableType, *, soft_wrap: bool = True) -> None:
        """Says it where somebody listens. A closed pipe or terminal stops no work and changes no exit code."""
        try:
            self.err.print(what, soft_wrap=soft_wrap)
        except OSError:  # a terminal that hung up, a full disk
            self.err.on_broken_pipe()


def _hung_up(error: OSError) -> bool:
    """True when standard output is a terminal that is gone: nobody reads it any more, as with a closed pipe."""
    return error.errno == errno.EIO and stat.S_ISCHR(os.fstat(sys.stdout.fileno()).st_mode)


def said(how: Callable[[], object], stream: IO[str]) -> None:
    """Says it where somebody listens; a closed pipe or a full disk is told to nobody and changes no exit code."""
    try:
        how()
        stream.flush()
    except OSError:
        write_nowhere(stream)


def write_nowhere(stream: IO[str] | None = None) -> None:
    """What is still to be written goes nowhere, so that the end of the process does not stumble over it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def error_json(name: str, exit_code: int, text: str, findings: Iterable[Finding] = ()) -> dict[str, Any]:
    """What stands on standard output with `--json` when there is no result."""
    return {"error": name, "exit_code": exit_code, "text": text, "findings": [finding_json(f) for f in findings]}


def write_json(value: Any) -> None:
    """One JSON value on standard output, in UTF-8 whatever the locale; bytes of odd file names become escapes.

    An iterator becomes a list that no memory has to hold: it waits on the disk until all of it is there, so that
    nothing stands on standard output yet when the iterator raises something.
    """
    with SpooledTemporaryFile(_HELD) as whole:
        for text in _texts(value):
            whole.write(text.encode("utf-8", "backslashreplace"))
        whole.seek(0)
        result_begins()
        while block := whole.read(_HELD):
            left = memoryview(block)
            while left:  # a signal that is handled meanwhile cuts a write short, and nobody is told
                left = left[sys.stdout.buffer.write(left) :]
    sys.stdout.buffer.flush()


def _texts(value: Any) -> Iterator[str]:
    """The value as `json.dumps` writes it, in pieces."""
    encoder = json.JSONEncoder(ensure_ascii=False, indent=2, default=_plain)
    if isinstance(value, Iterator):
        before = "[\n  "
        for each in value:
            yield before + encoder.encode(each).replace("\n", "\n  ")  # in JSON only the layout has line ends
            before = ",\n  "
        yield "\n]\n" if before.startswith(",") else "[]\n"
        return
    tokens = encoder.iterencode(value)
    while text := "".join(islice(tokens, 10_000)):
        yield text
    yield "\n"


class _Pipe(Terminal):
    """A console that leaves a closed pipe to its caller instead of ending the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class _Remarks(Terminal):
    """A console whose closed pipe is nobody's fault: from then on it says nothing."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        write_nowhere(self.file)


def open_output(*, as_json: bool) -> Output:
    """Consoles for this process; a pipe is not wrapped at 80 columns, and no text is read as markup."""
    wide = None if sys.stdout.isatty() else 160
    out = _Pipe(width=wide, highlight=False, markup=False, emoji=False)
    wide = None if sys.stderr.isatty() else 160
    return Output(as_json, out, _Remarks(stderr=True, width=wide, highlight=False, markup=False, emoji=False))
