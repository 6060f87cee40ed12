"""What the command line says of a rescan: how it is delivered, and afterwards what stands for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from akten.model import Akte, Ersetztes
from catalog.catalog import open_catalog
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.app.test_clearing_desk import doubtful as doubtful
from tests.catalog.build import CLERK, NOON, STAGES, a_package, a_page, a_pdfa, an_akte, archive, receive

NUMBER = "63-01234-2019"


@pytest.fixture
def versions(desk: Desk) -> tuple[Akte, Akte]:
    """Version 1, and version 2 with its one Dokument scanned anew."""
    with open_catalog(desk.url) as catalog:
        one, _ = archive(catalog, 1)
        row = receive(catalog, 2)
        new = replace(an_akte(one.uuid, row.uuid).dokumente[0], ersetzt=(Ersetztes(one.dokumente[0].uuid, 1),))
        two = replace(one, vorgaenge=(replace(one.vorgaenge[0], dokumente=(new,)),))
        catalog.record_recognised(
            row.uuid, {new.uuid: a_pdfa(new.uuid, [a_page(1, "x"), a_page(2, "y")])}, by=CLERK, now=NOON
        )
        for stage in STAGES:
            catalog.move(row.uuid, stage, by=CLERK, now=NOON)
        catalog.record_stored(row.uuid, two, a_package(one.uuid, 2), {new.uuid: ["x", "y"]}, by=CLERK, now=NOON)
        return one, two


def test_an_akte_shows_which_dokument_stands_for_which(desk: Desk, versions: tuple[Akte, Akte]) -> None:
    old, new = (str(akte.dokumente[0].uuid) for akte in versions)
    told = desk("akte", "zeige", NUMBER, "--json").json["documents"]
    assert [(d["uuid"], d["version"], d["replaces"], d["replaced_by"]) for d in told] == [
        (new, 2, [{"dokument": old, "version": 1}], None),
        (old, 1, [], new),
    ]
    text = " ".join(desk("akte", "zeige", NUMBER).out.split())
    assert f"„Bauantrag“ ({new}) ersetzt „Bauantrag“ ({old}) der Version 1." in text
    assert "1 (ersetzt)" in text
    assert desk("akte", "zeige", NUMBER, "--json").json["pages_left_out"] == 0  # what was replaced counts in no place
    assert "in keinem PDF/A" not in text


def test_the_trail_is_shown_in_german_with_both_names(desk: Desk, versions: tuple[Akte, Akte]) -> None:
    old, new = (str(akte.dokumente[0].uuid) for akte in versions)
    text = desk("protokoll", "zeige", NUMBER).out
    assert "Dokument ersetzt" in text
    assert (old[:8] in text, new[:8] in text) == (True, True)


@pytest.mark.usefixtures("doubtful")
@pytest.mark.parametrize(("result", "told"), [("nachscannen", True), ("unleserlich", False)])
def test_who_asks_for_a_rescan_is_told_how_it_is_delivered(desk: Desk, result: str, *, told: bool) -> None:
    (listed,) = desk("sichtung", "liste", "--json").json
    ran = desk("sichtung", "loese", listed["number"], result)
    assert (f"ersetzt: {listed['dokument']}" in ran.out) is told
    (line,) = [line for line in ran.out.splitlines() if "ersetzt:" in line] or [""]
    assert ("mit demselben Aktenzeichen" in line) is told
