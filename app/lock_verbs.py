"""`archiv frist runde`, `archiv frist sperren`: periods computed anew, locks that follow, and how one gets shorter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from app.command import Call, Words, verb
from app.one_akte import akte_in_call, akte_name, one_akte
from app.opening import open_archive
from app.round_show import exit_of, show_summary, summary_json
from app.show import Listing, moment
from archive.locks import instant, outlasts
from catalog.locks import Shortening
from flows.locks import due_round
from flows.shortening import SeenAkte, SeenLock, propose, release, see_locks, withdraw
from flows.wiring import Services

BAND = click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
REASON = click.option("--grund", required=True, help="Warum; steht im Protokoll.")


# --- the due round ----------------------------------------------------------------------------------------------------


@click.command("runde")
@click.option("--gruendlich", "thorough", is_flag=True, help="Jede Sperre in den Speichern lesen, nicht nur fehlende.")
@verb
def due(call: Call, *, thorough: bool) -> int:
    """Rechnet jede Frist neu und zieht Sperren und Löschsperren nach; kürzt nie."""
    with (
        open_archive(call) as services,
        Progress(
            console=call.output.err, transient=True, disable=call.output.as_json or not call.output.err.is_terminal
        ) as progress,
    ):
        task = progress.add_task("Akten", total=None)
        summary = due_round(
            services, call.actor, thorough=thorough, told=lambda number: progress.update(task, completed=number)
        )
    call.output.result(summary_json(summary), lambda console: show_summary(console, summary))
    return exit_of(summary)


# --- locks of one Akte ------------------------------------------------------------------------------------------------


@click.group("sperren", cls=Words)
def locks() -> None:
    """Sperren einer Akte in den Speichern: ansehen, zu lange zu zweit kürzen."""


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _lock_json(each: SeenLock, seen: SeenAkte) -> dict[str, Any]:
    state = each.state
    return {
        "version": each.id.version,
        "store": each.store,
        "object": each.key.rsplit("/", 1)[-1],
        "version_id": each.version_id,
        "retain_until": _iso(state.retain_until) if state else None,
        "mode": state.mode.value if state and state.mode else None,
        "legal_hold": state.legal_hold if state else None,
        "too_long": bool(state and outlasts(state.lock, seen.terms.too_long_after, seen.terms.moment)),
        "too_short": each.short,
        "not_checked": "" if each.gone else each.why,
        "gone": each.why if each.gone else "",
    }


def _note(each: SeenLock, seen: SeenAkte) -> str:
    value = _lock_json(each, seen)
    if value["too_long"] or value["too_short"]:
        return "reicht zu weit" if value["too_long"] else "reicht nicht weit genug"
    least, until = seen.terms.least, each.state.retain_until if each.state else None
    # An end beyond what the store can lock is locked as far as it goes, and no fault.
    return "so weit der Speicher sperren kann" if least and until and until < least else each.why


def _proposal_json(proposal: Shortening | None) -> dict[str, Any] | None:
    if proposal is None:
        return None
    return {
        "until": proposal.until,
        "katalog": proposal.katalog,
        "proposed_by": str(proposal.proposed_by),
        "proposed_at": proposal.proposed_at.isoformat(),
        "reason": proposal.reason,
        "released_by": str(proposal.released_by) if proposal.released_by else None,
    }


def seen_json(seen: SeenAkte, name: str) -> dict[str, Any]:
    """The locks of an Akte as the stores keep them, beside what the rules want."""
    return {
        "akte": name,
        "wanted": {
            "least": _iso(seen.terms.least),
            "most": _iso(seen.terms.most),
            "delete_by": _iso(seen.terms.delete_by),
            "legal_hold": seen.terms.legal_hold,
            "reasons": list(seen.terms.reasons),
        },
        "katalog": seen.katalog,
        "locks": [_lock_json(each, seen) for each in seen.locks],
        "proposal": _proposal_json(seen.proposal),
    }


def _show_seen(console: Console, seen: SeenAkte, name: str, way: str) -> None:
    console.print(Text(name, "bold"))
    for reason in seen.terms.reasons:
        console.print(f"  · {reason}")
    table = Listing("Version", "Speicher", "Objekt", "gesperrt bis", "Löschsperre", "", box=None, header_style="dim")
    for each in seen.locks:
        value = _lock_json(each, seen)
        note = Text(_note(each, seen), "yellow")
        state, unseen = each.state, "fehlt" if each.gone else "nicht geprüft"
        table.add_row(
            str(each.id.version),
            each.store,
            value["object"],
            instant(state.retain_until) if state else unseen,
            ("ja" if state.legal_hold else "nein") if state else unseen,
            note,
        )
    console.print(table)
    if seen.proposal is not None:
        proposal = seen.proposal
        console.print(
            f"Vorschlag von {proposal.proposed_by} ({moment(proposal.proposed_at)}): Sperren kürzen auf "
            f"{instant(datetime.fromisoformat(proposal.until))}. Grund: {proposal.reason}",
            soft_wrap=True,
        )
        if proposal.released_by is not None:
            console.print(f"Freigegeben von {proposal.released_by}, noch nicht überall ausgeführt.", style="yellow")
        else:
            console.print(f"Wartet auf die Freigabe durch eine zweite Person: {way}", style="dim")


def _about(
    call: Call, aktenzeichen: str, band: int | None, act: Callable[[Services, UUID], SeenAkte], purpose: str
) -> SeenAkte:
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        seen = act(services, row.uuid)
        services.catalog.read_access(row.uuid, purpose, by=call.actor, now=services.now())
    name = akte_name(row)
    way = f"{call.archiv} frist sperren gib-frei {akte_in_call(row)} --grund …"
    call.output.result(seen_json(seen, name), lambda console: _show_seen(console, seen, name, way))
    return seen


@locks.command("zeige")
@click.argument("aktenzeichen")
@BAND
@verb
def locks_show(call: Call, *, aktenzeichen: str, band: int | None) -> int:
    """Liest jede Sperre einer Akte aus den Speichern: jede Kopie, jede Version, Paket und Commit."""
    seen = _about(call, aktenzeichen, band, see_locks, "frist sperren zeige")
    if any(each.gone for each in seen.locks):
        return 5
    return 8 if any(each.state is None for each in seen.locks) else 0


@locks.command("kuerze")
@click.argument("aktenzeichen")
@REASON
@BAND
@verb
def locks_shorten(call: Call, *, aktenzeichen: str, grund: str, band: int | None) -> None:
    """Schlägt vor, zu lange Sperren auf das Ende der Frist zu kürzen; eine zweite Person muss freigeben."""
    _about(
        call,
        aktenzeichen,
        band,
        lambda services, uuid: propose(services, uuid, grund, call.actor),
        "frist sperren kuerze",
    )


@locks.command("gib-frei")
@click.argument("aktenzeichen")
@REASON
@BAND
@verb
def locks_release(call: Call, *, aktenzeichen: str, grund: str, band: int | None) -> None:
    """Gibt als zweite Person die vorgeschlagene Kürzung frei und führt sie mit der Löschkennung aus."""
    _about(
        call,
        aktenzeichen,
        band,
        lambda services, uuid: release(services, uuid, grund, call.actor),
        "frist sperren gib-frei",
    )


@locks.command("verwirf")
@click.argument("aktenzeichen")
@REASON
@BAND
@verb
def locks_withdraw(call: Call, *, aktenzeichen: str, grund: str, band: int | None) -> None:
    """Verwirft eine vorgeschlagene Kürzung."""
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        withdraw(services, row.uuid, grund, call.actor)
    value = {"akte": akte_name(row), "proposal": None}
    call.output.result(value, lambda console: console.print("Der Vorschlag ist verworfen."))
