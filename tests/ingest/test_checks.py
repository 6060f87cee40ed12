"""The IN rules: a good delivery has no finding, one broken thing has its one code, and few codes may be accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from akten.aktenzeichen import MUSTER, Muster
from akten.files import FileFacts, FileKind
from akten.findings import Finding, Severity
from akten.model import Aktenart, Laufzeit
from ingest.assignment import assign
from ingest.checks import KnownScan, already_archived, check_balance, check_delivery
from ingest.delivery import Delivery
from ingest.naming import example_of
from ingest.options import IntakeOptions
from ingest.rules import ACCEPTABLE, RULES
from ingest.slipdoc import Qualitaetspruefung, Slip, SlipDokument, SlipVorgang
from ocr import examine
from tests.conftest import ROOT
from tests.ingest.builders import a_delivery, a_scan, a_slip, pages, some_facts

TODAY = date(2026, 11, 23)
OPTIONS = IntakeOptions(record_classes=(("building.permit-file", "Bauakte"), ("tax.file", "Steuerakte"), ("any", "")))


def checked(delivery: Delivery, facts: dict[UUID, FileFacts] | None = None, **more: object) -> list[Finding]:
    known: dict[str, KnownScan] = more.pop("known", {})  # type: ignore[assignment]
    accepted: frozenset[str] = more.pop("accepted", frozenset())  # type: ignore[assignment]
    options: IntakeOptions = more.pop("options", OPTIONS)  # type: ignore[assignment]
    facts = some_facts(delivery) if facts is None else facts
    return list(check_delivery(delivery, facts, known, options, accepted=accepted, today=TODAY))


def codes(delivery: Delivery, facts: dict[UUID, FileFacts] | None = None, **more: object) -> list[str]:
    return [finding.code for finding in checked(delivery, facts, **more)]


def with_dokumente(*dokumente: SlipDokument, **changes: object) -> Slip:
    return a_slip(vorgaenge=(SlipVorgang("v", dokumente=dokumente),), **changes)


def test_a_good_delivery_has_no_findings() -> None:
    delivery = a_delivery()
    assert codes(delivery) == []
    assert check_balance(delivery, some_facts(delivery), None) == ()
    assert check_balance(delivery, some_facts(delivery), 1, kept_pages=1) == ()


@pytest.mark.parametrize(("second", "wrong"), [(0, False), (41, True), (42, False)])
def test_a_quality_check_may_follow_the_scan_at_once(second: int, wrong: bool) -> None:
    """Of a time without seconds only the minute is known."""
    scanned = datetime(2026, 11, 20, 9, 15, 42, tzinfo=UTC)
    check = Qualitaetspruefung("S1", "", "ok", scanned.replace(second=second))
    slip = a_slip(gescannt_am=scanned, qualitaetspruefung=check)
    assert codes(a_delivery(slip=slip)) == (["IN-27"] if wrong else [])


@pytest.mark.parametrize(
    ("slip", "code"),
    [
        (a_slip(aktenzeichen="64-1234-19"), "IN-20"),
        (a_slip(aktenart=Aktenart.STEUERAKTE), "IN-20"),
        (a_slip(aktenzeichen="63-1234-2027"), "IN-22"),
        (a_slip(laufzeit=Laufzeit(None, date(2026, 11, 24))), "IN-22"),
        (a_slip(gescannt_am=datetime(2027, 1, 1, tzinfo=UTC)), "IN-22"),
        (with_dokumente(SlipDokument("a", datum=date(2062, 3, 1), seiten=((1, 2),))), "IN-22"),
        (a_slip(qualitaetspruefung=Qualitaetspruefung("S1", "", "ok", datetime(2026, 11, 24, tzinfo=UTC))), "IN-22"),
        (
            a_slip(
                gescannt_am=datetime(2026, 11, 20, 9, 1, tzinfo=UTC),
                qualitaetspruefung=Qualitaetspruefung("S1", "", "ok", datetime(2026, 11, 20, 9, tzinfo=UTC)),
            ),
            "IN-27",
        ),
        (a_slip(profil="standart"), "IN-23"),
        (a_slip(record_class="building.permit"), "IN-24"),
        (a_slip(record_class="tax.file"), "IN-24"),
        (with_dokumente(SlipDokument("a", dateien=("scan1.tif", "scan2.tif", "scan3.tif"))), "IN-30"),
        (with_dokumente(SlipDokument("a", dateien=("scan1.tif",))), "IN-31"),
        (with_dokumente(SlipDokument("a", seiten=((1, 2),)), SlipDokument("b", dateien=("scan2.tif",))), "IN-32"),
        (with_dokumente(SlipDokument("a", seiten=((1, 3),))), "IN-34"),
    ],
)
def test_one_wrong_thing_on_the_slip_gives_its_one_finding(slip: Slip, code: str) -> None:
    assert codes(a_delivery(slip)) == [code]


@pytest.mark.parametrize("record_class", ["building.permit-file", "any", None])
def test_a_record_class_of_the_family_is_good(record_class: str | None) -> None:
    assert codes(a_delivery(a_slip(record_class=record_class))) == []


def test_an_unknown_aktenzeichen_names_what_is_expected_and_the_family_it_fits() -> None:
    (finding,) = checked(a_delivery(a_slip(aktenart=Aktenart.STEUERAKTE)))
    assert example_of(MUSTER[1]) in finding.text
    assert "Bauakte" in finding.text


@pytest.mark.parametrize("written", ["63-1234-19 Band 2", "63/1234/19, Bd. 2", "63-1234-19 (Band 2)"])
def test_a_band_behind_the_aktenzeichen_is_sent_to_its_field(written: str) -> None:
    """It is how receipts and lists name a volume, so people write it; the answer spoke of the number alone."""
    (finding,) = checked(a_delivery(a_slip(aktenzeichen=written)))
    assert (finding.code, "„band“ ist 2" in finding.text) == ("IN-20", True)


def test_every_example_of_a_pattern_is_recognised() -> None:
    for muster in MUSTER:
        assert codes(a_delivery(a_slip(aktenart=Aktenart(muster.aktenart), aktenzeichen=example_of(muster)))) == []


def test_an_ambiguous_aktenzeichen_is_asked_with_both_readings_and_cannot_be_accepted() -> None:
    options = replace(OPTIONS, muster=(Muster("Bauakte", "63-{nr:5}-{jahr}", 1900, 2030),))
    (finding,) = checked(a_delivery(), options=options, accepted=frozenset({"IN-21"}))
    assert (finding.code, finding.severity) == ("IN-21", Severity.ERROR)
    assert "63-01234-1919" in finding.text
    assert "63-01234-2019" in finding.text


@pytest.mark.parametrize("named", [{"seiten": ((1, 1001),)}, {"dateien": ("scan1.tif", "scan2.tif")}])
def test_a_slip_that_names_every_page_in_each_of_its_dokumente_takes_no_memory(
    named: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of a megabyte has room for 30,000 Dokumente; with 5,000 pages each it took six gigabytes."""
    monkeypatch.setattr("ingest.assignment.MOST_NAMED", 5000)
    delivery = a_delivery(with_dokumente(*(SlipDokument(str(number), **named) for number in range(20))))
    facts = some_facts(delivery, {"scan1.tif": 1000})
    (finding,) = checked(delivery, facts, accepted=frozenset({"IN-07", "IN-32"}))
    assert (finding.code, finding.severity) == ("IN-07", Severity.ERROR)
    assert "mehr als eine Million Seiten" in finding.text
    assert sum(len(places) for places in assign(delivery.scans, delivery.slip, facts).pages[0]) <= 5000


