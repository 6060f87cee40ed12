"""`archiv fixity ersetze` to `gib-frei` as two persons call them: words, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from akten.errors import FixityError, Unavailable
from catalog.catalog import open_catalog
from flows.wiring import Services
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.asked import asked
from tests.flows.dueworld import WithHolds, World
from tests.memory_store import MemoryStore

B = ("--speicher", "b")
CAUSE = (*B, "--ursache", "Platte verloren")
REASON = (*B, "--grund", "geprüft")


@pytest.fixture
def stores(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[MemoryStore, MemoryStore]:
    """Two Akten in two stores in memory."""
    made = (MemoryStore("a"), MemoryStore("b"))
    monkeypatch.setattr(Services, "stores", property(lambda _: made))
    monkeypatch.setattr(Services, "stores_to_read", lambda _: (made, {}))
    with open_catalog(catalog_url(desk.daten)) as catalog:
        world = World(WithHolds(catalog), made, {each.name: each.as_role("deletion") for each in made}, tmp_path)
        for number in ("1-1", "2-2"):
            world.archive(number, "tax.assessment-file", zda=date(2020, 3, 4))
    return made


def lose(store: MemoryStore) -> None:
    store.keys.clear()


def test_a_lost_store_is_filled_again_by_two_persons(desk: Desk, stores: tuple[MemoryStore, MemoryStore]) -> None:
    ran = desk("fixity", "ersetze", "--alle", *CAUSE, "--json")
    assert (ran.code, ran.json) == (0, [])  # nothing was found damaged by any look yet
    lose(stores[1])
    assert desk("fixity", "pruefe", "--alle").code == 5
    ran = desk("fixity", "ersetze", "--alle", *CAUSE, "--json")
    assert (ran.code, [(each["store"], each["damaged"], each["why"]) for each in ran.json]) == (0, [("b", [1], "")] * 2)
    ran = desk("fixity", "ersetzungen")
    assert (ran.code, ran.out.count("Platte verloren"), ran.out.count("wartet")) == (0, 2, 2)
    ran = desk("fixity", "gib-frei", "--alle", *REASON)
    assert (ran.code, "zweite Person" in ran.out, "Derselbe Befehl" in ran.out) == (4, True, False)
    ran = desk("fixity", "gib-frei", "--alle", *REASON, "--json", login="b.schulz")
    assert ran.code == 0
    assert [(each["done"], len(each["restored"]), each["failed"]) for each in ran.json] == [(True, 1, [])] * 2
    assert {copy["verdict"] for each in ran.json for copy in each["restored"]} == {"ok"}
    assert desk("fixity", "pruefe", "--alle").code == 0
    assert desk("fixity", "ersetzungen", "--json").json == []
    shown = desk("akte", "zeige", ran.json[0]["akte"], "--json").json["packages"][0]["copies"]
    assert [len(copy["set_aside"]) for copy in shown] == [0, 2]
    assert "Kopie neu abgelegt" in desk("protokoll", "zeige", ran.json[0]["akte"]).out


def test_what_waits_comes_in_pages_and_a_page_asks_no_more_than_a_single_one(
    desk: Desk, stores: tuple[MemoryStore, MemoryStore]
) -> None:
    lose(stores[1])
    desk("fixity", "pruefe", "--alle")
    desk("fixity", "ersetze", "--alle", *CAUSE)
    with asked() as all_of:
        everything = desk("fixity", "ersetzungen")
    assert "2 von 2" in everything.out
    with asked() as one:
        pages = [desk("fixity", "ersetzungen", "--anzahl", "1", "--ab", str(ab), "--json") for ab in range(3)]
    assert len(one) <= 3 * len(all_of)
    assert [len(page.json) for page in pages] == [1, 1, 0]
    assert pages[0].json[0]["akte"] != pages[1].json[0]["akte"]
    assert ["weiter mit --ab 1" in page.err for page in pages] == [True, False, False]
    with asked() as single:
        desk("fixity", "ersetzungen", "--anzahl", "1")
    assert len(single) == len(all_of)


def test_how_many_versions_there_are_is_all_that_is_counted_for_a_look_at_all(
    desk: Desk, stores: tuple[MemoryStore, MemoryStore]
) -> None:
    with asked() as told:
        assert desk("fixity", "pruefe", "--alle").code == 0
    assert not [statement for statement in told if "FROM pages" in statement or "FROM reviews" in statement]


def test_what_is_in_order_by_then_is_not_called_replaced(desk: Desk, stores: tuple[MemoryStore, MemoryStore]) -> None:
    kept = dict(stores[1].keys)
    lose(stores[1])
    desk("fixity", "pruefe", "--alle")
    desk("fixity", "ersetze", "--alle", *CAUSE)
    stores[1].keys.update(kept)  # the backup of the store came back meanwhile
    ran = desk("fixity", "gib-frei", "--alle", *REASON, login="b.schulz")
    assert (ran.code, ran.out.count("nichts zu ersetzen"), ": ersetzt" in ran.out) == (0, 2, False)
    assert desk("fixity", "ersetzungen", "--json").json == []


def test_where_no_copy_is_whole_it_says_so_and_stays_open(desk: Desk, stores: tuple[MemoryStore, MemoryStore]) -> None:
    lose(stores[1])
    desk("fixity", "pruefe", "--alle")
    assert desk("fixity", "ersetze", "--alle", *CAUSE).code == 0
    lose(stores[0])  # meanwhile
    ran = desk("fixity", "gib-frei", "--alle", *REASON, login="b.schulz")
    assert (ran.code, ran.out.count("Keine andere Kopie"), "Derselbe Befehl" in ran.out) == (5, 2, True)
    ran = desk("fixity", "ersetzungen", "--json")
    assert {each["released_by"] for each in ran.json} == {"b.schulz"}
    assert desk("fixity", "verwirf", "--alle", *REASON).code == 0
    assert desk("fixity", "ersetzungen", "--json").json == []


def test_where_no_copy_is_whole_nothing_is_proposed(desk: Desk, stores: tuple[MemoryStore, MemoryStore]) -> None:
    for each in stores:
        lose(each)
    desk("fixity", "pruefe", "--alle")
    ran = desk("fixity", "ersetze", "--alle", *CAUSE)
    assert (ran.code, ran.out.count("keinem anderen Speicher eine unversehrte"), "zweite Person" in ran.out) == (
        5, 2, False,
    )  # fmt: skip
    assert desk("fixity", "ersetzungen", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (lambda akte: ("ersetze", *CAUSE), 2, "genau eines"),
        (lambda akte: ("ersetze", akte, "--alle", *CAUSE), 2, "genau eines"),
        (lambda akte: ("ersetze", akte, *CAUSE), 4, "nichts zu ersetzen"),
        (lambda akte: ("ersetze", akte, "--speicher", "c", "--ursache", "x"), 2, "nicht eingerichtet"),
        (lambda akte: ("gib-frei", akte, *REASON), 4, "kein Vorschlag"),
        (lambda akte: ("verwirf", akte, *REASON), 4, "kein Vorschlag"),
        (lambda akte: ("gib-frei", "99-9", *REASON), 2, "keine Akte"),
        (lambda akte: ("gib-frei", "--alle", *REASON), 0, ""),
    ],
)
def test_what_cannot_be_is_said_with_its_code(
    desk: Desk,
    stores: tuple[MemoryStore, MemoryStore],
    arguments: Callable[[str], tuple[str, ...]],
    code: int,
    words: str,
) -> None:
    (akte, _) = (each["uuid"] for each in desk("akte", "liste", "--json").json)
    ran = desk("fixity", *arguments(akte))
    assert (ran.code, words in ran.err) == (code, True), ran.err


def test_a_store_that_is_away_is_not_damage(
    desk: Desk, stores: tuple[MemoryStore, MemoryStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(stores[1])
    desk("fixity", "pruefe", "--alle")

    def away(_: Services) -> None:
        raise Unavailable("Speicher „b“ antwortet nicht.")

    monkeypatch.setattr(Services, "stores", property(away))
    ran = desk("fixity", "ersetze", "--alle", *CAUSE, "--json")
    assert (ran.code, {each["why"] for each in ran.json}) == (6, {"Speicher „b“ antwortet nicht."})


def test_a_store_that_spoils_the_head_of_the_trail_hides_nothing_of_what_was_checked(
    desk: Desk, stores: tuple[MemoryStore, MemoryStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(*_: object) -> None:
        raise FixityError("Speicher „b“ hat andere Bytes.")

    monkeypatch.setattr("flows.anchors.publish_head", spoilt)
    ran = desk("fixity", "pruefe", "--alle", "--json")
    assert (ran.code, ran.json["verdict"], ran.json["checked"]) == (5, "ok", 4)
    assert "Kopf des Protokolls" in ran.err


@pytest.fixture
def third(desk: Desk, stores: tuple[MemoryStore, MemoryStore], monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """The same archive after its settings named a third store."""
    new = MemoryStore("c")
    monkeypatch.setattr(Services, "stores", property(lambda _: (*stores, new)))
    monkeypatch.setattr(Services, "stores_to_read", lambda _: ((*stores, new), {}))
    keys = {"access_key": "x", "secret_key": "y"}
    named = [
        {"name": name, "endpoint": f"http://127.0.0.1:{port}", "ingest": keys, "auditor": keys, "deletion": keys}
        for name, port in (("a", 9), ("b", 11), ("c", 13))
    ]
    monkeypatch.setenv("ARCHIV_STORES", json.dumps(named))
    return new


def test_a_store_that_came_later_is_told_by_all_who_look_and_filled_by_two_persons(
    desk: Desk, third: MemoryStore
) -> None:
    (akte, _) = (each["uuid"] for each in desk("akte", "liste", "--json").json)
    for look in (("fixity", "pruefe", "--alle"), ("abgleich",)):
        told = desk(*look, "--json")
        assert (told.code, told.json["verdict"]) == (8, "not_checked")
        assert [finding["code"] for finding in told.json["findings"]] == ["RC-13"]
        assert "Anzahl: 2" in " ".join(desk(*look).out.split())
    assert desk("fixity", "pruefe", "--akte", akte, "--json").json["lacking"] == {"c": 1}
    assert [package["lacking"] for package in desk("akte", "zeige", akte, "--json").json["packages"]] == [["c"]]
    assert "Kopie c: fehlt" in desk("akte", "zeige", akte).out

    c = ("--speicher", "c")
    ran = desk("fixity", "ersetze", akte, *c, "--ursache", "Speicher kam hinzu")
    assert (ran.code, "Version 1 erstmals abzulegen" in ran.out) == (0, True)
    ran = desk("fixity", "ersetze", "--alle", *c, "--ursache", "Speicher kam hinzu", "--json")
    assert [(each["damaged"], each["lacking"], each["why"]) for each in ran.json] == [([], [1], "")]
    assert not any(key.startswith("aip/") for key in third.keys)
    ran = desk("fixity", "gib-frei", akte, *c, "--grund", "geprüft", login="b.schulz")
    assert (ran.code, ": abgelegt" in ran.out, "beiseite" in ran.out) == (0, True, False)
    ran = desk("fixity", "gib-frei", "--alle", *c, "--grund", "geprüft", "--json", login="b.schulz")
    assert [(one["before"], one["set_aside"], one["verdict"]) for one in ran.json[0]["restored"]] == [(None, [], "ok")]
    for look in (("fixity", "pruefe", "--alle"), ("abgleich",)):
        told = desk(*look, "--json")
        assert (told.code, told.json["findings"]) == (0, [])
    assert [package["lacking"] for package in desk("akte", "zeige", akte, "--json").json["packages"]] == [[]]
    assert desk("fixity", "ersetze", akte, *c, "--ursache", "noch einmal").code == 4
