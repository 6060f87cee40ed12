"""The trail takes nothing but its next link and tells every change, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from akten.errors import FixityError, Forbidden
from akten.findings import Verdict
from catalog import extract, sample
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog, open_catalog
from catalog.engine import parse_url
from catalog.extract import verify_extract
from catalog.migrations.versions.r0002_trail_and_search import SQLITE
from tests.catalog.build import (
    AN_ERROR,
    CLERK,
    NOON,
    ROUND,
    an_akte,
    an_extract,
    an_id,
    archive,
    later,
    receive,
)
from tests.catalog.databases import NewUrl
from tests.catalog.meddling import guarded, meddle, unguarded
from tests.contracts.telling import spoken


def test_the_chain_is_whole_and_an_anchor_vouches_for_its_end(catalog: Catalog) -> None:
    archive(catalog, 1)
    alone = catalog.verify_trail()
    assert (alone.verdict, [finding.code for finding in alone.findings]) == (Verdict.NOT_CHECKED, ["TR-00"])
    head = catalog.head()
    assert head is not None
    assert head.seq == alone.rows
    assert (catalog.verify_trail([head]).verdict, catalog.verify_trail([head]).findings) == (Verdict.OK, ())
    receive(catalog, 2)
    more = catalog.verify_trail([head])
    assert (more.verdict, [finding.code for finding in more.findings]) == (Verdict.OK, ["TR-08"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trail SET body = '{}' WHERE seq = 2",
        "DELETE FROM trail WHERE seq = 2",
        "DELETE FROM trail",
        "INSERT INTO trail (seq, prev, hash, body) VALUES (99, '0', '0', '{}')",
        "INSERT INTO trail (seq, prev, hash, body) SELECT max(seq) + 1, 'x', 'y', '{}' FROM trail",
        "INSERT INTO trail (seq, prev, hash, body) SELECT seq, prev, hash, '{}' FROM trail WHERE seq = 2",
    ],
)
def test_the_trail_refuses_everything_but_the_next_link(url: str, catalog: Catalog, statement: str) -> None:
    receive(catalog, 1)
    before = catalog.head()
    with pytest.raises(DBAPIError):
        meddle(url, statement)
    assert catalog.head() == before


def test_the_trail_refuses_replacing_and_emptying(url: str, catalog: Catalog) -> None:
    receive(catalog, 1)
    statement = (
        "INSERT OR REPLACE INTO trail (seq, prev, hash, body) SELECT seq, prev, hash, '{}' FROM trail WHERE seq = 2"
        if url.startswith("sqlite")
        else "TRUNCATE trail"
    )
    with pytest.raises(DBAPIError):
        meddle(url, statement)
    assert catalog.verify_trail().rows == 2


@pytest.mark.parametrize("note", ["'anders'", "'[]'", '\'{"text":"anders"}\'', "replace(note, 'Pr', 'F')"])
def test_words_beside_the_chain_that_were_changed_are_told(url: str, catalog: Catalog, note: str) -> None:
    akte, _ = archive(catalog, 1)
    catalog.read_access(akte.uuid, "Prüfung 2026/4", by=CLERK, now=later(30))
    head = catalog.head()
    assert head is not None
    assert catalog.verify_trail([head]).findings == ()
    meddle(url, f"UPDATE trail_notes SET note = {note} WHERE seq = {head.seq}")  # noqa: S608 - ours
    report = catalog.verify_trail([head])
    assert (report.verdict, report.first_bad) == (Verdict.FAILED, head.seq)
    assert [(finding.code, finding.where) for finding in report.findings] == [("TR-09", f"Zeile {head.seq}")]
    assert catalog.events_of(akte=akte.uuid)[-1].seq == head.seq


def test_words_put_beside_a_row_that_has_none_are_told_and_deleted_ones_are_not(url: str, catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    catalog.read_access(akte.uuid, "Prüfung 2026/4", by=CLERK, now=later(30))
    head = catalog.head()
    assert head is not None
    meddle(url, f"DELETE FROM trail_notes WHERE seq = {head.seq}")  # noqa: S608 - ours
    assert catalog.verify_trail([head]).findings == ()
    meddle(url, 'INSERT INTO trail_notes (seq, note) VALUES (1, \'{"salt":"00","text":"x"}\')')
    assert [finding.code for finding in catalog.verify_trail([head]).findings] == ["TR-09"]


@pytest.mark.parametrize("change", [('"at"', '"ta"'), ('"verb":"', '"verb":"x","akte":"'), ("2026-", "x-")])
def test_a_row_that_was_changed_so_that_nobody_can_read_it_is_damage_and_no_bug(
    url: str, catalog: Catalog, change: tuple[str, str]
) -> None:
    archive(catalog, 1)
    old, new = change
    written = f"UPDATE trail SET body = replace(body, '{old}', '{new}') WHERE seq = 2"  # noqa: S608 - ours
    meddle(url, *unguarded(url), written, *guarded(url))
    with pytest.raises(FixityError, match="Zeile 2 des Protokolls"):
        catalog.events_of()


@pytest.mark.parametrize("change", [('"at":"20', '"at":"x'), ('"rows"', '"rowz"'), ('"data"', '"atad"')])
def test_a_last_row_and_a_seal_that_nobody_can_read_are_damage_and_no_bug(
    url: str, catalog: Catalog, change: tuple[str, str]
) -> None:
    archive(catalog, 1)
    last = catalog.seal_trail(by=ROUND, now=later(1)).seq
    old, new = change
    written = f"UPDATE trail SET body = replace(body, '{old}', '{new}') WHERE seq = {last}"  # noqa: S608 - ours
    meddle(url, *unguarded(url), written, *guarded(url))
    ask = catalog.head if old.startswith('"at"') else partial(an_extract, catalog)
    with pytest.raises(FixityError, match=f"Zeile {last} des Protokolls"):
        ask()


@pytest.mark.parametrize(
    ("statements", "code", "first_bad"),
    [
        (["UPDATE trail SET body = replace(body, 'm.schmitz', 'x.xxxxxxx') WHERE seq = 3"], "TR-01", 3),
        (["UPDATE trail SET prev = hash WHERE seq = 3"], "TR-03", 3),
        (["DELETE FROM trail WHERE seq = 3"], "TR-02", 3),
        (["DELETE FROM trail WHERE seq BETWEEN 2 AND 4"], "TR-02", 2),
        (["DELETE FROM trail WHERE seq = 1"], "TR-02", 1),
        (["DELETE FROM trail WHERE seq > 4"], "TR-04", 5),
        (["DELETE FROM trail"], "TR-04", 1),
    ],
)
def test_a_trail_that_was_changed_fails(
    url: str, catalog: Catalog, statements: list[str], code: str, first_bad: int
) -> None:
    archive(catalog, 1)
    head = catalog.head()
    assert head is not None
    meddle(url, *unguarded(url), *statements, *guarded(url))
    report = catalog.verify_trail([head])
    assert report.verdict is Verdict.FAILED
    assert code in {finding.code for finding in report.findings}
    assert report.first_bad == first_bad


@pytest.mark.parametrize("number", [0, -7])
def test_a_row_before_the_first_is_told_wherever_the_chain_is_whole(url: str, catalog: Catalog, number: int) -> None:
    """Nobody is shown it, and it would vouch for a package that was never archived."""
    archive(catalog, 1)
    head = catalog.head()
    assert head is not None
    smuggled = f"INSERT INTO trail (seq, prev, hash, body) SELECT {number}, prev, hash, body FROM trail WHERE seq = 3"  # noqa: S608
    meddle(url, *unguarded(url)[:1], smuggled, *guarded(url))
    if url.startswith("sqlite"):
        meddle(url, next(text for text in SQLITE if "TRIGGER trail_insert" in text))
    report = catalog.verify_trail([head])
    assert (report.verdict, report.first_bad) == (Verdict.FAILED, number)
    told = [(finding.code, finding.where) for finding in report.findings if finding.code != "TR-07"]
    assert told == [("TR-02", f"Zeile {number}")]


def test_words_whose_row_was_cut_off_tell_of_it_where_no_anchor_does(url: str, catalog: Catalog) -> None:
    """What was read since the last anchor can be cut off; the words beside it are then what is left of it."""
    akte, _ = archive(catalog, 1)
    anchor = catalog.head()
    assert anchor is not None
    catalog.read_access(akte.uuid, "Einsicht", by=CLERK, now=later(1))
    meddle(url, *unguarded(url), f"DELETE FROM trail WHERE seq > {anchor.seq}", *guarded(url))  # noqa: S608 - our own
    report = catalog.verify_trail([anchor])
    (finding,) = (finding for finding in report.findings if finding.code == "TR-09")
    assert report.verdict is Verdict.FAILED
    assert "gibt es keine Zeile mehr" in finding.text


def test_a_rewritten_history_fails_against_the_anchor_and_missing_guards_are_told(
    new_url: NewUrl, url: str, catalog: Catalog
) -> None:
    archive(catalog, 1)
    head = catalog.head()
    assert head is not None
    with open_catalog(new_url()) as other:
        archive(other, 1)
        report = other.verify_trail([head])
        assert report.verdict is Verdict.FAILED
        assert "TR-05" in {finding.code for finding in report.findings}
    meddle(url, unguarded(url)[0])
    unprotected = catalog.verify_trail([head])
    assert unprotected.verdict is Verdict.FAILED
    assert {finding.code for finding in unprotected.findings} == {"TR-06"}


def _no_op(url: str) -> list[str]:
    if url.startswith("sqlite"):
        return ["DROP TRIGGER trail_update", "CREATE TRIGGER trail_update BEFORE UPDATE ON trail BEGIN SELECT 1; END"]
    body = "CREATE OR REPLACE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    return [body]


def _only_one_column(url: str) -> list[str]:
    trigger = "CREATE TRIGGER trail_update BEFORE UPDATE OF prev ON trail"
    if url.startswith("sqlite"):
        return ["DROP TRIGGER trail_update", f"{trigger} BEGIN SELECT RAISE(ABORT, 'trail: append only'); END"]
    return ["DROP TRIGGER trail_update ON trail", f"{trigger} FOR EACH STATEMENT EXECUTE FUNCTION trail_refuse()"]


def _silent_refusal(url: str) -> list[str]:
    trigger = "CREATE TRIGGER nichts BEFORE INSERT ON trail"
    if url.startswith("sqlite"):
        return [f"{trigger} WHEN NEW.seq > 99 BEGIN SELECT RAISE(IGNORE); END"]
    made = "CREATE FUNCTION nichts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    return [made, f"{trigger} FOR EACH ROW WHEN (NEW.seq > 99) EXECUTE FUNCTION nichts()"]


def _hidden_rows(url: str) -> list[str]:
    """Rows of an Akte are not found any more, though each is as it was written."""
    if url.startswith("sqlite"):
        sql = "replace(sql, '$.akte', '$.etka')"
        write = f"UPDATE sqlite_master SET sql = {sql} WHERE name = 'trail' AND type = 'table'"  # noqa: S608 - our own
        return ["PRAGMA writable_schema = ON", write]
    return ["ALTER TABLE trail ALTER COLUMN akte DROP EXPRESSION"]


@pytest.mark.parametrize("harm", [_no_op, _only_one_column, _silent_refusal, _hidden_rows])
def test_a_guard_that_guards_nothing_any_more_is_told(
    url: str, catalog: Catalog, harm: Callable[[str], list[str]]
) -> None:
    archive(catalog, 1)
    head = catalog.head()
    assert head is not None
    assert catalog.verify_trail([head]).findings == ()
    meddle(url, *harm(url))
    report = catalog.verify_trail([head])
    assert report.verdict is Verdict.FAILED
    assert {finding.code for finding in report.findings} == {"TR-06"}


def test_no_name_number_or_betreff_stands_in_the_chain(url: str, catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1, {0: ["Herr Müller beantragt"]})
    catalog.read_access(akte.uuid, "Akteneinsicht Frau Müller", by=CLERK, now=later(1))
    row = receive(catalog, 2)
    case = catalog.to_clearing(row.uuid, [AN_ERROR], owner="x", next_step="y", by=CLERK, now=NOON)
    catalog.resolve(case.number, "accept", "Müller fehlt", by=CLERK, now=NOON)
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        chain = spoken("".join(connection.execute(text("SELECT body FROM trail")).scalars()))
    engine.dispose()
    for personal in ("Müller", "M\\u00fcller", "01234", "Bauantrag", "Garage", "scan.tif"):
        assert personal not in chain


def test_who_read_what_and_who_did_what_is_answered(catalog: Catalog) -> None:
    akte, _ = archive(catalog, 1)
    auditor = Actor("pruefer", ActorKind.ALS)
    catalog.read_access(akte.uuid, "Prüfung 2026/4", by=auditor, now=later(30))
    (event,) = catalog.events_of(by="pruefer")
    assert (event.verb, event.akte, event.note, event.at) == ("akte.read", akte.uuid, "Prüfung 2026/4", later(30))
    verbs = [each.verb for each in catalog.events_of(akte=akte.uuid)]
    assert verbs[:2] == ["akte.opened", "delivery.received"]
    assert verbs[-2:] == ["package.stored", "akte.read"]
    assert catalog.events_of(von=later(30), bis=later(31)) == (event,)
    assert catalog.events_of(bis=later(30))[-1].verb == "package.stored"
    assert [each.seq for each in catalog.events_of(after=2, limit=2)] == [3, 4]
    with pytest.raises(Forbidden):
        catalog.read_access(an_id("nobody"), "x", by=auditor, now=NOON)


def test_many_writers_leave_no_gap_no_fork_and_lose_nothing(url: str, catalog: Catalog) -> None:
    with open_catalog(url) as second, ThreadPoolExecutor(8) as pool:
        doors = [catalog, second]
        list(pool.map(lambda n: receive(doors[n % 2], n, number=f"63-{n:05}-2019"), range(1, 41)))
    report = catalog.verify_trail()
    assert report.rows == 80
    assert [finding.code for finding in report.findings] == ["TR-00"]
    assert len(catalog.deliveries()) == 40


def test_a_package_missing_in_the_register_or_in_the_trail_is_told(url: str, catalog: Catalog) -> None:
    archive(catalog, 1, number="63-00001-2019")
    archive(catalog, 2, number="63-00002-2019")
    head = catalog.head()
    assert head is not None
    assert catalog.verify_trail([head]).verdict is Verdict.OK
    meddle(url, "UPDATE packages SET commit_sha256 = 'x' || substr(commit_sha256, 2)")
    report = catalog.verify_trail([head])
    assert report.verdict is Verdict.FAILED
    assert [finding.code for finding in report.findings] == ["TR-07"] * 4


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["UPDATE akten SET betreff = 'Abriss'"], "Betreff"),
        (["UPDATE akten SET aktenzeichen = replace(aktenzeichen, '01234', '09999')"], "Aktenzeichen"),
        (["UPDATE akten SET snapshot = replace(snapshot, 'garage', 'scheune')"], "die Beschreibung der Akte"),
        (["UPDATE dokumente SET betreff = 'Abriss'"], "ein Dokument"),
        (["UPDATE vorgaenge SET betreff = 'Abriss'"], "ein Vorgang"),
        (["UPDATE dokumente SET datum = '2001-01-01'"], "ein Dokument"),
        (["DELETE FROM dokumente WHERE betreff = 'Nachtrag'"], "ein Dokument fehlt"),
        (["DELETE FROM vorgaenge"], "ein Vorgang fehlt"),
        (["UPDATE dokumente SET version = version + 1"], "ein Dokument"),
        (["UPDATE dokumente SET version = version - 1"], "ein Dokument"),
        (["UPDATE dokumente SET position = 7"], "ein Dokument"),
        (["UPDATE dokumente SET vorgang = uuid"], "ein Dokument"),
        (["UPDATE vorgaenge SET laufzeit_bis = '2001-01-01'"], "ein Vorgang"),
        (["UPDATE akten SET state = 'clearing' WHERE version > 0"], "der Stand"),
        (["UPDATE akten SET retention_ends = '2026-01-01' WHERE version > 0"], "das Ende der Frist"),
        (["UPDATE deliveries SET band = 9"], "das Aktenzeichen von damals"),
        (["UPDATE akten SET record_class = 'kurz'"], "Fristklasse"),
        (["UPDATE akten SET federfuehrung = 'Amt 99'"], "Federführung"),
        (["UPDATE akten SET laufzeit_bis = '2001-01-01'"], "Laufzeit"),
        (["UPDATE akten SET datum_bis = '2001-01-01'"], "erster und letzter Tag"),
        (["UPDATE akten SET version = 99, betreff = 'Abriss'"], "die Nummer der Version, Betreff"),
        (
            [
                f"UPDATE {table} SET snapshot = replace(snapshot, 'Bauantrag M', 'Abriss M')"  # noqa: S608 - our own
                for table in ("akten", "packages")
            ]
            + ["UPDATE akten SET betreff = replace(betreff, 'Bauantrag M', 'Abriss M')"],
            "die Beschreibung",
        ),
    ],
)
def test_what_was_changed_about_an_archived_akte_behind_our_back_is_told(
    url: str, catalog: Catalog, statements: list[str], what: str
) -> None:
    """The packages carry the true Betreff; the register must not say another one and the check "in Ordnung" (TR-15)."""
    archive(catalog, 1)
    akte, _ = archive(catalog, 2, titles=("Bauantrag", "Nachtrag"), betreff="Bauantrag Müller: Nachtrag")
    catalog.read_access(akte.uuid, "Einsicht", by=CLERK, now=later(1))
    archive(catalog, 3, number="63-00003-2019", betreff="  Bauantrag M\u0308\x0b ")  # is kept cleaned
    catalog.plan(receive(catalog, 4).uuid, an_akte(akte.uuid, an_id("delivery", 4), betreff="x"), by=CLERK, now=NOON)
    head = catalog.head()
    assert head is not None
    assert catalog.verify_trail([head]).findings == ()
    meddle(url, *statements)
    report = catalog.verify_trail([head])
    assert report.verdict is Verdict.FAILED
    assert {finding.code for finding in report.findings} == {"TR-15"}
    assert any(f"geändert: {what}" in finding.text for finding in report.findings)
    assert str(akte.uuid) in report.findings[0].where + report.findings[-1].where


def test_events_in_turn_are_the_same_events(catalog: Catalog) -> None:
    """More than are read at once; broken off, they keep nobody from writing."""
    akte, _ = archive(catalog, 1)
    catalog.read_accesses((akte.uuid for _ in range(1200)), "Einsicht", by=CLERK, now=NOON)
    wanted = {"akte": akte.uuid, "after": 3, "limit": 1100}
    assert tuple(catalog.events_in_turn(**wanted)) == catalog.events_of(**wanted)
    broken_off = catalog.events_in_turn(**wanted)
    next(broken_off)
    catalog.read_access(akte.uuid, "Einsicht", by=CLERK, now=NOON)
    assert len(list(broken_off)) == 1099


def test_a_seal_is_a_row_and_proves_an_extract(catalog: Catalog) -> None:
    archive(catalog, 1)
    anchor = catalog.seal_trail(by=ROUND, now=later(1))
    receive(catalog, 2)
    value = an_extract(catalog)
    assert len(value["rows"]) == anchor.seq - 1
    assert verify_extract(value, [anchor]).verdict is Verdict.OK
    assert catalog.verify_trail([anchor]).verdict is Verdict.OK


def test_while_the_trail_is_read_for_a_seal_or_a_sample_the_others_write_on(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a million Akten that takes a minute, and an intake that waits for it gives up."""
    akte, _ = archive(catalog, 1)

    def meanwhile(real: Callable[..., Any], *how: Any) -> Any:
        catalog.read_access(akte.uuid, "Einsicht", by=CLERK, now=NOON)
        return real(*how)

    monkeypatch.setattr(extract, "_leaves", partial(meanwhile, extract._leaves))
    monkeypatch.setattr(sample, "_archived", partial(meanwhile, sample._archived))
    anchor = catalog.seal_trail(by=ROUND, now=later(1))
    drawn = catalog.draw_sample(7, 5, by=ROUND, now=later(1))
    assert (drawn.stand, drawn.akten) == (anchor.seq, (akte.uuid,))
    monkeypatch.undo()
    value = an_extract(catalog)
    assert len(value["rows"]) == anchor.seq - 2  # the one that came meanwhile is under the next seal
    assert verify_extract(value, [anchor]).verdict is Verdict.OK
    assert catalog.verify_trail([anchor]).verdict is Verdict.OK
    assert catalog.events_of(verb="sample.drawn")[0].data["of"] == 1