def test_pages_without_dokument_are_named_as_ranges() -> None:
    delivery = a_delivery(with_dokumente(SlipDokument("a", seiten=((1, 1), (5, 5)))))
    (finding,) = checked(delivery, some_facts(delivery, {"scan1.tif": 4}))
    assert (finding.code, finding.where) == ("IN-33", "Seite 2-4")


@pytest.mark.parametrize(
    ("named", "advice"),
    [
        (("scan1.tiff", "scan2.tif"), "Meinten Sie „scan1.tif“?"),
        (("scan1", "scan2.tif"), "Meinten Sie „scan1.tif“?"),
        (("scan1.tif, scan2.tif",), "als Liste"),
        (("scan1.tif", "scan2.tif", "scan3.tif"), ""),  # what another Dokument has is not meant
    ],
)
def test_a_file_that_is_not_there_is_told_with_the_one_that_may_be_meant(named: tuple[str, ...], advice: str) -> None:
    found = [f for f in checked(a_delivery(with_dokumente(SlipDokument("a", dateien=named)))) if f.code == "IN-30"]
    (text,) = [finding.text for finding in found]
    assert advice in text
    assert advice or text.endswith("ist nicht in der Lieferung.")


def test_of_thousands_of_names_that_no_file_has_only_the_first_are_held_against_all_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each held against each, a slip that has other names for its files than the scanner took hours."""
    looked: list[str] = []
    monkeypatch.setattr("difflib.get_close_matches", lambda word, *_, **__: looked.append(word) or [])
    scans = [a_scan(f"scan_{number:03d}.tif") for number in range(100)]
    named = SlipDokument("a", dateien=tuple(f"Blatt-{number:03d}.tif" for number in range(100)))
    found = [f for f in checked(a_delivery(with_dokumente(named), *scans)) if f.code == "IN-30"]
    assert (len(found), 0 < len(looked) <= 20) == (11, True)


@pytest.mark.parametrize("code", ["IN-30", "IN-31"])
@pytest.mark.parametrize(("count", "rest"), [(10, ""), (11, "1 weitere Datei"), (12, "2 weitere Dateien")])
def test_of_many_wrong_names_and_surplus_files_the_first_are_told_and_the_rest_is_counted(
    code: str, count: int, rest: str
) -> None:
    """A slip with other names than the scanner gave made a finding for each: lists of tens of thousands of lines."""
    scans = [a_scan(f"scan{number:02d}.tif") for number in range(count + 1)]
    files = tuple(f"Blatt-{number:02d}.jpg" for number in range(count)) if code == "IN-30" else ()
    delivery = a_delivery(with_dokumente(SlipDokument("a", dateien=("scan00.tif", *files))), *scans)
    told = [f for f in checked(delivery) if f.code == code]
    assert {finding.severity for finding in told} == {Severity.ERROR}
    assert [finding.where for finding in told if "weitere" in finding.text] == ([""] if rest else [])
    assert (len(told), rest in told[-1].text) == (10 + bool(rest), True)
    if code == "IN-31":
        assert [finding.where for finding in told[:10]] == [f"scan{number:02d}.tif" for number in range(1, 11)]
        granted = [f for f in checked(delivery, accepted=frozenset({code})) if f.code == code]
        assert {finding.severity for finding in granted} == {Severity.WARNING}


@pytest.mark.parametrize(
    ("ranges", "count", "told"),
    [
        (((1, 2),), 1, "Die Seite 2 gibt es nicht; die Lieferung hat 1 Seite."),
        (((1, 4),), 2, "Die Seiten 3-4 gibt es nicht; die Lieferung hat 2 Seiten."),
    ],
)
def test_pages_behind_the_last_one_are_told_in_german(
    ranges: tuple[tuple[int, int], ...], count: int, told: str
) -> None:
    scans = [a_scan(f"scan{number}.tif") for number in range(1, count + 1)]
    found = checked(a_delivery(with_dokumente(SlipDokument("a", seiten=ranges)), *scans))
    assert [finding.text for finding in found if finding.code == "IN-34"] == [told]


def test_a_type_that_is_not_accepted_and_a_file_nobody_examined_are_findings() -> None:
    delivery = a_delivery(None, a_scan("a.tif"), a_scan("b.docx", mime="application/zip"))
    assert codes(delivery, {}) == ["IN-39", "IN-38"]


def test_findings_of_the_examination_are_passed_on_with_the_file_and_silence_the_page_count() -> None:
    delivery = a_delivery()
    bad = Finding("EX-07", Severity.ERROR, "Seite 1", "Die Datei ist beschädigt.")
    facts = some_facts(delivery) | {delivery.scans[0].uuid: FileFacts(FileKind.IMAGE, "image/tiff", (), (bad,))}
    (finding,) = checked(delivery, facts, accepted=frozenset({"EX-07"}))
    assert (finding.code, finding.where, finding.severity) == ("EX-07", "scan1.tif, Seite 1", Severity.ERROR)


def test_the_same_scan_twice_is_refused_until_a_person_accepts_it() -> None:
    delivery = a_delivery(None, a_scan("a.tif", b"x"), a_scan("b.tif", b"x"))
    assert [(f.code, f.severity) for f in checked(delivery)] == [("IN-35", Severity.ERROR)]
    accepted = checked(delivery, accepted=frozenset({"IN-35"}))
    assert [(f.code, f.severity) for f in accepted] == [("IN-35", Severity.WARNING)]


def test_a_page_of_one_colour_proves_nothing_by_being_alike() -> None:
    """Software that whitens backs writes the same bytes for each: every duplex delivery would stop."""
    delivery = a_delivery(None, a_scan("a.tif", b"x"), a_scan("b.tif", b"x"))
    foreign = {delivery.scans[0].digests.sha512: KnownScan(UUID(int=6), "11-004711", 2)}
    facts = some_facts(delivery)
    assert {f.code for f in checked(delivery, facts, known=foreign)} == {"IN-35", "IN-37"}
    flat = {uuid: replace(found, flat=True) for uuid, found in facts.items()}
    assert checked(delivery, flat, known=foreign) == []


def test_a_known_scan_is_linked_in_its_own_akte_and_asked_in_another() -> None:
    delivery = a_delivery()
    one, two = (scan.digests.sha512 for scan in delivery.scans)
    own = KnownScan(UUID(int=5), "63-01234-2019", 1)
    foreign = KnownScan(UUID(int=6), "11-004711", 2)
    found = checked(delivery, known={one: own, two: foreign})
    assert [(f.code, f.severity) for f in found] == [("IN-36", Severity.INFO), ("IN-37", Severity.ERROR)]
    assert "11-004711" not in found[1].text  # a number of another Akte is nobody's business here
    assert f"archiv akte zeige {foreign.akte}" in found[1].text
    assert already_archived(delivery, {one: own}, OPTIONS) is None
    assert already_archived(delivery, {one: own, two: foreign}, OPTIONS) is None
    assert already_archived(delivery, {one: own, two: replace(own, version=2)}, OPTIONS) == replace(own, version=2)


def test_a_known_scan_of_a_dokument_with_new_pages_is_not_called_linked() -> None:
    """The new Dokument is whole: the receipt must not say that a page of it were only linked."""
    slip = with_dokumente(SlipDokument("mit Neuem", seiten=((1, 2),)), SlipDokument("bekannt", seiten=((3, 3),)))
    delivery = a_delivery(slip, a_scan("a.tif", b"a"), a_scan("b.tif", b"b"), a_scan("c.tif", b"c"))
    places = {scan.digests.sha512: KnownScan(UUID(int=5), "63-01234-2019", 1) for scan in delivery.scans}
    del places[delivery.scans[1].digests.sha512]
    again, linked = checked(delivery, known=places)
    assert [(f.code, f.where, f.severity) for f in (again, linked)] == [
        ("IN-36", "a.tif", Severity.INFO), ("IN-36", "c.tif", Severity.INFO),
    ]  # fmt: skip
    assert "noch einmal" in again.text
    assert "verknüpft" not in again.text
    assert "wird verknüpft" in linked.text


def test_a_scan_that_lies_in_another_band_lies_in_another_akte() -> None:
    """Each Band is an Akte of its own: linked to this one, the scans would be in none of its packages."""
    delivery = a_delivery(a_slip(band=2))
    places = {scan.digests.sha512: KnownScan(UUID(int=5), "63-01234-2019", 1, band=1) for scan in delivery.scans}
    assert {f.code for f in checked(delivery, known=places)} == {"IN-37"}
    assert already_archived(delivery, places, OPTIONS) is None
    own = {sha512: replace(place, band=2) for sha512, place in places.items()}
    assert {f.code for f in checked(delivery, known=own)} == {"IN-36"}
    assert already_archived(delivery, own, OPTIONS) is not None


def test_a_missing_resolution_is_set_from_the_profile_and_a_stated_one_is_not_judged_again() -> None:
    """What cannot be true the examination takes away; of what it leaves, nothing else may be said to be applied."""
    delivery = a_delivery(a_slip(profil="foto"))
    one, two = delivery.scans
    facts = {
        one.uuid: FileFacts(FileKind.IMAGE, "image/tiff", (*pages(2, None), *pages(1, 300.0, 3))),
        two.uuid: FileFacts(FileKind.IMAGE, "image/tiff", pages(1, 72.0)),
    }
    found = checked(delivery, facts)
    assert [(f.code, f.severity, f.where) for f in found] == [
        ("IN-40", Severity.INFO, "scan1.tif, Seite 1-2"),
    ]
    assert "400 dpi" in found[0].text


def test_a_resolution_that_is_missing_is_told_once_and_not_page_by_page_as_well() -> None:
    """The examination tells it of each page (EX-19); with a profile the one sentence of IN-40 says all of it."""
    delivery = a_delivery(a_slip(profil="foto"))
    told = Finding("EX-19", Severity.INFO, "Seite 1", "Die genannte Auflösung (72 × 72 dpi) kann nicht stimmen.")
    facts = some_facts(delivery)
    one = delivery.scans[0].uuid
    facts[one] = FileFacts(FileKind.IMAGE, "image/tiff", pages(1, None), findings=(told,))
    (finding,) = checked(delivery, facts)
    assert finding.code == "IN-40"
    assert "keine Auflösung, die stimmen kann; angewandt werden 400 dpi" in finding.text
    facts[one] = replace(facts[one], kind=FileKind.PDF)
    assert [f.code for f in checked(delivery, facts)] == ["EX-19"]


# --- the balance ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "received", "code"),
    [
        ({"blattzahl": 3}, 3, None),
        ({"blattzahl": 3}, 2, "IN-50"),
        ({"blattzahl": 3}, 6, "IN-50"),
        ({"blattzahl": 3, "duplex": True}, 6, None),
        ({"blattzahl": 3, "duplex": True}, 5, "IN-50"),
        ({"blattzahl": 3, "duplex": True, "leerseiten_entfernt": True}, 3, None),
        ({"blattzahl": 3, "duplex": True, "leerseiten_entfernt": True}, 6, None),
        ({"blattzahl": 3, "duplex": True, "leerseiten_entfernt": True}, 2, "IN-50"),
        ({"blattzahl": 3, "duplex": True, "leerseiten_entfernt": True}, 7, "IN-50"),
        ({"blattzahl": 3, "leerseiten_entfernt": True}, 2, "IN-50"),
        ({"blattzahl": 3, "profil": "duplex"}, 6, None),
        ({"blattzahl": 3, "profil": "duplex", "duplex": False}, 3, None),
        ({"blattzahl": None, "seitenzahl": 4}, 4, None),
        ({"blattzahl": None, "seitenzahl": 4}, 3, "IN-50"),
        ({"blattzahl": 2, "seitenzahl": 4, "duplex": True}, 4, None),
        ({"blattzahl": 2, "seitenzahl": 3, "duplex": True}, 3, None),
        ({"blattzahl": 2, "seitenzahl": 4}, 4, "IN-53"),
        ({"blattzahl": None}, 3, "IN-51"),
        ({"blattzahl": 0, "digital": True}, 3, None),
        ({"blattzahl": 3, "digital": True}, 3, "IN-50"),
    ],
)
def test_sheets_on_the_slip_equal_pages_received(changes: dict[str, object], received: int, code: str | None) -> None:
    delivery = a_delivery(a_slip(**changes), a_scan("a.tif"))
    found = check_balance(delivery, some_facts(delivery, {"a.tif": received}), None)
    assert [finding.code for finding in found] == ([code] if code else [])


def test_a_mismatch_names_both_numbers_and_stays_visible_when_accepted() -> None:
    delivery = a_delivery(a_slip(blattzahl=12), a_scan("a.tif"))
    facts = some_facts(delivery, {"a.tif": 11})
    (finding,) = check_balance(delivery, facts, None)
    assert finding.severity is Severity.ERROR
    assert "12 Blatt" in finding.text
    assert "11 Seiten" in finding.text
    (finding,) = check_balance(delivery, facts, None, accepted=frozenset({"IN-50"}))
    assert finding.severity is Severity.WARNING


def test_digital_documents_have_no_sheets() -> None:
    slip = with_dokumente(
        SlipDokument("a", dateien=("a.tif",)), SlipDokument("b", dateien=("b.pdf",), digital=True), blattzahl=1
    )
    delivery = a_delivery(slip, a_scan("a.tif"), a_scan("b.pdf", mime="application/pdf"))
    assert check_balance(delivery, some_facts(delivery, {"b.pdf": 5}), None) == ()


def test_pages_that_never_were_paper_are_named_where_the_balance_misses_them() -> None:
    """„Laut Laufzettel 1 Blatt, empfangen 0 Seiten“ was said of a file with five pages, and not why."""
    delivery = a_delivery(a_slip(digital=True, blattzahl=1), a_scan("b.pdf", mime="application/pdf"))
    (finding,) = check_balance(delivery, some_facts(delivery, {"b.pdf": 5}), None)
    assert (finding.code, "empfangen 0 Seiten (dazu 5 Seiten digital" in finding.text) == ("IN-50", True)


@pytest.mark.parametrize(
    ("blank", "kept", "good"), [(0, 2, True), (2, 0, True), (1, 2, False), (0, 1, False), (3, None, False)]
)
def test_pages_received_equal_kept_and_blank(blank: int, kept: int | None, good: bool) -> None:
    delivery = a_delivery()
    found = check_balance(delivery, some_facts(delivery), blank, kept_pages=kept)
    assert [finding.code for finding in found] == ([] if good else ["IN-52"])


def test_a_fax_with_many_lost_lines_stops_until_a_person_accepts_it_and_its_pages_are_counted() -> None:
    delivery = a_delivery()
    (first, *_), facts = delivery.scans, some_facts(a_delivery())
    lost = Finding("EX-32", Severity.ERROR, "Seite 1", "Mehr als 5 % der Zeilen …")
    facts[first.uuid] = replace(facts[first.uuid], findings=(lost,))
    (stopped,) = check_delivery(delivery, facts, {}, OPTIONS, accepted=frozenset(), today=TODAY)
    assert (stopped.code, stopped.severity) == ("EX-32", Severity.ERROR)
    (known,) = check_delivery(delivery, facts, {}, OPTIONS, accepted=frozenset({"EX-32"}), today=TODAY)
    assert (known.code, known.severity) == ("EX-32", Severity.WARNING)
    shorter = replace(delivery, slip=replace(delivery.slip, blattzahl=99))
    told = check_balance(shorter, facts, None, options=OPTIONS)
    assert [finding.code for finding in told] == ["IN-50"]


# --- the table --------------------------------------------------------------------------------------------------------
def test_only_rules_of_the_table_may_be_accepted_and_the_clerk_is_told_which() -> None:
    assert {*RULES, *examine.RULES} >= ACCEPTABLE
    text = (ROOT / "docs" / "laufzettel.md").read_text(encoding="utf-8")
    told = text[text.index("## Befunde, die eine Person") :]
    assert all(code in told for code in ACCEPTABLE)
    assert not any(code in told for code in set(RULES) - ACCEPTABLE)


def test_every_code_in_the_room_stands_in_the_table_and_is_used() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "ingest").glob("*.py") if path.name != "rules.py"
    )
    assert {code for code in RULES if f'"{code}"' not in source} == set()
