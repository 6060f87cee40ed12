"""A Fristenkatalog that cannot be read is a wrong setting: deliveries wait for it, and none is sent back for it."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from akten.errors import Misconfigured
from catalog.actor import Actor
from flows.batch import archive_one
from flows.receipt import Outcome, exit_code
from flows.settings import read_settings
from flows.walks import silent
from flows.wiring import open_services
from ingest.inbox import claim
from tests.builders import a_delivery


@pytest.mark.parametrize("broken", ["schema_version: [1", None], ids=["a slip of the pen", "not mounted"])
def test_a_catalogue_that_cannot_be_read_halts_deliveries_and_opens_no_case(tmp_path: Path, broken: str | None) -> None:
    rules = tmp_path / "regeln.yaml"
    if broken is not None:
        rules.write_text(broken, encoding="utf-8")
    with open_services(read_settings(daten=tmp_path / "daten", katalog=rules)) as services:
        with pytest.raises(Misconfigured, match=r"regeln\.yaml:.*frist katalog --pruefe"):
            _ = services.katalog
        claimed = claim(a_delivery(tmp_path / "eingang"), services.settings.work, uuid4)
        receipt = archive_one(services, claimed, Actor("s17"), silent)
        assert (receipt.state, exit_code([receipt])) == (Outcome.HALTED, 7)
        assert services.catalog.clearing_list() == ()
