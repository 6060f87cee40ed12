"""The whole line: seconds of each step per Akte, and one `archiv annahme` from call to receipt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from akten.errors import ArchivError
from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.progress import progress_display
from flows.settings import read_settings
from flows.wiring import open_services
from tests.builders import a_delivery

AKTEN = int(os.environ.get("BENCH_AKTEN", "30"))
WITHOUT_OCR = ("lesen", "beschreiben", "packen", "ablegen", "eintragen")


def main() -> int:
    """Prints one JSON object."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        settings = read_settings(daten=place / "daten", store_grace_seconds=30.0)
        clerk = Actor("bench")
        try:
            with open_services(settings) as services, progress_display(quiet=True) as show:
                folders = [a_delivery(place / f"l{n}", aktenzeichen=f"63-{n + 1}-20") for n in range(AKTEN)]
                start = time.monotonic()
                receipts = archive_all(services, claim_paths(services, folders), clerk, show)
                wall = time.monotonic() - start
        except ArchivError as error:
            print(f"not measured: {error.text}")
            return error.exit_code
        steps: dict[str, float] = {}
        for receipt in receipts:
            for step, seconds in receipt.steps.items():
                steps[step] = steps.get(step, 0.0) + seconds / len(receipts)
        one = a_delivery(place / "eine", aktenzeichen="63-9999-20")
        command = [sys.executable, "-m", "app.cli", "annahme", str(one), "--daten", str(settings.daten), "--json"]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        result = {
            "akten": AKTEN,
            "archived": sum(r.state.value == "archived" for r in receipts),
            "wall_seconds_per_akte": round(wall / AKTEN, 2),
            "seconds_per_akte_by_step": {name: round(value, 2) for name, value in steps.items()},
            "seconds_per_akte_without_ocr": round(sum(steps.get(step, 0.0) for step in WITHOUT_OCR), 2),
            "one_annahme_call_to_receipt": round(time.monotonic() - start, 2),
            "one_annahme_exit": done.returncode,
        }
        print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
