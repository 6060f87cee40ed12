"""`archiv sichtung`: pages whose text a person looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console

from app.command import Call, Words, verb
from app.opening import open_archive
from app.paging import counted, paged, rest_of
from app.show import Listing, number_column
from catalog.values import Review
from flows.wiring import Services

# One line; the UUID behind it may be copied onto the slip.
RESCAN = "Das ganze Dokument neu scannen und mit demselben Aktenzeichen liefern; am Dokument auf dem Laufzettel:"
WHYS = {"failed": "Seite nicht lesbar", "no_text": "kein Text erkannt", "low": "Text unsicher"}


@click.group(cls=Words)
def sichtung() -> None:
    """Die Sichtungsliste: Seiten, deren Text ein Mensch ansehen soll."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page to look at is found: the Band of its Akte and what its Dokument is called."""

    band: int | None = None
    betreff: str = ""


def _places(services: Services, found: Sequence[Review]) -> dict[int, _Place]:
    """The place of every review by its number; an empty one while its Akte is not described."""
    akten = {uuid: services.catalog.akte_snapshot(uuid) for uuid in {r.akte for r in found if r.akte is not None}}
    places = {}
    for review in found:
        akte = akten.get(review.akte) if review.akte else None
        titles = {dokument.uuid: dokument.betreff for dokument in akte.dokumente} if akte else {}
        places[review.number] = _Place(akte.band if akte else None, titles.get(review.dokument, ""))
    return places


def review_json(review: Review, place: _Place) -> dict[str, Any]:
    """One page to look at as the command line prints it."""
    return {
        "number": review.number,
        "akte": str(review.akte) if review.akte else None,
        "aktenzeichen": review.aktenzeichen,
        "band": place.band,
        "dokument": str(review.dokument),
        "betreff": place.betreff,
        "page": review.page,
        "confidence": review.confidence,
        "why": review.why,
        "state": review.state,
        "result": review.result,
        "note": review.note,
        "by": review.by,
    }


@sichtung.command("liste")
@click.option("--alle", is_flag=True, help="Auch gesichtete Seiten.")
@paged()
@verb
def review_list(call: Call, *, alle: bool, anzahl: int, ab: int) -> None:
    """Listet Seiten mit unsicherem oder fehlendem Text."""
    with open_archive(call) as services:
        found = services.catalog.reviews(state=None if alle else "open", limit=anzahl, offset=ab)
        places = _places(services, found.rows)

    def show(console: Console) -> None:
        if not found.total:
            console.print("Noch keine Seite kam zur Sichtung." if alle else "Keine Seite wartet auf Sichtung.")
            return
        titles = ("Nr.", number_column("Akte"), "Band", "Dokument", "Seite", "Güte", "Warum", "Stand")
        table = Listing(*titles, box=None, header_style="dim")
        for review in found.rows:
            confidence = "–" if review.confidence is None else f"{review.confidence:.0f} %"
            state = review.result or "offen"
            why = WHYS.get(review.why, review.why)
            table.add_row(
                str(review.number),
                review.aktenzeichen,
                str(places[review.number].band or "–"),
                places[review.number].betreff or str(review.dokument)[:8],
                str(review.page),
                confidence,
                why,
                state,
            )
        console.print(table)
        console.print(rest or counted(len(found.rows), found.total), style="dim")
        console.print(
            f"Gesichtet? {call.archiv} sichtung loese NR lesbar|unleserlich|nachscannen", style="dim", soft_wrap=True
        )

    rest = rest_of(len(found.rows), found.total, ab)
    call.output.page([review_json(review, places[review.number]) for review in found.rows], show, rest)


@sichtung.command("loese")
@click.argument("nr", type=int)
@click.argument("ergebnis", type=click.Choice(["lesbar", "unleserlich", "nachscannen"]))
@click.option("--notiz", default="", help="Bemerkung.")
@verb
def review_resolve(call: Call, nr: int, ergebnis: str, notiz: str) -> None:
    """Hält fest, was die Sichtung einer Seite ergab."""
    with open_archive(call) as services:
        review = services.catalog.resolve_review(nr, ergebnis, notiz, by=call.actor, now=services.now())
        place = _places(services, (review,))[review.number]
    told = ", ".join(part for part in (review.aktenzeichen, place.betreff, f"Seite {review.page}") if part)

    def show(console: Console) -> None:
        console.print(f"Sichtung {nr} ({told}): {ergebnis}.")
        if ergebnis == "nachscannen":
            console.print(f"{RESCAN} ersetzt: {review.dokument}", style="dim")

    call.output.result(review_json(review, place), show)
