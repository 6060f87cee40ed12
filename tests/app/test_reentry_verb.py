"""`archiv abgleich --aufnehmen` and `--neuer-katalog` make nothing where they are not meant."""

from __future__ import annotations

import pytest

import app.check_verbs
from catalog.catalog import open_catalog
from flows.archivemark import NAME
from flows.reentry import Entered, ReentrySummary
from tests.app.desk import Desk, catalog_url
from tests.app.desk import desk as desk
from tests.catalog.build import archive


def test_a_new_catalog_is_only_begun_to_enter_packages(desk: Desk) -> None:
    ran = desk("abgleich", "--neuer-katalog")
    assert (ran.code, "--aufnehmen" in ran.err) == (2, True)
    assert not desk.daten.exists()


def test_nothing_is_entered_where_no_archive_is(desk: Desk) -> None:
    ran = desk("abgleich", "--aufnehmen")
    assert (ran.code, "liegt kein Archiv" in ran.err) == (7, True)
    assert not desk.daten.exists()


@pytest.mark.parametrize("lost", [False, True])
def test_no_new_catalog_is_begun_where_one_is_or_was(desk: Desk, *, lost: bool) -> None:
    """The mark of the archive has to be moved away by hand: a catalog that is only not mounted is not lost."""
    with open_catalog(catalog_url(desk.daten)) as catalog:
        archive(catalog, 1)
    assert desk("suche", "63-1234-19").code == 0
    assert (desk.daten / NAME).exists()
    file = desk.daten / "katalog" / "archiv.sqlite"
    if lost:
        file.unlink()
    ran = desk("abgleich", "--aufnehmen", "--neuer-katalog", "--json")
    assert (ran.code, "beiseitelegen" in ran.json["text"]) == (7, True)
    assert file.exists() is not lost
    assert not (desk.daten / "speicher").exists()


@pytest.mark.parametrize("anew", [False, True])
def test_after_a_backup_it_is_said_that_other_akten_lack_what_was_done_since_as_well(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, anew: bool
) -> None:
    with open_catalog(catalog_url(desk.daten)) as catalog:
        akte, stored = archive(catalog, 1)
    summary = ReentrySummary(entered=[Entered(stored.id, akte, 1)])
    monkeypatch.setattr("app.check_verbs.reenter_lost", lambda *_: summary)
    monkeypatch.setattr("app.check_verbs.try_to_publish", lambda _: None)
    monkeypatch.setattr("app.check_verbs.open_anew", app.check_verbs.open_archive)
    ran = desk("abgleich", "--aufnehmen", *(["--neuer-katalog"] if anew else []))
    assert (ran.code, "Wieder aufgenommen" in ran.out) == (0, True)
    # A catalog begun anew has no other Akten; in one put back only locks of the stores tell of what was done to them.
    assert ("allen anderen Akten" in ran.out and "archiv fixity pruefe --alle" in ran.out) is not anew
