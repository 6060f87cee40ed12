"""Settings of the recognition craft: languages, limits of the sandbox, caps and thresholds, where the judges lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child process may use: seconds of CPU and of wall clock, bytes of memory and of one written file.

    `disk_bytes` is what all it writes into its folder may grow to together: a file limit alone bounds no swarm.
    """

    cpu_seconds: int = 120
    wall_seconds: float = 300.0
    memory_bytes: int = 2 * _GIB
    file_bytes: int = 2 * _GIB
    open_files: int = 256
    disk_bytes: int = 16 * _GIB

    def __post_init__(self) -> None:
        most = (self.memory_bytes, self.file_bytes, self.open_files, self.disk_bytes)
        if min(self.cpu_seconds, self.wall_seconds, *most) <= 0:
            raise ValueError("limits are above 0")


@dataclass(frozen=True, slots=True)
class OcrOptions:
    """All settings of the craft; the defaults run on a laptop with Debian's tesseract.

    languages: tesseract names joined by "+". tessdata: folder with `<language>.traineddata` (None: the system's).
    workers: page processes. page_limits: one page in a worker. file_limits: one whole file in a sandbox child.
    max_pixels: width times height of one image, from the header. max_page_mm: longest edge of a page.
    reading_dpi: pages up to A3 are read at no more than this; large_format_mm: edge above which nothing is reduced.
    blank_threshold: the larger, the more a page may show and still count as blank (1.0 is the measured default).
    retry_confidence: a page read below this is read once more in another way; review_confidence: below it a person
    looks. engine: "auto" takes tesserocr where it is installed, else pytesseract; or one of both by name.
    tasks_per_worker: a worker is replaced after so many pages; nice: its priority. sandbox: "auto" takes bubblewrap
    or a network namespace where the system allows it, "rlimit" sets limits only.
    verapdf_jars: folder with the jars of veraPDF (None: veraPDF cannot judge); java: its command.
    """

    languages: str = "deu"
    tessdata: Path | None = None
    workers: int = 2
    page_limits: Limits = field(default_factory=Limits)
    file_limits: Limits = field(
        default_factory=lambda: Limits(
            cpu_seconds=1800, wall_seconds=3600.0, memory_bytes=4 * _GIB, file_bytes=8 * _GIB, open_files=256
        )
    )
    max_pixels: int = 250_000_000
    max_page_mm: float = 5080.0
    max_pages: int = 20_000
    max_stream_bytes: int = 64 * _MIB
    reading_dpi: int = 300
    large_format_mm: float = 450.0
    blank_threshold: float = 1.0
    retry_confidence: float = 88.0
    review_confidence: float = 70.0
    engine: str = "auto"
    tasks_per_worker: int = 200
    worker_memory_bytes: int = 450 * _MIB
    nice: int = 5
    sandbox: str = "auto"
    verapdf_jars: Path | None = None
    java: str = "java"
    java_memory_mb: int = 512
    validator_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("workers: mindestens 1")
        if self.engine not in ("auto", "tesserocr", "pytesseract"):
            raise ValueError("engine: auto, tesserocr oder pytesseract")
        if self.sandbox not in ("auto", "bubblewrap", "rlimit"):
            raise ValueError("sandbox: auto, bubblewrap oder rlimit")
        if min(self.max_pixels, self.max_pages, self.reading_dpi, self.tasks_per_worker) < 1:
            raise ValueError("Grenzen müssen größer als 0 sein")
