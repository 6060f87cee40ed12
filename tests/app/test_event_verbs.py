"""`archiv ereignis` and `archiv frist offen`: told, corrected, imported whole or not at all, and waited for."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.model import Aktenart
from catalog.catalog import open_catalog
from flows import eventfile
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.catalog.build import CLERK, NOON, archive, receive

NUMBER = "63-01234-2019"
HEAD = "Aktenzeichen;Ereignis;Datum;Beleg\n"


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that is copied for every test."""
    daten = tmp_path_factory.mktemp("register")
    with open_catalog(catalog_url(daten)) as catalog:
        for band in (1, 2):
            receive(catalog, f"b{band}", number="63-00009-2020", band=band)
        for place, number in enumerate((NUMBER, "63-00002-2020"), 1):
            akte, _ = archive(catalog, place, number=number)
            catalog.classify(akte.uuid, ("building.permit-file",), "Aufbau", by=CLERK, now=NOON)
    return daten


@pytest.fixture
def filled(desk: Desk, register: Path) -> Desk:
    return desk.filled_from(register)


def test_an_event_is_told_corrected_and_taken_back(filled: Desk) -> None:
    tell = ("ereignis", "melde", NUMBER, "structure_demolished")
    first = filled(*tell, "3.2.2020", "--beleg", "Abbruchanzeige", "--json")
    assert (first.code, first.json["number"], first.json["datum"]) == (0, 1, "2020-02-03")
    assert filled(*tell, "03.02.2020", "--beleg", "Abbruchanzeige", "--json").json["number"] == 1
    assert "Beleg: Abbruchanzeige" in filled("frist", "zeige", NUMBER).out
    assert filled(*tell, "2020-03-03", "--beleg", "Bescheid", "--ersetzt", "1", "--json").json["supersedes"] == 1
    assert filled(*tell, "2020-04-03", "--beleg", "Bescheid", "--ersetzt", "1").code == 4
    assert filled(*tell, "--nicht-geschehen", "--ersetzt", "2", "--beleg", "Verwechslung").code == 0
    listed = filled("ereignis", "liste", NUMBER, "--alle", "--json").json
    assert listed["events"] == []
    assert [r["superseded_by"] for r in listed["reports"]] == [2, 3, None]


def test_every_report_is_seen_with_its_evidence_and_who_made_it_also_the_one_that_takes_back(filled: Desk) -> None:
    """On the screen the last word, „nicht geschehen“, stood nowhere, and of replaced reports no evidence."""
    tell = ("ereignis", "melde", NUMBER, "structure_demolished")
    filled(*tell, "3.2.2020", "--beleg", "Abbruchanzeige Nr. 5", login="b.rau")
    filled(*tell, "--nicht-geschehen", "--ersetzt", "1", "--beleg", "Verwechslung mit 86a", login="c.lang")
    filled("ereignis", "tatsache", NUMBER, "structure_exists", "ja", "--beleg", "Ortsbesichtigung", login="d.neu")
    short = filled("ereignis", "liste", NUMBER).out
    assert "Meldung 2: Abbruch der baulichen Anlage ist nicht geschehen. Beleg: Verwechslung mit 86a" in short
    assert "Abbruchanzeige" not in short
    rows = filled("ereignis", "liste", NUMBER, "--alle").out.splitlines()
    for words in (
        ("Abbruchanzeige Nr. 5", "03.02.2020", "b.rau", " 2 "),
        ("Verwechslung mit 86a", "nicht geschehen", "c.lang"),
        ("structure_exists: ja", "Ortsbesichtigung", "d.neu"),
    ):
        assert [row for row in rows if all(word in row for word in words)], words


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("structure_demolishd", "3.2.2020", "--beleg", "x"), 2, "structure_demolished"),
        (("Abbruch", "3.2.2020", "--beleg", "x"), 2, "structure_demolished"),
        (("Abbruch", "31.2.2020", "--beleg", "x"), 2, "EV-03"),
        (("death", "31.2.2020", "--beleg", "x"), 2, "EV-03"),
        (("death", "3.2.2999", "--beleg", "x"), 2, "EV-04"),
        (("death", "3.2.1020", "--beleg", "x"), 2, "EV-05"),
        (("death", "3.2.2020", "--beleg", " "), 2, "der Text ist leer"),
        (("death", "3.2.2020", "--beleg", "x", "--ersetzt", "1.1.2020"), 2, "EV-13"),
        (("death", "3.2.2020", "--beleg", "x", "--ersetzt", "7"), 2, "Nr. 7"),
        (("death", "3.2.2020", "--beleg", "x", "--ersetzt", "gestern"), 2, ""),
        (("death", "3.2.2020", "--beleg", "x", "--ersetzt", "9" * 19), 2, "--ersetzt"),
        (("death", "3.2.2020", "--beleg", "x", "--ersetzt", "9" * 5000), 2, "--ersetzt"),
        (("death", "--beleg", "x"), 2, ""),
        (("death", "3.2.2020", "--beleg", "x", "--nicht-geschehen", "--ersetzt", "1"), 2, ""),
        (("death", "--beleg", "x", "--nicht-geschehen"), 2, ""),
    ],
)
def test_what_cannot_be_told(filled: Desk, arguments: tuple[str, ...], code: int, word: str) -> None:
    ran = filled("ereignis", "melde", NUMBER, *arguments)
    assert (ran.code, word in ran.err) == (code, True)
    assert filled("ereignis", "liste", NUMBER, "--json").json["events"] == []


