"""A corrected Aktenzeichen on all real parts: Nachscans join under the new number and are asked about under the old."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from akten.findings import Verdict
from catalog.actor import Actor
from catalog.values import Resolution
from flows.batch import archive_all, claim_paths
from flows.correction import propose, release, waiting
from flows.outcomes import register_again
from flows.progress import progress_display
from flows.receipt import Outcome, Receipt
from flows.verify import compare_stores, verify_packages
from flows.wiring import Services
from ingest.claimed import ClaimedDelivery
from ingest.correction import typed_wishes
from tests.builders import a_delivery

pytestmark = pytest.mark.real
SECOND = Actor("b.schulz")


def archived(services: Services, clerk: Actor, *paths: Path) -> list[Receipt]:
    with progress_display(quiet=True) as show:
        return list(archive_all(services, claim_paths(services, paths), clerk, show))


def again(services: Services, clerk: Actor, receipt: Receipt, resolution: Resolution) -> Receipt:
    """A person decides at the clearing desk, and the delivery goes on."""
    assert receipt.case is not None
    folder = services.settings.work.resolve() / str(receipt.delivery)
    claimed = ClaimedDelivery(receipt.delivery, folder)
    if resolution is Resolution.ACCEPT:
        assert register_again(services, claimed, clerk) is None
    services.catalog.resolve(receipt.case, resolution, "eine andere Akte", by=clerk, now=services.now())
    with progress_display(quiet=True) as show:
        (one,) = archive_all(services, [claimed], clerk, show)
    return one


def test_scans_join_under_the_new_number_and_are_asked_about_under_the_old_one(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    new = aktenzeichen.replace("-2020", "-2018")
    first = a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen)
    same = shutil.copytree(first, tmp_path / "kopie")
    (one,) = archived(services, clerk, first)
    akte = one.akte
    assert akte is not None
    wishes = typed_wishes({"aktenzeichen": new}, services.today())
    propose(services, akte, wishes, "Zahlendreher", clerk)
    release(services, waiting(services, akte), "verglichen", SECOND)
    packages = [row.package for row in services.catalog.packages(akte)]
    assert verify_packages(services, packages, clerk).verdict is Verdict.OK

    (two,) = archived(services, clerk, a_delivery(tmp_path / "zwei", aktenzeichen=new, seed=f"Nachtrag {new}"))
    assert (two.state, two.akte, two.version) == (Outcome.ARCHIVED, akte, 3)

    (known,) = archived(services, clerk, same)
    assert (known.state, known.akte, known.aktenzeichen) == (Outcome.DUPLICATE, akte, new)
    assert [f.text for f in known.findings if f.code == "WF-05" and f"die Akte heißt heute {new}" in f.text]

    (asked,) = archived(services, clerk, a_delivery(tmp_path / "drei", aktenzeichen=aktenzeichen, seed=f"spät {new}"))
    assert (asked.state, asked.akte) == (Outcome.CLEARING, None)
    assert [finding.code for finding in asked.findings] == ["IN-28"]
    assert f"Die Akte heißt heute {new}" in asked.findings[0].text
    assert services.catalog.akte_by_aktenzeichen(aktenzeichen) == ()
    still = again(services, clerk, asked, Resolution.RESUBMIT)
    assert (still.state, [finding.code for finding in still.findings]) == (Outcome.CLEARING, ["IN-28"])
    own = again(services, clerk, still, Resolution.ACCEPT)
    assert (own.state, own.version, own.aktenzeichen) == (Outcome.ARCHIVED, 1, aktenzeichen)
    assert own.akte not in (None, akte)
    (late,) = archived(
        services, clerk, a_delivery(tmp_path / "vier", aktenzeichen=aktenzeichen, seed=f"noch später {new}")
    )
    assert (late.state, late.akte, late.version) == (Outcome.ARCHIVED, own.akte, 2)
    ours = (str(akte), str(own.akte))
    assert not [finding for finding in compare_stores(services) if finding.where.partition("/")[2].startswith(ours)]
    head = services.catalog.head()
    assert head is not None
    assert services.catalog.verify_trail([head]).findings == ()


def test_the_same_scans_under_the_former_number_are_linked_unless_they_replace_something(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    new = aktenzeichen.replace("-2020", "-2018")
    first = a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen)
    (one,) = archived(services, clerk, first)
    akte = one.akte
    assert akte is not None
    propose(services, akte, typed_wishes({"aktenzeichen": new}, services.today()), "Zahlendreher", clerk)
    release(services, waiting(services, akte), "verglichen", SECOND)

    other = a_delivery(tmp_path / "zwei", aktenzeichen=aktenzeichen, betreff="Carport", seed=f"eins {aktenzeichen}")
    (linked,) = archived(services, clerk, other)
    assert (linked.state, linked.akte) == (Outcome.DUPLICATE, akte)
    assert [finding.code for finding in linked.findings] == ["WF-05", "WF-05", "WF-06"]

    dokument = services.catalog.akte_snapshot(akte)
    assert dokument is not None
    again = {"betreff": "scan1", "dateien": ["scan1.png"], "ersetzt": str(dokument.dokumente[0].uuid)}
    rescan = a_delivery(
        tmp_path / "drei",
        aktenzeichen=aktenzeichen,
        vorgaenge=[{"betreff": "Anbau", "dokumente": [again]}],
        seed=f"eins {aktenzeichen}",
    )
    (asked,) = archived(services, clerk, rescan)
    assert (asked.state, [finding.code for finding in asked.findings]) == (Outcome.CLEARING, ["IN-28"])
    assert "(1 Scan der Lieferung liegt dort schon.)" in asked.findings[0].text
    assert [row.package.id.version for row in services.catalog.packages(akte)] == [1, 2]


def test_scans_under_a_number_that_is_proposed_wait_for_the_second_person_and_join_then(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str
) -> None:
    new = aktenzeichen.replace("-2020", "-2018")
    (one,) = archived(services, clerk, a_delivery(tmp_path / "eins", aktenzeichen=aktenzeichen))
    akte = one.akte
    assert akte is not None
    propose(services, akte, typed_wishes({"aktenzeichen": new}, services.today()), "Zahlendreher", clerk)
    (asked,) = archived(services, clerk, a_delivery(tmp_path / "zwei", aktenzeichen=new))
    assert (asked.state, asked.akte, [f.code for f in asked.findings]) == (Outcome.CLEARING, None, ["IN-28"])
    assert f"Für die Akte {aktenzeichen} ist vorgeschlagen" in asked.findings[0].text
    release(services, waiting(services, akte), "verglichen", SECOND)
    joined = again(services, clerk, asked, Resolution.RESUBMIT)
    assert (joined.state, joined.akte, joined.version) == (Outcome.ARCHIVED, akte, 3)
