"""What the slip of a rescan says it replaces is one Dokument that the Akte has now, or a person is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from akten.files import Digests, PageRef, digest_bytes
from akten.findings import Finding, Severity
from akten.model import Akte, Datei, Dokument, Ersetztes, Vorgang
from catalog.fold import tokens
from flows.arrival import slip_json
from flows.meant import Standing
from flows.replacing import Replacement, Wanted, blank_now, decide, seen_before
from flows.wiring import Services
from ingest.delivery import PlannedAkte
from ingest.rescans import Wish
from ingest.slip import parse_slip
from ingest.slipdoc import Slip, SlipDokument, SlipVorgang
from tests.builders import a_slip
from tests.catalog.build import a_page, a_pdfa, an_akte, an_id
from tests.ingest.builders import a_delivery, a_scan

NOTHING: frozenset[str] = frozenset()


def a_dokument(betreff: str, scan: str = "", *, pages: int = 2, name: str = "", **more: Any) -> Dokument:
    """A Dokument of one scan, or of one that it shares with others (`scan` is "")."""
    uuid = an_id(name or betreff)
    files = [Datei(an_id(uuid, "pdf"), "pdf", "application/pdf", digest_bytes(b"pdf"), "044")]
    if scan:
        files.append(Datei(an_id(uuid, "scan"), "tif", "image/tiff", digests(scan), "023"))
    return Dokument(uuid, betreff, seiten=pages, dateien=tuple(files), **more)


def digests(scan: str) -> Digests:
    return digest_bytes(scan.encode())


def an_akte_with(*dokumente: Dokument) -> Akte:
    vorgang = Vorgang(an_id("vorgang"), "Anbau", dokumente=dokumente)
    return replace(an_akte(an_id("akte"), an_id("lieferung")), vorgaenge=(vorgang,))


def standing(
    *dokumente: Dokument, former: tuple[Dokument, ...] = (), received: Mapping[UUID, int] | None = None
) -> Any:
    return Standing(an_akte_with(*dokumente), 3, former, received or {})


def a_wish(named: str, scan: str = "neu", *, pages: int = 2, betreff: str = "Bauantrag", name: str = "w") -> Wish:
    files = frozenset({f"{scan}.tif"})
    return Wish(an_id(name), betreff, named, pages, frozenset({digests(scan).sha512}), files, f"{name}.ersetzt")


def gone(wanted: Wanted) -> list[list[UUID]]:
    return [[old.dokument for old in one.gone] for one in wanted.replacements]


def codes(findings: tuple[Finding, ...]) -> list[tuple[str, Severity]]:
    return [(finding.code, finding.severity) for finding in findings]


ANTRAG = a_dokument("Bauantrag, Hafenstraße", "alt")
PLAN = a_dokument("Lageplan", "plan")


@pytest.mark.parametrize("named", ["BAUANTRAG Hafenstr.", str(ANTRAG.uuid), f" {str(ANTRAG.uuid).upper()} "])
def test_a_dokument_is_meant_by_its_betreff_in_any_spelling_or_by_its_uuid(named: str) -> None:
    wanted = decide([a_wish(named)], standing(ANTRAG, PLAN), NOTHING)
    assert [one.gone for one in wanted.replacements] == [(Ersetztes(ANTRAG.uuid, 3),)]
    assert (wanted.new, wanted.findings) == ({an_id("w")}, ())


def test_what_the_akte_does_not_have_is_asked_with_the_nearest_names() -> None:
    wanted = decide([a_wish("Lagepläne")], standing(ANTRAG, PLAN), NOTHING)
    assert (codes(wanted.findings), gone(wanted)) == ([("IN-43", Severity.ERROR)], [])
    assert f"„Lageplan“ ({PLAN.uuid})" in wanted.findings[0].text
    (far,) = decide([a_wish("xyz")], standing(PLAN), NOTHING).findings
    assert "archiv akte zeige" in far.text


def test_before_the_first_version_there_is_nothing_to_replace() -> None:
    (finding,) = decide([a_wish("Bauantrag")], Standing(), frozenset({"IN-43"})).findings
    assert codes((finding,)) == [("IN-43", Severity.ERROR)], "nobody can accept it"
    assert "noch nicht archiviert" in finding.text


def test_what_was_replaced_already_by_another_scan_is_told_so() -> None:
    (finding,) = decide([a_wish(str(ANTRAG.uuid))], standing(PLAN, former=(ANTRAG,)), NOTHING).findings
    assert (finding.code, "ist schon ersetzt" in finding.text) == ("IN-43", True)


def test_of_several_that_are_called_alike_the_uuids_are_listed() -> None:
    two = [a_dokument("Bescheid", f"b{n}", pages=n, name=f"b{n}") for n in (1, 2)]
    wanted = decide([a_wish("Bescheid")], standing(*two), NOTHING)
    assert (codes(wanted.findings), gone(wanted)) == ([("IN-44", Severity.ERROR)], [])
    assert f"{two[0].uuid} (1 Seite); {two[1].uuid} (2 Seiten)" in wanted.findings[0].text
    assert gone(decide([a_wish(str(two[1].uuid))], standing(*two), NOTHING)) == [[two[1].uuid]]


def test_two_of_one_delivery_cannot_take_the_same_place() -> None:
    both = [a_wish("Lageplan", f"s{n}", name=f"w{n}") for n in (1, 2)]
    assert codes(decide(both, standing(PLAN), NOTHING).findings) == [("IN-44", Severity.ERROR)] * 2


def test_fewer_pages_than_were_scanned_before_need_a_person_and_both_numbers_are_told() -> None:
    """Scanned pages are compared: of the old one, three blank ones were left out of the PDF/A."""
    known = standing(a_dokument("Lageplan", "plan", pages=2), received={PLAN.uuid: 5})
    wanted = decide([a_wish("Lageplan", pages=4)], known, NOTHING)
    assert codes(wanted.findings) == [("IN-45", Severity.ERROR)]
    assert "4 Seiten, das ersetzte 5 Seiten" in wanted.findings[0].text
    accepted = decide([a_wish("Lageplan", pages=4)], known, frozenset({"IN-45"}))
    assert (codes(accepted.findings), gone(accepted)) == ([("IN-45", Severity.WARNING)], [[PLAN.uuid]])
    assert decide([a_wish("Lageplan", pages=5)], known, NOTHING).findings == ()


def test_what_came_without_ersetzt_and_comes_again_with_it_goes_with_the_one_that_it_replaces() -> None:
    """The receipt advised it (IN-46); the Betreff stands twice by now, and no page may stay twice."""
    later = a_dokument("Lageplan", "neu", name="spaeter")
    wanted = decide([a_wish("Lageplan", betreff="Lageplan")], standing(PLAN, later), NOTHING)
    assert (gone(wanted), wanted.findings, wanted.again) == ([[PLAN.uuid, later.uuid]], (), {"neu.tif"})
    other = a_dokument("Ganz anderes", "neu", name="anders")
    assert gone(decide([a_wish("Lageplan")], standing(PLAN, other), NOTHING)) == [[PLAN.uuid]]


def test_a_rescan_delivered_twice_replaces_nothing_more() -> None:
    done = a_dokument("Antrag, neu gescannt", "neu", ersetzt=(Ersetztes(ANTRAG.uuid, 1),))
    for named in (done.betreff, str(done.uuid), ANTRAG.betreff, str(ANTRAG.uuid)):
        assert decide([a_wish(named)], standing(done, former=(ANTRAG,)), NOTHING) == Wanted(), named


def test_the_old_scan_may_take_its_place_back_and_the_same_scan_be_read_anew() -> None:
    done = a_dokument("Bauantrag", "neu", ersetzt=(Ersetztes(ANTRAG.uuid, 1),))
    assert gone(decide([a_wish("Bauantrag", "alt")], standing(done, former=(ANTRAG,)), NOTHING)) == [[done.uuid]]
    assert gone(decide([a_wish("Lageplan", "plan")], standing(PLAN), NOTHING)) == [[PLAN.uuid]]


def test_what_is_said_of_a_scan_that_is_there_is_what_happens_to_it() -> None:
    told = Wanted(again=frozenset({"a"}), outdated=frozenset({"b"})).retold(
        Finding("IN-36", Severity.INFO, name, "Dieser Scan liegt schon in dieser Akte (Version 1); er wird verknüpft.")
        for name in ("a", "b", "c")
    )
    again, outdated, plain = (finding.text for finding in told)
    assert again.endswith("(Version 1); sein Dokument ersetzt ein anderes und bekommt ihn noch einmal.")
    assert outdated.endswith(
        "er wird verknüpft. Das Dokument, in dem er liegt, ist inzwischen ersetzt; es zählt das neue."
    )
    assert plain.endswith("er wird verknüpft.")


def test_of_many_scans_that_are_there_ten_of_each_fate_are_told_and_the_rest_is_counted() -> None:
    """A Nachscan with the whole Akte of before told each of its thousands of scans."""
    other = Finding("IN-35", Severity.ERROR, "x", "y")
    text = "Dieser Scan liegt schon in dieser Akte (Version 1); er wird verknüpft."
    many = [Finding("IN-36", Severity.INFO, f"s{n}", text) for n in range(30)]
    told = list(Wanted(again=frozenset(f"s{n}" for n in range(12))).retold([*many, other]))
    assert [f.where for f in told] == [*(f"s{n}" for n in range(10)), *(f"s{n}" for n in range(12, 22)), "x", ""]
    assert told[-1] == Finding("IN-36", Severity.INFO, "", "… und 10 weitere Scans liegen schon in dieser Akte.")
    assert len(list(Wanted().retold(many[:10]))) == 10


@pytest.mark.parametrize(
    ("leaving", "sharing", "stored"),
    [
        ({"f.tif"}, set(), True),  # linked, its page would be in no Dokument
        (set(), set(), False),
        ({"andere.tif"}, set(), False),
        ({"f.tif"}, {(("lageplan",), 1)}, False),  # it shares the file, stays, and is there already
        ({"f.tif"}, {(("lageplan",), 2)}, True),
    ],
)
def test_of_scans_that_are_there_only_what_would_be_lost_is_stored(
    leaving: set[str], sharing: set[tuple[tuple[str, ...], int]], *, stored: bool
) -> None:
    delivery = a_delivery(None, a_scan("f.tif"), a_scan("andere.tif"))
    planned = PlannedAkte(an_akte_with(PLAN), {PLAN.uuid: (PageRef(delivery.scans[0].uuid, 3),)})
    wanted = Wanted(leaving=frozenset(leaving), sharing=frozenset(sharing))
    assert wanted.stored(delivery, planned) == ({PLAN.uuid} if stored else set())


# --- exported anew --------------------------------------------------------------------------------------------------


def said(before: list[Dokument], new: list[Dokument], *, files: bool = False, ersetzt: str = "") -> list[str]:
    named = SlipVorgang("Anbau", dokumente=(SlipDokument("x", dateien=("x",), ersetzt=ersetzt),))
    slip = Slip(an_akte_with().aktenart, "63-1-20", "Anbau", "S17", vorgaenge=() if files else (named,))
    pdfas = {d.uuid: a_pdfa(d.uuid, [a_page(n, "Text") for n in range(d.seiten)]) for d in new}
    found = seen_before(an_akte_with(*before), an_akte_with(*new), pdfas, slip)
    assert codes(found) in ([], [("IN-46", Severity.WARNING)])
    return [finding.text for finding in found]


def newly(*dokumente: Dokument) -> list[Dokument]:
    return [replace(d, uuid=an_id("neu", d.uuid, number)) for number, d in enumerate(dokumente)]


def test_dokumente_that_the_akte_has_already_are_told_once_with_their_number() -> None:
    before = [ANTRAG, PLAN, a_dokument("Statik", pages=7)]
    (text,) = said(before, newly(*before, a_dokument("Nachtrag")))
    assert "3 von 4 Dokumenten" in text
    assert "„ersetzt“" in text
    (one,) = said(before, newly(PLAN, PLAN))
    assert "1 von 2" in one, "what is there once is met once"


def test_of_large_akten_no_dokument_is_held_against_each_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Akte of 20,000 Dokumente that an office exports anew took half an hour for this alone."""
    read: list[str] = []
    real = tokens
    monkeypatch.setattr("flows.meant.tokens", lambda text: read.append(text) or real(text))
    before = [a_dokument(f"Anlage {number}", pages=1) for number in range(60)]
    (text,) = said(before, newly(*before[:30], *(a_dokument(f"Beleg {number}", pages=1) for number in range(30))))
    assert ("30 von 60" in text, len(read) <= 120) == (True, True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, True),
        ({"betreff": "LAGEPLAN!"}, True),
        ({"seiten": 3}, False),
        ({"datum": date(2020, 2, 2)}, True),  # the one that is there tells none
        ({"datum": date(2020, 2, 2), "known": date(2019, 1, 1)}, False),
    ],
)
def test_alike_is_what_has_betreff_and_pages_and_no_other_date(change: dict[str, Any], told: bool) -> None:
    known = replace(PLAN, datum=change.pop("known", None))
    assert bool(said([known], newly(replace(PLAN, **change)))) is told


