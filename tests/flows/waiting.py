"""Waiting for services in tests, and looking for what they left behind."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(done: Callable[[], bool], seconds: float, what: str, log: Callable[[], str] = str) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not within {seconds} s: {what}\n{log()}"
        time.sleep(0.5)


def processes_naming(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                environment = (entry / "environ").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if (text in line or f"ARCHIV_DATEN={text}" in environment) and "pytest" not in line:
                found.append(line)
    return found
