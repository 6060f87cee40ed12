"""Extracts of the trail that verify without the database: rows, an inclusion proof for each, and the seal they lead to.

The tree is that of RFC 9162 §2.1 (SHA-256; leaves are the hashes of the rows). A seal is a row of the trail that holds
the root over rows before it; when an anchor published outside names the seal, the extract is proven.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from akten.errors import FixityError, Forbidden
from akten.findings import Finding, Severity, Verdict
from catalog.change import Change
from catalog.tables import trail
from catalog.trail import Anchor, Verb, verdict_of

FORMAT = "aktenarchiv-protokollauszug-1"
MOST_ROWS = 100_000  # of one extract; with its proof each takes four kilobytes of memory where it is judged later
_SIZE = 32
_CHANGED = "Zeile {seq} des Protokolls wurde nachträglich geändert: archiv protokoll pruefe."


def _leaf(row_hash: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + row_hash).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree(leaves: bytes) -> list[bytes]:
    """All levels of the tree, leaves first, root last; each level is its digests side by side."""
    levels = [leaves]
    sha256 = hashlib.sha256
    while len(levels[-1]) > _SIZE:
        below = levels[-1]
        pairs = len(below) // (2 * _SIZE)
        above = bytearray()
        for place in range(0, pairs * 2 * _SIZE, 2 * _SIZE):
            above += sha256(b"\x01" + below[place : place + 2 * _SIZE]).digest()
        above += below[pairs * 2 * _SIZE :]  # an odd last one moves up as it is
        levels.append(bytes(above))
    return levels


def path(levels: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion proof of leaf `index` (RFC 9162 §2.1.3.1)."""
    proof = []
    for level in levels[:-1]:
        sibling = (index ^ 1) * _SIZE
        if sibling < len(level):
            proof.append(level[sibling : sibling + _SIZE])
        index >>= 1
    return proof


