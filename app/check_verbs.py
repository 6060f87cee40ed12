"""`archiv fixity`, `archiv doctor`, `archiv abgleich`, `archiv einstellungen`: is everything as it should be?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.progress import Progress

from akten.errors import Forbidden
from akten.findings import Severity, Verdict
from akten.plural import plural
from app.command import Call, Words, verb
from app.named_places import named_places
from app.one_akte import akte_name, one_akte, require_number_for_band
from app.opening import open_anew, open_archive, require_new_place, tell_new
from app.output import EXIT_OF_VERDICT
from app.restore_verbs import proposals, propose, release, withdraw
from app.show import VERDICTS, Listing, findings_table, show_many, size_words, word
from archive.restore import OF_BYTES
from flows.anchors import exit_of, try_to_publish
from flows.archivemark import is_fresh
from flows.doctor import examine_machine
from flows.ownaccount import require_own_account
from flows.receipt import finding_json, gravest
from flows.reentry import LACKS, LACKS_ELSEWHERE, entered_json, reenter_lost
from flows.settings import effective
from flows.verify import compare_stores, verdict_of, verify_all, verify_packages

HEALTH = {"ok": ("in Ordnung", "green"), "failed": ("fehlerhaft", "red"), "absent": ("fehlt", "yellow")}


@click.group(cls=Words)
def fixity() -> None:
    """Unversehrtheit: jede Kopie ganz lesen und mit den Prüfsummen vergleichen."""


@fixity.command("pruefe")
@click.option("--akte", "aktenzeichen", help="Nur diese Akte.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@click.option("--alle", "everything", is_flag=True, help="Alle Akten.")
@verb
def fixity_check(call: Call, *, aktenzeichen: str | None, band: int | None, everything: bool) -> int:
    """Liest Kopien vollständig und prüft Prüfsummen, Sperre und Commit."""
    if (aktenzeichen is None) == (not everything):
        raise click.UsageError("Bitte genau eines: --akte AKTENZEICHEN oder --alle.")
    require_number_for_band(aktenzeichen, band)
    with (
        open_archive(call) as services,
        Progress(
            console=call.output.err, transient=True, disable=call.output.as_json or not call.output.err.is_terminal
        ) as progress,
    ):
        unanchored = None
        total = services.catalog.package_count() if everything else None
        task = progress.add_task("Pakete", total=total)

        def told(number: int) -> None:
            progress.update(task, completed=number)

        if everything:
            summary = verify_all(services, call.actor, told, every_copy=call.output.as_json)
            unanchored = try_to_publish(services)
        else:
            row = one_akte(call, services, aktenzeichen or "", band)
            packages = [p.package for p in services.catalog.packages(row.uuid)]
            if not packages:
                raise Forbidden(f"Von {akte_name(row)} ist nichts archiviert.")
            summary = verify_packages(services, packages, call.actor, told)
        if unanchored:
            call.output.say(unanchored.text)
        bad = {UUID(copy["akte"]) for copy in summary.copies if _worth_telling(copy) or aktenzeichen}
        names = {str(uuid): name for uuid, name in services.catalog.names(bad).items()}
    value = {
        "verdict": summary.verdict.value,
        "checked": summary.checked,
        "damaged": summary.damaged,
        "unchecked": summary.unchecked,
        "bytes": summary.bytes,
        "lacking": dict(sorted(summary.lacking.items())),
        "findings": [finding_json(finding) for finding in summary.findings],
        "copies": summary.copies,
    }

    def show(console: Console) -> None:
        console.print("Unversehrtheit:", word(VERDICTS, summary.verdict.value))
        console.print(
            f"{plural(summary.checked, 'Kopie', 'Kopien')} in Ordnung, {summary.damaged} beschädigt, "
            f"{summary.unchecked} nicht geprüft, {size_words(summary.bytes)} gelesen"
        )
        # A long list of good copies would hide the bad one.
        told = [copy for copy in summary.copies if _worth_telling(copy) or aktenzeichen]
        if told:
            table = Listing("Akte", "Version", "Speicher", "Befund", box=None, header_style="dim")
            for copy in told:
                name = names.get(copy["akte"], copy["akte"])
                table.add_row(name, str(copy["version"]), copy["store"], word(VERDICTS, copy["verdict"]))
                for finding in copy["findings"]:
                    place = finding["where"].rsplit("/", 1)[-1]  # the object, and its VersionId where locks are meant
                    table.add_row("", "", finding["code"], f"{finding['text']} [{place}]")
            console.print(table)
        if summary.findings:
            console.print(findings_table([finding_json(finding) for finding in summary.findings]))
        if not (summary.checked or summary.damaged or summary.unchecked):
            console.print("Es ist noch nichts archiviert; also wurde nichts geprüft.", style="dim")
        if summary.damaged:
            console.print(f"Nichts wurde verändert. {_what_helps(summary.copies, call.archiv)}", style="bold")

    call.output.result(value, show)
    return gravest((EXIT_OF_VERDICT[summary.verdict], exit_of(unanchored)))


for each in (propose, proposals, release, withdraw):
    fixity.add_command(each)


def _what_helps(copies: Iterable[Mapping[str, Any]], archiv: str) -> str:
    """What to do about damaged copies: lost bytes and wrong locks want different things."""
    codes = {finding["code"] for copy in copies for finding in copy["findings"]}
    helps = [f"Aus der anderen Kopie ersetzen: {archiv} fixity ersetze."] if codes & OF_BYTES else []
    if codes & {"FX-08", "FX-10"}:
        helps.append(f"Sperren zieht nach: {archiv} frist runde --gruendlich.")
    return " ".join(helps) or "Was zu tun ist, steht in docs/operations.md."


def _worth_telling(copy: Mapping[str, Any]) -> bool:
    """True for a copy that is not well, and for one whose lock is not as it should be."""
    weighty = any(finding["severity"] != Severity.INFO.value for finding in copy["findings"])
    return weighty or bool(copy["verdict"] != Verdict.OK.value)


@click.command()
@click.option("--ohne-speicher", "without_stores", is_flag=True, help="Speicher nicht erproben (geht schneller).")
@verb
def doctor(call: Call, *, without_stores: bool) -> int:
    """Prüft jeden Bestandteil und sagt, was zu tun ist."""
    require_own_account(call.settings)
    fresh = is_fresh(call.settings)
    require_new_place(call)  # what is tried out begins an archive where none is
    found = examine_machine(call.settings, stores=not without_stores)
    if fresh and not is_fresh(call.settings):
        tell_new(call)
    value = {
        "verdict": found.verdict.value,
        "parts": [
            {
                "part": p.part,
                "version": p.version,
                "state": p.health.value,
                "advice": p.advice,
                "needed": p.needed,
                "away": p.away,
                "details": list(p.details),
            }
            for p in found.parts
        ],
    }

    def show(console: Console) -> None:
        table = Listing("Bestandteil", "Version", "Stand", "Was tun", box=None, header_style="dim")
        for p in found.parts:
            table.add_row(p.part, p.version, word(HEALTH, p.health.value), p.advice)
        console.print(table)
        console.print("Gesamt:", word(VERDICTS, found.verdict.value))
        if not call.settings.stores:
            console.print(
                "Die eingebetteten Speicher sind kein revisionssicherer WORM-Speicher im Rechtssinn: "
                "Wer den Datenordner besitzt, kann sie löschen.",
                style="dim",
            )

    call.output.result(value, show)
    if without_stores:  # no line of the table tells of them, and „Gesamt“ would speak for them, too
        call.output.say("Nicht geprüft sind die Speicher (--ohne-speicher).")
    return gravest(found.exit_codes) or EXIT_OF_VERDICT[found.verdict]


@click.command()
@click.option(
    "--aufnehmen",
    "enter",
    is_flag=True,
    help="Nimmt festgeschriebene Pakete, die der Katalog nicht (mehr) kennt, aus den Speichern wieder auf.",
)
@click.option(
    "--neuer-katalog",
    "anew",
    is_flag=True,
    help="Mit --aufnehmen: beginnt einen neuen Katalog, wenn es vom verlorenen keine Sicherung mehr gibt.",
)
@verb
def abgleich(call: Call, *, enter: bool, anew: bool) -> int:
    """Vergleicht Katalog und Speicher; repariert und löscht nichts.

    Mit --aufnehmen, wenn der Katalog aus einer Sicherung zurückgeholt wurde: Pakete, die seither archiviert wurden,
    werden aus jedem Speicher ganz zurückgelesen und neu eingetragen. Die Speicher bleiben, wie sie sind.
    """
    if anew and not enter:
        raise click.UsageError("--neuer-katalog gibt es nur mit --aufnehmen.")
    if enter:
        return _enter_again(call, anew=anew)
    with open_archive(call) as services, call.output.working("Katalog und Speicher werden verglichen"):
        findings = compare_stores(services)
        places = named_places(services.catalog, findings)
    verdict = verdict_of(findings)
    value = {"verdict": verdict.value, "findings": [finding_json(f) for f in findings]}

    def show(console: Console) -> None:
        console.print("Abgleich:", word(VERDICTS, verdict.value))
        if findings:
            show_many(console, [finding_json(f) for f in findings], places)

    call.output.result(value, show)
    return EXIT_OF_VERDICT[verdict]


def _enter_again(call: Call, *, anew: bool) -> int:
    """Enters lost packages, compares anew, and tells both; `anew` begins the catalog, which then knows no others."""
    with (
        (open_anew if anew else open_archive)(call) as services,
        Progress(
            console=call.output.err, transient=True, disable=call.output.as_json or not call.output.err.is_terminal
        ) as progress,
    ):
        task = progress.add_task("Pakete zurücklesen", total=None)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        summary = reenter_lost(services, call.actor, told)
        unanchored = try_to_publish(services) if summary.entered else None
        places = named_places(services.catalog, summary.findings)
    if unanchored:
        call.output.say(unanchored.text)
    verdict = verdict_of(summary.findings)
    entered = [entered_json(one) for one in summary.entered]
    findings = [finding_json(finding) for finding in summary.findings]
    value = {"verdict": verdict.value, "entered": entered, "left": summary.left, "findings": findings}

    def show(console: Console) -> None:
        if entered:
            table = Listing("Akte", "Betreff", "Version", "Dokumente", "Seiten", box=None, header_style="dim")
            for one, told_one in zip(summary.entered, entered, strict=True):
                pages = str(told_one["pages"])
                table.add_row(one.name, told_one["akte"], str(one.id.version), str(told_one["documents"]), pages)
            console.print("Wieder aufgenommen:")
            console.print(table)
            console.print("Bei jeder dieser Akten fehlt, was in keinem Paket steht, und wurde nicht erfunden:")
            for lack in LACKS:
                console.print(f"  – {lack}")
            if not anew:
                console.print(LACKS_ELSEWHERE)
        else:
            console.print("Es wurde nichts aufgenommen.")
        if summary.left:
            console.print(f"Nicht aufgenommen: {summary.left} (Gründe unten).", style="bold")
        console.print("Abgleich danach:", word(VERDICTS, verdict.value))
        if findings:
            show_many(console, findings, places)

    call.output.result(value, show)
    return gravest((EXIT_OF_VERDICT[verdict], exit_of(unanchored)))


@click.command()
@verb
def einstellungen(call: Call) -> None:
    """Zeigt die wirksamen Einstellungen, ohne Geheimnisse."""
    values = effective(call.settings)
    call.output.result(values, lambda console: console.print_json(json.dumps(values)))
