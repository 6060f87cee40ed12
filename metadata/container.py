"""The ZIP that carries a message and its files: judged without unpacking, and written with the same bytes every time.

Nothing is written to disk while judging; entries are streamed once. What a ZIP claims is looked at before anything is
inflated: size of the directory, number and size of entries, compression ratio, overlaps.
"""

from __future__ import annotations

import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from akten.brokenwords import broken_in_german
from akten.diskwords import is_of_the_machine
from akten.files import Digests, digest_bytes, digest_stream
from akten.findings import Severity, Verdict
from akten.zipdirectory import bytes_behind, bytes_between, directory_bytes
from metadata.checks import XdomeaReport, check_message, report_of
from metadata.checks_files import label, unsafe_name
from metadata.messages import Message
from metadata.names import MessageName, parse_stem, stem_of
from metadata.parse import LIMITS, ParseLimits
from metadata.profile import Profile
from metadata.rules import Findings, Purpose, unseen
from metadata.schemas import Schemas
from metadata.xdomea import write_message

_SUFFIXES = (".zip", ".xdomea")
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # the entry, strongly, or the directory with it (APPNOTE 4.4.4)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError)
_MARK = b":xdomea:schema:"


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """Bounds of one package. Scans hardly shrink; a blank plan may shrink to 1/400, a bomb to 1/1000."""

    max_directory: int = 16 << 20
    max_entries: int = 150_000
    max_bytes: int = 256 << 30
    ratio: int = 500
    ratio_from: int = 64 << 20  # smaller entries may be as dense as they like
    total_ratio: int = 100
    total_from: int = 4 << 30


ZIP_LIMITS = ZipLimits()


def judge_path(
    path: Path,
    schemas: Schemas | None,
    *,
    purpose: Purpose = Purpose.FOREIGN,
    limits: ParseLimits = LIMITS,
    zip_limits: ZipLimits = ZIP_LIMITS,
) -> XdomeaReport:
    """Judges a message file or a package by content; never raises for bad input, and unpacks nothing."""
    findings = Findings(purpose)
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            findings.add("XD-01", "", "Das ist keine gewöhnliche Datei.")
            return report_of(None, None, Verdict.NOT_CHECKED, findings.all())
        with path.open("rb") as stream:
            start = stream.read(4)
        if start in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08") or (
            path.suffix.lower() in _SUFFIXES and not start.lstrip().startswith(b"<")
        ):
            return _judge_zip(path, schemas, findings, limits, zip_limits)
        with path.open("rb") as stream:
            xml = stream.read(limits.max_bytes + 1)
    except (OSError, ValueError) as problem:  # nobody looked, so nothing bad was found
        text = f"Die Datei ist nicht lesbar ({broken_in_german(problem)})."
        findings.add("XD-01", "", text, severity=Severity.WARNING)
        return report_of(None, None, Verdict.NOT_CHECKED, findings.all())
    report = check_message(xml, schemas, purpose=purpose, limits=limits)
    name = parse_stem(path.stem) if path.suffix.lower() == ".xml" else None
    if name is not None:
        _check_agreement(name, report, findings)
    return _joined(findings, report)


def _joined(findings: Findings, report: XdomeaReport) -> XdomeaReport:
    """The report on the message with what was found on its container."""
    return report_of(report.version, report.message, report.schema_verdict, (*findings.all(), *report.findings))


def _judge_zip(
    path: Path, schemas: Schemas | None, findings: Findings, limits: ParseLimits, zip_limits: ZipLimits
) -> XdomeaReport:
    unread = (None, None, Verdict.NOT_CHECKED)
    size = directory_bytes(path)
    if size is None:
        findings.add("XD-90", "", "Das ZIP hat kein lesbares Verzeichnis; es ist unvollständig oder kein ZIP.")
        return report_of(*unread, findings.all())
    if size > zip_limits.max_directory:
        findings.add("XD-93", "", "Das Verzeichnis des ZIP ist größer, als gelesen wird.")
        return report_of(*unread, findings.all())
    try:
        with zipfile.ZipFile(path) as package:
            return _judge_entries(package, path, schemas, findings, limits, zip_limits)
    except _BROKEN as problem:
        _say_if_of_the_machine(problem)
        findings.add("XD-90", "", f"Das ZIP ist nicht lesbar ({broken_in_german(problem)}).")
        return report_of(*unread, findings.all())


