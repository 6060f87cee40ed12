"""What every database must do for events, facts, classes, persons and holds: one suite on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.errors import Forbidden
from akten.findings import Verdict
from akten.model import Aktenart
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog
from catalog.holds import HoldOrder, HoldQuery, HoldTarget, HoldView, Scope
from catalog.keeping import KeepingRow, Viewer
from catalog.references import parcels, person
from catalog.told import EventReport, KnownArchive
from tests.catalog.build import CLERK, NOON, an_id, archive, later, receive

KEYS = ("litigation", "ablaufhemmung_ao147", "unterbrechung")
TODAY = date(2026, 11, 23)
ANNA = Actor("anna.meier")
BERND = Actor("bernd.schulz")
DEATH = date(2020, 5, 17)


def one(catalog: Catalog, number: str = "63-01234-2019", **more: object) -> UUID:
    akte, _ = archive(catalog, number, number=number, **more)  # type: ignore[arg-type]
    return akte.uuid


def known(catalog: Catalog, akte: UUID, viewer: Viewer | None = None) -> KeepingRow:
    row = catalog.keeping(akte, viewer=viewer)
    assert row is not None
    return row


def tell(
    catalog: Catalog, akte: UUID, datum: date | None, evidence: str = "Sterbeurkunde 17/2020", **more: object
) -> int:
    return catalog.report_event(akte, "death", datum, evidence, by=ANNA, now=NOON, **more).number  # type: ignore[arg-type]


def hold(
    catalog: Catalog, target: HoldTarget, *, by: Actor = ANNA, key: str = "litigation", **more: object
) -> HoldView:
    order = HoldOrder(target, key, "Ermittlung gegen Unbekannt", "StA Düsseldorf 12 Js 34/26", **more)  # type: ignore[arg-type]
    return catalog.set_hold(order, KEYS, by=by, now=NOON)


def on_akte(akte: UUID) -> HoldTarget:
    return HoldTarget(Scope.AKTE, akte)


def on_person(text: str) -> HoldTarget:
    reference = person(text)
    assert reference is not None
    return HoldTarget(Scope.PERSON, text=text, match_key=reference.match_key)


def on_parcel(text: str) -> HoldTarget:
    (reference,) = parcels(text)
    return HoldTarget(Scope.PARCEL, text=text, match_key=reference.match_key, match_place=reference.match_place)


def on_query(**parts: object) -> HoldTarget:
    return HoldTarget(Scope.QUERY, query=HoldQuery(**parts))  # type: ignore[arg-type]


def verbs(catalog: Catalog, akte: UUID) -> list[str]:
    return [event.verb for event in catalog.events_of(akte=akte, after=0)]


def intact(catalog: Catalog) -> bool:
    report = catalog.verify_trail([anchor] if (anchor := catalog.head()) else [])
    return report.verdict is Verdict.OK and not report.findings


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
        chain = "\n".join(str(row[0]) for row in connection.exec_driver_sql("SELECT body FROM trail"))
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


def test_a_lawful_deletion_takes_the_plain_rows_and_leaves_the_chain_good(catalog: Catalog) -> None:
    akte = one(catalog, felder=(("Personalnummer", "4711-08"), ("Flurstück", "Flur 1, 2")))
    other = one(catalog, "63-00002-2019", felder=(("Personalnummer", "471108"),))
    number = hold(catalog, on_person("4711 08")).number
    with pytest.raises(Forbidden):
        catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=NOON)
    assert len(catalog.references(akte)) == 2
    catalog.lift_hold(number, "Verfahren eingestellt", TODAY, by=BERND, now=NOON)
    with pytest.raises(Forbidden):
        catalog.forget_person("4711-08", "", TODAY, by=ANNA, now=NOON)
    assert catalog.forget_person("4711-08", "Art. 17 DSGVO", TODAY, by=ANNA, now=NOON) == 2
    assert [row.kind for row in catalog.references(akte)] == ["parcel"]
    assert catalog.references(other) == ()
    assert intact(catalog)
    with catalog._database.read() as connection:
        for table in ("akte_references", "holds", "hold_changes"):
            assert "4711" not in str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608


def test_a_person_may_be_noted_by_hand_once(catalog: Catalog) -> None:
    akte = one(catalog, felder=())
    reference = person("Meier, Anna", "Erbin")
    assert reference is not None
    assert catalog.note_references(akte, [reference], by=ANNA, now=NOON) == 1
    assert catalog.note_references(akte, [reference], by=ANNA, now=NOON) == 0
    assert [row.value for row in catalog.references(akte)] == ["Meier, Anna"]


# --- holds -----------------------------------------------------------------------------------------------------------

NEW_AKTE = {"felder": (("Gemarkung", "Neuss"), ("Flur", "12"), ("Flurstück", "345/2"), ("Bauherr", "Yılmaz, Ali"))}


@pytest.mark.parametrize(
    ("target", "covers"),
    [
        (lambda: on_parcel("Flur 12, Flurstück 345/2"), True),
        (lambda: on_parcel("Gemarkung Neuss, Flur 012, 345/2"), True),
        (lambda: on_parcel("Gemarkung Norf, Flur 12, 345/2"), False),
        (lambda: on_parcel("12-345/3"), False),
        (lambda: on_person("ALI YILMAZ"), True),
        (lambda: on_person("Ali Demir"), False),
        (lambda: on_query(aktenarten=("Bauakte",)), True),
        (lambda: on_query(aktenarten=("Steuerakte",)), False),
        (lambda: on_query(anfaenge=("63-01",)), True),
        (lambda: on_query(anfaenge=("63-02", "64-")), False),
        (lambda: on_query(betreff=("Müller", "Wintergarten")), False),
        (lambda: on_query(betreff=("Müller Hafenstraße",)), True),
        (lambda: on_query(betreff=("Bauanträge",)), True),
        (lambda: on_query(record_class="bau.akte"), True),
        (lambda: on_query(record_class="bau.akte", bis=date(2018, 12, 31)), False),
        (lambda: on_query(von=date(2020, 1, 1), bis=date(2020, 12, 31)), True),
    ],
)
def test_a_hold_covers_what_is_archived_later(catalog: Catalog, target: Callable[[], HoldTarget], covers: bool) -> None:
    number = hold(catalog, target()).number
    assert catalog.held_akten(number) == ()
    akte = one(catalog, **NEW_AKTE)
    assert [h.number for h in known(catalog, akte).holds] == [number] * covers
    assert catalog.held_akten(number) == (akte,) * covers
    assert [row.holds for row in catalog.all_keeping()] == [known(catalog, akte).holds]


def test_an_akte_without_a_flur_is_covered_by_every_flur(catalog: Catalog) -> None:
    number = hold(catalog, on_parcel("Flur 12, Flurstück 345")).number
    akte = one(catalog, felder=(("Flurstück", "345"),))
    assert catalog.held_akten(number) == (akte,)
    assert [h.number for h in known(catalog, akte).holds] == [number]


def test_a_hold_wants_a_known_key_reason_reference_and_a_question(catalog: Catalog) -> None:
    akte = one(catalog)
    with pytest.raises(Forbidden, match="ablaufhemmung_ao147, litigation, unterbrechung"):
        hold(catalog, on_akte(akte), key="rechtsstreit")
    for reason, reference in (("", "12 Js"), ("Streit", " ")):
        order = HoldOrder(on_akte(akte), "litigation", reason, reference)
        with pytest.raises(Forbidden):
            catalog.set_hold(order, KEYS, by=ANNA, now=NOON)
    with pytest.raises(Forbidden):
        hold(catalog, on_akte(akte), start=date(2026, 2, 1), until=date(2026, 1, 1))
    with pytest.raises(Forbidden):
        on_query()
    with pytest.raises(Forbidden):
        hold(catalog, on_akte(an_id("nobody")))
    assert catalog.holds(Viewer(ANNA, TODAY)) == ()


SAME = [
    (Actor("meier"), Actor("NEUSS\\Meier")),
    (Actor("meier"), Actor("meier@neuss.de")),
    (Actor("mueller"), Actor("MÜLLER")),
    (Actor("muller"), Actor("Müller")),
    (Actor("Meier, Anna", ActorKind.ALS, "kiosk"), Actor("Anna Meier", ActorKind.ALS, "schalter")),
    (Actor("anna.meier"), Actor("  Anna   MEIER ", ActorKind.ALS, "schalter")),
    (Actor("ameier"), Actor("Anna Meier", ActorKind.ALS, "schalter")),
    (Actor("meier"), Actor("Dr. Anna Meier", ActorKind.ALS, "schalter")),
    (Actor("meier"), Actor("leitung", ActorKind.ALS, "meier")),
    (Actor("leitung", ActorKind.ALS, "meier"), Actor("meier")),
    (Actor("leitung", ActorKind.ALS, "meier"), Actor("vertretung", ActorKind.ALS, "NEUSS\\meier")),
    (Actor("leitung", ActorKind.ALS, "meier"), Actor("Leitung", ActorKind.ALS, "schulz")),
    (Actor("meier"), Actor("m\u0435i\u0435r")),
    (Actor("meier"), Actor("dienst", ActorKind.SYSTEM)),
]


@pytest.mark.parametrize(("first", "second"), SAME, ids=[f"{a}|{b}" for a, b in SAME])
def test_the_same_person_does_not_lift_under_any_name_or_path(catalog: Catalog, first: Actor, second: Actor) -> None:
    number = hold(catalog, on_akte(one(catalog)), by=first).number
    with pytest.raises(Forbidden, match="zweite Person"):
        catalog.lift_hold(number, "erledigt", TODAY, by=second, now=NOON)
    with pytest.raises(Forbidden, match="zweite Person"):
        catalog.extend_hold(number, date(2027, 1, 1), "kürzer", by=second, now=NOON)
    assert catalog.hold(number, Viewer(first, TODAY)).lifted_on is None


def test_a_second_person_lifts_with_a_reason_once(catalog: Catalog) -> None:
    akte = one(catalog)
    number = hold(catalog, on_akte(akte), start=date(2026, 1, 1)).number
    with pytest.raises(Forbidden):
        catalog.lift_hold(number, "", TODAY, by=BERND, now=NOON)
    view = catalog.lift_hold(number, "eingestellt", TODAY, by=BERND, now=later(1))
    assert (view.lifted_on, view.lifted_reason, view.lifted_by) == (TODAY, "eingestellt", BERND)
    with pytest.raises(Forbidden):
        catalog.lift_hold(number, "noch einmal", TODAY, by=BERND, now=NOON)
    assert catalog.holds(Viewer(ANNA, TODAY)) == ()
    assert [h.number for h in catalog.holds(Viewer(ANNA, TODAY), active_only=False)] == [number]
    (rest,) = known(catalog, akte).holds
    assert rest.end == date(2026, 11, 22)
    assert verbs(catalog, akte)[-2:] == ["hold.set", "hold.lifted"]
    assert [c.reason for c in catalog.hold_changes(number, Viewer(ANNA, TODAY))] == ["eingestellt"]


def test_one_person_extends_and_only_a_second_one_shortens(catalog: Catalog) -> None:
    number = hold(catalog, on_akte(one(catalog)), until=date(2027, 1, 1)).number
    view = catalog.extend_hold(number, date(2028, 1, 1), "Rechtsmittel", by=ANNA, now=NOON)
    assert view.until == date(2028, 1, 1)
    assert catalog.extend_hold(number, None, "Ende offen", by=ANNA, now=NOON).until is None
    with pytest.raises(Forbidden):
        catalog.extend_hold(number, date(2028, 1, 1), "doch nicht", by=ANNA, now=NOON)
    assert catalog.extend_hold(number, date(2028, 1, 1), "Urteil", by=BERND, now=NOON).until == date(2028, 1, 1)


def test_an_interruption_that_proved_unfounded_says_so(catalog: Catalog) -> None:
    akte = one(catalog)
    number = hold(catalog, on_akte(akte), key="unterbrechung", on=date(2025, 3, 1)).number
    catalog.lift_hold(number, "Vorwurf widerlegt", TODAY, unfounded=True, by=BERND, now=NOON)
    (rest,) = known(catalog, akte).holds
    assert (rest.on, rest.unfounded) == (date(2025, 3, 1), True)


# --- secret holds ----------------------------------------------------------------------------------------------------

SECRET_VIEWS = [
    (Actor("anna.meier"), True),
    (Actor("NEUSS\\anna.meier"), True),
    (Actor("bernd.schulz"), True),
    (Actor("clerk"), False),
    (Actor("anna.meier", ActorKind.ALS, "clerk"), False),
    (Actor("clerk", ActorKind.ALS, "anna.meier"), False),
    (Actor("bernd.schulz", ActorKind.ALS, "anna.meier"), True),
    (Actor("meier"), False),
    (Actor("dienst", ActorKind.SYSTEM), False),
]


@pytest.mark.parametrize(("viewer", "sees"), SECRET_VIEWS, ids=[str(v) for v, _ in SECRET_VIEWS])
def test_a_secret_hold_is_seen_by_who_set_it_and_its_readers(catalog: Catalog, viewer: Actor, sees: bool) -> None:
    akte = one(catalog)
    number = hold(catalog, on_akte(akte), secret=True, readers=("bernd.schulz",), until=date(2030, 1, 1)).number
    look = Viewer(viewer, TODAY)
    for view in (catalog.hold(number, look), *catalog.holds(look)):
        assert view.masked is not sees
        if not sees:
            assert view == HoldView(number, masked=True)
    assert catalog.held_akten(number, look) == ((akte,) if sees else ())
    (told,) = known(catalog, akte, look).holds
    assert (told.number, told.key, told.end) == (
        (number, "litigation", date(2030, 1, 1)) if sees else (0, "gesperrt", None)
    )
    assert known(catalog, akte).holds[0].key == "litigation"


def test_of_several_secret_holds_others_see_one_mark_and_of_those_that_are_over_none(catalog: Catalog) -> None:
    akte = one(catalog)
    first = hold(catalog, on_akte(akte), secret=True, readers=("bernd.schulz",)).number
    hold(catalog, on_query(aktenarten=("Bauakte",)), secret=True, until=date(2026, 11, 23))
    other = Viewer(BERND, TODAY)
    nobody = Viewer(Actor("clerk"), TODAY)
    assert [h.number for h in known(catalog, akte, nobody).holds] == [0]
    assert [h.number for h in known(catalog, akte, other).holds] == [first, 0]
    catalog.lift_hold(first, "erledigt", TODAY, by=BERND, now=NOON)
    tomorrow = Viewer(Actor("clerk"), date(2026, 11, 24))
    assert known(catalog, akte, tomorrow).holds == ()
    assert catalog.holds(tomorrow, active_only=False) == ()
    with pytest.raises(Forbidden, match="gibt es nicht"):
        catalog.hold(first, tomorrow)


def test_who_may_not_see_a_secret_hold_cannot_change_it_nor_find_it_in_the_trail(catalog: Catalog) -> None:
    akte = one(catalog)
    number = hold(catalog, on_akte(akte), secret=True).number
    before = verbs(catalog, akte)
    for act in (
        lambda: catalog.lift_hold(number, "neugierig", TODAY, by=BERND, now=NOON),
        lambda: catalog.extend_hold(number, None, "neugierig", readers=("bernd.schulz",), by=BERND, now=NOON),
    ):
        with pytest.raises(Forbidden) as refused:
            act()
        assert "litigation" not in refused.value.text
        assert "meier" not in refused.value.text
    assert "hold.set" not in before
    (event,) = catalog.events_of(verb="hold.set")
    assert (event.akte, event.note, set(event.data)) == (None, "", {"hold", "content"})
    catalog.extend_hold(number, None, "Vertretung", readers=("bernd.schulz",), by=ANNA, now=NOON)
    assert not catalog.hold(number, Viewer(BERND, TODAY)).masked
    assert intact(catalog)


def test_who_acts_is_written_down_with_the_account_that_said_the_name(catalog: Catalog) -> None:
    chief = Actor("leitung", ActorKind.ALS, "m.schmitz")
    receive(catalog, "x", by=chief)
    event = catalog.events_of()[-1]
    assert event.by == chief
    assert catalog.events_of(by="leitung")[-1] == event
    assert catalog.events_of(by="m.schmitz")[-1] == event
    (row,) = catalog.deliveries()
    assert row.by == chief


def test_an_akte_that_something_was_told_about_is_not_dropped(catalog: Catalog) -> None:
    row = receive(catalog, "x", number="63-00001-2019")
    assert row.akte is not None
    tell(catalog, row.akte, DEATH)
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
    assert [event.datum for event in known(catalog, row.akte).events] == [DEATH]
