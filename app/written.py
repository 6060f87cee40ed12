"""Files that a command writes for people: whole or not at all, and CSV as German offices open it."""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TextIO

from app.deadline_show import german

# A cell that begins like this is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def whole_file(path: Path, *, encoding: str = "utf-8", newline: str | None = None) -> Iterator[TextIO]:
    """A text file that appears under its name, and takes the place of an older one, when it is whole and on the disk.

    Raises OSError as the file system does, about the folder when no file can be made in it; then nothing has changed.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.teil")
    try:
        file = half.open("x", encoding=encoding, newline=newline)
    except OSError as error:  # nobody knows the name of the half file
        error.filename = str(path if error.errno == errno.ENAMETOOLONG else path.parent)
        raise
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Writes bytes as `whole_file` writes text."""
    with whole_file(path) as file:
        file.buffer.write(data)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Writes a CSV (semicolons, UTF-8 with mark) and returns how many rows it has.

    Cells that a spreadsheet would take for a formula get an apostrophe before them.
    """
    number = 0
    with whole_file(path, encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        for row in rows:
            writer.writerow([_cell(value) for value in row])
            number += 1
    return number


def _cell(value: object) -> str:
    text = "" if value is None else german(value) if isinstance(value, date) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