def _judge_entries(
    package: zipfile.ZipFile,
    path: Path,
    schemas: Schemas | None,
    findings: Findings,
    limits: ParseLimits,
    zip_limits: ZipLimits,
) -> XdomeaReport:
    entries = _check_entries(package.infolist(), findings)
    if bytes_behind(path):
        text = "Nach dem Ende des ZIP stehen Bytes, die zu keiner Datei gehören."
        findings.add("XD-90", "", text, severity=Severity.WARNING)
    dangerous = _check_claims(package.infolist(), path.stat().st_size, findings, zip_limits)
    told = ((info.header_offset, info.compress_size, info.flag_bits) for info in package.infolist())
    if not dangerous and bytes_between(path, told, package.start_dir):
        text = "Zwischen den Einträgen des ZIP stehen Bytes, die zu keiner Datei gehören."
        findings.add("XD-90", "", text, severity=Severity.WARNING)
    message = None if dangerous else _find_message(package, entries, path, findings, limits)
    if message is None:
        return report_of(None, None, Verdict.NOT_CHECKED, findings.all())
    xml = _read_message(package, entries[message], findings)
    files = {name: _digests(package, info, findings) for name, info in entries.items() if name != message}
    if xml is None:
        return report_of(None, None, Verdict.NOT_CHECKED, findings.all())
    report = check_message(xml, schemas, files=files, purpose=findings.purpose, limits=limits)
    _check_names(path, message, report, findings)
    return _joined(findings, report)


def entry_name(info: zipfile.ZipInfo) -> str:
    """The name of an entry: as flagged, else as UTF-8 where it is, else as CP437."""
    if info.flag_bits & 0x800 or info.orig_filename.isascii():
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _check_entries(infos: list[zipfile.ZipInfo], findings: Findings) -> dict[str, zipfile.ZipInfo]:
    """The usable files by name; folders, paths, links, doubles and foreign encodings become findings."""
    entries: dict[str, zipfile.ZipInfo] = {}
    folded: set[str] = set()
    for info in infos:
        name = entry_name(info)
        if not info.orig_filename.isascii() and not info.flag_bits & 0x800:
            findings.add("XD-86", label(name), "Der Name ist weder ASCII noch als UTF-8 gekennzeichnet.")
        kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
        if name.endswith("/") or kind == stat.S_IFDIR:
            findings.add("XD-91", label(name), "Das ZIP enthält einen Ordner.")
            continue
        if unsafe_name(name) or (len(name) > 1 and name[1] == ":") or not name:
            findings.add("XD-91", label(name), "Ein Name im ZIP enthält einen Pfad oder Steuerzeichen.")
            continue
        if kind not in (0, stat.S_IFREG):
            findings.add("XD-91", label(name), "Das ZIP enthält eine Verknüpfung oder Gerätedatei.")
            continue
        fold = unicodedata.normalize("NFC", name).casefold()
        if name in entries:
            findings.add("XD-92", label(name), "Dieser Name kommt im ZIP zweimal vor.")
            continue
        if fold in folded:
            text = "Zwei Namen im ZIP unterscheiden sich nur in der Schreibung."
            findings.add("XD-92", label(name), text, severity=Severity.WARNING)
        folded.add(fold)
        entries[name] = info
    return entries


