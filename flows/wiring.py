"""`Services`: the only place that names concrete adapters; each part is opened when it is first needed.

Its library is loaded then too: who only searches the catalog does not wait for the S3 client and the OCR room.
"""

from __future__ import annotations

import importlib.metadata
import os
import pwd
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from akten.errors import ArchivError, Misconfigured
from akten.files import ValidatorReport
from archive.identities import Role
from archive.store import LockMode, ObjectStore
from catalog.catalog import Catalog, open_catalog
from catalog.identity import Accounts
from flows.archivemark import is_marked, mark
from flows.settings import Identity, Settings, StoreSettings
from ocr.options import OcrOptions

if TYPE_CHECKING:
    from archive.embedded import EmbeddedServer
    from archive.probe import ProbeReport, ProbeTarget
    from archive.s3settings import S3Settings
    from ingest.options import IntakeOptions
    from metadata.profile import Profile
    from metadata.schemas import Schemas
    from ocr.pages import PagePool
    from ocr.pdfa import PdfaValidator
    from ocr.warm import WarmSandbox
    from retention.catalogue import Fristenkatalog

EMBEDDED = ("a", "b")
SOFTWARE = "Aktenarchiv"
BERLIN = ZoneInfo("Europe/Berlin")


def basis_bytes(settings: Settings) -> tuple[bytes, str]:
    """The catalogue that is in force while none was released, as bytes with the name of its file."""
    from retention.schedule import BUILTIN, builtin_bytes
    from retention.yamlfile import file_bytes

    if settings.katalog is not None:
        return file_bytes(settings.katalog), settings.katalog.name
    return builtin_bytes(), BUILTIN


def accounts_of(settings: Settings) -> Accounts:
    """Accounts whose --als names count as persons: those named by rule, root, and, where the catalog is a file in the
    data folder, the owner of that folder: they could write anything, so no other account would prove more.
    """
    owners = {"root"}
    if settings.database is None:
        with suppress(KeyError):  # an owner without an account is nobody who could log in
            owners.add(pwd.getpwuid(settings.daten.stat().st_uid).pw_name)
    return Accounts(frozenset(settings.shared_accounts), frozenset(owners))


def software_version() -> str:
    """The version of this program as installed."""
    return importlib.metadata.version("aktenarchiv")


def ocr_options(settings: Settings) -> OcrOptions:
    """The recognition craft's own options."""
    return OcrOptions(
        languages=settings.ocr.languages,
        tessdata=settings.ocr.tessdata,
        workers=settings.ocr.workers or len(os.sched_getaffinity(0)),
        review_confidence=settings.ocr.review_confidence,
        verapdf_jars=settings.verapdf_jars if settings.verapdf_jars.is_dir() else None,
        java=settings.ocr.java,
    )


def xdomea_profile(settings: Settings) -> Profile:
    """The recipient's profile. Raises Misconfigured for a version that is not written."""
    from metadata.profile import Kontakt, Profile

    recipient = settings.recipient
    return Profile(
        version=recipient.xdomea_version,
        produkt=SOFTWARE,
        produktversion=software_version(),
        absender=Kontakt(institution=recipient.sender, behoerdenschluessel=recipient.sender_key),
        empfaenger=Kontakt(institution=recipient.recipient),
    )


@dataclass(frozen=True, slots=True)
class Judges:
    """The PDF/A validators in use; `prepare` starts the long-lived JVM ahead of need, `close` ends it."""

    validators: tuple[PdfaValidator, ...]
    prepare: Callable[[], None]
    close: Callable[[], None]


def open_validators(options: OcrOptions, scratch: Path) -> Judges:
    """veraPDF as the reference, pikepdf.pdfa and page-validation beside it."""
    from ocr.validators import PageValidation, PikepdfValidator
    from ocr.verapdf import VeraPdf

    vera = VeraPdf(options)
    return Judges(
        (vera, PikepdfValidator(options, scratch), PageValidation(options, scratch)), vera.prepare, vera.close
    )


