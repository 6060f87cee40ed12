"""What every database must do when a Dokument takes the place of another, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from akten.findings import Verdict
from akten.model import Akte, Ersetztes
from catalog.catalog import Catalog
from catalog.trail import Verb
from tests.catalog.build import CLERK, NOON, STAGES, a_package, a_page, a_pdfa, an_akte, archive, receive

OLD_TEXT, NEW_TEXT = "Zwetschge im Text", "Aprikose im Text"


def rescanned(catalog: Catalog) -> tuple[Akte, Akte]:
    """An Akte of „Bauantrag“ and „Statik“, and its version 2, in which the „Bauantrag“ was scanned anew."""
    one, _ = archive(catalog, 1, {0: [OLD_TEXT, "Seite zwei"], 1: ["Träger"]}, titles=("Bauantrag", "Statik"))
    old, statik = one.dokumente
    blurred = catalog.reviews().total
    assert blurred == 0
    row = receive(catalog, 2)
    new = replace(an_akte(one.uuid, row.uuid).dokumente[0], ersetzt=(Ersetztes(old.uuid, 1),), datum=date(2020, 2, 2))
    two = replace(one, vorgaenge=(replace(one.vorgaenge[0], dokumente=(new, statik)),))
    results = {new.uuid: a_pdfa(new.uuid, [a_page(1, NEW_TEXT), a_page(2, "", None), a_page(3, "x")])}
    catalog.record_recognised(row.uuid, results, by=CLERK, now=NOON)
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    texts = {new.uuid: [NEW_TEXT, "", "x"]}
    for _ in range(2):  # killed after the entry, it is told again
        catalog.record_stored(row.uuid, two, a_package(one.uuid, 2), texts, by=CLERK, now=NOON)
    return one, two


def test_only_the_new_text_is_found_and_only_the_new_pages_count(catalog: Catalog) -> None:
    one, _ = rescanned(catalog)
    assert [bool(catalog.find(word, volltext=True).hits) for word in ("Zwetschge", "Aprikose", "Träger")] == [
        False,
        True,
        True,
    ]
    details = catalog.akte_details(one.uuid)
    assert details is not None
    assert details.row.pages == 4
    assert catalog.index_lag() == 0
    catalog.rebuild_index(by=CLERK, now=NOON)
    assert not catalog.find("Zwetschge", volltext=True).hits


def test_the_list_of_dokumente_names_the_old_one_last_with_its_successor(catalog: Catalog) -> None:
    one, two = rescanned(catalog)
    details = catalog.akte_details(one.uuid)
    assert details is not None
    old, new, statik = one.dokumente[0], *two.dokumente
    assert [(d.uuid, d.version, d.replaces, d.replaced_by) for d in details.dokumente] == [
        (new.uuid, 2, (Ersetztes(old.uuid, 1),), None),
        (statik.uuid, 2, (), None),
        (old.uuid, 1, (), new.uuid),
    ]


def test_pages_of_the_old_one_need_no_look_any_more_and_those_of_the_new_one_do(catalog: Catalog) -> None:
    row = receive(catalog, 1)
    assert row.akte is not None
    one = an_akte(row.akte, row.uuid)
    (old,) = one.dokumente
    catalog.plan(row.uuid, one, by=CLERK, now=NOON)
    bad = {old.uuid: a_pdfa(old.uuid, [a_page(1, "shclecht", 41.0), a_page(2, "auch", 30.0)])}
    catalog.record_recognised(row.uuid, bad, by=CLERK, now=NOON)
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    catalog.record_stored(row.uuid, one, a_package(one.uuid, 1), {}, by=CLERK, now=NOON)
    seen = catalog.reviews().rows[0]
    catalog.resolve_review(seen.number, "nachscannen", by=CLERK, now=NOON)
    later = receive(catalog, 2)
    new = replace(an_akte(one.uuid, later.uuid).dokumente[0], ersetzt=(Ersetztes(old.uuid, 1),))
    two = replace(one, vorgaenge=(replace(one.vorgaenge[0], dokumente=(new,)),))
    catalog.record_recognised(later.uuid, {new.uuid: a_pdfa(new.uuid, [a_page(1, "x", 20.0)])}, by=CLERK, now=NOON)
    for stage in STAGES:
        catalog.move(later.uuid, stage, by=CLERK, now=NOON)
    catalog.record_stored(later.uuid, two, a_package(one.uuid, 2), {}, by=CLERK, now=NOON)
    states = [(r.dokument, r.page, r.state, r.result) for r in catalog.reviews(state=None).rows]
    assert states == [
        (old.uuid, 1, "done", "nachscannen"),
        (old.uuid, 2, "done", "ersetzt"),
        (new.uuid, 1, "open", ""),
    ]


def test_the_trail_tells_it_once_without_a_word_of_what_the_papers_are(catalog: Catalog) -> None:
    one, two = rescanned(catalog)
    (event,) = catalog.events_of(akte=one.uuid, verb=Verb.DOKUMENT_REPLACED.value)
    assert (event.data, event.note) == (
        {"dokument": str(two.dokumente[0].uuid), "replaced": str(one.dokumente[0].uuid), "version": 1},
        "",
    )
    head = catalog.head()
    assert head is not None
    assert catalog.verify_trail([head]).verdict is Verdict.OK, "register and descriptions agree (TR-15)"


def test_a_version_on_top_tells_nothing_anew(catalog: Catalog) -> None:
    one, two = rescanned(catalog)
    row = receive(catalog, 3)
    three = an_akte(one.uuid, row.uuid)
    whole = replace(two, vorgaenge=(*two.vorgaenge, *three.vorgaenge))
    new = three.dokumente[0].uuid
    catalog.record_recognised(row.uuid, {new: a_pdfa(new, [a_page(1, "Brief")])}, by=CLERK, now=NOON)
    for stage in STAGES:
        catalog.move(row.uuid, stage, by=CLERK, now=NOON)
    catalog.record_stored(row.uuid, whole, a_package(one.uuid, 3), {new: ["Brief"]}, by=CLERK, now=NOON)
    assert len(catalog.events_of(akte=one.uuid, verb=Verb.DOKUMENT_REPLACED.value)) == 1
    details = catalog.akte_details(one.uuid)
    assert details is not None
    assert (details.row.pages, [d.version for d in details.dokumente]) == (5, [3, 3, 3, 1])
