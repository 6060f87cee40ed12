"""Whether a catalog lies on a network drive, where the log beside its file (WAL) does not hold two machines apart.

SQLite keeps the index of its log in memory that all who use the file must share (sqlite.org/wal.html, "all processes
using a database must be on the same host computer"): a second machine would not see what the first one writes.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

# As the kernel calls them. What a virtual machine gets of its host (9p, virtiofs) is used by that one machine alone.
_NETWORK = re.compile(
    r"nfs4?|cifs|smb[23]?|smbfs|ncpfs|afs|ceph|lustre|gpfs|gfs2|ocfs2|pvfs2|glusterfs"
    r"|fuse\.(?:sshfs|glusterfs|davfs2?|rclone|s3fs|ceph|ceph-fuse|smbnetfs|lizardfs|moosefs|mfs)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")  # blanks and the like in mount points (proc_pid_mountinfo(5))


def network_drive_of(file: Path, mounts: str | None = None) -> str:
    """The kind of network drive a file lies on, "" for a disk of this machine and where nobody can tell."""
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""
    place, deepest, kind = PurePosixPath(file.resolve()), -1, ""
    for line in mounts.splitlines():
        before, found, after = line.partition(" - ")
        fields = before.split(" ")
        if not found or len(fields) < 5:
            continue
        point = PurePosixPath(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        if place.is_relative_to(point) and len(point.parts) >= deepest:  # a later mount covers an earlier one
            deepest, kind = len(point.parts), after.split(" ", 1)[0]
    return kind if _NETWORK.fullmatch(kind) else ""
