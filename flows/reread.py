"""Reads out of a package what the catalog knew of it: the way back of `flows/packing.py`, over verified members alone.

Times, recognition and verdicts are taken from the records that packing put there; the text is that of the hOCR.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from akten.correction import Correction
from akten.errors import Rejected
from akten.files import Digests, PageRef, PageResult, PdfA, Rendition, Scan, ValidatorReport
from akten.findings import Finding, Severity, Verdict
from akten.model import Akte
from archive.recovery import Committed, payload_of
from archive.retrieval import read_member
from archive.store import ObjectStore
from flows import layout
from flows.arrival import slip_json
from ingest.slip import parse_slip
from metadata.codelists import PDFA
from metadata.premis import PremisRecord, read_record
from metadata.to_akte import akte_of
from metadata.xdomea import read_message
from ocr.hocrtext import page_texts

_LOG = logging.getLogger(__name__)
_EXAMINATIONS = layout.EXAMINATION.removesuffix(".json")


@dataclass(frozen=True, slots=True)
class Reread:
    """What one package tells: the whole Akte, and of the delivery that this version came from slip, scans and PDF/A.
    A version that came of a correction has that in the place of the slip, and neither scans nor PDF/A of its own.

    `pdfas` and `texts` (pages of the PDF/A, in order) are by Dokument, and only of what this version brought.
    """

    delivery: UUID
    akte: Akte
    betreff: str
    slip_value: Mapping[str, Any]
    scans: tuple[Scan, ...]
    pdfas: Mapping[UUID, PdfA]
    texts: Mapping[UUID, tuple[str, ...]]
    received_at: datetime | None


def reread(store: ObjectStore, committed: Committed, known: frozenset[UUID]) -> Reread:
    """Everything of a package whose copies were judged good before; `known` are the Dokumente of the version before.

    Raises Rejected with the reason for a package that is not written as this archive writes them.
    """
    try:
        return _Reading(store, committed).whole(known)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        _LOG.warning("package %s was not reread: %s", committed.package.id, type(error).__name__)
        text = "Das Paket ist nicht so aufgebaut, wie dieses Archiv sie schreibt."
        raise Rejected((Finding("WE-04", Severity.ERROR, str(committed.package.id), text),)) from error


class _Reading:
    """One package under way. What is missing or of another form raises ValueError, LookupError and the like."""

    def __init__(self, store: ObjectStore, committed: Committed) -> None:
        self._store = store
        self._committed = committed
        self._payload = payload_of(store, committed)

    def whole(self, known: frozenset[UUID]) -> Reread:
        types = {file: mime for value in self._examinations() for file, mime in _types(value)}
        files = {Path(path).name: digests for path, digests in self._payload.items() if _is_represented(path)}
        akte = akte_of(read_message(self._read(self._only(layout.DESCRIPTIVE))), files, types)
        if akte.uuid != self._committed.package.id.akte:
            raise ValueError("the message speaks of another Akte than the commit")
        if layout.CORRECTION in self._payload:
            return self._correction(akte)
        slip_path = self._only(f"{layout.DOCUMENTATION}laufzettel.")
        slip = parse_slip(self._read(slip_path), Path(slip_path).name)
        record = read_record(self._read(layout.PREMIS))
        pdfas = {
            dokument.uuid: self._pdfa(dokument.dateien[0].uuid)
            for dokument in akte.dokumente
            if dokument.uuid not in known and dokument.dateien and dokument.dateien[0].format_code == PDFA
        }
        return Reread(
            delivery=UUID(self._committed.commit.extra["delivery"]),
            akte=akte,
            betreff=slip.betreff,
            slip_value=slip_json(slip),
            scans=tuple(self._scans(record)),
            pdfas=pdfas,
            texts={dokument: self._texts(pdfa) for dokument, pdfa in pdfas.items()},
            received_at=_received(record),
        )

    def _correction(self, akte: Akte) -> Reread:
        said = json.loads(self._read(layout.CORRECTION))
        agreed = Correction.from_json(said)
        delivery = UUID(self._committed.commit.extra["delivery"])
        return Reread(delivery, akte, akte.betreff, said, (), {}, {}, agreed.frei_am)

    def _read(self, path: str) -> bytes:
        if path not in self._payload:
            raise LookupError(path)
        return read_member(self._store, self._committed.found, f"data/{path}")

    def _only(self, prefix: str) -> str:
        """The one file of this version that begins so; those that it carries along have a version in their name."""
        (found,) = [path for path in self._payload if path.startswith(prefix)]
        return found

    def _examinations(self) -> Iterator[Mapping[str, Any]]:
        for path in sorted(self._payload):
            if path.startswith(_EXAMINATIONS):
                yield json.loads(self._read(path))

    def _scans(self, record: PremisRecord) -> Iterator[Scan]:
        """The files that were delivered for this version, with the names that they bore."""
        names = {one.value: made.original_name for made in record.objects for one in made.identifiers}
        for file in json.loads(self._read(layout.EXAMINATION))["files"]:
            path = self._only(f"{layout.MASTER}{UUID(file['uuid'])}.")
            yield Scan(UUID(file["uuid"]), Path(path), names[str(file["uuid"])], str(file["mime"]), self._payload[path])

    def _pdfa(self, uuid: UUID) -> PdfA:
        value = json.loads(self._read(layout.verdict_path(uuid)))
        digests: Digests = self._payload[layout.access_path(uuid)]
        if (UUID(value["pdf"]), value["sha512"]) != (uuid, digests.sha512):
            raise ValueError("a verdict speaks of another file")
        pages = tuple(_page(page) for page in value["pages"])
        return PdfA(
            uuid=uuid,
            path=Path(layout.access_path(uuid)),
            digests=digests,
            flavour=value["flavour"],
            rendition=Rendition(value["rendition"]),
            pages=pages,
            sources=tuple(dict.fromkeys(page.source.scan for page in pages)),
            tools=tuple((name, version) for name, version in value["tools"]),
            losses=tuple(value["losses"]),
            findings=tuple(
                Finding(f["code"], Severity(f["severity"]), f["where"], f["text"]) for f in value["findings"]
            ),
            reports=tuple(
                ValidatorReport(
                    r["name"],
                    r["version"],
                    Verdict(r["verdict"]),
                    r.get("flavour", value["flavour"]),  # earlier packages tell the file's only
                    tuple(r["clauses"]),
                    r["why"],
                )
                for r in value["validators"]
            ),
            verdict=Verdict(value["verdict"]),
        )

    def _texts(self, pdfa: PdfA) -> tuple[str, ...]:
        path = layout.text_path(pdfa.uuid)
        texts = page_texts(self._read(path)) if path in self._payload else {}
        return tuple(texts.get(page.number, "") for page in pdfa.kept_pages)


def _is_represented(path: str) -> bool:
    return path.startswith((layout.MASTER, layout.ACCESS))


def _types(value: Mapping[str, Any]) -> Iterator[tuple[UUID, str]]:
    for file in value["files"]:
        yield UUID(file["uuid"]), str(file["mime"])
    for one in value["attachments"]:
        yield UUID(one["uuid"]), str(one["type"])


def _page(value: Mapping[str, Any]) -> PageResult:
    return PageResult(
        number=int(value["number"]),
        source=PageRef(UUID(value["scan"]), int(value["scan_page"])),
        width_mm=0.0,
        height_mm=0.0,
        blank=bool(value["blank"]),
        words=int(value["words"]),
        confidence=value["confidence"],
        turned=int(value["turned"]),
        turned_confidence=value["turned_confidence"],
        skew=float(value["skew"]),
        retried=bool(value["retried"]),
        failed=value["failed"],
        dropped=bool(value["dropped"]),
    )


def _received(record: PremisRecord) -> datetime | None:
    """When the files of this version came: the first checksums were taken then."""
    times = [
        event.time
        for event in record.events
        if event.type == "message digest calculation" and isinstance(event.time, datetime)
    ]
    return min(times, default=None)
