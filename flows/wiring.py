"""`Services`: the only place that names concrete adapters; each part is opened when it is first needed."""

from __future__ import annotations

import importlib.metadata
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from akten.errors import ArchivError, Misconfigured
from akten.files import ValidatorReport
from archive.embedded import EmbeddedServer, open_embedded
from archive.identities import Role
from archive.probe import ProbeLevel, ProbeReport, ProbeTarget, probe
from archive.s3 import S3Store
from archive.s3settings import S3Settings
from archive.store import LockMode, ObjectStore
from catalog.catalog import Catalog, open_catalog
from flows.settings import Identity, Settings, StoreSettings
from ingest.options import IntakeOptions, load_options
from metadata.profile import Kontakt, Profile
from metadata.schemas import Schemas
from ocr.options import OcrOptions
from ocr.pages import PagePool
from ocr.pdfa import PdfaValidator
from ocr.validators import PageValidation, PikepdfValidator
from ocr.verapdf import VeraPdf
from retention.catalogue import Fristenkatalog
from retention.schedule import BUILTIN, builtin_bytes, read_schedule
from retention.yamlfile import file_bytes

EMBEDDED = ("a", "b")
SOFTWARE = "Aktenarchiv"
BERLIN = ZoneInfo("Europe/Berlin")


def basis_bytes(settings: Settings) -> tuple[bytes, str]:
    """The catalogue that is in force while none was released, as bytes with the name of its file."""
    if settings.katalog is not None:
        return file_bytes(settings.katalog), settings.katalog.name
    return builtin_bytes(), BUILTIN


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
    """The PDF/A validators in use; `close` ends the long-lived JVM."""

    validators: tuple[PdfaValidator, ...]
    close: Callable[[], None]


def open_validators(options: OcrOptions, scratch: Path) -> Judges:
    """veraPDF as the reference, pikepdf.pdfa and page-validation beside it."""
    vera = VeraPdf(options)
    return Judges((vera, PikepdfValidator(options, scratch), PageValidation(options, scratch)), vera.close)


def s3_settings(store: StoreSettings, identity: Identity) -> S3Settings:
    """How one external store is reached with one identity."""
    if store.addressing_style not in ("path", "virtual"):
        raise Misconfigured(f"Speicher „{store.name}“: addressing_style ist „path“ oder „virtual“.")
    if store.checksum_mode not in ("when_supported", "when_required"):
        raise Misconfigured(f"Speicher „{store.name}“: checksum_mode ist „when_supported“ oder „when_required“.")
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
    )


def embedded_folder(settings: Settings, name: str) -> Path:
    """Where the embedded store of that name keeps its data."""
    return settings.daten / "speicher" / name


class Services:
    """Everything a walk needs, opened when first asked for, closed together. Safe to share between threads."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.settings = settings
        self.ocr = ocr_options(settings)
        self.intake = load_options(settings.intake) if settings.intake else IntakeOptions()
        self.schemas = Schemas(settings.xdomea_schemas)
        self._stack = stack
        self._lock = threading.RLock()
        self._catalog: Catalog | None = None
        self._stores: tuple[ObjectStore, ...] | None = None
        self._servers: tuple[EmbeddedServer, ...] = ()
        self._pool: PagePool | None = None
        self._judges: Judges | None = None

    def now(self) -> datetime:
        """This instant in UTC."""
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        """A fresh UUID."""
        return uuid4()

    @cached_property
    def profile(self) -> Profile:
        """Who sends and receives messages, and in which version."""
        return xdomea_profile(self.settings)

    @cached_property
    def katalog(self) -> Fristenkatalog:
        """The Fristenkatalog in force when these services were opened: the version released last, else the basis.

        Raises FixityError for a released version that was changed, Rejected for one that cannot be read.
        """
        found = self.catalog.rules.in_force(self.now().astimezone(BERLIN).date())
        if found is not None:
            return read_schedule(found[1].encode(), found[0].name)
        return read_schedule(*basis_bytes(self.settings))

    @property
    def catalog(self) -> Catalog:
        """The register and the trail."""
        with self._lock:
            if self._catalog is None:
                (self.settings.daten / "katalog").mkdir(parents=True, exist_ok=True)
                self._catalog = open_catalog(self.settings.database_url, shared_accounts=self.settings.shared_accounts)
                self._stack.callback(self._catalog.close)
            return self._catalog

    @property
    def stores(self) -> tuple[ObjectStore, ...]:
        """All configured stores with the rights of intake; embedded servers are started side by side."""
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

    def _require_accepted(self, target: ProbeTarget) -> None:
        """Probes a store once a day before it is used. Raises Misconfigured for one that keeps no locks or versions."""
        ingest = target.ingest
        accepted = f"{ingest.endpoint} {ingest.bucket} {self.now():%Y-%m-%d}\n"
        stamp = self.settings.daten / "katalog" / f"speicher-{ingest.name}.erprobt"
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == accepted:
            return
        probe(target, now=self.now(), token=self.new_id().hex[:12], level=ProbeLevel.START).require()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(accepted, encoding="utf-8")

    def store_settings(self, role: Role) -> tuple[S3Settings, ...]:
        """How every store is reached with the rights of `role`. Raises Misconfigured when a store lacks that role."""
        with self._lock:
            if self.settings.stores:
                return tuple(s3_settings(store, _identity(store, role)) for store in self.settings.stores)
            if not self._servers:
                self._servers = self._start_embedded()
            return tuple(server.settings(role) for server in self._servers)

    def _start_embedded(self) -> tuple[EmbeddedServer, ...]:
        opened = [
            open_embedded(
                embedded_folder(self.settings, name),
                name=name,
                keep_running=self.settings.store_grace_seconds > 0,
                keys=self.settings.daten / "schluessel" / name,
                linger_seconds=self.settings.store_grace_seconds,
            )
            for name in EMBEDDED
        ]
        # Side by side: one start takes seconds, and seldom a quarter of a minute.
        with ThreadPoolExecutor(len(opened)) as threads:
            futures = [threads.submit(context.__enter__) for context in opened]
        servers = []
        failure: BaseException | None = None
        for context, future in zip(opened, futures, strict=True):
            if error := future.exception():
                failure = error
            else:
                self._stack.push(partial(_leave, context))
                servers.append(future.result())
        if failure is not None:
            raise failure
        return tuple(servers)

    @property
    def pool(self) -> PagePool:
        """The page workers, shared by all Akten in work."""
        with self._lock:
            if self._pool is None:
                self._pool = self._stack.enter_context(PagePool(self.ocr.workers, self.ocr))
            return self._pool

    @property
    def validators(self) -> Sequence[PdfaValidator]:
        """The PDF/A judges; one JVM for the life of these services."""
        with self._lock:
            if self._judges is None:
                scratch = self.settings.daten / "arbeit" / ".pruefer"
                scratch.mkdir(parents=True, exist_ok=True)
                self._judges = open_validators(self.ocr, scratch)
                self._stack.callback(self._judges.close)
            return self._judges.validators


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
    with open_services(settings) as services:
        try:
            roles = [services.store_settings(role) for role in (Role.INGEST, Role.AUDITOR, Role.DELETION)]
        except ArchivError as error:
            yield "(alle)", error
            return
        for ingest, auditor, deletion in zip(*roles, strict=True):
            target = ProbeTarget(ingest, auditor, deletion)
            yield ingest.name, probe(target, now=services.now(), token=services.new_id().hex[:12])
