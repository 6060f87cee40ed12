"""What the parts of an embedded server show each other: without it every account of the machine was let in.

SeaweedFS takes orders over gRPC from whoever reaches its ports: to read any object, to delete one past every lock, to
drop a bucket. The keys of S3 and its own tokens do not guard that door, a certificate does (tried on 4.48 with `weed
shell` from another account). One file holds key and certificate and is its own authority, so it is never torn apart.
"""

from __future__ import annotations

import os
import secrets
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from akten.diskwords import as_ours

NAME = "teile.pem"
_PARTS = ("MASTER", "VOLUME", "FILER", "S3", "CLIENT", "ADMIN", "WORKER", "MSG_BROKER")
# Valid whatever a clock says: nobody outside ever sees it, and a server that does not start is the worse harm.
_FROM, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def part_keys(folder: Path) -> Path:
    """The file below `folder`, made at the first call and where it is damaged; 0600. Raises Misconfigured, Unavailable.

    A damaged one must not stay: a part that cannot read it would open its door to everybody instead.
    """
    file = folder / NAME
    try:
        if file.exists() and not is_whole(file):
            file.unlink()
        if not file.exists():
            _make(file)
    except OSError as error:
        raise as_ours(error, f"Die Schlüssel des Speichers unter {folder} sind nicht benutzbar") from error
    return file


def part_environment(file: Path) -> dict[str, str]:
    """The settings of SeaweedFS that make its parts show and demand the certificate."""
    place = str(file.absolute())
    own = {f"WEED_GRPC_{part}_{what}": place for part in _PARTS for what in ("CERT", "KEY")}
    return {"WEED_GRPC_CA": place, **own}


def is_whole(file: Path) -> bool:
    """True when certificate and key are there and belong together."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)
    except ssl.SSLError:
        return False
    return True


def _make(file: Path) -> None:
    """Whole or not at all; of two processes that start at once, the first file stays and both use it."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(_pair())
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileExistsError):
            os.link(aside, file)
    finally:
        aside.unlink(missing_ok=True)


def _pair() -> bytes:
    """A fresh key and its certificate as PEM."""
    # Only the very first start pays for loading it.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Aktenarchiv, eingebetteter Speicher")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, *form) + certificate.public_bytes(serialization.Encoding.PEM)
