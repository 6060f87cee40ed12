"""What became of the runs that the service asked for: one German line each, for whoever reads its output.

Counts only: case numbers and titles stay out of logs. The record itself is the catalog.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from akten.errors import Unavailable
from flows.prefectapi import call
from flows.receipt import Outcome

RECEIPTS = "quittungen"  # key of the table that an intake run leaves at the server
_OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
_BY_ITSELF = ("COMPLETED", "FAILED")  # neither killed nor kept out by another
_MOST_FOLLOWED = 100  # runs; what a server never ends must not be asked about for ever
_WORDS = {
    Outcome.ARCHIVED: "archiviert",
    Outcome.DUPLICATE: "schon archiviert",
    Outcome.CLEARING: "in der Klärung (archiv klaerung liste)",
    Outcome.UNAVAILABLE: "wartend, wird wieder versucht",
    Outcome.HALTED: "angehalten (archiv doctor)",
    Outcome.ALARM: "ANGEHALTEN: Archiviertes stimmt nicht mit dem Katalog überein (archiv doctor)",
    Outcome.BROKEN: "angehalten wegen eines Programmfehlers",
}


class Followed:
    """The runs asked for that are not over yet."""

    def __init__(self, url: str, say: Callable[[str], None], log: str) -> None:
        self._url = url
        self._say = say
        self._log = log
        self._runs: list[str] = []

    def add(self, run: str) -> None:
        """Follows one more run; the oldest is let go beyond a bound."""
        if run:
            self._runs = [*self._runs, run][-_MOST_FOLLOWED:]

    def look(self) -> dict[str, bool]:
        """Tells of each run that is over; returns these, and whether they went through the inbox. Where the server
        does not answer, a later look tells.
        """
        over: dict[str, bool] = {}
        for run in tuple(self._runs):
            try:
                state = _state(self._url, run)
                told = _ending(self._url, run, state, self._log) if state in _OVER else None
            except Unavailable:  # away, or it has forgotten this run: then the others have their turn first
                self._runs.remove(run)
                self._runs.append(run)
                break
            if told is not None:
                self._runs.remove(run)
                self._say(told)
                over[run] = state in _BY_ITSELF
        return over


def _state(url: str, run: str) -> str:
    found = call(f"{url}/flow_runs/{run}")
    return str(found.get("state_type")) if isinstance(found, dict) else ""


def _ending(url: str, run: str, state: str, log: str) -> str:
    """The line for a run that is over. Raises Unavailable."""
    outcomes = _outcomes(url, run)
    words = ", ".join(f"{outcomes[one]} {word}" for one, word in _WORDS.items() if outcomes[one])
    if state == "CANCELLED":
        return f"Lauf nicht begonnen: Ein anderer ist noch unterwegs.{f' {words}.' if words else ''}"
    if state != "COMPLETED":
        return f"Lauf abgebrochen{f' ({words})' if words else ''}; der nächste macht weiter. Protokoll: {log}"
    return f"Lauf beendet: {words or 'nichts zu tun'}."


def _outcomes(url: str, run: str) -> Counter[str]:
    """How many deliveries of the run ended in which way, from the table that it left."""
    asked: dict[str, object] = {"artifacts": {"flow_run_id": {"any_": [run]}, "key": {"any_": [RECEIPTS]}}}
    tables = call(f"{url}/artifacts/filter", asked)
    counts: Counter[str] = Counter()
    for table in tables if isinstance(tables, list) else []:
        data = table.get("data")
        try:
            rows = json.loads(data) if isinstance(data, str) else data
        except ValueError as error:
            raise Unavailable("Der Prefect-Server hat unverständlich geantwortet.") from error
        counts.update(str(row.get("Stand")) for row in rows or ())
    return counts
