"""A case whose scans came once more and were archived says so, and stays open until a person ends it."""

from __future__ import annotations

from pathlib import Path

from catalog.catalog import open_catalog
from flows.outcomes import to_clearing
from flows.settings import read_settings
from flows.wiring import open_services
from ingest.claimed import ClaimedDelivery
from ingest.inbox import claim
from ingest.rules import error
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import AN_ERROR, CLERK, NOON, a_scan, archive, receive
from tests.ingest.builders import TIFF, fill


def test_list_and_case_say_where_the_scans_are_archived_meanwhile(desk: Desk) -> None:
    """The open case stood there until somebody remembered that the delivery had come again."""
    scans = [a_scan("scan", n) for n in range(3)]
    with open_catalog(desk.url) as catalog:
        for name, own in (("alle", scans[:2]), ("einer", scans[1:]), ("keiner", [a_scan("andere")])):
            row = receive(catalog, name, scans=own)
            (desk.daten / "arbeit" / str(row.uuid) / "lieferung").mkdir(parents=True)
            catalog.to_clearing(row.uuid, [AN_ERROR], owner="Scanstelle", next_step="y", by=CLERK, now=NOON)
        akte, _ = archive(catalog, "neu", scans=scans[:2])
    place = {"akte": str(akte.uuid), "aktenart": "Bauakte", "aktenzeichen": "63-01234-2019", "band": 1, "version": 4}
    cases = desk("klaerung", "liste", "--json").json
    assert [case["archived_since"] for case in cases] == [
        [{**place, "scans": 2, "of": 2}],
        [{**place, "scans": 1, "of": 2}],
        [],
    ]
    assert [case["state"] for case in cases] == ["open"] * 3
    said = [
        "Dieselben Scans sind inzwischen archiviert in Bauakte 63-01234-2019.",
        "1 von 2 Scans ist inzwischen archiviert in Bauakte 63-01234-2019.",
    ]
    listed = desk("klaerung", "liste").out
    assert ["Dieselben Scans sind" in listed, "1 von 2 Scans ist" in listed] == [True, True]
    assert [[sentence in desk("klaerung", "zeige", number).out for sentence in said] for number in (1, 2, 3)] == [
        [True, False],
        [False, True],
        [False, False],
    ]
    assert desk("klaerung", "zeige", 1, "--json").json["archived_since"] == cases[0]["archived_since"]
    assert desk("klaerung", "loese", 3, "--zurueck", desk.daten.parent / "z", "--grund", "falsch").code == 0
    assert desk("klaerung", "zeige", 3, "--json").json["archived_since"] == []


def test_scans_beside_a_slip_that_cannot_be_read_are_known_again(desk: Desk, tmp_path: Path) -> None:
    """Most cases are slips with a fault, and of those the catalog knew no scan."""

    def stopped(folder: Path, *, readable: bool = False) -> ClaimedDelivery:
        with open_services(read_settings(daten=desk.daten)) as services:
            delivery = claim(folder, services.settings.work, services.new_id)
            to_clearing(services, delivery, (error("IN-13", "laufzettel.json", "fehlt"),), CLERK)
            assert [scan.name for scan in services.catalog.scans(delivery.uuid)] == (
                ["a/scan1.tif", "scan2.tif"] if readable else []
            )
        return delivery

    fill(tmp_path / "eins", {}, {"scan2.tif": TIFF + b"2", "a/scan1.tif": TIFF + b"1", "fertig": b"", ".x": b"x"})
    stopped(tmp_path / "eins", readable=True)
    with open_catalog(desk.url) as catalog:
        archive(catalog, "neu", scans=[a_scan("fremd")])
    assert desk("klaerung", "liste", "--json").json[0]["archived_since"] == []
    linked = fill(tmp_path / "zwei", {})
    (linked / "verweis.tif").symlink_to(linked / "scan1.tif")
    stopped(linked)
