"""What is asked for when a Dokument is to be recognised: pages, scans, facts and the profile of their treatment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from akten.files import FileFacts, PageRef, Scan


@dataclass(frozen=True, slots=True)
class PageProfile:
    """How the pages of a kind of delivery are treated: dpi where a file does not say, blanks kept or dropped."""

    dpi: int = 300
    drop_blank: bool = False

    def __post_init__(self) -> None:
        if not 50 <= self.dpi <= 2400:
            raise ValueError("dpi im Profil: 50 bis 2400")


@dataclass(frozen=True, slots=True)
class RecogniseRequest:
    """One Dokument to be made. `uuid` names the PDF/A file; it becomes `<folder>/<uuid>.pdf` and `<uuid>.hocr`."""

    uuid: UUID
    title: str
    pages: tuple[PageRef, ...]
    scans: Mapping[UUID, Scan]
    facts: Mapping[UUID, FileFacts]
    profile: PageProfile
    folder: Path
    created: datetime

    def __post_init__(self) -> None:
        if not self.pages:
            raise ValueError("a Dokument has pages")
        if self.created.tzinfo is None:
            raise ValueError("created wants a time zone")
        missing = {page.scan for page in self.pages} - (self.scans.keys() & self.facts.keys())
        if missing:
            raise ValueError(f"scans without facts: {sorted(map(str, missing))}")

    @property
    def target(self) -> Path:
        """Where the PDF/A will lie."""
        return self.folder / f"{self.uuid}.pdf"

    @property
    def hocr(self) -> Path:
        """Where the text with coordinates will lie."""
        return self.folder / f"{self.uuid}.hocr"