def test_facts_and_classes_are_told(filled: Desk) -> None:
    fact = ("ereignis", "tatsache", NUMBER, "structure_exists")
    assert filled(*fact, "nein", "--beleg", "Ortsbesichtigung", "--json").json["value"] is False
    assert filled("ereignis", "liste", NUMBER, "--json").json["facts"] == {"structure_exists": False}
    assert filled(*fact, "unbekannt", "--beleg", "Irrtum").code == 0
    for wrong, code in ((("tatsache", NUMBER, "haus_da", "ja", "--beleg", "x"), "EV-11"),
                        (("klasse", NUMBER, "bauakte", "--grund", "x"), "EV-15")):  # fmt: skip
        ran = filled("ereignis", *wrong)
        assert (ran.code, code in ran.err) == (2, True)
    given = filled("ereignis", "klasse", NUMBER, "building.enforcement", "--grund", "Ordnungsverfahren", "--json")
    shown = filled("akte", "zeige", NUMBER, "--json").json
    assert (shown["record_class"], shown["record_classes"]) == ("building.enforcement", ["building.enforcement"])
    assert "Fristklasse: building.enforcement" in filled("akte", "zeige", NUMBER).out
    assert given.json["record_classes"] == ["building.enforcement"]
    assert "building.enforcement" in filled("frist", "zeige", NUMBER).out


def test_what_the_archive_answered_is_told_and_the_last_word_counts(filled: Desk) -> None:
    tell = ("ereignis", "archivantwort", NUMBER)
    offered = filled(*tell, "angeboten", "--angeboten", "3.2.2026", "--beleg", "Liste 2026/1", "--json", "--als", "Kim")
    assert (offered.code, offered.json["angeboten_am"], offered.json["bewertung"]) == (0, "2026-02-03", None)
    answered = filled(*tell, "nicht-archivwuerdig", "--beleg", "Schreiben vom 4.3.2026", "--json")
    assert answered.json["bewertung"] == "nicht_archivwuerdig"
    assert answered.json["angeboten_am"] == "2026-02-03"  # the day of the offer stays known
    assert filled(*tell, "nicht-archivwuerdig", "--beleg", "Schreiben vom 4.3.2026").code == 0  # changes nothing
    listed = filled("ereignis", "liste", NUMBER)
    assert "am 03.02.2026 angeboten, vom Stadtarchiv als nicht archivwürdig bewertet." in listed.out
    assert "Beleg: Schreiben vom 4.3.2026" in listed.out
    assert "Archiv: nicht archivwürdig; Beleg: Schreiben vom 4.3.2026." in filled("frist", "zeige", NUMBER).out
    assert filled(*tell, "verzicht", "--beleg", "Rahmenvereinbarung", "--json").json["verzicht"] is True
    assert filled("ereignis", "liste", NUMBER, "--json").json["archiv"] == {
        "angeboten": True,
        "angeboten_am": "2026-02-03",
        "bewertung": None,
        "verzicht": True,
    }
    trail = [e for e in filled("protokoll", "zeige", NUMBER, "--json").json if e["verb"] == "archive.answered"]
    assert [e["data"]["decision"] for e in trail] == ["", "nicht_archivwuerdig", ""]
    assert "Kim" in trail[0]["by"]
    steps = filled("ereignis", "liste", NUMBER, "--alle", "--json").json["archive_reports"]
    assert [(step["beleg"], step["bewertung"], step["verzicht"]) for step in steps] == [
        ("Liste 2026/1", None, False),
        ("Schreiben vom 4.3.2026", "nicht_archivwuerdig", False),
        ("Rahmenvereinbarung", None, True),
    ]
    assert "Kim" in steps[0]["by"]
    assert "Liste 2026/1" in filled("ereignis", "liste", NUMBER, "--alle").out
    assert "Antwort des Archivs" in filled("protokoll", "zeige", NUMBER).out


