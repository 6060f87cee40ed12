"""What YAML takes for a comment behind a value is told, for it may have been a part of it; comments else are not."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from akten.findings import Severity
from ingest.claimed import ClaimedDelivery
from ingest.delivery import read_delivery
from ingest.rules import FEW
from ingest.slip import read_slip
from ingest.slip_remarks import remarks_of

FORM = "aktenart: Bauakte\naktenzeichen: 63-4016-19 # Band 2\nbetreff: Haus # Nr. 5\noperator: k\nblattzahl: 1\n"


def told(text: str) -> list[tuple[str, str]]:
    found = remarks_of(text, "laufzettel.yaml")
    assert {(f.code, f.severity) for f in found} <= {("IN-18", Severity.WARNING)}
    return [(f.where.rpartition(" ")[2], f.text.partition("nichts: „")[2].partition("“ gilt")[0]) for f in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FORM, [("2", "Band 2"), ("3", "Nr. 5")]),
        (FORM.replace("\n", "\r\n"), [("2", "Band 2"), ("3", "Nr. 5")]),
        ("a: Haus\n  am Ufer # Nr. 5\nb: 1", [("2", "Nr. 5")]),
        ("a: {b: 12 # 345\n }\nc: [x, y # z\n ]", [("1", "345"), ("3", "z")]),
        ("- Haus #-5", [("1", "-5")]),
        ("a: Häuser 🏠 # im Hof", [("1", "im Hof")]),
    ],
)
def test_what_stands_behind_a_value_is_told_with_its_line(text: str, expected: list[tuple[str, str]]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "# Kopf\na: 1\n  # eingerückt\nb: 2\n# Ende",
        "a: 'Haus # Nr. 5'\nb: \"Haus # 6\"",
        "a: 'Haus' # bitte prüfen",
        "a: |\n  Blatt # 5 fehlt\nb: >  # gefaltet\n  x # y\n",
        "a:   # noch offen\nb: ~",
        "a: # die Liste\n  - x\n",
        "a: [x, y] # beide",
        "a: C# und x#1",
        "a: 1 ######\nb: 2 # --",
    ],
)
def test_what_is_plainly_a_comment_or_none_is_not_told(text: str) -> None:
    assert told(text) == []


def test_of_many_the_first_are_told_and_the_rest_is_counted() -> None:
    found = remarks_of("".join(f"k{number}: x # y\n" for number in range(FEW + 4)), "laufzettel.yml")
    assert len(found) == FEW + 1
    assert found[-1].text == "Ebenso hinter 4 weiteren Werten."


def test_it_comes_with_the_delivery_and_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "lieferung"
    folder.mkdir()
    (folder / "laufzettel.yaml").write_text(FORM, encoding="utf-8")
    (folder / "scan.tif").write_bytes(b"II*\0")
    delivery = read_delivery(ClaimedDelivery(UUID(int=1), tmp_path))
    assert [(f.code, f.where) for f in delivery.findings] == [
        ("IN-18", "laufzettel.yaml, Zeile 2"),
        ("IN-18", "laufzettel.yaml, Zeile 3"),
    ]
    assert (delivery.slip.betreff, delivery.slip.aktenzeichen) == ("Haus", "63-4016-19")


def test_a_json_slip_is_taken_by_the_letter(tmp_path: Path) -> None:
    (tmp_path / "laufzettel.json").write_text(
        '{"aktenart": "Bauakte", "aktenzeichen": "63-1-20", "betreff": "Haus # Nr. 5", "operator": "k", "blattzahl": 1}'
    )
    slip, file = read_slip(tmp_path)
    assert (slip.betreff, file.remarks) == ("Haus # Nr. 5", ())
