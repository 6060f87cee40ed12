"""Where findings lie, as people know it: an Akte by what it is called. In JSON its UUID stays the only name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from akten.findings import Finding
from app.show import first_of_each
from catalog.catalog import Catalog

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def named_places(catalog: Catalog, findings: Iterable[Finding]) -> dict[str, str]:
    """Place → what a table says instead, for the findings that a table shows. An Akte that the register does not know
    keeps its UUID, and the key of an object is told as it is, for by that it is found in the store.
    """
    shown = first_of_each(findings, lambda finding: finding.code)
    akten = {finding.where: UUID(match[0]) for finding in shown if (match := _UUID.search(finding.where))}
    names = catalog.names(akten.values())
    return {place: _named(place, f"Akte {uuid}", names[uuid]) for place, uuid in akten.items() if uuid in names}


def _named(place: str, by_uuid: str, name: str) -> str:
    return place.replace(by_uuid, name) if by_uuid in place else f"{place} ({name})"
