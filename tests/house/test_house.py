"""The house keeps its own rules: rooms, floors, and who may read the environment."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_every_room_lies_in_this_checkout_and_in_the_contract() -> None:
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).is_relative_to(ROOT)
    assert (
        set(PYPROJECT["tool"]["importlinter"]["root_packages"])
        == set(ROOMS)
        == set(PYPROJECT["tool"]["mypy"]["packages"])
    )


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


def test_only_settings_read_the_environment() -> None:
    offenders = [
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        if re.search(r"os\.environ\b|os\.getenv\b", file.read_text()) and file != ROOT / "flows" / "settings.py"
    ]
    assert offenders == []


def test_no_file_in_flows_hides_a_room_or_a_library() -> None:
    taken = set(ROOMS) | set(sys.stdlib_module_names) | {"prefect", "boto3", "lxml", "pikepdf", "click", "rich"}
    names = {file.stem for file in (ROOT / "flows").glob("*.py")} - {"__init__"}
    assert names.isdisjoint(taken)


def test_pins_name_no_index_and_no_address() -> None:
    lines = (ROOT / "constraints.txt").read_text().split()
    assert lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+", line) for line in lines)


def test_what_the_python_of_another_system_needs_besides_is_pinned_too() -> None:
    """Debian 12 got whatever async-timeout was the newest that day: our own Python does not want it."""
    known = {canonicalize_name(line.split("==")[0]) for line in (ROOT / "constraints.txt").read_text().split()}
    systems = [
        {"python_version": python.rpartition(".")[0], "python_full_version": python, "extra": ""}
        for python in ("3.11.2", "3.12.3", "3.13.5", "3.14.0")
    ]
    wanted = {
        canonicalize_name(need.name)
        for found in importlib.metadata.distributions()
        if canonicalize_name(found.name) in known
        for need in map(Requirement, found.requires or [])
        if need.marker is None or any(need.marker.evaluate(system) for system in systems)
    }
    assert wanted - known == set()


def test_every_plain_module_of_flows_is_named_in_the_contract_about_prefect() -> None:
    """import-linter does not take "all but": a new module that nobody names would be free to import it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (named,) = [c["source_modules"] for c in contracts if c["name"] == "Prefect only in rounds and the service"]
    free = {"service", "served_rounds", "roundend", "zombies", "__init__"}
    plain = {p.stem for p in (ROOT / "flows").glob("*.py") if not p.stem.endswith("_round") and p.stem not in free}
    assert {f"flows.{stem}" for stem in plain} == {name for name in named if name.startswith("flows.")}


def test_no_sentence_counts_with_brackets() -> None:
    """„1 Schrift(en) sind“ is how a program counts; `akten.plural` counts as people do."""
    counted = re.compile(r"\} ?(?:\w+ )*\w+\((?:e|en|n|er|s)\)")
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    assert len(files) > 300
    assert [(file.name, hit) for file in files for hit in counted.findall(file.read_text(encoding="utf-8"))] == []
