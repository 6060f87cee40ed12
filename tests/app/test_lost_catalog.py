"""A catalog that is gone, emptied or exchanged is refused everywhere, and a fresh folder still starts by itself."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from akten.errors import Misconfigured, Unavailable
from catalog.catalog import open_catalog
from flows import archivemark, doctor
from flows.archivemark import NAME, is_marked, mark
from flows.settings import read_settings
from flows.wiring import open_services
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.catalog.build import NOON, archive


def deleted(file: Path) -> None:
    file.unlink()


def folder_deleted(file: Path) -> None:
    shutil.rmtree(file.parent)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def emptied_beside_its_log(file: Path) -> None:
    file.write_bytes(b"")
    file.with_name(file.name + "-wal").write_bytes(b"what can still be saved")


def without_tables(file: Path) -> None:
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("VACUUM")
    connection.execute("CREATE TABLE x (y)")
    connection.execute("DROP TABLE x")
    connection.commit()
    connection.close()


def made_anew(file: Path) -> None:
    file.unlink()
    open_catalog(f"sqlite:///{file}").close()


def exchanged(file: Path) -> None:
    file.unlink()
    with open_catalog(f"sqlite:///{file}") as other:
        archive(other, 2, number="63-00002-2020")


LOSSES = [deleted, folder_deleted, emptied, emptied_beside_its_log, without_tables, made_anew, exchanged]


@pytest.fixture
def used(desk: Desk) -> Desk:
    """An archive with one Akte that was called since."""
    with open_catalog(catalog_url(desk.daten)) as catalog:
        archive(catalog, 1)
    assert desk("suche", "63-01234-2019").code == 0
    return desk


@pytest.mark.parametrize("lose", LOSSES)
def test_a_lost_catalog_is_refused_by_every_verb_and_nothing_is_made(used: Desk, lose: Callable[[Path], None]) -> None:
    file = used.daten / "katalog" / "archiv.sqlite"
    lose(file)
    left = {path.name: path.read_bytes() for path in file.parent.glob("*")} if file.parent.exists() else None
    for call in (
        ("suche", "Hafenstr"),
        ("protokoll", "pruefe"),
        ("abgleich",),
        ("akte", "liste"),
        ("frist", "katalog"),
    ):
        ran = used(*call, "--json")
        assert ran.code == 7, (call, ran)
        assert "„Recovery“" in ran.json["text"]
    if lose not in (made_anew, exchanged, without_tables):  # those SQLite had to open to see what they are
        now = {path.name: path.read_bytes() for path in file.parent.glob("*")} if file.parent.exists() else None
        assert now == left or now == {}
    assert not (used.daten / "speicher").exists()  # no store was woken for an answer that has no catalog


def test_doctor_says_that_the_catalog_is_lost(used: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (used.daten / "katalog" / "archiv.sqlite").unlink()
    monkeypatch.setattr("flows.tryouts.try_validators", lambda _: ())
    found = doctor.examine_machine(read_settings(daten=used.daten), stores=False)
    health = {part.part: part for part in found.parts}
    assert health["Katalog"].health is doctor.Health.FAILED
    assert "Sicherung" in health["Katalog"].advice
    assert health["Fristenkatalog"].health is doctor.Health.FAILED  # the released one lay in the lost catalog
    assert "--pruefe" not in health["Fristenkatalog"].advice  # it is not the rules that are wrong
    assert {"Uhr", "Suchindex"}.isdisjoint(health)  # nothing was seen of them, and what is wrong is said once
    assert found.verdict.value == "failed"


def test_the_catalog_put_back_is_the_catalog_again(used: Desk, tmp_path: Path) -> None:
    file, saved = used.daten / "katalog" / "archiv.sqlite", tmp_path / "sicherung"
    shutil.copytree(file.parent, saved)
    shutil.rmtree(file.parent)
    assert used("suche", "63-01234-2019").code == 7
    shutil.rmtree(file.parent, ignore_errors=True)
    shutil.copytree(saved, file.parent)
    assert used("suche", "63-01234-2019", "--json").code == 0


def test_a_fresh_folder_starts_and_may_have_been_killed_anywhere_before_its_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings(daten=tmp_path / "daten")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archivemark, "_write", killed)  # the catalog is made, the mark is not
    with pytest.raises(KeyboardInterrupt), open_services(settings) as services:
        _ = services.catalog
    monkeypatch.undo()
    assert not is_marked(settings)
    (tmp_path / "daten" / "katalog" / "archiv.sqlite").write_bytes(b"")  # as a kill amid the first opening leaves it
    with open_services(settings) as services:
        archive(services.catalog, 1)
    assert is_marked(settings)
    assert json.loads((tmp_path / "daten" / NAME).read_text())["kataloge"]["katalog/archiv.sqlite"]["erste_zeile"] == ""
    with open_services(settings) as services:  # now the first row of its trail is known
        first = services.catalog.identity()
    assert json.loads((tmp_path / "daten" / NAME).read_text())["kataloge"]["katalog/archiv.sqlite"] == {
        "seit": json.loads((tmp_path / "daten" / NAME).read_text())["kataloge"]["katalog/archiv.sqlite"]["seit"],
        "erste_zeile": first,
    }
    assert [path.name for path in (tmp_path / "daten").iterdir() if path.name.startswith(".")] == []


def test_a_marked_catalog_may_be_moved_with_its_folder_and_another_database_is_marked_beside_it(tmp_path: Path) -> None:
    with open_services(read_settings(daten=tmp_path / "hier")) as services:
        archive(services.catalog, 1)
    (tmp_path / "hier").rename(tmp_path / "dort")
    assert is_marked(read_settings(daten=tmp_path / "dort"))
    secret = "postgresql://archiv:geheim@db.example:5433/archiv"
    other = read_settings(daten=tmp_path / "dort", database=secret)
    assert not is_marked(other)
    mark(other, "", NOON)
    assert is_marked(other)
    assert "geheim" not in (tmp_path / "dort" / NAME).read_text()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kataloge": {"x": {}}}', '{"kataloge": []}', "\x00"])
def test_a_mark_that_cannot_be_read_is_no_fresh_folder(used: Desk, content: str) -> None:
    (used.daten / NAME).write_text(content)
    ran = used("suche", "Hafenstr")
    assert (ran.code, NAME in ran.err) == (7, True)


def test_a_full_disk_keeps_no_mark_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    settings = read_settings(daten=tmp_path)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(Unavailable, match="der Datenträger ist voll"):
        mark(settings, "", NOON)
    assert not is_marked(settings)


def test_an_identity_that_changes_is_refused(tmp_path: Path) -> None:
    settings = read_settings(daten=tmp_path)
    mark(settings, "", NOON)
    mark(settings, "abc", NOON)
    mark(settings, "abc", NOON)
    for other in ("", "abd"):
        with pytest.raises(Misconfigured, match="nicht der dieses Archivs"):
            mark(settings, other, NOON)
