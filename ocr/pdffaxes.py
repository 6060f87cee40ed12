"""Hands a fax picture of a PDF to libtiff as a TIFF of one strip, so that its mended lines are heard (`faxlines`).

The two formats differ in what they tell of a fax: a /K above 0 of the PDF is bit 0 of T4Options, and lines that begin
at a byte and bear no marks are compression 2. Three kinds TIFF has no words for, so nobody judges them: Group 4 with
lines at bytes or with marks, and lines of two dimensions without marks (ISO 32000-1 §7.4.6; TIFF 6.0 §10, §11). Runs
in the sandbox only.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from ocr.faxlines import FaxFault, strip_faults

_HEAD = struct.Struct("<2sHI")
_ENTRY = struct.Struct("<HHII")
_SHORT, _LONG = 3, 4
_TWO_WAY, _ALIGNED = 1, 4  # T4Options
_MOST_BYTES = 48 << 20  # the sandbox allows files of 64 MiB, and memory that is opened as a file counts as one
_LOOKED_AT = 4 << 10  # bytes at the beginning in which some line ends
_TAIL = 96  # bytes at the end that hold the mark of the end
_MARK = "0" * 11 + "1"  # EOL; no code and no two codes give so many zeros
_END = re.compile(f"(?:{_MARK}){{2,}}|(?:{_MARK}1){{2,}}")  # EOFB, RTC of one and of two dimensions
COLUMNS = 1728  # ISO 32000-1 table 11, as all other defaults here


@dataclass(frozen=True, slots=True)
class FaxCoding:
    """What the PDF tells of the coding of one fax picture (ISO 32000-1 table 11), as far as lines depend on it."""

    k: int = 0
    columns: int = COLUMNS
    rows: int = 0
    aligned: bool = False
    ends: bool = True  # /EndOfBlock: the data tell their end themselves, whatever /Rows says


def picture_faults(data: bytes, coding: FaxCoding, height: int, max_pixels: int) -> frozenset[FaxFault] | None:
    """What libtiff has to mend in a fax picture of so many lines; None when it cannot be asked.

    Lines that the data themselves leave out at the end are mended lines: some viewers show them black, others white.
    Of a picture that TIFF has no words for nothing is known but that.
    """
    if coding.columns < 1 or coding.columns * height > max_pixels or len(data) > _MOST_BYTES:
        return None
    body = _without_end(data)
    if not body:
        return frozenset({FaxFault.END})  # an end, and no line before it
    marked = _marked(body, coding)
    kind = _tiff_kind(coding, marked=marked)
    if kind is None:
        return frozenset({FaxFault.UNHEARD})
    rows = height if coding.ends or coding.rows < 1 else min(height, coding.rows)
    # Without marks before the lines those of the end would make libtiff wait for one before every line.
    strip = data if marked or coding.k < 0 else body
    faults = strip_faults(_tiff(strip, coding.columns, rows, *kind), _HEAD.size, rows, strip)
    if faults is None:
        return None
    mended = faults - {FaxFault.UNMARKED}
    if coding.k >= 0 and len(body) < len(data):
        # The data end where they say, whatever lines are lacking.
        mended = frozenset(fault if fault is FaxFault.LOST else FaxFault.LINES for fault in mended)
    elif marked and FaxFault.UNMARKED in faults:
        mended |= {FaxFault.END}
    return mended | {FaxFault.LINES} if rows < height else mended


def _tiff_kind(coding: FaxCoding, *, marked: bool) -> tuple[int, int] | None:
    """Compression and T4Options that mean the same; None when TIFF has no words for it."""
    if coding.k < 0:
        return None if coding.aligned or marked else (4, 0)
    if coding.k > 0:
        return (3, _TWO_WAY | _ALIGNED * coding.aligned) if marked else None
    if coding.aligned and not marked:
        return (2, 0)
    return (3, _ALIGNED * coding.aligned)


def _marked(body: bytes, coding: FaxCoding) -> bool:
    """True when marks stand before the lines, which the data tell better than /EndOfLine does.

    Of two dimensions another mark than the first will do, for without any nobody judges them; behind a line that is
    filled up to a byte codes may look like one.
    """
    bits = _bits(body[:_LOOKED_AT])
    if coding.k < 0:
        return bits.startswith(_MARK)
    other = coding.k > 0 and not coding.aligned and _MARK in _bits(body[:-_TAIL][:_LOOKED_AT])
    return bits.startswith(_MARK[:-1]) or other


def _without_end(data: bytes) -> bytes:
    """The codes of the lines, without the marks that tell the end and what follows these."""
    tail = data[-_TAIL:]
    bits = _bits(tail)
    found = _END.search(bits)
    if found is None:
        return data
    kept = bits[: found.start()]
    filled = kept.ljust(-(-len(kept) // 8) * 8, "0")
    return data[: len(data) - len(tail)] + int(filled or "0", 2).to_bytes(len(filled) // 8)


def _bits(data: bytes) -> str:
    return f"{int.from_bytes(data):0{8 * len(data)}b}" if data else ""


def _tiff(data: bytes, width: int, height: int, compression: int, options: int) -> bytes:
    """A TIFF of one strip with this data, its directory right behind the head."""
    entries = [
        (256, _LONG, width),
        (257, _LONG, height),
        (258, _SHORT, 1),
        (259, _SHORT, compression),
        (262, _SHORT, 0),
        (266, _SHORT, 1),
        (273, _LONG, 0),
        (277, _SHORT, 1),
        (278, _LONG, height),
        (279, _LONG, len(data)),
        (292, _LONG, options),
    ]
    start = _HEAD.size + 2 + _ENTRY.size * len(entries) + 4
    packed = b"".join(_ENTRY.pack(tag, kind, 1, start if tag == 273 else value) for tag, kind, value in entries)
    return _HEAD.pack(b"II", 42, _HEAD.size) + struct.pack("<H", len(entries)) + packed + bytes(4) + data
