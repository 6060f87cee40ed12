"""`archiv doctor` ends with 7 where something has to be set or installed, and with 6 where it is only away for now."""

from __future__ import annotations

import json

import pytest

from flows import doctor
from flows.health import Examination, Health, PartHealth
from flows.receipt import gravest
from tests.app.desk import Desk
from tests.app.desk import desk as desk

KEYS = {"access_key": "a", "secret_key": "b"}
NOBODY = 9  # the port „discard“


def stores(**changes: object) -> str:
    one = {"name": "nord", "endpoint": f"http://127.0.0.1:{NOBODY}", "ingest": KEYS, "auditor": KEYS, "deletion": KEYS}
    return json.dumps([one | changes])


@pytest.fixture
def begun(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An archive on a machine that has all programs."""
    for name in ("_tesseract", "_programs", "_validators", "_schemas", "embedded_server"):
        monkeypatch.setattr(doctor, name, lambda *_: ())
    monkeypatch.setattr(doctor, "_java", lambda _: PartHealth("Java", "21", Health.OK))
    assert desk("doctor", "--ohne-speicher").code in (0, 8)  # 8 where decoders have no walls of their own
    return desk


AWAY = {"ARCHIV_STORES": stores()}
WRONG = {"ARCHIV_RECIPIENT__XDOMEA_VERSION": "9"}
NO_DATABASE = {"ARCHIV_DATABASE": f"postgresql://archiv@127.0.0.1:{NOBODY}/archiv"}


@pytest.mark.parametrize(
    ("changes", "code", "away"),
    [
        (AWAY, 6, {"Speicher nord", "Katalog und Speicher nord"}),
        (NO_DATABASE, 6, {"Fristenkatalog", "Katalog"}),
        (WRONG, 7, set()),
        ({**AWAY, **WRONG}, 7, {"Speicher nord", "Katalog und Speicher nord"}),
        ({"ARCHIV_STORES": stores(addressing_style="schief")}, 7, set()),
    ],
)
def test_what_is_only_away_is_told_from_what_is_set_wrongly(
    begun: Desk, changes: dict[str, str], code: int, away: set[str]
) -> None:
    """A service that asked it before it starts was told to mend its settings while the database was restarting."""
    for name, value in changes.items():
        begun.monkeypatch.setenv(name, value)
    ran = begun("doctor", "--json", *([] if "ARCHIV_STORES" in changes else ["--ohne-speicher"]))
    failed = {part["part"] for part in ran.json["parts"] if part["state"] == "failed"}
    assert {part["part"] for part in ran.json["parts"] if part["away"]} == away
    assert ran.code == code
    assert ran.json["verdict"] == "failed"
    assert bool(failed - away) is (code == 7)


def test_the_gravest_part_speaks_for_all_and_what_is_not_needed_for_none() -> None:
    away = PartHealth("Speicher", "", Health.FAILED, away=True)
    lacking = PartHealth("Java", "", Health.ABSENT)
    unneeded = PartHealth("Schriften", "", Health.ABSENT, needed=False)
    assert [gravest(Examination(parts).exit_codes) for parts in ((away,), (lacking, away), (unneeded,))] == [6, 7, 0]
