"""What the slip of a Nachscan changes in the description of an archived Akte: said, because nobody asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from akten.findings import Finding, Severity
from akten.model import Akte, Laufzeit
from catalog.fold import tokens
from catalog.keeping import KeepingRow, KnownEvent
from catalog.values import DeliveryRow


def redescribed(before: Akte, said: Akte, slip: str) -> tuple[Finding, ...]:
    """WF-07 for what the new slip (`said`) names otherwise than it stood in the Akte; no value is quoted.

    A Betreff has its own word (IN-26), and where a slip is silent, or wider, nothing is lost.
    """
    changed = [
        name
        for name, old, new in (
            ("Federführung", before.federfuehrung, said.federfuehrung),
            ("Aktenplaneinheit", before.aktenplaneinheit, said.aktenplaneinheit),
            ("z.d.A.-Datum", before.zda_datum, said.zda_datum),
        )
        if old and new and tokens(str(old)) != tokens(str(new))
    ]
    if _narrower(before.laufzeit, said.laufzeit):
        changed.append("Laufzeit (sie deckt nicht mehr, was sie deckte)")
    known = dict(before.felder)
    changed += [
        f"Feld „{name}“" for name, value in said.felder if name in known and tokens(known[name]) != tokens(value)
    ]
    if not changed:
        return ()
    text = (
        f"Der Laufzettel nennt anders, was schon in der Akte stand: {', '.join(changed)}. Die neue Version trägt, was "
        "er nennt; die vorige bleibt, wie sie war. Bitte ansehen (archiv akte zeige), ob das gewollt ist."
    )
    return (Finding("WF-07", Severity.WARNING, slip, text),)


def _narrower(known: Laufzeit, said: Laufzeit) -> bool:
    """True when the named days leave out days that were covered."""
    later = known.beginn is not None and said.beginn is not None and said.beginn > known.beginn
    earlier = known.ende is not None and said.ende is not None and said.ende < known.ende
    return later or earlier


def other_days(known: KeepingRow | None, row: DeliveryRow) -> tuple[Finding, ...]:
    """EV-10 for every event of the slip of `row` for which another day counts, too: one of them moves the period.

    A day of the slip that a person put right since does not count, and nothing is said of it.
    """
    events = known.events if known is not None else ()
    days = {(ereignis, date.fromisoformat(day)) for ereignis, day in row.slip.get("ereignisse", ())}
    counting = sorted((event.ereignis, event.datum) for event in events if (event.ereignis, event.datum) in days)
    where = f"{row.slip.get('datei', '')}, ereignisse"
    return tuple(
        Finding("EV-10", Severity.WARNING, where, _beside(ereignis, day, others))
        for ereignis, day in counting
        if (others := [event for event in events if event.ereignis == ereignis and event.datum != day])
    )


def _beside(ereignis: str, day: date, others: Iterable[KnownEvent]) -> str:
    told = ", ".join(
        f"{_german(event.datum)} ({event.evidence if event.number is None else f'Meldung Nr. {event.number}'})"
        for event in others
    )
    return (
        f"Der Laufzettel nennt für das Ereignis „{ereignis}“ den {_german(day)}; im Register steht dafür auch: {told}. "
        "Jeder dieser Tage gilt. War einer ein Irrtum, berichtigt ihn archiv ereignis melde: den Tag eines Laufzettels "
        "mit --ersetzt TAG, eine Meldung mit --ersetzt NR."
    )


def _german(day: date) -> str:
    return f"{day:%d.%m.}{day.year}"
