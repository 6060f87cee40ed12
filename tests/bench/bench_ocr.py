"""Scan path against ocrmypdf on the same pages in one run: CPU seconds, wall, CER, word recall, share of tesseract.

Run by `make bench`. Judges by the text of whole files in page order, normalised as in the design notes (NFC, long s,
dashes and quotes unified, blanks collapsed); peers run as `ocrmypdf -l deu --output-type pdfa-2 --jobs 2 …`.
"""

from __future__ import annotations

import argparse
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
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import img2pdf
import jiwer
from PIL import Image

from akten.files import FileFacts, FileKind, PageFacts, PageRef, Scan, digest_file
from ocr.options import OcrOptions
from ocr.pages import PagePool
from ocr.recognise import PageProfile, RecogniseRequest, recognise

ROOT = Path(__file__).resolve().parents[2]
DAILY = ("dense", "typed", "coarse", "print", "bilevel")  # the daily bread; the others are the odd cases
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
    """The set: dense and plain typescript, coarse typescript, print, bilevel, turned and skewed, a plan."""
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
    plan = samples / "plan" / "site_plan_A2_g4_200dpi.tif"
    made.append(Paper("plan", plan, 1))
    return made


def _truth(file: Path) -> str:
    return file.with_suffix(".gt.txt").read_text(encoding="utf-8")


def children() -> float:
    """CPU seconds of this process and of all ended children."""
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


def measured(work: Callable[[], list[str]], spent: Callable[[], float]) -> tuple[list[str], float, float]:
    """The pages' text, CPU seconds and wall seconds of one run."""
    cpu, wall = spent(), time.monotonic()
    text = work()
    return text, round(spent() - cpu, 2), round(time.monotonic() - wall, 2)


def peer(paper: Paper, options: tuple[str, ...], folder: Path) -> list[str]:
    """One run of ocrmypdf; its text per page from the sidecar."""
    sidecar, target = folder / f"{paper.name}.txt", folder / f"{paper.name}.out.pdf"
    command = ["ocrmypdf", "-l", "deu", "--output-type", "pdfa-2", "--jobs", "2", "-q", "--sidecar", str(sidecar)]
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    subprocess.run([*command, *options, str(paper.path), str(target)], check=True, env={**os.environ, "PATH": path})
    return sidecar.read_text(encoding="utf-8").split("\f")


def ours(paper: Paper, folder: Path, pool: PagePool, options: OcrOptions) -> list[str]:
    """One file through the scan path, in the pool that a running archive has open."""
    kind = FileKind.PDF if paper.path.suffix == ".pdf" else FileKind.IMAGE
    dpi = {"plan": 200.0}.get(paper.name, 300.0)
    pages = tuple(PageFacts(number, 1.0, 1.0, dpi=dpi, image_only=True) for number in range(1, paper.pages + 1))
    scan = Scan(uuid5(NAMESPACE_URL, paper.name), paper.path, paper.path.name, "", digest_file(paper.path))
    request = RecogniseRequest(
        uuid=uuid5(NAMESPACE_URL, f"pdfa/{paper.name}"),
        title=paper.name,
        pages=tuple(PageRef(scan.uuid, page.number) for page in pages),
        scans={scan.uuid: scan},
        facts={scan.uuid: FileFacts(kind, "", pages)},
        profile=PageProfile(),
        folder=folder,
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return [page.text for page in recognise(request, pool, options).pages]


def run(samples: Path, *, only: str = "") -> dict[str, object]:
    """All programs on all files; totals and ratios. Our workers' start is paid once and counted with the first file."""
    folder = Path(tempfile.mkdtemp(prefix="bench-ocr-"))
    results: list[Result] = []
    options = OcrOptions(nice=0)
    chosen = [paper for paper in papers(samples, folder) if only in paper.name]
    try:
        with PagePool(options.workers, options) as pool:
            for paper in chosen:
                engine = pool.engine_seconds
                text, cpu, wall = measured(
                    partial(ours, paper, folder, pool, options), lambda: time.process_time() + pool.cpu_seconds
                )
                engine = round(pool.engine_seconds - engine, 2)
                results.append(Result("aktenarchiv", paper.name, paper.pages, cpu, wall, *score(paper, text), engine))
                show(results[-1])
            peak = pool.peak_bytes
        for paper in chosen:
            for program, how in PEERS.items():
                text, cpu, wall = measured(partial(peer, paper, how, folder), children)
                results.append(Result(program, paper.name, paper.pages, cpu, wall, *score(paper, text)))
                show(results[-1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return summary(results, peak)


def show(result: Result) -> None:
    """One line of the table."""
    cer = "-" if result.cer is None else f"{result.cer:5.1f}"
    found = "-" if result.recall is None else f"{result.recall:5.1f}"
    share = "" if result.engine is None else f"  tesseract {100 * result.engine / result.cpu:.0f} %"
    print(
        f"{result.program:30} {result.paper:8} {result.pages:3} p  {result.cpu:7.2f} CPU s  "
        f"{result.cpu / result.pages:6.2f} /p  {result.wall:6.1f} s  CER {cer:>5}  recall {found:>5}{share}",
        flush=True,
    )


def summary(results: list[Result], peak: int) -> dict[str, object]:
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
    daily_ratios = {name: round(daily[name] / daily["aktenarchiv"], 2) for name in PEERS if daily["aktenarchiv"]}
    engine = sum(result.engine or 0.0 for result in results)
    share = round(engine / mine["cpu"], 3)
    found: dict[str, object] = {
        "totals": totals,
        "ratios": ratios,
        "ratios_daily": daily_ratios,
        "tesseract_share": share,
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
