"""Whatever YAML somebody hands in, the reader answers with findings in German sentences or with values, never with a
trace. The damage is random with a fixed seed: bytes, lines, and values of a wrong kind in every place.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from akten.errors import Rejected
from akten.findings import Finding
from retention.case import Case
from retention.cases import answer_all, read_cases
from retention.catalogue import Fristenkatalog
from retention.deadline import compute
from retention.schedule import load_schedule, read_schedule
from retention.yamlfile import read_bytes
from tests.shipped import builtin_schedule

KATALOG = Path(__file__).parents[2] / "retention" / "katalog" / "neuss.yaml"
CASES = Path(__file__).with_name("cases.yaml")
EDGES = Path(__file__).with_name("cases_edges.yaml")
ODD: tuple[Any, ...] = (
    None, "", " ", 0, -1, 10**19, 1.5, float("nan"), True, [], {}, [[]], [{}], [None], {"a": 1}, {"": 1}, {None: 1},
    "x" * 5000, "\u2028", "P5Y", "P0D", "P9999Y", "file_closed", date(1, 1, 1), date(9999, 12, 31), "9999-12-31",
    "2026-02-30", "2026-01-01T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "yes", "~",
)  # fmt: skip
STREWN = (
    b"\t", b"&a ", b"*a", b"<<: ", b"!!set ", b"---\n", b"? ", b"{", b"]", b"|\n", b"'", b'"\\ud800"', b"\x00", b"\xff",
    b"\r", b"#", b": ", b"%YAML 9.9\n",
)  # fmt: skip


def dumped(value: Any) -> bytes:
    """YAML of a value, by the quick dumper where there is one."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(value, Dumper=dumper, allow_unicode=True)).encode()


def small_catalogue() -> dict[str, Any]:
    """The shipped catalogue with a dozen classes that show every construct, for speed."""
    whole = yaml.safe_load(KATALOG.read_text(encoding="utf-8"))
    keep = {
        "building.permit-file",
        "building.monument-file",
        "tax.audit-file",
        "finance.vouchers",
        "personnel.official-core",
        "personnel.employee-core",
        "personnel.pension-file",
        "personnel.complaint-unfavourable",
        "system.transfer-note",
        "registration.moved-or-deceased",
        "foreigners.azr-departed",
        "registration.other-data",
    }
    whole["classes"] = [entry for entry in whole["classes"] if entry["key"] in keep]
    whole["default_classes"] = {"Bauakte": "building.permit-file"}
    return dict(whole)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a tree."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in list(items):
        yield value, key
        yield from places(child)


