"""Joins pages to one PDF/A-2 (ISO 19005-2): one font, one output intent, fixed dates and names; judged while saving.

qpdf itself takes the pages together and copies their streams when the file is written, so neither open files nor memory
grow with the pages; pikepdf's own page lists keep in memory what they copy from one file into another.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import pdfa

from akten.brokenwords import broken_in_german
from ocr.glyphless import NAME
from ocr.jobs import AssemblyJob, AssemblyOutcome
from ocr.level import BASIC, UNICODE, claim_unicode
from ocr.pagepdf import FONT_NAME


def assemble(job: AssemblyJob) -> AssemblyOutcome:
    """Writes the target under its name only when pikepdf's judge passed the written file; else tells the findings."""
    try:
        return _save(job, Path(job.draft), Path(job.target), datetime.fromisoformat(job.created))
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:
        return AssemblyOutcome(0, (f"Eine Seitendatei lässt sich nicht lesen ({broken_in_german(error)}).",))


@contextmanager
def joined(parts: Sequence[str], target: Path) -> Iterator[pikepdf.Pdf]:
    """All pages in one document, which reads from the page files as long as it is open. Raises PdfError."""
    command = ["qpdf", "--empty", "--remove-unreferenced-resources=no", "--pages", *parts, "--", str(target)]
    job = pikepdf.Job(command)  # it wants a target and writes nothing there: we save
    document: pikepdf.Pdf = job.create_pdf()  # type: ignore[no-untyped-call]
    with document:
        yield document


def _save(job: AssemblyJob, draft: Path, target: Path, created: datetime) -> AssemblyOutcome:
    with joined(job.parts, draft) as document:
        _share(document)
        pages = len(document.pages)
        document.docinfo["/Title"] = clean_title(job.title)
        document.docinfo["/CreationDate"] = _pdf_date(created)
        document.docinfo["/ModDate"] = _pdf_date(created)
        pdfa.prepare(document, BASIC)
        _fix_metadata(document, created)
        try:
            pdfa.save(document, draft, BASIC, repair=False, deterministic_id=True)
        except pdfa.PdfaError as error:
            draft.unlink(missing_ok=True)
            return AssemblyOutcome(pages, tuple(_plain(finding) for finding in error.report.findings[:20]))
    flavour = UNICODE if job.unicode and claim_unicode(draft) else BASIC
    _sync(draft)
    draft.replace(target)
    _sync_folder(target.parent)
    return AssemblyOutcome(pages, flavour=flavour)


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
        if not isinstance(image, pikepdf.Stream):
            continue  # of a damaged page file: the judge refuses it
        space = image.get("/ColorSpace")
        if isinstance(space, pikepdf.Array) and len(space) == 4 and space[0] == pikepdf.Name.Indexed:
            space = space[1]
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


def _fix_metadata(document: pikepdf.Pdf, created: datetime) -> None:
    """pikepdf notes the moment of writing in xmp:MetadataDate; the same input must give the same bytes."""
    packet = bytes(document.Root.Metadata.read_bytes())
    moment = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00").encode("ascii")
    fixed, count = re.subn(rb"(<xmp:MetadataDate>)[^<]*(</xmp:MetadataDate>)", rb"\g<1>" + moment + rb"\g<2>", packet)
    if count != 1:
        raise ValueError("pikepdf writes its metadata in another form than expected")
    document.Root.Metadata.write(fixed)
    document.Root.Metadata.Type = pikepdf.Name.Metadata
    document.Root.Metadata.Subtype = pikepdf.Name.XML


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    _sync(path)