def s3_settings(store: StoreSettings, identity: Identity) -> S3Settings:
    """How one external store is reached with one identity."""
    if store.addressing_style not in ("path", "virtual"):
        raise Misconfigured(f"Speicher „{store.name}“: addressing_style ist „path“ oder „virtual“.")
    if store.checksum_mode not in ("when_supported", "when_required"):
        raise Misconfigured(f"Speicher „{store.name}“: checksum_mode ist „when_supported“ oder „when_required“.")
    from archive.s3settings import S3Settings

    return S3Settings(
        name=store.name,
        endpoint=store.endpoint,
        access_key=identity.access_key,
        secret_key=identity.secret_key.get_secret_value(),
        bucket=store.bucket,
        staging_bucket=store.staging_bucket,
        region=store.region,
        addressing="path" if store.addressing_style == "path" else "virtual",
        checksums="when_supported" if store.checksum_mode == "when_supported" else "when_required",
        lock_mode=LockMode(store.lock_mode),
        ca_bundle=store.ca_bundle,
        retain_cap=datetime(store.retain_until.year, store.retain_until.month, store.retain_until.day, tzinfo=UTC),
        retain_days=store.retain_days,
    )


def embedded_folder(settings: Settings, name: str) -> Path:
    """Where the embedded store of that name keeps its data."""
    return settings.daten / "speicher" / name


@dataclass(frozen=True, slots=True)
class Reached:
    """The stores that answer, with the rights of intake and (where set) of deletion, and why the others do not."""

    ingest: Mapping[str, ObjectStore]
    deletion: Mapping[str, ObjectStore]
    away: Mapping[str, ArchivError]


