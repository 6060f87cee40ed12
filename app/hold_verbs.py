"""`archiv sperre`: holds set, shown, extended, and lifted by a second person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from akten.errors import Unknown
from akten.plural import plural
from app.command import Call, Words, verb
from app.deadline_show import german
from app.find_verbs import DAY, DAY_WORD
from app.hold_show import MASK, hold_line, hold_value, holds_of
from app.one_akte import akte_name, one_akte, require_number_for_band
from app.opening import open_archive, open_or_begin
from app.paging import counted, paged, rest_of
from app.round_show import exit_of_followed, followed_json, show_followed
from app.show import DAY_FORM, Listing, moment
from catalog.actor import Actor
from catalog.fold import fold
from catalog.holds import HoldOrder, HoldTarget, HoldView, Scope
from catalog.holdstore import HoldChange
from flows.keeping import viewer_of
from flows.locks import follow_hold
from flows.telling import on_parcel, on_person, on_query, set_hold
from flows.wiring import Services

SCOPES = {Scope.AKTE: "Akte", Scope.PERSON: "Person", Scope.PARCEL: "Flurstück", Scope.QUERY: "Abfrage"}
# What a condition is called on the command line; `as_json` names it as it is stored.
QUERY_NAMES = {"aktenarten": "aktenart", "anfaenge": "aktenzeichen", "record_class": "klasse"}
STATES = {
    "active": ("sperrt", "red"),
    "future": ("sperrt, Beginn später", "red"),
    "ended": ("abgelaufen", "dim"),
    "lifted": ("aufgehoben", "dim"),
}
SHOWN = 20  # Akten of a hold that are named; the number of all is told


def _german(value: date | str | None, otherwise: str = "") -> str:
    return german(value) if value else otherwise


@click.group(cls=Words)
def sperre() -> None:
    """Löschsperren: was gesperrt ist, wird nicht vernichtet, nicht abgegeben, nicht gelöscht."""


@sperre.command("setze")
@click.argument("aktenzeichen", required=False)
@click.option("--person", help="Alle Akten, die diese Person nennen (Nummer oder Name), auch künftige.")
@click.option("--flurstueck", help="Alle Akten zu diesem Flurstück, auch künftige: „Gemarkung Neuss, Flur 12, 345/2“.")
@click.option(
    "--abfrage",
    multiple=True,
    metavar="NAME=WERT",
    help="Alle Akten, auf die alles zutrifft, auch künftige: aktenart, aktenzeichen (Anfang), betreff, klasse, "
    "von, bis.",
)
@click.option("--art", "key", required=True, help="Sperrart des Fristenkatalogs, z. B. litigation.")
@click.option("--grund", required=True, help="Warum gesperrt wird.")
@click.option("--bezug", required=True, help="Aktenzeichen der Stelle, die es verlangt.")
@click.option("--von", type=DAY, metavar=DAY_WORD, help="Erster Tag; sonst von jeher.")
@click.option("--bis", type=DAY, metavar=DAY_WORD, help="Letzter Tag; sonst bis zur Aufhebung.")
@click.option("--am", type=DAY, metavar=DAY_WORD, help="Tag einer Unterbrechung.")
@click.option("--geheim", is_flag=True, help="Andere sehen nur „gesperrt“.")
@click.option("--leser", multiple=True, metavar="KENNUNG", help="Wer eine geheime Sperre auch sehen darf (mehrfach).")
@click.option("--stelle", default="", help="Wer die Sperre verantwortet.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def hold_set(
    call: Call,
    aktenzeichen: str | None,
    *,
    person: str | None,
    flurstueck: str | None,
    abfrage: tuple[str, ...],
    key: str,
    grund: str,
    bezug: str,
    von: datetime | None,
    bis: datetime | None,
    am: datetime | None,
    geheim: bool,
    leser: tuple[str, ...],
    stelle: str,
    band: int | None,
) -> int:
    """Setzt eine Sperre auf eine Akte, eine Person, ein Flurstück oder eine Abfrage.

    Beispiel: archiv sperre setze --flurstueck "Flur 12, 345/2" --art litigation --grund Klage --bezug "VG 4 K 12/26"
    """
    if sum(bool(given) for given in (aktenzeichen, person, flurstueck, abfrage)) != 1:
        raise click.UsageError("Bitte genau eines: AKTENZEICHEN, --person, --flurstueck oder --abfrage.")
    require_number_for_band(aktenzeichen, band)
    # A hold may come before the first Akte of an archive, but not one on an Akte.
    with open_archive(call) if aktenzeichen else open_or_begin(call) as services:
        target = _target(call, services, aktenzeichen, band, person, flurstueck, abfrage)
        order = HoldOrder(
            target,
            key.strip(),
            grund,
            bezug,
            von.date() if von else None,
            bis.date() if bis else None,
            am.date() if am else None,
            geheim,
            leser,
            stelle,
        )
        view = set_hold(services, order, call.actor)
        value = hold_value(services, view, services.today())
        running = view.is_active(services.today())
        akten = len(services.catalog.held_akten(view.number))
        followed = follow_hold(services, view.number)
    value["akten"] = akten
    value["stores"] = followed_json(followed)

    def show(console: Console) -> None:
        if not running:
            text = f"Sperre Nr. {view.number} ist eingetragen; ihr Ende ist vorbei, sie sperrt nichts."
            console.print(text, style="yellow", soft_wrap=True)
        else:
            covers = plural(akten, "Akte", "Akten")
            console.print(f"Sperre Nr. {view.number} ist gesetzt; sie sperrt jetzt {covers}.", style="green")
        if not akten:
            ways = "akte liste zeigt" if abfrage else "akte verweis AKTENZEICHEN zeigt, was vermerkt ist"
            text = f"Bis jetzt passt keine Akte; bitte die Schreibweise prüfen: {call.archiv} {ways}."
            console.print(text, style="yellow", soft_wrap=True)
        if geheim and not leser:
            console.print("Niemand sonst kann sie sehen; aufheben kann sie nur, wer als Leser nachgetragen wird.")
        show_followed(console, followed)

    call.output.result(value, show)
    return exit_of_followed(followed)


def _target(
    call: Call,
    services: Services,
    aktenzeichen: str | None,
    band: int | None,
    person: str | None,
    flurstueck: str | None,
    abfrage: Sequence[str],
) -> HoldTarget:
    if aktenzeichen:
        return HoldTarget(Scope.AKTE, one_akte(call, services, aktenzeichen, band).uuid)
    if person:
        return on_person(person)
    if flurstueck:
        return on_parcel(flurstueck)
    return on_query(abfrage, services)


@sperre.command("liste")
@click.option("--alle", is_flag=True, help="Auch abgelaufene und aufgehobene.")
@click.option("--art", "key", help="Nur diese Sperrart.")
@click.option("--text", help="Nur Sperren, deren Grund, Bezug oder Ziel das enthält.")
@paged(100, 100_000)
@verb
def hold_list(call: Call, *, alle: bool, key: str | None, text: str | None, anzahl: int, ab: int) -> None:
    """Listet Sperren in der Reihenfolge, in der sie gesetzt wurden; fremde geheime nur als „gesperrt“."""
    with open_archive(call) as services:
        day = services.today()
        views = services.catalog.holds(viewer_of(call.actor, services), active_only=not alle)
        kinds = {*services.katalog.holds, *(view.key for view in views if not view.masked)}  # of older rules, too
        if key is not None and key not in kinds:
            raise Unknown(f"Die Sperrart „{key}“ gibt es nicht. Bekannt sind: {', '.join(sorted(kinds))}.")
        if key or text:
            # A filter on what is secret would tell it: under a filter, secret ones of others do not show at all.
            views = tuple(view for view in views if not view.masked and _fits(view, key, text))
        _note_seen(services, call.actor, views[ab : ab + anzahl], "sperre liste")
        page = [hold_value(services, view, day) for view in views[ab : ab + anzahl]]

    def show(console: Console) -> None:
        if not views:
            console.print("Keine Sperre ist so, wie hier eingegrenzt ist." if key or text else "Keine Sperren.")
            return
        table = Listing("Nr.", "Stand", "Art", "Gilt für", "Grund", "Bezug", "Bis", box=None, header_style="dim")
        for value in page:
            if value["state"] == MASK:
                table.add_row(str(value["number"]), Text(MASK, "red"), *[""] * 5)
                continue
            word, style = STATES[value["state"]]
            table.add_row(
                str(value["number"]),
                Text(word + (", geheim" if value["secret"] else ""), style),
                value["title"],
                _covers(value),
                value["reason"],
                value["reference"],
                _german(value["until"], "offen"),
            )
        console.print(table)
        console.print(rest or counted(len(page), len(views)), style="dim")

    rest = rest_of(len(page), len(views), ab)
    call.output.page(page, show, rest)


def _note_seen(services: Services, by: Actor, views: Sequence[HoldView], purpose: str) -> None:
    """Writes down whose reasons for being held were shown; of a secret one that would tell who may read it."""
    seen = dict.fromkeys(view.akte for view in views if view.akte is not None and not view.secret)
    services.catalog.read_accesses(seen, purpose, by=by, now=services.now())


def _fits(view: HoldView, key: str | None, text: str | None) -> bool:
    if key and view.key != key:
        return False
    return not text or fold(text) in fold(f"{view.reason} {view.reference} {view.target} {view.owner}")


def _covers(value: dict[str, Any]) -> str:
    name = SCOPES[Scope(value["scope"])]
    if value["query"]:
        return f"{name} " + ", ".join(_part(part, given) for part, given in value["query"].items())
    return f"{name} {value['aktenzeichen'] or value['target'] or ''}".strip()


def _part(name: str, given: str | Sequence[str]) -> str:
    """One condition as a person would type it; the beginnings of one number stand side by side."""
    if name in ("von", "bis"):
        given = f"{date.fromisoformat(str(given)):{DAY_FORM}}"
    return f"{QUERY_NAMES.get(name, name)}={given if isinstance(given, str) else '|'.join(given)}"


@sperre.command("zeige")
@click.argument("was", metavar="[NR|AKTENZEICHEN]", required=False)
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def hold_show(call: Call, was: str | None, *, band: int | None) -> None:
    """Zeigt eine Sperre mit ihrem Verlauf, oder die Sperren einer Akte."""
    if was is None:
        every = f"{call.archiv} sperre liste"
        raise click.UsageError(f"Bitte die Nummer einer Sperre oder ein Aktenzeichen nennen; alle: {every}")
    with open_archive(call) as services:
        if was.isdecimal() and len(was) < 10:
            number, viewer = int(was), viewer_of(call.actor, services)
            view = services.catalog.hold(number, viewer)
            _note_seen(services, call.actor, [view], "sperre zeige")
            value = hold_value(services, view, services.today())
            changes = services.catalog.hold_changes(number, viewer)
            if not view.masked:
                covered = services.catalog.held_akten(number, viewer)
                rows = [row for uuid in covered[:SHOWN] if (row := services.catalog.akte(uuid)) is not None]
                value["akten"] = len(covered)
                value["examples"] = [f"{row.aktenart} {row.aktenzeichen} Band {row.band}" for row in rows]
                value["changes"] = [
                    {"what": c.what, "reason": c.reason, "by": c.by.label, "at": c.at.isoformat()} for c in changes
                ]
            call.output.result(value, lambda console: _show_hold(console, value, changes))
            return
        akte = one_akte(call, services, was, band)
        found = holds_of(services, call.actor, akte.uuid)
        services.catalog.read_access(akte.uuid, "sperre zeige", by=call.actor, now=services.now())

    def show(console: Console) -> None:
        console.print(Text.assemble((akte_name(akte), "bold"), f"  {akte.betreff}"))
        for value in found:
            console.print(hold_line(value))
        if not found:
            console.print("  Nicht gesperrt.")

    call.output.result({"aktenzeichen": akte.aktenzeichen, "uuid": str(akte.uuid), "holds": found}, show)


def _show_hold(console: Console, value: dict[str, Any], changes: Sequence[HoldChange]) -> None:
    if value["state"] == MASK:
        console.print(f"Sperre {value['number']}: {MASK}.")
        return
    word, style = STATES[value["state"]]
    head = Text.assemble((f"Sperre {value['number']}", "bold"), f"  {value['title']}  ", (word, style))
    console.print(head.append(", geheim" if value["secret"] else ""))
    facts = {
        "Gilt für": f"{_covers(value)} ({plural(value['akten'], 'Akte', 'Akten')})",
        "Grund": value["reason"],
        "Bezug": value["reference"],
        "von": _german(value["from"]),
        "bis": _german(value["until"], "offen"),
        "Unterbrechung am": _german(value["on"]),
        "Stelle": value["owner"],
        "Leser": ", ".join(value["readers"]),
        "gesetzt": f"{value['set_by']}, {moment(datetime.fromisoformat(value['set_at']), DAY_FORM)}",
        "aufgehoben": value["lifted_on"]
        and f"{value['lifted_by']}, {_german(value['lifted_on'])}: {value['lifted_reason']}",
        "Akten": ", ".join(value["examples"]),
    }
    for name, fact in facts.items():
        if fact:
            console.print(f"  {name}: {fact}")
    for change in changes:
        day = moment(change.at, DAY_FORM)
        console.print(f"  {day} {change.by.label}: {change.what} ({change.reason})", style="dim")


@sperre.command("verlaengere")
@click.argument("nr", type=int)
@click.option("--bis", type=DAY, metavar=DAY_WORD, help="Neuer letzter Tag.")
@click.option("--offen", "open_end", is_flag=True, help="Bis zur Aufhebung.")
@click.option("--leser", multiple=True, metavar="KENNUNG", help="Wer eine geheime Sperre auch sehen darf (mehrfach).")
@click.option("--grund", required=True, help="Warum.")
@verb
def hold_extend(
    call: Call, nr: int, *, bis: datetime | None, open_end: bool, leser: tuple[str, ...], grund: str
) -> int:
    """Verlängert eine Sperre; ein früheres Ende ist ein Aufheben und braucht eine zweite Person."""
    if (bis is not None) == open_end and not (leser and bis is None):
        raise click.UsageError("Bitte genau eines: --bis oder --offen (oder nur --leser).")
    with open_archive(call) as services:
        viewer = viewer_of(call.actor, services)
        before = services.catalog.hold(nr, viewer)
        until = bis.date() if bis else (None if open_end else before.until)
        view = services.catalog.extend_hold(nr, until, grund, readers=leser, by=call.actor, now=services.now())
        value = hold_value(services, view, services.today())
        followed = follow_hold(services, nr)  # one that was over holds again, and an earlier end may be past
    value["stores"] = followed_json(followed)

    def show(console: Console) -> None:
        console.print(f"Sperre Nr. {nr} gilt bis {_german(view.until, 'zur Aufhebung')}.", style="green")
        show_followed(console, followed)

    call.output.result(value, show)
    return exit_of_followed(followed)


@sperre.command("hebe-auf")
@click.argument("nr", type=int)
@click.option("--grund", required=True, help="Warum sie nicht mehr gebraucht wird.")
@click.option("--unbegruendet", is_flag=True, help="Eine Unterbrechung, die sich als unbegründet erwies.")
@verb
def hold_lift(call: Call, nr: int, *, grund: str, unbegruendet: bool) -> int:
    """Hebt eine Sperre auf. Das tut eine zweite Person: nicht, wer sie gesetzt hat, auch nicht unter anderem Namen."""
    with open_archive(call) as services:
        day = services.today()
        view = services.catalog.lift_hold(nr, grund, day, unfounded=unbegruendet, by=call.actor, now=services.now())
        value = hold_value(services, view, day)
        followed = follow_hold(services, nr)
    value["stores"] = followed_json(followed)

    def show(console: Console) -> None:
        console.print(f"Sperre Nr. {nr} ist aufgehoben.", style="green")
        show_followed(console, followed)

    call.output.result(value, show)
    return exit_of_followed(followed)
