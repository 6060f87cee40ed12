"""`make demo`: the main job on deliveries it makes itself, from the tray to the locked, verified, findable archive.

Running it again continues where a run was broken off, or says that all is there; it never doubles anything.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from akten.correction import is_correction
from akten.errors import ArchivError
from akten.plural import plural
from app.command import actor_of, quiet_logs
from app.show import VERDICTS, receipts, size_words, word
from app.specimens import make_demo_deliveries
from catalog.actor import Actor
from flows.archivedreceipt import receipt_of
from flows.batch import claim_inbox, claim_paths
from flows.doctor import examine_machine
from flows.health import Health
from flows.onerun import run_batch_in_prefect
from flows.outcomes import clearing_receipt
from flows.receipt import exit_code_of_json, receipt_json
from flows.settings import CHECKOUT, Settings, read_settings
from flows.terminal import Terminal
from flows.verify import verify_packages
from flows.wiring import Services, open_services

SEED = 1
OTHER_SPELLING = "63/1234/19"  # the Bauakte of the demo is 63-01234-2019


def demo_settings() -> Settings:
    """The settings of the demo: its archive lies in ARCHIV_DATEN, else in a git-ignored folder of the checkout."""
    settings = read_settings()
    default = settings.daten == (Path.home() / ".local" / "share" / "aktenarchiv").absolute()
    return read_settings(daten=CHECKOUT / "archiv-daten") if default else settings


def main() -> int:
    """Runs the demo and returns its exit code."""
    quiet_logs()
    console = Terminal(highlight=False, markup=False, width=None if sys.stdout.isatty() else 150)
    settings = demo_settings()
    start = time.monotonic()
    try:
        code = run(settings, console, actor_of(None))
    except ArchivError as error:
        console.print(Text.assemble(("Fehler:", "red"), " ", error.text))
        return error.exit_code
    console.print(f"\nFertig nach {time.monotonic() - start:.0f} s.")
    return code


def run(settings: Settings, console: Console, by: Actor) -> int:
    """Tray, archive, search, fixity report; says where everything lies."""
    console.rule("1  Prüfen, was da ist")
    _machine(settings, console)
    with open_services(settings) as services:
        console.rule("2  Lieferungen in den Eingang")
        deliveries = _fill_inbox(services, console)
        console.rule("3  Annehmen, erkennen, prüfen, verpacken, ablegen (Prefect-Lauf)")
        values = _archive(services, deliveries, by)
    receipts(console, values, _command(settings))
    with open_services(settings) as services:
        console.rule(f"4  Suchen: „{OTHER_SPELLING}“")
        found = services.catalog.akte_by_aktenzeichen(OTHER_SPELLING, services.intake.muster)
        for row in found:
            console.print(
                Text.assemble(
                    f"{row.aktenart} ",
                    (row.aktenzeichen, "bold"),
                    f"  {row.betreff}  Version {row.version}, {plural(row.pages, 'Seite', 'Seiten')}",
                )
            )
        if not found:
            console.print("Nicht gefunden.", style="red")
        console.rule("5  Unversehrtheit dieser Akte")
        packages = [p.package for row in found for p in services.catalog.packages(row.uuid)]
        summary = verify_packages(services, packages, by)
        console.print("Alle Kopien gelesen:", word(VERDICTS, summary.verdict.value), size_words(summary.bytes))
    _where(settings, console)
    unexpected = [v for v in values if v["state"] not in ("archived", "duplicate") and v["aktenzeichen"] != _BAD]
    if not found or summary.damaged or unexpected:
        return 3
    good = [v for v in values if v["state"] in ("archived", "duplicate")]
    code = exit_code_of_json(good)
    if code == NOT_CHECKED:
        console.print(
            "Ohne die amtlichen Schemata ist die Beschreibung nur nach unseren eigenen Regeln geprüft.", style="yellow"
        )
        return 0  # the demo has done what it promises on a clone alone
    return code


NOT_CHECKED = 8
_BAD = "32-000815-2021"  # the delivery with the wrong sheet count is meant for the clearing desk


def _machine(settings: Settings, console: Console) -> None:
    found = examine_machine(settings, stores=False)
    lacking: dict[str, list[str]] = {}
    for part in found.parts:
        if part.health is not Health.OK:
            lacking.setdefault(part.advice, []).append(part.part)
    count = sum(len(parts) for parts in lacking.values())
    console.print(f"{len(found.parts) - count} von {len(found.parts)} Bestandteilen in Ordnung.")
    for advice, parts in lacking.items():
        console.print(Text.assemble("  ", (", ".join(parts), "yellow"), f": {advice}"))


def _fill_inbox(services: Services, console: Console) -> list[dict[str, Any]]:
    """Puts the made deliveries into the inbox unless they are known; returns receipts of what is archived already."""
    marker = services.settings.daten / "demo.json"
    if marker.exists():
        console.print("Die Lieferungen dieser Vorführung sind schon angenommen; es wird fortgesetzt.")
        done = [
            row
            for row in services.catalog.deliveries(open_only=False)
            if row.stage.value in ("archived", "duplicate") and not is_correction(row.slip)
        ]
        return [receipt_json(receipt_of(services, row)) for row in done]
    services.settings.inbox.mkdir(parents=True, exist_ok=True)
    # Made aside and moved in whole: a run broken off here starts over without a half delivery in the tray.
    with TemporaryDirectory(prefix=".muster-", dir=services.settings.daten) as folder:
        made = make_demo_deliveries(Path(folder), SEED)
        for one in made:
            target = services.settings.inbox / one.folder.name
            if not target.exists():
                one.folder.rename(target)
    partial = marker.with_suffix(".teil")
    partial.write_text(json.dumps({"saat": SEED}), encoding="utf-8")
    os.replace(partial, marker)  # noqa: PTH105 - the atomic rename is the point
    console.print(
        f"{len(made)} Lieferungen mit {sum(one.pages for one in made)} Seiten liegen in {services.settings.inbox}"
    )
    return []


def _archive(services: Services, done: list[dict[str, Any]], by: Actor) -> list[dict[str, Any]]:
    waiting = sorted(p for p in services.settings.inbox.iterdir() if not p.name.startswith("."))
    claimed = claim_paths(services, waiting) if waiting else ()
    begun = [one for one in claim_inbox(services).claimed if one.uuid not in {c.uuid for c in claimed}]
    every = [*claimed, *begun]
    values = list(done)
    if every:
        result = services.settings.work / f".quittungen-{os.getpid()}.json"
        try:
            run_batch_in_prefect(services.settings, [one.uuid for one in every], by.label, result)
            values.extend(json.loads(result.read_text(encoding="utf-8")))
        finally:
            result.unlink(missing_ok=True)
    known = {value["delivery"] for value in values}
    for case in services.catalog.clearing_list():
        row = services.catalog.delivery(case.delivery)
        if row is not None and str(case.delivery) not in known:
            values.append(receipt_json(clearing_receipt(services, row)))
    return values


def _where(settings: Settings, console: Console) -> None:
    console.rule("Wo alles liegt")
    data = settings.daten
    for what, place in (
        ("Eingang", settings.inbox),
        ("Katalog und Protokoll", data / "katalog"),
        ("Speicher (zwei Server)", data / "speicher"),
        ("Klärung, in Arbeit", settings.work),
    ):
        console.print(f"  {what}: {place}")
    console.print("Die eingebetteten Speicher sind kein revisionssicherer WORM-Speicher im Rechtssinn.", style="dim")
    console.print("\nWeiter probieren:", style="bold")
    for command in (
        "suche --volltext Statik",
        "akte zeige 63-1234-19",
        "akte hole 63-1234-19 --ziel heraus",
        "klaerung liste",
        "protokoll zeige 63-1234-19",
        "fixity pruefe --alle",
        "doctor",
    ):
        console.print(f"  {_command(settings)} {command}", highlight=False, soft_wrap=True)


def _command(settings: Settings) -> str:
    """What a command on the archive of the demo begins with, to be pasted into a shell."""
    return f"ARCHIV_DATEN={shlex.quote(str(settings.daten))} .venv/bin/archiv"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except click.ClickException as error:
        error.show()
        sys.exit(2)
