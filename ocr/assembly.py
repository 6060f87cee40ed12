"""Joins pages to one PDF/A-2b (ISO 19005-2): one font, one output intent, fixed dates and names; judged while saving.

Page files are joined in batches, so that neither open files nor memory grow with the number of pages. pikepdf keeps in
memory what it copies from one file into another; so large pages are first joined by qpdf itself, from file to file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import pdfa

from ocr.glyphless import NAME
from ocr.jobs import FLAVOUR, AssemblyJob, AssemblyOutcome
from ocr.pagepdf import FONT_NAME

_BATCH = 64  # page files open at once
_IN_MEMORY = 32 << 20  # bytes of page files that may lie in memory together


def assemble(job: AssemblyJob) -> AssemblyOutcome:
    """Writes the target under its name only when pikepdf's judge passed the written file; else tells the findings."""
    target = Path(job.target)
    created = datetime.fromisoformat(job.created)
    batches: list[Path] = []
    try:
        parts = [Path(part) for part in job.parts]
        large = sum(part.stat().st_size for part in parts) > _IN_MEMORY
        while len(parts) > _BATCH and not large:
            batch_files = []
            for start in range(0, len(parts), _BATCH):
                batch = target.with_name(f"{target.name}.{len(batches):04d}.batch")
                batches.append(batch)
                _join(parts[start : start + _BATCH], batch)
                batch_files.append(batch)
            parts = batch_files
        return _save(parts, target, job, created, large=large)
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:
        return AssemblyOutcome(0, (f"Eine Seitendatei lässt sich nicht lesen ({type(error).__name__}).",))
    finally:
        for batch in batches:
            batch.unlink(missing_ok=True)


def _open(path: Path) -> pikepdf.Pdf:
    # reading by stream: mapped files would count as memory of this process
    return pikepdf.open(path, access_mode=pikepdf.AccessMode.stream, suppress_warnings=True)


def _join(parts: Sequence[Path], target: Path) -> None:
    with pikepdf.Pdf.new() as joined, ExitStack() as stack:
        for part in parts:
            joined.pages.extend(stack.enter_context(_open(part)).pages)
        _share(joined)
        joined.save(
            target,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            static_id=True,
        )


@contextmanager
def _joined_in_memory(parts: Sequence[Path]) -> Iterator[pikepdf.Pdf]:
    with pikepdf.Pdf.new() as document, ExitStack() as stack:
        for path in parts:
            document.pages.extend(stack.enter_context(_open(path)).pages)
        yield document


@contextmanager
def _joined_on_disk(parts: Sequence[Path], target: Path) -> Iterator[pikepdf.Pdf]:
    whole = target.with_name(f"{target.name}.whole")
    as_they_are = ("--stream-data=preserve", "--object-streams=disable", "--remove-unreferenced-resources=no")
    pages = ("--pages", *map(str, parts), "--")
    try:
        job = pikepdf.Job(["qpdf", "--empty", "--static-id", *as_they_are, *pages, str(whole)])
        job.run()
        if job.exit_code:  # it only warns of a damaged file, and goes on
            raise pikepdf.PdfError("a page file is damaged")
        with _open(whole) as document:
            yield document
    finally:
        whole.unlink(missing_ok=True)


def _save(parts: Sequence[Path], target: Path, job: AssemblyJob, created: datetime, *, large: bool) -> AssemblyOutcome:
    part = target.with_name(target.name + ".part")
    with _joined_on_disk(parts, target) if large else _joined_in_memory(parts) as document:
        _share(document)
        pages = len(document.pages)
        document.docinfo["/Title"] = clean_title(job.title)
        document.docinfo["/CreationDate"] = _pdf_date(created)
        document.docinfo["/ModDate"] = _pdf_date(created)
        pdfa.prepare(document, FLAVOUR)
        _fix_metadata(document, created, job.identifier)
        try:
            pdfa.save(document, part, FLAVOUR, repair=False, deterministic_id=True)
        except pdfa.PdfaError as error:
            part.unlink(missing_ok=True)
            return AssemblyOutcome(pages, tuple(_plain(finding) for finding in error.report.findings[:20]))
    _sync(part)
    part.replace(target)
    _sync_folder(target.parent)
    return AssemblyOutcome(pages)


def _plain(finding: Any) -> str:
    return f"{finding.rule} {finding.message}" if hasattr(finding, "rule") else str(finding)


def _share(document: pikepdf.Pdf) -> None:
    """One font and one copy of each colour profile for all pages; what is then unused is not written."""
    font: pikepdf.Object | None = None
    profiles: dict[bytes, pikepdf.Object] = {}
    for page in document.pages:
        resources = page.obj.get("/Resources")
        if resources is None:
            continue
        fonts = resources.get("/Font")
        if fonts is not None and FONT_NAME in fonts and _is_ours(fonts[FONT_NAME]):
            if font is None:
                font = fonts[FONT_NAME]
            else:
                fonts[FONT_NAME] = font
        for space in _icc_spaces(resources):
            profile = space[1]
            digest = hashlib.sha256(profile.read_raw_bytes()).digest()
            if digest in profiles:
                space[1] = profiles[digest]
            else:
                profiles[digest] = profile


def _is_ours(font: pikepdf.Object) -> bool:
    return str(font.get("/BaseFont")) == f"/{NAME}"


def _icc_spaces(resources: pikepdf.Object) -> Iterator[pikepdf.Object]:
    images = resources.get("/XObject")
    if images is None:
        return
    for image in images.values():
        space = image.get("/ColorSpace")
        if isinstance(space, pikepdf.Array) and len(space) == 2 and space[0] == pikepdf.Name.ICCBased:
            yield space


def clean_title(title: str) -> str:
    """The title without control characters; never empty."""
    kept = "".join(
        c if c >= " " and not 0x7F <= ord(c) < 0xA0 and not 0xD800 <= ord(c) < 0xE000 else " " for c in title
    )
    return " ".join(kept.replace("\ufffe", " ").replace("\uffff", " ").split())[:500] or "Ohne Titel"


def _pdf_date(when: datetime) -> str:
    return when.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")


def _fix_metadata(document: pikepdf.Pdf, created: datetime, identifier: str) -> None:
    """pikepdf notes the moment of writing in xmp:MetadataDate; the same input must give the same bytes."""
    packet = bytes(document.Root.Metadata.read_bytes())
    moment = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").encode("ascii")
    fixed, count = re.subn(rb"(<xmp:MetadataDate>)[^<]*(</xmp:MetadataDate>)", rb"\g<1>" + moment + rb"\g<2>", packet)
    if count != 1:
        raise ValueError("pikepdf writes its metadata in another form than expected")
    document.Root.Metadata.write(fixed)
    document.Root.Metadata.Type = pikepdf.Name.Metadata
    document.Root.Metadata.Subtype = pikepdf.Name.XML
    del identifier


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    _sync(path)
