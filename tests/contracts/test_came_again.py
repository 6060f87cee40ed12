"""What every database must tell of scans that came once more while their case was open, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from catalog import cameagain
from catalog.catalog import Catalog
from catalog.values import CameAgain
from tests.catalog.build import AN_ERROR, CLERK, NOON, a_scan, an_id, archive, receive

OTHER = "63-04321-2019"


def a_case(catalog: Catalog, name: object, **delivered: object) -> int:
    row = receive(catalog, name, **delivered)  # type: ignore[arg-type]
    return catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON).number


def place(akte: object, number: str, scans: int, of: int, version: int) -> CameAgain:
    return CameAgain(akte, "Bauakte", number, 1, version, scans, of)  # type: ignore[arg-type]


def test_of_each_case_it_is_told_which_akte_has_its_scans_since(catalog: Catalog) -> None:
    one, two, three, four = (a_scan("scan", n) for n in range(4))
    a_case(catalog, "all", scans=(one, two))
    a_case(catalog, "some", scans=(two, three, four))
    a_case(catalog, "other", number=OTHER, scans=(one, two))
    a_case(catalog, "part of another", number=OTHER, scans=(two, three))
    a_case(catalog, "nothing", scans=(four,))
    akte, _ = archive(catalog, "again", scans=(one, two))
    version = catalog.packages(akte.uuid)[-1].package.id.version
    wanted = [an_id("delivery", name) for name in ("all", "some", "other", "part of another", "nothing", "again")]
    assert catalog.came_again([*wanted, an_id("unknown")]) == {
        an_id("delivery", "all"): (place(akte.uuid, "63-01234-2019", 2, 2, version),),
        an_id("delivery", "some"): (place(akte.uuid, "63-01234-2019", 1, 3, version),),
        an_id("delivery", "other"): (place(akte.uuid, "63-01234-2019", 2, 2, version),),
    }
    assert catalog.came_again([]) == {}


def test_what_lay_there_before_the_case_came_is_its_own_matter(catalog: Catalog) -> None:
    """That a scan lies in another Akte is then what the case is about (IN-37)."""
    scans = (a_scan("scan", 1),)
    archive(catalog, "before", scans=scans)
    a_case(catalog, "case", number=OTHER, scans=scans)
    assert catalog.came_again([an_id("delivery", "case")]) == {}


def test_only_open_cases_share_scans_and_the_oldest_come_first(catalog: Catalog) -> None:
    one, two = (a_scan("scan", n) for n in range(2))
    solved = a_case(catalog, "solved", scans=(one,))
    catalog.resolve(solved, "return", "falsch", by=CLERK, now=NOON)
    first, second = a_case(catalog, "first", scans=(one, two)), a_case(catalog, "second", scans=(two,))
    a_case(catalog, "nothing", scans=(a_scan("scan", 9),))
    again = receive(catalog, "again", scans=(one, two)).uuid
    assert catalog.open_cases_sharing(again, 10) == (
        (first, an_id("delivery", "first")),
        (second, an_id("delivery", "second")),
    )
    assert catalog.open_cases_sharing(again, 1) == ((first, an_id("delivery", "first")),)


def test_a_page_that_very_many_deliveries_have_tells_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backs that were whitened are alike in all Akten: a page of cases was compared with each of them for half a
    minute.
    """
    monkeypatch.setattr(cameagain, "_MANY", 3)
    flat, one = a_scan("flat"), a_scan("scan", 1)
    a_case(catalog, "case", scans=(flat, one))
    a_case(catalog, "flat only", scans=(flat,))
    akte, _ = archive(catalog, "other", number=OTHER, scans=(flat,))
    assert catalog.came_again([an_id("delivery", "flat only")]) == {
        an_id("delivery", "flat only"): (place(akte.uuid, OTHER, 1, 1, 1),)
    }
    stranger = receive(catalog, "stranger", number=OTHER, scans=(flat, a_scan("scan", 2))).uuid
    assert catalog.open_cases_sharing(stranger, 10) == ()
    assert catalog.came_again([an_id("delivery", "flat only"), an_id("delivery", "case")]) == {}
    again, _ = archive(catalog, "again", scans=(one, flat))
    version = catalog.packages(again.uuid)[-1].package.id.version
    assert catalog.came_again([an_id("delivery", "case")]) == {
        an_id("delivery", "case"): (place(again.uuid, "63-01234-2019", 1, 1, version),)
    }
