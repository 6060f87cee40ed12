"""`archiv frist …` as people call it: lists, files, pictures, the change of rules, exit codes."""

from __future__ import annotations

import csv
import errno
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from akten.model import Aktenart
from akten.package import PackageId
from app import command
from app.root import archiv
from app.rule_verbs import headline
from app.written import write_csv
from catalog.actor import Actor
from catalog.tables import akten
from flows.rule_change import release
from flows.settings import read_settings
from flows.shortening import SeenAkte, SeenLock
from flows.wiring import Services, open_services
from retention.locking import unknown_terms
from retention.schedule import builtin_bytes
from tests.catalog.build import CLERK, NOON, archive

Call = Callable[..., Result]


@pytest.fixture
def daten(tmp_path: Path) -> Path:
    """A register with three Steuerakten and a Bauakte whose building stands."""
    folder = tmp_path / "daten"
    with open_services(read_settings(daten=folder)) as services:
        for number, year in enumerate((2015, 2019, 2024), 1):
            akte, _ = archive(services.catalog, number, number=f"90-{number:06}-2019", aktenart=Aktenart.STEUERAKTE,
                              betreff="=Gewerbesteuer" if number == 1 else "Gewerbesteuer")  # fmt: skip
            services.catalog.report_event(akte.uuid, "file_closed", date(year, 3, 1), "Bl. 7", by=CLERK, now=NOON)
            record(services.catalog, akte.uuid, "tax.assessment-file", date(year + 10, 12, 31))
        bau, _ = archive(services.catalog, "bau")
        record(services.catalog, bau.uuid, "building.permit-file", None)
    return folder


def record(catalog: Any, akte: object, record_class: str, ends: date | None) -> None:
    with catalog._database.write() as connection:
        values = {"record_class": record_class, "retention_ends": ends}
        connection.execute(update(akten).where(akten.c.uuid == akte).values(**values))


@pytest.fixture
def call(daten: Path) -> Call:
    """Calls `archiv frist …` on that register; without a terminal nothing is wrapped."""
    return lambda *words: CliRunner().invoke(archiv, ["frist", *map(str, words), "--daten", str(daten)])


def value(ran: Result) -> Any:
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def new_rules(folder: Path, version: str = "2027.1") -> Path:
    text = builtin_bytes().decode().replace('version: "2026.1"', f'version: "{version}"')
    head, tail = text.split("key: tax.assessment-file\n", 1)
    path = folder / "neu.yaml"
    path.write_text(f"{head}key: tax.assessment-file\n{tail.replace('P10Y', 'P8Y', 1)}", encoding="utf-8")
    return path


def test_the_due_list_names_rule_event_day_and_state(call: Call) -> None:
    found = value(call("faellig", "--bis", 2029, "--json"))
    assert found["total"] == 2
    first = found["rows"][0]
    assert (first["aktenzeichen"], first["record_class"]) == ("90-000001-2019", "tax.assessment-file")
    assert (first["event"], first["event_date"], first["evidence"]) == ("file_closed", "2015-03-01", "Bl. 7")
    assert first["state"] == "offer"
    assert (first["retention_ends"], first["disposal_from"], first["may_destroy"]) == (
        "2025-12-31",
        "2026-01-01",
        False,
    )
    assert "§§ 169-171" in first["basis"]
    text = call("faellig", "--bis", 2029).stdout
    assert "z.d.A.-Verfügung 01.03.2015" in text
    assert "dem Archiv anzubieten" in text
    assert "2 von 2" in text


def test_an_akte_that_the_rules_cannot_judge_has_every_field_and_makes_the_lists_not_checked(
    call: Call, daten: Path
) -> None:
    with open_services(read_settings(daten=daten)) as services:
        akte, _ = archive(services.catalog, "fremd", number="90-000009-2019", aktenart=Aktenart.STEUERAKTE)
        record(services.catalog, akte.uuid, "gibt.es.nicht", date(2026, 12, 31))
    ran = call("faellig", "--bis", 2040, "--json")
    rows = {row["aktenzeichen"]: row for row in json.loads(ran.stdout)["rows"]}
    assert (ran.exit_code, rows["90-000009-2019"]["state"]) == (8, None)
    assert len({frozenset(row) for row in rows.values()}) == 1
    ran = call("offen", "--json")
    (row,) = [row for row in json.loads(ran.stdout) if row["aktenzeichen"] == "90-000009-2019"]
    assert (ran.exit_code, [finding["severity"] for finding in row["findings"]]) == (8, ["error"])
    assert call("offen", "--aktenart", "Bauakte").exit_code == 0


