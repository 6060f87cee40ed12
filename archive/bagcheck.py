"""Judges any bag by the BG rules (RFC 8493 §3), as a folder or a tar: never crashes, hangs, fetches or writes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import BinaryIO

from akten.diskwords import in_german
from akten.findings import Finding, Judgement, judgement
from archive.bagalgorithms import WEAK, Unreadable
from archive.bagfetch import check_fetch_listed, read_fetch
from archive.bagfiles import FolderBag
from archive.baghash import Batch, Batches, Hashed, Hashing
from archive.baglisting import Manifest
from archive.bagnames import check_names
from archive.bagnotes import Notes
from archive.bagrules import RULES, Limits
from archive.bagsource import BagSource
from archive.bagtags import Declaration, read_declaration, read_oxum
from archive.bagtar import StreamBag, TarBag
from archive.manifests import compare, known_algorithm, manifest_name, read_manifests

__all__ = ["RULES", "BagReport", "Limits", "check_bag", "check_tar", "judge_path"]

Progress = Callable[[int, int], None]
_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class BagReport:
    """What the judge says of one bag: verdict, findings, number and bytes of payload files, algorithms that were
    computed for every file that lists them, and the version as written in bagit.txt ("" when unreadable)."""

    judgement: Judgement
    findings: tuple[Finding, ...]
    files: int = 0
    bytes: int = 0
    algorithms: tuple[str, ...] = ()
    version: str = ""


def judge_path(path: Path, intake: bool = False) -> BagReport:
    """The verdict on a folder or a tar, whichever lies there; a link to either is followed once, here only."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return _nothing(intake, _LIMITS, "Hier liegt nichts, oder es ist nicht zugänglich.", looked=False)
    return (check_bag if stat.S_ISDIR(status.st_mode) else check_tar)(path, intake=intake)


