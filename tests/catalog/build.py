"""Builders for catalog tests: deliveries, Akten, recognised files and stored packages, deterministic by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from akten.aktenzeichen import Aktenzeichen
from akten.files import Digests, PageRef, PageResult, PdfA, Rendition, Scan, ValidatorReport, digest_bytes
from akten.findings import Finding, Severity, Verdict
from akten.lifecycle import Stage
from akten.model import Akte, Aktenart, Aufbewahrung, Datei, Dokument, Laufzeit, Vorgang
from akten.package import CopyReport, FixityReport, Lock, PackageId, StoredCopy, StoredPackage
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog
from catalog.extract import FORMAT
from catalog.values import DeliveryRow

CLERK = Actor("m.schmitz")
ROUND = Actor("fixity", ActorKind.SYSTEM)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STAGES = (Stage.EXAMINED, Stage.RECOGNISED, Stage.DESCRIBED, Stage.PACKED)
AN_ERROR = Finding("IN-07", Severity.ERROR, "Lieferung", "64 Blatt erwartet, 63 Seiten erhalten.")


def an_id(*name: object) -> UUID:
    return uuid5(NAMESPACE_OID, "/".join(map(str, name)))


def a_scan(*name: object) -> Scan:
    data = "/".join(map(str, name)).encode()
    return Scan(an_id("scan", *name), Path("lieferung/scan.tif"), "scan.tif", "image/tiff", digest_bytes(data))


def an_akte(
    uuid: UUID,
    delivery: UUID,
    *,
    number: str = "63-01234-2019",
    aktenart: Aktenart = Aktenart.BAUAKTE,
    betreff: str = "Bauantrag Müller, Hafenstr. 5",
    titles: Sequence[str] = ("Bauantrag",),
    band: int = 1,
    datum: date | None = date(2019, 3, 12),
    felder: tuple[tuple[str, str], ...] = (("Flurstück", "Flur 12, 345/2"),),
) -> Akte:
    dokumente = tuple(
        Dokument(
            an_id(delivery, "dokument", place),
            title,
            typ="Antrag",
            datum=datum,
            seiten=2,
            dateien=(Datei(an_id(delivery, "pdfa", place), "pdf", "application/pdf", digest_bytes(b"x"), "044"),),
        )
        for place, title in enumerate(titles)
    )
    return Akte(
        uuid,
        aktenart,
        Aktenzeichen(number, f"Az. {number}"),
        betreff,
        band=band,
        laufzeit=Laufzeit(date(2019, 1, 2), date(2021, 6, 30)),
        aufbewahrung=Aufbewahrung("bau.akte", 30, date(2051, 12, 31)),
        felder=felder,
        vorgaenge=(Vorgang(an_id(delivery, "vorgang"), "Neubau Doppelgarage", "B-17", dokumente=dokumente),),
    )


def a_page(number: int, text: str, confidence: float | None = 91.5, **more: object) -> PageResult:
    words = len(text.split())
    return PageResult(
        number, PageRef(an_id("scan"), number), 210.0, 297.0, words=words, confidence=confidence, text=text, **more
    )  # type: ignore[arg-type]


def a_pdfa(dokument: UUID, pages: Sequence[PageResult], *, verdict: Verdict = Verdict.OK, content: str = "") -> PdfA:
    return PdfA(
        uuid=uuid5(dokument, "pdfa"),
        path=Path("ergebnis/x.pdf"),
        digests=digest_bytes(f"{dokument}{content}".encode()),
        flavour="2u",
        rendition=Rendition.SCANNED,
        pages=tuple(pages),
        sources=(an_id("scan"),),
        reports=(ValidatorReport("veraPDF", "1.28.1", verdict, "2u", ("6.1.2",) if verdict is Verdict.FAILED else ()),),
        verdict=verdict,
    )


def a_package(akte: UUID, version: int, *, content: str = "", stores: Sequence[str] = ("a", "b")) -> StoredPackage:
    digests = digest_bytes(f"{akte}/{version}{content}".encode())
    digests = Digests(digests.sha256, digests.sha512, 4096)
    until = datetime(2051, 12, 31, 23, 0, tzinfo=UTC)
    copies = tuple(StoredCopy(s, f"bag-{s}-{version}", f"commit-{s}", digests, Lock(until), NOON) for s in stores)
    return StoredPackage(PackageId(akte, version), copies, digests.sha256, digests.sha512)


def a_report(package: StoredPackage, **verdicts: Verdict) -> FixityReport:
    copies = tuple(CopyReport(store, verdict, (), 4096) for store, verdict in verdicts.items())
    return FixityReport(package.id, copies)


def receive(
    catalog: Catalog,
    name: object,
    *,
    number: str = "63-01234-2019",
    aktenart: Aktenart = Aktenart.BAUAKTE,
    scans: Sequence[Scan] | None = None,
    band: int = 1,
    now: datetime = NOON,
    by: Actor = CLERK,
) -> DeliveryRow:
    delivery = an_id("delivery", name)
    return catalog.receive(
        delivery,
        aktenart=aktenart,
        aktenzeichen=Aktenzeichen(number, f"Az. {number}"),
        band=band,
        betreff="Bauantrag Müller",
        slip={"aktenzeichen": number, "blatt": 2},
        scans=(a_scan(name, 1), a_scan(name, 2)) if scans is None else scans,
        folder=f"arbeit/{delivery}",
        by=by,
        now=now,
    )


def archive(
    catalog: Catalog,
    name: object,
    texts: Mapping[int, Sequence[str]] | None = None,
    *,
    now: datetime = NOON,
    number: str = "63-01234-2019",
    aktenart: Aktenart = Aktenart.BAUAKTE,
    band: int = 1,
    scans: Sequence[Scan] | None = None,
    **akte_fields: object,
) -> tuple[Akte, StoredPackage]:
    """The whole way of one delivery into the archive."""
    row = receive(catalog, name, number=number, aktenart=aktenart, band=band, scans=scans, now=now)
    assert row.akte is not None
    assert row.version is not None
    akte = an_akte(row.akte, row.uuid, number=number, aktenart=aktenart, band=band, **akte_fields)  # type: ignore[arg-type]
    catalog.plan(row.uuid, akte, by=CLERK, now=now)
    by_dokument = {
        dokument.uuid: list((texts or {}).get(place, ["Seite eins", "Seite zwei"]))
        for place, dokument in enumerate(akte.dokumente)
    }
    results = {
        dokument: a_pdfa(dokument, [a_page(number, text) for number, text in enumerate(own, 1)])
        for dokument, own in by_dokument.items()
    }
    for stage in STAGES:
        if stage is Stage.RECOGNISED:
            catalog.record_recognised(row.uuid, results, by=CLERK, now=now)
        catalog.move(row.uuid, stage, by=CLERK, now=now)
    package = a_package(row.akte, row.version)
    catalog.record_stored(row.uuid, akte, package, by_dokument, by=CLERK, now=now)
    return akte, package


def an_extract(catalog: Catalog, **conditions: object) -> dict[str, Any]:
    """The JSON value of an extract of the trail."""
    with catalog.extract(**conditions) as found:
        return {"format": FORMAT, "seal": found.seal, "rows": list(found.rows)}


def later(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def never_checked(catalog: Catalog) -> int:
    """How many copies nobody looked at since they were stored."""
    packages = (package for row in catalog.akten().rows for package in catalog.packages(row.uuid))
    return sum(copy.checked_at is None for package in packages for copy in package.copies)
