"""`make bench`: every bench of this folder, or those named (`make bench T="ocr bag"`); ratios, not seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(wanted: list[str]) -> int:
    """Runs the benches one after the other, so that they do not disturb each other."""
    found = {file.stem.removeprefix("bench_"): f"tests.bench.{file.stem}" for file in sorted(HERE.glob("bench_*.py"))}
    unknown = [name for name in wanted if name not in found]
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(found)}")
        return 2
    worst = 0
    for name in wanted or list(found):
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", found[name]], cwd=HERE.parent.parent, check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
