"""The whole line: seconds of each step per Akte, one `archiv annahme` from call to receipt, and peaks of memory.

`--tiff-gb 2` also archives one TIFF of so many gigabytes, `--pages 1000` a delivery of so many bilevel pages of text,
both through the whole line; each takes many minutes of two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from akten.errors import ArchivError
from catalog.actor import Actor
from flows.batch import archive_all, claim_paths
from flows.progress import progress_display
from flows.settings import Settings, read_settings
from flows.wiring import Services, open_services
from tests.builders import a_delivery

AKTEN = int(os.environ.get("BENCH_AKTEN", "30"))
_WORDS = ("Bauantrag", "Statik", "Decke", "Keller", "Flurstück", "Bescheid", "Auflage", "Nachweis", "Grenze", "Gebühr")
WITHOUT_OCR = ("lesen", "beschreiben", "packen", "ablegen", "eintragen")


def peak_mb() -> int:
    """Highest resident memory of this process so far."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def large_delivery(folder: Path, gigabytes: float) -> Path:
    """One uncompressed multi-page TIFF of gray A4 pages with paper noise and a few lines, in parts of 25 MB."""
    delivery = a_delivery(folder, aktenzeichen="63-8888-20")
    with Image.open(delivery / "scan1.png") as first:
        sheet = first.convert("L").resize((4960, 5262))
    random = np.random.default_rng(5)
    noise = random.integers(-3, 4, (sheet.height, sheet.width), dtype=np.int16)
    pages = max(1, round(gigabytes * 1e9 / (sheet.width * sheet.height)))

    def page(number: int) -> Image.Image:
        shown = np.roll(noise, number, axis=1) + np.asarray(sheet, dtype=np.int16)
        return Image.fromarray(shown.clip(0, 255).astype(np.uint8))

    (delivery / "scan1.png").unlink()
    rest = (page(number) for number in range(1, pages))
    page(0).save(delivery / "scan1.tif", save_all=True, append_images=rest, dpi=(600, 600), big_tiff=gigabytes > 3)
    _of_sheets(delivery, pages)
    return delivery


def long_delivery(folder: Path, pages: int) -> Path:
    """Bilevel A4 pages at 200 dpi, a G4 TIFF each, with eight lines of their own."""
    delivery = a_delivery(folder, aktenzeichen="63-7777-20")
    (delivery / "scan1.png").unlink()
    font = ImageFont.load_default(size=34)

    def page(number: int) -> Image.Image:
        sheet = Image.new("1", (1654, 2339), 1)
        draw = ImageDraw.Draw(sheet)
        for line in range(8):
            words = " ".join(_WORDS[(number * 7 + line * 3 + word * 5) % len(_WORDS)] for word in range(9))
            draw.text((150, 150 + line * 50), f"{number * 8 + line} {words}", font=font, fill=0)
        return sheet

    for number in range(1, pages + 1):
        page(number).save(delivery / f"scan{number:05d}.tif", dpi=(200, 200), compression="group4")
    _of_sheets(delivery, pages)
    return delivery


def _of_sheets(delivery: Path, sheets: int) -> None:
    slip = json.loads((delivery / "laufzettel.json").read_text(encoding="utf-8"))
    slip["blattzahl"] = sheets
    (delivery / "laufzettel.json").write_text(json.dumps(slip, ensure_ascii=False), encoding="utf-8")


def archive_large(
    services: Services, make: Callable[[Path, Any], Path], folder: Path, size: float
) -> dict[str, object]:
    """One large delivery through the whole line; what it took. It is made by a process of its own, for its memory."""
    maker = get_context("spawn").Process(target=make, args=(folder, size))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise RuntimeError("the delivery could not be made")
    before, start = peak_mb(), time.monotonic()
    said: dict[str, object] = {"megabytes": sum(file.stat().st_size for file in folder.rglob("*")) // 10**6}
    with progress_display(quiet=True) as show:
        receipts = archive_all(services, claim_paths(services, [folder]), Actor("bench"), show)
    return said | {
        "state": receipts[0].state.value,
        "pages": receipts[0].pages,
        "wall_seconds": round(time.monotonic() - start),
        "findings": [finding.code for finding in receipts[0].findings],
        "seconds_by_step": {name: round(value, 1) for name, value in receipts[0].steps.items()},
        "own_peak_mb_before_and_after": [before, peak_mb()],
        "worker_peak_mb": services.pool.peak_bytes >> 20,
    }


def one_call(delivery: Path, settings: Settings) -> tuple[float, int]:
    """Seconds from the call of `archiv annahme` to its receipt, with the stores running, and its exit code."""
    command = [sys.executable, "-m", "app.cli", "annahme", str(delivery), "--daten", str(settings.daten), "--json"]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return round(time.monotonic() - start, 2), done.returncode


def main(arguments: list[str] | None = None) -> int:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiff-gb", type=float, default=0.0)
    parser.add_argument("--pages", type=int, default=0)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:  # the stores linger for a while
        place = Path(name)
        settings = read_settings(daten=place / "daten", store_grace_seconds=30.0)
        clerk = Actor("bench")
        try:
            with open_services(settings) as services, progress_display(quiet=True) as show:
                folders = [a_delivery(place / f"l{n}", aktenzeichen=f"63-{n + 1}-20") for n in range(AKTEN)]
                start = time.monotonic()
                receipts = archive_all(services, claim_paths(services, folders), clerk, show)
                wall = time.monotonic() - start
                large: dict[str, object] = {}
                if chosen.pages:
                    large["pages"] = archive_large(services, long_delivery, place / "lang", chosen.pages)
                if chosen.tiff_gb:
                    large["tiff"] = archive_large(services, large_delivery, place / "gross", chosen.tiff_gb)
                peaks = {"own_peak_mb": peak_mb(), "worker_peak_mb": services.pool.peak_bytes >> 20}
        except ArchivError as error:
            print(f"not measured: {error.text}")
            return error.exit_code
        steps: dict[str, float] = {}
        for receipt in receipts:
            for step, seconds in receipt.steps.items():
                steps[step] = steps.get(step, 0.0) + seconds / len(receipts)
        calls = [one_call(a_delivery(place / f"eine{n}", aktenzeichen=f"63-{9000 + n}-20"), settings) for n in range(3)]
        result = {
            "akten": AKTEN,
            "archived": sum(r.state.value == "archived" for r in receipts),
            "wall_seconds_per_akte": round(wall / AKTEN, 2),
            "seconds_per_akte_by_step": {name: round(value, 2) for name, value in steps.items()},
            "seconds_per_akte_without_ocr": round(sum(steps.get(step, 0.0) for step in WITHOUT_OCR), 2),
            "one_annahme_call_to_receipt": [seconds for seconds, _ in calls],
            "one_annahme_exits": [code for _, code in calls],
            **peaks,
            "large": large or "not asked for",
        }
        print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
