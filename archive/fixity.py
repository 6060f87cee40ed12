"""Checks stored packages byte by byte: one copy is intact, damaged, or *not checked* with the reason; streaming.

Every copy is read by the version id recorded at ingest, never "the latest". A stream that breaks off is taken up again
by range; only when the store is well otherwise and still cannot give the bytes is the copy called damaged. A store
that is away, or refuses us, leaves the copy unchecked. Nothing is repaired here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.files import Digests, digest_bytes
from akten.findings import Finding, Judgement, Severity, Verdict
from akten.package import CopyReport, FixityReport, Lock, LockTerms, PackageId, StoredCopy, StoredPackage
from archive.bagcheck import check_tar
from archive.commit import read_commit
from archive.locks import enough_until, falls_short, instant, outlasts, seen_as_one, strong_enough
from archive.resume import Patience, PatientStream, Unreadable
from archive.retrieval import MOST_COMMIT
from archive.store import Absent, LockState, ObjectStore

RULES: dict[str, tuple[str, str]] = {
    "FX-01": ("Das Objekt liegt unter der verzeichneten Version im Speicher.", "packaging.md §2"),
    "FX-02": ("Das Objekt hat die verzeichnete Größe.", "packaging.md §2"),
    "FX-03": (
        "SHA-256 und SHA-512 des Pakets stimmen mit dem Verzeichnis überein.",
        "packaging.md §2; RFC 8493 §2.1.3",
    ),
    "FX-04": ("Jede Datei im Paket stimmt mit den Manifesten überein.", "RFC 8493 §3"),
    "FX-05": ("Das Commit-Objekt ist in jeder Kopie byte-gleich mit dem verzeichneten.", "packaging.md §3"),
    "FX-06": ("Das Commit-Objekt nennt dieses Paket mit diesen Prüfsummen und dieser Version.", "packaging.md §3"),
    "FX-07": ("Die aktuelle Version des Schlüssels ist die festgeschriebene.", "packaging.md §3"),
    "FX-08": ("Die Sperre reicht mindestens bis zum verlangten Tag, in der verlangten Art.", "s3.md §7.4"),
    "FX-09": ("Die Sperre reicht nicht weiter als verlangt.", "Art. 5 Abs. 1 lit. e DSGVO"),
    "FX-10": ("Die Löschsperre (legal hold) ist gesetzt, wenn und nur wenn sie verlangt ist.", "s3.md §7.4"),
    "FX-11": ("Der Speicher ist erreichbar.", "packaging.md §2"),
    "FX-12": ("Der Speicher ist eingerichtet und lässt uns lesen.", "s3.md §3"),
    "FX-13": ("Der Speicher gibt alle Bytes des Objekts heraus.", "s3.md §5 (bit rot)"),
    "FX-14": ("Die Sperre reicht nicht über den Tag hinaus, zu dem zu löschen ist.", "law-evidence.md §6 Nr. 4"),
}


@dataclass(slots=True)
class _Copy:
    """One copy under examination; collects findings, never raises for what it finds."""

    id: PackageId
    copy: StoredCopy
    store: ObjectStore
    patience: Patience
    findings: list[Finding] = field(default_factory=list)
    damaged: bool = False
    complete: bool = True
    bytes_read: int = 0
    locks: list[LockState] = field(default_factory=list)
    lock_kept: bool = True  # else the register keeps what it knows, so that the next look tells it again

    def count(self, size: int) -> None:
        self.bytes_read += size

    def stream(self, key: str, version_id: str) -> PatientStream:
        return PatientStream(self.store, key, version_id, self.count, patience=self.patience)

    def damage(self, code: str, where: str, text: str) -> None:
        self.damaged = True
        self.findings.append(Finding(code, Severity.ERROR, where, text))

    def unchecked(self, code: str, where: str, text: str) -> None:
        self.complete = False
        self.findings.append(Finding(code, Severity.WARNING, where, text))

    def warn(self, code: str, where: str, text: str) -> None:
        self.findings.append(Finding(code, Severity.WARNING, where, text))

    def report(self, terms: LockTerms | None) -> CopyReport:
        verdict = Verdict.FAILED if self.damaged else Verdict.OK if self.complete else Verdict.NOT_CHECKED
        both = terms is not None and len(self.locks) == 2 and self.lock_kept
        seen = seen_as_one(self.locks, terms, self.store) if terms is not None and both else None
        copy = self.copy
        return CopyReport(copy.store, verdict, tuple(self.findings), self.bytes_read, copy.bag_version_id, seen)


def check_package(
    package: StoredPackage,
    stores: Mapping[str, ObjectStore],
    *,
    wanted: LockTerms | None,
    patience: Patience | None = None,
    away: Mapping[str, str] = MappingProxyType({}),
) -> FixityReport:
    """The state of every copy now: tar and members are read whole, in both algorithms.

    `wanted` are the terms that the locks should meet, beside the lock that was recorded (None: no lock is looked at);
    what a healthy store does not give for as long as `patience` lasts (a round shares one) counts as damaged, and one
    that stays away is not asked for each copy; `away` gives the reason for stores that could not even be opened.
    Never stops at the first damage and raises nothing of its own: a copy that could not be read is `not_checked`.
    """
    patience = patience or Patience()
    reports = []
    for copy in package.copies:
        store = stores.get(copy.store)
        reason = away.get(copy.store) if store is None else patience.resting(copy.store)
        if store is None or reason:
            text = reason or f"Der Speicher „{copy.store}“ ist nicht eingerichtet."
            finding = Finding("FX-11" if reason else "FX-12", Severity.WARNING, copy.store, text)
            reports.append(CopyReport(copy.store, Verdict.NOT_CHECKED, (finding,), 0, copy.bag_version_id))
            continue
        seen = _Copy(package.id, copy, store, patience)
        _check_copy(seen, package, wanted)
        patience.met(copy.store, next((finding.text for finding in seen.findings if finding.code == "FX-11"), ""))
        reports.append(seen.report(wanted))
    return FixityReport(package.id, tuple(reports))


def _check_copy(seen: _Copy, package: StoredPackage, wanted: LockTerms | None) -> None:
    bag_key, commit_key = seen.id.bag_key, seen.id.commit_key
    steps: list[tuple[str, Callable[[], None]]] = [
        (bag_key, partial(_check_tar, seen)),
        (commit_key, partial(_check_commit, seen, package)),
        (seen.id.prefix, partial(_check_current, seen)),
    ]
    if wanted is not None:
        steps.append((bag_key, partial(_check_lock, seen, bag_key, seen.copy.bag_version_id, wanted)))
        steps.append((commit_key, partial(_check_lock, seen, commit_key, seen.copy.commit_version_id, wanted)))
    for where, step in steps:
        _look(seen, where, step)
        if any(finding.code == "FX-11" for finding in seen.findings):
            break  # the store is away: every further look would only wait for it again


def _look(seen: _Copy, where: str, step: Callable[[], None]) -> None:
    """One step; what keeps us from looking leaves the copy unchecked, what proves damage is damage."""
    try:
        step()
    except Absent:
        what = "das Commit-Objekt" if where == seen.id.commit_key else "das Paket"
        text = f"Im Speicher „{seen.copy.store}“ fehlt {what} in der verzeichneten Version."
        if not any((f.code, f.where) == ("FX-01", where) for f in seen.findings):  # its lock is then missing with it
            seen.damage("FX-01", where, text)
    except Unreadable as error:
        seen.damage("FX-13", where, error.text)
    except FixityError as error:
        seen.damage("FX-06" if where.endswith(".json") else "FX-03", where, error.text)
    except Unavailable as error:
        seen.unchecked("FX-11", where, error.text)
    except (Forbidden, Misconfigured) as error:
        seen.unchecked("FX-12", where, error.text)
    except ArchivError as error:  # Rejected and what may come: we did not look
        seen.unchecked("FX-12", where, error.text)


def _check_tar(seen: _Copy) -> None:
    key, wanted = seen.id.bag_key, seen.copy.digests
    with seen.stream(key, seen.copy.bag_version_id) as stream:
        if stream.size != wanted.size:
            text = f"Das Paket ist {stream.size} Bytes groß, verzeichnet sind {wanted.size}."
            seen.damage("FX-02", key, text)
        tee = _Hashing(stream)
        report = check_tar(tee)  # type: ignore[arg-type]  # only `read` is used of a plain stream
        tee.drain()
    if not tee.matches(wanted):
        seen.damage("FX-03", key, "Die Prüfsumme des Pakets stimmt nicht mit der verzeichneten überein.")
    if report.judgement is Judgement.UNCHECKED:
        seen.unchecked("FX-04", key, "Die Dateien im Paket konnten nicht alle geprüft werden.")
    if report.judgement in (Judgement.INVALID, Judgement.UNCHECKED):
        for each in report.findings:
            text = f"{each.code}: {each.text}"
            (seen.damage if each.severity is Severity.ERROR else seen.warn)("FX-04", f"{key}/{each.where}", text)


def _check_commit(seen: _Copy, package: StoredPackage) -> None:
    key = seen.id.commit_key
    with seen.stream(key, seen.copy.commit_version_id) as stream:
        if stream.size > MOST_COMMIT:
            raise FixityError(f"Das Commit-Objekt ist mit {stream.size} Bytes zu groß.")
        blocks = []
        while block := stream.read():
            blocks.append(block)
    data = b"".join(blocks)
    if digest_bytes(data).sha256 != package.commit_sha256:
        seen.damage("FX-05", key, "Das Commit-Objekt ist nicht das verzeichnete.")
    commit = read_commit(data, seen.id)
    recorded = (None, seen.copy.bag_version_id, *seen.copy.set_aside)  # None: put there later, so it names none here
    if commit.bag != seen.copy.digests or commit.copies.get(seen.copy.store) not in recorded:
        seen.damage(
            "FX-06", key, "Das Commit-Objekt nennt andere Prüfsummen oder eine andere Version als das Verzeichnis."
        )


def _check_current(seen: _Copy) -> None:
    recorded = {
        seen.id.bag_key: seen.copy.bag_version_id,
        seen.id.commit_key: seen.copy.commit_version_id,
    }
    for each in seen.store.versions(seen.id.prefix):
        if each.is_latest and each.key in recorded and each.version_id != recorded[each.key]:
            how = "ein Löschvermerk" if each.delete_marker else "eine andere Version"
            text = f"Über der festgeschriebenen Version liegt {how}; jemand hat am Archiv vorbei geschrieben."
            seen.damage("FX-07", each.key, text)


def _check_lock(seen: _Copy, key: str, version: str, wanted: LockTerms) -> None:
    """The lock of one object as the store has it now, against the terms of the rules."""
    store = seen.store
    state = store.read_lock(key, version)
    seen.locks.append(state)
    which = f"{key} (Version {version})"
    if falls_short(state.lock, wanted, store):
        enough = enough_until(wanted, store)
        until = "fehlt" if state.retain_until is None else f"endet {instant(state.retain_until)}"
        text = f"Die Sperre {until}; sie muss mindestens bis {instant(enough)} reichen."
        if _only_overtaken(state, seen.copy.lock, wanted, store):
            seen.warn("FX-08", which, f"{text} Genommen wurde nichts: die nächste Fristenrunde verlängert sie.")
        else:
            seen.damage("FX-08", which, text)
    elif _ends_before(state, seen.copy.lock, wanted):
        seen.lock_kept = False
        text = (
            f"Die Sperre endet {instant(state.retain_until)}, verzeichnet ist {instant(seen.copy.lock.retain_until)}."
        )
        seen.damage("FX-08", which, text)
    elif wanted.least is not None and not strong_enough(state, store):
        seen.damage("FX-08", which, f"Die Sperre hat die Art {state.mode}, verlangt ist {store.lock_mode}.")
    if outlasts(state.lock, wanted.delete_by, wanted.moment):
        text = f"Die Sperre reicht bis {instant(state.retain_until)}, zu löschen ist bis {instant(wanted.delete_by)}."
        seen.warn("FX-14", which, text)
    elif outlasts(state.lock, wanted.most, wanted.moment):
        text = f"Die Sperre reicht bis {instant(state.retain_until)}, die Frist nur bis {instant(wanted.most)}."
        seen.warn("FX-09", which, text)
    if wanted.legal_hold and not state.legal_hold:
        seen.damage("FX-10", which, "Die verlangte Löschsperre ist nicht gesetzt.")
    if state.legal_hold and not wanted.legal_hold and wanted.lifts:
        seen.warn("FX-10", which, "Eine Löschsperre ist gesetzt, obwohl keine verlangt ist.")


def _only_overtaken(state: LockState, recorded: Lock, wanted: LockTerms, store: ObjectStore) -> bool:
    """True for a lock that stands as it was read back last and still runs: it was the period that became longer."""
    now, then = state.retain_until, recorded.retain_until
    if now is None or then is None or now <= wanted.moment:
        return False
    return now >= then and strong_enough(state, store)


def _ends_before(state: LockState, recorded: Lock, wanted: LockTerms) -> bool:
    """True when a lock was read back once and now ends earlier: nobody shortens one outside of the register.

    The register keeps one date for both objects; one that is too long need not be that of the other object as well.
    """
    until = recorded.retain_until
    if until is None or until <= wanted.moment:
        return False
    bound = wanted.too_long_after
    until = until if bound is None else min(until, bound)
    return state.retain_until is None or state.retain_until < until


class _Hashing:
    """Passes a stream on and hashes it on the way; not seekable, so that it is read once from start to end."""

    def __init__(self, stream: PatientStream) -> None:
        self._stream = stream
        self._short = hashlib.sha256()
        self._long = hashlib.sha512()
        self._size = 0

    def read(self, most: int = -1, /) -> bytes:
        data = self._stream.read(most)
        self._short.update(data)
        self._long.update(data)
        self._size += len(data)
        return data

    def drain(self) -> None:
        while self.read(1 << 20):
            pass

    def matches(self, wanted: Digests) -> bool:
        found = (self._short.hexdigest(), self._long.hexdigest(), self._size)
        return found == (wanted.sha256, wanted.sha512, wanted.size)
