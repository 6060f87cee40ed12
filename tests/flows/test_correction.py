"""What an archived Akte is described as is corrected by two persons, as a new version; the old one stays as it was."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

import pytest

from akten.aktenzeichen import Aktenzeichen
from akten.correction import Correction, Teil
from akten.errors import FixityError, Forbidden, Rejected, Unknown
from akten.lifecycle import Stage
from akten.model import Akte, Aktenart, Dokument, Vorgang
from akten.package import PackageId
from archive.locks import objects_of
from catalog.actor import Actor, ActorKind
from catalog.trail import Verb
from flows.correction import changes_of, delivery_of, propose, waiting, withdraw
from ingest.correction import Wish, read_wishes, typed_wishes
from metadata.premis import read_record
from retention.locking import end_of
from tests.contracts.telling import hold, on_akte
from tests.flows.correctionworld import ANNA, BERND, TODAY, World, agree, an_akte, ask, files_of, is_content, read
from tests.flows.correctionworld import world as world
from tests.memory_store import MemoryStore


def test_a_betreff_is_corrected_by_two_persons_and_found_as_it_is_now(world: World) -> None:
    akte = an_akte(world)
    before = files_of(world, akte, 1)
    ask(world, akte, betreff="Anbau Wintergarten")
    done = agree(world, akte)
    assert done.id == PackageId(akte.uuid, 2)
    row = world.catalog.akte(akte.uuid)
    assert row is not None
    assert (row.betreff, row.version, row.versions) == ("Anbau Wintergarten", 2, (1, 2))
    assert [hit.akte.uuid for hit in world.catalog.find("Wintergarten Anbau").hits] == [akte.uuid]
    assert not world.catalog.find("Wintergraten").hits
    assert [hit.akte.version for hit in world.catalog.find("Flurstück", volltext=True).hits] == [2]
    assert world.catalog.index_lag() == 0
    assert files_of(world, akte, 1) == before
    is_content(world)


def test_the_new_version_holds_every_file_of_the_old_one_and_tells_the_correction(world: World) -> None:
    akte = an_akte(world)
    old = files_of(world, akte, 1)
    ask(world, akte, betreff="Anbau Wintergarten")
    agree(world, akte)
    for store in (0, 1):
        new = files_of(world, akte, 2, store)
        moved = {
            "metadata/preservation/premis.xml": "metadata/preservation/premis-v1.xml",
            "metadata/preservation/untersuchung.json": "metadata/preservation/untersuchung-v1.json",
            "documentation/laufzettel.json": "documentation/laufzettel-v1.json",
        }
        kept = {moved.get(path, path): digest for path, digest in old.items() if "descriptive" not in path}
        assert kept.items() <= new.items()
        fresh = sorted(path for path in new.keys() - kept.keys() if "descriptive" not in path)
        assert fresh == ["documentation/berichtigung.json", "metadata/preservation/premis.xml"]


def test_message_premis_and_documentation_say_who_corrected_what_and_why(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    agree(world, akte)
    root = read(world, akte, 2)
    (message,) = (root / "metadata/descriptive").iterdir()
    text = message.read_text(encoding="utf-8")
    assert "Anbau Wintergarten" in text
    assert "Wintergraten" not in text
    assert "Berichtigung: Betreff" in text
    told = Correction.from_json(json.loads((root / "documentation/berichtigung.json").read_bytes()))
    assert (told.version, told.von, told.frei_von) == (1, "anna.meier", "b.schulz")
    assert {(c.name, c.alt, c.neu) for c in told.changes} == {("betreff", "Anbau Wintergraten", "Anbau Wintergarten")}
    record = read_record((root / "metadata/preservation/premis.xml").read_bytes())
    assert [event.type for event in record.events] == ["metadata modification", "information package creation"]
    assert record.events[0].notes == (
        "Grund: Tippfehler auf dem Laufzettel",
        "Freigabe: mit der Akte verglichen",
    )
    persons = {link.agent.value: link.roles for link in record.events[0].agents}
    assert persons["person/anna.meier"] == ("implementer",)
    assert persons["person/b.schulz"] == ("authorizer",)
    info = (root.parent / "bag-info.txt").read_text(encoding="utf-8")
    row = world.catalog.package(akte.uuid, 1)
    assert row is not None
    assert f"Bag-Supersedes: {row.package.tag_manifest_sha512}" in info.replace("\n  ", "").replace("\n ", "")


def test_one_file_corrects_many_values_at_once_each_shown_with_what_it_was(world: World) -> None:
    slip = {
        "vorgaenge": [
            {"betreff": "Antarg", "dokumente": [{"betreff": "Scan", "dateien": ["scan.tif"], "datum": "2019-03-05"}]}
        ]
    }
    akte = an_akte(world, **slip)
    said = """
