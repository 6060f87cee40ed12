"""What the register shows of an Akte, taken out of its description."""

from __future__ import annotations

from datetime import date
from typing import Any

from akten.model import Akte, clean_text
from catalog.fold import fold


def akte_columns(akte: Akte) -> dict[str, Any]:
    """The columns that follow a description; Aktenart and Band never change."""
    days: list[date | None] = [akte.laufzeit.beginn, akte.laufzeit.ende, akte.zda_datum]
    for vorgang in akte.vorgaenge:
        days += [vorgang.laufzeit.beginn, vorgang.laufzeit.ende, *(d.datum for d in vorgang.dokumente)]
    known = [day for day in days if day is not None]
    betreff = clean_text(akte.betreff)
    return {
        "aktenzeichen": clean_text(akte.aktenzeichen.kanonisch),
        "schreibweise": clean_text(akte.aktenzeichen.schreibweise),
        "betreff": betreff,
        "betreff_folded": fold(betreff),
        "aktenplaneinheit": clean_text(akte.aktenplaneinheit),
        "federfuehrung": clean_text(akte.federfuehrung),
        "record_class": clean_text(akte.aufbewahrung.record_class) if akte.aufbewahrung else "",
        "laufzeit_von": akte.laufzeit.beginn,
        "laufzeit_bis": akte.laufzeit.ende,
        "datum_von": min(known, default=None),
        "datum_bis": max(known, default=None),
        "zda_datum": akte.zda_datum,
        "retention_ends": akte.aufbewahrung.ende if akte.aufbewahrung else None,
    }