def test_the_answer_of_the_archive_moves_what_may_become_of_the_akte(filled: Desk) -> None:
    done = filled("ereignis", "melde", NUMBER, "structure_demolished", "3.2.1950", "--beleg", "Abbruchanzeige")
    assert done.code == 0
    before = filled("frist", "zeige", NUMBER, "--json").json
    filled("ereignis", "archivantwort", NUMBER, "archivwuerdig", "--angeboten", "3.2.2026", "--beleg", "Schreiben")
    after = filled("frist", "zeige", NUMBER, "--json").json
    assert before["derivation"] != after["derivation"]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("angeboten", "--beleg", "x"), 2, "--angeboten"),
        (("angeboten", "--angeboten", "31.2.2026", "--beleg", "x"), 2, "EV-03"),
        (("archivwuerdig", "--angeboten", "3.2.2999", "--beleg", "x"), 2, "EV-04"),
        (("archivwuerdig", "--angeboten", "3.2.1020", "--beleg", "x"), 2, "EV-05"),
        (("archivwuerdig", "--beleg", " "), 2, "der Text ist leer"),
        (("vielleicht", "--beleg", "x"), 2, "vielleicht"),
        (("archivwuerdig",), 2, "--beleg"),
    ],
)
def test_what_is_no_answer_of_the_archive(filled: Desk, arguments: tuple[str, ...], code: int, word: str) -> None:
    ran = filled("ereignis", "archivantwort", NUMBER, *arguments)
    assert (ran.code, word in ran.err) == (code, True)
    assert filled("ereignis", "liste", NUMBER, "--json").json["archiv"]["angeboten"] is False


ROWS = {
    "good": (f"{NUMBER};Tod;17.5.2020;Urkunde 1\n", "ok", set()),
    "another spelling": ("63/1234/2019;death;2020-05-17;Urkunde 1\n", "ok", set()),
    "a zero time of a spreadsheet": (f"{NUMBER};death;17.05.2020 00:00:00;Urkunde\n", "ok", set()),
    "a shorter one": (f"{NUMBER};death;17.05.2020 00:00;Urkunde\n", "ok", set()),
    "another time": (f"{NUMBER};death;17.05.2020 10:00;Urkunde\n", "rejected", {"EV-03"}),
    "unknown event": (f"{NUMBER};Todt;17.5.2020;Urkunde\n", "rejected", {"EV-02"}),
    "no day": (f"{NUMBER};death;Mai 2020;Urkunde\n", "rejected", {"EV-03"}),
    "a day that is none": (f"{NUMBER};death;30.2.2020;Urkunde\n", "rejected", {"EV-03"}),
    "two digits of a year": (f"{NUMBER};death;17.5.20;Urkunde\n", "rejected", {"EV-03"}),
    "future": (f"{NUMBER};death;17.5.2999;Urkunde\n", "rejected", {"EV-04"}),
    "a planned end": (f"{NUMBER};grave_right_ended;17.5.2999;Urkunde\n", "ok", {"EV-04"}),
    "long ago": (f"{NUMBER};death;17.5.1520;Urkunde\n", "rejected", {"EV-05"}),
    "unknown Akte": ("63-77777-2019;death;17.5.2020;Urkunde\n", "rejected", {"EV-06"}),
    "no Akte": (";death;17.5.2020;Urkunde\n", "rejected", {"EV-06"}),
    "several volumes": ("63-00009-2020;death;17.5.2020;Urkunde\n", "rejected", {"EV-07"}),
    "evidence that shows nothing": (f"{NUMBER};death;17.5.2020;\u00ad\n", "rejected", {"EV-08"}),
    "no evidence": (f"{NUMBER};death;17.5.2020;\n", "rejected", {"EV-08"}),
    "too few cells": (f"{NUMBER};death\n", "rejected", {"EV-03", "EV-08"}),
    "too many cells": (f"{NUMBER};death;17.5.2020;Urkunde;mehr\n", "rejected", {"EV-01"}),
}


