"""An extract of the trail proves itself without the database, and not when anything in it was touched."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.errors import Forbidden
from akten.findings import Verdict
from catalog.catalog import Catalog, open_catalog
from catalog.extract import path, root_of, tree, verify_extract
from catalog.trail import Anchor
from tests.catalog.build import ROUND, an_extract, archive, later


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, word for word (over leaves that are hashed already)."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


@given(st.integers(1, 70), st.data())
def test_the_tree_is_that_of_the_rfc_and_every_proof_leads_to_its_root(size: int, data: st.DataObject) -> None:
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(size)]
    levels = tree(b"".join(leaves))
    root = mth(leaves)
    assert levels[-1] == root
    index = data.draw(st.integers(0, size - 1))
    proof = path(levels, index)
    assert root_of(leaves[index], index, size, proof) == root
    assert root_of(leaves[index], index, size, [*proof, root]) != root
    assert root_of(leaves[index], size, size, proof) is None
    if size > 1:
        assert root_of(leaves[index], (index + 1) % size, size, proof) != root
        assert root_of(leaves[index], index, size, proof[:-1]) != root


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with open_catalog(f"sqlite:///{tmp_path_factory.mktemp('trail') / 'archiv.sqlite'}") as opened:
        for n in (1, 2, 3):
            archive(opened, n, number=f"63-{n:05}-2019")
        yield opened


@pytest.fixture(scope="module")
def anchor(catalog: Catalog) -> Anchor:
    return catalog.seal_trail(by=ROUND, now=later(1))


@pytest.fixture
def value(catalog: Catalog, anchor: Anchor) -> dict[str, Any]:
    (row,) = catalog.akte_by_aktenzeichen("63-2-2019")
    return json.loads(json.dumps(an_extract(catalog, akte=row.uuid)))  # type: ignore[no-any-return]


def test_an_extract_is_proven_by_the_anchor_of_its_seal(value: dict[str, Any], anchor: Anchor) -> None:
    report = verify_extract(value, [anchor])
    assert (report.verdict, report.rows, report.seal) == (Verdict.OK, 10, (anchor.seq, anchor.hash))
    assert {json.loads(row["body"])["verb"] for row in value["rows"]} >= {"delivery.received", "package.stored"}
    without = verify_extract(value)
    assert (without.verdict, [f.code for f in without.findings]) == (Verdict.NOT_CHECKED, ["TR-13"])
    assert verify_extract(value, [Anchor(anchor.seq, "0" * 64, anchor.at)]).verdict is Verdict.FAILED


def other_body(value: dict[str, Any]) -> None:
    value["rows"][1]["body"] = value["rows"][1]["body"].replace("m.schmitz", "x.schmitz")


def other_row(value: dict[str, Any]) -> None:
    row = value["rows"][1]
    row["body"] = row["body"].replace("m.schmitz", "x.schmitz")
    row["hash"] = hashlib.sha256((row["prev"] + row["body"]).encode()).hexdigest()


def other_number(value: dict[str, Any]) -> None:
    value["rows"][1]["seq"] += 1


def other_proof(value: dict[str, Any]) -> None:
    value["rows"][0]["proof"][0] = "00" * 32


def other_root(value: dict[str, Any]) -> None:
    seal = value["seal"]
    seal["body"] = seal["body"].replace(json.loads(seal["body"])["data"]["root"], "00" * 32)


def no_rows(value: dict[str, Any]) -> None:
    del value["rows"]


def no_hex(value: dict[str, Any]) -> None:
    value["rows"][0]["hash"] = "xyz"


def a_list(value: dict[str, Any]) -> None:
    value["seal"] = []


@pytest.mark.parametrize(
    ("meddle", "code"),
    [
        (other_body, "TR-10"),
        (other_row, "TR-11"),
        (other_number, "TR-10"),
        (other_proof, "TR-11"),
        (other_root, "TR-12"),
        (no_rows, "TR-14"),
        (no_hex, "TR-14"),
        (a_list, "TR-14"),
    ],
)
def test_a_touched_extract_fails(
    value: dict[str, Any], anchor: Anchor, meddle: Callable[[dict[str, Any]], None], code: str
) -> None:
    touched = copy.deepcopy(value)
    meddle(touched)
    report = verify_extract(touched, [anchor])
    assert report.verdict is Verdict.FAILED
    assert code in {finding.code for finding in report.findings}


@pytest.mark.parametrize("junk", [[], {}, None, 7, {"format": "x"}, {"format": "aktenarchiv-protokollauszug-1"}])
def test_what_is_no_extract_fails(junk: Any) -> None:
    assert verify_extract(junk).verdict is Verdict.FAILED


def test_an_extract_without_seal_is_not_checked(tmp_path: Path) -> None:
    with open_catalog(f"sqlite:///{tmp_path / 'archiv.sqlite'}") as catalog:
        archive(catalog, 1)
        report = verify_extract(an_extract(catalog))
        assert (report.verdict, [f.code for f in report.findings]) == (Verdict.NOT_CHECKED, ["TR-13"])


def test_an_extract_of_more_rows_than_memory_is_meant_for_is_refused(
    catalog: Catalog, anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = an_extract(catalog)
    monkeypatch.setattr("catalog.extract.MOST_ROWS", len(whole["rows"]))
    assert an_extract(catalog) == whole
    monkeypatch.setattr("catalog.extract.MOST_ROWS", len(whole["rows"]) - 1)
    with pytest.raises(Forbidden, match="kürzeren Zeitraum"):
        an_extract(catalog)
