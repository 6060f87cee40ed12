"""What every database must do for events, facts, classes and persons: one suite on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.errors import Forbidden
from akten.model import Aktenart
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog
from catalog.holdbook import HoldBook
from catalog.references import person
from catalog.told import EventReport, KnownArchive
from tests.catalog.build import CLERK, NOON, a_scan, an_akte, an_id, archive, receive
from tests.contracts.telling import (
    ANNA,
    BERND,
    DEATH,
    TODAY,
    hold,
    intact,
    known,
    on_akte,
    on_person,
    one,
    spoken,
    tell,
    verbs,
)

# --- events, facts, classes, the archive's word ----------------------------------------------------------------------


def test_an_event_counts_with_its_evidence_and_once(catalog: Catalog) -> None:
    akte = one(catalog)
    number = tell(catalog, akte, DEATH)
    assert tell(catalog, akte, DEATH) == number
    (event,) = known(catalog, akte).events
    assert (event.ereignis, event.datum, event.evidence, event.number) == (
        "death",
        DEATH,
        "Sterbeurkunde 17/2020",
        number,
    )
    assert verbs(catalog, akte).count("event.reported") == 1
    assert intact(catalog)


def test_an_event_is_corrected_only_by_a_later_one_and_only_once(catalog: Catalog) -> None:
    akte = one(catalog)
    wrong = tell(catalog, akte, DEATH)
    right = tell(catalog, akte, date(2021, 5, 17), supersedes=wrong)
    assert [event.datum for event in known(catalog, akte).events] == [date(2021, 5, 17)]
    with pytest.raises(Forbidden, match=f"schon durch Nr. {right}"):
        tell(catalog, akte, date(2022, 1, 1), supersedes=wrong)
    gone = tell(catalog, akte, None, "Verwechslung, Vermerk vom 3.11.", supersedes=right)
    assert known(catalog, akte).events == ()
    told = catalog.reported_events(akte)
    assert [(e.number, e.superseded_by) for e in told] == [(wrong, right), (right, gone), (gone, None)]
    assert tell(catalog, akte, DEATH, "Sterbeurkunde 18/2020") not in (wrong, right, gone)


def test_what_was_corrected_does_not_come_back_by_being_told_once_more(catalog: Catalog) -> None:
    akte = one(catalog)
    right = tell(catalog, akte, date(2021, 5, 17), supersedes=tell(catalog, akte, DEATH))
    last = tell(catalog, akte, None, "Verwechslung", supersedes=right)
    with pytest.raises(Forbidden, match=f"es gilt Nr. {last}"):
        tell(catalog, akte, DEATH)
    assert known(catalog, akte).events == ()
    tell(catalog, akte, DEATH, supersedes=last)
    assert [event.datum for event in known(catalog, akte).events] == [DEATH]
    assert intact(catalog)


def test_what_cannot_be_told_is_forbidden_and_leaves_nothing(catalog: Catalog) -> None:
    akte = one(catalog)
    other = one(catalog, "63-00002-2019")
    foreign = tell(catalog, other, DEATH)
    before = catalog.head()
    for datum, evidence, more in (
        (DEATH, "  ", {}),
        (None, "Vermerk", {}),
        (DEATH, "x", {"supersedes": 999}),
        (DEATH, "x", {"supersedes": foreign}),
        (DEATH, "x" * 2001, {}),
    ):
        with pytest.raises(Forbidden):
            tell(catalog, akte, datum, evidence, **more)
    with pytest.raises(Forbidden):
        tell(catalog, an_id("no such Akte"), DEATH)
    assert catalog.head() == before
    assert known(catalog, akte).events == ()


def slip_event(catalog: Catalog, number: str, *events: tuple[str, str], merkmale: tuple[object, ...] = ()) -> UUID:
    row = catalog.receive(
        an_id("slip", number),
        aktenart=Aktenart.BAUAKTE,
        aktenzeichen=receive_number(number),
        betreff="Bauantrag",
        slip={"ereignisse": [list(e) for e in events], "merkmale": list(merkmale)},
        scans=(),
        folder="x",
        by=CLERK,
        now=NOON,
    )
    assert row.akte is not None
    return row.akte


def receive_number(number: str) -> Aktenzeichen:
    return Aktenzeichen(number, number)


def test_the_word_of_a_slip_is_superseded_by_its_day(catalog: Catalog) -> None:
    akte = slip_event(catalog, "63-00007-2019", ("death", "2020-05-17"), ("file_closed", "2021-01-01"))
    tell(catalog, akte, date(2020, 6, 17), supersedes=DEATH)
    events = {(e.ereignis, e.datum, e.number is None) for e in known(catalog, akte).events}
    assert events == {("death", date(2020, 6, 17), False), ("file_closed", date(2021, 1, 1), True)}
    with pytest.raises(Forbidden):
        tell(catalog, akte, date(2020, 7, 17), supersedes=DEATH)


def test_the_newest_fact_counts_and_can_become_unknown_again(catalog: Catalog) -> None:
    akte = slip_event(catalog, "63-00008-2019", merkmale=(["structure_exists", True],))
    assert known(catalog, akte).facts == {"structure_exists": True}
    catalog.report_fact(akte, "structure_exists", value=False, evidence="Ortsbesichtigung", by=ANNA, now=NOON)
    catalog.report_fact(akte, "structure_exists", value=False, evidence="Ortsbesichtigung", by=ANNA, now=NOON)
    assert known(catalog, akte).facts == {"structure_exists": False}
    catalog.report_fact(akte, "structure_exists", value=None, evidence="Irrtum", by=ANNA, now=NOON)
    assert known(catalog, akte).facts == {}
    assert verbs(catalog, akte).count("fact.reported") == 2


def test_classes_are_changed_with_a_reason(catalog: Catalog) -> None:
    akte = one(catalog)
    with pytest.raises(Forbidden):
        catalog.classify(akte, ("building.permit-file",), " ", by=ANNA, now=NOON)
    with pytest.raises(Forbidden):
        catalog.classify(akte, (), "weil", by=ANNA, now=NOON)
    for _ in range(2):
        catalog.classify(akte, ("building.permit-file", "tax.base-notice"), "auch Abgaben", by=ANNA, now=NOON)
    assert known(catalog, akte).record_classes == ("building.permit-file", "tax.base-notice")
    assert [c.reason for c in catalog.classifications(akte)] == ["auch Abgaben"]


def test_the_word_of_the_archive_is_known(catalog: Catalog) -> None:
    akte = one(catalog)
    assert known(catalog, akte).archive == KnownArchive()
    answer = KnownArchive(offered=True, offered_on=date(2026, 1, 7), decision="archivwuerdig")
    catalog.record_archive(akte, answer, "Schreiben des Stadtarchivs vom 7.1.", by=ANNA, now=NOON)
    assert known(catalog, akte).archive == answer


def test_every_letter_of_the_archive_is_kept_with_who_wrote_it_down(catalog: Catalog) -> None:
    akte = one(catalog)
    answer = KnownArchive(offered=True, offered_on=date(2026, 1, 7), decision="archivwuerdig")
    for letter, by in (("Schreiben 1", ANNA), ("Schreiben 1", BERND), ("Schreiben 2", BERND)):
        catalog.record_archive(akte, answer, letter, by=by, now=NOON)
    told = [(report.number, report.answer.evidence, report.by) for report in catalog.archive_reports(akte)]
    assert told == [(1, "Schreiben 1", ANNA), (2, "Schreiben 2", BERND)]
    assert known(catalog, akte).archive.evidence == "Schreiben 2"
    assert intact(catalog)


def test_many_events_are_written_down_together_or_not_at_all(catalog: Catalog) -> None:
    first, second = one(catalog), one(catalog, "63-00002-2019")
    reports = [EventReport(akte, "death", DEATH, "Liste 3") for akte in (first, second)]
    with pytest.raises(Forbidden):
        catalog.report_events([*reports, EventReport(an_id("nobody"), "death", DEATH, "Liste 3")], by=ANNA, now=NOON)
    assert known(catalog, first).events == ()
    assert len(catalog.report_events(reports, by=ANNA, now=NOON)) == 2
    assert known(catalog, second).events[0].evidence == "Liste 3"


def test_no_word_of_a_person_stands_in_the_chain(catalog: Catalog) -> None:
    akte = one(catalog, felder=(("Personalnummer", "4711-08"), ("Bauherrin", "Anna Meierhofer")))
    tell(catalog, akte, DEATH, "Urkunde Meierhofer", note="Tochter Meierhofer rief an")
    catalog.report_fact(akte, "structure_exists", value=True, evidence="laut Meierhofer", by=ANNA, now=NOON)
    catalog.classify(akte, ("a.b",), "Meierhofer bat darum", by=ANNA, now=NOON)
    hold(catalog, on_person("Meierhofer, Anna"))
    number = hold(catalog, on_akte(akte), secret=True, readers=("bernd.schulz",)).number
    catalog.lift_hold(number, "Meierhofer verstorben", TODAY, by=BERND, now=NOON)
    with catalog._database.read() as connection:
        chain = spoken("\n".join(str(row[0]) for row in connection.exec_driver_sql("SELECT body FROM trail")))
    assert "event.reported" in chain
    for word in ("Meierhofer", "4711", "2020-05-17", "Js 34", "Ermittlung"):
        assert word not in chain


# --- persons and parcels ---------------------------------------------------------------------------------------------


def test_fields_of_the_slip_become_references(catalog: Catalog) -> None:
    akte = one(
        catalog, felder=(("Flur", "12"), ("Flurstück", "345/2"), ("Steuernummer", "122/5678/1234"), ("Grab", "7"))
    )
    found = [(row.kind, row.label, row.value, row.delivery is not None) for row in catalog.references(akte)]
    assert found == [("parcel", "Flurstück", "345/2", True), ("person", "Steuernummer", "122/5678/1234", True)]


@pytest.mark.parametrize(("noted", "asked"), [("004711", "4711"), ("4711", "Personalnummer 004711")])
def test_a_hold_finds_a_number_whether_filled_up_with_zeros_or_not(catalog: Catalog, noted: str, asked: str) -> None:
    """A payroll fills its numbers up; one Akte of a person must not go because its slip wrote the number short."""
    before = one(catalog, felder=(("Personalnummer", noted),))
    hold(catalog, on_person(asked))
    after = one(catalog, "63-00002-2019", felder=(("Personalnummer", noted),))
    assert [[held.key for held in known(catalog, akte).holds] for akte in (before, after)] == [["litigation"]] * 2


def test_who_is_named_by_another_delivery_too_stays_when_a_slip_is_put_right(catalog: Catalog) -> None:
    """The row was made by the first to come; without it a hold on the person would let the archived Akte go."""
    both, wrong = (("Personalnummer", "4711-08"),), (("Personalnummer", "4711-08"), ("Steuernummer", "122/5678/1234"))
    first = receive(catalog, "first", scans=(a_scan("first"),))
    assert first.akte is not None
    catalog.plan(first.uuid, an_akte(first.akte, first.uuid, felder=wrong), by=CLERK, now=NOON)
    akte, _ = archive(catalog, "second", felder=both)
    assert akte.uuid == first.akte
    catalog.plan(first.uuid, an_akte(first.akte, first.uuid, felder=()), by=CLERK, now=NOON)
    assert [row.value for row in catalog.references(akte.uuid)] == ["4711-08"]
    hold(catalog, on_person("4711-08"))
    assert [held.key for held in known(catalog, akte.uuid).holds] == ["litigation"]


def test_a_lawful_deletion_takes_the_plain_rows_and_leaves_the_chain_good(catalog: Catalog) -> None:
    akte = one(catalog, felder=(("Personalnummer", "4711-08"), ("Flurstück", "Flur 1, 2")))
    other = one(catalog, "63-00002-2019", felder=(("Personalnummer", "471108"),))
    number = hold(catalog, on_person("4711 08")).number
    with pytest.raises(Forbidden):
        catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=NOON)
    assert len(catalog.references(akte)) == 2
    catalog.lift_hold(number, "Verfahren gegen 4711-08 eingestellt", TODAY, by=BERND, now=NOON)
    with pytest.raises(Forbidden):
        catalog.forget_person("4711-08", "", TODAY, by=ANNA, now=NOON)
    assert catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=NOON) == 2
    assert [row.kind for row in catalog.references(akte)] == ["parcel"]
    assert catalog.references(other) == ()
    assert intact(catalog)
    with catalog._database.read() as connection:
        for table in ("akte_references", "holds", "hold_changes", "trail_notes"):
            rows = spoken(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()))  # noqa: S608
            assert rows != "[]"
            assert "4711" not in rows


def test_the_akten_of_a_person_are_asked_for_holds_some_at_a_time(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A city is the builder in tens of thousands of Akten: no statement lists them all, and each alone is too slow."""
    person_in_all = (("Personalnummer", "4711-08"),)
    akten = [one(catalog, f"63-0000{n}-2019", felder=person_in_all) for n in range(1, 6)]
    number = hold(catalog, on_akte(akten[-1])).number
    asked: list[int] = []
    real = HoldBook.of

    def noted(self: HoldBook, connection: Any, rows: Any, classes: Any) -> Any:
        asked.append(len(rows))
        return real(self, connection, rows, classes)

    monkeypatch.setattr(HoldBook, "of", noted)
    monkeypatch.setattr("catalog.refstore._CHUNK", 2)
    with pytest.raises(Forbidden):
        catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=NOON)
    assert asked == [2, 2, 1]
    catalog.lift_hold(number, "erledigt", TODAY, by=BERND, now=NOON)
    assert catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=NOON) == 5


