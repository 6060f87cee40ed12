"""What examination and validators found out about delivered files and PDF/A, as records that stay in the package."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from akten.files import Attachment, FileFacts, PdfA, Scan
from flows.attachments import anlage_of
from flows.receipt import attachment_json, finding_json, reports_json

_MOST_PAGES = 500  # told one by one; of more only the first


def examination_record(
    scans: Sequence[Scan], facts: Mapping[UUID, FileFacts], attachments: Sequence[Attachment]
) -> bytes:
    """The facts of every file: type, pages, what was repaired, what it holds, what was taken out of it, findings."""
    value = {
        "files": [_file(scan, facts[scan.uuid]) for scan in scans if scan.uuid in facts],
        "attachments": [attachment_json(anlage_of(one)) for one in attachments],
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _file(scan: Scan, facts: FileFacts) -> dict[str, Any]:
    return {
        "uuid": str(scan.uuid),
        "sha512": scan.digests.sha512,
        "mime": facts.mime,
        "pages": len(facts.pages),
        "sizes": [
            [page.width_mm, page.height_mm, page.width_px, page.height_px, page.dpi, page.colour.value]
            for page in facts.pages[:_MOST_PAGES]
        ],
        "signatures": facts.signatures,
        "form": facts.form.value,
        "embedded": list(facts.attachments),
        "javascript": facts.javascript,
        "encrypted": facts.encrypted,
        "pdfa_claim": facts.pdfa_claim,
        "repaired": list(facts.repaired),
        "unembedded_fonts": list(facts.unembedded_fonts),
        "findings": [finding_json(finding) for finding in facts.findings],
    }


def verdict_record(pdfa: PdfA) -> bytes:
    """What every validator said of this PDF/A, and what every page gave."""
    value = {
        "pdf": str(pdfa.uuid),
        "sha512": pdfa.digests.sha512,
        "flavour": pdfa.flavour,
        "rendition": pdfa.rendition.value,
        "verdict": pdfa.verdict.value,
        "validators": reports_json(pdfa),
        "tools": [list(tool) for tool in pdfa.tools],
        "losses": list(pdfa.losses),
        "findings": [finding_json(f) for f in pdfa.findings],
        "pages": [
            {
                "number": page.number,
                "scan": str(page.source.scan),
                "scan_page": page.source.page,
                "blank": page.blank,
                "dropped": page.dropped,
                "words": page.words,
                "confidence": page.confidence,
                "turned": page.turned,
                "turned_confidence": page.turned_confidence,
                "skew": page.skew,
                "retried": page.retried,
                "failed": page.failed,
            }
            for page in pdfa.pages
        ],
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"
