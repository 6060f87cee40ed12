"""A delivery that has ended, or that another process has: killed or raced at the end, it is told once and tidied up."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from akten.errors import Forbidden, Rejected
from akten.findings import Finding, Severity
from catalog.actor import Actor
from catalog.values import Resolution
from flows import walks
from flows.outcomes import to_clearing
from flows.receipt import Outcome, Receipt, exit_code
from flows.settings import read_settings
from flows.walks import archive_delivery
from flows.wiring import Services, open_services
from ingest.claimed import ClaimedDelivery, Origin, held, write_origin
from ingest.inbox import claim, unfinished
from tests.catalog.build import an_id, archive
from tests.ingest.builders import fill

CLERK = Actor("s17")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with open_services(read_settings(daten=tmp_path / "daten")) as opened:
        yield opened


def in_work(services: Services, name: object) -> ClaimedDelivery:
    """The work folder that a kill right after "archived" leaves behind."""
    delivery = an_id("delivery", name)
    folder = services.settings.work / str(delivery)
    (folder / "lieferung").mkdir(parents=True)
    (folder / "lieferung" / "scan1.tif").write_bytes(b"II*\x00")
    write_origin(folder, Origin(Path("/eingang/akte"), is_zip=False))
    return ClaimedDelivery(delivery, folder)


def test_killed_after_the_entry_the_next_run_says_archived_and_leaves_no_work_folder(services: Services) -> None:
    akte, _ = archive(services.catalog, 1)
    claimed = in_work(services, 1)
    receipt = archive_delivery(services, claimed, CLERK)
    assert (receipt.state, receipt.akte) == (Outcome.ARCHIVED, akte.uuid)
    assert unfinished(services.settings.work) == ()
    assert not claimed.folder.exists()


def test_what_is_archived_is_told_as_archived_also_where_the_work_folder_cannot_be_removed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told as halted, with exit code 7 and at every round, though all of it was in the stores."""
    akte, _ = archive(services.catalog, 1)
    claimed = in_work(services, 1)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refused)
        receipt = archive_delivery(services, claimed, CLERK)
    assert (receipt.state, receipt.akte) == (Outcome.ARCHIVED, akte.uuid)
    # The Fristenkatalog does not know the class of this Akte, which is told beside.
    assert [(f.code, f.severity) for f in receipt.findings] == [("LK-01", Severity.ERROR), ("WF-15", Severity.WARNING)]
    assert exit_code([receipt]) == 0
    assert unfinished(services.settings.work) == ()
    assert [path for path in services.settings.work.iterdir() if path.is_dir()] == []


def refused(*_: Any, **__: Any) -> None:
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def test_a_return_that_was_cut_off_names_the_command_that_completes_it(services: Services, tmp_path: Path) -> None:
    """Whoever called the intake again was told that it had been given back, and found it nowhere."""
    claimed = claim(fill(tmp_path / "l"), services.settings.work, services.new_id)
    finding = Finding("IN-50", Severity.ERROR, "", "Es fehlt ein Blatt.")
    case = to_clearing(services, claimed, (finding,), CLERK).case or 0
    services.catalog.resolve(case, Resolution.RETURN, "falsch", by=CLERK, now=services.now())
    with pytest.raises(Forbidden, match=f"archiv klaerung loese {case} --zurueck"):
        archive_delivery(services, claimed, CLERK)
    assert claimed.lieferung.is_dir()


def test_a_delivery_that_another_process_archived_meanwhile_is_told_as_archived(services: Services) -> None:
    akte, _ = archive(services.catalog, 1)
    gone = ClaimedDelivery(an_id("delivery", 1), services.settings.work / str(an_id("delivery", 1)))
    receipt = archive_delivery(services, gone, CLERK)
    assert (receipt.state, receipt.akte) == (Outcome.ARCHIVED, akte.uuid)


def test_a_delivery_goes_to_the_clearing_desk_before_another_process_can_begin_it_anew(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = in_work(services, 1)
    seen: list[bool] = []

    def rejected(*_: Any) -> None:
        raise Rejected((Finding("IN-50", Severity.ERROR, "", "Es fehlt ein Blatt."),))

    def clearing(_: Services, one: ClaimedDelivery, *__: Any) -> Any:
        with held(one) as mine:
            seen.append(mine)
        return Receipt(one.uuid, Outcome.CLEARING)

    monkeypatch.setattr(walks, "_archive", rejected)
    monkeypatch.setattr(walks, "to_clearing", clearing)
    archive_delivery(services, claimed, CLERK)
    assert seen == [False]
