"""A rescan takes the place of what it replaces in the new version, which holds nothing of that any more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from akten.errors import FixityError, Rejected
from akten.files import digest_bytes
from akten.findings import Verdict
from akten.model import Ersetztes, Laufzeit
from catalog.trail import Verb
from flows.packing import Made
from metadata.schemas import Schemas
from tests.flows.packingworld import (
    DELIVERY,
    XDOMEA,
    Came,
    World,
    carried_from,
    events_of,
    message_of,
    parts_of,
)
from tests.flows.reentryworld import ARCHIVIST, NOW, WORDS, Restored, told
from tests.memory_store import MemoryStore

RESCAN = UUID("5f1d6c1e-0000-4000-8000-00000000d002")
LATER = UUID("5f1d6c1e-0000-4000-8000-00000000d003")
OLD, PLAN, NOTE = (uuid5(DELIVERY, f"dokument/{place}") for place in ("1/1", "1/2", "2/1"))
NEW = uuid5(RESCAN, "dokument/1/1")
ALL = {"antrag.tif": Came(pages=2, dropped=(2,)), "plan.tif": Came(), "vermerk.tif": Came()}
ANTRAG = {"betreff": "Antrag", "typ": "Antrag", "datum": "2019-03-01", "posteingang": "2019-03-05"}
FIRST = {
    "vorgaenge": [
        {"betreff": "Anbau", "dokumente": [{**ANTRAG, "dateien": ["antrag.tif"]}, {"betreff": "Plan", "seiten": "3"}]},
        {"betreff": "Nachspiel", "dokumente": [{"betreff": "Vermerk", "dateien": ["vermerk.tif"]}]},
    ]
}


def rescan(ersetzt: str = "antrag", betreff: str = "Antrag (neu)", **dokument: Any) -> dict[str, Any]:
    one = {"betreff": betreff, "ersetzt": ersetzt, "dateien": ["neu.tif"], **dokument}
    return {"vorgaenge": [{"betreff": "Ganz anders", "dokumente": [one]}]}


@pytest.fixture
def world(tmp_path: Path, xdomea_folder: Path, premis_xsd: Path) -> World:
    return World(tmp_path, Schemas(xdomea_folder), premis_xsd)


def two(world: World, **more: Any) -> tuple[Made, Made]:
    """Version 1, and version 2 with the first Dokument scanned anew."""
    first = world.make(world.material(ALL, slip=FIRST))
    new = {"neu.tif": Came(pages=2)}
    slip = more.pop("slip", rescan())
    second = world.make(world.material(new, slip=slip, delivery=RESCAN, carried=carried_from(first), version=2, **more))
    return first, second


def test_the_new_dokument_stands_where_the_old_one_stood_and_keeps_what_its_slip_does_not_say(world: World) -> None:
    _, made = two(world)
    assert [[d.uuid for d in v.dokumente] for v in made.akte.vorgaenge] == [[NEW, PLAN], [NOTE]]
    new = made.akte.dokumente[0]
    assert (new.betreff, new.typ, new.datum, new.posteingang) == (
        "Antrag (neu)",
        "Antrag",
        date(2019, 3, 1),
        date(2019, 3, 5),
    )
    assert new.ersetzt == (Ersetztes(OLD, 1),)
    _, other = two(world, slip=rescan(typ="Skizze", datum="2020-06-30"))
    said = other.akte.dokumente[0]
    assert (said.typ, said.datum, said.posteingang) == ("Skizze", date(2020, 6, 30), date(2019, 3, 5))
    spans = [other.akte.laufzeit, other.akte.vorgaenge[0].laufzeit]
    assert spans == [Laufzeit(date(2019, 3, 1), date(2020, 6, 30))] * 2


def test_nothing_of_the_replaced_dokument_is_in_the_new_version_and_all_else_is(world: World) -> None:
    first, made = two(world)
    before, now = parts_of(first), parts_of(made)
    pdf, scan = uuid5(OLD, "pdfa"), uuid5(DELIVERY, "antrag.tif")
    left_out = {path for path in before if any(str(uuid) in path for uuid in (OLD, pdf, scan))}
    assert len(left_out) == 5, "scan, PDF/A, its text, what was said of it, its note"
    assert left_out.isdisjoint(now)
    renamed = {"metadata/preservation/premis.xml", "metadata/preservation/untersuchung.json"}
    renamed |= {path for path in before if path.startswith("documentation/")}
    stayed = {path for path in before if not path.startswith("metadata/descriptive/")} - left_out - renamed
    assert {path: before[path] for path in stayed} == {path: now[path] for path in stayed}
    for path in renamed:  # they tell of version 1, also of what only that one holds
        stem, _, suffix = path.rpartition(".")
        assert now[f"{stem}-v1.{suffix}"] == before[path]
    assert str(scan).encode() in now["metadata/preservation/premis-v1.xml"]


def test_a_picture_of_a_blank_page_goes_with_its_dokument(world: World) -> None:
    material = world.material(ALL, slip=FIRST)
    pdfa = material.pdfas[OLD]
    pages = tuple(replace(page, blank=True, thumbnail=b"jpg") for page in pdfa.pages)
    first = world.make(replace(material, pdfas={**material.pdfas, OLD: replace(pdfa, pages=pages)}))
    new = world.material(
        {"n": Came(pages=2)}, slip=rescan(dateien=["n"]), delivery=RESCAN, carried=carried_from(first), version=2
    )
    assert [path for path in parts_of(first) if "leer-" in path]
    assert not [path for path in parts_of(world.make(new)) if "leer-" in path]


def test_history_and_premis_tell_what_was_replaced_by_what(world: World) -> None:
    _, made = two(world)
    words = f"Dokument {OLD} der Version 1"
    (entry,) = [
        e
        for e in message_of(made).iter(f"{XDOMEA}HistorienProtokollInformation")
        if e.findtext(f"{XDOMEA}Aktion") == "Ersetzung"
    ]
    assert (entry.findtext(f"{XDOMEA}Bemerkung"), entry.findtext(f"{XDOMEA}Akteur/{XDOMEA}Name") or "S17") == (
        f"ersetzt {words}",
        "S17",
    )
    event = ("modification", f"Dokument {NEW} ersetzt {words}")
    ((*_, sources, outcomes),) = [found for found in events_of(made) if found[:2] == event]
    assert (sources, outcomes) == ((str(uuid5(NEW, "pdfa")),), (str(made.akte.uuid),))


def test_a_nachscan_on_top_carries_the_rescan_and_what_it_stands_for(world: World) -> None:
    _, second = two(world)
    slip = {"vorgaenge": [{"betreff": "Anbau", "dokumente": [{"betreff": "Brief", "dateien": ["b.tif"]}]}]}
    third = world.make(
        world.material({"b.tif": Came()}, slip=slip, delivery=LATER, carried=carried_from(second, 2), version=3)
    )
    assert [d.betreff for d in third.akte.vorgaenge[0].dokumente] == ["Antrag (neu)", "Plan", "Brief"]
    assert third.akte.dokumente[0] == second.akte.dokumente[0]
    assert not [event for event in events_of(third) if event[0] == "modification"]
    once_more = rescan("Antrag (neu)", "Antrag")
    again = world.make(
        world.material(
            {"neu.tif": Came(pages=2)}, slip=once_more, delivery=LATER, carried=carried_from(second, 2), version=3
        )
    )
    assert again.akte.dokumente[0].ersetzt == (Ersetztes(NEW, 2),)


SHARED = {
    "vorgaenge": [
        {
            "betreff": "Anbau",
            "dokumente": [{"betreff": "Antrag", "seiten": "1-2"}, {"betreff": "Plan", "seiten": "3"}],
        }
    ]
}


def test_a_scan_that_another_dokument_is_made_of_stays_with_what_was_embedded_in_it(world: World) -> None:
    """Else the other one would have no master any more, and the attachment would be gone with nobody asked."""
    files = {"alles.pdf": Came("application/pdf", pages=3)}
    first = world.make(world.material(files, slip=SHARED, attachments=[("alles.pdf", "liste.csv", b"1;2")]))
    shared = uuid5(DELIVERY, "alles.pdf")
    ((old, held),) = [(d, d.anlagen) for d in first.akte.dokumente if d.anlagen]
    assert (old.uuid, len(held)) == (OLD, 1)
    new = world.material(
        {"neu.tif": Came(pages=2)}, slip=rescan(), delivery=RESCAN, carried=carried_from(first), version=2
    )
    made = world.make(new)
    masters = [path for path in parts_of(made) if path.startswith("representations/master/")]
    assert {Path(path).stem for path in masters} == {
        str(shared),
        str(held[0].datei.uuid),
        str(uuid5(RESCAN, "neu.tif")),
    }
    assert {d.uuid: d.anlagen for d in made.akte.dokumente} == {NEW: (), PLAN: held}
    both = {
        "vorgaenge": [
            {
                "betreff": "Anbau",
                "dokumente": [
                    {"betreff": "A", "ersetzt": "Antrag", "seiten": "1-2"},
                    {"betreff": "P", "ersetzt": "Plan", "seiten": "3"},
                ],
            }
        ]
    }
    files = {"neu.tif": Came(pages=3)}
    none = world.make(world.material(files, slip=both, delivery=RESCAN, carried=carried_from(first), version=2))
    assert not [path for path in parts_of(none) if str(shared) in path or str(held[0].datei.uuid) in path]


def test_a_vorgang_that_held_only_what_goes_elsewhere_is_none_any_more(world: World) -> None:
    """A Nachscan without a word of it made a Vorgang of its own; delivered again with `ersetzt` it leaves nothing."""
    first = world.make(world.material(ALL, slip=FIRST))
    same = b"derselbe Scan"
    stray = {"vorgaenge": [{"betreff": "Verirrt", "dokumente": [{"betreff": "Antrag", "dateien": ["x.tif"]}]}]}
    came = {"x.tif": Came(pages=2, data=same)}
    second = world.make(world.material(came, slip=stray, delivery=LATER, carried=carried_from(first), version=2))
    assert [v.betreff for v in second.akte.vorgaenge] == ["Anbau", "Nachspiel", "Verirrt"]
    files = {"neu.tif": Came(pages=2, data=same)}
    slip = rescan(betreff="Antrag")
    third = world.make(world.material(files, slip=slip, delivery=RESCAN, carried=carried_from(second, 2), version=3))
    assert [v.betreff for v in third.akte.vorgaenge] == ["Anbau", "Nachspiel"]
    assert third.akte.dokumente[0].ersetzt == (Ersetztes(OLD, 2), Ersetztes(uuid5(LATER, "dokument/1/1"), 2))


def test_a_version_before_that_does_not_tell_its_scans_is_no_ground_to_leave_files_out(world: World) -> None:
    first = world.make(world.material(ALL, slip=FIRST))
    carried = carried_from(first)
    bad = tuple(
        replace(part, source=b"{}", digests=digest_bytes(b"{}")) if "/pdfa-" in part.path else part
        for part in carried.parts
    )
    with pytest.raises(FixityError, match="woraus sein PDF/A gemacht ist"):
        world.material(
            {"neu.tif": Came(pages=2)}, slip=rescan(), delivery=RESCAN, carried=replace(carried, parts=bad), version=2
        )


# --- in the catalog, and back into it -------------------------------------------------------------------------------


def test_a_lost_catalog_learns_from_the_packages_what_was_replaced(tmp_path: Path) -> None:
    """Akte, trail, review list and search are what they were; TR-15 holds register and description together."""
    world = Restored(tmp_path, [MemoryStore(name, clock=lambda: NOW) for name in ("a", "b")])
    blurred = {"antrag.tif": Came(pages=2, confidence=41.0), "plan.tif": Came()}
    slip = {"vorgaenge": [FIRST["vorgaenge"][0]], "aktenzeichen": "63-1-20"}
    akte, one = world.archive(blurred, slip=slip)
    old = akte.dokumente[0].uuid
    assert [review.dokument for review in world.catalog.reviews().rows] == [old, old]
    new = {"neu.tif": Came(pages=2)}
    newest, _ = world.archive(new, version=2, slip={**rescan(), "aktenzeichen": "63-1-20"})

    def shown() -> list[Any]:
        catalog = world.catalog
        details = catalog.akte_details(akte.uuid)
        assert details is not None
        return [
            details.akte,
            details.dokumente,
            details.row.pages,
            [(r.dokument, r.page, r.state, r.result) for r in catalog.reviews(state=None).rows],
            [e.data for e in catalog.events_of(akte=akte.uuid, verb=Verb.DOKUMENT_REPLACED.value)],
            sorted(world.texts()),
            [(hit.akte.uuid, len(hit.snippets)) for hit in catalog.find(WORDS, volltext=True).hits],
            catalog.index_lag(),
            catalog.packages(akte.uuid)[0].package.commit_sha256,
        ]

    before = shown()
    assert before[0] == newest
    assert [(d.uuid == old, d.version, d.replaced_by) for d in before[1]] == [
        (False, 2, None),
        (False, 2, None),
        (True, 1, newest.dokumente[0].uuid),
    ]
    assert before[2] == 3
    assert [review[2:] for review in before[3]] == [("done", "ersetzt")] * 2
    event = {"dokument": str(newest.dokumente[0].uuid), "replaced": str(old), "version": 1}
    assert before[4] == [event]
    assert str(old).replace("-", "") not in {str(text[0]).replace("-", "") for text in before[5]}
    assert before[8] == one.commit_sha256
    head = world.catalog.head()
    assert head is not None
    assert world.catalog.verify_trail([head]).verdict is Verdict.OK
    world.put_back()
    summary = world.enter()
    assert ([entered.id.version for entered in summary.entered], told(summary)) == ([1, 2], [])
    for now_is, then in zip(shown(), before, strict=True):
        assert now_is == then
    anew = world.catalog.head()
    assert anew is not None
    assert world.catalog.verify_trail([anew]).verdict is Verdict.OK
    world.catalog.rebuild_index(by=ARCHIVIST, now=NOW)
    assert shown()[5:8] == before[5:8], "an index made anew does not bring the old text back"


def test_what_no_dokument_of_the_akte_is_called_is_not_packed(world: World) -> None:
    with pytest.raises(Rejected, match="IN-43"):
        two(world, slip=rescan("Bauzeichnung"))


def test_the_record_of_the_judges_tells_the_scans(world: World) -> None:
    """What decides which masters go is written into every package."""
    made = world.make(world.material(ALL, slip=FIRST))
    record = json.loads(parts_of(made)[f"metadata/preservation/pdfa-{uuid5(OLD, 'pdfa')}.json"])
    assert {page["scan"] for page in record["pages"]} == {str(uuid5(DELIVERY, "antrag.tif"))}