def root_of(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its proof lead to (RFC 9162 §2.1.3.2), or None when the proof has no possible form."""
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = _node(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = _node(found, step)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def _leaves(connection: Connection, rows: int) -> bytes:
    """The leaves of rows 1 to `rows`. Raises FixityError for a row whose hash is none."""
    made = bytearray()
    query = select(trail.c.seq, trail.c.hash).where(trail.c.seq <= rows).order_by(trail.c.seq)
    with connection.execute(query, execution_options={"stream_results": True}) as result:
        for chunk in result.partitions(10_000):
            for seq, row_hash in chunk:
                try:
                    made += _leaf(bytes.fromhex(row_hash))
                except ValueError as error:
                    raise FixityError(_CHANGED.format(seq=seq)) from error
    return bytes(made)


@dataclass(frozen=True, slots=True)
class Covered:
    """The first rows of the trail, and the root over them in hex."""

    rows: int
    root: str


def covered(connection: Connection) -> Covered:
    """All rows so far. Takes seconds for a million, so nobody should be kept from writing meanwhile.

    Raises FixityError where a row was changed so that no root can be made.
    """
    last = int(connection.execute(select(func.max(trail.c.seq))).scalar() or 0)
    root = tree(_leaves(connection, last))[-1] if last else hashlib.sha256(b"").digest()
    return Covered(last, root.hex())


def seal(change: Change, found: Covered) -> int:
    """Appends a row with the root over the rows that are covered and returns its number; it is the anchor to publish.

    What was written since stands between them and the seal, and under the next one.
    """
    last = int(change.connection.execute(select(func.max(trail.c.seq))).scalar() or 0)
    change.event(Verb.TRAIL_SEALED, rows=found.rows, root=found.root)
    return last + 1


@dataclass(frozen=True, slots=True)
class Extract:
    """Rows of the trail as JSON values, each with its proof and read when it is asked for; `seal` is what they lead
    to.
    """

    seal: Mapping[str, Any] | None
    rows: Iterator[dict[str, Any]]


def extract(connection: Connection, numbers: Iterable[int]) -> Extract:
    """The extract of these rows, proven against the newest seal; rows after it are not in it.

    Raises Forbidden where there are more than MOST_ROWS, FixityError as `covered` does.
    """
    query = select(trail).where(trail.c.verb == Verb.TRAIL_SEALED.value).order_by(trail.c.seq.desc()).limit(1)
    sealed = connection.execute(query).first()
    if sealed is None:
        return Extract(None, iter(()))
    try:
        size = int(json.loads(sealed.body)["data"]["rows"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FixityError(_CHANGED.format(seq=sealed.seq)) from error
    levels = tree(_leaves(connection, size))
    wanted = sorted({number for number in numbers if 1 <= number <= size})
    if len(wanted) > MOST_ROWS:
        raise Forbidden(
            f"Das sind {len(wanted)} Zeilen; ein Auszug hat höchstens {MOST_ROWS}. Bitte eine Akte, ein Konto oder "
            "einen kürzeren Zeitraum nennen."
        )
    return Extract(_row(sealed.seq, sealed.prev, sealed.hash, sealed.body), _proven(connection, levels, wanted))


def _proven(connection: Connection, levels: Sequence[bytes], wanted: Sequence[int]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(wanted), 500):
        own = select(trail).where(trail.c.seq.in_(wanted[start : start + 500])).order_by(trail.c.seq)
        for row in connection.execute(own):
            proof = [step.hex() for step in path(levels, row.seq - 1)]
            yield {**_row(row.seq, row.prev, row.hash, row.body), "proof": proof}


def _row(seq: int, prev: str, row_hash: str, body: str) -> dict[str, Any]:
    return {"seq": seq, "prev": prev, "hash": row_hash, "body": body}


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """What the judge of an extract says; `seal` is the number and hash that an anchor must name."""

    verdict: Verdict
    rows: int
    seal: tuple[int, str] | None
    findings: tuple[Finding, ...]


def verify_extract(value: Mapping[str, Any], anchors: Iterable[Anchor] = ()) -> ExtractReport:
    """Judges an extract by itself, without any database; not_checked when no anchor names its seal."""
    try:
        if value["format"] != FORMAT:
            return _FORMLESS
        judge = ExtractJudge(value["seal"], anchors)
        for row in value["rows"] if value["seal"] is not None else ():
            judge.add(row)
    except _JUNK:
        return _FORMLESS
    return judge.report()


# What comes of reading a value that is no extract.
_JUNK = (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)
_NO_FORM = Finding("TR-14", Severity.ERROR, "Auszug", "Der Auszug hat nicht die beschriebene Form.")
_FORMLESS = ExtractReport(Verdict.FAILED, 0, None, (_NO_FORM,))


class ExtractJudge:
    """Judges an extract row by row, so that nobody has to hold all of it; it raises nothing, whatever the rows are."""

    def __init__(self, sealed: Mapping[str, Any] | None, anchors: Iterable[Anchor]) -> None:
        self._sealed = sealed is not None
        self._formless = False
        self._rows = 0
        self._findings: list[Finding] = []
        self._seal = (0, "")
        self._size, self._root = 0, b""
        try:
            if sealed is not None:
                self._read_seal(sealed, {(anchor.seq, anchor.hash) for anchor in anchors})
        except _JUNK:
            self._formless = True

    def add(self, row: Mapping[str, Any]) -> None:
        """Judges one row."""
        if not self._sealed or self._formless:
            return
        try:
            self._judge(row)
        except _JUNK:
            self._formless = True

    def report(self) -> ExtractReport:
        """What is to be said of all rows so far."""
        if self._formless:
            return _FORMLESS
        if not self._sealed:
            finding = Finding("TR-13", Severity.WARNING, "Auszug", "Der Auszug trägt kein Siegel: nicht geprüft.")
            return ExtractReport(Verdict.NOT_CHECKED, 0, None, (finding,))
        return ExtractReport(verdict_of(self._findings), self._rows, self._seal, tuple(self._findings))

    def _read_seal(self, sealed: Mapping[str, Any], anchors: set[tuple[int, str]]) -> None:
        body = json.loads(sealed["body"])
        data = body["data"]
        size, self._root = int(data["rows"]), bytes.fromhex(data["root"])
        self._size, self._seal = size, (seal := (int(sealed["seq"]), str(sealed["hash"])))
        where = f"Zeile {seal[0]}"
        if body["verb"] != Verb.TRAIL_SEALED.value or body["seq"] != seal[0] or size >= seal[0] or not _whole(sealed):
            self._findings.append(Finding("TR-12", Severity.ERROR, where, "Das Siegel wurde verändert."))
        if seal not in anchors:
            outside = {number for number, _ in anchors}
            if seal[0] in outside:
                self._findings.append(Finding("TR-05", Severity.ERROR, where, "Der Anker nennt einen anderen Hash."))
            else:
                text = "Kein Anker von außen nennt dieses Siegel: nicht geprüft, ob es veröffentlicht wurde."
                self._findings.append(Finding("TR-13", Severity.WARNING, where, text))

    def _judge(self, row: Mapping[str, Any]) -> None:
        number = int(row["seq"])
        at = f"Zeile {number}"
        if not _whole(row) or json.loads(row["body"])["seq"] != number:
            self._findings.append(Finding("TR-10", Severity.ERROR, at, "Die Zeile wurde verändert."))
        proof = [bytes.fromhex(step) for step in row["proof"]]
        if root_of(_leaf(bytes.fromhex(row["hash"])), number - 1, self._size, proof) != self._root:
            text = "Der Einschlussbeweis führt nicht zum Siegel."
            self._findings.append(Finding("TR-11", Severity.ERROR, at, text))
        self._rows += 1


def _whole(row: Mapping[str, Any]) -> bool:
    return hashlib.sha256((row["prev"] + row["body"]).encode()).hexdigest() == str(row["hash"])
