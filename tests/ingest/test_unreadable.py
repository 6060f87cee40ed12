"""What cannot be read of a delivery is a matter of the machine, of the work folder or of that delivery, and told so."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from akten.errors import Misconfigured, Rejected, Unavailable
from akten.findings import Severity
from ingest.delivery import read_delivery
from ingest.inbox import claim
from tests.ingest.builders import TIFF, fill

NewId = Callable[[], UUID]


@pytest.mark.parametrize("name", ["scan2.tif", "laufzettel.json"])
@pytest.mark.parametrize(
    ("number", "passes"),
    [(errno.EMFILE, True), (errno.ESTALE, True), (errno.EDQUOT, True), (errno.EIO, False), (errno.EACCES, False)],
)
def test_what_says_nothing_of_a_file_is_no_finding_about_it(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch, name: str, number: int, *, passes: bool
) -> None:
    """With too many files open, or a drive that was away, good scans went to the clearing desk as unreadable."""
    claimed = claim(fill(inbox / "a"), work, new_id)
    real = os.open

    def refuse(path: Path | str, *args: Any, **kwargs: Any) -> int:
        if Path(path).name == name:
            raise OSError(number, os.strerror(number))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    if passes:
        with pytest.raises(Unavailable):
            read_delivery(claimed)
    elif name == "scan2.tif":
        assert [finding.code for finding in read_delivery(claimed).findings] == ["IN-08"]
    else:
        with pytest.raises(Rejected):
            read_delivery(claimed)


def test_a_folder_that_may_not_be_read_is_named(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked of a person to mend its rights, and it no longer lies where that person put it."""
    claimed = claim(fill(inbox / "a"), work, new_id)

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(Misconfigured, match=f"Arbeitsordner {claimed.folder} ist nicht erlaubt"):
        read_delivery(claimed)


@pytest.mark.parametrize(("number", "passes"), [(errno.EACCES, False), (errno.EIO, False), (errno.ESTALE, True)])
def test_a_folder_below_that_cannot_be_read_is_a_finding_like_such_a_file(
    inbox: Path, work: Path, new_id: NewId, monkeypatch: pytest.MonkeyPatch, number: int, *, passes: bool
) -> None:
    """It halted its delivery in every round, and whoever looks into the clearing desk never saw it."""
    claimed = claim(fill(inbox / "a", None, {"scan1.tif": TIFF, "b/scan2.tif": TIFF + b"2"}), work, new_id)
    real = os.scandir

    def refuse(path: Path | str) -> Any:
        if Path(path).name == "b":
            raise OSError(number, os.strerror(number), str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    if passes:
        with pytest.raises(Unavailable):
            read_delivery(claimed)
        return
    delivery = read_delivery(claimed)
    assert [scan.name for scan in delivery.scans] == ["scan1.tif"]
    assert [(f.code, f.severity, f.where) for f in delivery.findings] == [("IN-08", Severity.ERROR, "b")]
