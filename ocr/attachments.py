"""Takes the files out that are embedded in a PDF, so that they can be kept and found on their own (ISO 32000-1 §7.11).

The names are the foreign ones and serve for lists only; on disk the files bear numbers. What is taken out is bounded
in number, in size and in how much it may swell; what stays behind is named, and lies in the original in any case.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from akten.diskwords import in_german
from akten.errors import Unavailable
from akten.files import Attachment, digest_file
from akten.findings import Finding
from akten.plural import plural
from ocr.ends import SandboxDied
from ocr.findings import error, info, warning
from ocr.options import Limits, OcrOptions
from ocr.sandbox import call_limited

MOST_FILES = 1000  # of one delivered file
MOST_BYTES = 1 << 30  # of all together
_SWELLING = 200  # times its packed size: more is no honest file once it is larger than the next
_SWELLING_FROM = 64 << 20
_BLOCK = 1 << 20
_SAID = 50  # findings about single attachments of one file

RULES: dict[str, tuple[str, str]] = {
    "AN-01": ("Jede Anlage eines PDF lässt sich herausnehmen.", "ISO 32000-1 §7.11.4"),
    "AN-02": (
        "Die Anlagen eines PDF sind zusammen höchstens 1 GB groß, höchstens 1.000, und keine ist eine Packbombe.",
        "Schutzgrenze",
    ),
    "AN-03": ("Der Name einer Anlage ist ein einfacher, einmaliger Dateiname.", "ISO 32000-1 §7.11.2; eigene Regel"),
    "AN-04": ("Eine Anlage ist kein Programm.", "eigene Regel"),
    "AN-05": ("Eine Anlage lässt sich selbst öffnen und ganz lesen.", "eigene Regel"),
    "AN-06": ("Eine Anlage hat Inhalt.", "eigene Regel"),
    "AN-07": ("Jede herausgenommene Anlage wird mit Typ, Größe und Herkunft genannt.", "TR-03138 A.NB.1"),
    "AN-08": ("Anlagen liegen höchstens drei Ebenen tief in Anlagen.", "Schutzgrenze"),
}

# What may stop a delivery: a person looks, and may accept it with a reason, since the original holds everything.
STOPPING = ("AN-01", "AN-02")


def take_out(
    holder: UUID, path: Path, options: OcrOptions, folder: Path, most_bytes: int = MOST_BYTES
) -> tuple[tuple[Attachment, ...], tuple[Finding, ...]]:
    """All embedded files of a PDF as files in `folder` (`anlage-0001` …), and findings about what is odd with them.

    Raises Unavailable when the folder cannot be read.
    """
    limits = Limits(
        cpu_seconds=120,
        wall_seconds=300.0,
        memory_bytes=min(2 << 30, options.file_limits.memory_bytes),
        file_bytes=most_bytes + _BLOCK,
    )
    payload = {"path": str(path.resolve()), "folder": str(folder.resolve()), "most": most_bytes}
    try:
        answer = call_limited("ocr.attachments:unpack", payload, limits=limits, folder=folder, options=options)
    except SandboxDied as died:
        for half in folder.glob("anlage-*"):
            half.unlink(missing_ok=True)
        return (), (error("AN-01", "Datei", f"Die Anlagen ließen sich nicht herausnehmen: {died.text}."),)
    taken: list[Attachment] = []
    findings: list[Finding] = []
    names: set[str] = set()
    for number, entry in enumerate(answer.get("entries", ())[:MOST_FILES], 1):
        foreign, state = str(entry.get("name", "")), str(entry.get("state", ""))
        name = _listed(foreign, number, names)
        where = f"Anlage {number} „{name}“"
        file = folder / f"anlage-{number:04d}"
        if name != foreign:
            text = f"Der Name „{foreign}“ ist kein einfacher, einmaliger Dateiname und wurde ersetzt."
            findings.append(warning("AN-03", where, text))
        match state:
            case "ok" if file.is_file() and not file.is_symlink():
                try:
                    digests = digest_file(file)
                except OSError as reason:
                    raise Unavailable(f"Eine Anlage lässt sich nicht lesen ({in_german(reason.errno)}).") from reason
                taken.append(Attachment(uuid5(holder, f"anlage/{number}"), holder, number, name, file, digests))
            case "empty":
                findings.append(warning("AN-06", where, "Die Anlage ist leer (0 Byte) und wird nur genannt."))
            case "bomb":
                text = "Die Anlage wächst beim Entpacken über jedes Maß und bleibt nur im Original. Bitte ansehen."
                findings.append(error("AN-02", where, text))
            case _:
                text = "Die Anlage ist beschädigt und bleibt nur im Original. Bitte neu liefern oder so annehmen."
                findings.append(error("AN-01", where, text))
    if answer.get("more"):
        text = "Nicht alle Anlagen wurden herausgenommen (zu viele oder zu groß); sie bleiben im Original."
        findings.append(error("AN-02", "Datei", text))
    return tuple(taken), _bounded(findings)


def _bounded(findings: list[Finding]) -> tuple[Finding, ...]:
    if len(findings) <= _SAID:
        return tuple(findings)
    rest = info(
        "AN-07", "Datei", f"… und {plural(len(findings) - _SAID, 'weiterer Befund', 'weitere Befunde')} zu Anlagen."
    )
    worst_first = sorted(findings, key=lambda finding: finding.code not in STOPPING)
    return (*worst_first[:_SAID], rest)


def _listed(foreign: str, number: int, names: set[str]) -> str:
    """A name for lists: no folders, no tricks, no doubles; it is never a path on our disk."""
    name = foreign.replace("\\", "/").rpartition("/")[2].strip(" .") or f"Anlage {number}"
    while name.casefold() in names:
        stem, dot, suffix = name.rpartition(".")
        name = f"{stem} ({number}).{suffix}" if dot else f"{name} ({number})"
    names.add(name.casefold())
    return name


def unpack(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: writes every embedded file, unpacked, under its number, and says what became of each."""
    import pikepdf
    from pikepdf.settings import set_qpdf_limits

    from ocr.pdffeatures import embedded_files

    set_qpdf_limits(flate_max_memory=_SWELLING_FROM, run_length_max_memory=_SWELLING_FROM)
    entries: list[dict[str, str]] = []
    left = int(payload["most"])
    with pikepdf.open(payload["path"], suppress_warnings=True) as pdf:
        for name, stream in embedded_files(pdf):
            if len(entries) >= MOST_FILES:
                return {"entries": entries, "more": True}
            target = Path(payload["folder"]) / f"anlage-{len(entries) + 1:04d}"
            written, state = _unpacked(stream, target, left)
            if state == "full":
                return {"entries": entries, "more": True}
            left -= written
            entries.append({"name": name, "state": state})
    return {"entries": entries, "more": False}


