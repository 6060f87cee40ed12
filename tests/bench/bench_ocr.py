"""The whole pipeline against ocrmypdf on the same pages in one run: CPU seconds, CER, word recall, share of tesseract.

Ours examines, recognises, makes PDF/A, asks all three validators and compares every page with its scan; every CPU
second of every process counts, start of interpreter and JVM included. ocrmypdf checks nothing. Run by `make bench`.
Judges by the text of whole files in page order, normalised as in the design notes (NFC, long s, dashes and quotes
unified, blanks collapsed); peers run as `ocrmypdf -l deu --output-type pdfa-2 --jobs 2 …`.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import img2pdf
import jiwer
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DAILY = (
    "dense",
    "typed",
    "coarse",
    "print",
    "bilevel",
    "letter",
    "journal",
    "column",
    "euro",
)  # the daily bread; the others are the odd cases
_PR_SET_CHILD_SUBREAPER = 36
PEERS = {"ocrmypdf": (), "ocrmypdf+deskew+rotate+clean": ("--deskew", "--rotate-pages", "--clean")}


@dataclass(frozen=True, slots=True)
class Paper:
    """One input file with its pages and, where known, the true text per page."""

    name: str
    path: Path
    pages: int
    truth: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What one program made of one file."""

    program: str
    paper: str
    pages: int
    cpu: float
    wall: float
    cer: float | None
    recall: float | None
    engine: float | None = None
    workers: float | None = None
    judged_good: bool | None = None  # all validators and the comparison agree


def normal(text: str) -> str:
    """The text as it is compared."""
    text = unicodedata.normalize("NFC", text).replace("ſ", "s")
    text = re.sub("[‐-―−]", "-", text)
    return " ".join(re.sub("[„“”«»‚‘’']", '"', text).split())


def recall(truth: str, found: str) -> float:
    """Share of the true words that were found, in percent."""
    wanted, got = Counter(truth.split()), Counter(found.split())
    return 100 * sum((wanted & got).values()) / max(1, sum(wanted.values()))


def score(paper: Paper, pages: list[str]) -> tuple[float | None, float | None]:
    """Mean CER and word recall over the pages whose text is known, in percent."""
    pairs = [(normal(true), normal(found)) for true, found in zip(paper.truth, pages, strict=False)]
    if not pairs:
        return None, None
    cer = sum(min(100.0, 100 * jiwer.cer(true, found or " ")) for true, found in pairs) / len(pairs)
    return round(cer, 1), round(sum(recall(true, found) for true, found in pairs) / len(pairs), 1)


def papers(samples: Path, folder: Path) -> list[Paper]:
    """All of typed, print and bilevel (the first two joined to files by kind), the derived ones, a plan."""
    made = []
    for name, pattern, dpi in (("dense", "*JMP*.jpg", 300), ("typed", "*BF-*.jpg", 300), ("coarse", "*WL*.jpg", 96)):
        files = sorted((samples / "typed").glob(pattern))
        target = folder / f"{name}.pdf"
        layout = img2pdf.get_fixed_dpi_layout_fun((dpi, dpi))
        target.write_bytes(img2pdf.convert([str(file) for file in files], layout_fun=layout))
        made.append(Paper(name, target, len(files), tuple(_truth(file) for file in files)))
    flat = []
    prints = sorted((samples / "print").glob("*.png"))
    for file in prints:  # ocrmypdf refuses transparency; the pages are gray
        image = Image.open(file)
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        flat.append(folder / file.name)
        paper.convert("L").save(flat[-1], dpi=(300, 300))
    target = folder / "print.pdf"
    target.write_bytes(img2pdf.convert([str(file) for file in flat]))
    made.append(Paper("print", target, len(flat), tuple(_truth(file) for file in prints)))
    for name, file in (("bilevel", "akte_bilevel_g4_3p.tif"), ("turned", "akte_rotated_skewed.pdf")):
        truth = tuple((samples / "derived" / file).with_suffix(".gt.txt").read_text(encoding="utf-8").split("\f"))
        known = tuple(page for page in truth if page.strip())
        made.append(Paper(name, samples / "derived" / file, 3 if name == "bilevel" else 2, known))
    singles = (
        ("letter", "ccitt1_letter_uncompressed_200dpi.tif"),
        ("journal", "8071_093_g4.tif"),
        ("column", "sbb_0002_bin_deflate.tif"),
        ("euro", "eurotext.tif"),
    )
    for name, file in singles:
        made.append(Paper(name, samples / "bilevel" / file, 1))
    plan = samples / "plan" / "site_plan_A2_g4_200dpi.tif"
    made.append(Paper("plan", plan, 1))
    return made


