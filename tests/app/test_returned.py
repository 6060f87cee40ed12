"""A return that was killed half-way is completed by the same command, which says where the delivery lies."""

from __future__ import annotations

from pathlib import Path

from akten.findings import Finding, Severity
from catalog.values import Resolution
from flows.arrival import registered
from flows.outcomes import to_clearing
from flows.settings import read_settings
from flows.wiring import open_services
from ingest import claimed as claims
from ingest.delivery import read_delivery
from ingest.inbox import claim
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.catalog.build import CLERK
from tests.ingest.builders import fill


def test_killed_after_the_files_had_left_the_same_command_says_where_they_are(desk: Desk, tmp_path: Path) -> None:
    target = tmp_path / "zurück"
    with open_services(read_settings(daten=desk.daten)) as services:
        delivery = claim(fill(tmp_path / "falsch"), services.settings.work, services.new_id)
        delivery.ergebnis.mkdir()
        registered(services, read_delivery(delivery), CLERK)
        receipt = to_clearing(services, delivery, (Finding("IN-50", Severity.ERROR, "", "Es fehlt ein Blatt."),), CLERK)
        number = receipt.case or 0
        services.catalog.resolve(number, Resolution.RETURN, "falsch", by=CLERK, now=services.now())
        (delivery.folder / claims.RETURNING).write_text(f'{{"ziel": "{target / "falsch"}"}}', encoding="utf-8")
        target.mkdir()
        delivery.lieferung.rename(target / "falsch")  # and killed right here
    words = ("klaerung", "loese", str(number), "--zurueck", target, "--grund", "falsch", "--json")
    ran = desk(*words)
    told = {"number": number, "state": "returned", "folder": str(target / "falsch")}
    assert (ran.code, {name: ran.json[name] for name in told}) == (0, told)
    assert not delivery.folder.exists()
    assert desk(*words).code == 4
