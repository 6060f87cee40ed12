"""From a new catalogue to changed dates: compared, proposed, released by another person; due list and forecast."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from akten.errors import Forbidden, Rejected, Unavailable
from akten.lifecycle import Stage
from akten.model import Aktenart
from catalog.actor import Actor
from catalog.holds import HoldOrder, HoldTarget, Scope
from catalog.tables import akten
from flows import rule_change
from flows.due_list import due_filter, due_page, due_rows, forecast_of
from flows.inforce import basis, read_rules, rules_in_force
from flows.rule_change import compared, katalog_for, propose, release
from flows.settings import read_settings
from flows.telling import tell_classes
from flows.wiring import Services, open_services
from retention.compare import Change
from retention.schedule import builtin_bytes
from tests.catalog.build import NOON, archive, receive
from tests.shipped import builtin_schedule

ANNA, BERND, CARLA = Actor("anna.meier"), Actor("bernd.schulz"), Actor("carla.weiss")
KLASSE = "tax.assessment-file"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setattr(Services, "now", lambda _: NOON)
    with open_services(read_settings(daten=tmp_path / "daten")) as opened:
        yield opened


def a_file(services: Services, number: int, closed: date, *, record_class: str = KLASSE) -> str:
    """A Steuerakte in the register, closed on a day, with its end as the last round recorded it."""
    akte, _ = archive(services.catalog, number, number=f"90-{number:06}-2019", aktenart=Aktenart.STEUERAKTE)
    services.catalog.report_event(akte.uuid, "file_closed", closed, "Verfügung", by=ANNA, now=NOON)
    values = {"record_class": record_class, "retention_ends": date(closed.year + 10, 12, 31)}
    with services.catalog._database.write() as connection:
        connection.execute(update(akten).where(akten.c.uuid == akte.uuid).values(**values))
    return str(akte.uuid)


def new_rules(folder: Path, *, period: str = "P8Y", more: str = "") -> Path:
    """The shipped catalogue as version 2027.1, in which a Steuerakte is kept otherwise."""
    text = builtin_bytes().decode().replace('version: "2026.1"', 'version: "2027.1"')
    head, tail = text.split(f"key: {KLASSE}\n", 1)
    path = folder / "neu.yaml"
    path.write_text(f"{head}key: {KLASSE}\n{tail.replace('P10Y', period, 1)}{more}", encoding="utf-8")
    return path


def test_a_change_is_told_and_applies_only_after_another_person_released_it(services: Services, tmp_path: Path) -> None:
    free, kept = a_file(services, 1, date(2017, 3, 1)), a_file(services, 2, date(2020, 3, 1))
    a_file(services, 3, date(2020, 3, 1), record_class="tax.enforcement-file")
    rules = read_rules(new_rules(tmp_path))
    found = compared(services, rules, ANNA)
    assert {move.id: (move.change, move.before, move.after) for move in found.vergleich.moves} == {
        free: (Change.EARLIER, date(2028, 1, 1), date(2026, 1, 1)),
        kept: (Change.EARLIER, date(2031, 1, 1), date(2029, 1, 1)),
    }
    assert found.akten[free].aktenzeichen == "90-000001-2019"
    assert [each.sentence for each in found.vergleich.classes if each.moved] == [
        f"{KLASSE}: von 2 Akten würden 2 früher frei."
    ]
    number = propose(services, rules, "AO geändert", ANNA).number
    assert rules_in_force(services).entry.digest == basis(services.settings).entry.digest
    with pytest.raises(Forbidden, match="zweite Person"):
        release(services, number, "selbst", Actor("A. Meier"))
    release(services, number, "geprüft", BERND)
    assert rules_in_force(services).number == number
    with open_services(services.settings) as after:
        assert after.katalog.version == "2027.1"
        assert compared(after, rules, ANNA).vergleich.moves == ()
        with pytest.raises(Forbidden, match="gilt schon"):
            propose(after, rules, "noch einmal", ANNA)
    # The recorded ends stay until the due round writes them anew.
    row = services.catalog.akten().rows[-1]
    assert row.retention_ends == date(2027, 12, 31)


def test_the_catalogue_in_force_is_asked_without_making_an_archive(tmp_path: Path) -> None:
    settings = read_settings(daten=tmp_path / "leer")
    assert katalog_for(settings).version == builtin_schedule().version
    assert not (tmp_path / "leer").exists()


def without(folder: Path, *keys: str) -> Path:
    """The shipped catalogue as version 2027.1, in which these classes bear other names."""
    path = new_rules(folder)
    text = path.read_text()
    for key in keys:
        assert f"key: {key}\n" in text
        text = text.replace(f"key: {key}\n", f"key: {key}-neu\n").replace(f": {key}\n", f": {key}-neu\n")
    path.write_text(text)
    return path


def test_rules_that_lack_a_class_which_akten_have_are_not_released(services: Services, tmp_path: Path) -> None:
    other = "tax.enforcement-file"
    a_file(services, 1, date(2017, 3, 1))
    for number in (2, 3):
        a_file(services, number, date(2017, 3, 1), record_class=other)
    by_hand = UUID(a_file(services, 4, date(2017, 3, 1)))
    services.catalog.classify(by_hand, ("building.enforcement", other), "Verfahren", by=ANNA, now=NOON)
    a_file(services, 5, date(2017, 3, 1), record_class="weg.klasse")  # has no class even now
    a_file(services, 6, date(2017, 3, 1), record_class="")  # has the default of its family, which is renamed below
    number = propose(services, read_rules(without(tmp_path, KLASSE, other)), "", ANNA).number
    before = services.catalog.head()
    with pytest.raises(Rejected) as refused:
        release(services, number, "geprüft", BERND)
    assert refused.value.exit_code == 3
    assert [(f.code, f.where) for f in refused.value.findings] == [("WF-40", KLASSE), ("WF-40", other)]
    assert "eine Akte hat sie" in refused.value.findings[0].text
    assert "3 Akten haben sie" in refused.value.findings[1].text
    assert services.catalog.head() == before
    assert services.catalog.rules.version(number).state.value == "proposed"
    assert rules_in_force(services).number is None


def test_an_akte_cannot_get_a_class_between_the_check_and_the_release(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process gives an Akte a class while the release looks: it waits for its turn and is refused then."""
    akte = UUID(a_file(services, 1, date(2017, 3, 1)))
    _ = services.katalog  # the other one read the rules before
    gone = "tax.enforcement-file"
    number = propose(services, read_rules(without(tmp_path, gone)), "", ANNA).number
    told: list[str] = []

    def give() -> None:
        try:
            tell_classes(services, akte, (gone,), "Vollstreckung", CARLA)
        except Unavailable as error:
            told.append(error.text)
        else:
            told.append("given")

    other = threading.Thread(target=give)
    plain = rule_change.lost_classes

    def looked(*given: Any) -> Any:
        found = plain(*given)
        other.start()
        other.join(0.5)
        return found

    monkeypatch.setattr(rule_change, "lost_classes", looked)
    release(services, number, "geprüft", BERND)
    other.join(30)
    assert told == ["Inzwischen gilt eine andere Fassung des Fristenkatalogs; bitte noch einmal."]
    assert services.catalog.classifications(akte) == ()


