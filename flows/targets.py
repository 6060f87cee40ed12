"""A folder that a person names for what is handed out; tried before anything is decided or written down."""

from __future__ import annotations

import tempfile
from pathlib import Path

from akten.diskwords import as_ours
from ingest.moving import make_folder


def try_out(target: Path) -> None:
    """Makes the folder and writes into it once. Raises Misconfigured or Unavailable: the fault is the folder's."""
    try:
        make_folder(target)
        with tempfile.TemporaryDirectory(prefix=".holen.", dir=target):
            pass
    except OSError as fault:
        raise as_ours(fault, f"In den Ordner „{target}“ lässt sich nichts schreiben") from fault