def test_who_says_ersetzt_somewhere_knows_how_to_say_it() -> None:
    assert said([PLAN], newly(PLAN), ersetzt="Bauantrag") == []


@pytest.mark.parametrize(
    ("before", "new", "told"),
    [
        (["scan1"], ["scan1"], False),  # every delivery of a scanner begins so
        (["scan1", "scan2"], ["scan1", "scan2"], False),
        (["scan"], ["scan"], False),
        (["Antrag", "Statik"], ["Antrag", "Statik"], True),
        (["Antrag", "Statik"], ["Antrag", "Statik", "Plan"], False),
    ],
)
def test_names_of_files_are_believed_only_where_all_are_there_and_no_scanner_counted_them(
    before: list[str], new: list[str], *, told: bool
) -> None:
    known, came = ([a_dokument(name, pages=1) for name in names] for names in (before, new))
    assert bool(said(known, newly(*came), files=True)) is told


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        ({}, "42ad975fdd9beeaa5702acf26c9e0bf3a4c72f34fa4f6cb9ce54a1ee741e077f"),
        ({"ersetzt": "D"}, ""),
    ],
)
def test_a_slip_without_ersetzt_is_the_one_that_was_noted_before_it_could_be_said(
    said: dict[str, str], noted: str
) -> None:
    """Else every delivery of old that comes again would be told that its slip says otherwise (WF-06)."""
    one = {"betreff": "D", "dateien": ["scan1.png"], "datum": "2019-03-01", **said}
    slip = a_slip(vorgaenge=[{"betreff": "V", "dokumente": [one]}])
    found = slip_json(parse_slip(json.dumps(slip).encode(), "laufzettel.json"))["sha256"]
    assert (found == noted) is bool(noted)