def test_the_due_list_is_filtered_and_paged(call: Call) -> None:
    assert value(call("faellig", "--bis", 2040, "--aktenart", "Bauakte", "--json"))["total"] == 0
    assert value(call("faellig", "--bis", 2040, "--klasse", "tax.audit-file", "--json"))["total"] == 0
    page = value(call("faellig", "--bis", 2040, "--anzahl", 1, "--ab", 1, "--json"))
    assert (page["total"], [row["aktenzeichen"] for row in page["rows"]]) == (3, ["90-000002-2019"])
    assert "weiter mit --ab 2" in call("faellig", "--bis", 2040, "--anzahl", 1, "--ab", 1).stdout
    assert value(call("faellig", "--bis", 2040, "--von", 2030, "--json"))["total"] == 1
    wrong = call("faellig", "--bis", 2040, "--klasse", "steuer")
    assert wrong.exit_code == 2


def test_the_whole_list_goes_to_a_csv_that_no_spreadsheet_executes(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "liste.csv"
    call("faellig", "--bis", 2040, "--anzahl", 1, "--csv", file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter=";"))
    assert [row["Aktenzeichen"] for row in rows] == ["90-000001-2019", "90-000002-2019", "90-000003-2019"]
    assert rows[0]["Betreff"] == "'=Gewerbesteuer"
    assert rows[0]["frei ab"] == "01.01.2026"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".teil"] == []


def test_a_csv_is_whole_or_not_there(tmp_path: Path) -> None:
    def rows() -> Any:
        yield ("a",)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "x.csv", ("h",), rows())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("katalog", "--ausgabe", "x.yaml"), ("vorschau", "--bild", "x.svg")])
