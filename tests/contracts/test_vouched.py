"""What people told and the holds they set stand in the register as the trail knows them (TR-17), on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest

from akten.findings import Verdict
from akten.lifecycle import Stage
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog, open_catalog
from catalog.codec import canonical
from catalog.engine import Database, parse_url
from catalog.recognised import content_digest
from catalog.register import salt_of
from catalog.rulebook import RuleText
from catalog.told import KnownArchive
from catalog.trail import Entry, Verb, append, salted
from catalog.values import Resolution
from catalog.vouchedresults import as_told
from tests.catalog.build import AN_ERROR, NOON, STAGES, a_package, a_page, a_pdfa, an_akte, an_id, later, receive
from tests.catalog.databases import Copied
from tests.catalog.meddling import guarded, meddle, unguarded
from tests.contracts.telling import ANNA, BERND, DEATH, TODAY, hold, intact, on_akte, on_parcel, on_person, one, tell

SHIPPED = RuleText("Katalog", "1", date(2025, 1, 1), "version: 1\n")
RULES = RuleText("Katalog", "2", None, "version: 2\n")
REFUSED = RuleText("Katalog", "3", None, "version: 3\n")
WAITS = RuleText("Katalog", "4", date(2028, 1, 1), "version: 4\n")
DELIVERY = "Laufzettel der Lieferung Nr. 1"
CHIEF = Actor("leitung", ActorKind.ALS, "m.schmitz")


def a_year_of_work(catalog: Catalog) -> None:
    """Everything that can be told once, corrected where that can be, and holds in every state."""
    akte = one(catalog, felder=())
    one(catalog, "63-00002-2019", felder=(("Personalnummer", "4711-08"),))
    wrong = tell(catalog, akte, DEATH, note="Anruf\nder Tochter")
    tell(catalog, akte, date(2021, 5, 17), supersedes=wrong)
    tell(catalog, akte, None, "Verwechslung", supersedes=date(2019, 1, 1))
    catalog.report_fact(akte, "structure_exists", value=True, evidence="Ortstermin", by=CHIEF, now=later(1))
    catalog.report_fact(akte, "structure_exists", value=None, evidence="Abriss", by=ANNA, now=later(2))
    catalog.classify(akte, ("a.b", "c"), "Prüfung", by=CHIEF, now=later(3))
    answer = KnownArchive(offered=True, offered_on=TODAY, decision="A", waived=True)
    catalog.record_archive(akte, answer, "Bescheid 3", by=ANNA, now=later(4))

    hold(catalog, on_akte(akte), start=TODAY, until=date(2030, 1, 1), owner="Amt 30")
    moved = hold(catalog, on_parcel("Flur 12, 345/2"), until=date(2030, 1, 1), secret=True, readers=("x", "y")).number
    catalog.extend_hold(moved, date(2031, 1, 1), "länger", readers=("z",), by=ANNA, now=later(5))
    catalog.extend_hold(moved, None, "offen", readers=("v", "w"), by=ANNA, now=later(6))
    catalog.extend_hold(moved, None, "mehr Leser", readers=("u",), by=ANNA, now=later(7))
    catalog.lift_hold(moved, "vorbei", TODAY, unfounded=True, by=Actor("x"), now=later(8))
    person = hold(catalog, on_person("4711-08"), by=CHIEF).number
    catalog.lift_hold(person, "eingestellt", TODAY, by=BERND, now=later(9))
    catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=later(10))
    lifted = hold(catalog, on_akte(akte), key="unterbrechung").number
    catalog.lift_hold(lifted, "erledigt", TODAY, by=BERND, now=later(11))

    over = hold(catalog, on_person("4711-09"), until=date(2026, 11, 1)).number
    catalog.forget_person("4711-09", "Art. 17 DSGVO", TODAY, by=ANNA, now=later(12))
    assert (moved, person, lifted, over) == (2, 3, 4, 5)

    rules = catalog.rules
    first = rules.propose(RULES, SHIPPED, "neues Recht", by=ANNA, now=later(13)).number
    rules.release(first, SHIPPED.digest, "geprüft", by=BERND, now=later(14))
    refused = rules.propose(REFUSED, RULES, "noch neuer", by=ANNA, now=later(15)).number
    rules.refuse(refused, "verworfen", by=ANNA, now=later(16))
    waits = rules.propose(WAITS, RULES, "", by=ANNA, now=later(17)).number
    assert (first, refused, waits) == (2, 3, 4)


@pytest.fixture
def worked_url(copied: Copied) -> str:
    return copied(a_year_of_work)


@pytest.fixture
def worked(worked_url: str) -> Iterator[Catalog]:
    """A catalog with a year of work in it."""
    with open_catalog(worked_url) as opened:
        yield opened


def test_what_was_told_in_every_way_fits(worked: Catalog) -> None:
    assert intact(worked)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE reported_events SET datum = '1995-05-17' WHERE nr = 2", "Ereignis Nr. 2"),
        ("UPDATE reported_events SET by_name = 'x' WHERE nr = 2", "Ereignis Nr. 2"),
        ("DELETE FROM reported_events WHERE nr = 3", "Ereignis Nr. 3"),
        (
            "INSERT INTO reported_events (nr, akte, ereignis, datum, evidence, note, by_name, by_kind, at) "
            "SELECT 77, akte, ereignis, datum, evidence, note, by_name, by_kind, at FROM reported_events WHERE nr = 1",
            "Ereignis Nr. 77",
        ),
        ("UPDATE reported_facts SET value = (1 = 1) WHERE nr = 2", "Merkmal Nr. 2"),
        ("UPDATE classifications SET record_classes = '[\"kurz\"]'", "Fristklasse Nr. 1"),
        ("UPDATE classifications SET reason = 'x'", "Fristklasse Nr. 1"),
        ("UPDATE archive_answers SET decision = 'V'", "Bescheid des Archivs Nr. 1"),
        ("DELETE FROM holds WHERE nr = 1", "Sperre Nr. 1"),
        ("UPDATE holds SET until = '2026-01-01' WHERE nr = 1", "Sperre Nr. 1"),
        ("UPDATE holds SET lifted_on = '2026-11-23' WHERE nr = 1", "Sperre Nr. 1"),
        ("UPDATE holds SET unfounded = (1 = 1) WHERE nr = 1", "Sperre Nr. 1"),
        ("UPDATE holds SET set_by = 'x' WHERE nr = 1", "Sperre Nr. 1"),
        ("UPDATE holds SET readers = '[\"q\"]' WHERE nr = 2", "Sperre Nr. 2"),
        ("UPDATE holds SET readers = replace(readers, ']', ',\"ich\"]') WHERE nr = 2", "Sperre Nr. 2"),
        ("UPDATE holds SET readers = '[\"ich\"]' WHERE nr = 1", "Sperre Nr. 1"),
        ("UPDATE holds SET match_key = '12-345/3' WHERE nr = 2", "Sperre Nr. 2"),
        ("UPDATE holds SET lifted_on = '2026-11-22' WHERE nr = 4", "Sperre Nr. 4"),
        ("UPDATE holds SET lifted_by = 'x' WHERE nr = 4", "Sperre Nr. 4"),
        ("UPDATE hold_changes SET reason = 'x' WHERE hold = 2", "Sperre Nr. 2"),
        ("DELETE FROM hold_changes WHERE hold = 4", "Sperre Nr. 4"),
        ("UPDATE holds SET lifted_on = NULL WHERE nr = 3", "Sperre Nr. 3"),
        ("UPDATE rulebooks SET state = 'refused' WHERE nr = 2", "Fristenkatalog Nr. 2"),
        ("UPDATE rulebooks SET valid_from = '2099-01-01' WHERE nr = 2", "Fristenkatalog Nr. 2"),
        ("UPDATE rulebooks SET decided_by = 'x' WHERE nr = 2", "Fristenkatalog Nr. 2"),
        ("UPDATE rulebooks SET decided_reason = 'x' WHERE nr = 2", "Fristenkatalog Nr. 2"),
        ("UPDATE rulebooks SET text = 'x' WHERE nr = 1", "Fristenkatalog Nr. 1"),
        ("UPDATE rulebooks SET state = 'released', decided_at = at WHERE nr = 4", "Fristenkatalog Nr. 4"),
        ("UPDATE rulebooks SET reason = 'x' WHERE nr = 3", "Fristenkatalog Nr. 3"),
        ("DELETE FROM rulebooks WHERE nr = 2", "Fristenkatalog Nr. 2"),
        ("UPDATE rulebooks SET digest = 'x' WHERE nr = 1", "Fristenkatalog Nr. 1"),
        ('UPDATE deliveries SET slip = \'{"ereignisse":[["death","1990-01-01"]]}\' WHERE nr = 1', DELIVERY),
        ("UPDATE deliveries SET digest = 'x' WHERE nr = 1", DELIVERY),
        ("UPDATE deliveries SET duplicate_of = (SELECT uuid FROM akten WHERE nr = 2) WHERE nr = 1", DELIVERY),
        ("UPDATE deliveries SET stage = 'returned' WHERE nr = 1", DELIVERY),
        ("UPDATE deliveries SET version = 9 WHERE nr = 1", DELIVERY),
        (
            "INSERT INTO scans (delivery, uuid, sha256, sha512, size, mime, name) "
            "SELECT delivery, akte, sha256, 'x', size, mime, name FROM scans "
            "JOIN deliveries ON deliveries.uuid = scans.delivery WHERE deliveries.nr = 1 LIMIT 1",
            DELIVERY,
        ),
        ("DELETE FROM scans WHERE delivery = (SELECT uuid FROM deliveries WHERE nr = 1)", DELIVERY),
        ("UPDATE deliveries SET akte = (SELECT uuid FROM akten WHERE nr = 2), version = 9 WHERE nr = 1", DELIVERY),
    ],
)
def test_what_was_changed_behind_our_back_is_told(worked_url: str, worked: Catalog, statement: str, where: str) -> None:
    anchor = worked.head()
    assert anchor is not None
    meddle(worked_url, statement)
    report = worked.verify_trail([anchor])
    assert report.verdict is Verdict.FAILED
    (finding,) = report.findings
    assert (finding.code, finding.where.split(",")[0]) == ("TR-17", where)


@pytest.mark.parametrize("change", ["DELETE FROM copies", "UPDATE copies SET store = 'c'"])
def test_a_copy_that_the_register_lost_is_told(url: str, catalog: Catalog, change: str) -> None:
    """No round would look at it any more: its lock would run out, and no hold would be set."""
    one(catalog)
    anchor = catalog.head()
    assert anchor is not None
    meddle(url, f"{change} WHERE store = 'b'")
    (finding,) = catalog.verify_trail([anchor]).findings
    assert (finding.code, "„b“ fehlt" in finding.text) == ("TR-07", True)


@pytest.mark.parametrize("until", [None, date(2030, 1, 1)])
def test_a_hold_on_a_person_that_runs_cannot_have_been_forgotten_lawfully(
    url: str, catalog: Catalog, until: date | None
) -> None:
    hold(catalog, on_person("4711-08"), until=until)
    anchor = catalog.head()
    assert anchor is not None
    over = ", until = '2026-11-01'" if until else ""
    meddle(url, f"UPDATE holds SET target = '', match_key = '', reason = '', reference = ''{over}")  # noqa: S608 - ours
    assert [finding.code for finding in catalog.verify_trail([anchor]).findings] == ["TR-17"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE recognised SET verdict = 'ok' WHERE pages = 2",
        "UPDATE recognised SET blank = 5, confidence = 99.9",
        "UPDATE recognised SET losses = '[]'",
        "UPDATE validator_reports SET verdict = 'ok', why = ''",
        "UPDATE validator_reports SET version = '9.9'",
        "DELETE FROM validator_reports",
        "UPDATE dokumente SET verdict = 'ok'",
        "UPDATE dokumente SET confidence = 99.9",
        "UPDATE dokumente SET pdfa_sha512 = 'x'",
    ],
)
def test_a_verdict_on_a_pdfa_that_was_changed_in_the_register_is_seen(
    url: str, catalog: Catalog, statement: str
) -> None:
    """Of two Dokumente that no judge had seen one is called good by hand: the worst verdict stays what it was."""
    row = receive(catalog, 1)
    assert row.akte is not None
    akte = an_akte(row.akte, row.uuid, titles=("Antrag", "Plan"))
    pages = [a_page(1, "Antrag auf Bau"), a_page(2, "Plan", 40.0), a_page(3, "Ansicht")]
    results = {
        d.uuid: replace(a_pdfa(d.uuid, pages[:n], verdict=Verdict.NOT_CHECKED), losses=("Ebenen",))
        for n, d in enumerate(akte.dokumente, 2)
    }
    for stage in STAGES:
        if stage is Stage.RECOGNISED:
            catalog.record_recognised(row.uuid, results, by=ANNA, now=later(1))
        catalog.move(row.uuid, stage, by=ANNA, now=later(1))
    catalog.record_stored(row.uuid, akte, a_package(akte.uuid, 1), {}, by=ANNA, now=later(2))
    anchor = catalog.head()
    assert anchor is not None
    assert catalog.verify_trail([anchor]).findings == ()
    meddle(url, statement)
    report = catalog.verify_trail([anchor])
    assert report.verdict is Verdict.FAILED
    (finding,) = report.findings
    assert (finding.code, "PDF/A-Prüfung" in finding.text) == ("TR-15", True)


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE clearing SET resolution = 'accept' WHERE nr = 2", 2),
        ("UPDATE clearing SET content = 'x' WHERE nr = 1", 1),
        ("UPDATE clearing SET findings = '[]' WHERE nr = 1", 1),
        ("UPDATE clearing SET resolved_reason = 'alles gut' WHERE nr = 1", 1),
        ("UPDATE clearing SET resolved_by = 'b.schulz' WHERE nr = 1", 1),
        ("UPDATE clearing SET resolved_at = '2026-11-23T12:00:00.000000Z' WHERE nr = 1", 1),
        (
            "UPDATE clearing SET state = 'resolved', resolution = 'accept', resolved_reason = 'x', "
            "resolved_by = 'anna.meier', resolved_at = '2026-11-23T12:00:00.000000Z' WHERE nr = 3",
            3,
        ),
        ("UPDATE clearing SET nr = 99 WHERE nr = 3", 99),
        ("DELETE FROM clearing WHERE nr = 2", 2),
    ],
)
def test_a_case_of_the_clearing_desk_that_was_solved_by_hand_in_the_register_is_seen(
    url: str, catalog: Catalog, statement: str, number: int
) -> None:
    """What is accepted there is archived; nobody may do that without a row in the trail."""
    for place, how in enumerate((Resolution.ACCEPT, Resolution.RESUBMIT, None), 1):
        row = receive(catalog, place)
        case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=ANNA, now=later(1))
        if how is not None:
            catalog.resolve(case.number, how, "geprüft", by=ANNA, now=later(2))
    anchor = catalog.head()
    assert anchor is not None
    assert catalog.verify_trail([anchor]).findings == ()
    meddle(url, statement)
    report = catalog.verify_trail([anchor])
    assert report.verdict is Verdict.FAILED
    assert ("TR-17", f"Klärungsfall Nr. {number}") in {(each.code, each.where) for each in report.findings}


def test_results_from_before_the_trail_bore_a_digest_of_them_are_held_by_counts_files_and_verdict() -> None:
    dokument, salt = an_id("dokument"), "00" * 32
    row = {"dokument": dokument, "sha512": "a" * 128, "verdict": "not_checked", "pages": 2, "blank": 1, "failed": 0}
    content = salted(salt, content_digest([row]))
    told = {"dokumente": 1, "pages": 2, "blank": 1, "failed": 0, "verdict": "not_checked", "content": content}
    assert as_told({"data": told}, salt, [row], [])
    for name, value in {"verdict": "ok", "blank": 0, "pages": 3, "sha512": "b" * 128}.items():
        assert not as_told({"data": told}, salt, [{**row, name: value}], [])
    assert not as_told({"data": told}, salt, [], [])
    assert not as_told({"data": {}}, salt, [row], [])


@pytest.mark.parametrize("statement", ["holds SET until = 'x'", "akten SET zda_datum = 'x'", "akten SET salt = 'x'"])
def test_what_nobody_can_read_in_the_register_is_a_finding_and_no_bug(
    worked_url: str, worked: Catalog, statement: str
) -> None:
    anchor = worked.head()
    assert anchor is not None
    if not worked_url.startswith("sqlite"):  # which takes everything for a day
        statement = "akten SET salt = 'x'"
    meddle(worked_url, f"UPDATE {statement}")
    report = worked.verify_trail([anchor])
    assert report.verdict is Verdict.FAILED
    assert "TR-15" in {finding.code for finding in report.findings}


@pytest.mark.parametrize("verb", ["hold.set", "event.reported", "package.stored"])
def test_a_row_that_nobody_can_read_is_told_by_its_hash_and_stops_nothing(
    worked_url: str, worked: Catalog, verb: str
) -> None:
    anchor = worked.head()
    assert anchor is not None
    deep = 'replace(body, \'"data":\', \'"data":{"x":' + "[" * 970 + "]" * 970 + '},"atad":\')'
    written = f"UPDATE trail SET body = {deep} WHERE verb = '{verb}'"  # noqa: S608 - ours
    meddle(worked_url, *unguarded(worked_url), written, *guarded(worked_url))
    report = worked.verify_trail([anchor])
    assert report.verdict is Verdict.FAILED
    assert "TR-01" in {finding.code for finding in report.findings}


def test_a_hold_that_only_stands_in_the_register_is_told(url: str, catalog: Catalog) -> None:
    akte = one(catalog)
    hold(catalog, on_akte(akte))
    anchor = catalog.head()
    assert anchor is not None
    meddle(url, "UPDATE holds SET nr = 9")
    told = [(finding.where, finding.text.split(";")[0]) for finding in catalog.verify_trail([anchor]).findings]
    assert told == [
        ("Sperre Nr. 9", "Der Eintrag steht im Register, nicht aber im Protokoll."),
        ("Sperre Nr. 1", "Der Eintrag fehlt im Register"),
    ]


def test_what_was_told_first_is_not_hidden_by_a_row_that_somebody_put_behind_it(url: str, catalog: Catalog) -> None:
    """Who knows how a row is chained can add one that tells the same event otherwise, and change the register to it."""
    akte = one(catalog)
    tell(catalog, akte, DEATH)
    (told,) = catalog.events_of(verb="event.reported")
    with closing(Database(parse_url(url))) as database:
        with database.read() as connection:
            salt = salt_of(connection, akte)
        content = canonical(["death", "1995-05-17", "Sterbeurkunde 17/2020", "", None, None])
        forged = {**told.data, "content": salted(salt, content)}
        with database.write() as connection:
            append(connection, [Entry(Verb.EVENT_REPORTED, forged, akte)], ANNA, NOON)
    meddle(url, "UPDATE reported_events SET datum = '1995-05-17'")
    anchor = catalog.head()
    assert anchor is not None
    assert {(f.code, f.where.split(",")[0]) for f in catalog.verify_trail([anchor]).findings} == {
        ("TR-17", "Ereignis Nr. 1")
    }