def damaged(tree: dict[str, Any], chance: random.Random) -> bytes:
    """A copy with one to three parts replaced, removed, renamed or doubled."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(list(places(tree)))
        if isinstance(container, list):
            if key < len(container):
                container[key] = chance.choice(ODD)
        elif key in container:
            match chance.randrange(3):
                case 0:
                    del container[key]
                case 1:
                    container[f"{key}x"] = container.pop(key)
                case _:
                    container[key] = chance.choice(ODD)
    return dumped(tree)


def mangled(data: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, cut, doubled; tabs, quotes, brackets and markers strewn in."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(result))
        match chance.randrange(3):
            case 0:
                result[at] = chance.randrange(256)
            case 1:
                del result[at : at + chance.randint(1, 60)]
            case 2:
                result[at:at] = chance.choice(STREWN)
            case _:
                result[at:at] = result[at : at + chance.randint(1, 200)]
    return bytes(result)


def survive(read: Callable[[bytes], Any], data: bytes) -> bool:
    """True when it was read, False when it was refused with findings; anything else is a failure of the test."""
    findings: tuple[Finding, ...] = ()
    try:
        read(data)
    except Rejected as refused:
        findings = refused.findings
        assert_told(findings)
    return not findings


def assert_told(findings: tuple[Finding, ...]) -> None:
    """Every finding has a code of this room, a place and a sentence."""
    assert findings
    for finding in findings:
        assert finding.code.startswith("RT-")
        assert finding.text.endswith(".")
        assert ":" in finding.where


@cache
def shipped() -> Fristenkatalog:
    return builtin_schedule()


def computed(data: bytes) -> None:
    katalog = shipped()
    answers = answer_all(read_cases(data, katalog, date(2026, 11, 23)), katalog)
    assert all(entry["computed"] is not None or entry["findings"] for entry in answers)


def used(data: bytes) -> None:
    """A catalogue that was read can also be computed with, whatever it says."""
    katalog = read_schedule(data, "k.yaml")
    events = {"file_closed": (date(9999, 12, 31), date(1, 1, 1)), "birth": (date(9990, 2, 28),)}
    for key, entry in katalog.classes.items():
        names = {basis.trigger: (date(9998, 5, 5),) for basis in entry.bases if basis.trigger}
        for day in (date(1, 1, 1), date(9999, 12, 31)):
            compute(Case((key,), {**events, **names}, day), katalog)


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_catalogue_is_read_or_refused(seed: int) -> None:
    chance, tree = random.Random(seed), small_catalogue()
    outcomes = [survive(used, damaged(tree, chance)) for _ in range(30)]
    assert True in outcomes
    assert False in outcomes


@pytest.mark.parametrize("seed", range(3))
def test_a_mangled_catalogue_is_read_or_refused(seed: int) -> None:
    chance = random.Random(100 + seed)
    data = dumped(small_catalogue())
    assert False in [survive(used, mangled(data, chance)) for _ in range(30)]


@pytest.mark.parametrize("path", [CASES, EDGES])
@pytest.mark.parametrize("seed", range(3))
def test_damaged_cases_are_computed_or_refused(path: Path, seed: int) -> None:
    chance = random.Random(200 + seed)
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    for _ in range(20):
        part = {"schema_version": 1, "cases": chance.sample(raw["cases"], 8)}
        survive(computed, damaged(part, chance))
        survive(computed, mangled(dumped(part), chance))


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",  # the billion laughs
        "x: !!python/object/apply:os.system [ls]",
        "x: !!binary aGFsbG8=",
        "<<: {schema_version: 1}",
        "? [a, b]\n: 1",
        "? {a: b}\n: 1",
        "\tschema_version: 1",
        "schema_version: 1\n\tclasses: []",
        "- - - - - - - - - - - - - - - - - - - - - - - - - - - - x",
        "schema_version: 1\nschema_version: 1",
        "--- 1\n--- 2",
        "schema_version: 2026-13-45",
        "schema_version: 0x1",
        "schema_version: 1_000",
        "schema_version: .nan",
        "classes: [{key: [a]}]",
        "classes: {a: b}",
        "classes: 5",
        "sources: [1]",
        "holds: {a: 1}",
        "archive: []",
        "archive: {access: 5, offer_latest: 5}",
        "events: [1]",
        "default_classes: [Bauakte]",
        "date_rules: [1]",
        "date_rules: {start_rules: 5}",
        "privacy_categories: [a]",
        "protection_need_values: {a: 1}",
        "time_zone: ../../etc/passwd",
        "time_zone: /etc/localtime",
        "\ufeff# only a comment",
    ],
)
def test_odd_catalogues_are_refused_with_a_sentence(text: str) -> None:
    assert not survive(used, text.encode())


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "k.yaml"
    with path.open("wb") as file:
        file.truncate(40 << 20)
    with pytest.raises(Rejected, match="RT-01"):
        load_schedule(path)


def test_a_file_of_nothing_but_parts_is_refused_before_they_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of two bytes takes 400 of memory: 32 MiB of them would take all that a small machine has."""
    monkeypatch.setattr("retention.yamlfile._MAX_NODES", 1000)
    assert read_bytes(b"[" + b"a," * 990 + b"a]", "cases.yaml").value[0] == "a"
    with pytest.raises(Rejected, match="mehr als 1000 Werte"):
        read_bytes(b"[" + b"a," * 1000 + b"a]", "cases.yaml")
