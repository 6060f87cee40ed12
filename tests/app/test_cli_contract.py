"""The command line as a contract: real processes on one data folder with all real parts; JSON, exit codes, streams."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from catalog.actor import Actor
from catalog.values import Resolution
from flows.settings import CHECKOUT, read_settings
from flows.wiring import open_services
from tests.app.desk import Ran
from tests.app.processes import BAD, GOOD, ODD, ODD_ONE, Archive, archiv
from tests.builders import a_delivery, a_slip

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


# --- annahme ---------------------------------------------------------------------------------------------------------


def test_receipts_have_the_promised_fields_and_a_bad_path_does_not_stop_the_others(archive: Archive) -> None:
    states = [receipt["state"] for receipt in archive.receipts]
    assert states == ["archived", "clearing", "archived", "refused"]
    for receipt in archive.receipts:
        assert isinstance(receipt["akte"], str)
        assert isinstance(receipt["aktenzeichen"], str)
        assert isinstance(receipt["pages"], int)
        assert isinstance(receipt["blank_pages"], int)
        assert isinstance(receipt["seconds"], float)
        assert all(set(finding) == {"code", "severity", "where", "text"} for finding in receipt["findings"])
    good, bad, odd, refused = archive.receipts
    assert UUID_FORM.fullmatch(good["uuid"])
    assert good["sheets"] == 1
    (document,) = good["documents"]
    assert document["verdict"] == "ok"
    assert document["pdfa"].startswith("2")
    assert {"name", "version", "verdict"} <= set(document["validators"][0])
    assert document["mean_confidence"] > 70
    assert [(copy["store"], copy["verified"]) for copy in good["copies"]] == [("a", True), ("b", True)]
    assert all(copy["version_id"] for copy in good["copies"])
    assert "3" in bad["findings"][0]["text"]
    assert odd["akte"] == ODD
    assert refused["uuid"] is None
    assert [finding["code"] for finding in refused["findings"]] == ["WF-08"]


def test_the_same_scans_again_are_a_duplicate_and_no_fault(archive: Archive, tmp_path: Path) -> None:
    again = a_delivery(tmp_path / "gut", aktenzeichen=GOOD)
    ran = archive.call("annahme", again, "--json")
    assert (ran.code, [r["state"] for r in ran.json]) == (0, ["duplicate"])


def test_an_empty_inbox_is_an_empty_list_and_a_remark(archive: Archive) -> None:
    ran = archive.call("annahme", "--json")
    assert (ran.code, ran.json) == (0, [])
    assert "Im Eingang liegt nichts" in archive.call("annahme").err


# --- finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["63-1-20", "Az. 63/00001/2020", "63 00001 2020"])
def test_an_akte_is_found_in_every_spelling(archive: Archive, spelling: str) -> None:
    ran = archive.call("suche", spelling, "--json")
    assert ran.code == 0
    (hit,) = ran.json
    assert hit["aktenzeichen"] == archive.receipts[0]["aktenzeichen"]
    assert hit["uuid"] == archive.receipts[0]["uuid"]
    assert (hit["state"], hit["volumes"], hit["pages"], hit["snippets"]) == ("archived", 1, 1, [])


def test_full_text_gives_snippets_with_their_page(archive: Archive) -> None:
    hits = archive.call("suche", "--volltext", "Statik", "--json").json
    assert len(hits) == 2
    assert all(hit["snippets"][0]["page"] == 1 and "Statik" in hit["snippets"][0]["text"] for hit in hits)
    assert archive.call("suche", "Blaubeerkuchen", "--json").json == []


def test_the_list_has_the_promised_fields_and_can_be_narrowed(archive: Archive) -> None:
    rows = archive.call("akte", "liste", "--aktenart", "bauakte", "--json").json
    assert len(rows) == 3
    assert all({"aktenzeichen", "uuid", "aktenart", "state", "versions"} <= set(row) for row in rows)
    assert sorted(row["versions"] for row in rows) == [[], [1], [1]]
    assert len(archive.call("akte", "liste", "--stand", "klärung", "--json").json) == 1


def test_odd_letters_are_shown_as_they_are(archive: Archive) -> None:
    assert archive.call("akte", "zeige", ODD_ONE, "--json").json["betreff"] == ODD
    assert ODD in archive.call("akte", "zeige", ODD_ONE).out
    assert ODD in archive.call("suche", ODD_ONE).out


def test_everything_known_of_an_akte(archive: Archive) -> None:
    known = archive.call("akte", "zeige", GOOD, "--json").json
    (package,) = known["packages"]
    assert [copy["verdict"] for copy in package["copies"]] == ["ok", "ok"] or package["copies"]
    assert all(copy["retain_until"] for copy in package["copies"])
    assert known["documents"][0]["verdict"] == "ok"


@pytest.mark.parametrize(
    "words", [("akte", "zeige", "63-999-20"), ("akte", "hole", "63-999-20", "--ziel", "x"), ("klaerung", "zeige", "99")]
)
def test_what_does_not_exist_is_refused_in_one_sentence(archive: Archive, words: tuple[str, ...]) -> None:
    ran = archive.call(*words, "--json")
    assert ran.code == 2
    assert (ran.json["error"], ran.json["exit_code"]) == ("Unknown", 2)
    assert ran.json["text"] in ran.err


# --- judges ----------------------------------------------------------------------------------------------------------


def judged(ran: Ran) -> tuple[int, str]:
    assert all({"code", "severity", "where", "text"} == set(finding) for finding in ran.json["findings"])
    return ran.code, ran.json["verdict"]


def test_judges_find_our_own_package_good(archive: Archive, shared: Path) -> None:
    assert judged(archive.call("bag", "pruefe", archive.package, "--json")) == (0, "valid")
    message = archive.call("xdomea", "pruefe", archive.message, "--json")
    code, verdict = judged(message)
    assert code == 0
    assert verdict in ("valid", "valid-with-warning")
    assert (message.json["version"], message.json["message"], message.json["schema_verdict"]) == ("3.0.0", "0503", "ok")
    premis = archive.call("premis", "pruefe", archive.package / "data/metadata/preservation/premis.xml", "--json")
    assert premis.code == 0
    assert premis.json["verdict"] in ("valid", "valid-with-warning")
    pdfa = archive.call("pdfa", "pruefe", archive.pdfa, "--json")
    assert judged(pdfa) == (0, "valid")
    assert {"veraPDF", "pikepdf.pdfa", "page-validation"} <= {one["name"] for one in pdfa.json["validators"]}


def test_without_official_schemas_nothing_is_bad_but_not_checked(archive: Archive, tmp_path: Path) -> None:
    ran = archive.call("xdomea", "pruefe", archive.message, "--json", ARCHIV_SHARED=str(tmp_path))
    assert judged(ran) == (8, "unchecked")
    assert ran.json["schema_verdict"] == "not_checked"


def test_bad_files_are_invalid_with_a_code(archive: Archive, tmp_path: Path) -> None:
    broken = tmp_path / "bag"
    shutil.copytree(archive.package, broken)
    slip = next(broken.rglob("laufzettel.json"))
    slip.write_bytes(slip.read_bytes() + b" ")
    assert judged(archive.call("bag", "pruefe", broken, "--json")) == (3, "invalid")
    text = tmp_path / "[rot] x.pdf"
    text.write_text("kein PDF")
    assert judged(archive.call("pdfa", "pruefe", text, "--json")) == (3, "invalid")
    assert judged(archive.call("xdomea", "pruefe", text, "--json")) == (3, "invalid")
    assert judged(archive.call("premis", "pruefe", text, "--json"))[0] == 3
    assert "[rot] x.pdf: ungültig" in archive.call("xdomea", "pruefe", text).out


# --- is it still whole? ----------------------------------------------------------------------------------------------


def test_fixity_reads_every_copy(archive: Archive) -> None:
    ran = archive.call("fixity", "pruefe", "--alle", "--json")
    assert ran.code == 0
    assert {"verdict", "checked", "damaged", "unchecked", "copies", "bytes"} <= set(ran.json)
    assert (ran.json["verdict"], ran.json["checked"], ran.json["damaged"], ran.json["unchecked"]) == ("ok", 4, 0, 0)
    assert ran.json["bytes"] > 0


def test_a_damaged_copy_ends_with_5_and_the_other_copy_is_still_good(archive: Archive, tmp_path: Path) -> None:
    daten = tmp_path / "beschädigt"
    shutil.copytree(archive.daten, daten, ignore=shutil.ignore_patterns("server.json"))
    flipped = 0
    for volume in (daten / "speicher" / "a").rglob("*.dat"):
        data = bytearray(volume.read_bytes())
        for found in re.finditer(rb'"operator": "S17"', bytes(data)):
            data[found.start() + 13] ^= 1
            flipped += 1
        volume.write_bytes(data)
    assert flipped
    ran = archiv("fixity", "pruefe", "--akte", GOOD, "--json", daten=daten)
    assert ran.code == 5, ran.err
    assert (ran.json["verdict"], ran.json["checked"], ran.json["damaged"]) == ("failed", 1, 1)
    (bad,) = [copy for copy in ran.json["copies"] if copy["verdict"] == "failed"]
    assert bad["store"] == "a"
    assert bad["findings"]


def test_the_trail_is_whole_and_names_who_acted_and_who_read(archive: Archive) -> None:
    chain = archive.call("protokoll", "pruefe", "--json")
    assert (chain.code, chain.json["verdict"]) == (0, "ok")
    events = archive.call("protokoll", "zeige", GOOD, "--json").json
    assert {"seq", "at", "by", "verb", "data"} <= set(events[0])
    verbs = [event["verb"] for event in events]
    assert {"package.stored", "akte.read"} <= set(verbs)
    assert events[verbs.index("package.stored")]["by"].startswith("Frau Größer / ")


def test_an_extract_is_proven_by_the_heads_that_lie_in_the_stores(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "auszug.json"
    made = archive.call("protokoll", "auszug", GOOD, "--ziel", str(file), "--json")
    assert (made.code, made.json["verdict"]) == (0, "ok"), made.err
    judged = archive.call("protokoll", "pruefe", "--auszug", str(file), "--json")
    assert (judged.code, judged.json["verdict"], judged.json["rows"]) == (0, "ok", made.json["rows"])
    assert judged.json["seal"] == made.json["seal"]


def test_the_clearing_desk_lists_shows_and_solves(archive: Archive, tmp_path: Path) -> None:
    (case,) = archive.call("klaerung", "liste", "--json").json
    assert case["code"]
    assert case["next_step"]
    number = str(case["number"])
    shown = archive.call("klaerung", "zeige", number)
    assert f"archiv klaerung loese {number}" in shown.out
    slip = tmp_path / "berichtigt.json"
    slip.write_text(json.dumps(a_slip(aktenzeichen=BAD)), encoding="utf-8")
    solved = archive.call("klaerung", "loese", number, "--neu-einreichen", "--laufzettel", slip, "--json")
    assert (solved.code, solved.json["state"], solved.json["number"]) == (0, "archived", int(number))
    assert archive.call("klaerung", "loese", number, "--neu-einreichen", "--json").code == 4


def test_a_return_that_was_cut_off_is_left_alone_by_the_next_run_and_completed_by_the_same_command(
    archive: Archive, tmp_path: Path
) -> None:
    delivered = a_delivery(tmp_path / "falsch", aktenzeichen="63-78-20", blattzahl=9)
    (receipt,) = archive.call("annahme", delivered, "--json").json
    number = receipt["clearing_case"]
    with open_services(read_settings(daten=archive.daten)) as services:  # killed right after the decision
        services.catalog.resolve(number, Resolution.RETURN, "falsch", by=Actor("s17"), now=services.now())
    assert archive.call("annahme", "--json").json == []
    words = ("klaerung", "loese", str(number), "--zurueck", tmp_path / "zurück", "--grund", "falsch", "--json")
    ran = archive.call(*words)
    assert (ran.code, ran.json["state"]) == (0, "returned")
    assert (tmp_path / "zurück" / "falsch" / "laufzettel.json").is_file()
    assert archive.call(*words).code == 4


def test_a_case_whose_files_are_gone_is_told_by_the_comparison_and_can_be_ended(
    archive: Archive, tmp_path: Path
) -> None:
    delivered = a_delivery(tmp_path / "verloren", aktenzeichen="63-79-20", blattzahl=9)
    (receipt,) = archive.call("annahme", delivered, "--json").json
    number = str(receipt["clearing_case"])
    shutil.rmtree(archive.daten / "arbeit" / receipt["delivery"] / "lieferung")
    compared = archive.call("abgleich", "--json")
    assert (compared.code, [f["code"] for f in compared.json["findings"]]) == (5, ["WF-13"])
    assert archive.call("klaerung", "loese", number, "--neu-einreichen", "--json").code == 4
    words = ("klaerung", "loese", number, "--zurueck", tmp_path / "zurück", "--grund", "weg", "--json")
    ran = archive.call(*words)
    assert (ran.code, ran.json["state"], ran.json["folder"]) == (0, "returned", None)
    assert archive.call("abgleich", "--json").code == 0


def test_a_refused_delivery_ends_with_3(archive: Archive, tmp_path: Path) -> None:
    empty = tmp_path / "ohne Laufzettel"
    empty.mkdir()
    ran = archive.call("annahme", empty, "--json")
    assert ran.code == 3
    assert ran.json[0]["findings"][0]["code"].startswith("IN-")


# --- streams, places, settings ---------------------------------------------------------------------------------------


def test_two_archives_stand_side_by_side_and_the_option_wins_at_either_place(archive: Archive, tmp_path: Path) -> None:
    other = tmp_path / "anderes Archiv"
    assert archive.call("annahme", "--json", "--daten", other).json == []
    assert archive.call("--daten", other, "akte", "liste", "--json").json == []
    assert archive.call("akte", "liste", "--json", "--daten", other).json == []
    assert archive.call("--json", "akte", "liste").json


def test_a_closed_pipe_is_no_fault(archive: Archive) -> None:
    for words in (["akte", "liste"], ["einstellungen", "--json"], ["--help"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *words],
            cwd=CHECKOUT,
            env={**os.environ, "ARCHIV_DATEN": str(archive.daten)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read().decode()
        process.stderr.close()
        assert process.wait(60) == 0, words
        assert told == ""


@pytest.mark.parametrize("words", [["akte", "liste"], ["akte", "liste", "--json"]])
def test_a_full_or_missing_standard_output_is_told_in_a_sentence(words: list[str], archive: Archive) -> None:
    command = [sys.executable, "-m", "app.cli", *words]
    given = {**os.environ, "ARCHIV_DATEN": str(archive.daten)}
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            command, cwd=CHECKOUT, env=given, stdout=full, stderr=subprocess.PIPE, timeout=120, check=False
        )
    assert ran.returncode == 6
    assert ran.stderr.decode().startswith("Fehler: Das Ergebnis ließ sich nicht ausgeben")
    shell = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command], cwd=CHECKOUT, env=given, timeout=120, check=False
    )
    assert shell.returncode == 0


def test_nobody_listening_to_remarks_makes_no_success_of_a_failure(tmp_path: Path) -> None:
    """As under `2>&1 | head`, or a service whose log has gone away: ending there with 0 would say that all was done."""
    environment = {**os.environ, "ARCHIV_DATEN": str(tmp_path / "nirgends")}
    listener, mouth = os.pipe()
    os.close(listener)
    for words, code in ((["akte", "liste"], 7), (["annahme", str(tmp_path / "gibt-es-nicht")], 2)):
        command = [sys.executable, "-m", "app.cli", *words]
        ran = subprocess.run(
            command, cwd=CHECKOUT, env=environment, stderr=mouth, stdout=mouth, timeout=120, check=False
        )
        assert ran.returncode == code, words
    os.close(mouth)


def test_people_read_the_time_of_berlin_and_machines_the_offset(archive: Archive) -> None:
    shown = archive.call("protokoll", "zeige", GOOD)
    (first, *_) = archive.call("protokoll", "zeige", GOOD, "--json").json
    at = datetime.fromisoformat(first["at"])
    assert at.utcoffset() is not None
    assert f"{at.astimezone(ZoneInfo('Europe/Berlin')):%d.%m.%Y %H:%M:%S}" in shown.out
    assert "UTC" not in shown.out


def test_a_database_that_is_away_ends_with_6(archive: Archive) -> None:
    ran = archive.call("akte", "liste", "--json", ARCHIV_DATABASE="postgresql://archiv:geheim@127.0.0.1:1/archiv")
    assert (ran.code, ran.json["error"]) == (6, "Unavailable")
    assert "geheim" not in ran.out + ran.err


# --- the rest of the table -------------------------------------------------------------------------------------------


def test_doctor_tells_every_part_and_what_to_do(archive: Archive) -> None:
    ran = archive.call("doctor", "--json", "--ohne-speicher")
    assert ran.code in (0, 8), ran.out
    parts = {part["part"]: part for part in ran.json["parts"]}
    assert all({"part", "version", "state", "advice"} <= set(part) for part in parts.values())
    assert {part["state"] for part in parts.values()} <= {"ok", "failed", "absent"}
    assert all(part["advice"] for part in parts.values() if part["state"] != "ok")
    assert {"Sprache deu", "PDF/A-Prüfer veraPDF", "Java", "Katalog", "Schriften", "XDOMEA-Schema 3.0.0"} <= set(parts)


def test_an_index_that_lags_is_found_by_doctor_and_made_anew(archive: Archive) -> None:
    """Rows of the text index are taken away behind the catalog's back, as a restored backup may do."""
    assert archiv("katalog", "index", "--json", daten=archive.daten).json == {
        "verdict": "ok", "lag_before": 0, "indexed": 0, "lag": 0,
    }  # fmt: skip
    database = next((archive.daten / "katalog").glob("*.sqlite*"))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM text_index")
        connection.commit()
    ran = archiv("doctor", "--ohne-speicher", "--json", daten=archive.daten)
    part = next(part for part in ran.json["parts"] if part["part"] == "Suchindex")
    assert ran.code == 7
    assert part["state"] == "failed"
    assert "archiv katalog index" in part["advice"]
    made = archiv("katalog", "index", "--json", daten=archive.daten)
    assert made.code == 0
    assert made.json["lag_before"] > 0
    assert made.json["lag"] == 0
    assert archiv("suche", "--volltext", "Statik", "--json", daten=archive.daten).json


def test_catalog_and_stores_agree(archive: Archive) -> None:
    ran = archive.call("abgleich", "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "ok")


def test_deadlines_of_a_case_file_and_of_an_akte(archive: Archive, tmp_path: Path) -> None:
    """The catalogue that comes with the project answers; a case that is wrong gets findings and exit code 3."""
    shown = archive.call("frist", "zeige", GOOD, "--json")
    assert shown.code == 0
    assert shown.json["derivation"]
    cases = tmp_path / "faelle.yaml"
    record_class = shown.json["record_class"]
    cases.write_text(
        f"cases:\n- id: A\n  class: {record_class}\n  as_of: 2026-11-23\n  events: []\n"
        "- id: B\n  class: gibt.es.nicht\n  as_of: 2026-11-23\n",
        encoding="utf-8",
    )
    ran = archive.call("frist", "berechne", "--faelle", cases, "--json")
    assert ran.code == 3
    first, second = ran.json
    assert {"retention_ends", "disposal_from", "state", "derivation"} <= set(first["computed"])
    assert (second["id"], second["computed"]) == ("B", None)
    assert second["findings"][0]["code"].startswith("RT-")