def _truth(file: Path) -> str:
    return file.with_suffix(".gt.txt").read_text(encoding="utf-8")


def measured(work: Callable[[], list[str]]) -> tuple[list[str], float, float]:
    """What a run gave, CPU seconds of all processes it started (orphans included), and wall seconds."""
    cpu, wall = children(), time.monotonic()
    text = work()
    with contextlib.suppress(ChildProcessError):
        while True:  # what a killed sandbox left behind comes to us, the subreaper, and is counted when waited for
            os.waitpid(-1, 0)
    return text, round(children() - cpu, 2), round(time.monotonic() - wall, 2)


def children() -> float:
    """CPU seconds of all ended children and of theirs."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def peer(paper: Paper, options: tuple[str, ...], folder: Path) -> list[str]:
    """One run of ocrmypdf; its text per page from the sidecar."""
    sidecar, target = folder / f"{paper.name}.txt", folder / f"{paper.name}.out.pdf"
    command = ["ocrmypdf", "-l", "deu", "--output-type", "pdfa-2", "--jobs", "2", "-q", "--sidecar", str(sidecar)]
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    subprocess.run([*command, *options, str(paper.path), str(target)], check=True, env={**os.environ, "PATH": path})
    return sidecar.read_text(encoding="utf-8").split("\f")


def ours(papers: list[Paper], folder: Path) -> dict[str, Any]:
    """The whole room in a process of its own: examine, recognise, all validators, comparison; file after file."""
    question, answer = folder / "question.json", folder / "answer.json"
    jars = Path(os.environ.get("ARCHIV_OCR__VERAPDF_JARS", ROOT / ".build" / "verapdf" / "jars"))
    asked = [{"name": paper.name, "path": str(paper.path)} for paper in papers]
    value = {"jars": str(jars) if jars.is_dir() else "", "folder": str(folder), "papers": asked}
    question.write_text(json.dumps(value), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "tests.bench.pipeline", str(question), str(answer)], check=True, cwd=ROOT)
    made: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return made


def run(samples: Path, *, only: str = "") -> dict[str, object]:
    """All programs on all files; totals and ratios.

    Ours runs before the peers and after them and the mean counts, so that a machine that gets slower or faster on the
    way favours nobody.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    folder = Path(tempfile.mkdtemp(prefix="bench-ocr-"))
    results: list[Result] = []
    chosen = [paper for paper in papers(samples, folder) if only in paper.name]
    load = os.getloadavg()[0]
    try:
        before, peak = own_results(chosen, folder)
        for paper in chosen:
            for program, how in PEERS.items():
                text, cpu, wall = measured(partial(peer, paper, how, folder))
                results.append(Result(program, paper.name, paper.pages, cpu, wall, *score(paper, text)))
                show(results[-1])
        after, _ = own_results(chosen, folder)
        for one, other in zip(before, after, strict=True):
            mean = replace(
                one,
                cpu=(one.cpu + other.cpu) / 2,
                wall=(one.wall + other.wall) / 2,
                engine=((one.engine or 0.0) + (other.engine or 0.0)) / 2,
                workers=((one.workers or 0.0) + (other.workers or 0.0)) / 2,
                judged_good=one.judged_good and other.judged_good,
            )
            results.append(mean)
            show(mean)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return summary(results, peak, load)


def own_results(chosen: list[Paper], folder: Path) -> tuple[list[Result], int]:
    """Ours on all files, and the peak of a worker. What is started once counts in full and is shared by the pages."""
    made: dict[str, Any] = {}

    def whole() -> list[str]:
        made.update(ours(chosen, folder))
        return []

    _, total, _ = measured(whole)
    alone = sum(done["cpu"] for done in made["papers"])
    results = []
    for paper, done in zip(chosen, made["papers"], strict=True):
        shared = (total - alone) * paper.pages / sum(each.pages for each in chosen)
        good = done["verdict"] == "ok" and not done["errors"] and all(v == "ok" for _, v in done["reports"])
        cpu = round(done["cpu"] + shared, 2)
        scores = score(paper, done["text"])
        own = (done["engine"], done["workers"])
        results.append(Result("aktenarchiv", paper.name, paper.pages, cpu, done["wall"], *scores, *own, good))
    return results, int(made["worker_peak"])


