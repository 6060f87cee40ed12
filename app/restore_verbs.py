"""`archiv fixity ersetze|ersetzungen|gib-frei|verwirf`: a damaged or missing copy is put there, by two persons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from akten.errors import ArchivError, FixityError, Forbidden, Unknown
from akten.package import StoredCopy
from app.command import Call, verb
from app.one_akte import akte_in_call, akte_name, one_akte, require_number_for_band
from app.opening import open_archive
from app.output import EXIT_OF_VERDICT
from app.paging import counted, paged, rest_of
from app.show import VERDICTS, Listing, moment, word
from catalog.proposals import Proposal
from catalog.values import AkteRow
from flows import restoring
from flows.receipt import gravest
from flows.restoring import Release
from flows.storehouse import store_names
from flows.wiring import Services

AKTE = click.argument("aktenzeichen", required=False)
BAND = click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
ALL = click.option("--alle", "everything", is_flag=True, help="Alle Akten, die es betrifft.")
STORE = click.option(
    "--speicher", "store", required=True, help="Name des Speichers, in dem die Kopie beschädigt ist oder fehlt."
)
CAUSE = click.option("--ursache", "cause", required=True, help="Was geschehen ist; steht im Protokoll.")
REASON = click.option("--grund", "reason", required=True, help="Warum; steht im Protokoll.")


@click.command("ersetze")
@AKTE
@ALL
@STORE
@CAUSE
@BAND
@verb
def propose(call: Call, *, aktenzeichen: str | None, everything: bool, store: str, cause: str, band: int | None) -> int:
    """Schlägt vor, beschädigte, verlorene oder noch nie abgelegte Kopien aus einer anderen Kopie neu abzulegen.

    Vorher werden alle Kopien gelesen. Noch nie abgelegt sind ältere Versionen in einem Speicher, der später hinzukam.
    """
    _require_one(aktenzeichen, everything, band)
    _require_store(call, store)
    told, codes = [], []
    with open_archive(call) as services, _progress(call) as progress:
        if everything:
            akten: Iterable[UUID] = restoring.wanting_akten(services, store)
            which = "--alle"
        else:
            row = one_akte(call, services, aktenzeichen or "", band)
            akten, which = [row.uuid], akte_in_call(row)
        for akte in progress(akten):
            try:
                asked = restoring.propose(services, akte, store, cause, call.actor)
                found = asked.wanted
                why = restoring.lost_words(asked.lost) if asked.lost else ""
                codes += [FixityError.exit_code] if asked.lost else []
            except ArchivError as error:
                if not everything:
                    raise
                found, why = (), error.text
                codes.append(error.exit_code)
            damaged, lacking = (
                [each.package.id.version for each in found if (each.copy is None) is never] for never in (False, True)
            )
            versions = {"damaged": damaged, "lacking": lacking}
            told.append({**_named(services, akte), "store": store, **versions, "why": why})

    def show(console: Console) -> None:
        for each in told:
            parts = (("damaged", "zu ersetzen"), ("lacking", "erstmals abzulegen"))
            words = [f"{', '.join(f'Version {n}' for n in each[key])} {what}" for key, what in parts if each[key]]
            what = (f"in Speicher {store} {'; '.join(words)}." if words else "", each["why"])
            console.print(Text(f"{each['name']}: {' '.join(filter(None, what))}"), soft_wrap=True)
        if not told:
            text = "Keine beschädigte oder fehlende Kopie ist verzeichnet, über die noch nicht entschieden wird."
            console.print(f"{text} Alle prüft: {call.archiv} fixity pruefe --alle", soft_wrap=True)
        elif any(each["damaged"] or each["lacking"] for each in told):
            way = f"{call.archiv} fixity gib-frei {which} --speicher {store} --grund …"
            console.print(f"Wartet auf die Freigabe durch eine zweite Person: {way}", style="dim", soft_wrap=True)

    call.output.result(told, show)
    return gravest(codes)


@click.command("ersetzungen")
@paged(many="Vorschläge", first="diesem Vorschlag")
@verb
def proposals(call: Call, *, anzahl: int, ab: int) -> None:
    """Zeigt die Vorschläge, die auf Freigabe oder Ende warten, seitenweise, die ältesten zuerst."""
    with open_archive(call) as services:
        waiting = services.catalog.restoring.open()
        page = waiting[ab : ab + anzahl]
        akten = services.catalog.some_akten([each.akte for each in page])
    told = [{**_named_as(each.akte, akten.get(each.akte)), **_proposal_json(each)} for each in page]
    rest = rest_of(len(told), len(waiting), ab)

    def show(console: Console) -> None:
        if not waiting:
            console.print("Kein Vorschlag wartet.", style="dim")
            return
        table = Listing("Akte", "Speicher", "vorgeschlagen", "Ursache", "Stand", box=None, header_style="dim")
        for each in told:
            state = f"freigegeben von {each['released_by']}, nicht zu Ende" if each["released_by"] else "wartet"
            who = f"{each['proposed_by']}, {moment(datetime.fromisoformat(each['proposed_at']))}"
            table.add_row(each["name"], each["store"], who, Text(each["cause"]), state)
        console.print(table)
        console.print(rest or counted(len(told), len(waiting)), style="dim")

    call.output.page(told, show, rest)


@click.command("gib-frei")
@AKTE
@ALL
@STORE
@REASON
@BAND
@verb
def release(
    call: Call, *, aktenzeichen: str | None, everything: bool, store: str, reason: str, band: int | None
) -> int:
    """Gibt als zweite Person das Ersetzen frei und führt es aus: vorher und nachher wird jede Kopie ganz gelesen."""
    _require_one(aktenzeichen, everything, band)
    _require_store(call, store)
    told, codes = [], []
    with open_archive(call) as services, _progress(call) as progress:
        for proposal in progress(_waiting(call, services, aktenzeichen, band, store)):
            try:
                found = restoring.release(services, proposal, reason, call.actor)
            except ArchivError as error:
                if not everything:
                    raise
                found = Release(proposal.akte, (), (error,))
            told.append({**_named(services, proposal.akte), "store": store, **_release_json(found)})
            codes += _codes(found)

    def show(console: Console) -> None:
        if not told:
            console.print(f"Kein Vorschlag für den Speicher {store} wartet.", style="dim")
        for each in told:
            replaced = "ersetzt" if any(copy["before"] for copy in each["restored"]) else "abgelegt"
            good = replaced if each["restored"] else "inzwischen in Ordnung, nichts zu ersetzen"
            state = Text(good, "green") if each["done"] else Text("nicht zu Ende", "red")
            console.print(Text(f"{each['name']}, Speicher {store}: ") + state)
            for copy in each["restored"]:
                text = f"  Version {copy['version']}: neu abgelegt, gesperrt und ganz zurückgelesen; Prüfung danach: "
                console.print(Text(text) + word(VERDICTS, copy["verdict"]))
                if copy["set_aside"]:
                    console.print(f"  beiseitegestellt, unverändert: {', '.join(copy['set_aside'])}", style="dim")
            for why in each["failed"]:
                console.print(Text(f"  {why}"), soft_wrap=True)
        if any(not each["done"] for each in told) and set(codes) != {Forbidden.exit_code}:
            console.print("Derselbe Befehl holt den Rest nach.", style="dim")

    call.output.result(told, show)
    return gravest(codes)


@click.command("verwirf")
@AKTE
@ALL
@STORE
@REASON
@BAND
@verb
def withdraw(
    call: Call, *, aktenzeichen: str | None, everything: bool, store: str, reason: str, band: int | None
) -> None:
    """Verwirft einen Vorschlag; was schon ersetzt ist, bleibt."""
    _require_one(aktenzeichen, everything, band)
    _require_store(call, store)
    told = []
    with open_archive(call) as services:
        for proposal in _waiting(call, services, aktenzeichen, band, store):
            restoring.withdraw(services, proposal, reason, call.actor)
            told.append({**_named(services, proposal.akte), "store": store})
    call.output.result(told, lambda console: console.print(f"Verworfen: {len(told)}"))


def _waiting(
    call: Call, services: Services, aktenzeichen: str | None, band: int | None, store: str
) -> tuple[Proposal, ...]:
    """The proposals that are meant. Raises Forbidden when the Akte has none."""
    if aktenzeichen is None:
        return tuple(each for each in services.catalog.restoring.open() if each.about["store"] == store)
    akte = one_akte(call, services, aktenzeichen, band).uuid
    found = restoring.proposal_for(services, akte, store)
    if found is None:
        raise Forbidden(
            f"Für diese Akte liegt kein Vorschlag zum Speicher „{store}“ vor: archiv fixity ersetze AKTENZEICHEN "
            f"--speicher {store} --ursache …"
        )
    return (found,)


def _require_one(aktenzeichen: str | None, everything: bool, band: int | None) -> None:
    if (aktenzeichen is None) == (not everything):
        raise click.UsageError("Bitte genau eines: AKTENZEICHEN oder --alle.")
    require_number_for_band(aktenzeichen, band)


def _require_store(call: Call, name: str) -> None:
    """Raises Unknown for a name that no store bears: that nothing is damaged there would comfort wrongly."""
    there = store_names(call.settings)
    if name not in there:
        raise Unknown(f"Der Speicher „{name}“ ist nicht eingerichtet; es gibt: {', '.join(there)}.")


def _named(services: Services, akte: UUID) -> dict[str, Any]:
    return _named_as(akte, services.catalog.akte(akte))


def _named_as(akte: UUID, row: AkteRow | None) -> dict[str, Any]:
    name = akte_name(row) if row is not None else str(akte)
    return {"akte": str(akte), "aktenzeichen": row.aktenzeichen if row is not None else "", "name": name}


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "store": proposal.about["store"],
        "cause": proposal.reason,
        "proposed_by": str(proposal.proposed_by),
        "proposed_at": proposal.proposed_at.isoformat(),
        "released_by": str(proposal.released_by) if proposal.released_by else None,
    }


def _codes(found: Release) -> list[int]:
    """The exit codes of what failed, and of what a look found afterwards."""
    after = [EXIT_OF_VERDICT[each.report.verdict] for each in found.restored]
    return [*(error.exit_code for error in found.failed), *after]


def _release_json(found: Release) -> dict[str, Any]:
    return {
        "done": found.done,
        "restored": [
            {
                "version": each.id.version,
                "before": _ids(each.before) if each.before is not None else None,
                "after": _ids(each.after),
                "set_aside": list(each.after.set_aside),
                "verdict": each.report.verdict.value,
            }
            for each in found.restored
        ],
        "failed": [error.text for error in found.failed],
    }


def _ids(copy: StoredCopy) -> dict[str, str]:
    return {"bag": copy.bag_version_id, "commit": copy.commit_version_id}


@contextmanager
def _progress(call: Call) -> Iterator[Any]:
    hidden = call.output.as_json or not call.output.err.is_terminal
    with Progress(console=call.output.err, transient=True, disable=hidden) as progress:
        yield lambda items: progress.track(items, description="Akten")