def test_a_person_may_be_noted_by_hand_once(catalog: Catalog) -> None:
    akte = one(catalog, felder=())
    reference = person("Meier, Anna", "Erbin")
    assert reference is not None
    assert catalog.note_references(akte, [reference], by=ANNA, now=NOON) == 1
    assert catalog.note_references(akte, [reference], by=ANNA, now=NOON) == 0
    assert [row.value for row in catalog.references(akte)] == ["Meier, Anna"]


def test_who_acts_is_written_down_with_the_account_that_said_the_name(catalog: Catalog) -> None:
    chief = Actor("leitung", ActorKind.ALS, "m.schmitz")
    receive(catalog, "x", by=chief)
    event = catalog.events_of()[-1]
    assert event.by == chief
    assert catalog.events_of(by="leitung")[-1] == event
    assert catalog.events_of(by="m.schmitz")[-1] == event
    (row,) = catalog.deliveries()
    assert row.by == chief


def test_the_other_spellings_of_a_person_in_the_trail_are_found(catalog: Catalog) -> None:
    akte = one(catalog)
    for number, by in enumerate((Actor("MEIER, Anna"), Actor("kasse", ActorKind.ALS, "a.meier"), BERND)):
        catalog.report_event(akte, "death", DEATH, f"Urkunde {number}", by=by, now=NOON)
    assert catalog.accounts_like("anna.meier") == ("MEIER, Anna", "a.meier")


@pytest.mark.parametrize("what", ["event", "person"])
def test_an_akte_that_something_was_told_about_is_not_dropped(catalog: Catalog, what: str) -> None:
    row = receive(catalog, "x", number="63-00001-2019")
    assert row.akte is not None
    if what == "event":
        tell(catalog, row.akte, DEATH)
    else:
        someone = person("Meier, Anna", "Nachbarin")
        assert someone is not None
        catalog.note_references(row.akte, [someone], by=ANNA, now=NOON)
        hold(catalog, on_person("Anna Meier"))
    receive_again = catalog.receive(
        row.uuid,
        aktenart=Aktenart.BAUAKTE,
        aktenzeichen=receive_number("63-00002-2019"),
        slip={},
        scans=(),
        folder="x",
        by=CLERK,
        now=datetime(2026, 11, 23, 13, tzinfo=UTC),
    )
    assert receive_again.akte != row.akte
    if what == "event":
        assert [event.datum for event in known(catalog, row.akte).events] == [DEATH]
    else:
        assert known(catalog, row.akte).holds
