"""A description is corrected on all real parts: locked in two stores, and kept by the Nachscan that follows."""

from __future__ import annotations

from pathlib import Path

import bagit
import pytest

from akten.findings import Judgement, Verdict
from archive.bagcheck import check_bag
from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.correction import propose, release, waiting
from flows.fetch import fetch_package
from flows.progress import progress_display
from flows.receipt import Outcome, Receipt
from flows.verify import compare_stores, verify_packages
from flows.wiring import Services
from ingest.correction import typed_wishes
from metadata.checks import check_message
from metadata.premis import check_record
from tests.builders import a_delivery

pytestmark = pytest.mark.real
SECOND = Actor("b.schulz")


def archived(services: Services, clerk: Actor, *paths: Path) -> list[Receipt]:
    with progress_display(quiet=True) as show:
        return list(archive_all(services, claim_paths(services, paths), clerk, show))


def test_a_corrected_akte_is_locked_whole_and_its_nachscan_keeps_what_was_corrected(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, premis_xsd: Path
) -> None:
    first = a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen, betreff="Anbau Wintergraten")
    (one,) = archived(services, clerk, first)
    akte = one.akte
    assert akte is not None
    fields = {"betreff": "Anbau Wintergarten", "zda_datum": "5.4.2021", "felder": {"Flurstück": "12/346"}}
    propose(services, akte, typed_wishes(fields, services.today()), "Tippfehler", clerk)
    done = release(services, waiting(services, akte), "verglichen", SECOND)
    assert done.findings == ()
    packages = [row.package for row in services.catalog.packages(akte)]
    assert verify_packages(services, packages, clerk).verdict is Verdict.OK
    assert not [finding for finding in compare_stores(services) if str(akte) in finding.where]
    root, findings = fetch_package(services, packages[1], tmp_path / "heraus", "Test", clerk)
    assert findings == ()
    assert check_bag(root).judgement is Judgement.VALID
    assert bagit.Bag(str(root)).is_valid()
    (message,) = (root / "data/metadata/descriptive").iterdir()
    report = check_message(message.read_bytes(), services.schemas)
    assert (report.schema_verdict, report.judgement) == (Verdict.OK, Judgement.VALID)
    record = (root / "data/metadata/preservation/premis.xml").read_bytes()
    assert check_record(record, premis_xsd).findings == ()

    later = a_delivery(
        tmp_path / "zwei",
        aktenzeichen=aktenzeichen,
        betreff="Anbau Wintergarten",
        zda_datum=None,
        felder={"bauherr": "A", "FLURSTUECK": "12/346"},
        seed="Nachtrag",
    )
    (two,) = archived(services, clerk, later)
    assert (two.state, two.version) == (Outcome.ARCHIVED, 3)
    assert [finding.text for finding in two.findings if finding.code == "WF-54"] == [
        "Der Laufzettel schreibt Felder anders als bisher: „FLURSTUECK“ ist das Feld „Flurstück“ der Akte. Es bleibt "
        "bei dem Namen in der Akte."
    ]
    assert {finding.code for finding in two.findings} & {"IN-26", "WF-07"} == set()
    after = services.catalog.akte_snapshot(akte)
    assert after is not None
    assert (after.betreff, [vorgang.betreff for vorgang in after.vorgaenge]) == (
        "Anbau Wintergarten",
        ["Anbau Wintergarten"],
    )
    assert (str(after.zda_datum), dict(after.felder)) == (
        "2021-04-05",
        {"Flurstück": "12/346", "bauherr": "A"},
    )
    assert [entry.aktion for entry in after.historie if entry.aktion.startswith("Berichtigung")] != []

    old = a_delivery(tmp_path / "drei", aktenzeichen=aktenzeichen, betreff="Anbau Wintergraten", seed="alt")
    (three,) = archived(services, clerk, old)
    assert {finding.code for finding in three.findings} & {"IN-26", "WF-07", "WF-52"} == {"WF-52"}
    kept = services.catalog.akte_snapshot(akte)
    assert kept is not None
    assert (kept.betreff, len(kept.vorgaenge), dict(kept.felder)["Flurstück"]) == ("Anbau Wintergarten", 1, "12/346")
