"""What the examination found out about every delivered file, as a record that stays in the package."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from akten.files import Attachment, FileFacts, Scan
from flows.receipt import attachment_json, finding_json

_MOST_PAGES = 500  # told one by one; of more only the first


def examination_record(
    scans: Sequence[Scan], facts: Mapping[UUID, FileFacts], attachments: Sequence[Attachment]
) -> bytes:
    """The facts of every file: type, pages, what was repaired, what it holds, what was taken out of it, findings."""
    value = {
        "files": [_file(scan, facts[scan.uuid]) for scan in scans if scan.uuid in facts],
        "attachments": [attachment_json(one) for one in attachments],
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
