"""Keeps the classes that veraPDF loads in one file beside its jars, so that its JVM is ready sooner (decision 16).

Class data sharing of the JVM (JEP 350). Run by tools/install.sh; whatever goes wrong costs speed only and is said.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ocr.options import OcrOptions
from ocr.probefile import tiny_valid_pdfa
from ocr.verapdf import classes_of, java_command

SECONDS = 120


def keep_classes(jars: Path) -> None:
    """Lets veraPDF judge a small file of ours and keeps what it loaded. Raises OSError and TimeoutExpired."""
    target = classes_of(jars)
    with tempfile.TemporaryDirectory(prefix="archiv-classes-") as name:
        folder = Path(name).resolve()
        judged, made = tiny_valid_pdfa(folder / "probe.pdf"), folder / target.name
        command = java_command(OcrOptions(), jars, folder, [f"-XX:ArchiveClassesAtExit={made}", "-Xlog:disable"])
        # Its exit code tells of its empty start; the file is there when it ended as it should.
        subprocess.run(command, input=f"{judged}\n".encode(), capture_output=True, timeout=SECONDS, check=False)
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(made, part)
        part.replace(target)


if __name__ == "__main__":
    try:
        keep_classes(Path(sys.argv[1]))
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"Die Klassen von veraPDF liegen nicht bereit, sein Start dauert länger ({error}).\n")
