"""`archiv abgleich --aufnehmen`: packages that lie in every store and that a catalog put back knows nothing of.

Each is read back whole from every store, judged, read, and entered in one transaction of its own; killed anywhere, the
next call goes on with those that are not entered yet. What a package does not tell is said, and never invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from akten.errors import ArchivError, Forbidden, Rejected, Unavailable
from akten.findings import Finding, Severity, Verdict
from akten.model import Akte
from akten.package import CopyReport, PackageId
from archive.fixity import check_package
from archive.reconcile import LACKS_COPIES, lost_rows
from archive.recovery import Committed, committed_everywhere, with_locks
from archive.store import ObjectStore
from catalog.actor import Actor
from catalog.arrival import Arrival
from catalog.reentry import Reentered
from flows.agreement import ENTERED, is_behind
from flows.keeping import judge
from flows.locks import follow_at_intake
from flows.reread import Reread, reread
from flows.verify import HALF_DONE, compare_stores, look_at_stores, verdict_of
from flows.wiring import Services

RULES: dict[str, tuple[str, str]] = {
    "WE-01": ("Wieder aufgenommen wird nur, was in jedem Speicher byte-gleich festgeschrieben ist.", "packaging.md §3"),
    "WE-02": ("Von einem aufgenommenen Paket wurde jede Kopie ganz zurückgelesen und stimmt.", "packaging.md §2"),
    "WE-03": (
        "Die Versionen einer Akte schließen aneinander an, und ihr Aktenzeichen ist keiner anderen.",
        "packaging.md §3",
    ),
    "WE-04": ("Das Paket ist so aufgebaut, wie dieses Archiv sie schreibt, und sagt, was es ist.", "packaging.md §5"),
    "WE-05": ("Eine Löschsperre im Speicher beruht auf einer Sperre, die das Verzeichnis kennt.", "s3.md §7.4"),
}
# What no package tells, and what is therefore gone with the catalog; the archivist must hear of each.
LACKS = (
    "wer die Akte eingesehen, geprüft oder bearbeitet hat und wer sie angenommen hat",
    "Fälle im Klärungskorb mit ihren Begründungen, und welche Seiten gesichtet wurden",
    "was gemeldet wurde (Ereignisse, Merkmale, Fristklassen, Antworten des Archivs); da ist nur, was der Laufzettel "
    "nennt",
    "gesetzte, geänderte und aufgehobene Sperren",
    "nach Löschung von Personenangaben: was der Laufzettel nennt, ist wieder vermerkt",
)
# A catalog put back lacks as much about Akten that have no new package; only locks of the stores tell of any of it.
LACKS_ELSEWHERE = (
    "Auch bei allen anderen Akten fehlt, was seit der Sicherung des Katalogs gemeldet, gesperrt, entschieden oder "
    "gesichtet wurde. Welche gesperrt waren, zeigt: archiv fixity pruefe --alle (FX-10)."
)
_LACKS_TEXT = "Aus dem Paket wieder aufgenommen. Nicht wiederherstellbar: " + "; ".join(LACKS) + "."


@dataclass(frozen=True, slots=True)
class Entered:
    """One package that is entered again."""

    id: PackageId
    akte: Akte
    pages: int

    @property
    def name(self) -> str:
        """What people call the Akte."""
        return _name(self.akte)


@dataclass(slots=True)
class ReentrySummary:
    """What was entered again, why others were not, and how catalog and stores compare afterwards."""

    entered: list[Entered] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left: int = 0  # packages that are still not entered


def _silent(done: int, total: int) -> None:
    del done, total


def reenter_lost(services: Services, by: Actor, told: Callable[[int, int], None] = _silent) -> ReentrySummary:
    """Enters every package that can be; one that cannot never stops the others. Run twice it enters nothing twice."""
    summary = ReentrySummary()
    with look_at_stores(services) as seen:
        lost = lost_rows(seen.slices(), services.now(), HALF_DONE, seen.under_way)
    if lost and not seen.unread:
        stores = {store.name: store for store in services.stores}
        for number, id_ in enumerate(lost):
            told(number, len(lost))
            entered = _enter(services, id_, stores, by, summary.findings)
            if entered is not None:
                summary.entered.append(entered)
    elif lost:
        text = "Nichts wurde aufgenommen, denn dafür muss jede Kopie gelesen werden; der nächste Lauf holt es nach."
        summary.findings.append(Finding("WE-02", Severity.WARNING, "Speicher", text))
    after = compare_stores(services)  # looked at anew: another call may have entered some meanwhile
    summary.left = len({finding.where.partition(":")[2] for finding in after if finding.code == "RC-03"})
    summary.findings.extend(after)
    _note_all_entered(services, by, summary)
    return summary


def _note_all_entered(services: Services, by: Actor, summary: ReentrySummary) -> None:
    """Notes once that nothing is left to enter: what the stores still say of rows that are lost is then no news."""
    stores, away = services.stores_to_read()
    unseen = (finding for finding in summary.findings if finding.code != LACKS_COPIES)  # that is of no lost row
    if summary.left or away or verdict_of(unseen) is Verdict.NOT_CHECKED:
        return
    with suppress(ArchivError):  # a store that went away meanwhile: the next call looks again
        if is_behind(services, stores):
            services.catalog.record_event(ENTERED, by=by, now=services.now(), entered=len(summary.entered))


def _enter(
    services: Services, id_: PackageId, stores: Mapping[str, ObjectStore], by: Actor, findings: list[Finding]
) -> Entered | None:
    """One package, or None with the reason among the findings."""
    try:
        committed = committed_everywhere(id_, tuple(stores.values()), services.now())
        bad = tuple(_damages(committed, stores))
        if bad:
            findings.extend(bad)
            return None
        read = reread(next(iter(stores.values())), committed, _known(services, committed))
        package = with_locks(committed.package, stores)
        found = Reentered(
            arrival=_arrival(services, read),
            akte=read.akte,
            results=read.pdfas,
            package=package,
            texts=read.texts,
            received_at=read.received_at,
            stored_at=committed.commit.time,
            previous=committed.commit.previous,
            lacks=_LACKS_TEXT,
        )
        review_below = services.ocr.review_confidence
        done = services.catalog.lost.reenter(found, review_below=review_below, by=by, now=services.now())
    except ArchivError as error:
        findings.extend(_why(id_, error))
        return None
    if not done:  # another call, or the intake itself, was faster
        return None
    findings.extend(follow_at_intake(services, id_.akte, by))
    findings.extend(_unfounded_hold(services, read.akte, any(copy.lock.legal_hold for copy in package.copies)))
    pages = sum(len(texts) for texts in read.texts.values())
    return Entered(id_, read.akte, pages)


def _damages(committed: Committed, stores: Mapping[str, ObjectStore]) -> Iterator[Finding]:
    """Why a package is not entered as good: each copy that is damaged, gone or could not be read whole."""
    report = check_package(committed.package, stores, wanted=None)
    for copy in report.copies:
        if copy.verdict is not Verdict.OK:
            yield _of_copy(committed.package.id, copy)


def _of_copy(id_: PackageId, copy: CopyReport) -> Finding:
    where = f"{copy.store}:{id_.bag_key}"
    reasons = "; ".join(f"{finding.code}: {finding.text}" for finding in copy.findings)
    if copy.verdict is Verdict.FAILED:
        text = f"Diese Kopie fehlt oder ist beschädigt; das Paket wurde nicht aufgenommen. {reasons}"
        return Finding("WE-02", Severity.ERROR, where, text)
    return Finding("WE-02", Severity.WARNING, where, f"Diese Kopie konnte nicht ganz gelesen werden. {reasons}")


def _why(id_: PackageId, error: ArchivError) -> Sequence[Finding]:
    """What kept a package out: the stores, the catalog, or the package itself."""
    where = str(id_)
    if isinstance(error, Rejected):
        return tuple(
            one
            if one.code == "WE-04"
            else Finding("WE-04", Severity.ERROR, where, f"Nicht lesbar ({one.code}): {one.text}")
            for one in error.findings
        )
    if isinstance(error, Unavailable):
        return (Finding("WE-02", Severity.WARNING, where, f"{error.text} Der nächste Lauf holt es nach."),)
    code = "WE-03" if isinstance(error, Forbidden) else "WE-01"
    return (Finding(code, Severity.ERROR, where, error.text),)


def _known(services: Services, committed: Committed) -> frozenset[UUID]:
    """The Dokumente of the version that this one follows, which it carries along."""
    id_ = committed.package.id
    row = services.catalog.akte(id_.akte) if committed.commit.previous is not None else None
    entered = [version for version in row.versions if version < id_.version] if row else []
    before = services.catalog.akte_snapshot(id_.akte, max(entered)) if entered else None
    return frozenset(dokument.uuid for dokument in before.dokumente) if before else frozenset()


def _arrival(services: Services, read: Reread) -> Arrival:
    """The delivery as it was received, as far as the package tells; its files are no longer in the work folder."""
    akte = read.akte
    return Arrival(
        delivery=read.delivery,
        akte=akte.uuid,
        aktenart=akte.aktenart.value,
        aktenzeichen=akte.aktenzeichen,
        band=akte.band,
        betreff=read.betreff,
        slip=read.slip_value,
        scans=read.scans,
        folder=str(services.settings.work.resolve() / str(read.delivery)),
    )


def _unfounded_hold(services: Services, akte: Akte, held: bool) -> Iterator[Finding]:
    """A hold that the store keeps and the catalog forgot: no due round lifts it, and each tells of it (LK-07)."""
    row = services.catalog.keeping(akte.uuid)
    if held and row is not None and not judge(row, services.katalog, services.now()).terms.legal_hold:
        text = (
            "Im Speicher ist eine Löschsperre gesetzt, das Verzeichnis kennt aber keine Sperre: bitte neu setzen "
            "(archiv sperre setze). Bis dahin bleibt sie stehen, und jede Fristenrunde nennt sie (LK-07)."
        )
        yield Finding("WE-05", Severity.ERROR, _name(akte), text)


def _name(akte: Akte) -> str:
    return f"{akte.aktenart} {akte.aktenzeichen}" + (f" Band {akte.band}" if akte.band > 1 else "")


def entered_json(one: Entered) -> dict[str, Any]:
    """One package as `archiv abgleich --aufnehmen --json` prints it."""
    return {
        "akte": one.akte.betreff,
        "aktenart": one.akte.aktenart.value,
        "aktenzeichen": one.akte.aktenzeichen.kanonisch,
        "uuid": str(one.id.akte),
        "band": one.akte.band,
        "version": one.id.version,
        "documents": len(one.akte.dokumente),
        "pages": one.pages,
        "not_recreated": list(LACKS),
    }
