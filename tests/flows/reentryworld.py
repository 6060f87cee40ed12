"""An archive of packages as packing makes them, without recognition, whose catalog can be put back from a backup."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid5

from akten.errors import ArchivError
from akten.files import digest_file
from akten.lifecycle import Stage
from akten.model import Akte
from akten.package import Lock, PackageId
from archive.package import store_package
from archive.store import ObjectStore
from catalog.actor import Actor
from catalog.catalog import Catalog, open_catalog
from flows.arrival import slip_json
from flows.craft_options import ocr_options
from flows.packing import Made, Material, with_version
from flows.reentry import ReentrySummary, reenter_lost
from flows.settings import Settings, read_settings
from flows.wiring import Services
from flows.workmark import require_work_folder
from retention.catalogue import Fristenkatalog
from tests.flows.packingworld import NOW, Came, carried_from
from tests.flows.packingworld import World as Desk
from tests.shipped import builtin_schedule

CLERK, ARCHIVIST = Actor("s17"), Actor("archiv")
UNTIL = datetime(2052, 12, 31, 23, 0, tzinfo=UTC)
WORDS = "Der Wintergarten steht auf dem Flurstück"
_HOCR = (
    '<div class="ocr_page" id="page_{number}" title="ppageno 0">\n<span class="ocr_line" id="l" title="bbox">\n'
    '<span class="ocrx_word" id="w" title="bbox">{text}</span>\n</span><br />\n</div>\n'
)


@dataclass
class Restored:
    """Stands where `Services` stands; `save` backs up its catalog, empty at first, and `put_back` opens the backup."""

    folder: Path
    stores: Sequence[ObjectStore]
    katalog: Fristenkatalog = field(default_factory=cache(builtin_schedule))
    away: dict[str, ArchivError] = field(default_factory=dict)
    at: datetime = NOW
    number: int = 0

    def __post_init__(self) -> None:
        self.settings: Settings = read_settings(daten=self.folder / "archiv")
        self.ocr = ocr_options(self.settings)
        self.settings.daten.mkdir(parents=True)
        self.made: dict[UUID, Made] = {}
        self.put_back()
        self.catalog.record_event("begin", by=CLERK, now=NOW)  # the first row of every trail here
        self.save()
        require_work_folder(self.services)

    @property
    def services(self) -> Services:
        return cast("Services", self)

    def now(self) -> datetime:
        return self.at

    def stores_to_read(self) -> tuple[tuple[ObjectStore, ...], dict[str, str]]:
        there = tuple(store for store in self.stores if store.name not in self.away)
        return there, {name: error.text for name, error in self.away.items()}

    def save(self) -> None:
        """Keeps the catalog as it is now."""
        saved = self.folder / "sicherung.sqlite"
        with closing(sqlite3.connect(self._file)) as now, closing(sqlite3.connect(saved)) as kept:
            now.backup(kept)

    def put_back(self) -> None:
        """The catalog as it was kept last."""
        self.number += 1
        if (saved := self.folder / "sicherung.sqlite").exists():
            shutil.copyfile(saved, self._file)
        self.catalog: Catalog = open_catalog(f"sqlite:///{self._file}")

    @property
    def _file(self) -> Path:
        return self.folder / f"katalog{self.number}.sqlite"

    def material(
        self, files: Mapping[str, Came], *, delivery: UUID, akte: UUID, version: int = 1, **more: Any
    ) -> Material:
        """What a walk would pack for these files, with text that can be read back."""
        if version > 1:
            more["carried"] = carried_from(self.made[akte], version - 1)
        made = Desk(self.folder / "schreibtisch").material(files, delivery=delivery, version=version, **more)
        whole = replace(made.akte, uuid=akte)
        pdfas = {}
        for dokument, pdfa in made.pdfas.items():
            assert pdfa.hocr is not None
            text = "".join(_HOCR.format(number=page.number, text=f"{WORDS} {page.number}") for page in pdfa.pages)
            pdfa.hocr.write_text(text, encoding="utf-8")
            pdfas[dokument] = replace(pdfa, hocr_digests=digest_file(pdfa.hocr))
        return replace(made, akte=whole, package=PackageId(akte, version), pdfas=pdfas)

    def archive(
        self,
        files: Mapping[str, Came] | None = None,
        *,
        name: str = "eins",
        version: int = 1,
        stored: bool = True,
        **more: Any,
    ) -> tuple[Akte, Any]:
        """One delivery, packed and (unless `stored` is False) stored in all stores and entered, as the walk does it."""
        delivery = uuid5(UUID(int=7), f"{name}/{version}")
        akte_uuid = uuid5(UUID(int=8), name)
        (self.folder / "schreibtisch").mkdir(exist_ok=True)
        more.setdefault("slip", {"aktenzeichen": f"63-{len(self.made) + 1}-20"})
        material = self.material(
            files or {"scan.tif": Came()}, delivery=delivery, akte=akte_uuid, version=version, **more
        )
        made = Desk(self.folder / "schreibtisch").make(material)
        self.made[akte_uuid] = made
        if not stored:
            return made.akte, None
        catalog, slip = self.catalog, material.delivery.slip
        row = catalog.receive(
            delivery,
            akte=akte_uuid,
            aktenart=slip.aktenart.value,
            aktenzeichen=made.akte.aktenzeichen,
            band=slip.band,
            betreff=slip.betreff,
            slip=slip_json(slip),
            scans=material.delivery.scans,
            folder=str(self.settings.work / str(delivery)),
            by=CLERK,
            now=material.received,
        )
        assert (row.akte, row.version) == (akte_uuid, version)
        catalog.plan(delivery, with_version(material.akte, None), by=CLERK, now=NOW)
        catalog.move(delivery, Stage.EXAMINED, by=CLERK, now=NOW)
        catalog.record_recognised(delivery, material.pdfas, by=CLERK, now=NOW)
        catalog.move(delivery, Stage.RECOGNISED, by=CLERK, now=NOW)
        catalog.settle_version(delivery, by=CLERK, now=NOW)
        catalog.move(delivery, Stage.PACKED, by=CLERK, now=NOW)
        extra = {"software": "Aktenarchiv 0.1.0", "delivery": str(delivery)}
        work = self.folder / "tar"
        package = store_package(made.bag, material.package, self.stores, Lock(UNTIL), lambda: NOW, work, extra)
        texts = {d: [f"{WORDS} {page.number}" for page in p.kept_pages] for d, p in material.pdfas.items()}
        catalog.record_stored(delivery, made.akte, package, texts, by=CLERK, now=NOW)
        return made.akte, package

    def texts(self) -> list[tuple[str, int, str]]:
        """The text of every page in the catalog."""
        with closing(sqlite3.connect(self._file)) as connection:
            return sorted(connection.execute("SELECT dokument, page, text FROM pages"))

    def enter(self) -> ReentrySummary:
        return reenter_lost(self.services, ARCHIVIST)


def told(summary: ReentrySummary) -> list[tuple[str, str]]:
    """Code and severity of what was found."""
    return [(finding.code, finding.severity.value) for finding in summary.findings]
