"""What a package says of its files is what happened to them, on every way that a file may go."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from akten.errors import FixityError, Rejected
from akten.files import Rendition, digest_bytes
from akten.findings import Severity
from flows.linked import without_linked
from flows.outcomes import next_step_of, nobody_may_accept, owner_of
from ingest.delivery import PlannedAkte
from metadata.schemas import Schemas
from tests.flows.packingworld import (
    AKTE,
    DELIVERY,
    ENGINE,
    PREMIS,
    XDOMEA,
    Came,
    World,
    carried_from,
    events_of,
    message_of,
    parts_of,
    premis_of,
)

MAIL = Came("application/pdf", Rendition.CONVERTED, (("pikepdf", "10.1"),), confidence=None)
MIXED = Came("application/pdf", Rendition.CONVERTED, (("ocrmypdf", "17.0"), *ENGINE))
KEPT = Came("application/pdf", Rendition.KEPT, (), confidence=None)
BLANK = Came(tools=(("pikepdf", "10.1"),), confidence=None)
KEPT_READ = Came("application/pdf", Rendition.KEPT, ENGINE)
BOTH = {
    "vorgaenge": [
        {
            "betreff": "Antrag",
            "dokumente": [
                {"betreff": "Antrag", "dateien": ["antrag.tif"]},
                {"betreff": "Mail", "dateien": ["mail.pdf"], "digital": True},
            ],
        }
    ]
}


@pytest.fixture
def world(tmp_path: Path, xdomea_folder: Path, premis_xsd: Path) -> World:
    return World(tmp_path, Schemas(xdomea_folder), premis_xsd)


def histories(world: World, files: dict[str, Came], **more: object) -> list[list[tuple[str, str]]]:
    """(Aktion, Bemerkung) of every Dokument."""
    message = message_of(world.make(world.material(files, **more)))  # type: ignore[arg-type]
    return [
        [
            (entry.findtext(f"{XDOMEA}Aktion") or "", entry.findtext(f"{XDOMEA}Bemerkung") or "")
            for entry in dokument.findall(f"{XDOMEA}HistorienProtokollInformation")
        ]
        for dokument in message.iter(f"{XDOMEA}Dokument")
    ]


def test_a_digital_dokument_among_scans_was_never_scanned_and_agrees_with_no_paper(world: World) -> None:
    """A note for it would swear to a paper original that there never was."""
    made = world.make(world.material({"antrag.tif": Came(), "mail.pdf": MAIL}, slip=BOTH))
    paper, mail = (uuid5(DELIVERY, f"dokument/1/{number}") for number in (1, 2))
    notes = [path for path in parts_of(made) if "transfervermerk" in path]
    assert notes == [f"metadata/preservation/transfervermerk-{paper}.json"]
    ((_, _, _, _, captured),) = [event for event in events_of(made) if event[0] == "capture"]
    assert captured == (str(uuid5(DELIVERY, "antrag.tif")),)
    actions = {
        dokument.findtext(f"{XDOMEA}Identifikation/{XDOMEA}ID"): [
            entry.findtext(f"{XDOMEA}Aktion") for entry in dokument.findall(f"{XDOMEA}HistorienProtokollInformation")
        ]
        for dokument in message_of(made).iter(f"{XDOMEA}Dokument")
    }
    assert "Digitalisierung" in actions[str(paper)]
    assert "Digitalisierung" not in actions[str(mail)]


def test_of_a_wholly_digital_delivery_no_scanning_is_told(world: World) -> None:
    made = world.make(world.material({"mail.pdf": MAIL}, slip={"digital": True}))
    assert not [path for path in parts_of(made) if "transfervermerk" in path]
    assert "capture" not in {event[0] for event in events_of(made)}


def test_what_nobody_assigned_in_a_scanned_delivery_was_paper(world: World) -> None:
    """Pages without a Dokument on the slip, accepted by a person: only a slip that is digital makes them digital."""
    one = {"betreff": "Mail", "dateien": ["mail.pdf"], "digital": True}
    slip = {"vorgaenge": [{"betreff": "Antrag", "dokumente": [one]}]}
    files = {"mail.pdf": MAIL, "zettel.tif": Came()}
    for digital, wanted in ((False, 1), (True, 0)):
        made = world.make(world.material(files, slip={**slip, "digital": digital}))
        assert len([path for path in parts_of(made) if "transfervermerk" in path]) == wanted


@pytest.mark.parametrize(
    ("came", "actions"),
    [
        (Came(), ["Digitalisierung", "Texterkennung (OCR)", "Umwandlung in PDF/A"]),
        (MIXED, ["Digitalisierung", "Texterkennung (OCR)", "Umwandlung in PDF/A"]),
        (BLANK, ["Digitalisierung", "Umwandlung in PDF/A"]),
        (MAIL, ["Digitalisierung", "Umwandlung in PDF/A"]),
        (KEPT, ["Digitalisierung", "Übernahme"]),
        (KEPT_READ, ["Digitalisierung", "Texterkennung (OCR)", "Übernahme"]),
    ],
)
def test_the_history_tells_of_reading_where_words_were_read_and_of_making_where_a_file_was_made(
    world: World, came: Came, actions: list[str]
) -> None:
    ((*told, judged),) = histories(world, {"eins": came})
    assert [action for action, _ in told] == actions
    assert judged == ("Prüfung PDF/A: bestanden", "veraPDF 1.28.2: bestanden")
    remarks = dict(told)
    assert ("tesseract" in remarks.get("Texterkennung (OCR)", "")) == ("Texterkennung (OCR)" in actions)
    assert "tesseract" not in remarks.get("Übernahme", "")


@pytest.mark.parametrize(
    ("came", "reading", "making", "laid", "engine"),
    [
        (Came(), "Texterkennung (OCR)", "normalization", True, True),
        (MIXED, "Texterkennung (OCR)", "normalization", True, True),
        (BLANK, "Ohne Texterkennung: keine Seite, die zu lesen wäre", "normalization", False, False),
        (MAIL, "Text der Datei selbst, ohne Texterkennung", "normalization", False, False),
        (KEPT, "Text der Datei selbst, ohne Texterkennung", "replication", False, False),
        (KEPT_READ, "Texterkennung (OCR)", "replication", False, True),
    ],
)
def test_premis_names_the_engine_only_where_it_read_and_no_tool_for_a_copy(
    world: World, came: Came, reading: str, making: str, laid: bool, engine: bool
) -> None:
    """The text stands among the sources of the PDF/A only where it was laid into it."""
    made = world.make(world.material({"eins": came}))
    pdf = str(uuid5(uuid5(DELIVERY, "dokument/1/1"), "pdfa"))
    hocr, scan = str(uuid5(uuid5(uuid5(DELIVERY, "dokument/1/1"), "pdfa"), "hocr")), str(uuid5(DELIVERY, "eins"))
    (read,) = [event for event in events_of(made) if event[0] == "metadata extraction"]
    (done,) = [event for event in events_of(made) if event[0] == making]
    assert (read[1], read[3], read[4]) == (reading, (scan,), (hocr,))
    assert (done[3], done[4]) == ((scan, hocr) if laid else (scan,), (pdf,))
    engines = [agent for agent in read[2] if agent != "software/Aktenarchiv/0.1.0"]
    assert engines == (["software/tesserocr/tesseract 5.3.0", "software/deu.traineddata/19d219bb"] if engine else [])
    assert any("tesser" in agent for agent in done[2]) == (engine and making == "normalization")


@pytest.mark.parametrize(("came", "ours"), [(Came(), True), (MIXED, True), (KEPT, False), (KEPT_READ, False)])
def test_only_a_pdf_of_our_making_names_us_as_its_maker(world: World, came: Came, ours: bool) -> None:
    message = message_of(world.make(world.material({"eins": came})))
    first = next(message.iter(f"{XDOMEA}Format"))
    assert first.findtext(f"{XDOMEA}Name/code") == "044"
    maker = first.findtext(f"{XDOMEA}Primaerdokument/{XDOMEA}Ersteller")
    made_at = first.findtext(f"{XDOMEA}Primaerdokument/{XDOMEA}DatumUhrzeit")
    assert (maker, made_at) == (("Aktenarchiv", "2026-11-23T08:05:00.000Z") if ours else (None, None))


@pytest.mark.parametrize(
    ("rendition", "signatures", "said"),
    [
        (Rendition.BESIDE, 1, [("044", None), ("018", "1")]),
        (Rendition.KEPT, 2, [("044", "1"), ("018", "1")]),
        (Rendition.CONVERTED, 0, [("044", None), ("018", None)]),
    ],
)
def test_the_message_says_which_file_bears_the_signature(
    world: World, rendition: Rendition, signatures: int, said: list[tuple[str, str | None]]
) -> None:
    """A rendition has none of its own; the untouched original beside it, and a kept copy of it, still have theirs."""
    made = world.make(world.material({"eins.pdf": Came("application/pdf", rendition, signatures=signatures)}))
    seal = f"{XDOMEA}Primaerdokument/{XDOMEA}SignaturSiegel/{XDOMEA}SignaturSiegelEingebettet"
    told = [
        (form.findtext(f"{XDOMEA}Name/code"), form.findtext(seal)) for form in message_of(made).iter(f"{XDOMEA}Format")
    ]
    assert told == said


def test_what_a_nachscan_takes_over_is_held_against_its_description(world: World) -> None:
    """The message is judged by the files in the package, not by what it says of itself."""
    first = world.make(world.material({"eins.tif": Came()}))
    before = carried_from(first)
    new = {"files": {"zwei.tif": Came()}, "delivery": AKTE, "version": 2}
    whole = world.make(world.material(**new, carried=before))
    assert len(list(message_of(whole).iter(f"{XDOMEA}Primaerdokument"))) == 4

    scan = next(part for part in before.parts if part.path.startswith("representations/master/"))
    rest = tuple(part for part in before.parts if part is not scan)
    with pytest.raises(Rejected) as lacking:
        world.make(world.material(**new, carried=replace(before, parts=rest)))
    assert {finding.code for finding in lacking.value.findings if finding.severity is Severity.ERROR} == {"XD-98"}
    other = replace(scan, source=b"anders", digests=digest_bytes(b"anders"))
    with pytest.raises(FixityError):
        world.make(world.material(**new, carried=replace(before, parts=(*rest, other))))


def test_a_slip_that_was_written_into_after_it_was_read_is_not_packed(world: World) -> None:
    """The package would hold another slip than the one by which its Akte is described."""
    material = world.material({"eins.tif": Came()})
    material.delivery.slip_file.path.write_text("{}", encoding="utf-8")
    slip = next(part for part in world.make(material).bag.parts if part.path.startswith("documentation/"))
    with pytest.raises(FixityError):
        list(slip.blocks())


SLIP_OF_ALL = {
    "vorgaenge": [
        {
            "betreff": "Antrag",
            "dokumente": [
                {"betreff": "Plan", "dateien": ["a1.tif", "a2.jpg"]},
                {"betreff": "Bescheid", "seiten": "3"},
                {"betreff": "Gebühr", "seiten": "4-5"},
                {"betreff": "Vertrag", "dateien": ["c.pdf"]},
                {"betreff": "Urkunde", "dateien": ["d.pdf"]},
            ],
        }
    ]
}
ALL = {
    "a1.tif": Came(),
    "a2.jpg": Came("image/jpeg"),
    "b.pdf": replace(MAIL, pages=3),
    "c.pdf": replace(MIXED, rendition=Rendition.BESIDE, signatures=1),
    "d.pdf": KEPT,
}
HELD = [("c.pdf", "liste.txt", b"eins"), ("b.pdf", "x", b"zwei")]


def test_premis_tells_of_every_represented_file_and_of_no_other_with_true_digests_and_sources(world: World) -> None:
    """Several scans in one Dokument, one PDF in two, a signed one beside its rendition, a kept one, attachments."""
    made = world.make(world.material(ALL, slip=SLIP_OF_ALL, attachments=HELD))
    files: dict[str, bytes] = {}
    for path, data in parts_of(made).items():
        stem, _, suffix = path.rpartition("/")[2].partition(".")
        if path.startswith("representations/"):
            files[str(uuid5(UUID(stem), "hocr")) if suffix == "hocr" else stem] = data
    told, origins = {}, {}
    for thing in premis_of(made).findall(f"{PREMIS}object"):
        name = thing.findtext(f"{PREMIS}objectIdentifier/{PREMIS}objectIdentifierValue") or ""
        facts = thing.find(f"{PREMIS}objectCharacteristics")
        if facts is not None:
            digests = [entry.findtext(f"{PREMIS}messageDigest") for entry in facts.findall(f"{PREMIS}fixity")]
            told[name] = (digests, facts.findtext(f"{PREMIS}size"))
        for link in thing.findall(f"{PREMIS}relationship"):
            if link.findtext(f"{PREMIS}relationshipType") == "derivation":
                value = f"{PREMIS}relatedObjectIdentifier/{PREMIS}relatedObjectIdentifierValue"
                origins[name] = {node.text for node in link.iterfind(value)}
    true = {name: digest_bytes(data) for name, data in files.items()}
    assert told == {name: ([each.sha256, each.sha512], str(each.size)) for name, each in true.items()}

    def scans(*names: str) -> set[str]:
        return {str(uuid5(DELIVERY, name)) for name in names}

    pdfs = [uuid5(uuid5(DELIVERY, f"dokument/1/{number}"), "pdfa") for number in range(1, 6)]
    wanted = dict(
        zip(pdfs, (scans("a1.tif", "a2.jpg"), *(scans(n) for n in ("b.pdf", "b.pdf", "c.pdf", "d.pdf"))), strict=True)
    )
    expected = {str(pdf): of for pdf, of in wanted.items()} | {
        str(uuid5(pdf, "hocr")): of for pdf, of in wanted.items()
    }
    for number, (holder, _, _) in enumerate(HELD, 1):
        expected[str(uuid5(uuid5(DELIVERY, holder), f"anlage/{number}"))] = scans(holder)
    assert origins == expected


def test_the_message_names_files_that_are_there_by_their_kind_and_each_once(world: World) -> None:
    """A PDF that two Dokumente share is named by none; all others by the one Dokument that they belong to."""
    made = world.make(world.material(ALL, slip=SLIP_OF_ALL, attachments=HELD))
    there = {path.rpartition("/")[2] for path in parts_of(made) if path.startswith("representations/")}
    codes = {}
    for form in message_of(made).iter(f"{XDOMEA}Format"):
        name = form.findtext(f"{XDOMEA}Primaerdokument/{XDOMEA}Dateiname") or ""
        assert name not in codes
        codes[name] = form.findtext(f"{XDOMEA}Name/code")
    unnamed = {name for name in there - set(codes) if not name.endswith(".hocr")}
    assert (set(codes) <= there, unnamed) == (True, {f"{uuid5(DELIVERY, 'b.pdf')}.pdf"})
    kinds = sorted((name.rpartition(".")[2], code) for name, code in codes.items())
    assert kinds == [
        ("bin", "100"), ("jpg", "011"), *[("pdf", "018")] * 2, *[("pdf", "044")] * 5, ("tif", "023"), ("txt", "100"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scanned", "told"),
    [
        ("2026-11-23T08:59:59+01:00", "2026-11-23T08:59:59+01:00"),
        ("2026-11-23T09:00:00+01:00", "2026-11-23T09:00:00+01:00"),
        (
            "2026-11-23T09:02:00+01:00",
            "2026-11-23",
        ),  # received at 9 o'clock: the clock of the scan desk runs before ours
        ("2026-11-24T00:00:00+01:00", None),
    ],
)
def test_a_clock_that_runs_before_ours_stops_nothing_and_is_told_as_far_as_it_can_be_true(
    world: World, scanned: str, told: str | None
) -> None:
    check = {"pruefer": "S18", "umfang": "alles", "ergebnis": "in Ordnung", "zeitpunkt": scanned}
    made = world.make(world.material({"eins.tif": Came()}, slip={"gescannt_am": scanned, "qualitaetspruefung": check}))
    times = {
        event.findtext(f"{PREMIS}eventType"): event.findtext(f"{PREMIS}eventDateTime")
        for event in premis_of(made).iter(f"{PREMIS}event")
    }
    (note,) = [json.loads(data) for path, data in parts_of(made).items() if "transfervermerk" in path]
    assert (times.get("capture"), note["zeiten"]["erfassung"]) == (told, told)
    actions = {
        node.findtext(f"{XDOMEA}Aktion"): datetime.fromisoformat(node.findtext(f"{XDOMEA}DatumUhrzeit") or "")
        for node in message_of(made).iter(f"{XDOMEA}HistorienProtokollInformation")
    }
    received = datetime.fromisoformat("2026-11-23T09:00:00+01:00")
    known = None if told is None else min(datetime.fromisoformat(scanned), received)
    assert actions.get("Digitalisierung") == known
    assert next(iter(actions)) == ("Digitalisierung" if told else "Texterkennung (OCR)"), "first of all in the message"


@pytest.mark.parametrize(
    ("checked", "told"),
    [("2026-11-23T09:06:00+01:00", "2026-11-23T09:06:00+01:00"), ("2026-11-23T09:07:00+01:00", "2026-11-23")],
)
def test_so_is_the_clock_of_the_quality_check(world: World, checked: str, told: str) -> None:
    check = {"pruefer": "S18", "umfang": "alles", "ergebnis": "in Ordnung", "zeitpunkt": checked}
    made = world.make(world.material({"eins.tif": Came()}, slip={"qualitaetspruefung": check}))
    (note,) = [json.loads(data) for path, data in parts_of(made).items() if "transfervermerk" in path]
    assert note["zeiten"]["qualitaetspruefung"] == told


def test_pages_left_out_of_the_pdf_count_for_the_balance_and_not_for_the_file(world: World) -> None:
    made = world.make(world.material({"eins.tif": Came(pages=3, dropped=(2,))}, slip={"seitenzahl": 3}))
    said = {
        node.findtext(f"{XDOMEA}Name"): node.findtext(f"{XDOMEA}Wert")
        for node in message_of(made).iter(f"{XDOMEA}Feld")
    }
    assert said["Seiten"] == "2"
    told = {
        node.findtext(f"{PREMIS}significantPropertiesType"): node.findtext(f"{PREMIS}significantPropertiesValue")
        for node in premis_of(made).iter(f"{PREMIS}significantProperties")
    }
    assert (told["pages"], told["blank pages"], told["blank pages left out"]) == ("2", "0", "1")
    (note,) = [json.loads(data) for path, data in parts_of(made).items() if "transfervermerk" in path]
    assert (note["qualitaet"]["seiten"], note["qualitaet"]["leerseiten"]) == (3, 1)
    assert "Weggelassene Leerseiten: 1" in note["qualitaet"]["bemerkungen"]


def test_the_note_names_person_and_office_and_the_office_alone_answers_for_no_scan(world: World) -> None:
    """TR-RESISCAN A.NB.4: naming only the organisation as the creator is forbidden."""
    made = world.make(world.material({"eins.tif": Came()}))
    (note,) = [json.loads(data) for path, data in parts_of(made).items() if "transfervermerk" in path]
    assert (note["ersteller"]["pseudonym"], note["ersteller"]["organisation"]) == ("S17", "Stadt Neuss")
    with pytest.raises(Rejected) as office:
        world.make(world.material({"eins.tif": Came()}, slip={"operator": "stadt neuss"}))
    assert "TV-04" in {finding.code for finding in office.value.findings}
    assert (owner_of(office.value.findings), nobody_may_accept(office.value.findings)) == ("Scanstelle", ("TV-04",))
    assert "Lieferung berichtigen" in next_step_of(office.value.findings)


def test_what_was_embedded_in_a_linked_scan_is_not_packed_again_either(world: World) -> None:
    """An attachment of an attachment goes with the scan that held both."""
    files = {"alt.pdf": MAIL, "neu.pdf": MAIL}
    material = world.material(files, attachments=[("alt.pdf", "a", b"a"), ("neu.pdf", "b", b"b")])
    old, new = (uuid5(DELIVERY, name) for name in files)
    first, second = material.attachments
    inner = [replace(one, uuid=uuid5(one.uuid, "innen"), source=one.uuid) for one in (first, second)]
    pages = {dokument: refs for dokument, refs in material.pages.items() if refs[0].scan == new}
    kept, held = without_linked(
        material.delivery, (first, second, *inner), PlannedAkte(material.akte, pages, material.digital)
    )
    assert [scan.uuid for scan in kept.scans] == [new] != [old]
    assert held == (second, inner[1])
