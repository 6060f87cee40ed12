"""A bag earns the same words as a folder and as a tar, whoever packed it; and the judge never asks a network."""

from __future__ import annotations

import io
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from archive.bagcheck import BagReport, check_tar, judge_path
from tests.bagbuilder import BagBuilder, gone
from tests.bagcases import Case, folders
from tests.baggood import ODD_NAMES, Good, bags

# A socket cannot be packed, and what no system call takes as a whole Python's tarfile cannot read. Of two names of one
# file a tar makes a file and a link, and links are refused there.
NOT_THE_SAME = ("socket", "name_longer_than_any_system_call_takes", "one_file_twice")
LINK_OR_DEVICE = {"BG-60": "BG-72", "BG-61": "BG-73"}


def title(bag: Case | Good) -> str:
    """Its name without the code that it must earn."""
    return bag.name.removeprefix(f"{bag.code}_")


BAGS: list[Case | Good] = [bag for bag in (*folders(), *bags()) if title(bag) not in NOT_THE_SAME]


def words(report: BagReport) -> tuple[str, set[tuple[str, str]]]:
    """The verdict and the codes with their severity, links and devices named as in a tar."""
    found = {(LINK_OR_DEVICE.get(f.code, f.code), f.severity.value) for f in report.findings}
    return report.judgement, found


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
def test_every_bag_of_the_corpus_is_judged_alike_as_a_tar(form: int, tmp_path: Path) -> None:
    unlike = {}
    for number, bag in enumerate(BAGS):
        own = tmp_path / str(number)
        own.mkdir()
        root, packed = bag.make(own), io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w", format=form) as tar:
            tar.add(root, arcname="bag")
        packed.seek(0)
        folder, as_tar = words(judge_path(root)), words(check_tar(packed))
        if folder != as_tar:
            unlike[title(bag)] = (folder, as_tar)
    # in a folder a link or FIFO in the place of data has a code of its own
    assert unlike.keys() == {"data_fifo", "data_link"}, unlike


@pytest.mark.parametrize("form", ["v7", "ustar", "oldgnu", "gnu", "posix"])
def test_a_bag_of_all_odd_names_is_judged_alike_whatever_gnu_tar_makes_of_it(form: str, tmp_path: Path) -> None:
    """Forms older than pax hold no names of more than 100 bytes; all others pass through them as they are."""
    names = [name for key, name in ODD_NAMES.items() if key != "long"]
    root = BagBuilder(payload={f"data/{name}": name.encode() for name in names}).folder(tmp_path / "bag")
    subprocess.run(["tar", f"--format={form}", "-C", tmp_path, "-cf", tmp_path / "bag.tar", "bag"], check=True)
    report = judge_path(tmp_path / "bag.tar")
    assert report.judgement == "valid-with-warning"
    assert words(report) == words(judge_path(root))


def test_nothing_is_fetched_nor_any_name_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*args: object) -> None:
        raise AssertionError(args)

    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, asked)
    monkeypatch.setattr(socket.socket, "connect", asked)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        urls = ("https://example.org/a", f"http://127.0.0.1:{server.getsockname()[1]}/a", "file:///etc/hostname")
        for number, url in enumerate(urls):
            fetch = {"fetch.txt": f"{url} 12 data/a.txt\n".encode()}
            bag = BagBuilder(extra=fetch, late={"data/a.txt": gone}, info=None).folder(tmp_path / str(number))
            report = judge_path(bag)
            assert report.judgement == "invalid"
            assert {"BG-40", "BG-41"} <= {finding.code for finding in report.findings}
            assert not (bag / "data" / "a.txt").exists()
        with pytest.raises(BlockingIOError):
            server.accept()
