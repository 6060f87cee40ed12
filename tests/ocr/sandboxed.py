"""Functions that the tests of the sandbox call inside it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
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
        case "disk":
            for number in range(400):
                Path(payload["folder"], f"{number}.tmp").write_bytes(b"x" * (1 << 20))
                time.sleep(0.02)
        case "file":
            Path(payload["folder"], "gross.tmp").write_bytes(bytes(4 << 20))
        case "files":
            held = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
            held.clear()
        case "exit":
            os._exit(7)
    return {}
