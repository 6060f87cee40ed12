"""A delivery whose files are gone is told and waits for a person: once, and not where it may lie on another machine."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from akten.errors import Unavailable
from akten.findings import Severity, Verdict
from akten.lifecycle import Stage
from catalog.values import Resolution
from flows.arrival import registered
from flows.batch import claim_inbox
from flows.lost import lost_deliveries, lost_to_clearing
from flows.outcomes import to_clearing
from flows.receipt import Outcome
from flows.settings import read_settings
from flows.verify import verdict_of
from flows.wiring import Services, open_services
from flows.workmark import require_work_folder
from ingest.claimed import ClaimedDelivery
from ingest.delivery import read_delivery
from ingest.inbox import claim
from tests.app.desk import Desk, desk
from tests.asked import asked
from tests.catalog.build import AN_ERROR, CLERK
from tests.ingest.builders import fill
from tests.pgfixture import Postgres, postgres

__all__ = ["desk", "postgres"]


def received(services: Services, folder: Path) -> ClaimedDelivery:
    """A delivery as a kill right after the first event leaves it."""
    require_work_folder(services)
    claimed = claim(fill(folder), services.settings.work, services.new_id)
    registered(services, read_delivery(claimed), CLERK)
    return claimed


@pytest.mark.parametrize("everything", [True, False])
def test_a_delivery_whose_files_are_lost_comes_to_the_clearing_desk_once(tmp_path: Path, *, everything: bool) -> None:
    with open_services(read_settings(daten=tmp_path / "archiv")) as services:
        claimed = received(services, tmp_path / "l")
        assert lost_to_clearing(services) == ()
        shutil.rmtree(claimed.folder if everything else claimed.lieferung)
        found = claim_inbox(services)
        assert found.claimed == ()
        assert [(r.delivery, r.state, [f.code for f in r.findings]) for r in found.lost] == [
            (claimed.uuid, Outcome.CLEARING, ["WF-13"])
        ]
        (case,) = services.catalog.clearing_list()
        assert (case.code, case.owner) == ("WF-13", "Archiv")
        assert "Dateien fehlen im Arbeitsordner" in case.reason
        assert "neu liefern" in case.next_step
        head = services.catalog.head()
        assert claim_inbox(services).lost == ()
        assert services.catalog.head() == head
        services.catalog.resolve(case.number, Resolution.RETURN, "neu geliefert", by=CLERK, now=services.now())
        assert (lost_to_clearing(services), lost_deliveries(services)) == ((), ())


def test_what_waits_as_lost_already_is_asked_about_no_more(tmp_path: Path) -> None:
    """Every look at the clearing desk asked for each of them three times whether it had come back."""
    with open_services(read_settings(daten=tmp_path / "archiv")) as services:
        told = []
        for number in range(2):
            shutil.rmtree(received(services, tmp_path / f"l{number}").folder)
            assert len(lost_to_clearing(services)) == 1
            with asked() as few:
                assert lost_to_clearing(services) == ()
            told.append(len(few))
        assert told[0] == told[1]
        assert len(lost_deliveries(services)) == 2


def test_the_list_of_the_clearing_desk_shows_it_also_where_no_round_runs(desk: Desk, tmp_path: Path) -> None:
    with open_services(read_settings(daten=desk.daten)) as services:
        shutil.rmtree(received(services, tmp_path / "l").folder)
    (case,) = desk("klaerung", "liste", "--json").json
    assert (case["code"], case["state"]) == ("WF-13", "open")
    assert desk("klaerung", "liste", "--json").json == [case]
    ended = desk("klaerung", "loese", "1", "--zurueck", tmp_path / "z", "--grund", "neu geliefert", "--json")
    assert (ended.code, json.loads(ended.out)["state"]) == (0, "returned")


def test_where_the_data_folder_moved_a_case_names_the_folder_of_now_and_what_is_lost_is_told(
    desk: Desk, tmp_path: Path
) -> None:
    """The catalog had noted the old path: the case named a folder that was not there, and nothing lost was missed."""
    with open_services(read_settings(daten=desk.daten)) as services:
        to_clearing(services, received(services, tmp_path / "fall"), (AN_ERROR,), CLERK)
        lost = received(services, tmp_path / "l")
    moved = desk.daten.rename(tmp_path / "umgezogen")
    shutil.rmtree(moved / "arbeit" / str(lost.uuid))
    first, second = replace(desk, daten=moved)("klaerung", "liste", "--json").json
    assert (first["name"], Path(first["folder"]).parent) == ("fall", moved / "arbeit")
    assert (second["code"], Path(second["folder"]).parent) == ("WF-13", moved / "arbeit")
    with open_services(read_settings(daten=moved)) as services:
        assert [f.where for f in lost_deliveries(services)] == [str(lost.uuid)]


def test_an_intake_names_it_in_a_receipt_and_the_next_one_does_not(desk: Desk, tmp_path: Path) -> None:
    with open_services(read_settings(daten=desk.daten)) as services:
        shutil.rmtree(received(services, tmp_path / "l").folder)
    ran = desk("annahme", "--json")
    assert (ran.code, [(r["state"], r["clearing_case"]) for r in ran.json]) == (3, [("clearing", 1)])
    assert desk("annahme", "--json").json == []


def test_where_machines_share_a_catalog_nothing_is_taken_from_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_services(read_settings(daten=tmp_path / "archiv")) as services:
        shutil.rmtree(received(services, tmp_path / "l").folder)
        monkeypatch.setattr(type(services.settings), "catalog_file", None)
        assert lost_to_clearing(services) == ()
        found = lost_deliveries(services)
        assert [(f.code, f.severity) for f in found] == [("WF-13", Severity.WARNING)]
        assert verdict_of(found) is Verdict.NOT_CHECKED


def test_a_case_of_another_machine_is_not_ended_here_as_if_its_files_were_lost(
    desk: Desk, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both machines keep their deliveries in a folder of the same name, and only one of them has this one's files."""
    monkeypatch.setenv("ARCHIV_DATABASE", postgres.database())
    with open_services(read_settings(daten=desk.daten)) as services:
        claimed = received(services, tmp_path / "l")
        to_clearing(services, claimed, (AN_ERROR,), CLERK)
    claimed.folder.rename(tmp_path / "anderer rechner")
    words = ("klaerung", "loese", "1", "--zurueck", tmp_path / "z", "--grund", "falsch", "--json")
    refused = desk(*words)
    assert (refused.code, "auf einem anderen" in refused.json["text"]) == (4, True)
    (tmp_path / "anderer rechner").rename(claimed.folder)
    assert desk(*words).json["folder"] is not None
    with open_services(read_settings(daten=desk.daten)) as services:
        lost = received(services, tmp_path / "l2")
        to_clearing(services, lost, (AN_ERROR,), CLERK)
    shutil.rmtree(lost.folder)
    ended = desk("klaerung", "loese", "2", *words[3:], "--ohne-dateien")
    assert (ended.code, ended.json["state"], ended.json["folder"]) == (0, "returned", None)
    assert desk("klaerung", "loese", "2", "--neu-einreichen", "--ohne-dateien").code == 2


