"""The doctor says well only of what it looked at: a store that is away is failed, and hides no other."""

from __future__ import annotations

import errno
import importlib.metadata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from akten.errors import ArchivError, Misconfigured, Unavailable
from akten.findings import Verdict
from archive.probe import ProbeLine, ProbeReport
from archive.weed import weed_version
from catalog import place
from catalog.catalog import open_catalog
from catalog.engine import parse_url
from flows import doctor, prefectapi
from flows.craft_options import ocr_options
from flows.doctor import embedded_server, examine_machine, examine_stores
from flows.health import Examination, Health, PartHealth, guarded
from flows.settings import Settings, read_settings
from flows.wiring import open_services
from ocr import walls
from ocr.verapdf import java_command
from tests.asked import asked
from tests.catalog.build import CLERK, archive
from tests.pgfixture import Postgres, postgres

__all__ = ["postgres"]
_KEYS = {"access_key": "a", "secret_key": "b"}


def with_stores(folder: Path, *names: str, **changes: object) -> Settings:
    stores = [
        {
            "name": name,
            "endpoint": f"http://127.0.0.1:{port}",  # discard and systat: nobody answers
            "ingest": _KEYS,
            "auditor": _KEYS,
            "deletion": _KEYS,
            **changes,
        }
        for name, port in zip(names, (9, 11, 13), strict=False)
    ]
    return read_settings(daten=folder, stores=stores)


@pytest.mark.parametrize(("drive", "health"), [("", Health.OK), ("nfs4", Health.ABSENT)])
def test_a_catalog_on_a_network_drive_is_not_called_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: str, health: Health
) -> None:
    monkeypatch.setattr(place, "network_drive_of", lambda _: drive)
    part = doctor._catalog(read_settings(daten=tmp_path))
    assert part.health is health
    assert drive in part.advice


def test_a_store_that_does_not_answer_is_not_called_well(tmp_path: Path) -> None:
    (part,) = examine_stores(with_stores(tmp_path, "nord"))
    assert (part.part, part.health) == ("Speicher nord", Health.FAILED)
    assert "nicht erreichbar" in part.advice
    assert {line["verdict"] for line in part.details} == {Verdict.NOT_CHECKED.value}
    assert part.away


def test_a_store_that_answers_and_takes_nothing_is_not_called_well() -> None:
    """On a full disk both stores were „in Ordnung“, eleven lines of the probe „nicht geprüft“."""
    full = "Speicher „nord“ hat keinen Platz mehr"
    lines = (ProbeLine("PB-01", Verdict.OK, "gut"), ProbeLine("PB-03", Verdict.NOT_CHECKED, full))
    part = doctor._store("Speicher nord", ProbeReport("nord", lines))
    assert (part.health, part.advice, part.away) == (Health.FAILED, full, True)
    without_keys = (lines[0], ProbeLine("PB-08", Verdict.NOT_CHECKED, "Ohne Löschkennung nicht probiert."))
    assert doctor._store("Speicher nord", ProbeReport("nord", without_keys)).health is Health.OK


def test_a_store_that_is_set_wrongly_does_not_hide_the_others(tmp_path: Path) -> None:
    settings = with_stores(tmp_path, "nord", "sued")
    wrong = settings.stores[0].model_copy(update={"addressing_style": "schief"})
    parts = examine_stores(settings.model_copy(update={"stores": (wrong, settings.stores[1])}))
    assert [part.part for part in parts] == ["Speicher nord", "Speicher sued"]
    assert "addressing_style" in parts[0].advice
    assert "nicht erreichbar" in parts[1].advice
    assert [part.away for part in parts] == [False, True]


def test_the_embedded_server_is_told_with_its_version_where_it_is_used(tmp_path: Path) -> None:
    (part,) = embedded_server(read_settings(daten=tmp_path))
    assert (part.part, part.version, part.health) == ("Speicherserver SeaweedFS", weed_version(), Health.OK)
    assert part.version
    assert embedded_server(with_stores(tmp_path, "nord")) == []


