"""Programs that this process starts and that end with it, also by `kill -9` (parent death signal by `setpriv`)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from akten.closed import make_closed

_STOP_PATIENCE = 20.0


def tied(command: Sequence[str]) -> list[str]:
    """The command so that it ends when this process ends, where the system can do that."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)


@dataclass(slots=True)
class Child:
    """One child process with its log file."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Starts it, or starts it again; what it says goes to the end of its log."""
        make_closed(self.log.parent)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ended(self) -> bool:
        """True when it does not run."""
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """Asks it to end, and ends it when it does not in 20 seconds; may be called twice."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
