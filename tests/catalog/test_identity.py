"""Who is the same person: a table of spellings and paths, both ways."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from akten.errors import Forbidden
from catalog.actor import Actor, ActorKind
from catalog.identity import Accounts, may_be_same, require_second, same_person, same_spelling

SAME = [
    ("meier", "MEIER"),
    ("meier", "NEUSS\\Meier"),
    ("neuss/meier", "meier"),
    ("meier", "meier@neuss.de"),
    ("Meier, Anna", "Anna Meier"),
    ("anna.meier", "Anna  Meier"),
    ("anna_meier", "Meier Anna"),
    ("anna-meier", "annameier"),
    ("ameier", "Anna Meier"),
    ("a.meier", "Meier, Anna"),
    ("meier.a", "anna.meier"),
    ("Müller", "mueller"),
    ("Müller", "muller"),
    ("Groß", "gross"),
    ("Dr. Anna Meier", "anna.meier"),
    ("Anna Meier <a.meier@neuss.de>", "ameier"),
    ("CN=Anna Meier,OU=Stadtarchiv", "anna.meier"),
    ("meier", "Anna Meier"),
    ("Anna Meier", "Anna Maria Meier"),
    ("Anna Meier-Schulz", "anna.meier"),
    ("m\u0435ier", "meier"),
    ("mei\u200ber", "meier"),
    ("ﬁscher", "fischer"),
    ("???", "anna.meier"),
]
OTHERS = [
    ("anna.meier", "anna.schulz"),
    ("a.meier", "b.meier"),
    ("Anna Meier", "Bernd Meier"),
    ("ameier", "bmeier"),
    ("m.schmitz", "b.schulz"),
    ("leitung", "registratur"),
    ("s17", "s18"),
    ("root", "meier"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_person(one: str, other: str) -> None:
    assert may_be_same(one, other)
    assert may_be_same(other, one)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_names_of_two_people(one: str, other: str) -> None:
    assert not may_be_same(one, other)
    assert not may_be_same(other, one)


def test_a_part_of_a_name_may_be_the_person_and_is_not_the_spelling() -> None:
    assert may_be_same("meier", "Anna Meier")
    assert not same_spelling("meier", "Anna Meier")
    assert same_spelling("NEUSS\\anna.meier", "Meier, Anna")


@given(st.text(st.characters(categories=("L", "N"), max_codepoint=0x24F), min_size=2, max_size=20))
@example("\u013f0")  # one letter that is taken apart into a letter and a dot
def test_every_name_is_its_own_under_every_path(name: str) -> None:
    for path in (name.upper(), f"NEUSS\\{name}", f"{name}@neuss.de", f"  {name} "):
        assert may_be_same(name, path)


def test_a_shared_account_does_not_count_between_two_names_and_is_nobody_without_one() -> None:
    anna, bernd = Actor("anna.meier", ActorKind.ALS, "schalter"), Actor("bernd.schulz", ActorKind.ALS, "schalter")
    assert same_person(anna, bernd)
    assert not same_person(anna, bernd, Accounts(shared=frozenset({"schalter"})))
    assert same_person(anna, Actor("Meier, Anna", ActorKind.ALS, "schalter"), Accounts(shared=frozenset({"schalter"})))
    assert same_person(anna, Actor("schalter"), Accounts(shared=frozenset({"schalter"})))
    assert same_person(Actor("schalter"), bernd, Accounts(shared=frozenset({"schalter"})))
    assert same_person(anna, Actor("schalter", ActorKind.ALS, "schalter"), Accounts(shared=frozenset({"schalter"})))


def test_names_said_by_an_owner_of_the_archive_are_names() -> None:
    owned = Accounts(owners=frozenset({"root"}))
    anna, bernd = Actor("anna.meier", ActorKind.ALS, "root"), Actor("bernd.schulz", ActorKind.ALS, "root")
    assert same_person(anna, bernd)
    assert not same_person(anna, bernd, owned)
    assert not same_person(Actor("root"), bernd, owned)
    for other in (Actor("Meier, Anna", ActorKind.ALS, "root"), Actor("NEUSS\\anna.meier"), Actor("a.meier")):
        assert same_person(anna, other, owned)
    assert same_person(Actor("root"), Actor("ROOT", ActorKind.ALS, "root"), owned)
    assert same_person(Actor("k0815"), Actor("leitung", ActorKind.ALS, "k0815"), owned)


def test_a_service_is_no_second_person() -> None:
    with pytest.raises(Forbidden, match="Dienst"):
        require_second(Actor("anna.meier"), Actor("dienst", ActorKind.SYSTEM), "Das Aufheben")
    require_second(Actor("anna.meier"), Actor("bernd.schulz"), "Das Aufheben")


def test_an_actor_keeps_the_account_beside_the_name() -> None:
    said = Actor("leitung", ActorKind.ALS, "m.schmitz")
    assert Actor.read(said.label, said.kind) == said
    assert (said.account, str(said)) == ("m.schmitz", "leitung / m.schmitz (als)")
    assert Actor.read("m.schmitz", "login") == Actor("m.schmitz")
    assert Actor.read("a / b / m.schmitz", "als") == Actor("a / b", ActorKind.ALS, "m.schmitz")
    with pytest.raises(ValueError):
        Actor("m.schmitz", ActorKind.LOGIN, "root")
