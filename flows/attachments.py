"""Embedded files of delivered PDFs: taken out in the sandbox, judged by content, kept as files of their own.

Attachments of attachments come out too, three levels deep. They are never read by OCR: a rendition is made of what was
delivered, and an attachment is kept as it is, with type and digests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from akten.diskwords import in_german
from akten.errors import Unavailable
from akten.files import Attachment, FileFacts, PageRef, Scan
from akten.findings import Finding, Severity
from akten.model import Anlage, Datei
from flows.formats import format_of
from ingest.scans import content_type
from ocr.attachments import MOST_BYTES, MOST_FILES, take_out
from ocr.examine import detected_mime, examine_each
from ocr.options import OcrOptions

_DEEPEST = 3
_HEAD = 64 << 10
_PROGRAMS = (
    "application/x-dosexec", "application/vnd.microsoft.portable-executable", "application/x-executable",
    "application/x-pie-executable", "application/x-sharedlib", "application/x-mach-binary", "application/x-msi",
    "application/x-ms-shortcut", "application/java-archive", "text/x-shellscript", "text/x-msdos-batch",
    "application/javascript", "text/javascript", "text/x-vbscript", "text/x-powershell",
)  # fmt: skip


def take_out_all(
    scans: Sequence[Scan], facts: Mapping[UUID, FileFacts], options: OcrOptions, folder: Path
) -> tuple[tuple[Attachment, ...], tuple[Finding, ...]]:
    """Every file embedded in one of these scans, with findings whose place names scan and attachment.

    Raises Unavailable when the folder cannot be written.
    """
    taken: list[Attachment] = []
    findings: list[Finding] = []
    for scan in scans:
        if facts[scan.uuid].attachments:
            own, said = _of_one(scan, options, folder)
            taken.extend(own)
            findings.extend(said)
    return tuple(taken), tuple(findings)


def _of_one(scan: Scan, options: OcrOptions, folder: Path) -> tuple[list[Attachment], list[Finding]]:
    holders: list[tuple[UUID, Path, str]] = [(scan.uuid, scan.path, scan.name)]
    taken: list[Attachment] = []
    findings: list[Finding] = []
    for depth in range(1, _DEEPEST + 2):
        inner: list[tuple[UUID, Path, str]] = []
        for holder, path, label in holders:
            if depth > _DEEPEST or len(taken) >= MOST_FILES:
                text = "Die Anlagen dieser Anlage bleiben in ihr (zu tief oder zu viele)."
                findings.append(Finding("AN-08", Severity.WARNING, label, text))
                continue
            place = folder / f"{holder}.anlagen"
            try:
                place.mkdir(parents=True)
            except OSError as reason:
                raise Unavailable(
                    f"Der Platz für Anlagen lässt sich nicht anlegen ({in_german(reason.errno)})."
                ) from reason
            left = MOST_BYTES - sum(one.digests.size for one in taken)
            found, said = take_out(holder, path, options, place, max(1, left))
            found = tuple(replace(one, mime=_type(one.path)) for one in found)
            findings.extend(replace(f, where=f"{label}, {f.where}") for f in said)
            looked, more = _judged(found, label, options, place)
            findings.extend(more)
            taken.extend(found)
            inner += [
                (one.uuid, one.path, f"{label}, {_name(one)}")
                for one in found
                if one.uuid in looked and looked[one.uuid].attachments
            ]
        holders = inner
    return taken, findings


def _type(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return content_type(stream.read(_HEAD))
    except OSError as reason:
        raise Unavailable(f"Eine Anlage lässt sich nicht lesen ({in_german(reason.errno)}).") from reason


def _name(one: Attachment) -> str:
    return f"Anlage {one.number} „{one.name}“"


def _judged(
    found: Sequence[Attachment], label: str, options: OcrOptions, folder: Path
) -> tuple[dict[UUID, FileFacts], list[Finding]]:
    """What each is, said once each; PDFs and images are opened in the sandbox as delivered files are."""
    findings: list[Finding] = []
    for one in found:
        text = f"Herausgenommen und einzeln bewahrt: {one.mime}, {one.digests.size} Byte."
        findings.append(Finding("AN-07", Severity.INFO, f"{label}, {_name(one)}", text))
        if one.mime in _PROGRAMS:
            text = f"Die Anlage ist ein Programm ({one.mime}); sie wird bewahrt und nie ausgeführt. Bitte ansehen."
            findings.append(Finding("AN-04", Severity.WARNING, f"{label}, {_name(one)}", text))
    readable = [one for one in found if detected_mime(one.path) is not None]
    pseudo = [Scan(one.uuid, one.path, one.name, one.mime, one.digests) for one in readable]
    looked = dict(zip((one.uuid for one in readable), examine_each(pseudo, options, folder), strict=True))
    for one in readable:
        findings.extend(
            Finding("AN-05", Severity.WARNING, f"{label}, {_name(one)}", f"{f.code} {f.where}: {f.text}")
            for f in looked[one.uuid].findings
            if f.severity is Severity.ERROR
        )
    return looked, findings


def by_document(
    attachments: Sequence[Attachment], pages: Mapping[UUID, Sequence[PageRef]]
) -> dict[UUID, tuple[Anlage, ...]]:
    """Which Dokument names which attachments: the first that uses the scan, since XDOMEA names every file once."""
    holders: dict[UUID, UUID] = {}
    for dokument, refs in pages.items():
        for ref in refs:
            holders.setdefault(ref.scan, dokument)
    named: dict[UUID, list[Anlage]] = {}
    for one in attachments:
        if one.source not in holders:
            continue
        holders[one.uuid] = holders[one.source]
        named.setdefault(holders[one.source], []).append(anlage_of(one))
    return {dokument: tuple(anlagen) for dokument, anlagen in named.items()}


def anlage_of(one: Attachment) -> Anlage:
    """An attachment as the Akte tells of it."""
    return Anlage(datei_of(one), one.name, one.source)


def datei_of(one: Attachment) -> Datei:
    """An attachment as a file of the package."""
    suffix, code, name = format_of(one.mime, one.name)
    return Datei(one.uuid, suffix, one.mime, one.digests, code, format_name=name, name_original=one.name)
