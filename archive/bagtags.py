"""Reads the text of tag files: bagit.txt (RFC 8493 §2.1.1), lines in their encoding (§2.3), bag-info.txt (§2.2.2)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from akten.diskwords import in_german
from archive.bagalgorithms import Trouble, Unreadable
from archive.bagnotes import Notes
from archive.bagrules import Limits
from archive.bagsource import BagSource

_DECLARATION = re.compile(
    r"BagIt-Version: (?P<version>[0-9]{1,9}\.[0-9]{1,9})(?:\r\n|\n|\r)"
    r"Tag-File-Character-Encoding: (?P<encoding>[!-~]+)(?:\r\n|\n|\r)?\Z"
)
_LOOSE_VERSION = re.compile(r"BagIt-Version\s*:\s*([0-9]{1,9}\.[0-9]{1,9})\s*$", re.MULTILINE)
_LOOSE_ENCODING = re.compile(r"Tag-File-Character-Encoding\s*:\s*([!-~]+)\s*$", re.MULTILINE)
_VERSIONS = {"0.93": (0, 93), "0.94": (0, 94), "0.95": (0, 95), "0.96": (0, 96), "0.97": (0, 97), "1.0": (1, 0)}
_ENCODINGS = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    "utf-16": "utf-16",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
    "utf-32": "utf-32",
    "utf-32be": "utf-32-be",
    "utf-32le": "utf-32-le",
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))},
    **{f"windows-125{page}": f"cp125{page}" for page in range(9)},
    "ibm437": "cp437",
    "ibm850": "cp850",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "macintosh": "mac-roman",
    "shift_jis": "shift_jis",
    "euc-jp": "euc_jp",
    "euc-kr": "euc_kr",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "big5": "big5",
}
_OTHER_SPELLINGS = {re.sub(r"[-_]", "", name): name for name in _ENCODINGS} | {
    "latin1": "iso-8859-1",
    "ascii": "us-ascii",
    "cp1252": "windows-1252",
}
_LINE_END = re.compile(r"\r\n|\n|\r")
_BLOCK = 1 << 16  # characters read at a time
_PAYLOAD_OXUM = re.compile(r"([0-9]{1,30})\.([0-9]{1,30})\Z")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What bagit.txt says; version 1.0 and UTF-8 stand in where it says nothing usable."""

    version: tuple[int, int] = (1, 0)
    encoding: str = "utf-8"
    text: str = ""

    @property
    def is_10(self) -> bool:
        """True for the rules of RFC 8493, false for the drafts up to 0.97."""
        return self.version >= (1, 0)


