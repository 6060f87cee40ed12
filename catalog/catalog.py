"""`Catalog`: the one door to the memory. Every verb is one short transaction; a change and its events are one.

Thread-safe; several processes may use the same database. Raises only our errors: Unavailable when the database is away
or busy for too long, FixityError when it is damaged, Forbidden when the life cycle does not allow the act.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

from akten.aktenzeichen import MUSTER, Aktenzeichen, Muster
from akten.files import PdfA, Scan
from akten.findings import Finding
from akten.lifecycle import Stage
from akten.model import Akte, clean_text
from akten.package import StoredPackage
from catalog import (
    clearing,
    holdings,
    recognised,
    refstore,
    register,
    reindex,
    reviews,
    scanbook,
    search,
    stored,
    versions,
)
from catalog.actor import Actor
from catalog.arrival import Arrival, open_anew, receive
from catalog.change import Token
from catalog.clearing import CaseFilter, CaseSort
from catalog.corrections import CorrectionBook, who_gets
from catalog.deskverbs import DeskVerbs
from catalog.engine import Database, parse_url
from catalog.holdings import AkteFilter, Sort
from catalog.identity import STRICT, Accounts
from catalog.lockbook import LockBook
from catalog.reentry import ReentryBook
from catalog.references import references_of
from catalog.restorebook import RestoreBook
from catalog.rulebook import require_in_force
from catalog.schema import ensure_schema
from catalog.search import Answer, Search
from catalog.values import (
    AkteDetails,
    AkteRow,
    ArchivedScan,
    ClearingCase,
    ClearingState,
    DeliveryRow,
    Resolution,
    ResultRow,
    Review,
    ScanRow,
    Seite,
)


def open_catalog(
    url: str,
    *,
    create: bool = True,
    expected: bool = False,
    busy_seconds: float = 30.0,
    token: Token = secrets.token_bytes,
    accounts: Accounts = STRICT,
) -> Catalog:
    """Opens the catalog and brings it to the schema of this program; without `create` it must be there already.

    `expected` says that there was one: then none is made in place of one that is missing or empty (Misconfigured).
    `token` gives random bytes (salts, new UUIDs); `accounts` are those whose word about who acts counts. Raises
    Misconfigured for a database that is not ours or newer.
    """
    database = Database(parse_url(url), busy_seconds=busy_seconds)
    try:
        ensure_schema(database, create=create, expected=expected)
    except BaseException:
        database.close()
        raise
    return Catalog(database, token, accounts)


class Catalog(DeskVerbs):
    """Register, periods, clearing desk, search and trail. Changing verbs take who (`by`) and when (`now`)."""

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def describe(self) -> str:
        """What the catalog runs on: "SQLite 3.40.1", "PostgreSQL 15.18"."""
        return self._database.describe()

    def sound(self, *, seconds: float = 60.0) -> bool:
        """True when the database file is whole; False when it was not read in time. Raises FixityError."""
        return self._database.sound(seconds=seconds)

    def close(self) -> None:
        """Gives all connections back."""
        self._database.close()

    # --- deliveries --------------------------------------------------------------------------------------------------

    def receive(
        self,
        delivery: UUID,
        *,
        akte: UUID | None = None,
        aktenart: str = "",
        aktenzeichen: Aktenzeichen | None = None,
        band: int = 1,
        betreff: str = "",
        slip: Mapping[str, Any],
        scans: Sequence[Scan],
        folder: str,
        by: Actor,
        now: datetime,
    ) -> DeliveryRow:
        """Registers a delivery and says which Akte and version it will be; the same again changes nothing. Without
        `aktenzeichen` (slip unreadable, number ambiguous) there is no Akte yet; `akte` is the UUID for a new one.
        """
        kind = clean_text(str(aktenart))
        with self._change(by, now) as change:
            number = "" if aktenzeichen is None else aktenzeichen.kanonisch
            promised = bool(who_gets(change.connection, kind, number, band))
            arrival = Arrival(delivery, akte, kind, aktenzeichen, band, betreff, slip, scans, folder, promised)
            return receive(change, arrival)

    def open_anew(self, delivery: UUID, *, by: Actor, now: datetime) -> DeliveryRow:
        """Opens an Akte of its own for a delivery under a number that is, or may be, another one's: it was said."""
        with self._change(by, now) as change:
            return open_anew(change, delivery)

    def delivery(self, uuid: UUID) -> DeliveryRow | None:
        """One delivery, or None when it was never received."""
        with self._database.read() as connection:
            return register.one(connection, uuid)

    def deliveries(self, *, open_only: bool = True) -> tuple[DeliveryRow, ...]:
        """Deliveries in the order they came; by default those that have not ended."""
        with self._database.read() as connection:
            return register.listed(connection, open_only=open_only)

    def scans(self, delivery: UUID) -> tuple[ScanRow, ...]:
        """The files of a delivery as they were registered."""
        with self._database.read() as connection:
            return scanbook.scans_of(connection, delivery)

    def known_scans(self, sha512s: Iterable[str], own: UUID | None = None) -> dict[str, ArchivedScan]:
        """Which of these scans lie in archived packages already, by SHA-512: in the Akte `own` if there, else where."""
        with self._database.read() as connection:
            return scanbook.known_scans(connection, sha512s, own)

    def move(self, delivery: UUID, stage: Stage, *, by: Actor, now: datetime) -> DeliveryRow:
        """Takes a delivery to a stage; the same stage twice is no change. Raises Forbidden for an illegal move."""
        with self._change(by, now) as change:
            return register.move(change, delivery, stage)

    def settle_version(self, delivery: UUID, *, by: Actor, now: datetime) -> int:
        """Fixes the version of a recognised delivery. Raises Unavailable while another one of its Akte is packed."""
        with self._change(by, now) as change:
            return versions.settle(change, delivery)

    def plan(self, delivery: UUID, akte: Akte, *, under: str = "", by: Actor, now: datetime) -> None:
        """Keeps the Akte as this delivery means it. Raises Unavailable when other rules than `under` (SHA-256) hold."""
        with self._change(by, now) as change:
            if under:
                require_in_force(change, under)
            register.plan(change, delivery, akte)
            refstore.note_references(change, akte.uuid, references_of(akte.felder), delivery)

    def record_recognised(
        self, delivery: UUID, results: Mapping[UUID, PdfA], *, review_below: float = 70.0, by: Actor, now: datetime
    ) -> None:
        """Keeps the PDF/A of every Dokument (by the Dokument's UUID) with all verdicts, and fills the review list."""
        with self._change(by, now) as change:
            recognised.record_recognised(change, delivery, results, review_below)

    def results(self, deliveries: Iterable[UUID]) -> tuple[ResultRow, ...]:
        """What was kept of every Dokument that these deliveries brought, in no order."""
        with self._database.read() as connection:
            return recognised.results_of(connection, deliveries)

    def page_texts(self, dokument: UUID) -> dict[int, str]:
        """The text of every page of the PDF/A of a Dokument that counts, by its number."""
        with self._database.read() as connection:
            return holdings.page_texts(connection, dokument)

    def record_stored(
        self,
        delivery: UUID,
        akte: Akte,
        package: StoredPackage,
        texts: Mapping[UUID, Sequence[str]],
        *,
        by: Actor,
        now: datetime,
    ) -> None:
        """Says "archived": package, copies, register, index (`texts`: pages of each Dokument), stage, event at once;
        again it changes nothing. Raises FixityError for another package under the same delivery.
        """
        prepared = stored.prepare(akte, texts)
        with self._change(by, now) as change:
            stored.record_stored(change, delivery, akte, package, prepared)
            refstore.note_references(change, akte.uuid, references_of(akte.felder), delivery)

    def mark_duplicate(self, delivery: UUID, akte: UUID, *, by: Actor, now: datetime) -> None:
        """Ends a delivery whose scans are all archived already, linked to the Akte that holds them."""
        with self._change(by, now) as change:
            register.mark_duplicate(change, delivery, akte)

    # --- clearing desk and reviews -----------------------------------------------------------------------------------

    def to_clearing(
        self,
        delivery: UUID,
        findings: Sequence[Finding],
        *,
        owner: str,
        next_step: str,
        by: Actor,
        now: datetime,
    ) -> ClearingCase:
        """Stops a delivery for a person to decide; one open case per delivery. Due in 14 days."""
        with self._change(by, now) as change:
            return clearing.open_case(change, delivery, tuple(findings), owner, next_step)

    def clearing_list(self, *, state: ClearingState | None = ClearingState.OPEN) -> tuple[ClearingCase, ...]:
        """Cases of the clearing desk, oldest first."""
        with self._database.read() as connection:
            return clearing.cases(connection, state=state)

    def clearing_page(
        self, wanted: CaseFilter, *, sort: CaseSort = CaseSort.NUMMER, limit: int = 1000, offset: int = 0
    ) -> Seite[ClearingCase]:
        """One page of the clearing list."""
        with self._database.read() as connection:
            return clearing.page(connection, wanted, sort=sort, limit=limit, offset=offset)

    def clearing_owners(self, wanted: CaseFilter) -> tuple[str, ...]:
        """Who has cases of these, by name."""
        with self._database.read() as connection:
            return clearing.owners(connection, wanted)

    def clearing(self, which: int | UUID) -> ClearingCase:
        """One case by number, or the newest of a delivery. Raises Unknown when there is none."""
        with self._database.read() as connection:
            return clearing.case(connection, which)

    def resolve(
        self, number: int, resolution: Resolution | str, reason: str, *, by: Actor, now: datetime
    ) -> ClearingCase:
        """Closes a case: resubmit, accept (with reason) or return (with reason)."""
        with self._change(by, now) as change:
            return clearing.resolve(change, number, Resolution(resolution), reason)

    def accepted(self, delivery: UUID) -> frozenset[str]:
        """Codes of the findings that a person accepted with a reason for this delivery as it is registered now."""
        with self._database.read() as connection:
            return clearing.accepted(connection, delivery)

    def lapsed(self, delivery: UUID) -> dict[str, int]:
        """Case by code of what a person accepted for other files or another slip of this delivery."""
        with self._database.read() as connection:
            return clearing.lapsed(connection, delivery)

    def reviews(
        self, *, state: str | None = "open", akte: UUID | None = None, limit: int = 1000, offset: int = 0
    ) -> Seite[Review]:
        """Pages that a person should look at (`open`) or has looked at (`done`)."""
        with self._database.read() as connection:
            return reviews.listed(connection, state=state, akte=akte, limit=limit, offset=offset)

    def resolve_review(self, number: int, result: str, note: str = "", *, by: Actor, now: datetime) -> Review:
        """Settles a page as `lesbar`, `unleserlich` or `nachscannen`."""
        with self._change(by, now) as change:
            return reviews.resolve(change, number, result, note)

    # --- packages ----------------------------------------------------------------------------------------------------

    @property
    def locks(self) -> LockBook:
        """The verbs about computed ends, locks as read back, and their shortening."""
        return LockBook(self._database, self._change)

    @property
    def restoring(self) -> RestoreBook:
        """The verbs about damaged copies that are put there anew."""
        return RestoreBook(self._database, self._change)

    @property
    def corrections(self) -> CorrectionBook:
        """The verbs about corrections of what archived Akten are described as."""
        return CorrectionBook(self._database, self._change)

    @property
    def lost(self) -> ReentryBook:
        """The verb about packages that lie in the stores and not here."""
        return ReentryBook(self._change)

    # --- holdings and search -----------------------------------------------------------------------------------------

    def akte(self, uuid: UUID) -> AkteRow | None:
        """One Akte, or None."""
        with self._database.read() as connection:
            return holdings.by_uuid(connection, uuid)

    def some_akten(self, uuids: Sequence[UUID]) -> dict[UUID, AkteRow]:
        """Akten by UUID in this order, asked for by the five hundred; unknown ones are left out."""
        with self._database.read() as connection:
            return holdings.by_uuids(connection, uuids)

    def names(self, akten: Iterable[UUID]) -> dict[UUID, str]:
        """What Akten are called („Bauakte 63-01234-2019“), by UUID; unknown ones are left out."""
        with self._database.read() as connection:
            return holdings.names_of(connection, akten)

    def akte_by_aktenzeichen(
        self, text: str, muster: Iterable[Muster] = MUSTER, aktenart: str | None = None
    ) -> tuple[AkteRow, ...]:
        """All volumes of every Akte that a spelling can mean."""
        with self._database.read() as connection:
            return holdings.by_aktenzeichen(connection, text, muster, aktenart)

    def akten_formerly(self, text: str, muster: Iterable[Muster] = MUSTER) -> tuple[AkteRow, ...]:
        """All Akten that bore a number which a spelling can mean before it was corrected."""
        with self._database.read() as connection:
            return holdings.formerly(connection, text, muster)

    def who_bore(self, aktenart: str, aktenzeichen: str, band: int) -> tuple[AkteRow, ...]:
        """The Akten that a delivery under this number may mean: they bore it once, and none does today."""
        with self._database.read() as connection:
            return holdings.who_bore(connection, aktenart, aktenzeichen, band)

    def who_gets(self, aktenart: str, aktenzeichen: str, band: int) -> tuple[AkteRow, ...]:
        """The Akten that shall bear this number, as was proposed and is not carried out yet."""
        with self._database.read() as connection:
            return tuple(holdings.by_uuids(connection, who_gets(connection, aktenart, aktenzeichen, band)).values())

    def akten(
        self, wanted: AkteFilter | None = None, *, sort: Sort = Sort.NEUESTE, limit: int = 100, offset: int = 0
    ) -> Seite[AkteRow]:
        """One page of the list of Akten, and how many there are."""
        with self._database.read() as connection:
            return holdings.listed(connection, wanted or AkteFilter(), Sort(sort), limit, offset)

    def akte_details(self, uuid: UUID) -> AkteDetails | None:
        """Everything known of one Akte, or None."""
        with self._database.read() as connection:
            return holdings.details(connection, uuid)

    def akte_snapshot(self, uuid: UUID, version: int | None = None) -> Akte | None:
        """The Akte as archived in a version; the newest without version, or the plan before the first."""
        with self._database.read() as connection:
            return holdings.snapshot(connection, uuid, version)

    def find(self, query: str, **wanted: Any) -> Answer:
        """Finds Akten by Aktenzeichen, its beginning, a day, words; options are the fields of `search.Search`."""
        with self._database.read() as connection:
            return search.find(connection, Search(query, **wanted))

    def index_lag(self) -> int:
        """How far the search index is behind the catalog; 0 is good."""
        with self._database.read() as connection:
            return reindex.lag(connection)

    def rebuild_index(
        self,
        *,
        everything: bool = False,
        told: Callable[[int, int], None] = lambda _done, _of: None,
        by: Actor,
        now: datetime,
    ) -> int:
        """Indexes what lags behind (or everything), Akte by Akte in short transactions. Returns how many Akten."""
        return reindex.rebuild(self._database, lambda: self._change(by, now), everything=everything, told=told)