def _unpacked(stream: Any, target: Path, left: int) -> tuple[int, str]:
    """Writes one embedded file piece by piece; what is not whole is not left there. Returns its size and state."""
    import pikepdf

    written, state = 0, "ok"
    try:
        raw = stream.read_raw_bytes()
        with target.open("wb") as out:
            for block in _blocks(stream, raw):
                written += len(block)
                if written > _SWELLING_FROM and written > _SWELLING * len(raw):
                    state = "bomb"
                    break
                if written > left:
                    state = "full"
                    break
                out.write(block)
    except (pikepdf.PikepdfError, zlib.error) as reason:
        state = "bomb" if "limit" in str(reason) or "memory" in str(reason) else "broken"
    if state == "ok" and not written:
        state = "empty"
    if state != "ok":
        target.unlink(missing_ok=True)
        written = 0
    return written, state


def _blocks(stream: Any, raw: bytes) -> Iterator[bytes]:
    """The unpacked bytes; the usual coding in pieces, any other at once within the limits of qpdf."""
    from ocr.pdfimages import filters_of

    if filters_of(stream) not in (["/FlateDecode"], ["/Fl"]) or stream.get("/DecodeParms") is not None:
        yield stream.read_bytes()
        return
    unpack = zlib.decompressobj()
    rest = raw
    while rest and not unpack.eof:
        yield unpack.decompress(rest, _BLOCK)
        rest = unpack.unconsumed_tail
    if raw and not unpack.eof:
        raise zlib.error("incomplete")
