"""`archiv annahme`, `archiv dienst`, `archiv muster`: deliveries come in."""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from akten.errors import ArchivError, Rejected
from akten.findings import Finding, Severity
from app.command import FOLDER, Call, Named, verb
from app.one_akte import akte_name
from app.opening import open_or_begin
from app.show import receipts as show_receipts
from flows.onerun import run_batch_in_prefect
from flows.ownaccount import require_own_account
from flows.progress import progress_display
from flows.receipt import Receipt, exit_code_of_json, finding_json, gravest, receipt_json
from flows.service import Service
from flows.settingslog import note_settings
from flows.workmark import require_work_folder
from ingest.lookout import left_in
from ingest.settling import first_look, still_written
from ocr.scratch import ScratchFolder

if TYPE_CHECKING:
    from flows.unfinished import GoneOn

_MOST_LEFT = 20


@click.command()
# What cannot be read is refused with its reason like any other path: click would refuse the whole call for it.
@click.argument("pfade", nargs=-1, type=Named(path_type=Path, readable=False))
@click.option("--prefect", "in_prefect", is_flag=True, help="Als Prefect-Lauf (mit Oberfläche und Wiederholungen).")
@verb
def annahme(call: Call, pfade: tuple[Path, ...], *, in_prefect: bool) -> int:
    """Nimmt Lieferungen (Ordner oder ZIP mit Laufzettel) an und archiviert sie.

    Ohne PFAD wird alles genommen, was vollständig im Eingang liegt, und Angefangenes fortgesetzt. Eine freigegebene
    Berichtigung, die abgebrochen wurde, wird zuvor zu Ende gebracht. Jede Lieferung wird
    beim Annehmen in den Datenordner verschoben. Ein abgebrochener Befehl wird mit demselben Aufruf fortgesetzt.
    Eine Lieferung, an der noch geschrieben wird, wird erst übernommen, wenn sich in ihr nichts mehr ändert.
    """
    refused: tuple[tuple[Path, ArchivError], ...] = ()
    lost: tuple[Receipt, ...] = ()
    quiet = call.settings.settle_seconds
    first = first_look(pfade, time.time(), quiet)  # the second comes when the archive is open
    with open_or_begin(call) as services:
        if not in_prefect and any(os.path.lexists(path) for path in pfade):
            services.prepare_to_read()  # first of all: what is loaded now and the JVM use a core each
        note_settings(services, call.actor)
        from flows.batch import archive_all, claim_each, claim_inbox
        from flows.unfinished import go_on_with_corrections

        gone_on = go_on_with_corrections(services)  # first, since deliveries of their Akten wait for them
        for one in gone_on:
            _tell_gone_on(call, one)
        if pfade:
            told = functools.partial(_tell_written, call)
            growing = still_written(first, quiet_seconds=quiet, now=time.time, sleep=time.sleep, say=told)
            claimed, refused = claim_each(services, pfade, growing)
        else:
            found = claim_inbox(services)
            claimed, lost = found.claimed, found.lost
            if found.fault is not None:
                refused = ((call.settings.inbox, found.fault),)
        if not in_prefect:
            with progress_display(quiet=call.output.as_json) as show:
                made = archive_all(services, claimed, call.actor, show)
            values = [receipt_json(receipt) for receipt in made]
    if in_prefect:
        values = run_in_prefect(call, [one.uuid for one in claimed])
    values.extend(receipt_json(receipt) for receipt in lost)
    others = [*(error.exit_code for _, error in refused), *(one.exit_code for one in gone_on)]
    code = gravest([exit_code_of_json(values), *others])
    values.extend(refused_json(path, error) for path, error in refused)
    if not values and not call.output.as_json:
        call.output.say(f"Im Eingang liegt nichts Vollständiges: {call.settings.inbox}")
    if not pfade:
        _tell_left(call)
    call.output.result(values, lambda console: show_receipts(console, values, call.archiv))
    return code


def _tell_gone_on(call: Call, one: GoneOn) -> None:
    """Says how a correction ended that was broken off: nobody named it in this call."""
    if one.akte is None:
        call.output.say(f"Ob eine freigegebene Berichtigung zu Ende zu bringen ist, war nicht zu sehen: {one.why}")
    elif one.version is None:
        name = akte_name(one.akte)
        call.output.say(f"Die freigegebene Berichtigung von {name} kommt noch nicht zu Ende: {one.why}")
    else:
        name = akte_name(one.akte)
        call.output.say(
            f"Die freigegebene Berichtigung von {name} war abgebrochen; jetzt ist sie Version {one.version}."
        )
    for finding in one.findings:
        call.output.say(f"{finding.code}: {finding.text}")