def show(result: Result) -> None:
    """One line of the table."""
    cer = "-" if result.cer is None else f"{result.cer:5.1f}"
    found = "-" if result.recall is None else f"{result.recall:5.1f}"
    share = "" if result.engine is None else f"  tesseract {100 * result.engine / result.cpu:.0f} %"
    if result.judged_good is not None:
        share += "  all judges ok" if result.judged_good else "  NOT VALID"
    print(
        f"{result.program:30} {result.paper:8} {result.pages:3} p  {result.cpu:7.2f} CPU s  "
        f"{result.cpu / result.pages:6.2f} /p  {result.wall:6.1f} s  CER {cer:>5}  recall {found:>5}{share}",
        flush=True,
    )


def summary(results: list[Result], peak: int, load: float) -> dict[str, object]:
    """Totals per program and how many times as many pages per CPU second we do."""
    totals: dict[str, dict[str, float]] = {}
    for program in ("aktenarchiv", *PEERS):
        own = [result for result in results if result.program == program]
        judged = [result for result in own if result.cer is not None and result.recall is not None]
        totals[program] = {
            "pages": sum(result.pages for result in own),
            "cpu": round(sum(result.cpu for result in own), 2),
            "wall": round(sum(result.wall for result in own), 2),
            "cer": round(sum(result.cer or 0 for result in judged) / max(1, len(judged)), 2),
            "recall": round(sum(result.recall or 0 for result in judged) / max(1, len(judged)), 2),
        }
    mine = totals["aktenarchiv"]
    ratios = {peer_: round(totals[peer_]["cpu"] / mine["cpu"], 2) for peer_ in PEERS}
    daily = {program: sum(r.cpu for r in results if r.program == program and r.paper in DAILY) for program in totals}
    pages = sum(r.pages for r in results if r.program == "aktenarchiv" and r.paper in DAILY)
    used = sum(r.engine or 0.0 for r in results if r.paper in DAILY)
    reading = sum(r.workers or 0.0 for r in results if r.paper in DAILY)
    daily_ratios = {name: round(daily[name] / daily["aktenarchiv"], 2) for name in PEERS if daily["aktenarchiv"]}
    engine = sum(result.engine or 0.0 for result in results)
    share = round(engine / mine["cpu"], 3)
    found: dict[str, object] = {
        "totals": totals,
        "ratios": ratios,
        "ratios_daily": daily_ratios,
        "goals_daily": {"ocrmypdf": 1.7, "ocrmypdf+deskew+rotate+clean": 3.0, "tesseract_share": 0.85},
        "pages_daily": pages,
        "tesseract_share": share,
        "tesseract_share_daily": round(used / daily["aktenarchiv"], 3) if daily["aktenarchiv"] else None,
        # of the page workers alone: image out, blank or not, skew, text layer, joining; without judges and comparison
        "tesseract_share_daily_of_reading": round(used / reading, 3) if reading else None,
        "all_judges_ok": all(result.judged_good is not False for result in results),
        "load_at_start": round(load, 1),
        "worker_peak_mb": round(peak / 1e6),
    }
    print(json.dumps(found, indent=1))
    return {"results": [asdict(result) for result in results], **found}


def main(arguments: list[str] | None = None) -> int:
    """Prints the table and writes it as JSON below .build/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, default=ROOT.parent / "shared" / "samples")
    parser.add_argument("--only", default="", help="only files whose name holds this")
    chosen = parser.parse_args(arguments)
    if not chosen.samples.is_dir():
        print("not checked: shared/samples is not there", file=sys.stderr)
        return 8
    table = run(chosen.samples, only=chosen.only)
    target = ROOT / ".build" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    (target / "ocr.json").write_text(json.dumps(table, indent=1, ensure_ascii=False), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