def test_a_delivery_under_way_counts_with_the_class_of_its_plan(services: Services, tmp_path: Path) -> None:
    akte, _ = archive(services.catalog, 1, number="90-000001-2019", aktenart=Aktenart.STEUERAKTE)
    row = receive(services.catalog, 2, number="90-000001-2019", aktenart=Aktenart.STEUERAKTE)
    assert akte.aufbewahrung is not None
    gone = replace(akte.aufbewahrung, record_class="tax.enforcement-file")
    services.catalog.plan(row.uuid, replace(akte, aufbewahrung=gone), by=ANNA, now=NOON)
    services.catalog.move(row.uuid, Stage.EXAMINED, by=ANNA, now=NOON)
    number = propose(services, read_rules(without(tmp_path, gone.record_class)), "", ANNA).number
    with pytest.raises(Rejected, match=r"tax\.enforcement-file"):
        release(services, number, "geprüft", BERND)


def test_classes_that_nobody_has_may_go(services: Services, tmp_path: Path) -> None:
    a_file(services, 1, date(2017, 3, 1))
    number = propose(services, read_rules(without(tmp_path, "tax.enforcement-file")), "", ANNA).number
    assert release(services, number, "geprüft", BERND).state.value == "released"


def test_a_catalogue_with_faults_is_no_proposal(services: Services, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="RT-02"):
        read_rules(new_rules(tmp_path, more="version: '3'\n"))
    assert services.catalog.rules.versions() == ()


