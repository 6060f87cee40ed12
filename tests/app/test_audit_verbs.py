"""What an auditor takes along and looks at: extracts that prove themselves elsewhere, samples drawn again."""

from __future__ import annotations

import csv
import json
import os
import threading
from pathlib import Path

import pytest

from akten.findings import Finding, Severity
from app.audit_verbs import _CSV, _csv_row
from catalog.catalog import open_catalog
from catalog.trail import Anchor
from tests.app.desk import Desk
from tests.app.desk import desk as desk
from tests.asked import asked
from tests.catalog.build import CLERK, NOON, archive
from tests.catalog.meddling import guarded, meddle, unguarded

AWAY = Finding("TR-13", Severity.WARNING, "", "Speicher „b“ ist weg.")
NUMBERS = tuple(f"63-{n:05}-2019" for n in (3, 4, 5, 9, 10, 12))


@pytest.fixture
def filled(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose stores take every head; that they do is shown in tests/flows and in the command line contract."""
    with open_catalog(desk.url) as catalog:
        for place, number in enumerate(NUMBERS):
            archive(catalog, place, number=number)
    heads: list[Anchor] = []
    monkeypatch.setattr("app.audit_verbs.try_to_publish", lambda services, head: heads.append(head))
    monkeypatch.setattr("app.audit_verbs.published_heads", lambda services: (tuple(heads), ()))
    return desk


def test_an_extract_is_not_called_good_because_its_head_was_meant_to_be_published(filled: Desk, tmp_path: Path) -> None:
    filled.monkeypatch.setattr("app.audit_verbs.published_heads", lambda services: ((), ()))
    ran = filled("protokoll", "auszug", NUMBERS[0], "--ziel", tmp_path / "a.json", "--json")
    assert (ran.code, [f["code"] for f in ran.json["findings"]]) == (8, ["TR-13"])


def extract_of(desk: Desk, folder: Path, *more: str) -> tuple[Path, Path, dict[str, object]]:
    """An extract about the first Akte, the head of its seal as it lies in a store, and what the command said."""
    file, head = folder / "auszug.json", folder / "kopf.json"
    ran = desk("protokoll", "auszug", NUMBERS[0], "--ziel", file, "--json", *more)
    assert (ran.code, ran.json["verdict"]) == (0, "ok")
    head.write_text(json.dumps({**ran.json["seal"], "at": NOON.isoformat()}))
    return file, head, ran.json


def test_an_extract_proves_itself_where_there_is_no_archive(filled: Desk, tmp_path: Path) -> None:
    file, head, said = extract_of(filled, tmp_path)
    elsewhere = Desk(tmp_path / "nirgends", filled.monkeypatch)
    good = elsewhere("protokoll", "pruefe", "--auszug", file, "--kopf", head, "--json")
    assert (good.code, good.json["verdict"], good.json["rows"]) == (0, "ok", said["rows"])
    alone = elsewhere("protokoll", "pruefe", "--auszug", file, "--json")
    assert (alone.code, [f["code"] for f in alone.json["findings"]]) == (8, ["TR-13"])
    assert not elsewhere.daten.exists()


def test_an_extract_in_which_something_was_changed_is_failed(filled: Desk, tmp_path: Path) -> None:
    file, head, _ = extract_of(filled, tmp_path)
    file.write_text(file.read_text().replace(CLERK.name, "x.x"))
    bad = filled("protokoll", "pruefe", "--auszug", file, "--kopf", head, "--json")
    assert (bad.code, bad.json["verdict"]) == (5, "failed")
    assert "TR-10" in {finding["code"] for finding in bad.json["findings"]}


@pytest.mark.parametrize("text", ["", "kein JSON", "[]", "[" * 100_000, '{"format": "anderes"}', "\x00"])
def test_what_is_no_extract_is_told_so(text: str, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    ran = desk("protokoll", "pruefe", "--auszug", file, "--json")
    assert (ran.code, [f["code"] for f in ran.json["findings"]]) == (5, ["TR-14"])


def test_of_a_pipe_no_more_is_read_than_of_a_file(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no size to ask for, and may never end: /dev/zero took the memory of the machine."""
    monkeypatch.setattr("app.audit_verbs._LARGEST", 1000)
    told = []
    for length in (100, 2000):
        pipe = tmp_path / f"{length}.json"
        os.mkfifo(pipe)
        text = json.dumps({"format": "aktenarchiv-protokollauszug-1", "seal": None, "rows": []}).ljust(length)
        writer = threading.Thread(target=pipe.write_text, args=(text,), daemon=True)
        writer.start()
        ran = desk("protokoll", "pruefe", "--auszug", pipe, "--json")
        told += [f["code"] for f in ran.json["findings"]]
        writer.join(10)
    assert told == ["TR-13", "TR-14"]


def test_a_file_that_is_no_head_vouches_for_nothing(filled: Desk, tmp_path: Path) -> None:
    file, _, _ = extract_of(filled, tmp_path)
    ran = filled("protokoll", "pruefe", "--auszug", file, "--kopf", file, "--json")
    assert (ran.code, "WF-20" in {f["code"] for f in ran.json["findings"]}) == (5, True)


def test_a_head_belongs_to_an_extract(filled: Desk, tmp_path: Path) -> None:
    _, head, _ = extract_of(filled, tmp_path)
    assert filled("protokoll", "pruefe", "--kopf", head).code == 2


def test_an_extract_whose_seal_could_not_be_published_is_not_checked(filled: Desk, tmp_path: Path) -> None:
    filled.monkeypatch.setattr("app.audit_verbs.try_to_publish", lambda services, head: AWAY)
    ran = filled("protokoll", "auszug", NUMBERS[0], "--ziel", tmp_path / "a.json", "--json")
    assert (ran.code, ran.json["verdict"], ran.json["findings"][0]["text"]) == (
        8,
        "not_checked",
        "Speicher „b“ ist weg.",
    )


def test_heads_of_the_stores_are_taken_where_the_archive_is(filled: Desk, tmp_path: Path) -> None:
    file, _, _ = extract_of(filled, tmp_path)
    away = Finding("WF-20", Severity.WARNING, "b", "Der Speicher ist weg.")
    filled.monkeypatch.setattr("app.audit_verbs.published_heads", lambda services: ((), (away,)))
    ran = filled("protokoll", "pruefe", "--auszug", file, "--json")
    assert (ran.code, [f["code"] for f in ran.json["findings"]]) == (8, ["WF-20", "TR-13"])


def test_an_extract_for_reading_has_a_line_per_row_and_no_formulas(filled: Desk, tmp_path: Path) -> None:
    sheet = tmp_path / "a.csv"
    with open_catalog(filled.url) as catalog:
        akte = catalog.akte_by_aktenzeichen(NUMBERS[0])[0].uuid
        catalog.read_access(akte, "x", by=CLERK, now=NOON)
    _, _, said = extract_of(filled, tmp_path, "--csv", str(sheet))
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert (rows[0][0], len(rows) - 1) == ("Zeile", said["rows"])
    assert {(row[4], row[9]) for row in rows[1:]} >= {
        ("Lieferung angenommen", "delivery.received"),
        ("eingesehen", "akte.read"),
    }
    assert any("nach beschrieben" in row[5] for row in rows[1:])
    assert len({len(row) for row in rows}) == 1


def test_an_extract_wants_to_know_of_what(filled: Desk, tmp_path: Path) -> None:
    ran = filled("protokoll", "auszug", "--ziel", tmp_path / "a.json", "--json")
    assert (ran.code, (tmp_path / "a.json").exists()) == (2, False)


def drawn(desk: Desk, *more: str) -> tuple[list[str], int]:
    ran = desk("protokoll", "stichprobe", "--json", *more)
    assert ran.code == 0
    return [akte["aktenzeichen"] for akte in ran.json["akten"]], ran.json["stand"]


def test_the_same_seed_draws_the_same_whatever_was_archived_since(filled: Desk) -> None:
    first, stand = drawn(filled, "--anzahl", "3", "--saat", "17")
    with open_catalog(filled.url) as catalog:
        for n in range(20):
            archive(catalog, f"later {n}", number=f"63-{n + 100:05}-2020")
    assert drawn(filled, "--anzahl", "3", "--saat", "17", "--stand", str(stand)) == (first, stand)
    everything, _ = drawn(filled, "--anzahl", "99", "--saat", "17", "--stand", str(stand))
    assert (everything[:3], sorted(everything)) == (first, sorted(NUMBERS))
    assert {tuple(drawn(filled, "--anzahl", "3", "--saat", str(n))[0]) for n in range(8)} != {tuple(first)}


def test_a_draw_stands_in_the_trail_and_says_how_to_repeat_it(filled: Desk) -> None:
    ran = filled("protokoll", "stichprobe", "--anzahl", "2", "--json")
    event = filled("protokoll", "zeige", "--bis", "31.12.9999", "--json").json[-1]
    assert (event["verb"], event["by"], event["data"]["seed"]) == ("sample.drawn", "anna.meier", ran.json["seed"])
    assert ran.json["again"].endswith(f"--anzahl 2 --saat {ran.json['seed']} --stand {ran.json['stand']}")
    assert (ran.json["of"], event["data"]["of"]) == (len(NUMBERS), len(NUMBERS))
    assert drawn(filled, "--anzahl", "2", "--aktenart", "Steuerakte")[0] == []


def test_what_is_drawn_is_looked_up_in_as_many_questions_as_one(filled: Desk) -> None:
    told = []
    for number in (1, len(NUMBERS)):
        with asked() as statements:
            assert len(drawn(filled, "--anzahl", str(number))[0]) == number
        told.append(len(statements))
    assert told[0] == told[1]


def test_a_row_that_is_not_there_yet_is_unknown(filled: Desk) -> None:
    ran = filled("protokoll", "stichprobe", "--anzahl", "1", "--stand", "9999", "--json")
    assert (ran.code, ran.json["error"]) == (2, "Unknown")


def test_a_drawn_akte_that_left_the_register_is_damage(filled: Desk) -> None:
    gone = "PRAGMA foreign_keys=OFF", f"DELETE FROM akten WHERE aktenzeichen = '{NUMBERS[0]}'"  # noqa: S608 - our own
    meddle(filled.url, *unguarded(filled.url), *gone, *guarded(filled.url))
    for family in ((), ("--aktenart", "Bauakte")):
        ran = filled("protokoll", "stichprobe", "--anzahl", "99", *family, "--json")
        assert (ran.code, len(ran.json["gone"]), len(ran.json["akten"])) == (5, 1, len(NUMBERS) - 1)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("63-7-19", "stehen 6 Nummern von 63-00003-2019 bis 63-00012-2019, 4 Nummern dazwischen fehlen; die nächsten: "
         "davor 63-00005-2019, danach 63-00009-2019."),
        ("63-99-19", "die nächsten: davor 63-00012-2019."),
        ("63-1-19", "die nächsten: danach 63-00003-2019."),
        ("63-7-2018", "Nummernkreis 63-…-2018: im Register steht keine einzige Nummer."),
    ],
)  # fmt: skip
def test_a_number_that_is_not_there_is_told_with_its_range(number: str, words: str, filled: Desk) -> None:
    ran = filled("suche", number)
    assert (ran.code, "Kein Treffer" in ran.out) == (0, True)
    assert words in " ".join(ran.out.split())
    machine = filled("suche", number, "--json")
    assert (machine.json, words in " ".join(machine.err.split())) == ([], True)


def test_a_number_that_is_there_and_a_word_have_no_range(filled: Desk) -> None:
    assert "Nummernkreis" not in filled("suche", NUMBERS[0]).out
    assert "Nummernkreis" not in filled("suche", "Wintergarten im Hof").out


@pytest.mark.parametrize("body", ["no json", "[1]", "null", '{"data": 1}', '{"data": {"scans": [' + "[" * 2000])
def test_a_changed_row_stands_in_the_table_as_it_lies(body: str) -> None:
    row = _csv_row({"seq": 7, "body": body, "hash": "ab"})
    assert (len(row), row[0], row[-2:]) == (len(_CSV), 7, (body, "ab"))
