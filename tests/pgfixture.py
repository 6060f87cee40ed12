"""A real PostgreSQL 15 for tests: initdb as a user who is not root, in a temp folder, on a unix socket only.

One server per test process, started when the first test wants it; every database is made from a template.
"""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest

from tests.conftest import lacking

_NUMBERS = itertools.count(1)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


def _account() -> str | None:
    """Whom the server runs as: ourselves, or as root a user without rights (PostgreSQL refuses root)."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Postgres:
    """A running server; `database()` makes an empty database and returns its address."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.account = _account()
        self.folder = Path(tempfile.mkdtemp(prefix="akpg"))
        if self.account is not None:
            entry = pwd.getpwnam(self.account)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        options = ("-U", "archiv", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self._run("initdb", "-D", str(self.folder / "data"), *options)
        # A crash of the machine is not tested here, so the tests need not wait for the disk.
        settings = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off -k " + str(
            self.folder
        )
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", settings, "start"
        )

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        if self.account is not None:
            command = ["setpriv", f"--reuid={self.account}", f"--regid={self._group()}", "--clear-groups", *command]
        outcome = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if outcome.returncode:
            raise RuntimeError(f"{program}: {outcome.stderr or outcome.stdout}")

    def _group(self) -> str:
        return str(pwd.getpwnam(self.account or "nobody").pw_gid)

    def url(self, name: str) -> str:
        """Address of a database of this server."""
        return f"postgresql://archiv@/{name}?host={self.folder}"

    def database(self, template: str = "template0", *, encoding: str = "") -> str:
        """Makes a new database and returns its address."""
        name = f"k{next(_NUMBERS)}"
        letters = f" ENCODING '{encoding}' LOCALE 'C'" if encoding else ""
        sql = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY{letters}"
        self._run("psql", "-q", "-h", str(self.folder), "-U", "archiv", "-d", "postgres", "-c", sql)
        return self.url(name)

    def stop(self) -> None:
        """Stops the server and removes its folder."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


@lru_cache(maxsize=1)
def running_postgres() -> Postgres | None:
    """The server of this process, or None where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        return None
    server = Postgres(binaries)
    atexit.register(server.stop)
    return server


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    server = running_postgres()
    if server is None:
        lacking("PostgreSQL (apt install postgresql)")
    assert server is not None
    return server
