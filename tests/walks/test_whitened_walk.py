"""Backs that were whitened are the same bytes in every Akte: nobody is asked, and each Akte keeps its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from akten.files import digest_file
from akten.findings import Judgement
from archive.bagcheck import check_bag
from catalog.actor import Actor
from flows import walks
from flows.fetch import fetch_package
from flows.making import Trip, settled
from flows.receipt import Outcome, Receipt
from flows.wiring import Services
from metadata.premis import check_record
from tests.builders import a_blank_page, a_page, a_slip
from tests.walks.test_archive_walk import archived

pytestmark = pytest.mark.real


def duplex(folder: Path, aktenzeichen: str) -> Path:
    """Two sheets, the back of each the very same white file."""
    folder.mkdir()
    for number in (1, 2):
        a_page(folder / f"s{number}_1.png", ("Stadt Neuss", folder.name, aktenzeichen, f"Blatt {number}"))
        a_blank_page(folder / f"s{number}_2.png", dpi=130)
    dokumente = [{"betreff": "Antrag", "dateien": [f"s{n}_{side}.png" for n in (1, 2) for side in (1, 2)]}]
    slip = a_slip(
        aktenzeichen=aktenzeichen,
        blattzahl=2,
        seitenzahl=4,
        duplex=True,
        vorgaenge=[{"betreff": "Anbau", "dokumente": dokumente}],
    )
    (folder / "laufzettel.json").write_text(json.dumps(slip), encoding="utf-8")
    return folder


def test_white_backs_are_kept_in_each_akte_and_nobody_is_asked(
    services: Services,
    clerk: Actor,
    tmp_path: Path,
    aktenzeichen: str,
    premis_xsd: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, first = aktenzeichen.replace("-2020", "-2019"), list[Receipt]()
    rounds = 0

    def meanwhile(trip: Trip) -> int:
        """The other Akte is archived while this one is read: nothing of that is ours, so nothing is begun anew."""
        nonlocal rounds
        rounds += 1
        if not first:
            monkeypatch.setattr(walks, "settled", settled)
            first.extend(archived(services, clerk, duplex(tmp_path / "anders", other)))
            monkeypatch.setattr(walks, "settled", meanwhile)
        return settled(trip)

    monkeypatch.setattr(walks, "settled", meanwhile)
    folder = duplex(tmp_path / "dies", aktenzeichen)
    delivered = sorted(digest_file(path).sha512 for path in folder.glob("*.png"))
    (receipt,) = archived(services, clerk, folder)
    assert [(each.state, each.version, each.findings) for each in (*first, receipt)] == [(Outcome.ARCHIVED, 1, ())] * 2
    assert (receipt.akte != first[0].akte, receipt.blank_pages, rounds) == (True, 2, 1)

    (package,) = services.catalog.packages(receipt.akte)  # type: ignore[arg-type]
    root, _ = fetch_package(services, package.package, tmp_path / "v1", "Test", clerk)
    assert check_bag(root).judgement is Judgement.VALID
    kept = sorted(digest_file(p).sha512 for p in (root / "data/representations/master/data").iterdir())
    assert kept == delivered
    record = (root / "data/metadata/preservation/premis.xml").read_bytes()
    assert check_record(record, premis_xsd).judgement in (Judgement.VALID, Judgement.VALID_WITH_WARNING)