def test_a_catalogue_and_a_picture_are_whole_or_not_there(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """A half one would lie in the way of the next try, which writes nothing over."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.written.os.fsync", full)
    (tmp_path / "neu").mkdir()
    assert call(*words[:2], tmp_path / "neu" / words[2]).exit_code == 6
    assert list((tmp_path / "neu").iterdir()) == []


def test_the_forecast_as_table_csv_and_picture(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Services, "now", lambda _: NOON)  # its columns begin with this year
    svg, png, table = tmp_path / "v.svg", tmp_path / "v.png", tmp_path / "v.csv"
    found = value(call("vorschau", "--bild", svg, "--csv", table, "--json"))
    counts = {row["column"]: row["total"] for row in found["rows"] if row["total"]}
    assert counts == {"free": 1, "2030": 1, "2035": 1, "open": 1}
    assert len(found["rows"]) == 10 + 6
    words = " ".join(ET.parse(svg).getroot().itertext())  # noqa: S314 - our own file
    for word in ("Fristenvorschau", "Akten", "Steuerakte", "Bauakte", "ohne Ende", "2030", "schon frei"):
        assert word in words
    assert call("vorschau", "--bild", png).exit_code == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    assert table.read_text(encoding="utf-8-sig").splitlines()[0] == "frei;Bauakte;Steuerakte;zusammen"
    assert call("vorschau", "--bild", tmp_path / "v.gif").exit_code == 2


def test_the_period_of_an_akte_is_asked_for_the_day_in_berlin_as_the_lists_are(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Services, "now", lambda _: datetime(2031, 12, 31, 23, 30, tzinfo=UTC))
    assert json.loads(call("zeige", "90-000001-2019", "--json").stdout)["as_of"] == "2032-01-01"


@pytest.mark.parametrize(("gone", "code", "told"), [(True, 5, "gone"), (False, 8, "not_checked")])
def test_a_lock_of_an_object_that_is_gone_is_damage(
    call: Call, monkeypatch: pytest.MonkeyPatch, *, gone: bool, code: int, told: str
) -> None:
    lock = SeenLock(PackageId(UUID(int=1), 1), "a", "aip/x/v1/bag.tar", "v", None, "warum", gone=gone)
    seen = SeenAkte(unknown_terms(held=False, now=NOON, why="Test"), "Katalog", (lock,), None)
    monkeypatch.setattr("app.lock_verbs.see_locks", lambda services, akte: seen)
    ran = call("sperren", "zeige", "90-000001-2019", "--json")
    (said,) = json.loads(ran.stdout)["locks"]
    assert (ran.exit_code, {name: said[name] for name in ("gone", "not_checked") if said[name]}) == (
        code,
        {told: "warum"},
    )


def test_a_rule_change_from_proposal_to_release(
    call: Call, daten: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "account", lambda: "anna.meier")
    new = new_rules(tmp_path)
    probe = value(call("vergleich", "--neu", new, "--nur-vergleichen", "--json"))
    assert (probe["proposal"], probe["earlier"], probe["total"]) == (None, 3, 4)
    moves = tmp_path / "wandert.csv"
    found = value(call("vergleich", "--neu", new, "--grund", "AO", "--anzahl", 2, "--csv", moves, "--json"))
    number = found["proposal"]["number"]
    assert (len(found["moves"]), found["moves_total"], len(moves.read_text("utf-8-sig").splitlines())) == (2, 3, 4)
    assert found["moves"][0]["free_after"] == "2024-01-01"
    text = call("vergleich", "--nr", number).stdout
    assert "3 Akten würden früher frei, 0 später (von 4 Akten)." in text
    assert f" frist freigabe {number}" in text
    again = call("vergleich", "--neu", new, "--grund", "etwas anderes").stdout
    assert "Diese Fassung war schon vorgeschlagen; es bleibt der Grund von damals." in again
    assert "Grund: AO" in again
    for as_whom in ((), ("--als", "bernd.schulz")):  # the account behind the call is the same
        assert call("freigabe", number, "--grund", "ok", *as_whom).exit_code == 4
    with open_services(read_settings(daten=daten)) as services:
        release(services, number, "geprüft", Actor("bernd.schulz"))
    listed = value(call("katalog", "--json"))
    assert listed["in_force"]["version"] == "2027.1"
    assert [version["state"] for version in listed["versions"]] == ["basis", "released"]
    assert "freigegeben, gilt" in call("katalog").stdout
    due = value(call("faellig", "--bis", 2029, "--json"))["rows"][0]
    assert (due["recorded_ends"], due["retention_ends"], due["katalog"]) == (
        "2025-12-31", "2023-12-31", "Fristenkatalog Neuss 2027.1",
    )  # fmt: skip
    shown = call("zeige", "90-000001-2019").stdout
    assert "Eingetragen ist noch 31.12.2025" in shown


def test_a_reason_that_was_forgotten_can_be_told_before_the_release(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stayed away for good, and whoever released saw neither that one was told nor that none was."""
    monkeypatch.setattr(command, "account", lambda: "anna.meier")
    new = new_rules(tmp_path)
    first = value(call("vergleich", "--neu", new, "--json"))["proposal"]["number"]
    assert "Ein Grund steht nicht dabei" in call("vergleich", "--nr", first).stdout
    assert value(call("vergleich", "--neu", new, "--json"))["proposal"]["number"] == first
    again = value(call("vergleich", "--neu", new, "--grund", "AO, acht Jahre", "--json"))["proposal"]
    assert (again["number"] != first, again["reason"]) == (True, "AO, acht Jahre")
    assert "Grund: AO, acht Jahre" in call("vergleich", "--nr", again["number"]).stdout
    states = {version["number"]: version["state"] for version in value(call("katalog", "--json"))["versions"]}
    assert (states[first], states[again["number"]]) == ("refused", "proposed")
    assert value(call("vergleich", "--neu", new, "--json"))["proposal"]["number"] == again["number"]


def test_versions_can_be_exported_byte_for_byte_and_refused(call: Call, tmp_path: Path) -> None:
    new = new_rules(tmp_path)
    number = value(call("vergleich", "--neu", new, "--json"))["proposal"]["number"]
    out = tmp_path / "fassung.yaml"
    assert call("katalog", "--nr", number, "--ausgabe", out).exit_code == 0
    assert out.read_bytes() == new.read_bytes()
    assert call("katalog", "--nr", number, "--ausgabe", out).exit_code == 2
    refused = value(call("freigabe", number, "--ablehnen", "--grund", "doch nicht", "--json"))
    assert (refused["state"], refused["in_force"]) == ("refused", False)
    assert call("freigabe", number, "--grund", "zu spät").exit_code == 4


@pytest.mark.parametrize("words", [("vorschau", "--bild"), ("vorschau", "--csv"), ("faellig", "--bis", 2040, "--csv")])
def test_what_lies_there_is_never_written_over(call: Call, tmp_path: Path, words: tuple[object, ...]) -> None:
    for place in (tmp_path / "alt.svg", tmp_path / "zeiger.svg"):
        if place.name == "alt.svg":
            place.write_text("von gestern", encoding="utf-8")
        else:  # points to nothing yet
            place.symlink_to(tmp_path / "fehlt.svg")
        ran = call(*words, place)
        assert (ran.exit_code, f"„{place}“ gibt es schon; überschrieben wird nichts." in ran.stderr) == (2, True)
    assert (tmp_path / "alt.svg").read_text(encoding="utf-8") == "von gestern"
    assert not (tmp_path / "fehlt.svg").exists()


def test_a_catalogue_is_only_checked(call: Call, tmp_path: Path) -> None:
    good = value(call("katalog", "--pruefe", new_rules(tmp_path), "--json"))
    assert (good["version"], len(good["classes"]), good["findings"]) == ("2027.1", 57, [])
    bad = tmp_path / "bad.yaml"
    bad.write_text("schema_version: 1\nklassen: []\n", encoding="utf-8")
    ran = call("katalog", "--pruefe", bad)
    assert ran.exit_code == 3
    assert "bad.yaml:2" in ran.output
    assert call("vergleich", "--neu", bad).exit_code == 3


def test_comparing_wants_one_version(call: Call) -> None:
    assert call("vergleich").exit_code == 2


def test_cases_are_computed_by_the_released_rules(call: Call, daten: Path, tmp_path: Path) -> None:
    cases = tmp_path / "faelle.yaml"
    cases.write_text(
        "cases: [{id: a, class: tax.assessment-file, as_of: 2026-11-23, "
        "events: [{event: file_closed, date: 2015-03-01}], expected: {retention_ends: 2025-12-31}}]",
        encoding="utf-8",
    )
    assert value(call("berechne", "--faelle", cases, "--json"))[0]["mismatches"] == {}
    number = value(call("vergleich", "--neu", new_rules(tmp_path), "--json"))["proposal"]["number"]
    with open_services(read_settings(daten=daten)) as services:
        release(services, number, "geprüft", Actor("bernd.schulz"))
    ran = call("berechne", "--faelle", cases)
    assert ran.exit_code == 3
    assert "erwartet 2025-12-31, berechnet 2023-12-31" in ran.stdout


def test_the_account_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """--als changes the name that is shown, never the account that counts for four eyes."""
    monkeypatch.setattr(command, "account", lambda: "anna")
    assert command.actor_of("bernd").account == "anna"
    with pytest.raises(click.BadParameter):
        command.actor_of("\x00")


@pytest.mark.parametrize(
    ("total", "told"),
    [
        (0, "Keine von 0 Akten ändert ihren Tag."),
        (1, "Die eine Akte behält ihren Tag."),
        (7, "Keine von 7 Akten ändert ihren Tag."),
    ],
)
def test_a_version_that_moves_nothing_is_told_in_a_german_sentence(total: int, told: str) -> None:
    assert headline({"total": total, "earlier": 0, "later": 0, "class_missing": 0}) == told
