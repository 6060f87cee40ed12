"""A run that Prefect started in a process of its own ends when who started it is gone.

The service ties its own children to itself, and the engine of a run is a child of one of those: after `kill -9` it
would go on alone. Ending it is safe at any moment: the next run continues from catalog and store.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from flows.settings import starter_of_runs

_EVERY_SECONDS = 1.0


def end_with_parent() -> None:
    """Begins to watch the parent, when this process is an engine of Prefect; anywhere else it does nothing."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.name.startswith("prefect."):
        starter = starter_of_runs()
        if starter is not None and not Path("/proc", str(starter)).exists():
            os._exit(1)
        threading.Thread(target=_watch, args=(os.getppid(),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_EVERY_SECONDS)
    os._exit(1)
