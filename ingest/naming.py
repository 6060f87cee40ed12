"""The Aktenzeichen of a slip: exactly one reading in its own family, or the finding that says what is expected."""

from __future__ import annotations

import re
from collections.abc import Iterable

from akten.aktenzeichen import Aktenzeichen, Muster, recognise
from akten.findings import Finding
from akten.plural import plural
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
    """The one reading of what a slip says, or IN-20 (none) or IN-21 (several, all named)."""
    where = f"{slip.datei}, aktenzeichen"
    return read_number(slip.aktenzeichen, slip.aktenart, options, where, "im Laufzettel ganz ausschreiben")


def read_number(
    said: str, aktenart: str, options: IntakeOptions, where: str, how: str = "ganz ausschreiben"
) -> Aktenzeichen | Finding:
    """The one reading of a number in its family, or IN-20 or IN-21; `how` says what to do about several."""
    readings = recognise(said, options.muster, aktenart)
    if len(readings) == 1:
        return readings[0]
    if readings:
        named = " oder ".join(f"„{reading.kanonisch}“" for reading in readings)
        text = f"Das Aktenzeichen ist mehrdeutig: Ist {named} gemeint? Bitte {how}."
        return error("IN-21", where, text)
    expected = " oder ".join(f"„{example_of(m)}“" for m in options.muster if m.aktenart == aktenart)
    if not expected:
        return error("IN-20", where, f"Für die Aktenart {aktenart} ist kein Muster eingerichtet (ARCHIV_INTAKE).")
    text = f"„{shown(said)}“ ist kein Aktenzeichen der Aktenart {aktenart}; erwartet wird etwa {expected}."
    band = _BAND.fullmatch(said.strip())
    if band is not None and recognise(band[1], options.muster, aktenart):
        text += f" Der Band steht in einem eigenen Feld: „band“ ist {band[2]}."
    others = {m.aktenart for m in options.muster if recognise(said, (m,))}
    if others:
        text += f" Es passt zur Aktenart {' oder '.join(sorted(others))}: Stimmt die Aktenart?"
    return error("IN-20", where, text)


def future_year(
    reading: Aktenzeichen, aktenart: str, options: IntakeOptions, where: str, year_now: int
) -> Finding | None:
    """IN-22 when the year of the Aktenzeichen has not come yet."""
    for muster in options.muster:
        if muster.aktenart == aktenart:
            year = year_of(reading.kanonisch, muster)
            if year is not None and year > year_now:
                text = f"Das Aktenzeichen liegt im Jahr {year}, also in der Zukunft; bitte das Jahr prüfen."
                return error("IN-22", where, text)
    return None


def once_borne(slip: Slip, today: Iterable[tuple[str, int]], there: int) -> Finding:
    """IN-28 for a number that Akten bore before it was corrected; `today` are their numbers and Bände now, `there` says
    how many of the scans lie in them already.
    """
    names = list(dict.fromkeys(number + (f" Band {band}" if band > 1 else "") for number, band in today))
    which = "Die Akte heißt" if len(names) == 1 else "Die Akten heißen"
    lies = f" ({plural(there, 'Scan', 'Scans')} der Lieferung {'liegt' if there == 1 else 'liegen'} dort schon.)"
    text = (
        f"Dieses Aktenzeichen wurde berichtigt: {which} heute {' oder '.join(names)}.{lies if there else ''} Gehört "
        "die Lieferung dorthin, bitte das Aktenzeichen auf dem Laufzettel berichtigen und neu einreichen. Ist sie "
        "wirklich eine andere Akte mit dem alten Zeichen, bitte mit Begründung annehmen; dann wird sie als eigene "
        "angelegt."
    )
    return error("IN-28", f"{slip.datei}, aktenzeichen", text)


def soon_borne(slip: Slip, today: Iterable[tuple[str, int]]) -> Finding:
    """IN-28 for a number that somebody proposed for Akten with the numbers and Bände of `today`."""
    names = list(dict.fromkeys(number + (f" Band {band}" if band > 1 else "") for number, band in today))
    text = (
        f"Für die Akte {' und die Akte '.join(names)} ist vorgeschlagen, dass sie künftig dieses Aktenzeichen trägt; "
        "ausgeführt ist das noch nicht (archiv akte berichtigungen). Gehört die Lieferung zu ihr, bitte danach neu "
        "einreichen. Ist sie wirklich eine andere Akte, bitte mit Begründung annehmen; dann wird "
        "sie als eigene angelegt, und die Berichtigung ist nicht mehr möglich."
    )
    return error("IN-28", f"{slip.datei}, aktenzeichen", text)