def check_bag(
    path: Path,
    *,
    intake: bool = False,
    algorithms: Collection[str] | None = None,
    progress: Progress | None = None,
    limits: Limits = _LIMITS,
) -> BagReport:
    """The verdict on a bag that lies as a folder. `intake` refuses what is only odd in a foreign bag.

    `algorithms` limits the run to some (names as in the manifests); what is left out makes the verdict `unchecked`,
    never valid. `progress` is told bytes done and bytes in all. Raises nothing of its own.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return _nothing(intake, limits, "Hier liegt nichts, oder es ist nicht zugänglich.", looked=False)
    if not is_folder:
        return _nothing(intake, limits, "Hier liegt kein Ordner.")
    notes = Notes(intake=intake, most=limits.findings_per_code)
    source = FolderBag(path, notes, limits)
    return _report(notes, source) if source.broken else _Judging(source, notes, limits, algorithms, progress).run()


def check_tar(
    path_or_stream: Path | BinaryIO,
    *,
    intake: bool = False,
    algorithms: Collection[str] | None = None,
    progress: Progress | None = None,
    limits: Limits = _LIMITS,
) -> BagReport:
    """The verdict on a bag inside a tar; parameters as for `check_bag`. Nothing is unpacked.

    A seekable stream is read from where it stands, headers first; any other is read once, start to end.
    """
    if not isinstance(path_or_stream, Path):
        return _check_stream(
            path_or_stream, Notes(intake=intake, most=limits.findings_per_code), limits, algorithms, progress
        )
    try:
        if not stat.S_ISREG(path_or_stream.stat().st_mode):
            return _nothing(intake, limits, "Hier liegt weder ein Ordner noch eine gewöhnliche Datei.")
        handle = os.open(path_or_stream, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return _nothing(intake, limits, "Hier liegt nichts, oder es ist nicht zugänglich.", looked=False)
    notes = Notes(intake=intake, most=limits.findings_per_code)
    with os.fdopen(handle, "rb", buffering=0) as stream:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            return _nothing(intake, limits, "Hier liegt weder ein Ordner noch eine gewöhnliche Datei.")

        def changed() -> bool:
            now = os.fstat(handle)
            return (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)

        return _check_stream(stream, notes, limits, algorithms, progress, changed, handle)


def _check_stream(
    stream: BinaryIO,
    notes: Notes,
    limits: Limits,
    algorithms: Collection[str] | None,
    progress: Progress | None,
    changed: Callable[[], bool] = lambda: False,
    handle: int | None = None,
) -> BagReport:
    source: TarBag | StreamBag
    try:
        if getattr(stream, "seekable", bool)():
            source = TarBag(stream, notes, limits, handle)
        else:
            source = StreamBag(stream, notes, limits)
    except Unreadable as why:
        notes.unchecked(why.trouble.code, "", why.trouble.text)
        return _report(notes)
    except OSError as why:
        notes.unchecked("BG-62", "", f"Das Tar ist nicht lesbar: {in_german(why.errno)}.")
        return _report(notes)
    judging = _Judging(source, notes, limits, algorithms, progress, changed)
    return _report(notes, source) if source.broken else judging.run()


class _Judging:
    """One run over one bag."""

    def __init__(
        self,
        source: BagSource,
        notes: Notes,
        limits: Limits,
        algorithms: Collection[str] | None,
        progress: Progress | None,
        changed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._source = source
        self._notes = notes
        self._limits = limits
        self._only = None if algorithms is None else frozenset(map(known_algorithm, algorithms))
        self._progress = progress
        self._changed = changed

    def run(self) -> BagReport:
        source, notes, limits = self._source, self._notes, self._limits
        declaration = read_declaration(source, notes, limits)
        if notes.has("BG-01", "BG-04"):  # no bag, or one whose rules we do not know: all else would be noise
            return self._end(declaration)
        if "data" in source.files:
            notes.error("BG-09", "data", "data ist eine Datei, kein Ordner.")
        elif "data" not in source.folders and "data" not in source.odd:
            notes.error("BG-08", "data", "Der Ordner data fehlt.")
        with closing(self._start()) as hashing:
            check_names(source, notes)
            to_fetch = read_fetch(source, declaration, notes, limits)
            manifests = read_manifests(source, declaration, notes, limits)
            check_fetch_listed(to_fetch, manifests, notes)
            compare(source, manifests, to_fetch, declaration, notes)
            self._check_oxum(declaration)
            algorithms = self._verify(manifests, hashing)
        return self._end(declaration, algorithms)

    def _wanted_algorithm(self, algorithm: str) -> bool:
        return bool(algorithm) and (self._only is None or algorithm in self._only)

    def _start(self) -> Hashing:
        """Begins to hash by the names of the manifests alone, while their text is still to be read."""
        source = self._source
        paths = sorted(path for path in source.files.tag_paths() if manifest_name(path))
        named = [named for path in paths[: self._limits.manifests] if (named := manifest_name(path))]
        payload = tuple(sorted({a for a, tag in named if not tag and self._wanted_algorithm(a)}))
        tags = tuple(sorted({a for a, tag in named if tag and self._wanted_algorithm(a)}))
        batches = Batches(source.files, source.payload_order(), payload, tags)
        return Hashing(batches, source.hash_batch, source.workers)

    def _end(self, declaration: Declaration, algorithms: tuple[str, ...] = ()) -> BagReport:
        if self._changed():
            self._notes.unchecked("BG-63", "", "Das Tar hat sich geändert, während es geprüft wurde.")
        return _report(self._notes, self._source, algorithms, declaration.text)

    def _check_oxum(self, declaration: Declaration) -> None:
        oxum = read_oxum(self._source, declaration, self._notes, self._limits)
        payload = self._source.files.payload()
        refused = any(path == "data" or path.startswith("data/") for path in self._source.odd)
        if oxum is not None and oxum != payload and not refused:
            text = f"Payload-Oxum nennt {oxum[0]}.{oxum[1]}, da sind {payload[0]}.{payload[1]}."
            self._notes.error("BG-53", "bag-info.txt", text)

    def _verify(self, manifests: tuple[Manifest, ...], hashing: Hashing) -> tuple[str, ...]:
        """Compares every checksum; returns the algorithms of payload manifests that were done without a gap."""
        source, notes = self._source, self._notes
        active = [m for m in manifests if self._wanted_algorithm(m.algorithm)]
        for manifest in manifests:
            if manifest.algorithm and manifest not in active:
                notes.unchecked("BG-66", manifest.file, "Dieses Manifest wurde auf Wunsch nicht gerechnet.")
        payload = [m for m in manifests if not m.tag]
        if payload and all(m.algorithm in WEAK for m in payload):
            notes.warning(
                "BG-65", payload[0].file, "Nur MD5 oder SHA-1: gegen absichtliche Änderung schützt das nicht."
            )
        by_name = {(m.tag, m.algorithm): m for m in active}
        gaps: set[str] = set()
        done, total = 0, sum(source.files.sizes)
        for batch, hashed in hashing:
            tag = batch.numbers[0] not in source.files.data
            listing = [by_name[tag, algorithm] for algorithm in batch.algorithms]
            if hashed.troubles or not all(map(Manifest.matches, listing, repeat(batch.numbers), hashed.digests)):
                gaps |= self._differ(batch, hashed, listing)
            if self._progress:
                done += sum(map(source.files.sizes.__getitem__, batch.numbers))
                self._progress(done, total)
        return tuple(sorted({m.algorithm for m in active if not m.tag and m.whole} - gaps))

    def _differ(self, batch: Batch, hashed: Hashed, listing: Sequence[Manifest]) -> set[str]:
        """Notes what is not as listed; returns the algorithms that could not be computed for a file they list."""
        gaps: set[str] = set()
        for position, number in enumerate(batch.numbers):
            path = self._source.files.paths[number]
            for manifest, digests in zip(listing, hashed.digests, strict=True):
                wanted = manifest.get(number)
                if wanted is None:
                    continue
                if trouble := hashed.troubles.get(position):
                    gaps.add(manifest.algorithm)
                elif wanted and wanted != digests[position * manifest.width : (position + 1) * manifest.width]:
                    code = "BG-21" if manifest.tag else "BG-20"  # of an empty one its own finding has told
                    self._notes.error(code, path, f"Die Prüfsumme {manifest.algorithm} stimmt nicht.")
            if (trouble := hashed.troubles.get(position)) and any(m.get(number) is not None for m in listing):
                self._notes.unchecked(trouble.code, path, trouble.text)
        return gaps


def _report(
    notes: Notes, source: BagSource | None = None, algorithms: tuple[str, ...] = (), version: str = ""
) -> BagReport:
    findings = notes.findings()
    size, number = source.files.payload() if source else (0, 0)
    return BagReport(judgement(findings, complete=notes.complete), findings, number, size, algorithms, version)


def _nothing(intake: bool, limits: Limits, text: str, *, looked: bool = True) -> BagReport:
    notes = Notes(intake=intake, most=limits.findings_per_code)
    (notes.error if looked else notes.unchecked)("BG-67", "", text)
    return _report(notes)
