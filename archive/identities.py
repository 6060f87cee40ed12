"""Secrets of one embedded server: its administrator, three identities with least rights, keys for its inner ports."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from akten.diskwords import as_ours
from akten.errors import Misconfigured

ARCHIVE_BUCKET = "archiv"
STAGING_BUCKET = "staging"
_JWT = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_SIGNING_READ_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
)


class Role(StrEnum):
    """Who may do what: admin sets up, ingest writes, auditor reads, deletion removes what an order names."""

    ADMIN = "admin"
    INGEST = "ingest"
    AUDITOR = "auditor"
    DELETION = "deletion"


_LOCKS_READ = ("GetObjectRetention", "GetObjectLegalHold", "GetBucketObjectLockConfiguration")
# SeaweedFS has no "put without delete" and no "put without lifecycle"; the bucket policy below takes both away again.
_ACTIONS: dict[Role, tuple[str, ...]] = {
    Role.ADMIN: ("Admin",),
    Role.INGEST: (
        *(f"{action}:{ARCHIVE_BUCKET}" for action in ("Read", "Write", "List", *_LOCKS_READ)),
        *(f"{action}:{ARCHIVE_BUCKET}" for action in ("PutObjectRetention", "PutObjectLegalHold")),
        *(f"{action}:{STAGING_BUCKET}" for action in ("Read", "Write", "List")),
    ),
    Role.AUDITOR: tuple(f"{action}:{ARCHIVE_BUCKET}" for action in ("Read", "List", *_LOCKS_READ)),
    Role.DELETION: (
        *(f"{action}:{ARCHIVE_BUCKET}" for action in ("Read", "Write", "List", *_LOCKS_READ)),
        *(f"{action}:{ARCHIVE_BUCKET}" for action in ("PutObjectRetention", "PutObjectLegalHold")),
        f"BypassGovernanceRetention:{ARCHIVE_BUCKET}",
    ),
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """Access and secret key per role, and the environment that closes filer and volume ports; never printed."""

    keys: dict[Role, tuple[str, str]]
    jwt: dict[str, str]
    identities_file: Path

    def __repr__(self) -> str:
        return f"Secrets({self.identities_file.parent})"


def bucket_policy() -> str:
    """Nobody but the deletion identity deletes or lifts governance; nobody, admin included, lets a rule delete.

    Measured on SeaweedFS 4.48: Deny binds even the admin identity; `NotPrincipal` is refused as invalid, a condition on
    `aws:username` works. The admin can still replace the policy: the embedded store is not a legal WORM.
    """
    resources = [f"arn:aws:s3:::{ARCHIVE_BUCKET}", f"arn:aws:s3:::{ARCHIVE_BUCKET}/*"]
    deleting = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]
    loosening = ["s3:PutLifecycleConfiguration", "s3:PutBucketCORS", "s3:DeleteBucket"]
    deny: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Resource": resources}
    only_deletion = {"StringNotEquals": {"aws:username": Role.DELETION.value}}
    statements = [
        {"Sid": "OnlyDeletionDeletes", **deny, "Action": deleting, "Condition": only_deletion},
        {"Sid": "NobodyLoosens", **deny, "Action": loosening},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def load_secrets(folder: Path) -> Secrets:
    """The secrets below `folder`, made at the first call; all files 0600. Raises Misconfigured when unreadable."""
    path = folder / "geheimnisse.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, json.dumps(_fresh(), indent=1))
        stored = json.loads(path.read_text(encoding="utf-8"))
        keys = {role: (str(stored["keys"][role][0]), str(stored["keys"][role][1])) for role in Role}
        jwt = {name: str(stored["jwt"][name]) for name in _JWT}
        identities = folder / "identities.json"
        _replace(identities, json.dumps(_identities(keys), indent=1))
    except OSError as error:
        raise as_ours(error, f"Die Schlüssel des Speichers unter {folder} sind nicht benutzbar") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Misconfigured(
            f"Die Schlüssel des Speichers in {path} sind beschädigt; aus der Sicherung zurückholen."
        ) from error
    return Secrets(keys, jwt, identities)


def _fresh() -> dict[str, Any]:
    keys = {role.value: [secrets.token_hex(10).upper(), secrets.token_urlsafe(32)] for role in Role}
    return {"keys": keys, "jwt": {name: secrets.token_hex(32) for name in _JWT}}


def _identities(keys: dict[Role, tuple[str, str]]) -> dict[str, Any]:
    return {
        "identities": [
            {
                "name": role.value,
                "credentials": [{"accessKey": keys[role][0], "secretKey": keys[role][1]}],
                "actions": list(_ACTIONS[role]),
            }
            for role in Role
        ]
    }


def _write_once(path: Path, text: str) -> None:
    """Of two processes that start at once, the first file stays and both use it."""
    aside = _aside(path, text)
    try:
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink()


def _replace(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    _aside(path, text).replace(path)


def _aside(path: Path, text: str) -> Path:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:  # a full disk
        aside.unlink()
        raise
    return aside