def _tell_written(call: Call, path: Path) -> None:
    call.output.say(
        f"An „{path}“ wird noch geschrieben; die Annahme wartet, bis sich nichts mehr ändert (Abbruch: Strg-C)."
    )


def _tell_left(call: Call) -> None:
    """Says what lies in the inbox still and why: nobody takes it, and no case tells of it."""
    left = left_in(call.settings.inbox, now=time.time(), settle_seconds=call.settings.settle_seconds)
    for name, why in left[:_MOST_LEFT]:
        call.output.say(f"Liegt noch im Eingang: „{name}“. {why}")
    if len(left) > _MOST_LEFT:
        call.output.say(f"… und {len(left) - _MOST_LEFT} weitere.")


def refused_json(path: Path, error: ArchivError) -> dict[str, Any]:
    """The receipt of a path that was not even claimed; it has no Akte and no delivery."""
    findings = error.findings if isinstance(error, Rejected) else (Finding("WF-08", Severity.ERROR, "", error.text),)
    return {
        "akte": "", "aktenart": "", "aktenzeichen": "", "uuid": None, "delivery": None, "name": path.name,
        "band": None, "version": None,
        "state": "refused", "path": str(path), "there": os.path.lexists(path),
        "sheets": None, "pages": 0, "blank_pages": 0, "documents": [],
        "attachments": [], "copies": [], "findings": [finding_json(f) for f in findings], "clearing_case": None,
        "not_checked": [], "seconds": 0.0, "steps": {},
    }  # fmt: skip


def run_in_prefect(call: Call, deliveries: list[Any]) -> list[dict[str, Any]]:
    """Receipts of one Prefect run over claimed deliveries."""
    if not deliveries:
        return []
    with ScratchFolder("lauf") as folder:
        result = folder / "quittungen.json"
        run_batch_in_prefect(call.settings, deliveries, call.actor.label, result)
        values: list[dict[str, Any]] = json.loads(result.read_text(encoding="utf-8"))
    return values


@click.command()
@verb
def dienst(call: Call) -> None:
    """Startet Speicher, Prefect-Server und Runden und nimmt an, was in den Eingang gelegt wird; bis Strg-C."""
    require_own_account(call.settings)
    call.settings.daten.mkdir(mode=0o700, parents=True, exist_ok=True)
    call.settings.inbox.mkdir(exist_ok=True)

    def hold_stores() -> ExitStack:
        with ExitStack() as stack:
            services = stack.enter_context(open_or_begin(call))
            require_work_folder(services)
            services.catalog.record_event("service-started", by=call.actor, now=services.now())
            note_settings(services, call.actor)
            services.probe_anew()
            for store in services.stores:
                store.ping()
            return stack.pop_all()

    Service(call.settings, call.output.say).run(hold_stores)
    call.output.result({"stopped": True}, lambda console: console.print("Der Dienst ist beendet."))


@click.command()
@click.argument("ordner", type=FOLDER)
@click.option("--saat", type=int, default=1, show_default=True, help="Dieselbe Zahl ergibt dieselben Lieferungen.")
@verb
def muster(call: Call, ordner: Path, saat: int) -> None:
    """Erzeugt Lieferungen, die wie gescannt aussehen (erfundene Namen), zum Üben und Vorführen."""
    from app.specimens import make_demo_deliveries

    if ordner.exists() and any(ordner.iterdir()):
        raise click.BadParameter(f"{ordner} ist nicht leer; bitte einen neuen Ordner nennen.", param_hint="ORDNER")
    ordner.mkdir(parents=True, exist_ok=True)
    made = make_demo_deliveries(ordner, saat)
    values = [
        {"folder": str(one.folder), "sheets": one.sheets, "pages": one.pages, "blanks": one.blanks} for one in made
    ]
    call.output.result(values, lambda console: _show_made(console, values, call.archiv))


def _show_made(console: Console, values: Sequence[dict[str, Any]], archiv: str) -> None:
    for value in values:
        console.print(value["folder"], soft_wrap=True)
    console.print(f"Weiter mit: {archiv} annahme ORDNER …", style="dim", soft_wrap=True)