@pytest.mark.parametrize(("row", "verdict", "codes"), ROWS.values(), ids=list(ROWS))
def test_every_row_is_judged(filled: Desk, tmp_path: Path, row: str, verdict: str, codes: set[str]) -> None:
    file = tmp_path / "liste.csv"
    file.write_text(HEAD + row, encoding="utf-8")
    ran = filled("ereignis", "import", file, "--probe", "--json")
    (told,) = ran.json["rows"]
    assert (told["verdict"], {f["code"] for f in told["findings"]}) == (verdict, codes)
    assert (ran.code, ran.json["written"]) == (0 if verdict == "ok" else 3, 0)


FILES = {
    "utf-8": (HEAD + f"{NUMBER};death;17.5.2020;Müller\n").encode(),
    "utf-8 with a mark": (HEAD + f"{NUMBER};death;17.5.2020;Müller\n").encode("utf-8-sig"),
    "latin-1": (HEAD + f"{NUMBER};death;17.5.2020;Müller\n").encode("latin-1"),
    "utf-16": (HEAD + f"{NUMBER};death;17.5.2020;Müller\n").encode("utf-16"),
    "commas": f"Az,Event,Tag,Nachweis\n{NUMBER},death,2020-05-17,Müller\n".encode(),
    "tabs and another order": f"Beleg\tDatum\tEreignis\tAkte\nMüller\t17.5.2020\tTod\t{NUMBER}\n".encode(),
    "Excel's line about the separator": f"sep=;\r\n{HEAD}{NUMBER};death;17.5.2020;Müller\r\n".encode(),
    "quotes, blank lines, DOS": f'\n{HEAD}\n"{NUMBER}";death;17.5.2020;"Müller"\n'.replace("\n", "\r\n").encode(),
}


def test_a_column_that_nobody_reads_is_told(filled: Desk, tmp_path: Path) -> None:
    """A remark under „Vermerk“ was written nowhere, and the answer was that all is well."""
    file = tmp_path / "liste.csv"
    file.write_text(f"Az;Ereignis;Datum;Beleg;Vermerk;\n{NUMBER};death;17.5.2020;Urkunde;wichtig;\n", encoding="utf-8")
    ran = filled("ereignis", "import", file, "--json")
    (told,) = ran.json["findings"]
    assert (ran.code, ran.json["written"], told["code"], "„Vermerk“" in told["text"]) == (0, 1, "EV-16", True)


