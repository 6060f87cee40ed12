"""What the catalog answers with: frozen values for deliveries, Akten, packages, clearing cases, reviews, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

from akten.files import Digests, ValidatorReport
from akten.findings import Finding, Verdict
from akten.lifecycle import Stage
from akten.model import Akte, Ersetztes
from akten.package import StoredPackage
from catalog.actor import Actor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery as the catalog knows it. `akte` and `version` are None until the Akte is certain."""

    nr: int
    uuid: UUID
    akte: UUID | None
    version: int | None
    stage: Stage
    aktenart: str
    aktenzeichen: str
    band: int
    betreff: str
    folder: str
    slip: Mapping[str, Any]
    plan: Akte | None
    by: Actor
    received_at: datetime
    changed_at: datetime
    duplicate_of: UUID | None


@dataclass(frozen=True, slots=True)
class ArchivedScan:
    """Where a scan with these bytes already lies in the archive."""

    sha512: str
    akte: UUID
    aktenart: str
    aktenzeichen: str
    band: int
    version: int
    delivery: UUID
    scan: UUID


@dataclass(frozen=True, slots=True)
class CameAgain:
    """An Akte in which scans of a delivery lie that were delivered once more later: `scans` of `of` different ones, in
    both without what lies in very many deliveries. `version` is the newest that brought some.
    """

    akte: UUID
    aktenart: str
    aktenzeichen: str
    band: int
    version: int
    scans: int
    of: int


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One delivered file as it was registered."""

    uuid: UUID
    name: str
    mime: str
    digests: Digests


@dataclass(frozen=True, slots=True)
class AkteRow:
    """One Akte in lists. `state` is the stage of its newest delivery until the first version is archived, `former` are
    the numbers that it bore in archived versions and bears no more.
    """

    uuid: UUID
    aktenart: str
    aktenzeichen: str
    schreibweise: str
    band: int
    betreff: str
    aktenplaneinheit: str
    federfuehrung: str
    record_class: str
    laufzeit_von: date | None
    laufzeit_bis: date | None
    zda_datum: date | None
    retention_ends: date | None
    state: str
    version: int
    versions: tuple[int, ...]
    pages: int
    created_at: datetime
    changed_at: datetime
    former: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CopyRow:
    """How one copy was when somebody last looked; `checked_at` None means never since it was stored."""

    store: str
    bag_version_id: str
    verified_at: datetime
    retain_until: datetime | None
    legal_hold: bool
    checked_at: datetime | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PackageRow:
    """One archived version with its copies and the delivery that it came from."""

    package: StoredPackage
    delivery: UUID
    size: int
    stored_at: datetime
    copies: tuple[CopyRow, ...]


@dataclass(frozen=True, slots=True)
class DokumentRow:
    """One Dokument of an archived Akte with the verdict on its PDF/A; `pages` are those that the PDF/A has.

    `version` is the newest that holds it; one that was replaced since names its successor in `replaced_by`.
    """

    uuid: UUID
    vorgang: UUID
    version: int
    betreff: str
    typ: str
    datum: date | None
    pages: int
    pdfa: UUID | None
    pdfa_sha512: str | None
    flavour: str
    rendition: str
    verdict: Verdict
    mean_confidence: float | None
    reports: tuple[ValidatorReport, ...]
    replaces: tuple[Ersetztes, ...] = ()
    replaced_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What recognition and the judges said of one Dokument when its delivery came; `pages` counts left-out ones too."""

    delivery: UUID
    dokument: UUID
    pdfa: UUID
    flavour: str
    rendition: str
    verdict: Verdict
    mean_confidence: float | None
    pages: int
    blank: int
    losses: tuple[str, ...]
    reports: tuple[ValidatorReport, ...]


class ClearingState(StrEnum):
    """Whether a person still has to act."""

    OPEN = "open"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """What a person may decide at the clearing desk."""

    RESUBMIT = "resubmit"  # try again, after something was put right
    ACCEPT = "accept"  # go on in spite of the findings, with a reason
    RETURN = "return"  # give the papers back, with a reason


@dataclass(frozen=True, slots=True)
class ClearingCase:
    """One stop at the clearing desk: who owns it, why in plain German, what to do, until when. `band` is that of the
    Akte that its delivery is for; None while nobody knows which that is.
    """

    number: int
    delivery: UUID
    akte: UUID | None
    band: int | None
    aktenart: str
    aktenzeichen: str
    betreff: str
    folder: str
    code: str
    findings: tuple[Finding, ...]
    owner: str
    reason: str
    next_step: str
    due: date
    state: ClearingState
    opened_at: datetime
    resolution: Resolution | None
    resolved_reason: str
    resolved_by: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    """One page that a person should look at. `confidence` is 0..100, None when nothing could be read."""

    number: int
    delivery: UUID
    akte: UUID | None
    aktenzeichen: str
    dokument: UUID
    page: int
    confidence: float | None
    why: str
    state: str
    opened_at: datetime
    result: str
    note: str
    by: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One row of the trail, read. `note` is the free text beside the chain, when it is still there.

    `broken` is the code of the rule that the row breaks with its neighbours (TR-01, TR-02, TR-03, TR-09), "" for one
    that is as it was written; that the chain is whole only the judge of all of it can say.
    """

    seq: int
    at: datetime
    by: Actor
    verb: str
    akte: UUID | None
    delivery: UUID | None
    data: Mapping[str, Any]
    note: str
    hash: str
    broken: str = ""


@dataclass(frozen=True, slots=True)
class AkteDetails:
    """Everything that is known of one Akte; `akte` is None when no plan was ever made.

    `record_classes` are those that count now: what a person gave it, else the class of `row`, that of the slip.
    """

    row: AkteRow
    record_classes: tuple[str, ...]
    akte: Akte | None
    packages: tuple[PackageRow, ...]
    dokumente: tuple[DokumentRow, ...]
    deliveries: tuple[DeliveryRow, ...]
    clearing: tuple[ClearingCase, ...]
    reviews: tuple[Review, ...]


@dataclass(frozen=True, slots=True)
class Seite(Generic[T]):
    """One page of a list, and how many there are in all."""

    rows: tuple[T, ...]
    total: int
