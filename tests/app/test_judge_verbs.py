"""The four judges as processes on what is no file of their kind: a verdict in JSON, an exit code, no trace, no wait."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from lxml import etree

from flows.settings import CHECKOUT
from tests.metadata.premis_broken import good, set_time
from tests.metadata.xdomea_builders import an_xml, drop

VERDICTS = {0: {"valid", "valid-with-warning"}, 3: {"invalid"}, 8: {"unchecked"}}
LONG = "y" * 5000
ODD = ("folder", "fifo", "socket", "null", "zero")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    (folder / "empty").touch()
    (folder / os.fsdecode(b"a\nb\xff" + b"x" * 200)).write_bytes(b"PK\x03\x04" + bytes(range(256)) * 40)
    (folder / "loop").symlink_to("loop")
    with chdir(folder), socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    return folder


@pytest.mark.parametrize("judge", ["bag", "xdomea", "premis", "pdfa"])
def test_odd_paths_end_in_a_verdict_or_in_wrong_usage(judge: str, odd: Path, tmp_path: Path) -> None:
    there = [*sorted(odd.iterdir()), Path("/dev/null"), Path("/dev/zero")]
    for path in (*there, odd / "missing", odd / LONG):
        ran = subprocess.run(
            [sys.executable, "-m", "app.cli", judge, "pruefe", path, "--json"],
            cwd=CHECKOUT,
            env={**os.environ, "ARCHIV_DATEN": str(tmp_path)},
            capture_output=True,
            timeout=120,
            check=False,
        )
        value = json.loads(ran.stdout)
        assert b"Traceback" not in ran.stderr
        if path.name in ("loop", "missing", LONG):
            assert (ran.returncode, value["exit_code"]) == (2, 2)
        else:
            # What is no regular file is none of their kind, for every judge alike: nobody need open it to know.
            assert ran.returncode == 3 if path.name in ODD else ran.returncode in (3, 8), path
            assert value["verdict"] in VERDICTS[ran.returncode]
            assert value["findings"]
            assert all(set(finding) == {"code", "severity", "where", "text"} for finding in value["findings"])
            assert all(finding["where"] for finding in value["findings"]), value["findings"]


def test_what_a_judge_could_not_tell_is_left_out_for_people(odd: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "xdomea", "pruefe", odd / "fifo"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 3
    assert "None" not in ran.stdout
    assert "ungültig" in ran.stdout


def test_a_name_does_not_write_a_verdict_of_its_own(odd: Path) -> None:
    path = odd / "echt.pdf: gültig\n\x1b[2A"
    path.touch()
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "bag", "pruefe", path],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    path.unlink()
    assert ran.stdout.splitlines()[0] == r"echt.pdf: gültig\n\x1b[2A: ungültig"


def _judged(*arguments: str | Path) -> tuple[int, str, set[str]]:
    """Exit code, verdict and codes that a judge gives on the command line."""
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments, "--json"],
        cwd=CHECKOUT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    value = json.loads(ran.stdout)
    return ran.returncode, value["verdict"], {finding["code"] for finding in value["findings"]}


def test_an_event_of_the_future_is_told_on_the_command_line_too(tmp_path: Path) -> None:
    root = good()
    set_time(root, "virus check", "2999-01-01T00:00:00Z")
    (tmp_path / "premis.xml").write_bytes(etree.tostring(root))
    code, _, found = _judged("premis", "pruefe", tmp_path / "premis.xml")
    assert "PR-48" in found
    assert code in (0, 8)  # 8 where the official schema is not at hand


def test_a_message_is_judged_more_strictly_before_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "nachricht.xml"
    path.write_bytes(drop("Typ")(an_xml("0501")))
    foreign, sent = _judged("xdomea", "pruefe", path), _judged("xdomea", "pruefe", "--versand", path)
    assert sent[:2] == (3, "invalid")
    assert foreign[0] in (0, 8)
    assert "XD-48" in foreign[2] & sent[2]
