"""The one Akte that a spelling on the command line means."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from uuid import UUID

import click

from akten.aktenzeichen import Muster, recognise
from akten.errors import Unknown
from akten.lifecycle import Stage
from app.command import Call
from catalog.search import Why
from catalog.values import AkteRow
from flows.wiring import Services

_MOST_LIKE = 3
_WHOLE = "das Zeichen ganz schreiben; sonst hilft die UUID (archiv suche … --json)"
_BAND = re.compile(r"(.*[^\s,]),?\s+(?:Band|Bd\.?)\s*(\d{1,4})", re.IGNORECASE | re.ASCII)


def one_akte(call: Call, services: Services, text: str, band: int | None) -> AkteRow:
    """The one Akte that a spelling (or UUID) means. Raises Unknown when there is none or several.

    An Akte that bears the number today is meant before one that bore it before it was corrected; of that it is said
    what it is called now.
    """
    text, said = split_band(text, services.intake.muster)
    if None not in (said, band) and said != band:
        raise Unknown(f"„{text} Band {said}“ und --band {band} widersprechen sich.")
    band = said if band is None else band
    rows = services.catalog.akte_by_aktenzeichen(text, services.intake.muster) or _by_uuid(services, text)
    if all(band not in (None, row.band) or _came_to_nothing(row) for row in rows):
        former = services.catalog.akten_formerly(text, services.intake.muster)
        if chosen := tuple(row for row in former if band in (None, row.band)):
            row = _only(text, chosen, "das heutige Zeichen nennen")
            _tell_number(call, services, text, row)
            return row
        if former and not rows:
            names = ", ".join(akte_name(row) for row in former)
            raise Unknown(f"„{text}“ wurde berichtigt, und einen Band {band} gab es darunter nicht; heute: {names}.")
    if not rows:
        raise Unknown(f"Zu „{text}“ gibt es keine Akte.{_beginning_like(services, text)} Suchen hilft: archiv suche …")
    if band is not None and not (of_band := tuple(row for row in rows if row.band == band)):
        there = ", ".join(str(number) for number in sorted({row.band for row in rows}))
        raise Unknown(f"Von „{text}“ gibt es keinen Band {band}; es gibt Band {there}.")
    return _only(text, rows if band is None else of_band)


def _came_to_nothing(row: AkteRow) -> bool:
    """True for an Akte that was opened for a delivery which was given back: what bore its number once is meant."""
    return not row.version and row.state == Stage.RETURNED


def _only(text: str, rows: Sequence[AkteRow], else_say: str = _WHOLE) -> AkteRow:
    if len(rows) == 1:
        return rows[0]
    names = ", ".join(f"{row.aktenart} {row.aktenzeichen} Band {row.band}" for row in rows)
    volumes = len({(row.aktenart, row.aktenzeichen) for row in rows}) == 1
    how = "mit --band wählen" if volumes else else_say
    raise Unknown(f"„{text}“ ist mehrdeutig: {names}. Bitte {how}.")


def _tell_number(call: Call, services: Services, text: str, row: AkteRow) -> None:
    """Says that what was asked for is a former number, and which holds today; in JSON too."""
    read = {reading.kanonisch for reading in recognise(text, services.intake.muster)}
    asked = next((number for number in row.former if number in read), text.strip())
    said = f"{asked} wurde berichtigt: Die Akte heißt heute {akte_name(row)}."
    call.output.remark("former_number", {"asked": asked, "today": row.aktenzeichen}, said)


def akte_name(row: AkteRow) -> str:
    """„Bauakte 63-01234-2019 Band 2“; as on receipts the first Band goes without saying."""
    return f"{row.aktenart} {row.aktenzeichen}" + (f" Band {row.band}" if row.band > 1 else "")


def akte_in_call(row: AkteRow) -> str:
    """An Akte in the next command to type, which must mean this Band, also when a number has several."""
    return f"{shlex.quote(row.aktenzeichen)} --band {row.band}"


def require_number_for_band(aktenzeichen: str | None, band: int | None) -> None:
    """Raises UsageError for a Band of nothing: it would be passed over without a word."""
    if band is not None and aktenzeichen is None:
        raise click.UsageError("--band wählt unter den Bänden eines Aktenzeichens; hier ist keines genannt.")


def split_band(text: str, muster: Iterable[Muster]) -> tuple[str, int | None]:
    """„63-1234-19 Band 2“, as lists and receipts name it, in number and Band; any other text stays whole."""
    match = _BAND.fullmatch(text.strip())
    if match is None or not recognise(match[1], tuple(muster)):
        return text, None
    return match[1], int(match[2])


def _by_uuid(services: Services, text: str) -> tuple[AkteRow, ...]:
    """Findings name an Akte by its UUID where its number is nobody's business; the one who is asked must find it."""
    try:
        row = services.catalog.akte(UUID(text))
    except ValueError:
        return ()
    return () if row is None else (row,)


def _beginning_like(services: Services, text: str) -> str:
    """Akten whose number begins with what was typed: perhaps only half of it was."""
    if not text.strip():
        return ""
    answer = services.catalog.find(text, limit=_MOST_LIKE + 1, muster=services.intake.muster)
    like = list(
        dict.fromkeys(f"{hit.akte.aktenart} {hit.akte.aktenzeichen}" for hit in answer.hits if hit.why is Why.ANFANG)
    )
    if not like:
        return ""
    return f" So fängt an: {', '.join(like[:_MOST_LIKE])}{' …' if len(like) > _MOST_LIKE else ''}."
