"""Opens a delivered file in the sandbox and says what it is: pages, sizes, images, text, fonts, signatures, forms.

Nothing here decodes: our own process reads the first bytes at most. Whatever a file does to its reader becomes a
finding of the `EX` rules; only a broken sandbox raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from akten.diskwords import in_german
from akten.errors import Misconfigured, Unavailable
from akten.files import FileFacts, FileKind, Scan
from akten.findings import Finding
from ocr.ends import SandboxDied
from ocr.filefacts import facts_from_json
from ocr.findings import error, warning
from ocr.options import Limits, OcrOptions
from ocr.sandbox import call_each
from ocr.warm import CallEach

_HEAD_BYTES = 1024
_MIB = 1 << 20
_MEMORY = 1536 * _MIB  # address space; what is really used stays below 500 MB
_BATCH = 50  # files in one interpreter
_KINDS = {
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"II+\0": "image/tiff",  # BigTIFF
    b"MM\0+": "image/tiff",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\0\0\0\x0cjP  \r\n\x87\n": "image/jp2",
    b"\xff\x4f\xff\x51": "image/x-jp2-codestream",
}
_FOREIGN = (  # (first bytes, where, what it is)
    (b"GIF8", 0, "ein GIF-Bild"),
    (b"WEBP", 8, "ein WebP-Bild"),
    (b"BM", 0, "ein BMP-Bild"),
    (b"ftyphe", 4, "ein HEIC-Bild"),
    (b"ftypmif1", 4, "ein HEIC-Bild"),
    (b"ftypavif", 4, "ein AVIF-Bild"),
    (b"8BPS", 0, "eine Photoshop-Datei"),
    (b"AT&TFORM", 0, "eine DjVu-Datei"),
    (b"PK\x03\x04", 0, "ein ZIP-Archiv oder eine Office-Datei"),
    (b"\xd0\xcf\x11\xe0", 0, "eine alte Office-Datei"),
    (b"%!PS", 0, "eine PostScript-Datei"),
)
_ALIASES = {
    "image/jpx": "image/jp2",
    "image/jpm": "image/jp2",
    "image/x-jp2-codestream": "image/jp2",
    "image/pjpeg": "image/jpeg",
    "image/tif": "image/tiff",
}

RULES: dict[str, tuple[str, str]] = {
    "EX-01": ("Eine Datei hat Inhalt", "docs/architecture.md, Untersuchung"),
    "EX-02": ("Angenommen werden TIFF, JPEG, PNG, JPEG 2000 und PDF, erkannt am Inhalt", "Auftrag §2 Intake"),
    "EX-03": ("Der Typ am Anfang der Datei und der gemeldete Typ stimmen überein", "Auftrag §2 Intake"),
    "EX-04": ("Die Datei lässt sich öffnen", "ISO 32000-1 §7.5; TIFF 6.0 §2"),
    "EX-05": ("Jede Seite lässt sich ganz entschlüsseln", "ISO 19005-2 deckt das nicht ab; eigene Regel"),
    "EX-06": ("Ein Bild hat höchstens so viele Bildpunkte wie eingestellt (max_pixels)", "Schutzgrenze"),
    "EX-07": (
        "Eine Seite ist höchstens so groß wie eingestellt (max_page_mm)",
        "ISO 19005-2 §6.1.13 (14.400 Einheiten)",
    ),
    "EX-08": ("Eine Datei hat höchstens so viele Seiten wie eingestellt (max_pages)", "Schutzgrenze"),
    "EX-09": ("Ein Inhaltsstrom ist entpackt höchstens so groß wie eingestellt (max_stream_bytes)", "Schutzgrenze"),
    "EX-10": ("Eine PDF-Datei lässt sich ohne Kennwort öffnen", "ISO 32000-1 §7.6"),
    "EX-11": ("Eine PDF-Datei ist nicht verschlüsselt", "ISO 19005-2 §6.1.3"),
    "EX-12": ("Eine PDF-Datei ist unversehrt; repariert ist nicht unversehrt", "ISO 32000-1 §7.5"),
    "EX-13": ("Jedes Bild, das eine Seite nennt, ist da", "ISO 32000-1 §8.10"),
    "EX-14": ("Digital signierte Dateien werden nie verändert", "eIDAS Art. 32; eigene Regel"),
    "EX-15": ("Formulare werden als Original neben der Fassung bewahrt", "ISO 32000-1 §12.7"),
    "EX-16": ("Anlagen in PDF werden herausgenommen und einzeln bewahrt", "ISO 19005-2 §6.8"),
    "EX-17": ("Eine PDF-Datei enthält kein JavaScript und startet nichts", "ISO 19005-2 §6.5"),
    "EX-18": ("Alle Schriften sind eingebettet", "ISO 19005-2 §6.2.11.4"),
    "EX-19": ("Die Auflösung steht in der Datei und ist glaubhaft", "Auftrag §2 Intake"),
    "EX-20": ("TIFF nennt die Länge seiner Bilddaten (StripByteCounts)", "TIFF 6.0 §8"),
    "EX-21": ("Die Untersuchung endet innerhalb ihrer Grenzen", "Schutzgrenze"),
    "EX-22": ("Eine Datei hat mindestens eine Seite", "ISO 32000-1 §7.7.3"),
    "EX-23": ("Fax-Zeilen sind unbeschädigt", "ITU-T T.4, T.6"),
    "EX-24": ("Eine Bilddatei enthält nur ganze Seiten", "TIFF 6.0 §8 NewSubfileType"),
    "EX-25": ("Farben sind ohne Zutun druckbar (Grau, RGB, sonst mit Profil)", "ISO 19005-2 §6.2.4"),
    "EX-26": ("Eine Seite zeigt etwas", "eigene Regel"),
    "EX-27": ("Ebenen einer PDF-Datei sind eingeblendet", "ISO 32000-1 §8.11; ISO 19005-2 §6.9"),
    "EX-28": ("Schwärzungen sind vollzogen und nicht nur vorgemerkt", "ISO 32000-2 §12.5.6.23"),
    "EX-30": (
        "Die Bildpunkte einer Seite lassen sich eindeutig deuten und zeigen etwas",
        "TIFF 6.0 §5, §19; eigene Regel",
    ),
    "EX-31": (
        "Der Entschlüssler eines Fax- oder JPEG-Bildes wird abgehört; sonst wird gesagt, dass es unterblieb",
        "ITU-T T.4, T.6, T.81",
    ),
    "EX-32": ("Von einem Fax-Bild sind höchstens 5 % der Zeilen verloren", "ITU-T T.4, T.6; Grenze: Hausregel"),
    "EX-33": (
        "Der Text einer PDF-Seite lässt sich entnehmen, oder er wird gelesen",
        "ISO 32000-1 §9.10.2; ISO 19005-2 §6.2.11.7",
    ),
    "EX-29": ("Eine Seite zeigt ihre ganze Fläche", "ISO 32000-1 §14.11.2"),
}


def detected_mime(path: Path) -> str | None:
    """The type by the first bytes of the file; None when it is none that we take. Raises Unavailable."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as reason:
        raise Unavailable(f"Eine gelieferte Datei lässt sich nicht lesen ({in_german(reason.errno)}).") from reason
    for magic, mime in _KINDS.items():
        if head.startswith(magic):
            return mime
    if b"%PDF-" in head:  # ISO 32000-1, implementation note 13: within the first 1024 bytes
        return "application/pdf"
    return None


