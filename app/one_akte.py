"""The one Akte that a spelling on the command line means."""

from __future__ import annotations

from akten.errors import Unknown
from catalog.values import AkteRow
from flows.wiring import Services


def one_akte(services: Services, text: str, band: int | None) -> AkteRow:
    """The one Akte that a spelling means. Raises Unknown when there is none or several."""
    rows = services.catalog.akte_by_aktenzeichen(text, services.intake.muster)
    if band is not None:
        rows = tuple(row for row in rows if row.band == band)
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise Unknown(f"Zu „{text}“ gibt es keine Akte. Suchen hilft: archiv suche …")
    names = ", ".join(f"{row.aktenart} {row.aktenzeichen} Band {row.band}" for row in rows)
    raise Unknown(f"„{text}“ ist mehrdeutig: {names}. Bitte mit --band wählen.")
