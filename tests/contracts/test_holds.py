"""What every database must do for holds: what they cover, who lifts them, who sees secret ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event, update

from akten.errors import Forbidden, Unknown
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog
from catalog.holds import HoldOrder, HoldTarget, HoldView
from catalog.keeping import Viewer
from catalog.tables import akten
from tests.catalog.build import NOON, an_id, archive, later
from tests.contracts.telling import (
    ANNA,
    BERND,
    KEYS,
    TODAY,
    hold,
    intact,
    known,
    on_akte,
    on_parcel,
    on_person,
    on_query,
    one,
    verbs,
)

# --- holds -----------------------------------------------------------------------------------------------------------

BAUHERR = (("Bauherr", "Yılmaz, Ali"), ("Personalnummer", "4711 08"))
NEW_AKTE = {"felder": (("Gemarkung", "Neuss"), ("Flur", "12"), ("Flurstück", "345/2"), *BAUHERR)}


@pytest.mark.parametrize(
    ("target", "covers"),
    [
        (lambda: on_parcel("Flur 12, Flurstück 345/2"), True),
        (lambda: on_parcel("Gemarkung Neuss, Flur 012, 345/2"), True),
        (lambda: on_parcel("Gemarkung Neuss Flur 12 Flurstück 345/2"), True),
        (lambda: on_parcel("Gem. Neuss Fl. 12 Flurst. 345/2 (Teilfläche)"), True),
        (lambda: on_parcel("Gemarkung Norf, Flur 12, 345/2"), False),
        (lambda: on_parcel("12-345/3"), False),
        (lambda: on_person("ALI YILMAZ"), True),
        (lambda: on_person("Herr Dr. Ali Yılmaz"), True),
        (lambda: on_person("Personalnummer 4711-08"), True),
        (lambda: on_person("Personalnummer 4711-09"), False),
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


HARBOUR = {"betreff": ("Hafenstraße",)}
OF_CLASS = {"record_class": "bau.akte"}


@pytest.mark.parametrize("query", [HARBOUR, OF_CLASS, {**HARBOUR, **OF_CLASS}, {"von": date(2020, 1, 1)}])
def test_what_a_query_covers_stays_covered_whatever_a_nachscan_calls_it(
    catalog: Catalog, query: dict[str, object]
) -> None:
    """Lifting wants two persons; a slip with another Betreff is written by one."""
    akte = one(catalog)
    number = hold(catalog, on_query(**query)).number
    again, _ = archive(catalog, "Nachscan", now=later(5), betreff="Nachtrag Statik", titles=("Statik",))
    with catalog._database.write() as connection:  # as a slip with another class and other days would have it
        values = {"record_class": "bau.kurz", "datum_von": date(2018, 1, 1), "datum_bis": date(2018, 1, 1)}
        connection.execute(update(akten).where(akten.c.uuid == akte).values(**values))
    assert again.uuid == akte
    assert [h.number for h in known(catalog, akte).holds] == [number]
    assert catalog.held_akten(number) == (akte,)
    assert [row.holds for row in catalog.all_keeping()] == [known(catalog, akte).holds]


def test_who_gives_an_akte_another_class_does_not_take_it_out_of_a_hold(catalog: Catalog) -> None:
    akte = one(catalog)
    catalog.classify(akte, ("a.kurz",), "erste Prüfung", by=BERND, now=later(1))
    assert catalog.held_akten(hold(catalog, on_query(**OF_CLASS)).number) == (akte,)  # it had that class at noon
    order = HoldOrder(on_query(record_class="a.kurz"), "litigation", "Klage", "4 K 12/26")
    number = catalog.set_hold(order, KEYS, by=ANNA, now=later(2)).number
    catalog.classify(akte, ("a.lang",), "zweite Prüfung", by=BERND, now=later(3))
    assert catalog.held_akten(number) == (akte,)
    assert number in [h.number for h in known(catalog, akte).holds]


def test_a_query_does_not_reach_back_before_it_was_set(catalog: Catalog) -> None:
    akte = one(catalog)
    archive(catalog, "Nachscan", now=later(5), betreff="Nachtrag Statik")
    catalog.classify(akte, ("a.lang",), "Prüfung", by=BERND, now=later(6))
    for query in (HARBOUR, OF_CLASS):
        order = HoldOrder(on_query(**query), "litigation", "Klage", "4 K 12/26")
        assert catalog.held_akten(catalog.set_hold(order, KEYS, by=ANNA, now=later(7)).number) == ()
    assert known(catalog, akte).holds == ()


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


def test_an_interruption_counts_though_its_hold_was_lifted_on_the_day_it_began(catalog: Catalog) -> None:
    akte = one(catalog)
    number = hold(catalog, on_akte(akte), key="unterbrechung", start=TODAY, on=date(2024, 9, 1)).number
    catalog.lift_hold(number, "erledigt", TODAY, by=BERND, now=later(1))
    (seen,) = known(catalog, akte).holds
    assert (seen.on, seen.unfounded) == (date(2024, 9, 1), False)


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


def test_a_secret_hold_that_ended_at_midnight_in_berlin_is_none_for_others_also_when_they_would_change_it(
    catalog: Catalog,
) -> None:
    """In UTC the day before still runs; another answer than for a number that never was would tell of the hold."""
    number = hold(catalog, on_akte(one(catalog)), secret=True, until=date(2026, 11, 22)).number
    night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    for nobody in (number, 4711):
        with pytest.raises(Unknown, match=f"Nr. {nobody} gibt es nicht"):
            catalog.lift_hold(nobody, "Grund", date(2026, 11, 23), by=BERND, now=night)


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


@contextmanager
def reads_of_holds(catalog: Catalog) -> Iterator[list[str]]:
    """Every statement that reads all holds."""
    reads: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if " ".join(statement.split()).endswith("FROM holds ORDER BY holds.nr"):
            reads.append(statement)

    event.listen(catalog._database.engine, "before_cursor_execute", note)
    try:
        yield reads
    finally:
        event.remove(catalog._database.engine, "before_cursor_execute", note)


def test_all_holds_are_read_once_for_many_akten_and_again_only_after_a_change(catalog: Catalog) -> None:
    akten = [one(catalog, f"63-0000{n}-2019", **NEW_AKTE) for n in range(1, 4)]
    elsewhere = Catalog(catalog._database, catalog._token, catalog.accounts)  # what another process makes of it

    def asked() -> int:
        with reads_of_holds(catalog) as reads:
            told = [known(catalog, akte) for akte in akten]
            assert [*catalog.all_keeping()] == [*catalog.some_keeping(akten)] == told
        fresh = Catalog(catalog._database, catalog._token, catalog.accounts)
        assert told == [*fresh.all_keeping()]
        return len(reads)

    assert (asked(), asked()) == (1, 0)
    numbers = [hold(elsewhere, target).number for target in (on_person("ALI YILMAZ"), on_akte(akten[0]))]
    assert (asked(), asked()) == (1, 0)
    assert [[each.number for each in known(catalog, akte).holds] for akte in akten] == [
        numbers,
        numbers[:1],
        numbers[:1],
    ]
    elsewhere.extend_hold(numbers[0], date(2030, 1, 1), "dauert", by=BERND, now=NOON)
    assert (asked(), asked()) == (1, 0)
    for number in numbers:
        elsewhere.lift_hold(number, "eingestellt", TODAY, by=BERND, now=NOON)
    assert (asked(), asked()) == (1, 0)
    elsewhere.forget_person("ALI YILMAZ", "Art. 17 DSGVO", TODAY, by=ANNA, now=NOON)
    akten.append(one(catalog, "63-00004-2019", **NEW_AKTE))
    assert (asked(), asked()) == (1, 0)
    assert known(catalog, akten[-1]).holds == ()  # nobody knows any more whom the hold was for
    catalog.report_fact(akten[0], "weg", None, "Vermerk", by=ANNA, now=NOON)
    assert asked() == 0