def test_a_delivery_that_died_with_its_machine_is_ended_by_a_person_and_its_akte_goes_on(
    desk: Desk, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packed there and never stored, it kept every delivery of its Akte waiting, and no command could end it."""
    monkeypatch.setenv("ARCHIV_DATABASE", postgres.database())
    with open_services(read_settings(daten=desk.daten)) as services:
        lost = received(services, tmp_path / "l")
        for stage in (Stage.EXAMINED, Stage.RECOGNISED):
            services.catalog.move(lost.uuid, stage, by=CLERK, now=services.now())
        services.catalog.settle_version(lost.uuid, by=CLERK, now=services.now())
        here = desk("klaerung", "verloren", lost.uuid, "--json")
        assert (here.code, "liegen hier" in here.json["text"]) == (4, True)
        shutil.rmtree(lost.folder)
        (told,) = lost_deliveries(services)
        assert f"archiv klaerung verloren {lost.uuid}" in told.text
        anew = received(services, tmp_path / "l2")
        for stage in (Stage.EXAMINED, Stage.RECOGNISED):
            services.catalog.move(anew.uuid, stage, by=CLERK, now=services.now())
        with pytest.raises(Unavailable, match="derselben Akte"):
            services.catalog.settle_version(anew.uuid, by=CLERK, now=services.now())
        assert desk("klaerung", "verloren", uuid4()).code == 2
        case = desk("klaerung", "verloren", lost.uuid, "--json").json
        assert (case["code"], case["state"]) == ("WF-13", "open")
        assert desk("klaerung", "verloren", lost.uuid, "--json").json == case
        words = ("--zurueck", tmp_path / "z", "--ohne-dateien", "--grund", "Rechner verbrannt")
        assert desk("klaerung", "loese", case["number"], *words).code == 0
        assert services.catalog.settle_version(anew.uuid, by=CLERK, now=services.now()) == 1
        assert desk("klaerung", "verloren", lost.uuid).code == 4


def test_a_delivery_whose_files_are_gone_is_told_until_somebody_ends_it(tmp_path: Path) -> None:
    def row(name: str, stage: Stage, folder: Path = tmp_path) -> Any:
        return SimpleNamespace(uuid=uuid4(), stage=stage, slip={}, betreff=name, folder=str(folder / name))

    rows = [
        row("weg", Stage.RECEIVED),
        row("weg in der Klärung", Stage.CLEARING),
        row("da", Stage.EXAMINED),
        row("als ZIP da", Stage.CLEARING),
        row("gerade zu Ende", Stage.PACKED),
        row("neu geliefert", Stage.RECEIVED),
        row("umgezogen und da", Stage.RECEIVED, Path("/früher")),
        row("umgezogen und weg", Stage.RECEIVED, Path("/früher")),
    ]
    (tmp_path / "da" / "lieferung").mkdir(parents=True)
    (tmp_path / "umgezogen und da" / "lieferung").mkdir(parents=True)
    (tmp_path / "als ZIP da").mkdir()
    (tmp_path / "als ZIP da" / "lieferung.zip").touch()
    sums: dict[UUID, list[str]] = {each.uuid: [] for each in rows}
    sums[rows[1].uuid] = ["in einer anderen Lieferung", "nur in dieser"]
    sums[rows[5].uuid] = ["neu"]
    now = {each.uuid: each for each in rows}
    now[rows[4].uuid] = SimpleNamespace(stage=Stage.ARCHIVED)
    services: Any = SimpleNamespace(
        settings=SimpleNamespace(work=tmp_path, catalog_file=tmp_path),
        catalog=SimpleNamespace(
            identity=lambda: "",
            deliveries=lambda: tuple(rows),
            delivery=now.get,
            scans=lambda uuid: [SimpleNamespace(digests=SimpleNamespace(sha512=each)) for each in sums[uuid]],
            known_scans=lambda asked: {each: None for each in asked if each in ("in einer anderen Lieferung", "neu")},
        ),
    )
    found = lost_deliveries(services)
    assert [(f.code, f.where) for f in found] == [("WF-13", str(rows[nr].uuid)) for nr in (0, 1, 7)]
    assert "neu liefern" in found[0].text
    assert verdict_of(found) is Verdict.FAILED
