"""What a person puts into a delivery at the clearing desk: it lands whole, and no slip leaves before another is in."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from akten.errors import Misconfigured
from ingest.claimed import ClaimedDelivery
from ingest.mending import put_in


@pytest.fixture
def waiting(tmp_path: Path) -> ClaimedDelivery:
    """A delivery at the clearing desk with a slip in YAML and one scan."""
    claimed = ClaimedDelivery(uuid4(), tmp_path / "work")
    claimed.lieferung.mkdir(parents=True)
    (claimed.lieferung / "Laufzettel.yaml").write_text("alt", encoding="utf-8")
    (claimed.lieferung / "a.tif").write_bytes(b"alt")
    return claimed


def lying(claimed: ClaimedDelivery) -> dict[str, str]:
    root = claimed.lieferung
    return {str(p.relative_to(root)): p.read_text("utf-8") for p in sorted(root.rglob("*")) if p.is_file()}


def new_slip(folder: Path, name: str = "neu.json") -> Path:
    file = folder / name
    file.write_text("neu", encoding="utf-8")
    return file


def test_the_new_slip_takes_the_place_of_every_old_one(waiting: ClaimedDelivery, tmp_path: Path) -> None:
    (waiting.lieferung / "laufzettel.yml").write_text("noch einer", encoding="utf-8")  # two are what is to be mended
    put_in(waiting, new_slip(tmp_path), None)
    assert lying(waiting) == {"a.tif": "alt", "laufzettel.json": "neu"}


def test_files_are_added_and_replaced_in_their_folders(waiting: ClaimedDelivery, tmp_path: Path) -> None:
    more = tmp_path / "nachscan"
    (more / "Anlagen").mkdir(parents=True)
    (more / "a.tif").write_bytes(b"neu")
    (more / "Anlagen" / "b.tif").write_bytes(b"dazu")
    put_in(waiting, None, more)
    assert lying(waiting) == {"Anlagen/b.tif": "dazu", "Laufzettel.yaml": "alt", "a.tif": "neu"}


def test_a_delivered_link_leads_nothing_out_of_the_delivery(waiting: ClaimedDelivery, tmp_path: Path) -> None:
    outside = tmp_path / "draußen"
    outside.mkdir()
    (waiting.lieferung / "Anlagen").symlink_to(outside)
    (waiting.lieferung / "b.tif").symlink_to(outside / "b.tif")
    more = tmp_path / "nachscan"
    (more / "Anlagen" / "tief").mkdir(parents=True)
    (more / "Anlagen" / "tief" / "c.tif").write_bytes(b"neu")
    (more / "b.tif").write_bytes(b"neu")
    put_in(waiting, None, more)
    assert list(outside.iterdir()) == []
    assert lying(waiting) == {"Anlagen/tief/c.tif": "neu", "Laufzettel.yaml": "alt", "a.tif": "alt", "b.tif": "neu"}
    assert not (waiting.lieferung / "Anlagen").is_symlink()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_among_the_files_to_put_in_is_refused_before_anything_changes(
    waiting: ClaimedDelivery, tmp_path: Path, kind: str
) -> None:
    before = lying(waiting)
    secret = tmp_path / "geheim"
    secret.mkdir()
    (secret / "x.tif").write_text("nicht für das Archiv")
    more = tmp_path / "nachscan"
    more.mkdir()
    (more / "a.tif").write_bytes(b"neu")
    (more / "z.tif").symlink_to(secret if kind == "folder" else secret / "x.tif")
    with pytest.raises(Misconfigured, match="Verknüpfung"):
        put_in(waiting, None, more)
    assert lying(waiting) == before


def test_the_old_slip_stays_when_the_new_one_cannot_be_read(waiting: ClaimedDelivery, tmp_path: Path) -> None:
    before = lying(waiting)
    with pytest.raises(OSError, match="fehlt"):
        put_in(waiting, tmp_path / "fehlt.json", None)
    assert lying(waiting) == before


def test_a_copy_that_breaks_off_leaves_nothing_half_in_the_delivery(
    waiting: ClaimedDelivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_reader: object, writer: object, _size: int) -> None:
        writer.write(b"ha")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    before = lying(waiting)
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        put_in(waiting, new_slip(tmp_path), None)
    assert lying(waiting) == before
    assert sorted(p.name for p in waiting.folder.iterdir()) == ["lieferung"]


def test_a_slip_under_a_name_that_none_has_is_refused_before_anything_changes(
    waiting: ClaimedDelivery, tmp_path: Path
) -> None:
    before = lying(waiting)
    with pytest.raises(Misconfigured, match=r"\.json"):
        put_in(waiting, new_slip(tmp_path, "neu.docx"), None)
    assert lying(waiting) == before