def _foreign(path: Path) -> str:
    """What to do with a file of a kind that we do not take; common kinds are called by name."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as reason:
        raise Unavailable(f"Eine gelieferte Datei lässt sich nicht lesen ({in_german(reason.errno)}).") from reason
    name = next((name for mark, place, name in _FOREIGN if head[place : place + len(mark)] == mark), "")
    seen = f"Die Datei ist {name}" if name else "Der Inhalt ist unbekannt"
    return f"{seen}; angenommen werden TIFF, JPEG, PNG, JPEG 2000 und PDF. Bitte in einem dieser Formate neu liefern."


def examine_each(
    scans: Sequence[Scan], options: OcrOptions, folder: Path, call: CallEach = call_each
) -> list[FileFacts]:
    """The facts of files, learned in few children with limits that may write to `folder` only.

    Bad files give findings, never an exception, and one that kills its child costs itself only. `call` is how the
    sandbox is entered: by a child of its own, or by one that is kept warm. Raises Unavailable or Misconfigured when it
    could not look.
    """
    results: dict[int, FileFacts] = {}
    todo: dict[str, list[tuple[int, str, int]]] = {}
    for position, scan in enumerate(scans):
        size = _size(scan.path)
        mime = detected_mime(scan.path)
        if size == 0:
            results[position] = _unusable(scan, "EX-01", "Die Datei ist leer. Bitte neu scannen oder neu liefern.")
        elif mime is None:
            results[position] = _unusable(scan, "EX-02", _foreign(scan.path))
        else:
            reader = "ocr.examine_pdf:examine_pdf" if mime == "application/pdf" else "ocr.examine_image:examine_image"
            todo.setdefault(reader, []).append((position, mime, size))
    for reader, files in todo.items():
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            payloads = [_payload(scans[position], mime, options) for position, mime, _ in batch]
            limits = _limits(max(size for _, _, size in batch), options)
            answers = call(reader, payloads, limits=limits, folder=folder, options=options)
            for (position, mime, _), answer in zip(batch, answers, strict=True):
                results[position] = _checked(scans[position], mime, answer)
    return [results[position] for position in range(len(scans))]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as reason:
        raise Unavailable(f"Eine gelieferte Datei lässt sich nicht lesen ({in_german(reason.errno)}).") from reason


def _payload(scan: Scan, mime: str, options: OcrOptions) -> dict[str, Any]:
    return {
        "path": str(scan.path.resolve()),
        "mime": mime,
        "max_pixels": options.max_pixels,
        "max_page_mm": options.max_page_mm,
        "max_pages": options.max_pages,
        "max_stream_bytes": options.max_stream_bytes,
    }


def _limits(size: int, options: OcrOptions) -> Limits:
    """Time grows with the file: 1 MB of fax images decodes in a second; the whole-file limit bounds it."""
    seconds = 15 + size // (256 << 10)
    return Limits(
        cpu_seconds=min(seconds, options.file_limits.cpu_seconds),
        wall_seconds=min(4.0 * seconds, options.file_limits.wall_seconds),
        memory_bytes=min(_MEMORY + size, options.file_limits.memory_bytes),
        file_bytes=64 * _MIB,
        open_files=options.file_limits.open_files,
    )


def _checked(scan: Scan, mime: str, answer: dict[str, Any] | SandboxDied) -> FileFacts:
    if isinstance(answer, dict):
        try:
            return _with(facts_from_json(answer), _mismatch(scan, mime))
        except ValueError:
            answer = SandboxDied("crash", "no facts")
    if answer.unseen:
        raise Misconfigured(
            f"Die abgeschotteten Leseprogramme kommen nicht an die Dateien in {scan.path.parent}. An den Scans liegt "
            "es nicht: Unter /dev und /proc, und auf Laufwerken, die nur einem Konto offenstehen, kann der Datenordner "
            "nicht liegen. Bitte einen anderen Ort nehmen (ARCHIV_DATEN)."
        )
    text = (
        f"Die Datei ließ sich nicht untersuchen: {answer.text}. Bitte neu scannen oder in ein anderes Format bringen."
    )
    return FileFacts(_kind(mime), mime, (), (error("EX-21", "Datei", text),))


def _mismatch(scan: Scan, mime: str) -> tuple[Finding, ...]:
    said = _ALIASES.get(scan.mime, scan.mime)
    if said == _ALIASES.get(mime, mime) or not said or said == "application/octet-stream":
        return ()
    text = f"Die Datei beginnt wie {mime}, gemeldet wurde {said}; gelesen wurde sie als {mime}."
    return (warning("EX-03", "Datei", text),)


def _with(facts: FileFacts, findings: tuple[Finding, ...]) -> FileFacts:
    return replace(facts, findings=(*facts.findings, *findings)) if findings else facts


def _kind(mime: str) -> FileKind:
    return FileKind.PDF if mime == "application/pdf" else FileKind.IMAGE


def _unusable(scan: Scan, code: str, text: str) -> FileFacts:
    return FileFacts(_kind(scan.mime), scan.mime, (), (error(code, "Datei", text),))
