"""Takes the files out that are embedded in a PDF, so that they can be kept and found on their own (ISO 32000-1 §7.11).

The names are the foreign ones and serve for lists only; on disk the files bear numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akten.errors import Unavailable
from akten.files import Digests, Scan, digest_file
from akten.findings import Finding
from ocr.findings import error, warning
from ocr.options import Limits, OcrOptions
from ocr.sandbox import SandboxDied, call_limited

_MOST_FILES = 1000
_MOST_BYTES = 1 << 30  # of all together

RULES: dict[str, tuple[str, str]] = {
    "AN-01": ("Jede Anlage eines PDF lässt sich herausnehmen.", "ISO 32000-1 §7.11.4"),
    "AN-02": ("Die Anlagen eines PDF sind zusammen höchstens 1 GB groß und höchstens 1.000.", "Schutzgrenze"),
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """One embedded file, taken out: where it lies, the name it bore, its digests."""

    path: Path
    name: str
    digests: Digests


def take_out(scan: Scan, options: OcrOptions, folder: Path) -> tuple[tuple[Attachment, ...], tuple[Finding, ...]]:
    """All embedded files of a PDF as files in `folder` (`anlage-0001` …), and findings about those that stayed behind.

    Raises Unavailable when the folder cannot be read.
    """
    limits = Limits(cpu_seconds=120, wall_seconds=300.0, memory_bytes=2 << 30, file_bytes=_MOST_BYTES)
    payload = {"path": str(scan.path.resolve()), "folder": str(folder.resolve()), "most": _MOST_BYTES}
    try:
        answer = call_limited("ocr.attachments:unpack", payload, limits=limits, folder=folder, options=options)
    except SandboxDied as died:
        return (), (error("AN-01", "Datei", f"Die Anlagen ließen sich nicht herausnehmen: {died.text}."),)
    taken, findings = [], []
    for number, name in enumerate(answer.get("names", ())[:_MOST_FILES], 1):
        path = folder / f"anlage-{number:04d}"
        if name is None or path.is_symlink() or not path.is_file():
            findings.append(error("AN-01", f"Anlage {number}", "Die Anlage ist beschädigt und bleibt nur im Original."))
            continue
        try:
            taken.append(Attachment(path, str(name), digest_file(path)))
        except OSError as reason:
            raise Unavailable(f"Eine Anlage lässt sich nicht lesen ({reason.strerror}).") from reason
    if answer.get("more"):
        text = "Nicht alle Anlagen wurden herausgenommen (zu viele oder zu groß); sie bleiben im Original."
        findings.append(warning("AN-02", "Datei", text))
    return tuple(taken), tuple(findings)


def unpack(payload: dict[str, Any]) -> dict[str, Any]:
    """In the sandbox: writes every embedded file, unpacked, under its number; a broken one has no name."""
    import pikepdf
    from pikepdf.settings import set_qpdf_limits

    from ocr.pdffeatures import embedded_files

    set_qpdf_limits(flate_max_memory=int(payload["most"]), run_length_max_memory=int(payload["most"]))
    names: list[str | None] = []
    left = int(payload["most"])
    with pikepdf.open(payload["path"], suppress_warnings=True) as pdf:
        for name, stream in embedded_files(pdf):
            if len(names) >= _MOST_FILES:
                return {"names": names, "more": True}
            try:
                data = stream.read_bytes()
            except pikepdf.PikepdfError:
                names.append(None)
                continue
            left -= len(data)
            if left < 0:
                return {"names": names, "more": True}
            names.append(name)
            (Path(payload["folder"]) / f"anlage-{len(names):04d}").write_bytes(data)
    return {"names": names, "more": False}
