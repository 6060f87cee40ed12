"""The keys of the embedded server are closed, stay the same, and only one of them may delete."""

from __future__ import annotations

import errno
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from akten.errors import Misconfigured, Unavailable
from archive.identities import Role, bucket_policy, load_secrets


def test_secrets_are_closed_and_stay_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: load_secrets(tmp_path / "k"), range(4)))
    assert len({json.dumps([each.keys, each.jwt]) for each in found}) == 1
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o700
    names = sorted(each.name for each in (tmp_path / "k").iterdir())
    assert names == ["geheimnisse.json", "identities.json"]
    assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in (tmp_path / "k").iterdir())
    assert found[0].keys[Role.INGEST][1] not in repr(found[0])


def test_damaged_secrets_are_never_replaced(tmp_path: Path) -> None:
    load_secrets(tmp_path)
    (tmp_path / "geheimnisse.json").write_text("{}")
    with pytest.raises(Misconfigured):
        load_secrets(tmp_path)


def test_keys_that_find_no_room_or_are_damaged_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "geheimnisse.json").write_text("{")
    with pytest.raises(Misconfigured, match="beschädigt"):
        load_secrets(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(Unavailable, match="der Datenträger ist voll"):
        load_secrets(tmp_path)


def test_the_policy_denies_deletion_to_all_but_the_deletion_identity() -> None:
    deleting, loosening = json.loads(bucket_policy())["Statement"]
    assert deleting["Condition"] == {"StringNotEquals": {"aws:username": "deletion"}}
    assert "s3:PutLifecycleConfiguration" in loosening["Action"]
    assert "Condition" not in loosening


def test_keys_half_written_on_a_full_disk_are_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Unavailable, match="der Datenträger ist voll"):
        load_secrets(tmp_path / "k")
    assert list((tmp_path / "k").iterdir()) == []
