"""Reads the pages of a document whose words no program can take out, and lays the words into the file.

They are a picture, or text in fonts that name no letters. The pages stay as they are: the page workers draw and read
them like scans (`ocr.pagelayer`), and their text comes under what the page shows, in rendering mode 3 (ISO 32000-1
§9.3.6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from akten.files import FileFacts, PageFacts, PageRef, PageResult, Rendition
from akten.model import clean_text
from ocr.ends import SandboxDied
from ocr.filefacts import FEW_LETTERS
from ocr.findings import page, warning
from ocr.hocr import own_fragment
from ocr.jobs import PageJob
from ocr.options import OcrOptions
from ocr.ownwords import own_pages
from ocr.pages import PagePool
from ocr.scanpages import Part, Stretch, through_pool
from ocr.workshop import Workshop


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads pages of the document that `stretch` is. `heard` is told the number of each page that was read."""

    stretch: Stretch
    facts: FileFacts
    pool: PagePool
    options: OcrOptions
    folder: Path
    heard: Callable[[int], None] = lambda _number: None

    @property
    def to_read(self) -> tuple[int, ...]:
        """Places, from 0, of the pages whose words may be a picture, or text whose letters nobody can tell."""
        return tuple(
            place
            for place, ref in enumerate(self.stretch.pages)
            if ref.page <= len(self.facts.pages) and self._facts(place).to_read
        )

    def _facts(self, place: int) -> PageFacts:
        return self.facts.pages[self.stretch.pages[place].page - 1]

    def read(self, path: Path, texts: Sequence[str], words: Path | None) -> Part:
        """What the pages to read of the file `path` say; their operators lie in the folder.

        `texts` is what the pages have as text by now: a form drawn flat has its words, and a line that is text (of a
        fax, say) is told before what was read; `words` says where it stands. Raises Unavailable and Misconfigured as
        the pool does. A page that fails is kept with no other text than it has, and told. Mute text is not told at all.
        """
        places = [
            place
            for place in self.to_read
            if place < len(texts) and (self._facts(place).mute or len(texts[place].strip()) <= FEW_LETTERS)
        ]
        part = through_pool([self._job(path, place) for place in places], self.pool, self.options, self.heard)
        part.results = [
            result if self._facts(place).mute else _beside(result, texts[place])
            for place, result in zip(places, part.results, strict=True)
        ]
        failed = {place: number for number, place in enumerate(places) if part.results[number].failed}
        for place, own in enumerate(own_pages(words) if failed else ()):
            if own is not None and place in failed and not self._facts(place).mute:
                part.fragments[failed[place]] = own_fragment(self.stretch.first + place, own)
        return part

    def keep(self, words: Path) -> Path:
        """Moves the words of the pages to where they outlive the work on the file; where they lie now."""
        kept = self.folder / f"{self.stretch.first:06d}.worte"
        with suppress(FileNotFoundError):
            words.replace(kept)
        return kept

    def unread(self, why: str) -> Part:
        """Nothing of any page to read, and a finding for each: they are kept without text."""
        text = f"Die Seite konnte nicht gelesen werden und bleibt ohne Text: {why}"
        numbers = [self.stretch.first + place for place in self.to_read]
        findings = [warning("OC-01", page(number), text) for number in numbers]
        return Part([], [], [], [], findings, {}, Rendition.CONVERTED)

    def _job(self, path: Path, place: int) -> tuple[PageRef, PageJob]:
        number = self.stretch.first + place
        ref = self.stretch.pages[place]
        job = PageJob(
            source=str(path),
            page=place + 1,
            number=number,
            is_pdf=True,
            profile_dpi=0,
            dpi=self._facts(place).dpi,
            out=str(self._layer(number)),
            hocr=str(self.folder / f"{number:06d}.hocr"),
            layer=True,
            mute=self._facts(place).mute,
        )
        return ref, job

    def _layer(self, number: int) -> Path:
        return self.folder / f"{number:06d}.text"

    def lay(self, path: Path, read: Part, shop: Workshop) -> Path | None:
        """The file with the words read, beside `path`; nothing when it cannot be written."""
        target = path.with_name(path.stem + "-mit-text.pdf")
        first = self.stretch.first
        pages = [
            {"page": result.number - first + 1, "text": str(self._layer(result.number)), "rotate": result.turned}
            for result in read.results
            if result.confidence is not None  # there are words that were read
        ]
        if not pages:
            return path
        payload = {"path": str(path), "target": str(target), "pages": pages}
        try:
            shop.ask("ocr.documenttools:lay_text", payload, len(read.results))
        except SandboxDied:
            return None
        return target


def _beside(result: PageResult, shown: str) -> PageResult:
    shown = clean_text(shown).strip()
    if not shown:
        return result
    text = f"{shown}\n{result.text}".strip()
    return replace(result, text=text, words=result.words + len(shown.split()), blank=False, thumbnail=None)
