"""The audit trail: append-only rows, each bearing the hash of the one before, and the judge of the chain.

`hash = sha256(prev || body)` over the exact stored text; `body` is canonical JSON with instant, account, verb, UUIDs,
codes, counts and salted digests: never a name of a citizen, a Betreff or an Aktenzeichen. What people wrote in free
words lies beside the chain (`trail_notes`) and only its salted digest within, so that it can be deleted lawfully.
A cut-off tail cannot be seen from inside: heads (`Anchor`) are kept outside and handed to `verify`.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from akten.errors import FixityError
from akten.findings import Finding, Severity, Verdict
from catalog import guards
from catalog.actor import Actor
from catalog.codec import canonical
from catalog.engine import translating_raw
from catalog.tables import instant_text, trail, trail_notes
from catalog.trailclock import TrailClock

GENESIS = "0" * 64
_CHUNK = 10_000
_MAX_FINDINGS = 100
_UNCHECKED = frozenset({"TR-00", "TR-13"})

RULES: dict[str, tuple[str, str]] = {
    "TR-00": ("Ohne einen Anker von außen ist nicht geprüft, ob am Ende Zeilen fehlen.", "users.md §1 Nr. 5"),
    "TR-01": ("Der Hash jeder Zeile passt zu Vorgänger und Inhalt.", "prefect-db.md §6"),
    "TR-02": ("Die Nummern laufen ohne Lücke ab 1.", "prefect-db.md §6"),
    "TR-03": ("Jede Zeile nennt den Hash ihrer Vorgängerin.", "prefect-db.md §6"),
    "TR-04": ("Das Protokoll reicht mindestens bis zu jedem Anker.", "users.md §1 Nr. 5"),
    "TR-05": ("An der Stelle eines Ankers steht der verankerte Hash.", "users.md §1 Nr. 5"),
    "TR-06": (
        "Die Schutzauslöser gegen Ändern und Löschen sind da und die, die eingerichtet wurden; die Spalten zum "
        "Nachschlagen folgen dem Inhalt der Zeilen.",
        "prefect-db.md §6",
    ),
    "TR-07": ("Jedes archivierte Paket steht im Protokoll, und umgekehrt, mit jeder seiner Kopien.", "issue 3 §7"),
    "TR-08": ("Zeilen nach dem jüngsten Anker sind am Ende noch nicht gesichert.", "users.md §1 Nr. 5"),
    "TR-09": (
        "Worte neben der Kette passen zum Prüfwert in ihrer Zeile; gelöscht werden dürfen sie.",
        "prefect-db.md §6",
    ),
    "TR-10": ("Jede Zeile eines Auszugs passt zu ihrem eigenen Hash.", "RFC 9162 §2.1"),
    "TR-11": ("Der Einschlussbeweis jeder Zeile führt zur Wurzel des Siegels.", "RFC 9162 §2.1.3.2"),
    "TR-12": ("Das Siegel des Auszugs ist selbst eine Zeile des Protokolls und passt zu seinem Hash.", "RFC 9162 §2.1"),
    "TR-13": ("Ein Anker von außen nennt das Siegel des Auszugs.", "users.md §1 Nr. 5"),
    "TR-14": ("Ein Auszug hat die Form, die hier beschrieben ist.", "issue 5 §4"),
    "TR-15": (
        "Was der Katalog von einer archivierten Akte sagt, ist, was beim Archivieren beschrieben wurde.",
        "Hausregel: Prüfwert der Beschreibung im Protokoll",
    ),
    "TR-16": (
        "Die Zeiten der Zeilen laufen nicht rückwärts; bis zu 15 Minuten dürfen Uhren voneinander abweichen.",
        "users.md §1 Nr. 5; Grenze wie S3 RequestTimeTooSkewed",
    ),
    "TR-17": (
        "Gemeldete Ereignisse, Merkmale, Fristklassen, Bescheide, Sperren, Personen, Flurstücke, Fristenkataloge, "
        "Laufzettel und Klärungsfälle stehen so im Register, wie sie im Protokoll stehen.",
        "Hausregel: Prüfwert jeder Meldung im Protokoll",
    ),
}


class Verb(StrEnum):
    """What can happen; the codes never change their meaning."""

    DELIVERY_RECEIVED = "delivery.received"
    DELIVERY_REPLACED = "delivery.replaced"
    DELIVERY_MOVED = "delivery.moved"
    DELIVERY_DUPLICATE = "delivery.duplicate"
    DELIVERY_RECOGNISED = "delivery.recognised"
    AKTE_OPENED = "akte.opened"
    AKTE_DROPPED = "akte.dropped"
    AKTE_PLANNED = "akte.planned"
    AKTE_READ = "akte.read"
    PACKAGE_STORED = "package.stored"
    PACKAGE_REENTERED = "package.reentered"
    DOKUMENT_REPLACED = "dokument.replaced"
    FIXITY_CHECKED = "fixity.checked"
    RETENTION_COMPUTED = "retention.computed"
    LOCK_CHANGED = "lock.changed"
    SHORTENING_PROPOSED = "shortening.proposed"
    SHORTENING_RELEASED = "shortening.released"
    SHORTENING_ENDED = "shortening.ended"
    RESTORATION_PROPOSED = "restoration.proposed"
    RESTORATION_RELEASED = "restoration.released"
    RESTORATION_ENDED = "restoration.ended"
    COPY_RESTORED = "copy.restored"
    CORRECTION_PROPOSED = "correction.proposed"
    CORRECTION_RELEASED = "correction.released"
    CORRECTION_ENDED = "correction.ended"
    CLEARING_OPENED = "clearing.opened"
    CLEARING_RESOLVED = "clearing.resolved"
    REVIEW_RESOLVED = "review.resolved"
    INDEX_REBUILT = "index.rebuilt"
    TRAIL_SEALED = "trail.sealed"
    SAMPLE_DRAWN = "sample.drawn"
    EVENT_REPORTED = "event.reported"
    FACT_REPORTED = "fact.reported"
    AKTE_CLASSIFIED = "akte.classified"
    ARCHIVE_ANSWERED = "archive.answered"
    REFERENCES_NOTED = "references.noted"
    REFERENCES_FORGOTTEN = "references.forgotten"
    HOLD_SET = "hold.set"
    HOLD_CHANGED = "hold.changed"
    HOLD_LIFTED = "hold.lifted"
    RULES_PROPOSED = "rules.proposed"
    RULES_RELEASED = "rules.released"
    RULES_REFUSED = "rules.refused"
    SYSTEM = "system.event"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event that waits for its place in the chain. `data` holds no personal data; `note` is kept beside it."""

    verb: Verb
    data: Mapping[str, Any] = field(default_factory=dict)
    akte: UUID | None = None
    delivery: UUID | None = None
    note: str = ""
    salt: str = ""

    def __post_init__(self) -> None:
        if self.note and not self.salt:
            raise ValueError("a note wants the salt of its Akte or delivery")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head of the chain as published outside: number and hash of the last row then, and when."""

    seq: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TrailReport:
    """What the judge of the chain says. `first_bad` is the number of the first row that is wrong or missing; `cut` says
    that no more findings are named, and there may be others.
    """

    verdict: Verdict
    rows: int
    head: str
    first_bad: int | None
    findings: tuple[Finding, ...]
    cut: bool = False


def salted(salt: str, text: str) -> str:
    """HMAC-SHA256 of a text under a salt: without the salt it links to nothing."""
    return hmac.new(bytes.fromhex(salt), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the last row; (0, zeros) before the first."""
    row = connection.execute(select(trail.c.seq, trail.c.hash).order_by(trail.c.seq.desc()).limit(1)).first()
    return (0, GENESIS) if row is None else (int(row[0]), str(row[1]))