def test_a_dokument_is_meant_by_its_betreff_of_before_a_correction_where_none_bears_it_now() -> None:
    once = {ANTRAG.uuid: frozenset({("bauantarg",)})}
    now = replace(standing(ANTRAG, PLAN), once_called=once)
    assert gone(decide([a_wish("BAUANTARG")], now, NOTHING)) == [[ANTRAG.uuid]]
    other = a_dokument("Bauantarg", "anderer")
    now = replace(standing(ANTRAG, other), once_called=once)
    assert gone(decide([a_wish("Bauantarg")], now, NOTHING)) == [[other.uuid]]
    assert codes(decide([a_wish("Bauantarg")], standing(ANTRAG), NOTHING).findings) == [("IN-43", Severity.ERROR)]


@pytest.mark.parametrize(
    ("blank", "texts", "before", "told"),
    [
        ([2], ["Seite eins", "Seite zwei", "drei"], 3, "Seite 2 ist leer"),
        ([2, 3], ["Seite eins", "Seite zwei", "drei"], 3, "Die Seiten 2-3 sind leer"),
        ([2], ["Seite eins", " . \n", "drei"], 3, ""),  # it was a back without a word then, too
        ([2], ["Seite eins", "Seite zwei"], 3, ""),  # a blank page was left out of it: a place says nothing
        ([2], ["eins", "zwei", "drei", "vier"], 4, ""),  # fewer pages: IN-45 asks
        ([1, 2, 3], ["Seite eins", "Seite zwei", "drei"], 3, "hat nur leere Seiten"),
        ([], ["Seite eins", "Seite zwei", "drei"], 3, ""),
    ],
)
def test_a_blank_page_where_the_replaced_one_had_text_is_asked(
    blank: list[int], texts: list[str], before: int, told: str
) -> None:
    catalog = SimpleNamespace(page_texts=lambda uuid: dict(enumerate(texts, 1)) if uuid == ANTRAG.uuid else {})
    one = Replacement(an_id("w"), (Ersetztes(ANTRAG.uuid, 1),), 3, before, "ersetzt")
    pdfa = a_pdfa(an_id("pdf"), [a_page(number, "" if number in blank else "Text") for number in (1, 2, 3)])
    pages = tuple(replace(page, blank=page.number in blank) for page in pdfa.pages)
    services = cast(Services, SimpleNamespace(catalog=catalog))
    found = blank_now(services, Wanted((one,)), {one.dokument: replace(pdfa, pages=pages)}, NOTHING)
    assert [(finding.code, finding.where) for finding in found] == ([("IN-49", "ersetzt")] if told else [])
    assert told in "".join(finding.text for finding in found)
