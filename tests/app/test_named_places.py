"""Findings about an Akte name it to people as they know it, and keep its UUID in JSON and in the keys of objects."""

from __future__ import annotations

import re

import pytest

import app.check_verbs
from akten.findings import Finding, Severity
from app.named_places import named_places
from catalog.catalog import open_catalog
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.asked import asked
from tests.catalog.build import an_id, archive
from tests.catalog.meddling import meddle

NAME = "Bauakte 63-00001-2019"


@pytest.fixture
def uuid(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The UUID of the one Akte; no store is asked for heads."""
    monkeypatch.setattr("app.trail_verbs.published_heads", lambda services: ((), ()))
    with open_catalog(desk.url) as catalog:
        akte, _ = archive(catalog, 1, number="63-00001-2019")
    return str(akte.uuid)


def test_the_check_of_the_trail_names_the_akte_that_was_changed(desk: Desk, uuid: str) -> None:
    meddle(desk.url, "UPDATE akten SET betreff = 'Falsch'")
    ran = desk("protokoll", "pruefe")
    assert (ran.code, f"{NAME}, Version 1" in " ".join(ran.out.split()), uuid in ran.out) == (5, True, False)
    places = {finding["where"] for finding in desk("protokoll", "pruefe", "--json").json["findings"]}
    assert f"Akte {uuid}, Version 1" in places


def test_the_comparison_with_the_stores_names_the_akte_beside_the_key(desk: Desk, uuid: str) -> None:
    key, foreign = f"a:aip/{uuid}/v1/bag.tar", f"a:aip/{an_id('fremd')}/v1/commit.json"
    found = tuple(Finding("XX-01", Severity.ERROR, where, "Das verzeichnete Paket fehlt.") for where in (key, foreign))
    desk.monkeypatch.setattr(app.check_verbs, "compare_stores", lambda services: found)
    text = re.sub(r"\s+", "", desk("abgleich").out)  # a narrow table breaks a long key
    assert f"{key}({NAME})".replace(" ", "") in text
    assert foreign in text
    assert [finding["where"] for finding in desk("abgleich", "--json").json["findings"]] == [key, foreign]


def test_however_many_findings_there_are_only_the_shown_ones_are_asked_for(desk: Desk, uuid: str) -> None:
    found = [Finding("XX-01", Severity.ERROR, f"a:aip/{an_id(n)}/v1/bag.tar", "") for n in range(2000)]
    found.append(Finding("XX-02", Severity.ERROR, f"Akte {uuid}", ""))
    with open_catalog(desk.url) as catalog, asked() as told:
        assert named_places(catalog, found) == {f"Akte {uuid}": NAME}
    assert len([statement for statement in told if "FROM akten" in statement]) == 1
