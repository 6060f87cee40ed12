"""The recognition room as one process of its own, for `bench_ocr`: examine, recognise, judge, compare, file after file.

`python -m tests.bench.pipeline QUESTION ANSWER`: both are JSON files. Everything a running archive keeps open (page
workers, JVM, warm sandbox) is opened and closed inside, so that the caller can count every second of it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from akten.files import PageRef, PdfA, Scan, digest_file
from ocr.examine import examine_each
from ocr.judging import READERS, judge_documents
from ocr.options import OcrOptions
from ocr.pages import PagePool
from ocr.recognise import PageProfile, RecogniseRequest, recognise
from ocr.validators import PageValidation, PikepdfValidator
from ocr.verapdf import VeraPdf
from ocr.warm import WarmSandbox

MIMES = {".pdf": "application/pdf", ".tif": "image/tiff", ".jpg": "image/jpeg", ".png": "image/png"}


def main(question: Path, answer: Path) -> None:
    """Does every file of the question; writes what came of each."""
    asked = json.loads(question.read_text(encoding="utf-8"))
    jars = Path(asked["jars"]) if asked["jars"] else None
    options = OcrOptions(nice=0, verapdf_jars=jars)
    folder = Path(asked["folder"])
    made = []
    with (
        WarmSandbox(options, options.workers) as warm,
        VeraPdf(options) as vera,
        PagePool(options.workers, options) as pool,
    ):
        validators = (vera, PikepdfValidator(options, folder), PageValidation(options, folder))
        for paper in asked["papers"]:
            began, cpu, engine = time.monotonic(), own_seconds(), (pool.cpu_seconds, pool.engine_seconds)
            path = Path(paper["path"])
            scan = Scan(uuid5(NAMESPACE_URL, path.name), path, path.name, MIMES[path.suffix], digest_file(path))
            facts = examine_each([scan], options, folder, warm.call_each)[0]
            vera.prepare()
            warm.prepare(*READERS)
            request = RecogniseRequest(
                uuid=uuid5(NAMESPACE_URL, f"pdfa/{path.name}"),
                title=path.stem,
                pages=tuple(PageRef(scan.uuid, page.number) for page in facts.pages),
                scans={scan.uuid: scan},
                facts={scan.uuid: facts},
                profile=PageProfile(),
                folder=folder,
                created=datetime(2026, 1, 1, tzinfo=UTC),
            )
            pdfa = recognise(request, pool, options)
            judged = judge_documents([(pdfa, request)], validators, options, folder, warm.call_each)[0]
            made.append(
                {
                    "name": paper["name"],
                    "wall": time.monotonic() - began,
                    "cpu": own_seconds() - cpu + pool.cpu_seconds - engine[0],
                    "workers": pool.cpu_seconds - engine[0],
                    "engine": pool.engine_seconds - engine[1],
                    **told(judged),
                }
            )
        peak = pool.peak_bytes
    answer.write_text(json.dumps({"papers": made, "worker_peak": peak, "options": asdict(options)}, default=str))


def told(judged: PdfA) -> dict[str, object]:
    """What the bench wants to know of one PDF/A."""
    return {
        "verdict": judged.verdict.value,
        "reports": [[report.name, report.verdict.value] for report in judged.reports],
        "errors": [finding.code for finding in judged.findings if finding.severity.value == "error"],
        "text": [page.text for page in judged.pages],
        "confidence": [page.confidence for page in judged.pages],
        "retried": [page.retried for page in judged.pages],
        "blank": [page.blank for page in judged.pages],
    }


def own_seconds() -> float:
    """CPU seconds of this process alone; its children are counted by whoever waits for it."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
