"""A catalog on a network drive is known by the kind of its mount; what only looks like one is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.place import network_drive_of

MOUNTS = """\
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
30 22 0:40 / /mnt/amt\\04063 rw master:2 - nfs4 server:/export rw,vers=4.2
31 22 0:41 / /mnt/amt\\04063/lokal rw - xfs /dev/sdb1 rw
32 22 0:42 / /srv rw - nfs server:/srv rw
33 32 8:17 / /srv rw - ext4 /dev/sdb2 rw
34 22 0:43 / /media/wolke rw - fuse.sshfs x@y:/ rw
35 22 0:44 / /host rw - 9p share rw
kaputt
"""


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/var/lib/archiv/archiv.sqlite", ""),
        ("/mnt/amt 63/archiv/archiv.sqlite", "nfs4"),
        ("/mnt/amt 63/lokal/archiv.sqlite", ""),
        ("/mnt/amt 631/archiv.sqlite", ""),
        ("/srv/archiv.sqlite", ""),
        ("/media/wolke/archiv.sqlite", "fuse.sshfs"),
        ("/host/archiv.sqlite", ""),
    ],
)
def test_the_mount_that_holds_the_file_says_whether_it_is_a_network_drive(file: str, kind: str) -> None:
    assert network_drive_of(Path(file), MOUNTS) == kind


def test_the_disk_of_this_machine_is_none(tmp_path: Path) -> None:
    assert network_drive_of(tmp_path / "archiv.sqlite") == ""
    assert network_drive_of(tmp_path / "archiv.sqlite", "") == ""