betreff: Anbau Wintergarten
federfuehrung: Bauaufsicht Nord
zda_datum: 4.3.2020
felder: {Flurstück: 12/346, Gemarkung: Neuss}
laufzeit: {ende: 1.1.2021}
vorgaenge:
- vorgang: Antarg
  betreff: Antrag
dokumente:
- dokument: 1
  betreff: Bauantrag
  datum: 6.3.2019
"""
    file = world.folder / "berichtigung.yaml"
    file.write_text(said, encoding="utf-8")
    wishes = read_wishes(file, TODAY)
    proposed = propose(world.services, akte.uuid, wishes, "Laufzettel verwechselt", ANNA)
    assert {(c.teil.value, c.name, c.alt, c.neu) for c in proposed.changes} == {
        ("akte", "betreff", "Anbau Wintergraten", "Anbau Wintergarten"),
        ("akte", "federfuehrung", "Bauaufsicht", "Bauaufsicht Nord"),
        ("akte", "zda_datum", "2021-03-04", "2020-03-04"),
        ("akte", "felder.Flurstück", "12/345", "12/346"),
        ("akte", "felder.Gemarkung", "", "Neuss"),
        ("akte", "laufzeit.ende", "2019-03-05", "2021-01-01"),
        ("vorgang", "betreff", "Antarg", "Antrag"),
        ("dokument", "betreff", "Scan", "Bauantrag"),
        ("dokument", "datum", "2019-03-05", "2019-03-06"),
    }
    agree(world, akte)
    after = world.catalog.akte_snapshot(akte.uuid)
    assert after is not None
    (vorgang,) = after.vorgaenge
    (dokument,) = vorgang.dokumente
    assert (after.federfuehrung, after.zda_datum, after.laufzeit.ende) == (
        "Bauaufsicht Nord",
        date(2020, 3, 4),
        date(2021, 1, 1),
    )
    assert dict(after.felder)["Flurstück"] == "12/346"
    assert (vorgang.betreff, dokument.betreff, dokument.datum) == ("Antrag", "Bauantrag", date(2019, 3, 6))
    assert (dokument.uuid, dokument.dateien) == (akte.dokumente[0].uuid, akte.dokumente[0].dateien)
    # What is read with its pages is found by the new words above them, and no longer by the old ones.
    assert [hit.akte.uuid for hit in world.catalog.find("Antrag Flurstück steht", volltext=True).hits] == [akte.uuid]
    assert not world.catalog.find("Antarg", volltext=True).hits
    assert {r.value for r in world.catalog.references(akte.uuid)} >= {"12/346"}
    is_content(world)


def test_pages_are_found_by_the_new_betreff_of_their_dokument_alone(world: World) -> None:
    akte = an_akte(world)
    old = akte.dokumente[0].betreff
    ask(world, akte, dokumente=[{"dokument": "1", "betreff": "Lageplan"}])
    agree(world, akte)
    assert [hit.akte.uuid for hit in world.catalog.find("Lageplan Flurstück steht", volltext=True).hits] == [akte.uuid]
    assert not world.catalog.find(f"{old} Flurstück steht", volltext=True).hits


def test_a_vorgang_that_has_its_betreff_from_the_akte_follows_it(world: World) -> None:
    akte = an_akte(world)  # its slip names no Vorgang
    proposed = ask(world, akte, betreff="Anbau Wintergarten")
    assert [(c.teil.value, c.neu) for c in proposed.changes] == [
        ("akte", "Anbau Wintergarten"),
        ("vorgang", "Anbau Wintergarten"),
    ]


def test_what_is_wrong_can_be_taken_away_as_well(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, entfernen=["zda_datum", "Flurstück"])
    agree(world, akte)
    after = world.catalog.akte_snapshot(akte.uuid)
    assert after is not None
    assert (after.zda_datum, after.felder) == (None, ())
    is_content(world)


def test_a_field_named_in_another_spelling_is_the_one_that_is_there(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, felder={"flurstueck": "12/346", "Größe": "4"})
    agree(world, akte)
    after = world.catalog.akte_snapshot(akte.uuid)
    assert after is not None
    assert dict(after.felder) == {"Flurstück": "12/346", "Größe": "4"}
    ask(world, akte, entfernen=["Flurstueck"])
    with pytest.raises(Rejected, match="zwei verschiedene neue Werte"):
        ask(world, akte, felder={"Flurstück": "1", "FLURSTÜCK": "2"})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "WF-50"),
        ({"betreff": "Anbau Wintergraten"}, "WF-50"),
        ({"betreff": "Neu", "federfuehrung": "Bauaufsicht"}, "WF-50"),
        ({"entfernen": ["aktenplaneinheit"]}, "WF-50"),
        ({"entfernen": ["Steuernummer"]}, "WF-50"),
        ({"entfernen": ["Betreff"]}, "IN-14"),
        ({"entfernen": ["laufzeit"]}, "IN-14"),
        ({"betreff": " \u200b "}, "IN-14"),
        ({"betreff": "  "}, "IN-13"),
        ({"betreff": "Anbau\ufffe"}, "IN-14"),
        ({"felder": {"Bau\uffffherr": "A"}}, "IN-14"),
        ({"betreff": "x" * 501}, "IN-14"),
        ({"zda_datum": "1.1.2027"}, "IN-22"),
        ({"zda_datum": "31.2.2020"}, "IN-14"),
        ({"laufzeit": {"beginn": "2.1.2020", "ende": "1.1.2020"}}, "IN-14"),
        ({"laufzeit": {"beginn": "2.1.2020"}, "vorgaenge": [{"vorgang": "1", "datum": "1.1.2020"}]}, "IN-12"),
        ({"dokumente": [{"betreff": "Neu"}]}, "IN-13"),
        ({"vorgaenge": [{"vorgang": "1", "entfernen": ["betreff"]}]}, "IN-14"),
        ({"aktenart": "Steuerakte"}, "WF-51"),
        ({"aktenzeichen": "63/1/2020"}, "WF-50"),
        ({"aktenzeichen": "63-1"}, "IN-20"),
        ({"aktenzeichen": "90-12345-07"}, "IN-20"),
        ({"aktenzeichen": "63-2-2027"}, "IN-22"),
        ({"entfernen": ["Aktenzeichen"]}, "IN-14"),
        ({"vorgaenge": [{"vorgang": "1", "aktenzeichen": "63-2-20"}]}, "IN-12"),
        ({"band": "2", "betreff": "Neu"}, "WF-51"),
    ],
)
def test_what_changes_nothing_or_cannot_be_is_refused_before_anything_waits(
    world: World, fields: dict[str, object], code: str
) -> None:
    akte = an_akte(world)
    with pytest.raises(Rejected) as caught:
        ask(world, akte, **fields)
    assert {finding.code for finding in caught.value.findings} == {code}
    assert world.catalog.corrections.open() == ()


def test_an_end_before_the_beginning_that_stays_is_refused(world: World) -> None:
    akte = an_akte(world, laufzeit={"beginn": "2020-01-02", "ende": "2020-05-05"})
    with pytest.raises(Rejected, match="Das Ende der Laufzeit liegt vor ihrem Beginn"):
        ask(world, akte, laufzeit={"ende": "1.1.2020"})


@pytest.mark.parametrize("which", ["9", "0", "Nirgends", "5f1d6c1e-0000-4000-8000-00000000d001"])
def test_a_part_that_is_not_there_is_unknown(world: World, which: str) -> None:
    akte = an_akte(world)
    with pytest.raises(Unknown, match="gibt es in dieser Akte nicht"):
        ask(world, akte, dokumente=[{"dokument": which, "betreff": "Neu"}])


def test_a_number_that_is_the_betreff_of_another_names_none_of_them() -> None:
    dokumente = tuple(Dokument(UUID(int=n), betreff) for n, betreff in ((1, "2"), (2, "Plan"), (3, "3")))
    akte = Akte(
        UUID(int=9),
        Aktenart.BAUAKTE,
        Aktenzeichen("63-00001-2020"),
        "Anbau",
        vorgaenge=(Vorgang(UUID(int=8), "Anbau", dokumente=dokumente),),
    )

    def named(which: str) -> UUID:
        (change,) = changes_of(akte, [Wish(Teil.DOKUMENT, which, "betreff", "Neu", "")])
        return change.uuid

    with pytest.raises(Unknown, match="UUID"):
        named("2")
    assert [named(which).int for which in ("1", "3", "Plan", str(UUID(int=1)))] == [1, 3, 2, 1]


def test_a_betreff_that_several_bear_names_none_of_them(world: World) -> None:
    twice = {"vorgaenge": [{"betreff": "Neubau", "dokumente": [{"betreff": "Plan", "seiten": "1"}] * 2}]}
    akte = an_akte(world, **twice, blattzahl=1)
    wishes = typed_wishes({"dokumente": [{"dokument": "Plan", "betreff": "Neu"}]}, TODAY)
    with pytest.raises(Unknown, match="Dokumente dieses Betreffs gibt es 2"):
        changes_of(akte, wishes.wishes)


def test_only_another_person_releases(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    for same in (ANNA, Actor("Meier, Anna"), Actor("b.schulz", ActorKind.ALS, "anna.meier")):
        with pytest.raises(Forbidden, match="zweite Person"):
            agree(world, akte, same)
    with pytest.raises(Forbidden, match="ein Dienst ist keine"):
        agree(world, akte, Actor("dienst", ActorKind.SYSTEM))
    assert [row.package.id.version for row in world.catalog.packages(akte.uuid)] == [1]


def test_an_akte_has_one_proposal_at_a_time_and_it_can_be_given_up(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    with pytest.raises(Forbidden, match="schon ein Vorschlag"):
        ask(world, akte, BERND, zda_datum="1.1.2020")
    withdraw(world.services, waiting(world.services, akte.uuid), "doch richtig", ANNA)
    with pytest.raises(Forbidden, match="kein Vorschlag"):
        agree(world, akte)
    ask(world, akte, zda_datum="1.1.2020")
    agree(world, akte)
    is_content(world)


def test_a_proposal_for_a_version_that_is_not_the_newest_any_more_is_refused(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    world.archive(version=2, slip={"aktenzeichen": "63-1-20", "betreff": "Anbau Wintergraten"})
    with pytest.raises(Forbidden, match="neue Version bekommen"):
        agree(world, akte)
    withdraw(world.services, waiting(world.services, akte.uuid), "überholt", BERND)
    ask(world, akte, betreff="Anbau Wintergarten")
    assert agree(world, akte).id.version == 3
    is_content(world)


def test_a_correction_of_a_correction_carries_the_first_one(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    agree(world, akte)
    ask(world, akte, BERND, federfuehrung="Bauaufsicht Nord")
    agree(world, akte, ANNA)
    there = files_of(world, akte, 3)
    assert {"documentation/berichtigung.json", "documentation/berichtigung-v2.json"} <= there.keys()
    assert {"metadata/preservation/premis-v1.xml", "metadata/preservation/premis-v2.xml"} <= there.keys()
    is_content(world)


def test_a_later_date_moves_the_period_and_the_locks_of_all_versions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.flows.reentryworld.UNTIL", end_of(date(2029, 12, 31)))
    akte = an_akte(world, aktenart="Steuerakte", aktenzeichen="90-12345-07", zda_datum="2019-03-04")
    ask(world, akte, zda_datum="4.3.2025")
    agree(world, akte)
    after, row = world.catalog.akte_snapshot(akte.uuid), world.catalog.akte(akte.uuid)
    assert after is not None
    assert after.aufbewahrung is not None
    assert row is not None
    assert (after.aufbewahrung.ende, row.retention_ends) == (date(2035, 12, 31), date(2035, 12, 31))
    locks = set()
    for package in world.catalog.packages(akte.uuid):
        for copy in package.package.copies:
            store = next(each for each in world.stores if each.name == copy.store)
            locks |= {store.read_lock(*each).lock.retain_until for each in objects_of(package.package.id, copy)}
    assert locks == {end_of(date(2035, 12, 31))}


def test_under_a_hold_a_correction_is_held_too(world: World) -> None:
    akte = an_akte(world)
    hold(world.catalog, on_akte(akte.uuid))
    ask(world, akte, betreff="Anbau Wintergarten")
    done = agree(world, akte)
    assert [copy.lock.legal_hold for copy in done.copies] == [True, True]


def test_the_chain_tells_the_correction_without_any_value(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Haus Müller", felder={"Eigentümer": "Müller"})
    agree(world, akte)
    told = [e for e in world.catalog.events_of(akte=akte.uuid, limit=None) if e.verb.startswith("correction.")]
    assert [(e.verb, e.by) for e in told] == [
        ("correction.proposed", ANNA),
        ("correction.released", BERND),
        ("correction.ended", BERND),
    ]
    assert told[-1].data["version"] == 2
    chained = json.dumps([dict(e.data) for e in world.catalog.events_of(limit=None)], ensure_ascii=False)
    assert "Müller" not in chained
    assert "Eigentümer" not in chained
    stored = world.catalog.events_of(akte=akte.uuid, verb=Verb.PACKAGE_STORED.value)
    assert [event.data["version"] for event in stored] == [1, 2]


def test_where_no_copy_is_whole_nothing_is_packed_and_nobody_waits_for_it(world: World) -> None:
    akte = an_akte(world)
    ask(world, akte, betreff="Anbau Wintergarten")
    key = PackageId(akte.uuid, 1).bag_key
    for store in world.stores:
        assert isinstance(store, MemoryStore)
        store.spoil(key, store.keys[key][0].data[:-600])
    with pytest.raises(FixityError):
        agree(world, akte)
    row = world.catalog.delivery(delivery_of(waiting(world.services, akte.uuid)))
    assert row is not None
    assert row.stage is Stage.RECEIVED
    withdraw(world.services, waiting(world.services, akte.uuid), "erst ersetzen", ANNA)
    row = world.catalog.delivery(row.uuid)
    assert row is not None
    assert (row.stage, row.version) == (Stage.RETURNED, None)
