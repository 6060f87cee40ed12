"""Builders of deliveries for the intake tests: a good one, in which a test breaks exactly one thing."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from akten.files import FileFacts, FileKind, PageFacts, Scan, digest_bytes
from akten.model import Aktenart
from ingest.delivery import Delivery
from ingest.slip import SlipFile
from ingest.slipdoc import Slip

NOTHING = digest_bytes(b"")
TIFF = b"II*\x00" + bytes(60)
GOOD: dict[str, Any] = {
    "aktenart": "Bauakte",
    "aktenzeichen": "63-1234-19",
    "betreff": "Neubau eines Hauses",
    "blattzahl": 2,
    "operator": "k0815",
}


def fill(folder: Path, slip: dict[str, Any] | None = None, files: dict[str, bytes] | None = None) -> Path:
    """A delivery folder with two scans and a good slip, unless told otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in (files if files is not None else {"scan1.tif": TIFF + b"1", "scan2.tif": TIFF + b"2"}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "laufzettel.json").write_text(json.dumps(GOOD if slip is None else slip), encoding="utf-8")
    return folder


def a_slip(**changes: Any) -> Slip:
    slip = Slip(Aktenart.BAUAKTE, "63-1234-19", "Neubau eines Hauses", "k0815", blattzahl=2)
    return replace(slip, **changes)


def a_scan(name: str, data: bytes | None = None, mime: str = "image/tiff") -> Scan:
    uuid = UUID(int=int.from_bytes(name.encode()[-12:], "big"))
    return Scan(uuid, Path("/nirgends") / name, name, mime, digest_bytes(data if data is not None else name.encode()))


def pages(count: int, dpi: float | None = 300.0, first: int = 1) -> tuple[PageFacts, ...]:
    return tuple(PageFacts(n, 210.0, 297.0, 2480, 3508, dpi, image_only=True) for n in range(first, first + count))


def some_facts(delivery: Delivery, counts: dict[str, int] | None = None) -> dict[UUID, FileFacts]:
    return {
        scan.uuid: FileFacts(FileKind.IMAGE, scan.mime, pages((counts or {}).get(scan.name, 1)))
        for scan in delivery.scans
    }


def a_delivery(slip: Slip | None = None, *scans: Scan) -> Delivery:
    scans = scans or (a_scan("scan1.tif"), a_scan("scan2.tif"))
    slip = slip or a_slip()
    return Delivery(UUID(int=7), Path("/nirgends"), slip, SlipFile(Path("/nirgends") / slip.datei, NOTHING), scans)


def zipped(path: Path, files: dict[str, bytes] | None = None) -> dict[str, bytes]:
    """A good delivery as a ZIP; returns what is in it."""
    content = {"laufzettel.json": json.dumps(GOOD).encode(), "scan1.tif": TIFF + b"1", "scan2.tif": TIFF + b"2"}
    content = content if files is None else files
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        for name, data in content.items():
            box.writestr(name, data)
    return content