@pytest.mark.parametrize("mode", ["governance", "WORM"])
def test_a_lock_mode_that_is_none_is_told_and_is_no_bug(mode: str, tmp_path: Path) -> None:
    (part,) = examine_stores(with_stores(tmp_path, "nord", lock_mode=mode))
    assert "lock_mode" in part.advice


@pytest.mark.parametrize(("ahead", "health"), [(timedelta(minutes=10), Health.OK), (timedelta(days=3), Health.FAILED)])
def test_a_clock_that_went_back_behind_the_trail_is_told(tmp_path: Path, ahead: timedelta, health: Health) -> None:
    settings = read_settings(daten=tmp_path)
    with open_services(settings) as services:
        services.catalog.record_event("begun", by=CLERK, now=services.now() + ahead)
    part = doctor._clock(settings)
    assert part.health is health
    assert ("Uhr stellen" in part.advice) is (health is Health.FAILED)


def test_java_is_looked_for_where_verapdf_will_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, elsewhere = tmp_path / "java", tmp_path / "anderswo" / "java-25"
    elsewhere.parent.mkdir()
    for program in (there, elsewhere):
        program.write_text("#!/bin/sh\necho 'openjdk version \"25.0.1\"' >&2\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setattr(walls, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(elsewhere.parent))
    for name, found in (("java", there), ("java-25", elsewhere)):
        settings = read_settings(daten=tmp_path / "daten")
        part = doctor._java(settings.model_copy(update={"ocr": settings.ocr.model_copy(update={"java": name})}))
        assert (part.health, part.version) == (Health.OK, "25.0.1")
        command = java_command(replace(ocr_options(settings), java=name), tmp_path, tmp_path)
        assert command[0] == str(found)


@pytest.mark.parametrize(("system", "health"), [("system", Health.ABSENT), ("", Health.OK)])
def test_a_program_is_there_only_where_the_sandbox_finds_it(
    system: str, health: Health, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gs").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setattr(walls, "SEARCH_PATH", str(tmp_path / system))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {part.part: part.health for part in doctor._programs()}["Programm gs"] is health


@pytest.mark.parametrize("fault", [Unavailable("Die Leseprogramme starten nicht."), OSError(errno.ENOSPC, "full")])
def test_what_breaks_while_it_is_tried_is_failed_and_hides_nothing_else(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a full temporary folder the doctor told of no part at all, just when it was asked what was wrong."""

    def broken(_: Settings) -> None:
        raise fault

    monkeypatch.setattr("flows.tryouts.try_validators", broken)
    examined = examine_machine(read_settings(daten=tmp_path), stores=False)
    told = {part.part: part for part in examined.parts}
    assert told["PDF/A-Prüfer"].health is Health.FAILED
    assert "starten nicht" in told["PDF/A-Prüfer"].advice or "voll" in told["PDF/A-Prüfer"].advice
    assert told["Katalog"].health is Health.OK
    assert examined.verdict is Verdict.FAILED


def test_rules_of_intake_with_a_mistake_are_told_and_those_in_use_are_counted(tmp_path: Path) -> None:
    def told(text: str) -> PartHealth:
        (tmp_path / "regeln.yaml").write_text(text)
        settings = read_settings(daten=tmp_path, intake=tmp_path / "regeln.yaml")
        return guarded("Regeln der Annahme", lambda: doctor._intake_rules(settings))

    wrong = told("profile: [")
    assert (wrong.health, "regeln.yaml" in wrong.advice) == (Health.FAILED, True)
    good = told("standardprofil: standard")
    assert good.health is Health.OK
    assert good.version.startswith("regeln.yaml: ")
    assert doctor._intake_rules(read_settings(daten=tmp_path)).version == "eingebaut"


def test_a_version_that_is_not_written_is_told_before_a_delivery_is_halted_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_tesseract", "_programs", "_validators", "_schemas", "embedded_server"):
        monkeypatch.setattr(doctor, name, lambda *_: ())
    monkeypatch.setenv("ARCHIV_RECIPIENT__XDOMEA_VERSION", "9")
    parts = {part.part: part for part in doctor.examine_machine(read_settings(daten=tmp_path), stores=False).parts}
    assert parts[doctor.RECIPIENT].health is Health.FAILED
    assert "möglich sind 3.0.0, 3.1.0, 4.0.0" in parts[doctor.RECIPIENT].advice


def test_how_far_the_index_lags_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads every page of the archive; what was asked for the copies counted it as well."""
    for name in ("_tesseract", "_programs", "_validators", "_schemas", "embedded_server"):
        monkeypatch.setattr(doctor, name, lambda *_: ())
    with asked() as told:
        doctor.examine_machine(with_stores(tmp_path, "a", "b"), stores=False)
    assert sum("FROM pages" in statement for statement in told) == 1


def test_a_store_that_lacks_older_versions_is_no_fault_and_not_well(tmp_path: Path) -> None:
    before, settings = with_stores(tmp_path, "a", "b"), with_stores(tmp_path, "a", "b", "c")
    assert list(doctor._lacking_copies(before)) == []
    with open_services(before) as services:
        archive(services.catalog, 1)
    assert list(doctor._lacking_copies(before)) == []
    (part,) = doctor._lacking_copies(settings)
    assert (part.part, part.health) == ("Kopien im Speicher c", Health.ABSENT)
    assert "Anzahl: 1" in part.advice
    assert "archiv fixity ersetze --alle --speicher c" in part.advice
    assert Examination((part,)).verdict is Verdict.NOT_CHECKED
    given_up = with_stores(tmp_path, "a", "c")
    assert [each.part for each in doctor._lacking_copies(given_up)] == ["Kopien im Speicher c"]


def test_an_account_that_may_only_read_the_database_is_not_called_well(tmp_path: Path, postgres: Postgres) -> None:
    """Every delivery would halt there (exit 7), and the doctor, who is asked why, said that all was well."""
    url = postgres.database()
    with open_catalog(url) as catalog:
        archive(catalog, 1)
    owner = create_engine(parse_url(url))
    with owner.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE leser LOGIN")
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO leser")
    reader = read_settings(daten=tmp_path, database=url.replace("archiv@", "leser@"))
    part = guarded("Katalog", lambda: doctor._catalog(reader))
    assert (part.health, "darf dort nur lesen" in part.advice) == (Health.FAILED, True)
    with owner.begin() as connection:
        connection.exec_driver_sql("GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO leser")
        connection.exec_driver_sql("CREATE TABLE spatial_ref_sys (srid int)")  # somebody else's, as that of PostGIS
    assert guarded("Katalog", lambda: doctor._catalog(reader)).health is Health.OK
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP OWNED BY leser")
        connection.exec_driver_sql("DROP ROLE leser")
    owner.dispose()


@pytest.mark.parametrize(
    ("answer", "health", "said"),
    [
        (importlib.metadata.version("prefect"), Health.OK, ""),
        ("2.0.0", Health.FAILED, "Dort läuft Prefect 2.0.0"),
        (Misconfigured("Der Prefect-Server nimmt die Anmeldung nicht an."), Health.FAILED, "Anmeldung"),
        (Unavailable("Der Prefect-Server antwortet nicht."), Health.FAILED, "antwortet nicht"),
    ],
)
def test_a_prefect_server_elsewhere_is_a_part_that_is_asked(
    answer: str | ArchivError, health: Health, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(url: str) -> str:
        assert url == "http://prefect:4200/api/admin/version"
        if isinstance(answer, ArchivError):
            raise answer
        return answer

    monkeypatch.setattr(prefectapi, "call", call)
    for name in ("_tesseract", "_programs", "_validators", "_schemas", "embedded_server"):
        monkeypatch.setattr(doctor, name, lambda *_: ())

    def told(api: str) -> list[PartHealth]:
        found = examine_machine(read_settings(daten=tmp_path, prefect_api=api), stores=False)
        return [part for part in found.parts if part.part == "Prefect-Server"]

    (part,) = told("http://prefect:4200/api")
    assert part.health is health
    assert said in part.advice
    assert told("") == []
