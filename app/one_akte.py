"""The one Akte that a spelling on the command line means."""

from __future__ import annotations

from uuid import UUID

from akten.errors import Unknown
from catalog.values import AkteRow
from flows.wiring import Services


def one_akte(services: Services, text: str, band: int | None) -> AkteRow:
    """The one Akte that a spelling (or UUID) means. Raises Unknown when there is none or several."""
    rows = services.catalog.akte_by_aktenzeichen(text, services.intake.muster) or _by_uuid(services, text)
    if band is not None:
        rows = tuple(row for row in rows if row.band == band)
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise Unknown(f"Zu „{text}“ gibt es keine Akte. Suchen hilft: archiv suche …")
    names = ", ".join(f"{row.aktenart} {row.aktenzeichen} Band {row.band}" for row in rows)
    volumes = len({(row.aktenart, row.aktenzeichen) for row in rows}) == 1
    how = "mit --band wählen" if volumes else "das Zeichen ganz schreiben; sonst hilft die UUID (archiv suche … --json)"
    raise Unknown(f"„{text}“ ist mehrdeutig: {names}. Bitte {how}.")


def _by_uuid(services: Services, text: str) -> tuple[AkteRow, ...]:
    """Findings name an Akte by its UUID where its number is nobody's business; the one who is asked must find it."""
    try:
        row = services.catalog.akte(UUID(text))
    except ValueError:
        return ()
    return () if row is None else (row,)