def _check_claims(infos: list[zipfile.ZipInfo], size: int, findings: Findings, limits: ZipLimits) -> bool:
    """True when the ZIP claims so much that nothing is inflated."""
    problems = []
    if len(infos) > limits.max_entries:
        problems.append("Das ZIP enthält mehr Einträge, als gelesen werden.")
    total = sum(info.file_size for info in infos)
    if total > limits.max_bytes or (total > limits.total_from and total > limits.total_ratio * max(size, 1)):
        problems.append("Der Inhalt des ZIP wäre entpackt unverhältnismäßig groß.")
    if any(
        info.file_size > limits.ratio_from and info.file_size > limits.ratio * max(info.compress_size, 1)
        for info in infos
    ):
        problems.append("Ein Eintrag wäre entpackt unverhältnismäßig groß.")
    if infos and min(info.header_offset for info in infos) > 0:
        text = "Vor dem ersten Eintrag stehen Bytes, die zu keiner Datei gehören."
        findings.add("XD-90", "", text, severity=Severity.WARNING)
    position = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < position:
            problems.append("Einträge des ZIP überlappen einander.")
            break
        position = info.header_offset + 30 + info.compress_size
        if position > size:
            problems.append("Ein Eintrag reicht über das Ende des ZIP hinaus.")
            break
    for text in problems:
        findings.add("XD-93", "", text)
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            findings.add("XD-90", label(entry_name(info)), "Der Eintrag ist verschlüsselt.")
        elif info.compress_type not in _READABLE:
            text = "Der Eintrag ist mit einem Verfahren verdichtet, das Empfänger nicht lesen (erlaubt: Deflate)."
            findings.add("XD-90", label(entry_name(info)), text)
    return bool(problems)


def _readable(info: zipfile.ZipInfo) -> bool:
    return not info.flag_bits & _ENCRYPTED and info.compress_type in _READABLE


def _find_message(
    package: zipfile.ZipFile,
    entries: Mapping[str, zipfile.ZipInfo],
    path: Path,
    findings: Findings,
    limits: ParseLimits,
) -> str | None:
    """Name of the one entry that is the message: by name, else by looking into the XML files."""
    xml = [name for name, info in entries.items() if name.lower().endswith(".xml") and _readable(info)]
    named = [name for name in xml if parse_stem(name[:-4]) is not None]
    if len(named) < 2 and path.stem + ".xml" not in named:
        sniffed = [name for name in xml if name not in named and _looks_like_message(package, entries[name])]
        named += sniffed
    if not named:
        closed = any(name.lower().endswith(".xml") and not _readable(info) for name, info in entries.items())
        text = "Ob das ZIP eine XDOMEA-Nachricht enthält, lässt sich nicht sehen."
        findings.add("XD-94", "", text if closed else "Das ZIP enthält keine XDOMEA-Nachricht.")
        return None
    if len(named) > 1:
        findings.add("XD-94", "", f"Das ZIP enthält {len(named)} Nachrichten; erlaubt ist eine.")
    message = path.stem + ".xml" if path.stem + ".xml" in named else sorted(named)[0]
    if entries[message].file_size > limits.max_bytes:
        text = f"Die Nachricht ist größer als {limits.max_bytes >> 20} MB und wird nicht gelesen."
        findings.add("XD-01", "", text, severity=unseen(findings.purpose))
        return None
    return message


def _say_if_of_the_machine(problem: Exception) -> None:
    """Raises the OSError of a failing disk or a lacking right again: it says nothing of the file."""
    if isinstance(problem, OSError) and is_of_the_machine(problem.errno):
        raise problem