@pytest.mark.parametrize("data", FILES.values(), ids=list(FILES))
def test_a_list_is_read_in_every_form_an_office_sends(filled: Desk, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "liste.csv"
    file.write_bytes(data)
    first = filled("ereignis", "import", file, "--json").json
    other_charset = "Müller".encode() not in data
    assert (first["written"], [f["code"] for f in first["findings"]]) == (1, ["EV-14"] if other_charset else [])
    (event,) = filled("ereignis", "liste", NUMBER, "--json").json["events"]
    assert (event["ereignis"], event["datum"], event["beleg"]) == ("death", "2020-05-17", "Müller")
    again = filled("ereignis", "import", file, "--json")
    assert (again.code, again.json["written"], again.json["rows"][0]["verdict"]) == (0, 0, "known")
    assert [f["code"] for f in again.json["rows"][0]["findings"]] == ["EV-12"]
    assert " Tod " in filled("ereignis", "import", file, "--probe").out.replace(NUMBER, "")  # as clerks call it


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD.encode(),
        b"Aktenzeichen;Ereignis\nx;y\n",
        b"Aktenzeichen;Az;Ereignis;Datum;Beleg\n1;1;1;1;1\n",
        b"%PDF-1.7\n\x00\x01",
        b"PK\x03\x04\x00\x00",
        HEAD.encode() + b"\x81\x8d;x;y;z\n",
        b"x" * 200_000,
        HEAD.encode() + b'"' + b"x" * 200_000,
        f'{HEAD}{NUMBER};death;17.5.2020;"U1\n{NUMBER};death;18.5.2020;U2\n'.encode(),
    ],
    ids=[
        "empty",
        "no rows",
        "heading missing",
        "heading twice",
        "pdf",
        "xlsx",
        "no known characters",
        "endless heading",
        "endless cell",
        "a quotation mark that nobody closes",
    ],
)
def test_a_file_that_is_no_list_is_refused_as_a_whole(filled: Desk, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "liste.csv"
    file.write_bytes(data)
    ran = filled("ereignis", "import", file, "--json")
    assert (ran.code, [f["code"] for f in ran.json["findings"]]) == (3, ["EV-01"])


def test_what_comes_without_end_is_not_read_to_its_end(
    filled: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe (as a shell makes for `<(…)`) has no size that could be asked for."""
    monkeypatch.setattr(eventfile, "MAX_BYTES", 1000)
    pipe = tmp_path / "liste"
    os.mkfifo(pipe)

    def endless() -> None:
        with suppress(BrokenPipeError), pipe.open("wb", buffering=0) as end:
            for _ in range(10_000):
                end.write(b"x" * 1000)

    writer = threading.Thread(target=endless)
    writer.start()
    ran = filled("ereignis", "import", pipe, "--json")
    writer.join(timeout=30)
    assert (ran.code, [f["code"] for f in ran.json["findings"]]) == (3, ["EV-01"])
    assert "größer als" in ran.json["findings"][0]["text"]


def test_one_bad_row_keeps_all_from_being_written(filled: Desk, tmp_path: Path) -> None:
    file = tmp_path / "liste.csv"
    rows = f"{NUMBER};death;17.5.2020;U1\n{NUMBER};death;17.5.2020;U1\n63-00002-2020;death;17.5.2020;U2\n"
    file.write_text(HEAD + rows + "63-1-1;death;17.5.2020;U3\n", encoding="utf-8")
    bad = filled("ereignis", "import", file, "--json")
    assert (bad.code, bad.json["written"]) == (3, 0)
    assert [r["verdict"] for r in bad.json["rows"]] == ["ok", "known", "ok", "rejected"]
    assert [f["code"] for f in bad.json["rows"][1]["findings"]] == ["EV-09"]
    assert filled("ereignis", "liste", NUMBER, "--json").json["events"] == []
    file.write_text(HEAD + rows + f"{NUMBER};death;18.5.2020;U4\n", encoding="utf-8")
    good = filled("ereignis", "import", file, "--json")
    assert (good.code, good.json["written"]) == (0, 3)
    assert [f["code"] for f in good.json["rows"][3]["findings"]] == ["EV-10"]


def test_another_day_for_the_same_event_in_the_register_is_named(filled: Desk, tmp_path: Path) -> None:
    """Both count, and the later one moves the period: who only mistyped a day must see that."""
    melde = ("ereignis", "melde", NUMBER, "death")
    assert filled(*melde, "17.5.2020", "--beleg", "U1", "--json").json["findings"] == []
    (finding,) = filled(*melde, "18.5.2020", "--beleg", "U2", "--json").json["findings"]
    assert (finding["code"], finding["severity"]) == ("EV-10", "warning")
    assert "17.05.2020 (Nr. 1)" in finding["text"]
    assert "17.05.2020 (Nr. 1)" in filled(*melde, "18.5.2020", "--beleg", "U2").out
    file = tmp_path / "liste.csv"
    file.write_text(HEAD + f"{NUMBER};death;19.5.2020;U3\n", encoding="utf-8")
    (row,) = filled("ereignis", "import", file, "--probe", "--json").json["rows"]
    assert (row["verdict"], [f["code"] for f in row["findings"]]) == ("ok", ["EV-10"])
    assert "17.05.2020 (Nr. 1), 18.05.2020 (Nr. 2)" in row["findings"][0]["text"]
    right = filled(*melde, "17.5.2020", "--beleg", "U3", "--ersetzt", "2", "--json").json
    assert right["findings"] == []


def test_another_day_of_a_slip_is_named_too_with_the_way_to_correct_it(filled: Desk, tmp_path: Path) -> None:
    with open_catalog(catalog_url(filled.daten)) as catalog:
        catalog.receive(
            UUID(int=77),
            aktenart=Aktenart.BAUAKTE,
            aktenzeichen=Aktenzeichen(NUMBER),
            band=1,
            betreff="Bauantrag Müller",
            slip={"ereignisse": [["structure_demolished", "2020-02-03"]]},
            scans=(),
            folder="arbeit/77",
            by=CLERK,
            now=NOON,
        )
    melde = ("ereignis", "melde", NUMBER, "structure_demolished")
    (finding,) = filled(*melde, "5.4.2021", "--beleg", "Anzeige", "--json").json["findings"]
    assert "03.02.2020 (Laufzettel der Lieferung " in finding["text"]
    assert "den Tag eines Laufzettels mit --ersetzt TAG" in finding["text"]
    file = tmp_path / "liste.csv"
    file.write_text(HEAD + f"{NUMBER};structure_demolished;6.4.2021;U3\n", encoding="utf-8")
    (row,) = filled("ereignis", "import", file, "--probe", "--json").json["rows"]
    assert "), 05.04.2021 (Nr. 1)" in row["findings"][0]["text"]
    assert filled(*melde, "6.4.2021", "--beleg", "A2", "--ersetzt", "1", "--json").json["findings"] != []
    taken = (*melde, "6.4.2021", "--beleg", "A3", "--ersetzt", "3.2.2020", "--json")
    assert filled(*taken).json["findings"] == []


@pytest.mark.parametrize("instead", [("5.2.2020",), ("--nicht-geschehen",)])
def test_a_list_that_is_read_in_again_does_not_bring_back_what_was_corrected(
    filled: Desk, tmp_path: Path, instead: tuple[str, ...]
) -> None:
    """Else a building that was never demolished would be again, and its file be destroyed for it."""
    file = tmp_path / "liste.csv"
    file.write_text(HEAD + f'{NUMBER};structure_demolished;3.2.2025;"Anzeige\nNr. 5"\n', encoding="utf-8")
    assert filled("ereignis", "import", file, "--json").json["written"] == 1
    melde = ("ereignis", "melde", NUMBER, "structure_demolished")
    right = filled(*melde, *instead, "--ersetzt", "1", "--beleg", "Bescheid", "--json").json["number"]
    before = filled("ereignis", "liste", NUMBER, "--json").json["events"]
    again = filled("ereignis", "import", file, "--json")
    (row,) = again.json["rows"]
    assert (again.code, again.json["written"], row["verdict"], row["line"]) == (0, 0, "known", 2)
    assert f"Es gilt Meldung Nr. {right}" in row["findings"][0]["text"]
    assert filled(*melde, "3.2.2025", "--beleg", "Anzeige\nNr. 5").code == 4
    assert filled("ereignis", "liste", NUMBER, "--json").json["events"] == before


def test_akten_without_their_event_wait_until_it_is_told(filled: Desk) -> None:
    waiting = filled("frist", "offen", "--json").json
    here = {one["aktenzeichen"]: one for one in waiting}
    assert here[NUMBER]["missing_events"] == ["structure_demolished"]
    assert "Bauaufsicht" in here[NUMBER]["ask"][0]
    with open_catalog(filled.url) as catalog:
        receive(catalog, "wartet noch", number="63-07777-2019")
    assert filled("frist", "offen", "--json").json == waiting, "nobody is asked about what may be given back"
    assert filled("frist", "offen", "--aktenart", "Steuerakte", "--json").json == []
    assert filled("frist", "offen", "--bis", "1990", "--json").json == []
    assert filled("frist", "offen", "--ereignis", "Tod", "--json").json == []
    assert filled("frist", "offen", "--ereignis", "nie", "--json").code == 2
    pages = [filled("frist", "offen", "--anzahl", "1", "--ab", str(n), "--json").json for n in range(len(waiting))]
    assert [page[0] for page in pages] == waiting
    filled("ereignis", "melde", NUMBER, "structure_demolished", "3.2.2020", "--beleg", "Abbruchanzeige")
    filled("ereignis", "tatsache", NUMBER, "structure_exists", "nein", "--beleg", "Abbruchanzeige")
    assert NUMBER not in {one["aktenzeichen"] for one in filled("frist", "offen", "--json").json}
    assert "Abbruch" in filled("frist", "offen").out
