"""One Akte for a person at a terminal: its facts, its Dokumente, its packages and copies, and what waits to be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from akten.plural import plural
from app.correction_show import corrections_of, show_correction, titles_of
from app.hold_show import hold_line
from app.lock_show import LockView
from app.show import STATES, VERDICTS, Listing, moment, size_words, word
from archive.reconcile import lacking
from catalog.values import AkteDetails, AkteRow, ClearingState


def german_day(value: date | None) -> str:
    """A day as people write it; empty for none."""
    return f"{value:%d.%m.%Y}" if value else ""


def former_words(row: AkteRow) -> str:
    """The numbers that an Akte bore before they were corrected."""
    return f"  früheres Aktenzeichen: {', '.join(row.former)}" if row.former else ""


def _vorgaenge(details: AkteDetails) -> dict[UUID, str]:
    """What the Vorgang of every Dokument is called, with its number; several that are called alike are counted."""
    vorgaenge = details.akte.vorgaenge if details.akte else ()
    titles = [" ".join(part for part in (vorgang.zeichen, vorgang.betreff) if part) for vorgang in vorgaenge]
    return {
        dokument.uuid: title if titles.count(title) == 1 else f"{title} ({titles[: place + 1].count(title)})"
        for place, (vorgang, title) in enumerate(zip(vorgaenge, titles, strict=True))
        for dokument in vorgang.dokumente
    }


def left_out(details: AkteDetails) -> int:
    """How many blank pages were scanned and are in no PDF/A: an Akte counts them, its Dokumente do not."""
    here = (dokument for dokument in details.dokumente if dokument.replaced_by is None)
    return details.row.pages - sum(dokument.pages for dokument in here)


def _pages(details: AkteDetails) -> str:
    """The pages of the Akte as lists and receipts count them; empty before anything is archived."""
    if not details.row.pages or not (blank := left_out(details)):
        return str(details.row.pages or "")
    return f"{details.row.pages}, davon {plural(blank, 'Leerseite', 'Leerseiten')} in keinem PDF/A"


def show_akte(
    console: Console,
    details: AkteDetails,
    holds: Sequence[dict[str, Any]],
    locks: LockView,
    stores: Sequence[str],
    archiv: str,
) -> None:
    """Prints one Akte; `stores` are the configured ones, `archiv` is how the next command on this archive begins."""
    row = details.row
    head = Text.assemble((f"{row.aktenart} {row.aktenzeichen}", "bold"), f"  Band {row.band}  {row.betreff}  ")
    head.append_text(word(STATES, row.state))
    console.print(head)
    if row.schreibweise and row.schreibweise != row.aktenzeichen:
        console.print(f"Schreibweise auf dem Laufzettel: {row.schreibweise}", style="dim")
    if row.former:
        console.print(former_words(row))
    facts = {
        "Federführung": row.federfuehrung,
        "Aktenplaneinheit": row.aktenplaneinheit,
        "Laufzeit": " bis ".join(part for part in (german_day(row.laufzeit_von), german_day(row.laufzeit_bis)) if part),
        "zdA": german_day(row.zda_datum),
        "Fristklasse": ", ".join(details.record_classes),
        "aufzubewahren bis": german_day(row.retention_ends),
        "Seiten": _pages(details),
        **(dict(details.akte.felder) if details.akte else {}),
    }
    for name, fact in facts.items():
        if fact:
            console.print(f"  {name}: {fact}")
    for case in details.clearing:
        if case.state is ClearingState.OPEN:
            console.print(Text(f"  In der Klärung: {archiv} klaerung zeige {case.number}", "red"), soft_wrap=True)
    if open_reviews := [review for review in details.reviews if review.state == "open"]:
        waiting = plural(len(open_reviews), "Seite wartet", "Seiten warten")
        console.print(Text(f"  {waiting} auf Sichtung: {archiv} sichtung liste", "yellow"), soft_wrap=True)
    for hold in holds:
        console.print(hold_line(hold))
    places = _vorgaenge(details)
    for title in dict.fromkeys(places.values()):
        if title != row.betreff:  # a Laufzettel without Vorgänge makes one of the name of the Akte
            console.print(f"  Vorgang: {title}")
    pages = "Seiten im PDF/A" if left_out(details) else "Seiten"
    heads = ("Dokument", "Datum", pages, "PDF/A", "Prüfung", "Textgüte", "Version")
    many = len(set(places.values())) > 1  # else the one Vorgang stands above
    table = Listing(*heads, *(("Vorgang",) if many else ()), box=None, header_style="dim")
    for d in details.dokumente:
        quality = "–" if d.mean_confidence is None else f"{d.mean_confidence:.0f} %"
        table.add_row(
            d.betreff,
            german_day(d.datum),
            str(d.pages),
            d.flavour,
            word(VERDICTS, d.verdict.value),
            quality,
            f"{d.version} (ersetzt)" if d.replaced_by else str(d.version),
            *((places.get(d.uuid, ""),) if many else ()),
        )
    console.print(table)
    titles = titles_of(details.akte, details.dokumente)
    for d in details.dokumente:
        for old in d.replaces:
            what = titles.get(old.dokument, "")
            console.print(f"  „{d.betreff}“ ({d.uuid}) ersetzt „{what}“ ({old.dokument}) der Version {old.version}.")
    corrections = corrections_of(details.deliveries)
    for p in details.packages:
        console.print(f"Version {p.package.id.version}: {size_words(p.size)}, abgelegt {moment(p.stored_at)}")
        if (correction := corrections.get(p.package.id.version)) is not None:
            show_correction(console, correction, titles)
        for c in p.copies:
            line = Text(f"  Kopie {c.store}: ")
            line.append_text(word(VERDICTS, c.verdict.value) if c.checked_at else Text("beim Ablegen geprüft", "green"))
            line.append(f", zuletzt gelesen {moment(c.checked_at or c.verified_at)}", style="dim")
            locks.show_copy(console, line, p.package.id.version, c)
        for store in lacking(p.package, stores):
            line = Text(f"  Kopie {store}: ").append(
                "fehlt, der Speicher kam wohl erst nach dieser Version hinzu", "yellow"
            )
            console.print(
                line.append(f": {archiv} fixity ersetze … --speicher {store} --ursache …", "dim"), soft_wrap=True
            )
    locks.show_reasons(console)