def test_rules_of_a_later_day_are_compared_for_that_day(services: Services, tmp_path: Path) -> None:
    a_file(services, 1, date(2017, 3, 1))
    path = new_rules(tmp_path)
    path.write_text(path.read_text().replace("valid_from: 2025-01-01", "valid_from: 2028-06-01", 1))
    rules = read_rules(path)
    found = compared(services, rules, ANNA)
    assert found.as_of == date(2028, 6, 1)
    assert [(m.state_before.value, m.state_after.value) for m in found.vergleich.moves if m.state_after] == [
        ("offer", "offer")
    ]
    number = propose(services, rules, "", ANNA).number
    release(services, number, "geprüft", BERND)
    assert rules_in_force(services).number is None
    released = services.catalog.rules.in_force(date(2028, 6, 1))
    assert released is not None
    assert released[0].number == number


def test_the_due_list_shows_what_the_rules_say_now(services: Services) -> None:
    first, second = a_file(services, 1, date(2015, 3, 1)), a_file(services, 2, date(2018, 3, 1))
    a_file(services, 3, date(2019, 3, 1))
    wanted = due_filter(services.katalog, date(2028, 12, 31), record_class=KLASSE)
    page = due_page(services, wanted, ANNA, limit=1, offset=0)
    assert (page.total, [str(each.row.akte) for each in page.rows]) == (2, [first])
    deadline = page.rows[0].deadline
    assert deadline is not None
    assert (deadline.state.value, deadline.disposal_from) == ("offer", date(2026, 1, 1))
    assert [str(each.row.akte) for each in due_rows(services, wanted, ANNA)] == [first, second]


def test_an_akte_whose_class_is_gone_is_listed_as_not_computed(services: Services) -> None:
    a_file(services, 1, date(2015, 3, 1), record_class="weg.klasse")
    page = due_page(services, due_filter(services.katalog, date(2030, 1, 1)), ANNA, limit=9, offset=0)
    assert page.rows[0].deadline is None
    assert "weg.klasse" in page.rows[0].why
    assert forecast_of(services, ANNA).count("unknown") == 1
    assert compared(services, basis(services.settings), ANNA).skipped == 1


def test_a_secret_hold_is_only_a_mark_to_others(services: Services) -> None:
    akte = UUID(a_file(services, 1, date(2015, 3, 1)))
    target = HoldTarget(Scope.AKTE, akte)
    order = HoldOrder(target, "litigation", "verdeckte Ermittlung", "12 Js 3/26", secret=True)
    services.catalog.set_hold(order, ("litigation",), by=ANNA, now=NOON)
    wanted = due_filter(services.katalog, date(2030, 12, 31))
    told = {}
    for viewer in (ANNA, CARLA):
        (row,) = due_page(services, wanted, viewer, limit=9, offset=0).rows
        assert row.deadline is not None
        assert (row.deadline.state.value, row.deadline.disposal_from) == ("held", None)
        assert forecast_of(services, viewer).count("held") == 1
        told[viewer] = (" ".join(row.deadline.derivation), {hold.key for hold in row.deadline.outcome.blocking})
    assert told[ANNA][1] == {"litigation"}
    assert told[CARLA][1] == {"gesperrt"}
    assert "Sperre: gesperrt." in told[CARLA][0]
    assert "Rechtsstreit" not in told[CARLA][0]


def test_the_forecast_counts_each_akte_once(services: Services) -> None:
    for number, year in enumerate((2010, 2016, 2017, 2017, 2030), 1):
        a_file(services, number, date(year, 3, 1))
    a_file(services, 6, date(2010, 3, 1), record_class="finance.annual-accounts")
    a_file(services, 7, date(2010, 3, 1), record_class="building.permit-file")
    found = forecast_of(services, ANNA, years=3)
    counts = {column: found.count(column) for column in found.columns if found.count(column)}
    assert counts == {"free": 1, "2027": 1, "2028": 2, "later": 1, "permanent": 1, "open": 1}
    assert found.total == 7
    assert forecast_of(services, ANNA, aktenarten=("Bauakte",)).total == 0


def test_dates_are_those_of_berlin(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    a_file(services, 1, date(2015, 3, 1))
    wanted = due_filter(services.katalog, date(2030, 12, 31))
    states = []
    for instant in ("2025-12-31T22:59:59+00:00", "2025-12-31T23:00:00+00:00"):
        monkeypatch.setattr(Services, "now", lambda _, at=instant: datetime.fromisoformat(at))
        (row,) = due_page(services, wanted, ANNA, limit=9, offset=0).rows
        assert row.deadline is not None
        states.append(row.deadline.state.value)
    assert states == ["retained", "offer"]
