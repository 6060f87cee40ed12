"""What the Fristenkatalog in force does not know (class, event, fact) is told before any file is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from catalog.actor import Actor
from flows import making
from flows.batch import claim_paths
from flows.outcomes import owner_of
from flows.receipt import Outcome, Receipt
from flows.settings import read_settings
from flows.walks import archive_delivery
from flows.wiring import open_services
from tests.builders import a_delivery
from tests.shipped import builtin_schedule

CLERK = Actor("s17")


class Opened(Exception):
    """A file of the delivery was about to be opened."""


def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **slip: Any) -> Receipt:
    def opened(*_: object) -> None:
        raise Opened

    monkeypatch.setattr(making, "examine_each", opened)
    folder = a_delivery(tmp_path / "lieferung", **slip)
    with open_services(read_settings(daten=tmp_path / "daten")) as services:
        (claimed,) = claim_paths(services, [folder])
        return archive_delivery(services, claimed, CLERK)


def test_an_unknown_class_waits_at_the_clearing_desk_with_everything_wrong_on_the_slip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = taken(tmp_path, monkeypatch, fristklasse="building.permit-fil", profil="standart")
    assert receipt.state is Outcome.CLEARING
    assert owner_of(receipt.findings) == "Scanstelle"
    assert {finding.code for finding in receipt.findings} == {"IN-23", "IN-24"}
    (text,) = [finding.text for finding in receipt.findings if finding.code == "IN-24"]
    assert text.startswith("Die Fristklasse „building.permit-fil“ steht nicht im Fristenkatalog.")


def test_an_event_or_fact_that_no_rule_knows_waits_too_for_its_period_would_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = taken(
        tmp_path, monkeypatch, ereignisse=[{"ereignis": "file_close", "datum": "2020-12-15"}], merkmale={"dings": True}
    )
    assert receipt.state is Outcome.CLEARING
    assert owner_of(receipt.findings) == "Scanstelle"
    assert [(finding.code, finding.where) for finding in receipt.findings] == [
        ("IN-25", "laufzettel.json, ereignisse"),
        ("IN-25", "laufzettel.json, merkmale"),
    ]
    assert "Gemeint ist wohl „file_closed“" in receipt.findings[0].text


def test_every_event_that_a_rule_waits_for_is_known_on_a_slip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    triggers = {basis.trigger for entry in builtin_schedule().classes.values() for basis in entry.bases}
    told = [{"ereignis": name, "datum": "2020-12-15"} for name in sorted((triggers | {"file_closed", "birth"}) - {""})]
    with pytest.raises(Opened):
        taken(tmp_path, monkeypatch, ereignisse=told, merkmale={"structure_exists": True})


def test_what_was_noticed_in_the_files_is_told_with_a_balance_that_does_not_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A preview counts as a page; without the finding about it nobody would know where the second page comes from."""
    folder = a_delivery(tmp_path / "lieferung")
    page = Image.open(folder / "scan1.png")
    page.save(folder / "scan1.tif", dpi=(150, 150), save_all=True, append_images=[_preview(page)])
    (folder / "scan1.png").unlink()
    with open_services(read_settings(daten=tmp_path / "daten")) as services:
        (claimed,) = claim_paths(services, [folder])
        receipt = archive_delivery(services, claimed, CLERK)
    assert receipt.state is Outcome.CLEARING
    assert [(finding.code, finding.where) for finding in receipt.findings if finding.code in ("EX-24", "IN-50")] == [
        ("EX-24", "scan1.tif, Seite 2"),
        ("IN-50", "laufzettel.json"),
    ]


def _preview(page: Image.Image) -> Image.Image:
    small = page.resize((page.width // 4, page.height // 4))
    small.encoderinfo = {"tiffinfo": {254: 1}, "dpi": (40, 40)}  # type: ignore[attr-defined]
    return small


@pytest.mark.parametrize("slip", [{"fristklasse": "building.permit-file"}, {}, {"profil": "standart"}])
def test_with_a_known_class_or_none_the_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slip: dict[str, str]
) -> None:
    with pytest.raises(Opened):
        taken(tmp_path, monkeypatch, **slip)
