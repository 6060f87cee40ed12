"""`archiv protokoll`: who did what, who read what, and whether the chain is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from akten.findings import Severity, Verdict, worst
from akten.model import clean_text
from akten.plural import plural
from app.audit_verbs import IN, check_extract, sample_draw, tell_like, trail_extract
from app.command import Call, Words, require_in_order, verb
from app.correction_show import note_words
from app.find_verbs import DAY, DAY_WORD
from app.named_places import named_places
from app.one_akte import one_akte, require_number_for_band
from app.opening import open_archive
from app.output import EXIT_OF_VERDICT
from app.show import VERDICTS, Listing, findings_table, moment, word
from app.spans import midnight
from app.trail_words import facts_told, what_happened
from catalog.trail import Verb
from catalog.values import TrailEvent
from flows.anchors import published_heads
from flows.receipt import finding_json

BROKEN_DE = {
    "TR-01": "GEÄNDERT",
    "TR-02": "DAVOR FEHLT EINE ZEILE",
    "TR-03": "GEÄNDERT",
    "TR-09": "WORTE GEÄNDERT",
}


@click.group(cls=Words)
def protokoll() -> None:
    """Das Protokoll: lückenlos verkettet, nur anfügbar."""


protokoll.add_command(trail_extract)
protokoll.add_command(sample_draw)


@protokoll.command("pruefe")
@click.option("--auszug", type=IN, metavar="DATEI", help="Statt der Kette diesen Auszug; dazu braucht es kein Archiv.")
@click.option(
    "--kopf",
    "heads",
    type=IN,
    metavar="DATEI",
    multiple=True,
    help="Kopf aus einem Speicher, gegen den er geprüft wird.",
)
@verb
def trail_check(call: Call, *, auszug: Path | None, heads: tuple[Path, ...]) -> int:
    """Prüft die ganze Kette, auch gegen die in den Speichern veröffentlichten Köpfe; oder einen Auszug."""
    if auszug is not None:
        return check_extract(call, auszug, heads)
    if heads:
        raise click.UsageError("--kopf gehört zu einem Auszug: --auszug DATEI.")
    with open_archive(call) as services:
        catalog = services.catalog  # first: without it no store need be woken
        with call.output.working("Die ganze Kette wird gelesen"):
            anchors, problems = published_heads(services)
            report = catalog.verify_trail(anchors)
        findings = (*problems, *report.findings)
        places = named_places(catalog, findings)
    verdict = report.verdict
    if any(f.severity is Severity.ERROR for f in problems):
        verdict = Verdict.FAILED
    elif problems:
        verdict = worst((verdict, Verdict.NOT_CHECKED))
    value = {
        "verdict": verdict.value,
        "rows": report.rows,
        "head": report.head,
        "anchors": len(anchors),
        "first_bad": report.first_bad,
        "cut": report.cut,
        "findings": [finding_json(f) for f in findings],
    }

    def show(console: Console) -> None:
        console.print(
            "Protokoll:",
            word(VERDICTS, verdict.value),
            f"({plural(report.rows, 'Zeile', 'Zeilen')}, {plural(len(anchors), 'Kopf', 'Köpfe')} in den Speichern)",
        )
        if findings:
            console.print(findings_table([finding_json(f) for f in findings], places))
        if report.cut:  # else an auditor takes them for all
            text = "Das müssen nicht alle Befunde sein: nach den ersten hundert wird nicht weitergesucht."
            console.print(text, style="bold", soft_wrap=True)

    call.output.result(value, show)
    return EXIT_OF_VERDICT[verdict]


def event_json(event: TrailEvent) -> dict[str, Any]:
    """One event as the command line prints it."""
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "by": event.by.label,
        "kind": event.by.kind.value,
        "verb": event.verb,
        "akte": str(event.akte) if event.akte else None,
        "delivery": str(event.delivery) if event.delivery else None,
        "data": dict(event.data),
        "note": event.note,
        "hash": event.hash,
        "broken": event.broken,
    }


class _Shown:
    """The first so many of some events, each once; what was noticed on the way stands beside them in the end."""

    def __init__(self, events: Iterator[TrailEvent], most: int) -> None:
        self._events = events
        self._most = most
        self.broken = 0  # so many rows that do not fit
        self.more = False

    def __iter__(self) -> Iterator[TrailEvent]:
        for number, event in enumerate(self._events):
            if number >= self._most:
                self.more = True
                continue
            self.broken += bool(event.broken)
            yield event


@protokoll.command("zeige")
@click.argument("aktenzeichen", required=False)
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@click.option("--benutzer", help="Nur was dieses Konto tat.")
@click.option("--von", type=DAY, metavar=DAY_WORD, help="Ab diesem Tag.")
@click.option("--bis", type=DAY, metavar=DAY_WORD, help="Bis zu diesem Tag, ihn eingeschlossen.")
@click.option("--anzahl", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="So viele Zeilen.")
@verb
def trail_show(
    call: Call,
    aktenzeichen: str | None,
    *,
    band: int | None,
    benutzer: str | None,
    von: datetime | None,
    bis: datetime | None,
    anzahl: int,
) -> int:
    """Zeigt, wer wann was tat: zu einer Akte, einem Konto oder einem Zeitraum.

    Eine geänderte Zeile ist als solche bezeichnet; ob alles stimmt, sagt archiv protokoll pruefe.
    """
    if aktenzeichen is None and benutzer is None and von is None and bis is None:
        raise click.UsageError("Bitte ein Aktenzeichen, --benutzer oder einen Zeitraum nennen.")
    require_in_order(von, bis)
    require_number_for_band(aktenzeichen, band)
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band).uuid if aktenzeichen is not None else None
        like = services.catalog.accounts_like(clean_text(benutzer)) if benutzer else ()
        found = services.catalog.events_in_turn(
            akte=akte,
            by=benutzer and clean_text(benutzer),  # an argument may hold bytes that are no text
            von=midnight(von) if von else None,
            bis=midnight(bis, days=1) if bis else None,
            limit=anzahl + 1,
        )
        shown = _Shown(found, anzahl)
        events: tuple[TrailEvent, ...] = ()
        if call.output.as_json:  # of a year of a large archive no memory should hold all rows
            call.output.result((event_json(event) for event in shown), lambda _: None)
        else:
            events = tuple(shown)
        # Who asks for an account or a time asks which Akten it was about.
        names = {} if akte else services.catalog.names(event.akte for event in events if event.akte)

    def show(console: Console) -> None:
        of_akte = ("Akte",) if akte is None else ()
        table = Listing("Zeile", "Zeit", "Wer", "Was", *of_akte, "Angaben", box=None, header_style="dim")
        for event in events:
            facts = facts_told(event.data)
            what = what_happened(event.verb, event.data)
            mark = f"{BROKEN_DE[event.broken]} ({event.broken}) " if event.broken else ""
            words = note_words(event.note) if event.verb == Verb.CORRECTION_PROPOSED.value else event.note
            told = Text.assemble((mark, "red"), " – ".join(part for part in (facts, words) if part))
            which = (names.get(event.akte, str(event.akte)) if event.akte else "",) if akte is None else ()
            table.add_row(str(event.seq), moment(event.at, "%d.%m.%Y %H:%M:%S"), str(event.by), what, *which, told)
        console.print(table if events else "Dazu steht nichts im Protokoll.")

    if not call.output.as_json:
        call.output.result(None, show)
    tell_like(call, like)
    if shown.more:  # the oldest come first: whoever takes this for all of it misses what happened last
        call.output.say(f"Das sind nur die ältesten {anzahl}; weitere zeigt --anzahl ZAHL oder ein Zeitraum ab --von.")
    if not shown.broken:
        return 0
    wrong = plural(shown.broken, "Zeile stimmt", "Zeilen stimmen")
    call.output.say(f"{wrong} nicht. Alles prüft: {call.archiv} protokoll pruefe")
    return EXIT_OF_VERDICT[Verdict.FAILED]
