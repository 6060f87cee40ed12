"""A package made without recognition: delivered files of bytes, a slip, and PDF/A as the recognition would hand over.

What is said of a file in message, PREMIS and notes can so be held against what it is, for every way a file may go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from lxml import etree

from akten.files import (
    Attachment,
    FileFacts,
    FileKind,
    PageFacts,
    PageRef,
    PageResult,
    PdfA,
    Rendition,
    Scan,
    ValidatorReport,
    digest_bytes,
    digest_file,
)
from akten.findings import Verdict
from akten.package import PackageId
from flows.carry import Carried
from flows.meant import Standing
from flows.packing import Made, Material, make_package, with_version
from flows.replacing import decide
from flows.steps import require
from flows.superseding import superseded
from ingest.delivery import Delivery, plan_akte
from ingest.options import IntakeOptions
from ingest.rescans import wishes
from ingest.slip import read_slip
from metadata.profile import Profile
from metadata.schemas import Schemas
from tests.builders import a_slip

DELIVERY = UUID("5f1d6c1e-0000-4000-8000-00000000d001")
AKTE = UUID("5f1d6c1e-0000-4000-8000-00000000a001")
RECEIVED = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RECOGNISED = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 8, 6, tzinfo=UTC)
XDOMEA = "{urn:xoev-de:xdomea:schema:3.0.0}"
PREMIS = "{http://www.loc.gov/premis/v3}"
ENGINE = (("tesserocr", "tesseract 5.3.0"), ("deu.traineddata", "19d219bb"), ("pikepdf", "10.1"))


@dataclass(frozen=True)
class Came:
    """One delivered file and how its Dokument was made of it."""

    mime: str = "image/tiff"
    rendition: Rendition = Rendition.SCANNED
    tools: tuple[tuple[str, str], ...] = ENGINE
    confidence: float | None = 90.0
    pages: int = 1
    signatures: int = 0
    dropped: tuple[int, ...] = ()
    data: bytes = b""


@dataclass(frozen=True)
class World:
    """Where the files lie, and the official schemas where they are at hand."""

    folder: Path
    schemas: Schemas | None = None
    premis_xsd: Path | None = None
    profile: Profile = field(default_factory=Profile)

    def material(
        self,
        files: Mapping[str, Came],
        *,
        slip: Mapping[str, Any] | None = None,
        delivery: UUID = DELIVERY,
        carried: Carried | None = None,
        version: int = 1,
        attachments: Sequence[tuple[str, str, bytes]] = (),
    ) -> Material:
        """What a walk would hand over for these files; `attachments` are (file that held it, name, bytes)."""
        root = self.folder / str(delivery) / "lieferung"
        root.mkdir(parents=True, exist_ok=True)
        text = json.dumps(a_slip(**{"blattzahl": None, "seitenzahl": 1, **(slip or {})}), ensure_ascii=False)
        (root / "laufzettel.json").write_text(text, encoding="utf-8")
        scans, facts = [], {}
        for name, came in files.items():
            (root / name).write_bytes(came.data or f"{name} {delivery}".encode())
            scan = Scan(uuid5(delivery, name), root / name, name, came.mime, digest_file(root / name))
            scans.append(scan)
            kind = FileKind.PDF if came.mime == "application/pdf" else FileKind.IMAGE
            pages = tuple(PageFacts(number, 210, 297, image_only=True) for number in range(1, came.pages + 1))
            facts[scan.uuid] = FileFacts(kind, came.mime, pages, signatures=came.signatures)
        one = Delivery(delivery, root.parent, *read_slip(root), tuple(scans))
        plan = plan_akte(one, facts, IntakeOptions(), AKTE)
        rest = plan.akte
        if carried is not None:
            wanted = decide(wishes(one, facts), Standing(carried.akte, version - 1), frozenset())
            require(wanted.findings)
            carried, rest = superseded(carried, rest, wanted.replacements, one.slip.operator, NOW)
        by_uuid = {scan.uuid: scan for scan in scans}
        pdfas = {dokument: self._pdfa(dokument, refs, files, by_uuid) for dokument, refs in plan.pages.items()}
        return Material(
            delivery=one,
            package=PackageId(AKTE, version),
            akte=with_version(rest, carried.akte if carried else None),
            pages=plan.pages,
            digital=plan.digital,
            pdfas=pdfas,
            carried=carried,
            software=("Aktenarchiv", "0.1.0"),
            identifier=("Aktenarchiv", "0.1.0"),
            received=RECEIVED,
            recognised=RECOGNISED,
            now=NOW,
            facts=facts,
            attachments=tuple(
                self._attachment(uuid5(delivery, holder), number, name, data)
                for number, (holder, name, data) in enumerate(attachments, 1)
            ),
        )

    def _pdfa(
        self, dokument: UUID, refs: Sequence[PageRef], files: Mapping[str, Came], scans: Mapping[UUID, Scan]
    ) -> PdfA:
        came = files[scans[refs[0].scan].name]
        uuid = uuid5(dokument, "pdfa")
        path, hocr = self.folder / f"{uuid}.pdf", self.folder / f"{uuid}.hocr"
        path.write_bytes(
            scans[refs[0].scan].path.read_bytes() if came.rendition is Rendition.KEPT else f"pdf {uuid}".encode()
        )
        hocr.write_bytes(f"hocr {uuid}".encode())
        pages = tuple(
            PageResult(
                number,
                ref,
                210,
                297,
                blank=number in came.dropped,
                words=12,
                confidence=came.confidence,
                dropped=number in came.dropped,
            )
            for number, ref in enumerate(refs, 1)
        )
        return PdfA(
            uuid,
            path,
            digest_file(path),
            "2b",
            came.rendition,
            pages,
            tuple(dict.fromkeys(ref.scan for ref in refs)),
            hocr,
            digest_file(hocr),
            came.tools,
            reports=(ValidatorReport("veraPDF", "1.28.2", Verdict.OK, "2b"),),
            verdict=Verdict.OK,
        )

    def _attachment(self, holder: UUID, number: int, name: str, data: bytes) -> Attachment:
        uuid = uuid5(holder, f"anlage/{number}")
        path = self.folder / f"{uuid}.anlage"
        path.write_bytes(data)
        return Attachment(uuid, holder, number, name, path, digest_bytes(data), "text/plain")

    def make(self, material: Material) -> Made:
        """The package of it."""
        return make_package(material, self.profile, self.schemas or Schemas(None), self.premis_xsd)


def parts_of(made: Made) -> dict[str, bytes]:
    """Path below data/ → bytes of every payload file."""
    return {part.path: b"".join(bytes(block) for block in part.blocks()) for part in made.bag.parts}


def message_of(made: Made) -> etree._Element:
    """The XDOMEA message in the package."""
    ((_, xml),) = [(path, data) for path, data in parts_of(made).items() if path.startswith("metadata/descriptive/")]
    return etree.fromstring(xml)


def premis_of(made: Made) -> etree._Element:
    """The PREMIS record in the package."""
    return etree.fromstring(parts_of(made)["metadata/preservation/premis.xml"])


def events_of(made: Made) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Every event as (type, detail, agents, sources, outcomes)."""
    found = []
    for event in premis_of(made).findall(f"{PREMIS}event"):
        links: dict[str, list[str]] = {"source": [], "outcome": []}
        for link in event.findall(f"{PREMIS}linkingObjectIdentifier"):
            role = link.findtext(f"{PREMIS}linkingObjectRole") or ""
            links[role].append(link.findtext(f"{PREMIS}linkingObjectIdentifierValue") or "")
        agents = [
            link.findtext(f"{PREMIS}linkingAgentIdentifierValue") or ""
            for link in event.findall(f"{PREMIS}linkingAgentIdentifier")
        ]
        detail = event.findtext(f"{PREMIS}eventDetailInformation/{PREMIS}eventDetail") or ""
        kind = event.findtext(f"{PREMIS}eventType") or ""
        found.append((kind, detail, tuple(agents), tuple(links["source"]), tuple(links["outcome"])))
    return found


def carried_from(made: Made, version: int = 1) -> Carried:
    """What a Nachscan takes over from this package, as `flows.carry` reads it back from a store."""
    kept = []
    for part in made.bag.parts:
        path = part.path
        if path.startswith("metadata/descriptive/"):
            continue
        if path in ("metadata/preservation/premis.xml", "metadata/preservation/untersuchung.json") or path.startswith(
            "documentation/laufzettel."
        ):
            stem, dot, suffix = path.rpartition(".")
            path = f"{stem}-v{version}{dot}{suffix}"
        kept.append(replace(part, path=path))
    return Carried(made.akte, tuple(kept), made.bag.tag_manifest_sha512)
