"""The Aktenzeichen of a slip: exactly one reading in its own family, or the finding that says what is expected."""

from __future__ import annotations

import re

from akten.aktenzeichen import Aktenzeichen, Muster, recognise
from akten.findings import Finding
from ingest.options import IntakeOptions
from ingest.rules import error
from ingest.slip_fields import shown
from ingest.slipdoc import Slip

_BAND = re.compile(r"(.+?)[\s,;(]*\b(?:Band|Bd\.?)\s*([1-9]\d{0,3})\)?", re.IGNORECASE | re.ASCII)
_FIELD = re.compile(r"\{([a-z]+)(?::(\d+|a))?\}")


def example_of(muster: Muster) -> str:
    """A made-up Aktenzeichen of the pattern, as a person would write it."""

    def fill(field: re.Match[str]) -> str:
        if field[1] == "jahr":
            return str(min(muster.jahr_bis, 2019))
        if field[2] == "a":
            return "HF"
        return "1234567890"[: int(field[2] or 1)].rjust(int(field[2] or 1), "0")

    return _FIELD.sub(fill, muster.vorlage)


def year_of(kanonisch: str, muster: Muster) -> int | None:
    """The year inside a canonical Aktenzeichen; None when the pattern has none or does not fit."""
    expression, position = "", 0
    for field in _FIELD.finditer(muster.vorlage):
        expression += re.escape(muster.vorlage[position : field.start()])
        expression += r"(?P<jahr>\d{4})" if field[1] == "jahr" else r"[0-9]+" if field[2] != "a" else r"[A-ZÄÖÜ]+"
        position = field.end()
    match = re.fullmatch(expression + re.escape(muster.vorlage[position:]), kanonisch)
    return int(match["jahr"]) if match and "jahr" in match.groupdict() else None


def reading_of(slip: Slip, options: IntakeOptions) -> Aktenzeichen | Finding:
    """The one reading, or IN-20 (none) or IN-21 (several, all named)."""
    readings = recognise(slip.aktenzeichen, options.muster, slip.aktenart)
    if len(readings) == 1:
        return readings[0]
    where = f"{slip.datei}, aktenzeichen"
    if readings:
        named = " oder ".join(f"„{reading.kanonisch}“" for reading in readings)
        text = f"Das Aktenzeichen ist mehrdeutig: Ist {named} gemeint? Bitte im Laufzettel ganz ausschreiben."
        return error("IN-21", where, text)
    expected = " oder ".join(f"„{example_of(m)}“" for m in options.muster if m.aktenart == slip.aktenart)
    if not expected:
        return error("IN-20", where, f"Für die Aktenart {slip.aktenart} ist kein Muster eingerichtet (ARCHIV_INTAKE).")
    given = shown(slip.aktenzeichen)
    text = f"„{given}“ ist kein Aktenzeichen der Aktenart {slip.aktenart}; erwartet wird etwa {expected}."
    band = _BAND.fullmatch(slip.aktenzeichen.strip())
    if band is not None and recognise(band[1], options.muster, slip.aktenart):
        text += f" Der Band steht in einem eigenen Feld: „band“ ist {band[2]}."
    others = {m.aktenart for m in options.muster if recognise(slip.aktenzeichen, (m,))}
    if others:
        text += f" Es passt zur Aktenart {' oder '.join(sorted(others))}: Stimmt die Aktenart?"
    return error("IN-20", where, text)


def future_year(reading: Aktenzeichen, slip: Slip, options: IntakeOptions, year_now: int) -> int | None:
    """The year of the Aktenzeichen when it has not come yet."""
    for muster in options.muster:
        if muster.aktenart == slip.aktenart:
            year = year_of(reading.kanonisch, muster)
            if year is not None and year > year_now:
                return year
    return None
