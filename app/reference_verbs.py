"""`archiv akte verweis|vergiss`: persons and parcels of an Akte, noted by hand, and deleted lawfully."""

from __future__ import annotations

import click
from rich.console import Console

from akten.errors import Unknown
from akten.plural import plural
from app.command import Call, verb
from app.one_akte import akte_name, one_akte
from app.opening import open_archive
from catalog.references import Reference, parcels, person


@click.command("verweis")
@click.argument("aktenzeichen")
@click.option("--person", "name", help="Eine Person, von der die Akte handelt (Nummer oder Name).")
@click.option("--flurstueck", help="Ein Flurstück: „Gemarkung Neuss, Flur 12, 345/2“.")
@click.option("--als-feld", "label", default="", metavar="NAME", help="Was die Angabe ist, z. B. „Steuernummer“.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def akte_refer(
    call: Call, aktenzeichen: str, *, name: str | None, flurstueck: str | None, label: str, band: int | None
) -> None:
    """Vermerkt Personen und Flurstücke einer Akte und zeigt alle; Sperren auf sie gelten damit auch hier.

    Ohne Angabe zeigt es nur, was bekannt ist. Der Klartext steht neben der Kette und kann gelöscht werden.
    """
    if label and not (name or flurstueck):
        raise click.UsageError("--als-feld sagt, was --person oder --flurstueck ist; beide fehlen.")
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band)
        given: list[Reference] = list(parcels(flurstueck, label)) if flurstueck else []
        who = person(name, label) if name else None
        if who is not None:
            given.append(who)
        if (name and who is None) or (flurstueck and len(given) == (who is not None)):
            raise Unknown("Diese Angabe nennt weder eine Person noch ein Flurstück.")
        if given:
            services.catalog.note_references(akte.uuid, given, by=call.actor, now=services.now())
        else:
            services.catalog.read_access(akte.uuid, "akte verweis", by=call.actor, now=services.now())
        rows = services.catalog.references(akte.uuid)
    value = {
        "aktenzeichen": akte.aktenzeichen,
        "uuid": str(akte.uuid),
        "references": [
            {"kind": r.kind.value, "label": r.label, "value": r.value, "from_slip": r.delivery is not None}
            for r in rows
        ],
    }

    def show(console: Console) -> None:
        console.print(akte_name(akte))
        for row in rows:
            console.print(f"  {'Person' if row.kind == 'person' else 'Flurstück'}: {row.value}  ({row.label or '–'})")
        if not rows:
            console.print("  Keine Person und kein Flurstück vermerkt.")

    call.output.result(value, show)


@click.command("vergiss")
@click.option("--person", "name", required=True, help="Die Person, deren Angaben gelöscht werden.")
@click.option("--grund", required=True, help="Rechtsgrund, z. B. „Art. 17 DSGVO, Antrag vom 3.2.“.")
@verb
def person_forget(call: Call, *, name: str, grund: str) -> None:
    """Löscht die vermerkten Angaben zu einer Person; die Kette des Protokolls bleibt prüfbar.

    Die Akten selbst bleiben; sie gehen erst mit ihrer Aussonderung. Besteht eine Sperre, wird nichts gelöscht.
    """
    with open_archive(call) as services:
        number = services.catalog.forget_person(name, grund, services.today(), by=call.actor, now=services.now())
    text = f"{plural(number, 'Angabe', 'Angaben')} gelöscht."
    call.output.result({"deleted": number}, lambda console: console.print(text))
