"""What ends a command from outside is told in the words and with the code of the house, whenever it comes.

Ctrl-C while a command is only being loaded ends the process at once: an exception would fall into whatever module is
being imported, and Python would show its trace or lose it, and nothing of ours is under way then. Later it is an
exception, so that what is under way is left in order. SIGTERM ends the process at once at any time: whoever sends it
may send SIGKILL next, and both leave behind what the next run continues. This module imports next to nothing, so that
it is in force early.
"""

from __future__ import annotations

import os
import signal
import sys

CODE = 130
_ON = "Was begonnen wurde, setzt derselbe Befehl fort, Lieferungen auch archiv annahme ohne Pfad."
TEXT = f"Abgebrochen. {_ON}"
TERMINATED = 143
TERMINATED_TEXT = f"Von außen beendet (SIGTERM). {_ON}"


def _as_json(name: str, code: int, text: str) -> str:
    """As app.output writes it, which may not be loaded yet; a test holds the two against each other."""
    return f'{{\n  "error": "{name}",\n  "exit_code": {code},\n  "text": "{text}",\n  "findings": []\n}}\n'


AS_JSON = _as_json("Abort", CODE, TEXT)
TERMINATED_AS_JSON = _as_json("Terminated", TERMINATED, TERMINATED_TEXT)
_OWN = os.getpid()


def end_at_once() -> None:
    """From now on Ctrl-C and SIGTERM end the process; one that was started to ignore them goes on ignoring them."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def as_usual() -> None:
    """From now on Ctrl-C is an exception again, so that what is under way can be left in order."""
    if signal.getsignal(signal.SIGINT) is _interrupted:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def result_begins() -> None:
    """The one JSON value is about to be written: what was asked for is done, and SIGTERM cuts it off no more.

    A second one does: nobody may be reading.
    """
    if signal.getsignal(signal.SIGTERM) is _terminated:
        signal.signal(signal.SIGTERM, _let_it_out)


def _interrupted(number: int, frame: object) -> None:
    del number, frame
    _end(CODE, TEXT, AS_JSON)


def _terminated(number: int, frame: object) -> None:
    del frame
    if os.getpid() != _OWN:  # a child that hashes for us has nothing to tell
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    _end(TERMINATED, TERMINATED_TEXT, TERMINATED_AS_JSON)


def _let_it_out(number: int, frame: object) -> None:
    del frame
    signal.signal(number, signal.SIG_DFL)


def _end(code: int, text: str, as_json: str) -> None:
    try:
        os.write(2, f"{text}\n".encode())
        if "--json" in sys.argv:
            os.write(1, as_json.encode())
    finally:
        os._exit(code)
