"""What recognition and the PDF/A judges said of each Dokument, and which pages a person should look at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, select

from akten.errors import Forbidden
from akten.files import PdfA, ValidatorReport
from akten.findings import Verdict, worst
from akten.lifecycle import Stage
from akten.model import clean_text
from catalog.change import Change
from catalog.codec import canonical, findings_to_json
from catalog.register import ENDED, require_delivery
from catalog.tables import recognised, reviews, validator_reports
from catalog.trail import Verb, salted
from catalog.values import ResultRow


def record_recognised(change: Change, delivery: UUID, results: Mapping[UUID, PdfA], review_below: float) -> None:
    """Keeps the PDF/A of every Dokument with its verdicts; pages read worse than `review_below` (0..100) come to the
    review list, as do pages that could not be read at all. The same results again change nothing.
    """
    connection = change.connection
    row = require_delivery(connection, delivery)
    if Stage(row.stage) in ENDED:
        raise Forbidden("Diese Lieferung ist abgeschlossen; neue Ergebnisse der Texterkennung nimmt sie nicht an.")
    rows = [_result_row(delivery, dokument, pdfa) for dokument, pdfa in results.items()]
    reports = [
        _report_row(delivery, dokument, position, report)
        for dokument, pdfa in results.items()
        for position, report in enumerate(pdfa.reports)
    ]
    known = {r.dokument: dict(r._mapping) for r in connection.execute(_results(delivery))}
    same_reports = _plain_reports(connection, delivery) == {
        (r["dokument"], r["position"]): (r["name"], r["version"], r["verdict"], r["clauses"], r["why"]) for r in reports
    }
    if same_reports and known == {r["dokument"]: r for r in rows}:
        return
    connection.execute(delete(recognised).where(recognised.c.delivery == delivery))
    if rows:
        connection.execute(insert(recognised), rows)
    if reports:
        connection.execute(insert(validator_reports), [{**report, "at": change.now} for report in reports])
    to_review = _open_reviews(change, row, results, review_below)
    change.event(
        Verb.DELIVERY_RECOGNISED,
        akte=row.akte,
        delivery=delivery,
        dokumente=len(rows),
        pages=sum(r["pages"] for r in rows),
        blank=sum(r["blank"] for r in rows),
        failed=sum(r["failed"] for r in rows),
        **_shared(results),
        reviews=to_review,
        verdict=worst(pdfa.verdict for pdfa in results.values()).value,
        content=salted(row.salt, content_digest(rows)),
        results=salted(row.salt, results_digest(rows, reports)),
    )


def _shared(results: Mapping[UUID, PdfA]) -> dict[str, Any]:
    """The pages that were delivered, and the blank ones of them, where Dokumente share some: those count in each."""
    every = [page for pdfa in results.values() for page in pdfa.pages]
    once = {page.source for page in every}
    if len(once) == len(every):
        return {}
    return {"pages_once": len(once), "blank_once": len({page.source for page in every if page.blank})}


_OF_RESULT = (
    "pdfa", "sha512", "size", "flavour", "rendition", "verdict", "confidence", "pages", "blank", "failed", "losses",
    "findings",
)  # fmt: skip
_OF_REPORT = ("name", "version", "verdict", "flavour", "clauses", "why")


def content_digest(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over the Dokumente and the digests of their files."""
    return hashlib.sha256(canonical(sorted([str(r["dokument"]), r["sha512"]] for r in rows)).encode()).hexdigest()


