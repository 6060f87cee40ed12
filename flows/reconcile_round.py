"""The reconciling round as a Prefect flow: catalog and stores are compared, every difference is named."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.parent import end_with_parent
from flows.roundend import ended
from flows.settings import read_settings
from flows.verify import compare_stores, verdict_of
from flows.wiring import open_services


@flow(name="abgleich", flow_run_name="abgleich", persist_result=False)
def reconcile_round() -> State[Any]:
    """Compares and ends with how many findings there are per code."""
    end_with_parent()
    with open_services(read_settings()) as services:
        findings = compare_stores(services)
    return ended(verdict_of(findings), Counter(finding.code for finding in findings))