class Services:
    """Everything a walk needs, opened when first asked for, closed together. Safe to share between threads."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.settings = settings
        self.ocr = ocr_options(settings)
        self._stack = stack
        self._lock = threading.RLock()
        self._catalog: Catalog | None = None
        self._stores: tuple[ObjectStore, ...] | None = None
        self._to_read: tuple[tuple[ObjectStore, ...], Mapping[str, str]] | None = None
        self._servers: dict[str, EmbeddedServer] = {}
        self._pool: PagePool | None = None
        self._judges: Judges | None = None
        self._sandbox: WarmSandbox | None = None

    def now(self) -> datetime:
        """This instant in UTC."""
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        """A fresh UUID."""
        return uuid4()

    @cached_property
    def intake(self) -> IntakeOptions:
        """The rules of intake."""
        from ingest.options import IntakeOptions, load_options

        return load_options(self.settings.intake) if self.settings.intake else IntakeOptions()

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

        Raises FixityError for a released version that was changed, Rejected for one that cannot be read.
        """
        from retention.schedule import read_schedule

        found = self.catalog.rules.in_force(self.now().astimezone(BERLIN).date())
        if found is not None:
            return read_schedule(found[1].encode(), found[0].name)
        return read_schedule(*basis_bytes(self.settings))

    @property
    def catalog(self) -> Catalog:
        """The register and the trail. Raises Misconfigured where one must be, and is missing, empty, or another one."""
        with self._lock:
            if self._catalog is None:
                (self.settings.daten / "katalog").mkdir(parents=True, exist_ok=True)
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
        """All configured stores with the rights of intake; embedded servers are started side by side."""
        from archive.probe import ProbeTarget
        from archive.s3 import S3Store

        with self._lock:
            if self._stores is None:
                roles = [self.store_settings(role) for role in (Role.INGEST, Role.AUDITOR, Role.DELETION)]
                for ingest, auditor, deletion in zip(*roles, strict=True):
                    self._require_accepted(ProbeTarget(ingest, auditor, deletion))
                self._stores = tuple(S3Store(s) for s in roles[0])
                for store in self._stores:
                    if isinstance(store, S3Store):
                        self._stack.callback(store.close)
            return self._stores

    def stores_to_read(self) -> tuple[tuple[ObjectStore, ...], Mapping[str, str]]:
        """The stores that can be opened, and the reason for every other one by its name: one away hides no other.

        For looking and fetching only: without the probe that comes before anything is stored.
        """
        from archive.s3 import S3Store

        with self._lock:
            if self._stores is not None:
                return self._stores, {}
            if self._to_read is None:
                away: dict[str, str] = {}
                if not self.settings.stores:
                    away = {name: error.text for name, error in self._start_embedded().items()}
                names = [store.name for store in self.settings.stores] or list(EMBEDDED)
                stores = tuple(S3Store(self._settings_of(name, Role.INGEST)) for name in names if name not in away)
                for store in stores:
                    self._stack.callback(store.close)
                self._to_read = stores, away
            return self._to_read

    def _require_accepted(self, target: ProbeTarget) -> None:
        """Probes a store once a day before it is used. Raises Misconfigured for one that keeps no locks or versions."""
        ingest = target.ingest
        accepted = f"{ingest.endpoint} {ingest.bucket} {self.now():%Y-%m-%d}\n"
        stamp = self.settings.daten / "katalog" / f"speicher-{ingest.name}.erprobt"
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == accepted:
            return
        from archive.probe import ProbeLevel, probe

        probe(target, now=self.now(), token=self.new_id().hex[:12], level=ProbeLevel.START).require()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(accepted, encoding="utf-8")

    def store_settings(self, role: Role) -> tuple[S3Settings, ...]:
        """How every store is reached with the rights of `role`. Raises Misconfigured when a store lacks that role."""
        with self._lock:
            if self.settings.stores:
                return tuple(s3_settings(store, _identity(store, role)) for store in self.settings.stores)
            if failed := self._start_embedded():
                raise failed[min(failed)]
            return tuple(self._servers[name].settings(role) for name in EMBEDDED)

    def reach(self) -> Reached:
        """Every store that answers now, each by itself: one that is away, or is refused, does not stop the others."""
        with self._lock:
            away: dict[str, ArchivError] = {}
            if self.settings.stores:
                names = [store.name for store in self.settings.stores]
            else:
                away.update(self._start_embedded())
                names = list(EMBEDDED)
            ingest: dict[str, ObjectStore] = {}
            deletion: dict[str, ObjectStore] = {}
            for name in names:
                if name not in away:
                    try:
                        ingest[name], freeing = self._reach(name)
                    except ArchivError as error:
                        away[name] = error
                    else:
                        if freeing is not None:
                            deletion[name] = freeing
            return Reached(ingest, deletion, away)

    def _reach(self, name: str) -> tuple[ObjectStore, ObjectStore | None]:
        """One store with both rights, after it has answered. Raises our errors."""
        from archive.probe import ProbeTarget
        from archive.s3 import S3Store

        found: dict[Role, S3Settings] = {}
        for role in (Role.INGEST, Role.AUDITOR, Role.DELETION):
            try:
                found[role] = self._settings_of(name, role)
            except Misconfigured:
                if role is not Role.DELETION:
                    raise
        if Role.DELETION in found:  # without it there is nothing to probe a lock's end with: `doctor` says so
            self._require_accepted(ProbeTarget(*(found[r] for r in (Role.INGEST, Role.AUDITOR, Role.DELETION))))
        stores = []
        for role in (Role.INGEST, Role.DELETION):
            if role in found:
                store = S3Store(found[role])
                self._stack.callback(store.close)
                stores.append(store)
        stores[0].ping()
        return stores[0], stores[1] if len(stores) > 1 else None

    def _settings_of(self, name: str, role: Role) -> S3Settings:
        for store in self.settings.stores:
            if store.name == name:
                return s3_settings(store, _identity(store, role))
        return self._servers[name].settings(role)

    def _start_embedded(self) -> dict[str, ArchivError]:
        """Starts the embedded servers that do not run yet, side by side; returns why some did not start."""
        from archive.embedded import open_embedded

        opened = {
            name: open_embedded(
                embedded_folder(self.settings, name),
                name=name,
                keep_running=self.settings.store_grace_seconds > 0,
                keys=self.settings.daten / "schluessel" / name,
                linger_seconds=self.settings.store_grace_seconds,
            )
            for name in EMBEDDED
            if name not in self._servers
        }
        if not opened:
            return {}
        # Side by side: one start takes seconds, and seldom a quarter of a minute.
        with ThreadPoolExecutor(len(opened)) as threads:
            futures = {name: threads.submit(context.__enter__) for name, context in opened.items()}
        failed: dict[str, ArchivError] = {}
        bug: BaseException | None = None
        for name, future in futures.items():
            error = future.exception()
            if error is None:
                self._stack.push(partial(_leave, opened[name]))
                self._servers[name] = future.result()
            elif isinstance(error, ArchivError):
                failed[name] = error
            else:
                bug = error
        if bug is not None:
            raise bug
        return failed

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

    def prepare_judges(self) -> None:
        """Lets the JVM and the sandbox get ready while pages are read; waits for nothing."""
        from ocr.judging import READERS

        self._opened_judges().prepare()
        self.sandbox.prepare(*READERS)

    @property
    def validators(self) -> Sequence[PdfaValidator]:
        """The PDF/A judges; one JVM for the life of these services."""
        return self._opened_judges().validators

    def _opened_judges(self) -> Judges:
        with self._lock:
            if self._judges is None:
                scratch = self.settings.daten / "arbeit" / ".pruefer"
                scratch.mkdir(parents=True, exist_ok=True)
                self._judges = open_validators(self.ocr, scratch)
                self._stack.callback(self._judges.close)
            return self._judges