def _looks_like_message(package: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    try:
        with package.open(info) as stream:
            return _MARK in stream.read(4096)
    except _BROKEN as problem:
        _say_if_of_the_machine(problem)
        return False  # named when the entry is read in full; where that leaves no message, XD-94 stands


def _read_message(package: zipfile.ZipFile, info: zipfile.ZipInfo, findings: Findings) -> bytes | None:
    """The bytes of the message; broken ones become a finding and None: of what nobody read nothing is said."""
    try:
        with package.open(info) as stream:
            data = stream.read()
    except _BROKEN as problem:
        _say_if_of_the_machine(problem)
        findings.add("XD-90", label(entry_name(info)), "Die Nachricht im ZIP ist beschädigt.")
        return None
    if len(data) != info.file_size:
        findings.add("XD-90", label(entry_name(info)), "Die Nachricht ist kürzer, als das Verzeichnis des ZIP sagt.")
    return data


def _digests(package: zipfile.ZipFile, info: zipfile.ZipInfo, findings: Findings) -> Digests:
    """Digests of one entry, streamed; a broken one becomes a finding and the digests of nothing."""
    nothing = replace(digest_bytes(b""), size=info.file_size)
    if not _readable(info):
        return nothing  # already said
    try:
        with package.open(info) as stream:
            digests = digest_stream(stream)  # type: ignore[arg-type]
    except _BROKEN as problem:
        _say_if_of_the_machine(problem)
        findings.add("XD-90", label(entry_name(info)), "Der Eintrag ist beschädigt oder unvollständig.")
        return nothing
    if digests.size != info.file_size:
        findings.add("XD-90", label(entry_name(info)), "Der Eintrag ist kürzer, als das Verzeichnis des ZIP sagt.")
    return digests


def _check_names(path: Path, message: str, report: XdomeaReport, findings: Findings) -> None:
    """Name of the ZIP against the scheme, name of the XML against the ZIP, both against the content."""
    outer = parse_stem(path.stem)
    inner = parse_stem(message[:-4])
    version = report.version or ""
    if outer is None or path.suffix.lower() not in _SUFFIXES or (report.message and not outer.fits(version)):
        findings.add("XD-95", "", "Der Name des ZIP folgt nicht dem Namensschema dieser Version.")
    if outer is not None and message[:-4] != path.stem:
        findings.add("XD-96", "", "Die Nachricht im ZIP heißt nicht wie das ZIP.")
    elif outer is None and (inner is None or (report.message and not inner.fits(version))):
        findings.add("XD-95", "", "Der Name der Nachricht im ZIP folgt nicht dem Namensschema dieser Version.")
    for name in dict.fromkeys((outer, inner)):
        if name is not None:
            _check_agreement(name, report, findings)


def _check_agreement(name: MessageName, report: XdomeaReport, findings: Findings) -> None:
    """What the file name says of type, process and number against the message."""
    if report.version is None or report.message is None:
        return
    if not name.agrees(report.version, report.message):
        findings.add("XD-97", "", f"Der Dateiname nennt eine andere Nachricht als {report.message}.")
    if report.prozess_id and name.prozess_id.lower() != report.prozess_id.lower():
        findings.add("XD-97", "", "Der Dateiname nennt eine andere ProzessID als die Nachricht.")
    if name.number is not None and report.lfd_nr is not None and name.number != report.lfd_nr:
        findings.add("XD-97", "", "Der Dateiname nennt eine andere laufende Nummer als die Nachricht.")


def write_zip(message: Message, profile: Profile, sources: Mapping[str, Path], folder: Path) -> Path:
    """Writes the package of a message into `folder` and returns its path; same input, same bytes.

    `sources` maps the file names of the message to files. The ZIP appears under its name only when it is complete.
    No verb sends one yet: it is the writing side of what `judge_path` reads, for the exchange with the archive.
    """
    stem = stem_of(message, profile.version)
    target, unfinished = folder / f"{stem}.zip", folder / f".{stem}.part"
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as package:
        package.writestr(_entry(f"{stem}.xml", zipfile.ZIP_DEFLATED), write_message(message, profile))
        for name in sorted(sources):
            with sources[name].open("rb") as source, package.open(_entry(name), "w", force_zip64=True) as entry:
                while block := source.read(1 << 20):
                    entry.write(block)
    return unfinished.replace(target)


def _entry(name: str, method: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    """An entry without time and rights of this machine; scans do not shrink, so they are stored."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = method
    info.create_system = 3
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info
