"""Intake options: the city's own patterns and profiles are read, and a misspelt one is an error with a hint."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from akten.aktenzeichen import MUSTER
from akten.errors import Misconfigured
from ingest.options import Blanks, IntakeOptions, load_options
from tests.conftest import ROOT

GOOD = """
aktenzeichen:
  - {aktenart: Bauakte, vorlage: "BA {nr:4}/{jahr}", jahr_von: 1950, jahr_bis: 2049}
profile:
  farbe: {dpi: 400, leerseiten: weglassen, duplex: true, leerseiten_entfernt: true}
  grau:
standardprofil: grau
"""


def test_patterns_and_profiles_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    options = load_options(tmp_path / "a.yaml")
    assert options.muster[0].vorlage == "BA {nr:4}/{jahr}"
    assert options.profile(None) == options.profile("Grau")
    farbe = options.profile("farbe")
    assert farbe is not None
    assert (farbe.dpi, farbe.blanks, farbe.duplex, farbe.blanks_removed) == (400, Blanks.DROP, True, True)


def test_the_example_in_the_manual_is_read_and_has_the_built_in_patterns(tmp_path: Path) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(aktenzeichen:.*?)```", manual, re.DOTALL)
    (tmp_path / "a.yaml").write_text(example, encoding="utf-8")
    options = load_options(tmp_path / "a.yaml")
    assert options.muster == MUSTER
    plan = options.profile("plan")
    assert plan is not None
    assert (plan.dpi, plan.blanks) == (200, Blanks.DROP)


def test_an_empty_file_keeps_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    assert load_options(tmp_path / "a.yaml") == IntakeOptions()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("profile:", "profil:"),
        ("dpi: 400", "dqi: 400"),
        ("dpi: 400", "dpi: 4"),
        ("dpi: 400", "dpi: viel"),
        ("duplex: true", "duplex: 3"),
        ("leerseiten: weglassen", "leerseiten: egal"),
        ("standardprofil: grau", "standardprofil: blau"),
        ("Bauakte", "Bauakten"),
        ("{nr:4}/{jahr}", "ohne Feld"),
        ("{nr:4}/{jahr}", "{nr}/{jahr}"),
        ("jahr_bis: 2049", "jahr_bis: '2049'"),
        ("jahr_von: 1950, jahr_bis: 2049", "jahr_von: '1950', jahr_bis: '2049'"),
        ("jahr_bis: 2049", "jahr_bis: 1900"),
        ("aktenzeichen:\n  -", "aktenzeichen: 3\nx:\n  -"),
        ("profile:", "profile: [1]\nx:"),
        ("standardprofil: grau", "standardprofil: [grau"),
    ],
)
def test_anything_wrong_is_told_at_the_start(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    (tmp_path / "a.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(Misconfigured):
        load_options(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "gibt es nicht"),
        (b"profile: {\xe4: {}}", "nicht in UTF-8"),
        (b"profile:\n  standard: {dpi: 300", "kein gültiges YAML (Zeile 2)"),
        (b"standardprofil: 2026-02-30", "kein gültiges YAML"),
        (b"profile: " + b"[" * 100_000, "kein gültiges YAML"),
        (b"profile: {standard: {leerseiten: egal}}", "„leerseiten“ ist eines von behalten, weglassen"),
        (b"profile: {standard: {leerseiten: [egal]}}", "„leerseiten“ ist eines von behalten, weglassen"),
        (b"profile: {standard: {}, Standard: {dpi: 200}}", "doppelt beschrieben"),
        (b"aktenzeichen: [{aktenart: [Bauakte]}]", "„aktenart“ ist eine von"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_in_german(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(Misconfigured) as caught:
        load_options(tmp_path / "a.yaml")
    assert told in caught.value.text
    assert "a.yaml" in caught.value.text
