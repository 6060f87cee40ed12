"""The parts of an embedded server take orders from each other only: no other account of the machine gets in."""

from __future__ import annotations

import errno
import socket
import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from akten.errors import Misconfigured, Unavailable
from archive.embedded import EmbeddedServer
from archive.partkeys import NAME, is_whole, part_environment, part_keys
from archive.serverfolder import ServerFolder

_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"  # what a gRPC client begins with
_GRPC = 10_000  # each port has a second one, so much further


@pytest.mark.real
def test_every_door_of_the_running_server_demands_the_certificate(s3_server: EmbeddedServer) -> None:
    """`weed shell` of any account listed, read and deleted every object there, past keys and locks."""
    state = ServerFolder(s3_server.folder).read_state()
    assert state is not None
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    stranger.check_hostname = False
    stranger.verify_mode = ssl.CERT_NONE
    stranger.set_alpn_protocols(["h2"])
    for port in state.ports.numbers:
        with socket.create_connection(("127.0.0.1", port + _GRPC), 10) as plain:
            plain.settimeout(10)
            plain.sendall(_GREETING)
            assert plain.recv(64) in (b"", b"\x15\x03\x01\x00\x02\x02\x46"), port  # hung up, or an alert of TLS
        assert _refused(stranger, port + _GRPC) == "TLSV13_ALERT_CERTIFICATE_REQUIRED"


def _refused(stranger: ssl.SSLContext, port: int) -> str:
    """Why somebody who speaks TLS and shows no certificate gets no answer; "" for an answer."""
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        try:
            with stranger.wrap_socket(line) as inside:
                inside.sendall(_GREETING)
                inside.recv(64)
        except ssl.SSLError as refused:
            return str(refused.reason)
    return ""


def test_the_file_is_closed_whole_and_stays(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = {file.read_bytes() for file in pool.map(lambda _: part_keys(tmp_path), range(6))}
    assert len(found) == 1
    assert [each.name for each in tmp_path.iterdir()] == [NAME]
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert is_whole(tmp_path / NAME)


@pytest.mark.parametrize("kept", [0, 40, 200, 400, 700])
def test_a_damaged_one_is_made_anew_because_the_server_would_let_everybody_in(tmp_path: Path, kept: int) -> None:
    whole = part_keys(tmp_path).read_bytes()
    (tmp_path / NAME).write_bytes(whole[:kept])
    assert is_whole(part_keys(tmp_path))
    assert (tmp_path / NAME).read_bytes() != whole[:kept]


def test_every_part_shows_it_and_demands_it(tmp_path: Path) -> None:
    file = str(part_keys(tmp_path))
    given = part_environment(Path(file))
    assert set(given.values()) == {file}
    assert {"WEED_GRPC_CA", "WEED_GRPC_MASTER_CERT", "WEED_GRPC_VOLUME_KEY", "WEED_GRPC_FILER_CERT"} <= given.keys()


def test_a_full_disk_and_a_closed_folder_are_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Misconfigured, match="Die Schlüssel des Speichers"):
        part_keys(tmp_path / "gibt-es-nicht")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Unavailable, match="der Datenträger ist voll"):
        part_keys(tmp_path)
    assert list(tmp_path.iterdir()) == []
