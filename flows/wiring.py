"""`Services`: everything a walk needs, put together from settings; each part is opened when it is first needed.

Concrete adapters are named here and beside it only: flows/craft_options.py, flows/storehouse.py (the stores).

Its library is loaded then too: who only searches the catalog does not wait for the S3 client and the OCR room.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from akten.closed import make_closed
from akten.errors import ArchivError, Misconfigured, Rejected
from akten.localtime import berlin_day
from archive.store import ObjectStore
from flows.craft_options import Judges, accounts_of, ocr_options, open_validators, xdomea_profile
from flows.ownaccount import require_own_account
from flows.settings import Settings
from flows.storehouse import Reached, Storehouse

if TYPE_CHECKING:
    from archive.probe import ProbeTarget
    from catalog.catalog import Catalog
    from ingest.options import IntakeOptions
    from metadata.profile import Profile
    from metadata.schemas import Schemas
    from ocr.pages import PagePool
    from ocr.pdfa import PdfaValidator
    from ocr.warm import WarmSandbox
    from retention.catalogue import Fristenkatalog

_MOST_FAULTS = 3  # of a Fristenkatalog that are told in the one sentence


class Services:
    """Everything a walk needs, opened when first asked for, closed together. Safe to share between threads."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.settings = settings
        self.ocr = ocr_options(settings)
        self._stack = stack
        self._lock = threading.RLock()
        self._storehouse = Storehouse(settings, stack, self.now, self.new_id)
        self._own_stores = False
        self._catalog: Catalog | None = None
        self._pool: PagePool | None = None
        self._judges: Judges | None = None
        self._sandbox: WarmSandbox | None = None

    def now(self) -> datetime:
        """This instant in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """This day in Berlin."""
        return berlin_day(self.now())

    def new_id(self) -> UUID:
        """A fresh UUID."""
        return uuid4()

    @cached_property
    def intake(self) -> IntakeOptions:
        """The rules of intake."""
        from ingest.options import IntakeOptions, load_options

        return load_options(self.settings.intake) if self.settings.intake else IntakeOptions()

    def require_intake_rules(self) -> None:
        """Raises Misconfigured for rules that cannot be read: nothing is claimed that nobody could then go on with."""
        _ = self.intake

    @cached_property
    def intake_in_force(self) -> IntakeOptions:
        """The rules of intake with the record classes of the Fristenkatalog in force: what a delivery is held against.

        Apart from `intake`, because a search that only wants the patterns should not wait for the Fristenkatalog.
        """
        return replace(self.intake, record_classes=tuple((key, "") for key in self.katalog.classes))

    @cached_property
    def schemas(self) -> Schemas:
        """The official schemas, where they are."""
        from metadata.schemas import Schemas

        return Schemas(self.settings.xdomea_schemas)

    @cached_property
    def profile(self) -> Profile:
        """Who sends and receives messages, and in which version."""
        return xdomea_profile(self.settings)

    @cached_property
    def katalog(self) -> Fristenkatalog:
        """The Fristenkatalog in force when these services were opened: the version released last, else the basis.

        Raises FixityError for a released version that was changed, Misconfigured for one that cannot be read: no
        delivery can help it, so that none goes to the clearing desk for it.
        """
        from flows.inforce import rules_in_force

        try:
            return rules_in_force(self).katalog
        except Rejected as wrong:
            told = "; ".join(f"{finding.where}: {finding.text}" for finding in wrong.findings[:_MOST_FAULTS])
            text = f"Der Fristenkatalog ist nicht lesbar: {told} Prüfen: archiv frist katalog --pruefe DATEI"
            raise Misconfigured(text) from wrong

    @property
    def catalog(self) -> Catalog:
        """The register and the trail. Raises Misconfigured where one must be, and is missing, empty, or another one."""
        with self._lock:
            if self._catalog is None:
                from catalog.catalog import open_catalog
                from flows.archivemark import is_marked, mark

                make_closed(self.settings.daten / "katalog")
                opened = open_catalog(
                    self.settings.database_url,
                    expected=is_marked(self.settings),
                    accounts=accounts_of(self.settings),
                )
                self._stack.callback(opened.close)
                mark(self.settings, opened.identity(), self.now())
                self._catalog = opened
            return self._catalog

    @property
    def stores(self) -> tuple[ObjectStore, ...]:
        """All configured stores with the rights of intake; embedded servers are started side by side.

        Raises Misconfigured, too, where they belong to the catalog of another archive.
        """
        opened = self._storehouse.to_store()
        with self._lock:
            if not self._own_stores:
                from flows.ownstores import require_own_stores

                require_own_stores(self.settings, self.catalog, opened, f"{self.now():%Y-%m-%d}")
                self._own_stores = True
        return opened

    def probe_anew(self) -> None:
        """The stores are probed at their next opening, also when a call of this day found them good."""
        self._storehouse.probe_anew()

    def stores_to_read(self) -> tuple[tuple[ObjectStore, ...], Mapping[str, str]]:
        """The stores that can be opened, and the reason for every other one by its name; for looking and fetching."""
        return self._storehouse.to_read()

    def probe_targets(self) -> Mapping[str, ProbeTarget | ArchivError]:
        """Every store as it is probed, each by itself, or why it cannot be."""
        return self._storehouse.targets()

    def reach(self) -> Reached:
        """Every store that answers now, each by itself: one that is away, or is refused, does not stop the others."""
        return self._storehouse.reach()

    @property
    def pool(self) -> PagePool:
        """The page workers, shared by all Akten in work."""
        with self._lock:
            if self._pool is None:
                from ocr.pages import PagePool

                self._pool = self._stack.enter_context(PagePool(self.ocr.workers, self.ocr))
            return self._pool

    @property
    def sandbox(self) -> WarmSandbox:
        """Where delivered files are examined and our own are judged; children stay warm between deliveries."""
        with self._lock:
            if self._sandbox is None:
                from ocr.warm import WarmSandbox

                self._sandbox = self._stack.enter_context(WarmSandbox(self.ocr, self.ocr.workers))
            return self._sandbox

    def prepare_to_read(self) -> None:
        """Lets a page worker and the JVM of the judges get ready while deliveries are examined; waits for nothing."""
        _ = self.pool  # to open it is to start a worker
        self._opened_judges().prepare()

    def prepare_to_judge(self) -> None:
        """Lets the sandbox and the stores get ready while pages are read; waits for nothing."""
        from ocr.judging import READERS

        self.sandbox.prepare(*READERS)
        self._storehouse.open_ahead()

    @property
    def validators(self) -> Sequence[PdfaValidator]:
        """The PDF/A judges; one JVM for the life of these services."""
        return self._opened_judges().validators

    @property
    def reference(self) -> PdfaValidator:
        """The judge whose word decides, one of `validators`."""
        return self._opened_judges().reference

    def missing_judge(self) -> str:
        """Why no PDF/A can be judged on this machine, as a German sentence; "" where it can."""
        return self._opened_judges().absent()

    def _opened_judges(self) -> Judges:
        with self._lock:
            if self._judges is None:
                scratch = self.settings.daten / "arbeit" / ".pruefer"
                make_closed(self.settings.work)
                scratch.mkdir(exist_ok=True)
                self._judges = open_validators(self.ocr, scratch)
                self._stack.callback(self._judges.close)
            return self._judges


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """The services of one process; what was opened is closed in reverse order.

    Raises Misconfigured for root in the archive of another account.
    """
    require_own_account(settings)
    settings.daten.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        yield Services(settings, stack)
