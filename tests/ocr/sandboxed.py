"""Functions that the tests of the sandbox call inside it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any


def double(payload: dict[str, Any]) -> dict[str, Any]:
    return {"number": payload["number"] * 2}


def die(payload: dict[str, Any]) -> dict[str, Any]:
    match payload["way"]:
        case "spin":
            while True:
                pass
        case "sleep":
            time.sleep(60)
        case "eat":
            bytearray(4 << 30)
        case "raise":
            raise KeyError("a decoder raises anything")
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            os._exit(7)
    return {}
