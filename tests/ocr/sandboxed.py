"""Functions that the tests of the sandbox call inside it."""

from __future__ import annotations

import os
import signal
import sys
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
        case "full":
            Path("/dev/full").write_bytes(b"x")
        case "exit":
            os._exit(7)
        case "nap":
            time.sleep(1.5)
        case "killed once" if not Path(payload["mark"]).exists():
            Path(payload["mark"]).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    return {}


def write(payload: dict[str, Any]) -> dict[str, Any]:
    """Writes a file, in the temp folder when only its name is given."""
    target = Path(os.environ["TMPDIR"]) / payload["target"]
    try:
        target.write_bytes(b"x")
    except OSError as denied:
        return {"denied": denied.strerror}
    return {"at": str(target)}


def judge_and_look(payload: dict[str, Any]) -> dict[str, Any]:
    """Asks everything that our own PDF/A are asked, and tells which modules that loaded."""
    before = set(sys.modules)
    from ocr.likeness import compare_pages
    from ocr.pagejudge import ask_page
    from ocr.validators import ask_pikepdf

    page = {"number": 1, "path": payload["scan"], "page": 1, "is_pdf": False, "said_mm": None, "scan_mm": None}
    compared = {"pdf": payload["path"], "count": 1, "first": 0, "pages": [page | {"words": 0, "strict": True}]}
    findings = compare_pages(compared)["findings"]
    verdicts = [ask(payload)["verdict"] for ask in (ask_page, ask_pikepdf)]
    return {"findings": findings, "verdicts": verdicts, "loaded": sorted(set(sys.modules) - before)}
