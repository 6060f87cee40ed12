"""`Storehouse`: the stores as one process reaches them: embedded servers are started, all are probed before use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from akten.closed import make_closed
from akten.errors import ArchivError, FixityError, Misconfigured
from akten.exhausted import exhausted
from archive.identities import Role
from archive.store import LockMode, ObjectStore
from flows.settings import Identity, Settings, StoreSettings

if TYPE_CHECKING:
    from archive.embedded import EmbeddedServer
    from archive.probe import ProbeTarget
    from archive.s3settings import S3Settings

EMBEDDED = ("a", "b")


def s3_settings(store: StoreSettings, identity: Identity) -> S3Settings:
    """How one external store is reached with one identity."""
    if store.addressing_style not in ("path", "virtual"):
        raise Misconfigured(f"Speicher „{store.name}“: addressing_style ist „path“ oder „virtual“.")
    if store.checksum_mode not in ("when_supported", "when_required"):
        raise Misconfigured(f"Speicher „{store.name}“: checksum_mode ist „when_supported“ oder „when_required“.")
    modes = {mode.value: mode for mode in LockMode}
    if store.lock_mode not in modes:
        raise Misconfigured(f"Speicher „{store.name}“: lock_mode ist {' oder '.join(f'„{mode}“' for mode in modes)}.")
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
        lock_mode=modes[store.lock_mode],
        ca_bundle=store.ca_bundle,
        retain_cap=datetime(store.retain_until.year, store.retain_until.month, store.retain_until.day, tzinfo=UTC),
        retain_days=store.retain_days,
    )


def embedded_folder(settings: Settings, name: str) -> Path:
    """Where the embedded store of that name keeps its data."""
    return settings.daten / "speicher" / name


def store_names(settings: Settings) -> tuple[str, ...]:
    """The names of all configured stores."""
    return tuple(store.name for store in settings.stores) or EMBEDDED


def embedded_stores_were_here(settings: Settings) -> bool:
    """Whether an embedded server ever wrote below this data folder."""
    return any((embedded_folder(settings, name) / "daten").is_dir() for name in EMBEDDED)


@dataclass(frozen=True, slots=True)
class Reached:
    """The stores that answer, with the rights of intake and (where set) of deletion, and why the others do not."""

    ingest: Mapping[str, ObjectStore]
    deletion: Mapping[str, ObjectStore]
    away: Mapping[str, ArchivError]


class Storehouse:
    """Opens each store when it is first asked for, for as long as `stack` is open. Safe to share between threads."""

    def __init__(
        self, settings: Settings, stack: ExitStack, now: Callable[[], datetime], new_id: Callable[[], UUID]
    ) -> None:
        self._settings = settings
        self._stack = stack
        self._now = now
        self._new_id = new_id
        self._lock = threading.RLock()
        self._stores: tuple[ObjectStore, ...] | None = None
        self._to_read: tuple[tuple[ObjectStore, ...], Mapping[str, str]] | None = None
        self._servers: dict[str, EmbeddedServer] = {}
        self._unrepaired: dict[str, ArchivError] = {}
        self._beginning = threading.Lock()  # apart from the other, which is held while servers start
        self._ahead: threading.Thread | None = None
        self._anew = False

    def to_store(self) -> tuple[ObjectStore, ...]:
        """All configured stores with the rights of intake; embedded servers are started side by side."""
        from archive.s3 import open_stores

        with self._lock:
            if self._stores is None:
                settings = self.settings_for(Role.INGEST)
                probed = [self._require_accepted(self._target(each.name)) for each in settings]
                stores = open_stores(settings)
                for store in stores:
                    self._stack.callback(store.close)
                if any(probed) and self._settings.stores:  # embedded ones have folders of their own
                    self._require_apart(stores)
                self._stores = stores
            return self._stores

    def open_ahead(self) -> None:
        """Opens the stores while other work goes on; waits for nothing. Who asks for them hears what failed."""
        with self._beginning:
            if self._stores is None and self._ahead is None:
                ahead = threading.Thread(target=self._open_ahead, name="stores", daemon=True)
                ahead.start()  # a machine may refuse it: then there is nothing to wait for at the end
                self._ahead = ahead
                self._stack.callback(ahead.join)  # what it still opens is closed after it, by the same stack

    def _open_ahead(self) -> None:
        try:
            with suppress(ArchivError, OSError):  # a full disk is no error of ours, and is said by whoever asks, too
                self.to_store()
        except (MemoryError, RuntimeError) as fault:
            if exhausted(fault) is None:  # what the machine refuses is said by whoever asks, and no trace beside it
                raise

    def to_read(self) -> tuple[tuple[ObjectStore, ...], Mapping[str, str]]:
        """The stores that can be opened, and the reason for every other one by its name: one away hides no other.

        For looking and fetching only: without the probe that comes before anything is stored.
        """
        from archive.s3 import open_stores

        with self._lock:
            if self._stores is not None:
                return self._stores, {}
            if self._to_read is None:
                away: dict[str, str] = {}
                if not self._settings.stores:
                    away = {name: error.text for name, error in self._start_embedded().items()}
                names = store_names(self._settings)
                stores = open_stores(self._settings_of(name, Role.INGEST) for name in names if name not in away)
                for store in stores:
                    self._stack.callback(store.close)
                self._to_read = stores, away
            return self._to_read

    def probe_anew(self) -> None:
        """From now on no earlier probe of this day counts: a service that starts looks for itself."""
        self._anew = True

    def _require_accepted(self, target: ProbeTarget) -> bool:
        """Probes a store once a day before it is used; True when it did. Raises Misconfigured for one that keeps no
        locks or versions.
        """
        ingest = target.ingest
        accepted = f"{ingest.endpoint} {ingest.bucket} {self._now():%Y-%m-%d}\n".encode()
        stamp = self._stamp(ingest.name)
        if not self._anew and stamp.is_file() and stamp.read_bytes() == accepted:
            return False
        from archive.probe import ProbeLevel, probe

        probe(target, now=self._now(), token=self._new_id().hex[:12], level=ProbeLevel.START).require()
        make_closed(stamp.parent)
        stamp.write_bytes(accepted)
        return True

    def _require_apart(self, stores: Sequence[ObjectStore]) -> None:
        from archive.apart import require_apart

        try:
            require_apart(stores, self._new_id().hex[:12])
        except ArchivError:
            for store in stores:  # else a second call of this day would not look
                self._stamp(store.name).unlink(missing_ok=True)
            raise

    def _stamp(self, name: str) -> Path:
        """What stands once a store was found good, and names the day."""
        return self._settings.daten / "katalog" / f"speicher-{name}.erprobt"

    def _vanished(self, name: str) -> Misconfigured | None:
        """Why no server is started in the folder of a store that was used before: nothing lies in it any more."""
        from archive.serverfolder import MARK, NAME

        folder = embedded_folder(self._settings, name)
        data = folder / "daten"
        if not self._stamp(name).is_file() or (
            data.is_dir() and any(each.name not in (MARK, NAME) for each in data.iterdir())
        ):
            return None
        return Misconfigured(
            f"Der Ordner des Speichers „{name}“ ist leer oder nicht eingehängt: {folder}. Darin lag schon einmal ein "
            "Speicher; ein neuer, leerer wurde nicht begonnen. Bitte einhängen oder aus der Sicherung zurückholen: "
            "docs/operations.md, Abschnitt „Recovery“."
        )

    def settings_for(self, role: Role) -> tuple[S3Settings, ...]:
        """How every store is reached with the rights of `role`. Raises Misconfigured when a store lacks that role."""
        with self._lock:
            if self._settings.stores:
                return tuple(s3_settings(store, _identity(store, role)) for store in self._settings.stores)
            if failed := self._unfit():
                raise failed[min(failed)]
            return tuple(self._servers[name].settings(role) for name in EMBEDDED)

    def reach(self) -> Reached:
        """Every store that answers now, each by itself: one that is away, or is refused, does not stop the others."""
        with self._lock:
            away: dict[str, ArchivError] = {}
            if self._settings.stores:
                names = [store.name for store in self._settings.stores]
            else:
                away.update(self._unfit())
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

    def targets(self) -> Mapping[str, ProbeTarget | ArchivError]:
        """Every store as it is probed, each by itself, or why it cannot be."""
        with self._lock:
            failed = {} if self._settings.stores else self._unfit()
            found: dict[str, ProbeTarget | ArchivError] = {}
            for name in store_names(self._settings):
                try:
                    found[name] = failed.get(name) or self._target(name)
                except ArchivError as error:
                    found[name] = error
            return found

    def _target(self, name: str) -> ProbeTarget:
        """One store with all rights that this machine has; what wants another identity is then not tried."""
        from archive.probe import ProbeTarget

        ingest, auditor = (self._settings_of(name, role) for role in (Role.INGEST, Role.AUDITOR))
        try:
            return ProbeTarget(ingest, auditor, self._settings_of(name, Role.DELETION))
        except Misconfigured:
            return ProbeTarget(ingest, auditor, None)

    def _reach(self, name: str) -> tuple[ObjectStore, ObjectStore | None]:
        """One store with both rights, after it has answered. Raises our errors."""
        from archive.s3 import open_stores

        target = self._target(name)
        self._require_accepted(target)
        stores = open_stores(each for each in (target.ingest, target.deletion) if each is not None)
        for store in stores:
            self._stack.callback(store.close)
        stores[0].ping()
        return stores[0], stores[1] if len(stores) > 1 else None

    def _settings_of(self, name: str, role: Role) -> S3Settings:
        for store in self._settings.stores:
            if store.name == name:
                return s3_settings(store, _identity(store, role))
        return self._servers[name].settings(role)

    def _unfit(self) -> dict[str, ArchivError]:
        """Why some embedded servers take nothing: not started, or with a volume whose objects nobody finds.

        Such a one is still read: what lies in its other volumes can be fetched, and what does not is told as damaged.
        """
        return self._start_embedded() | self._unrepaired

    def _start_embedded(self) -> dict[str, ArchivError]:
        """Starts the embedded servers that do not run yet, side by side; returns why some did not start."""
        from archive.embedded import open_embedded

        failed: dict[str, ArchivError] = {name: why for name in EMBEDDED if (why := self._vanished(name))}
        opened = {
            name: open_embedded(
                embedded_folder(self._settings, name),
                name=name,
                keep_running=self._settings.store_grace_seconds > 0,
                keys=self._settings.daten / "schluessel" / name,
                linger_seconds=self._settings.store_grace_seconds,
            )
            for name in EMBEDDED
            if name not in self._servers and name not in failed
        }
        if not opened:
            return failed
        # Side by side: one start takes seconds, and seldom a quarter of a minute.
        with ThreadPoolExecutor(len(opened)) as threads:
            futures = {name: threads.submit(context.__enter__) for name, context in opened.items()}
        bug: BaseException | None = None
        for name, future in futures.items():
            error = future.exception()
            if error is None:
                self._stack.push(partial(_leave, opened[name]))
                server = self._servers[name] = future.result()
                if server.failed:
                    self._unrepaired[name] = _unrepaired(server)
            elif isinstance(error, ArchivError):
                failed[name] = error
            else:
                bug = error
        if bug is not None:
            raise bug
        return failed


def _leave(context: object, *_: object) -> bool:
    context.__exit__(None, None, None)  # type: ignore[attr-defined]  # a context manager
    return False


def _identity(store: StoreSettings, role: Role) -> Identity:
    found = {Role.INGEST: store.ingest, Role.AUDITOR: store.auditor, Role.DELETION: store.deletion}.get(role)
    if found is None:
        raise Misconfigured(f"Für den Speicher „{store.name}“ ist keine Kennung für „{role}“ gesetzt.")
    return found


def _unrepaired(server: EmbeddedServer) -> FixityError:
    return FixityError(
        f"Speicher „{server.name}“: Nach einem unsauberen Ende ließ sich das Verzeichnis der Objekte nicht "
        f"wiederherstellen ({', '.join(server.failed)}); was darin liegt, wird nicht gefunden, und es wird nichts "
        "abgelegt. Der nächste Start versucht es wieder; bleibt es dabei: docs/operations.md, Abschnitt „Recovery“."
    )
