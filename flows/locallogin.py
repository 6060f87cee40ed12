"""The login of the local Prefect server: without one every account of the machine could start programs as ours.

It listens on the machine alone, but whoever reaches it may change what a round does before it begins, and the rounds
hold the keys of the stores. The login lies beside the server's database, readable for its account only, so that whoever
runs the service can still look at the pages of the server in a browser.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from akten.closed import make_closed
from akten.diskwords import as_ours
from akten.errors import Unavailable

NAME = "anmeldung"
_WHOLE = re.compile(r"archiv:[A-Za-z0-9_-]{32,}\Z")


def local_login(home: Path) -> str:
    """Name and password for the server whose files lie in `home`; made at first, the same from then on.

    Raises Misconfigured or Unavailable for a folder that cannot be written or read.
    """
    file = home / NAME
    try:
        if (known := _read(file)) is None:
            make_closed(home)
            _make(file)
            known = _read(file)
    except OSError as fault:
        raise as_ours(fault, f"Die Anmeldung am örtlichen Prefect-Server ({file}) ist nicht benutzbar") from fault
    if known is None:  # another process is at it: without a login the server would let everybody in
        raise Unavailable(
            f"Die Anmeldung am örtlichen Prefect-Server ({file}) ist noch nicht geschrieben. Bitte noch einmal."
        )
    return known


def _read(file: Path) -> str | None:
    """None for one that is not there, or cut short by a full disk: the next takes its place."""
    try:
        text = file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    if _WHOLE.match(text):
        return text
    file.unlink(missing_ok=True)
    return None


def _make(file: Path) -> None:
    """Whole or not at all, and of two processes one makes it."""
    aside = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            stream.write(f"archiv:{secrets.token_urlsafe(32)}\n")
        with suppress(FileExistsError):
            os.link(aside, file)
    finally:
        aside.unlink(missing_ok=True)
