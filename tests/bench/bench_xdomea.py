"""20,000 Dokumente written, checked and read: CPU seconds and peak memory per version. Goal: below 10 s and 1 GB.

Run by `make bench`; every version has its own process, so that peaks do not add up.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid5

from akten.model import Akte, Dokument, Vorgang
from metadata.checks import check_message
from metadata.messages import aussonderung
from metadata.schemas import Schemas
from metadata.xdomea import read_message, write_message
from tests.metadata.xdomea_builders import NOW, PROZESS, VERSIONS, a_profile, an_akte

ROOT = Path(__file__).resolve().parents[2]
PER_VORGANG = 28


def large_akte(dokumente: int) -> Akte:
    """An Akte with that many Dokumente of two files each, every UUID its own."""
    akte = an_akte(PER_VORGANG)

    def renewed(dokument: Dokument, number: int) -> Dokument:
        dateien = tuple(replace(datei, uuid=uuid5(datei.uuid, str(number))) for datei in dokument.dateien)
        return replace(dokument, uuid=uuid5(dokument.uuid, str(number)), dateien=dateien)

    def copied(number: int, many: int) -> Vorgang:
        vorgang = akte.vorgaenge[0]
        inner = tuple(renewed(dokument, number) for dokument in vorgang.dokumente[:many])
        return replace(vorgang, uuid=uuid5(vorgang.uuid, str(number)), dokumente=inner)

    full, rest = divmod(dokumente, PER_VORGANG)
    sizes = [PER_VORGANG] * full + [rest] * bool(rest)
    return replace(akte, vorgaenge=tuple(copied(number, many) for number, many in enumerate(sizes)))


def measure(version: str, dokumente: int, folder: Path | None) -> dict[str, object]:
    """CPU seconds per step and peak memory of this process."""
    akte, profile, schemas = large_akte(dokumente), a_profile(version), Schemas(folder)
    seconds: dict[str, float] = {}
    began = time.process_time()
    message = aussonderung(akte, profile, prozess_id=PROZESS, erstellt=NOW)
    xml = write_message(message, profile)
    seconds["write"], began = time.process_time() - began, time.process_time()
    report = check_message(xml, schemas)
    seconds["check"], began = time.process_time() - began, time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    del akte, message
    read_message(xml)
    seconds["read"] = time.process_time() - began
    return {
        "version": version,
        "dokumente": dokumente,
        "megabytes": len(xml) >> 20,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "peak_mb": peak,
        "schema": report.schema_verdict.value,
        "within_goal": seconds["write"] + seconds["check"] < 10 and peak < 1024,
    }


def main(arguments: list[str] | None = None) -> int:
    """Prints the table and writes it as JSON below .build/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dokumente", type=int, default=20_000)
    shared = Path(os.environ.get("ARCHIV_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--schemas", type=Path, default=shared / "xdomea")
    chosen = parser.parse_args(arguments)
    folder = chosen.schemas if chosen.schemas.is_dir() else None
    if folder is None:
        print("not checked: the official schemas are not there", file=sys.stderr)
    table = []
    for version in VERSIONS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            table.append(pool.apply(measure, (version, chosen.dokumente, folder)))
        print(json.dumps(table[-1]))
    target = ROOT / ".build" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    (target / "xdomea.json").write_text(json.dumps(table, indent=1), encoding="utf-8")
    return 0 if all(row["within_goal"] for row in table) else 1


if __name__ == "__main__":
    raise SystemExit(main())