def first_hash(connection: Connection) -> str:
    """The hash of the first row, which never changes and which every trail has of its own; "" before it."""
    return str(connection.execute(select(trail.c.hash).where(trail.c.seq == 1)).scalar() or "")


def hashes_at(connection: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Number → hash of the rows with these numbers; at most some hundreds are asked at once."""
    rows = connection.execute(select(trail.c.seq, trail.c.hash).where(trail.c.seq.in_(numbers)))
    return {int(row[0]): str(row[1]) for row in rows}


def anchor_at(connection: Connection, seq: int) -> Anchor:
    """The row with this number as an anchor. Raises FixityError when it is not there, or nobody can read its time."""
    row = connection.execute(select(trail.c.seq, trail.c.hash, trail.c.at).where(trail.c.seq == seq)).first()
    if row is not None:
        with suppress(TypeError, ValueError):  # no time, or none that we wrote
            return Anchor(int(row[0]), str(row[1]), datetime.fromisoformat(row[2]))
    raise FixityError(f"Zeile {seq} des Protokolls fehlt oder ist unlesbar.")


def head_anchor(connection: Connection) -> Anchor | None:
    """The end of the chain as an anchor, or None before the first event."""
    last, _ = head(connection)
    return anchor_at(connection, last) if last else None


def append(connection: Connection, entries: Sequence[Entry], by: Actor, now: datetime) -> None:
    """Chains events to the end inside the open write transaction; what they tell of must be in the same one."""
    if not entries:
        return
    seq, previous = head(connection)
    at = instant_text(now)
    rows, notes = [], []
    for entry in entries:
        seq += 1
        value: dict[str, Any] = {"at": at, "by": by.name, "kind": by.kind.value, "seq": seq, "verb": entry.verb.value}
        if by.login:
            value["login"] = by.login  # the account that said the name
        if entry.akte is not None:
            value["akte"] = str(entry.akte)
        if entry.delivery is not None:
            value["delivery"] = str(entry.delivery)
        if entry.data:
            value["data"] = dict(entry.data)
        if entry.note:
            value["note"] = salted(entry.salt, entry.note)
            notes.append({"seq": seq, "note": canonical({"salt": entry.salt, "text": entry.note})})
        body = canonical(value)
        digest = hashlib.sha256((previous + body).encode("ascii")).hexdigest()
        rows.append({"seq": seq, "prev": previous, "hash": digest, "body": body})
        previous = digest
    connection.execute(insert(trail), rows)
    if notes:
        connection.execute(insert(trail_notes), notes)


def rows_of(connection: Connection) -> Iterator[Sequence[tuple[int, bytes, bytes, bytes]]]:
    """All rows in order, in chunks: seq, prev, hash, body, the texts as the bytes that are stored.

    Also those before number 1, which must not be: nobody would see them, and they would vouch for what never happened.

    Straight from the driver: making rows of the library of a million tuples takes longer than hashing them.
    """
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        texts = "CAST(prev AS BLOB), CAST(hash AS BLOB), CAST(body AS BLOB)"
        cursor = raw.cursor()
    else:
        texts = "convert_to(prev, 'UTF8'), convert_to(hash, 'UTF8'), convert_to(body, 'UTF8')"
        # A named cursor stays in the server, so that memory does not grow with the trail.
        cursor = raw.cursor(name="trail_rows", binary=True)
    statement = f"SELECT seq, {texts} FROM trail ORDER BY seq"  # noqa: S608
    with translating_raw(connection), closing(cursor):
        cursor.execute(statement)
        while chunk := cursor.fetchmany(_CHUNK):
            yield chunk


def verify(connection: Connection, anchors: Iterable[Anchor]) -> TrailReport:
    """Judges the whole chain in one pass against itself and against heads published outside.

    Failed when a row is changed, missing in between, or (by an anchor) missing or rewritten at the end, or when the
    guards are gone; not_checked when nothing is wrong but no anchor vouches for the end. Times that run backwards are
    remarked on (`trailclock`) and break nothing.
    """
    outside = sorted({(anchor.seq, anchor.hash.encode()) for anchor in anchors if anchor.seq > 0})
    findings: list[Finding] = list(guards.faults(connection))
    bad: list[int] = []
    vouched, place, rows = 0, 0, 0
    previous, expected = GENESIS.encode(), 1
    clock = TrailClock()
    sha256 = hashlib.sha256
    for chunk in rows_of(connection):
        for seq, prev, stored, body in chunk:
            if sha256(prev + body).hexdigest().encode() != stored or prev != previous or seq != expected:
                bad.append(min(expected, seq))
                if len(findings) < _MAX_FINDINGS:
                    intact = sha256(prev + body).hexdigest().encode() == stored
                    findings.extend(_broken(seq, expected, linked=prev == previous, intact=intact))
            if seq > 0:  # one before the first is told, and is no part of the chain
                previous = stored
                expected = seq + 1
        rows += len(chunk)
        clock.read(chunk)
        hashes: dict[int, bytes] | None = None
        while place < len(outside) and outside[place][0] < expected:
            hashes = hashes or {row[0]: row[2] for row in chunk}
            number, wanted = outside[place]
            if number in hashes and hashes[number] != wanted:
                bad.append(number)
                findings.append(_finding("TR-05", number, "Der Hash der Zeile ist nicht der außen verankerte."))
            elif number in hashes:
                vouched = number
            place += 1
    for number, _ in outside[place:]:
        bad.append(expected)
        findings.append(
            _finding("TR-04", number, f"Ein Anker nennt Zeile {number}, das Protokoll endet mit Zeile {expected - 1}.")
        )
    for number in itertools.islice(_changed_notes(connection), max(0, _MAX_FINDINGS - len(findings))):
        bad.append(number)
        gone = "Zu den Worten mit dieser Nummer gibt es keine Zeile mehr; sie wurde gelöscht."
        changed = "Die Worte zu dieser Zeile wurden nachträglich geändert."
        findings.append(_finding("TR-09", number, gone if number >= expected else changed))
    cut = len(findings) >= _MAX_FINDINGS
    findings.extend(clock.findings())
    findings.extend(_about_the_end(expected - 1, vouched))
    return TrailReport(
        verdict_of(findings), rows, previous.decode("ascii", "replace"), min(bad, default=None), tuple(findings), cut
    )


def _finding(code: str, seq: int, text: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code, severity, f"Zeile {seq}", text)


def _broken(seq: int, expected: int, *, linked: bool, intact: bool) -> Iterator[Finding]:
    if seq > expected:
        span = f"Zeile {expected} fehlt" if seq == expected + 1 else f"Zeilen {expected} bis {seq - 1} fehlen"
        yield _finding("TR-02", expected, f"{span} im Protokoll.")
    elif seq < expected:
        yield _finding("TR-02", seq, "Die Zeile trägt eine Nummer, die es nicht geben darf.")
    elif not linked:
        yield _finding("TR-03", seq, "Die Zeile knüpft nicht an ihre Vorgängerin an.")
    if not intact:
        yield _finding("TR-01", seq, "Die Zeile wurde nachträglich geändert.")


def _about_the_end(last: int, vouched: int) -> Iterator[Finding]:
    if not vouched:
        text = "Kein Anker von außen bestätigt eine Zeile: nicht geprüft, ob am Ende Zeilen fehlen."
        yield _finding("TR-00", last, text, Severity.WARNING)
    elif last > vouched:
        newer = last - vouched
        which = "Die letzte Zeile ist" if newer == 1 else f"Die letzten {newer} Zeilen sind"
        text = f"{which} jünger als der jüngste Anker."
        yield _finding("TR-08", last, text, Severity.INFO)


def _changed_notes(connection: Connection) -> Iterator[int]:
    """Rows with other words beside them than those whose digest they hold. Words may be gone: that can be lawful."""
    both = (
        select(trail_notes.c.seq, trail_notes.c.note, trail.c.body)
        .select_from(trail_notes.join(trail, trail_notes.c.seq == trail.c.seq, isouter=True))
        .order_by(trail_notes.c.seq)
        .execution_options(yield_per=_CHUNK)
    )
    for row in connection.execute(both):
        if not note_fits(row.note, row.body):
            yield int(row.seq)


def broken(prev: str, body: str, stored: str, next_prev: str | None, note: str | None) -> str:
    """The code of what one row breaks by itself or towards the next one, "" for one that is as it was written."""
    if hashlib.sha256((prev + body).encode("utf-8", "surrogatepass")).hexdigest() != stored:
        return "TR-01"
    if next_prev is not None and next_prev != stored:
        return "TR-03"
    return "" if note is None or note_fits(note, body) else "TR-09"


def note_fits(note: str, body: str | None) -> bool:
    """Whether the words beside a row are those whose digest it holds."""
    told = read_body(note)
    try:
        return bool(salted(told["salt"], told["text"]) == read_body(body or "")["note"])
    except (ValueError, KeyError, TypeError, AttributeError):  # whoever changed it need not have written what we would
        return False


def read_body(text: str) -> dict[str, Any]:
    """What a row tells; nothing for a text that is not ours: that it was changed is told by its hash."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Failed with any error; not_checked when nothing from outside vouches for it."""
    if any(finding.severity is Severity.ERROR for finding in findings):
        return Verdict.FAILED
    return Verdict.NOT_CHECKED if any(finding.code in _UNCHECKED for finding in findings) else Verdict.OK
