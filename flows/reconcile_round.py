"""The reconciling round as a Prefect flow: catalog and stores are compared, every difference is named."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.parent import end_with_parent
from flows.settings import read_settings
from flows.verify import compare_stores
from flows.wiring import open_services


@flow(name="abgleich", flow_run_name="abgleich", persist_result=False)
def reconcile_round() -> dict[str, Any]:
    """Compares and returns how many findings there are per code."""
    end_with_parent()
    with open_services(read_settings()) as services:
        findings = compare_stores(services)
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.code] = counts.get(finding.code, 0) + 1
    return {"findings": counts}
