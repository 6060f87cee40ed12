"""The trace of a programming error, kept for whoever mends it: a terminal does not show it."""

from __future__ import annotations

import os
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

BUGS = Path("protokoll") / "programmfehler.log"  # below the data folder


def keep_trace(daten: Path, about: str = "") -> None:
    """Appends the exception that is being handled; for the owner's eyes, since it may quote what was worked on."""
    file = daten / BUGS
    if not daten.is_dir():
        return  # a judge of files wants no archive, and makes none by failing
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {about}\n{traceback.format_exc()}\n")
