"""Ctrl-C while a command is only being loaded ends the process at once, in the same words as later.

An exception would fall into whatever module is being imported, and Python would show its trace or lose it. Nothing of
ours is under way then: there is nothing to tidy up. This module imports next to nothing, so that it is in force early.
"""

from __future__ import annotations

import os
import signal
import sys

CODE = 130
TEXT = "Abgebrochen. Was begonnen wurde, setzt archiv annahme ohne Pfad fort."
# As app.output writes it, which is not loaded yet; a test holds the two against each other.
AS_JSON = f'{{\n  "error": "Abort",\n  "exit_code": {CODE},\n  "text": "{TEXT}",\n  "findings": []\n}}\n'


def end_at_once() -> None:
    """From now on Ctrl-C ends the process; a process that was started to ignore it goes on ignoring it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def as_usual() -> None:
    """From now on Ctrl-C is an exception again, so that what is under way can be left in order."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: object) -> None:
    del number, frame
    try:
        os.write(2, f"{TEXT}\n".encode())
        if "--json" in sys.argv:
            os.write(1, AS_JSON.encode())
    finally:
        os._exit(CODE)
