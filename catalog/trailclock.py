"""Do the instants of the trail run forward? A chain proves the order of its rows, not that their times are true.

A clock that was set back, or rows chained anew with times made up, show in a time before one that stood there earlier.
Instants are UTC, so summer time moves none of them. Clocks of several workers differ and a writer may wait for its
turn, so a small step back is daily life: remarked on is more than `TOLERANCE`, the difference beyond which S3 refuses
requests (RequestTimeTooSkewed), so that a machine with a worse clock could not archive at all. Small steps add up: each
row is held against the latest time since the last fall, not against its neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from akten.findings import Finding, Severity

TOLERANCE = timedelta(minutes=15)
_MARK = b'"at":"'
_LENGTH = 27  # of `instant_text`, whose texts sort as the instants they name


class TrailClock:
    """Reads the times of rows in their order and remembers where they fell. Judges nothing but the order."""

    def __init__(self) -> None:
        self._latest = b""
        self._latest_row = 0
        self._falls = 0
        self._first: tuple[int, int, datetime, datetime] | None = None

    def read(self, rows: Sequence[tuple[int, bytes, bytes, bytes]]) -> None:
        """The next rows. What bears no readable time is skipped: that it was changed is told by its hash."""
        latest = self._latest
        for seq, _, _, body in rows:
            begin = body.find(_MARK) + len(_MARK)  # nothing but UUIDs stands before it
            at = body[begin : begin + _LENGTH]
            if at >= latest:
                if _instant(at) is not None:
                    latest, self._latest_row = at, seq
            elif self._fell(seq, at, latest):
                latest, self._latest_row = at, seq
        self._latest = latest

    def _fell(self, seq: int, at: bytes, latest: bytes) -> bool:
        now, before = _instant(at), _instant(latest)
        if now is None or before is None or before - now <= TOLERANCE:
            return False
        self._falls += 1
        self._first = self._first or (self._latest_row, seq, before, now)
        return True

    def findings(self) -> Iterator[Finding]:
        """One warning that names the first fall."""
        if self._first is None:
            return
        earlier, seq, before, now = self._first
        more = f" Insgesamt {self._falls} solche Stellen." if self._falls > 1 else ""
        text = (
            f"Die Zeit läuft rückwärts: Zeile {earlier} ist von {before:%d.%m.%Y %H:%M:%S} UTC, "
            f"Zeile {seq} danach von {now:%d.%m.%Y %H:%M:%S} UTC.{more} Eine Uhr wurde zurückgestellt oder ging "
            "falsch, oder Zeilen wurden neu geschrieben; an der "
            "Kette selbst ist daran nichts zu sehen. Bitte klären, welche Uhr das war."
        )
        yield Finding("TR-16", Severity.WARNING, f"Zeile {seq}", text)


def _instant(text: bytes) -> datetime | None:
    if not text.endswith(b"Z"):
        return None
    try:
        return datetime.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None