def results_digest(rows: Iterable[Mapping[str, Any]], reports: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over all that is kept of the Dokumente of a delivery: rows of `recognised` and of the validators."""
    said: dict[UUID, list[list[Any]]] = {}
    for each in sorted(reports, key=lambda each: int(each["position"])):
        said.setdefault(each["dokument"], []).append([each[name] for name in _OF_REPORT])
    told = [[str(row["dokument"]), *(row[name] for name in _OF_RESULT), said.get(row["dokument"], [])] for row in rows]
    return hashlib.sha256(canonical(sorted(told, key=lambda each: str(each[0]))).encode()).hexdigest()


def _result_row(delivery: UUID, dokument: UUID, pdfa: PdfA) -> dict[str, Any]:
    return {
        "delivery": delivery,
        "dokument": dokument,
        "pdfa": pdfa.uuid,
        "sha512": pdfa.digests.sha512,
        "size": pdfa.digests.size,
        "flavour": pdfa.flavour,
        "rendition": pdfa.rendition.value,
        "verdict": pdfa.verdict.value,
        "confidence": pdfa.mean_confidence,
        "pages": len(pdfa.pages),
        "blank": sum(page.blank for page in pdfa.pages),
        "failed": sum(page.failed is not None for page in pdfa.pages),
        "losses": canonical([clean_text(loss) for loss in pdfa.losses]),
        "findings": findings_to_json(pdfa.findings),
    }


def _report_row(delivery: UUID, dokument: UUID, position: int, report: ValidatorReport) -> dict[str, Any]:
    return {
        "delivery": delivery,
        "dokument": dokument,
        "position": position,
        "name": clean_text(report.name),
        "version": clean_text(report.version),
        "verdict": report.verdict.value,
        "flavour": clean_text(report.flavour),
        "clauses": canonical(report.clauses),
        "why": clean_text(report.why),
    }


def _results(delivery: UUID) -> Any:
    return select(recognised).where(recognised.c.delivery == delivery)


def _plain_reports(connection: Connection, delivery: UUID) -> dict[tuple[UUID, int], tuple[str, ...]]:
    table = validator_reports.c
    query = select(
        table.dokument, table.position, table.name, table.version, table.verdict, table.clauses, table.why
    ).where(table.delivery == delivery)
    return {(r[0], r[1]): (r[2], r[3], r[4], r[5], r[6]) for r in connection.execute(query)}


def _open_reviews(change: Change, row: Row[Any], results: Mapping[UUID, PdfA], review_below: float) -> int:
    """Puts doubtful pages on the review list; what a person has settled for the same page stays settled."""
    connection = change.connection
    connection.execute(delete(reviews).where(reviews.c.delivery == row.uuid, reviews.c.state == "open"))
    settled = select(reviews.c.dokument, reviews.c.page).where(reviews.c.delivery == row.uuid)
    done = {(r.dokument, r.page) for r in connection.execute(settled)}
    rows = [
        {
            "delivery": row.uuid,
            "akte": row.akte,
            "dokument": dokument,
            "page": number,
            "confidence": confidence,
            "why": why,
            "state": "open",
            "opened_at": change.now,
        }
        for dokument, pdfa in results.items()
        for number, confidence, why in doubtful_pages(pdfa, review_below)
        if (dokument, number) not in done
    ]
    if rows:
        connection.execute(insert(reviews), rows)
    return len(rows)


def doubtful_pages(pdfa: PdfA, review_below: float) -> Iterator[tuple[int, float | None, str]]:
    """Number, confidence and reason (`failed`, `no_text`, `low`) of the pages that a person should look at.

    Numbers are those of the PDF/A: where blank pages were left out, they are others than those of the scans.
    """
    for number, page in enumerate(pdfa.kept_pages, 1):
        if page.failed is not None:
            yield number, page.confidence, "failed"
        elif page.blank:
            continue
        elif not page.words or page.confidence is None:
            # Kept and converted PDFs were not read by us: without words there is nothing to doubt.
            if pdfa.rendition.value == "scanned":
                yield number, None, "no_text"
        elif page.confidence < review_below:
            yield number, page.confidence, "low"


def reports_of(connection: Connection, deliveries_: set[UUID]) -> dict[tuple[UUID, UUID], tuple[ValidatorReport, ...]]:
    """The validators' words by delivery and Dokument."""
    table = validator_reports
    query = (
        select(table)
        .where(table.c.delivery.in_(deliveries_))
        .order_by(table.c.delivery, table.c.dokument, table.c.position)
    )
    found: dict[tuple[UUID, UUID], list[ValidatorReport]] = {}
    for row in connection.execute(query):
        found.setdefault((row.delivery, row.dokument), []).append(
            ValidatorReport(
                row.name, row.version, Verdict(row.verdict), row.flavour, tuple(json.loads(row.clauses)), row.why
            )
        )
    return {key: tuple(reports) for key, reports in found.items()}


def results_of(connection: Connection, deliveries_: Iterable[UUID]) -> tuple[ResultRow, ...]:
    """What was kept of every Dokument that these deliveries brought."""
    wanted = set(deliveries_)
    reports = reports_of(connection, wanted)
    rows = connection.execute(select(recognised).where(recognised.c.delivery.in_(wanted)))
    return tuple(
        ResultRow(
            row.delivery,
            row.dokument,
            row.pdfa,
            row.flavour,
            row.rendition,
            Verdict(row.verdict),
            row.confidence,
            row.pages,
            row.blank,
            tuple(json.loads(row.losses)),
            reports.get((row.delivery, row.dokument), ()),
        )
        for row in rows
    )