class BadText(Exception):
    """A tag file cannot be read as text; stays inside the judge. `unchecked` when only a budget ended the reading."""

    def __init__(self, code: str, text: str, *, unchecked: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.unchecked = unchecked

    def note(self, notes: Notes, where: str) -> None:
        """Writes the fault down."""
        (notes.unchecked if self.unchecked else notes.error)(self.code, where, self.text)


def read_declaration(source: BagSource, notes: Notes, limits: Limits) -> Declaration:
    """The declaration, with findings BG-01 … BG-07; never raises."""
    if "bagit.txt" not in source.files:
        if "bagit.txt" not in source.odd:
            notes.error("BG-01", "bagit.txt", "bagit.txt fehlt: dies ist kein BagIt-Paket.")
        return Declaration()
    if source.files["bagit.txt"] > limits.declaration_bytes:
        notes.error("BG-07", "bagit.txt", f"bagit.txt ist größer als {limits.declaration_bytes} Bytes.")
        return Declaration()
    try:
        with source.open("bagit.txt") as stream:
            raw = stream.read(limits.declaration_bytes + 1)
    except Unreadable as why:
        notes.unchecked(why.trouble.code, "bagit.txt", why.trouble.text)
        return Declaration()
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        notes.error("BG-03", "bagit.txt", "bagit.txt beginnt mit einer Bytefolgemarke (BOM).")
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    return _declared(raw.decode("utf-8", "replace"), notes)


def _declared(text: str, notes: Notes) -> Declaration:
    if exact := _DECLARATION.match(text):
        version, encoding = exact["version"], exact["encoding"]
    else:
        if not notes.has("BG-03") or "BagIt-Version" in text:
            notes.error("BG-02", "bagit.txt", "bagit.txt besteht nicht aus genau den zwei verlangten Zeilen.")
        loose, named = _LOOSE_VERSION.search(text), _LOOSE_ENCODING.search(text)
        version, encoding = (loose[1] if loose else "1.0"), (named[1] if named else "UTF-8")
    number = _VERSIONS.get(version)
    if number is None:
        notes.error("BG-04", "bagit.txt", f"Die BagIt-Version {version} ist unbekannt.")
    elif number < (0, 97):
        notes.warning("BG-06", "bagit.txt", f"BagIt {version} ist ein alter Entwurf; geprüft nach den Regeln von 0.97.")
    return Declaration(number or (1, 0), _codec(encoding, notes), version)


def _codec(encoding: str, notes: Notes) -> str:
    if codec := _ENCODINGS.get(encoding.lower()):
        return codec
    if other := _OTHER_SPELLINGS.get(re.sub(r"[-_]", "", encoding.lower())):
        notes.warning("BG-05", "bagit.txt", f"Die Zeichenkodierung „{encoding}“ heißt eigentlich {other.upper()}.")
        return _ENCODINGS[other]
    notes.error("BG-05", "bagit.txt", "Die in bagit.txt genannte Zeichenkodierung ist unbekannt.")
    return "utf-8"


def tag_lines(
    source: BagSource, path: str, encoding: str, notes: Notes, limits: Limits, most_bytes: int
) -> Iterator[tuple[int, str]]:
    """Lines of a tag file with their numbers; else as `tag_blocks`."""
    number = 0
    for lines in tag_blocks(source, path, encoding, notes, limits, most_bytes):
        for line in lines:
            number += 1
            yield number, line


def tag_blocks(
    source: BagSource, path: str, encoding: str, notes: Notes, limits: Limits, most_bytes: int
) -> Iterator[list[str]]:
    """Lines of a tag file in lists, without their ends; cut only at LF, CR and CRLF. Memory is flat.

    Raises BadText for bytes that are not of the encoding and for budgets, Unreadable when the file cannot be read.
    """
    if source.files[path] > most_bytes:
        raise BadText("BG-30", f"Die Datei ist größer als {most_bytes} Bytes und wurde nicht gelesen.", unchecked=True)
    number, rest = 0, ""
    with source.open(path) as stream:
        codec = _with_byte_order(encoding, stream.peek(4)[:4])
        reader = io.TextIOWrapper(stream, codec, "strict", newline="")
        try:
            while block := reader.read(_BLOCK):
                if not number and not rest and block[0] == "\ufeff":
                    notes.warning("BG-29", path, "Die Datei beginnt mit einer Bytefolgemarke (BOM).")
                    block = block[1:]
                lines, rest = _cut(rest + block)
                if max(len(rest), max(map(len, lines), default=0)) >= limits.line_characters:
                    text = f"Eine Zeile ist länger als {limits.line_characters} Zeichen."
                    raise BadText("BG-30", text, unchecked=True)
                number += len(lines)
                yield lines
        except UnicodeError as why:
            place = f"Nach Zeile {number}" if number else "In der Datei"
            raise BadText("BG-29", f"{place} stehen Bytes, die nicht {encoding.upper()} sind.") from why
        except OSError as why:
            raise Unreadable(Trouble("BG-62", f"Die Datei ist nicht lesbar: {in_german(why.errno)}.")) from why
    if rest:
        yield [rest.removesuffix("\r")]


def _cut(text: str) -> tuple[list[str], str]:
    """Whole lines and what is left; a CR at the end is left, because the LF of a CRLF may come next."""
    if "\r" not in text:
        *lines, rest = text.split("\n")
        return lines, rest
    waits = text[-1] == "\r"
    *lines, rest = _LINE_END.split(text[:-1] if waits else text)
    return lines, rest + "\r" * waits


def _with_byte_order(encoding: str, start: bytes) -> str:
    """UTF-16 without BOM is big-endian (RFC 2781 §4.3) unless its first character plainly says otherwise."""
    if encoding == "utf-16" and start[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16-le" if len(start) > 1 and start[1] == 0 and start[0] else "utf-16-be"
    if encoding == "utf-32" and start not in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return "utf-32-le" if start[-1:] == b"\0" else "utf-32-be"
    return encoding


def read_oxum(source: BagSource, declaration: Declaration, notes: Notes, limits: Limits) -> tuple[int, int] | None:
    """Payload-Oxum (bytes, files) of bag-info.txt, with findings BG-50 … BG-52, BG-54; None when none is usable."""
    name = "bag-info.txt"
    if name not in source.files and declaration.version < (0, 96):
        name = "package-info.txt"  # its name up to 0.95
    if name not in source.files:
        return None
    values: list[str] = []
    label = ""
    try:
        for number, line in tag_lines(source, name, declaration.encoding, notes, limits, limits.info_bytes):
            goes_on = line[:1] in (" ", "\t") and line.strip(" \t")
            if goes_on and number > 1:
                if label == "payload-oxum":
                    values[-1] += line.strip(" \t")
            elif element := _element(f"{name}, Zeile {number}", line, notes, is_10=declaration.is_10):
                label, value = element
                if label == "payload-oxum":
                    values.append(value)
    except BadText as why:
        why.note(notes, name)
    except Unreadable as why:
        notes.unchecked(why.trouble.code, name, why.trouble.text)
    if len(values) > 1:
        notes.error("BG-51", name, "Payload-Oxum steht mehrmals da.")
    oxum = [_PAYLOAD_OXUM.match(value.strip(" \t")) for value in values]
    if not all(oxum):
        notes.error("BG-52", name, "Payload-Oxum hat nicht die Form Bytes.Dateien.")
    if len(oxum) != 1 or oxum[0] is None:
        return None
    return int(oxum[0][1]), int(oxum[0][2])


def _element(where: str, line: str, notes: Notes, *, is_10: bool) -> tuple[str, str] | None:
    """Label in lower case and value of one line of bag-info.txt; blanks around the colon were free before 1.0."""
    if not line.strip(" \t"):
        notes.warning("BG-50", where, "Die Zeile ist leer.")
        return None
    label, colon, value = line.partition(":")
    if not colon or not label.strip(" \t"):
        notes.error("BG-50", where, "Die Zeile hat nicht die Form „Name: Wert“.")
        return None
    if is_10 and label.strip() != label:
        notes.error("BG-54", where, "Vor dem Doppelpunkt oder vor dem Namen steht Leerraum.")
    elif is_10 and value[:1] not in (" ", "\t"):
        notes.error("BG-50", where, "Nach dem Doppelpunkt fehlt das Leerzeichen.")
    return label.strip().lower(), value
