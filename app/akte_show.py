"""One Akte for a person at a terminal: its facts, its Dokumente, its packages and copies, and what waits to be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from akten.model import Anlage
from akten.plural import plural
from app.correction_show import corrections_of, show_correction, titles_of
from app.hold_show import hold_line
from app.lock_show import LockView
from app.show import STATES, VERDICTS, Listing, moment, size_words, word
from archive.reconcile import lacking
from catalog.values import AkteDetails, AkteRow, ClearingState

_FEW = 10  # attachments of a Dokument that are told by name


def german_day(value: date | None) -> str:
    """A day as people write it; empty for none."""
    return f"{value:%d.%m.%Y}" if value else ""


def former_words(row: AkteRow) -> str:
    """The numbers that an Akte bore before they were corrected."""
    words = "früheres" if len(row.former) == 1 else "frühere"
    return f"  {words} Aktenzeichen: {', '.join(row.former)}" if row.former else ""


def received_days(details: AkteDetails) -> dict[UUID, date]:
    """The day on which each Dokument of the newest version was received, where it is known."""
    here = details.akte.dokumente if details.akte else ()
    return {dokument.uuid: dokument.posteingang for dokument in here if dokument.posteingang}


def attachments_of(details: AkteDetails) -> dict[UUID, tuple[Anlage, ...]]:
    """What was embedded in the files of each Dokument of the newest version and lies in the package by itself."""
    here = details.akte.dokumente if details.akte else ()
    return {dokument.uuid: dokument.anlagen for dokument in here if dokument.anlagen}


def _titles(details: AkteDetails) -> list[str]:
    """What each Vorgang is called, with its Zeichen; several that are called alike are counted."""
    vorgaenge = details.akte.vorgaenge if details.akte else ()
    titles = [" ".join(part for part in (vorgang.zeichen, vorgang.betreff) if part) for vorgang in vorgaenge]
    return [
        title if titles.count(title) == 1 else f"{title} ({titles[: place + 1].count(title)})"
        for place, title in enumerate(titles)
    ]


def _vorgaenge(details: AkteDetails) -> dict[UUID, str]:
    """What the Vorgang of every Dokument is called."""
    vorgaenge = details.akte.vorgaenge if details.akte else ()
    titles = zip(vorgaenge, _titles(details), strict=True)
    return {dokument.uuid: title for vorgang, title in titles for dokument in vorgang.dokumente}


def _show_vorgaenge(console: Console, details: AkteDetails) -> None:
    """One line for each, with the number that corrections take, its type and days."""
    vorgaenge = details.akte.vorgaenge if details.akte else ()
    for place, (vorgang, title) in enumerate(zip(vorgaenge, _titles(details), strict=True), 1):
        words = [
            word
            for word in (vorgang.typ and f"Typ {vorgang.typ}", span(vorgang.laufzeit.beginn, vorgang.laufzeit.ende))
            if word
        ]
        if words or title != details.row.betreff:  # a Laufzettel without Vorgänge makes one of the name of the Akte
            told = f" ({', '.join(words)})" if words else ""
            console.print(f"  Vorgang {place}: {title}{told}", soft_wrap=True)


def span(first: date | None, last: date | None) -> str:
    """Two days as people write them, either of which may be unknown."""
    if first is None or last is None:
        return f"ab {german_day(first)}" if first else f"bis {german_day(last)}" if last else ""
    return f"{german_day(first)} bis {german_day(last)}"


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
        "Laufzeit": span(row.laufzeit_von, row.laufzeit_bis),
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
    _show_vorgaenge(console, details)
    numbers = {d.uuid: place for place, d in enumerate(details.akte.dokumente if details.akte else (), 1)}
    received = received_days(details)
    pages = "Seiten im PDF/A" if left_out(details) else "Seiten"
    incoming = ("Posteingang",) if received else ()
    heads = ("Nr", "Dokument", "Datum", *incoming, pages, "PDF/A", "Prüfung", "Textgüte", "Version")
    many = len(set(places.values())) > 1  # else the one Vorgang stands above
    table = Listing(*heads, *(("Vorgang",) if many else ()), box=None, header_style="dim")
    for d in details.dokumente:
        quality = "–" if d.mean_confidence is None else f"{d.mean_confidence:.0f} %"
        table.add_row(
            str(numbers.get(d.uuid, "")),
            d.betreff,
            german_day(d.datum),
            *((german_day(received.get(d.uuid)),) if received else ()),
            str(d.pages),
            d.flavour,
            word(VERDICTS, d.verdict.value),
            quality,
            f"{d.version} (ersetzt)" if d.replaced_by else str(d.version),
            *((places.get(d.uuid, ""),) if many else ()),
        )
    if details.dokumente:  # a delivery that still waits has none: a head without lines says nothing
        console.print(table)
    attachments = attachments_of(details)
    titles = titles_of(details.akte, details.dokumente)
    for d in details.dokumente:
        if inside := attachments.get(d.uuid, ()):
            names = ", ".join(f"„{anlage.betreff}“" for anlage in inside[:_FEW])
            rest = f" und {len(inside) - _FEW} weitere" if len(inside) > _FEW else ""
            console.print(f"  In „{d.betreff}“ steckten, einzeln bewahrt: {names}{rest}.", soft_wrap=True)
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