def _leave(context: object, *_: object) -> bool:
    context.__exit__(None, None, None)  # type: ignore[attr-defined]  # a context manager
    return False


def _identity(store: StoreSettings, role: Role) -> Identity:
    found = {Role.INGEST: store.ingest, Role.AUDITOR: store.auditor, Role.DELETION: store.deletion}.get(role)
    if found is None:
        raise Misconfigured(f"Für den Speicher „{store.name}“ ist keine Kennung für „{role}“ gesetzt.")
    return found


@contextmanager
def open_services(settings: Settings) -> Iterator[Services]:
    """The services of one process; what was opened is closed in reverse order."""
    settings.daten.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        yield Services(settings, stack)


# --- what `doctor` asks -----------------------------------------------------------------------------------------------


def try_catalog(settings: Settings) -> str:
    """Opens the catalog and says what it runs on. Raises our errors."""
    with open_services(settings) as services:
        return services.catalog.describe()


def index_lag(settings: Settings) -> int:
    """How many Akten or passages the search index lacks or has too many. Raises our errors."""
    with open_services(settings) as services:
        return services.catalog.index_lag()


def try_validators(settings: Settings) -> tuple[ValidatorReport, ...]:
    """Lets every validator judge a small file of our own making that is valid; an honest "ok" is wanted from each."""
    from tempfile import TemporaryDirectory

    from ocr.probefile import tiny_valid_pdfa

    options = ocr_options(settings)
    with TemporaryDirectory(prefix="archiv-doctor-") as folder:
        judges = open_validators(options, Path(folder))
        try:
            file = tiny_valid_pdfa(Path(folder) / "probe.pdf")
            return tuple(validator.validate(file, "2b") for validator in judges.validators)
        finally:
            judges.close()


def probe_stores(settings: Settings) -> Iterator[tuple[str, ProbeReport | ArchivError]]:
    """The acceptance probe of every store; a store that cannot be reached is told with its error."""
    from archive.probe import ProbeTarget, probe

    with open_services(settings) as services:
        try:
            roles = [services.store_settings(role) for role in (Role.INGEST, Role.AUDITOR, Role.DELETION)]
        except ArchivError as error:
            yield "(alle)", error
            return
        for ingest, auditor, deletion in zip(*roles, strict=True):
            target = ProbeTarget(ingest, auditor, deletion)
            yield ingest.name, probe(target, now=services.now(), token=services.new_id().hex[:12])
