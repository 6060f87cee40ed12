"""The cyclic collector waits while very many values are made at once.

It is called by the number of new objects and walks over all that live: a message of 20,000 Dokumente is a million of
them, none in a cycle, and a third of the time went into walks that found nothing.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_holders = 0
_was_on = False


@contextmanager
def collector_waits() -> Iterator[None]:
    """Cycles are not looked for inside; the last to leave, of any thread, sets the collector as the first found it."""
    global _holders, _was_on
    with _lock:
        if _holders == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0 and _was_on:
                gc.enable()
