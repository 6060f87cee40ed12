"""What a slip means by a name is found by an index of the Akte, and is what holding each against each would find."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akten.findings import Finding
from akten.model import Dokument, Ersetztes
from catalog.fold import tokens
from flows.meant import Names, Standing, meant, name_key, scans_of
from flows.replacing import decide
from ingest.rescans import Wish, not_there, nothing_archived, replaced_before, several_there
from tests.catalog.build import an_id
from tests.flows.test_replacing import NOTHING, a_dokument, a_wish, an_akte_with

TITLES = ["Bauantrag", "BAUANTRAG!", "Lageplan", "Lagepläne", "---", str(an_id("d1")), str(an_id("g0"))]
SCANS = ["", "x", "y", "z"]
REPLACED = st.lists(st.sampled_from(["g0", "g1", "d0"]), max_size=1)


@st.composite
def dokumente(draw: Any, letter: str) -> tuple[Dokument, ...]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        old = tuple(Ersetztes(an_id(name), 1) for name in draw(REPLACED))
        one = a_dokument(
            draw(st.sampled_from(TITLES)), draw(st.sampled_from(SCANS)), name=f"{letter}{number}", ersetzt=old
        )
        found.append(one)
    return tuple(found)


@st.composite
def standings(draw: Any) -> Standing:
    there = draw(dokumente("d"))
    keys = st.frozensets(st.sampled_from(TITLES).map(name_key), max_size=2)
    once = draw(st.dictionaries(st.sampled_from([an_id(f"d{n}") for n in range(5)]), keys, max_size=3))
    akte = an_akte_with(*there) if there or draw(st.booleans()) else None
    return Standing(akte, 3, draw(dokumente("g")), once_called=once)


NAMES = st.sampled_from([*TITLES, str(an_id("d0")).upper(), f" {an_id('d2')}", str(an_id("g1")), "Bauplan", "xyz"])
WISHES = st.builds(
    lambda named, scan, betreff: a_wish(named, scan or "neu", betreff=betreff),
    NAMES,
    st.sampled_from(SCANS),
    st.sampled_from(TITLES),
)


def held_against_each(wish: Wish, standing: Standing) -> tuple[Dokument, ...] | Finding:
    """What is meant, by looking at every Dokument for every name."""

    def is_named(one: Dokument) -> bool:
        return str(one.uuid) == wish.named.strip().lower() or name_key(one.betreff) == name_key(wish.named)

    there = standing.akte.dokumente if standing.akte is not None else ()
    named = [one for one in there if is_named(one)] or [
        one for one in there if name_key(wish.named) in standing.once_called.get(one.uuid, ())
    ]
    twins = [one for one in there if scans_of(one) == wish.scans]
    others = [one for one in named if one not in twins]
    if len(others) == 1:
        alike = [d for d in twins if name_key(d.betreff) in (name_key(wish.betreff), name_key(others[0].betreff))]
        return (others[0], *alike)
    if not others:
        if named and all(one.ersetzt for one in named):
            return ()
        if len(named) == 1:
            return tuple(named)
        before = {old.uuid for old in standing.former if is_named(old)}
        if not named and any(old.dokument in before for twin in twins for old in twin.ersetzt):
            return ()
        if not named:
            if standing.akte is None:
                return nothing_archived(wish)
            if before:
                return replaced_before(wish)
            titles = {one.betreff.casefold(): one for one in there}
            near = difflib.get_close_matches(wish.named.casefold(), titles, n=3, cutoff=0.5)
            return not_there(wish, [(titles[title].betreff, titles[title].uuid) for title in near])
    asked = [(one.uuid, standing.pages(one)) for one in others or named]
    return several_there(wish, asked, len(asked))


@given(standings(), WISHES)
@settings(max_examples=400, deadline=None)
def test_the_index_finds_what_looking_at_every_dokument_finds(standing: Standing, wish: Wish) -> None:
    assert meant(wish, Names(standing), hint=True) == held_against_each(wish, standing)


@pytest.mark.parametrize("alike", [False, True])
def test_of_large_akten_no_name_is_held_against_each_dokument(
    monkeypatch: pytest.MonkeyPatch,
    alike: bool,
) -> None:
    """Some thousand rescans of an Akte of some thousand Dokumente took minutes, and more with names that none bears."""
    read: list[str] = []
    monkeypatch.setattr("flows.meant.tokens", lambda text: read.append(text) or tokens(text))
    there = [a_dokument("Anlage" if alike else f"Anlage {n}", f"alt{n}", name=f"d{n}") for n in range(100)]
    named = [a_wish("Anlage" if alike else f"Anlage {n}", f"neu{n}", name=f"w{n}") for n in range(100)]
    standing, pages = Standing(an_akte_with(*there), 3), Standing.pages
    counted: list[Dokument] = []
    monkeypatch.setattr(Standing, "pages", lambda own, one: counted.append(one) or pages(own, one))
    wanted = decide(named, standing, NOTHING)
    assert (len(wanted.replacements), len(wanted.findings)) == ((0, 100) if alike else (100, 0))
    assert len(read) <= 1000, "each is read a few times and not for each of the others"
    assert len(counted) <= 1000


def test_of_many_names_that_no_dokument_bears_the_first_are_told_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    near = difflib.get_close_matches
    monkeypatch.setattr("difflib.get_close_matches", lambda w, *a, **more: looked.append(w) or near(w, *a, **more))
    wrong = [a_wish(f"Lageplam {number}", name=f"w{number}") for number in range(30)]
    standing = Standing(an_akte_with(a_dokument("Lageplan")), 3)
    found = decide([a_wish("Lageplan", pages=1), *wrong], standing, NOTHING).findings
    assert [finding.code for finding in found] == ["IN-45", *["IN-43"] * 30]
    assert ["Am nächsten" in finding.text for finding in found] == [False, *[True] * 10, *[False] * 20]
    assert (len(looked), "archiv akte zeige" in found[-1].text) == (10, True)


def test_a_name_that_is_a_uuid_and_a_betreff_means_both() -> None:
    first = a_dokument("Plan", "a")
    second = replace(a_dokument("Plan 2", "b"), betreff=str(first.uuid))
    found = meant(a_wish(str(first.uuid)), Names(Standing(an_akte_with(second, first), 3)), hint=True)
    assert isinstance(found, Finding)
    assert (found.code, found.text.index(str(second.uuid)) < found.text.index(f"{first.uuid} (2")) == ("IN-44", True)
