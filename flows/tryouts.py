"""What `archiv doctor` tries out: each part is opened and used once, as a walk would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from akten.errors import ArchivError, Unavailable
from akten.files import ValidatorReport
from akten.findings import Verdict
from flows.craft_options import ocr_options, open_validators
from flows.settings import Settings
from flows.wiring import open_services
from ocr.pdfa import PdfaValidator

if TYPE_CHECKING:
    from archive.probe import ProbeReport


def try_catalog(settings: Settings) -> tuple[str, bool]:
    """Opens the catalog and reads its file: what it runs on, and whether all of it was read. Raises our errors."""
    with open_services(settings) as services:
        return services.catalog.describe(), services.catalog.sound()


def clock_behind(settings: Settings) -> tuple[datetime, datetime] | None:
    """This instant and that of the youngest entry of the trail, where it lies in the future; None where it does not.

    By more than the clocks of several machines may differ (`TOLERANCE`). Raises our errors.
    """
    from catalog.trailclock import TOLERANCE

    with open_services(settings) as services:
        head, now = services.catalog.head(), services.now()
    return (now, head.at) if head is not None and head.at - now > TOLERANCE else None


def index_lag(settings: Settings) -> int:
    """How many Akten or passages the search index lacks or has too many. Raises our errors."""
    with open_services(settings) as services:
        return services.catalog.index_lag()


def try_validators(settings: Settings) -> tuple[ValidatorReport, ...]:
    """Lets every validator judge a small file of our own making that is valid; an honest "ok" is wanted from each."""
    from ocr.probefile import tiny_valid_pdfa
    from ocr.scratch import ScratchFolder

    options = ocr_options(settings)
    with ScratchFolder("doctor") as folder:
        judges = open_validators(options, folder)
        try:
            file = tiny_valid_pdfa(folder / "probe.pdf")
            return tuple(_tried(validator, file) for validator in judges.validators)
        finally:
            judges.close()


def _tried(validator: PdfaValidator, file: Path) -> ValidatorReport:
    """What a validator says, or why it cannot even be asked now."""
    try:
        return validator.validate(file, "2b")
    except Unavailable as away:
        return ValidatorReport(validator.name, validator.version, Verdict.NOT_CHECKED, "2b", (), away.text)


def probe_stores(settings: Settings) -> Iterator[tuple[str, ProbeReport | ArchivError]]:
    """The acceptance probe of every store; a store that cannot be reached is told with its error."""
    from archive.probe import probe

    with open_services(settings) as services:
        for name, target in services.probe_targets().items():
            if isinstance(target, ArchivError):
                yield name, target
            else:
                yield name, probe(target, now=services.now(), token=services.new_id().hex[:12])


def try_apart(settings: Settings) -> None:
    """Whether the stores that open are places of their own. Raises Misconfigured, and what the stores raise."""
    from archive.apart import require_apart

    with open_services(settings) as services:
        stores, _ = services.stores_to_read()
        require_apart(stores, services.new_id().hex[:12])


def copies_lacking(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Every configured store without a copy of some versions, with what to do; the catalog alone knows. Raises ours."""
    from archive.reconcile import lacks_copies
    from flows.storehouse import store_names

    with open_services(settings) as services:
        number, held = services.catalog.package_count(), services.catalog.copies_by_store()
    counts = {name: number - held.get(name, (0, 0))[0] for name in store_names(settings)}
    return tuple((name, lacks_copies(name, count).text) for name, count in counts.items() if count)


def corrections_under_way(settings: Settings) -> tuple[tuple[str, int], ...]:
    """Number and Band of every Akte with a correction that is released, begun and not at its end. Raises our errors."""
    from flows.unfinished import begun_corrections

    with open_services(settings) as services:
        return tuple((akte.aktenzeichen, akte.band) for akte, _ in begun_corrections(services))


def compare_with_stores(settings: Settings) -> tuple[tuple[str, str | ArchivError], ...]:
    """Every store that can be opened with what does not fit between it and the catalog, "" where all fits, or why it
    could not be asked.
    """
    from flows.agreement import disagreements

    with open_services(settings) as services:
        return tuple(disagreements(services))
