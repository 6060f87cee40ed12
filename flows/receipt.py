"""The receipt of one delivery: what the clerk is told, and the JSON form that the command line promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from akten.files import PdfA, ValidatorReport
from akten.findings import Finding, Severity, Verdict, worst
from akten.model import Anlage
from akten.package import StoredCopy


class Outcome(StrEnum):
    """How a delivery ended for now."""

    ARCHIVED = "archived"
    CLEARING = "clearing"
    DUPLICATE = "duplicate"
    ALARM = "alarm"  # what lies in the archive is not what it should be; nothing is repaired by itself
    HALTED = "halted"  # a setting, a program or a right is missing; the delivery waits where it is
    BROKEN = "broken"  # a bug of ours; the delivery waits where it is
    UNAVAILABLE = "unavailable"  # something outside is down; the delivery waits where it is and is tried again


@dataclass(frozen=True, slots=True)
class ToldDocument:
    """One PDF/A on a receipt: the UUID of the file and that of its Dokument; `pages` are those that the file has."""

    uuid: UUID
    dokument: UUID
    title: str
    flavour: str
    rendition: str
    verdict: Verdict
    reports: tuple[ValidatorReport, ...]
    pages: int
    mean_confidence: float | None
    losses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to one delivery. Sheets are paper sheets of the slip, pages are sides received (blank ones too)."""

    delivery: UUID
    state: Outcome
    betreff: str = ""
    aktenart: str = ""
    aktenzeichen: str = ""
    akte: UUID | None = None
    band: int | None = None
    version: int | None = None
    sheets: int | None = None
    pages: int = 0
    blank_pages: int = 0
    documents: tuple[ToldDocument, ...] = ()
    attachments: tuple[Anlage, ...] = ()
    copies: tuple[StoredCopy, ...] = ()
    damaged: frozenset[str] = frozenset()  # stores whose copy a look since then found not to be as it should
    findings: tuple[Finding, ...] = ()
    steps: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    case: int | None = None
    name: str = ""  # under which it was delivered

    @property
    def verdict(self) -> Verdict:
        """The worst PDF/A verdict of its documents."""
        return worst(document.verdict for document in self.documents)

    @property
    def not_checked(self) -> tuple[str, ...]:
        """German names of the checks that did not take place, with a duplicate those of what lies there already."""
        if self.state not in (Outcome.ARCHIVED, Outcome.DUPLICATE):
            return ()
        missing = ["PDF/A"] if any(d.verdict is Verdict.NOT_CHECKED for d in self.documents) else []
        return (*missing, *checks_not_made(self.findings))


# Findings that say that an official schema is not there (our own rules were checked all the same), or an anchor.
_NOT_CHECKED = {"XD-12": "XDOMEA-Schema", "PR-04": "PREMIS-Schema", "WF-22": "Anker des Protokolls"}


def checks_not_made(findings: Iterable[Finding]) -> tuple[str, ...]:
    """German names of the checks that, by these findings, did not take place."""
    codes = {finding.code for finding in findings}
    return tuple(name for code, name in _NOT_CHECKED.items() if code in codes)


def finding_json(finding: Finding) -> dict[str, str]:
    """One finding as the command line prints it."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "text": finding.text,
    }


def reports_json(document: PdfA | ToldDocument) -> list[dict[str, Any]]:
    """What every validator said of a PDF/A."""
    return [
        {
            "name": r.name,
            "version": r.version,
            "verdict": r.verdict.value,
            "flavour": r.flavour,
            "clauses": list(r.clauses),
            "why": r.why,
        }
        for r in document.reports
    ]


def document_json(document: ToldDocument) -> dict[str, Any]:
    """One document of a receipt."""
    confidence = document.mean_confidence
    return {
        "uuid": str(document.uuid),
        "dokument": str(document.dokument),  # as `akte zeige` and `suche` name it
        "title": document.title,
        "pdfa": document.flavour,
        "rendition": document.rendition,
        "verdict": document.verdict.value,
        "validators": reports_json(document),
        "pages": document.pages,
        "mean_confidence": None if confidence is None else round(confidence, 1),
        "losses": list(document.losses),
    }


def attachment_json(one: Anlage) -> dict[str, Any]:
    """One file that was taken out of a delivered one."""
    return {
        "uuid": str(one.datei.uuid),
        "from": str(one.aus),
        "name": one.betreff,
        "type": one.datei.mime,
        "bytes": one.datei.digests.size,
        "sha256": one.datei.digests.sha256,
    }


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """The receipt as `archiv annahme --json` promises it."""
    return {
        "akte": receipt.betreff,
        "aktenart": receipt.aktenart,
        "aktenzeichen": receipt.aktenzeichen,
        "uuid": str(receipt.akte) if receipt.akte else None,
        "delivery": str(receipt.delivery),
        "name": receipt.name,
        "band": receipt.band,
        "version": receipt.version,
        "state": receipt.state.value,
        "sheets": receipt.sheets,
        "pages": receipt.pages,
        "blank_pages": receipt.blank_pages,
        "documents": [document_json(d) for d in receipt.documents],
        "attachments": [attachment_json(one) for one in receipt.attachments],
        "copies": [
            {"store": c.store, "version_id": c.bag_version_id, "verified": c.store not in receipt.damaged}
            for c in receipt.copies
        ],
        "findings": [finding_json(f) for f in receipt.findings],
        "clearing_case": receipt.case,
        "not_checked": list(receipt.not_checked),
        "seconds": round(receipt.seconds, 2),
        "steps": {name: round(seconds, 2) for name, seconds in receipt.steps.items()},
    }


# The gravest first: one code speaks for all deliveries of a call.
_GRAVEST_FIRST = (5, 1, 7, 6, 4, 3, 2, 8, 0)
_EXIT_CODES = {Outcome.ALARM: 5, Outcome.BROKEN: 1, Outcome.HALTED: 7, Outcome.UNAVAILABLE: 6, Outcome.CLEARING: 3}


def exit_code(receipts: Sequence[Receipt]) -> int:
    """0 good · 1 a bug · 3 waits at the clearing desk · 5 alarm · 6 outside down · 7 halted · 8 not all checked."""
    return exit_code_of_json([receipt_json(receipt) for receipt in receipts])


def gravest(codes: Iterable[int]) -> int:
    """The one exit code that speaks for all; 0 for none."""
    return min(codes, key=_GRAVEST_FIRST.index, default=0)


def is_alarm(finding: Mapping[str, Any]) -> bool:
    """Whether a finding (as JSON) of what is archived says that a store has other bytes of the trail than it got."""
    return (finding["code"], finding["severity"]) == ("WF-22", Severity.ERROR.value)


def exit_code_of_json(receipts: list[dict[str, Any]]) -> int:
    """The same for receipts that came back from another process."""
    if any(not copy["verified"] for receipt in receipts for copy in receipt["copies"]):
        return 5  # delivered again, and a look since then found what was there already damaged
    if any(is_alarm(finding) for receipt in receipts for finding in receipt["findings"]):
        return 5
    states = {receipt["state"] for receipt in receipts}
    for state, code in _EXIT_CODES.items():
        if state in states:
            return code
    return 8 if any(receipt["not_checked"] for receipt in receipts) else 0
