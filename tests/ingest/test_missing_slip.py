"""A slip that is not where it should be: what lies there instead is named, so that the clerk need not guess."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from akten.errors import Rejected
from ingest.delivery import read_delivery
from ingest.inbox import claim
from ingest.slip import delivery_root, read_slip
from tests.ingest.builders import GOOD, TIFF, fill, zipped
from tests.ingest.moves import NewId


def told(folder: Path) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        read_slip(folder)
    (finding,) = caught.value.findings
    return finding.code, finding.text


@pytest.mark.parametrize("name", ["laufzettel.json.txt", "Laufzettel - Kopie.json", "Laufzettel.docx", "laufzettel"])
def test_a_slip_under_another_name_is_named_with_the_right_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(GOOD), encoding="utf-8")
    code, text = told(tmp_path)
    assert code == "IN-01"
    assert f"„{name}“ heißt anders" in text
    assert "laufzettel.json, laufzettel.yaml oder laufzettel.yml" in text


@pytest.mark.parametrize("inner", [("a", "b"), ("innen/akte",)])
def test_slips_that_lie_too_deep_are_told_in_a_zip_as_in_a_folder(
    tmp_path: Path, work: Path, new_id: NewId, inner: tuple[str, ...]
) -> None:
    files = {f"{place}/{name}": data for place in inner for name, data in _delivery().items()}
    zipped(tmp_path / "tag.zip", files)
    claimed = claim(tmp_path / "tag.zip", work, new_id)
    with pytest.raises(Rejected) as caught:
        read_delivery(claimed)
    (finding,) = caught.value.findings
    assert finding.code == "IN-01"
    assert f"nur in Unterordnern ({len(inner)}, etwa" in finding.text


@pytest.mark.parametrize("junk", ["desktop.ini", "Thumbs.db", "__MACOSX/._a", "~$Brief.docx"])
def test_what_windows_and_macos_leave_beside_a_packed_folder_hides_no_slip(
    tmp_path: Path, work: Path, new_id: NewId, junk: str
) -> None:
    """A ZIP of one folder and a `desktop.ini` was said to have no slip."""
    files = {f"Akte/{name}": data for name, data in _delivery().items()}
    zipped(tmp_path / "akte.zip", {junk: b"x", **files})
    claimed = claim(tmp_path / "akte.zip", work, new_id)
    assert {scan.name for scan in read_delivery(claimed).scans} == {"scan1.tif", "scan2.tif"}


def test_a_scan_beside_a_folder_is_never_left_out_for_it(tmp_path: Path) -> None:
    fill(tmp_path / "innen")
    (tmp_path / "scan3.tif").write_bytes(TIFF)
    assert delivery_root(tmp_path) == tmp_path


def _delivery() -> dict[str, bytes]:
    return {"laufzettel.json": json.dumps(GOOD).encode(), "scan1.tif": TIFF + b"1", "scan2.tif": TIFF + b"2"}
