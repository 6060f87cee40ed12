"""What a due round did, as JSON, as German table and as exit code; also for a hold that was followed at once."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from akten.findings import Verdict
from akten.plural import plural
from app.show import VERDICTS, Listing, findings_table, word
from flows.locks import DueSummary
from flows.receipt import finding_json

ROUND = {**VERDICTS, "failed": ("mit Befunden", "red")}


def summary_json(summary: DueSummary) -> dict[str, Any]:
    """What a due round did and found."""
    return {
        "verdict": summary.verdict.value,
        "akten": summary.akten,
        "packages": summary.packages,
        "ends_changed": summary.ends_changed,
        "extended": summary.extended,
        "holds_set": summary.holds_set,
        "holds_lifted": summary.holds_lifted,
        "stores": [
            {
                "store": name,
                "copies": tally.copies,
                "kept": tally.kept,
                "changed": tally.changed,
                "not_checked": tally.not_checked,
                "reachable": not tally.why,
                "why": tally.why,
            }
            for name, tally in sorted(summary.stores.items())
        ],
        "codes": dict(summary.codes),
        "findings": [finding_json(finding) for finding in summary.findings],
    }


def exit_of(summary: DueSummary) -> int:
    """5 for a copy that is gone, 3 for any other finding, 6 when no store could be reached, 8 when one was away."""
    if "LK-05" in summary.codes:
        return 5
    if summary.verdict is Verdict.FAILED:
        return 3
    if summary.away:
        return 6
    return 8 if summary.verdict is Verdict.NOT_CHECKED else 0


def show_summary(console: Console, summary: DueSummary) -> None:
    """The round as a table per store, with what was found."""
    console.print("Fristenrunde:", word(ROUND, summary.verdict.value))
    console.print(
        f"{plural(summary.akten, 'Akte', 'Akten')} mit {plural(summary.packages, 'Version', 'Versionen')} gerechnet, "
        f"{plural(summary.ends_changed, 'Frist', 'Fristen')} geändert"
    )
    console.print(
        f"Kopien: {summary.extended} länger gesperrt, "
        f"{plural(summary.holds_set, 'Löschsperre', 'Löschsperren')} gesetzt, {summary.holds_lifted} aufgehoben"
    )
    table = Listing("Speicher", "Kopien", "unverändert", "nachgezogen", "nicht geprüft", box=None, header_style="dim")
    for name, tally in sorted(summary.stores.items()):
        left = Text(str(tally.not_checked), "yellow" if tally.not_checked or tally.why else "")
        table.add_row(name, str(tally.copies), str(tally.kept), str(tally.changed), left)
    console.print(table)
    if summary.findings:
        console.print(findings_table([finding_json(finding) for finding in summary.findings]))
    total = sum(summary.codes.values())
    if total > len(summary.findings):
        console.print(f"Gezeigt sind {len(summary.findings)} von {total} Befunden.", style="dim")


def followed_json(summary: DueSummary) -> dict[str, Any]:
    """What a hold meant in the stores."""
    return {
        "set": summary.holds_set,
        "lifted": summary.holds_lifted,
        "not_checked": summary.not_checked,
        "findings": [finding_json(finding) for finding in summary.findings],
    }


def exit_of_followed(summary: DueSummary) -> int:
    """The hold itself stands: 5 for a copy that is gone, 8 for one that could not be looked at."""
    if "LK-05" in summary.codes:
        return 5
    return 8 if summary.not_checked else 0


def show_followed(console: Console, summary: DueSummary) -> None:
    """What a hold meant in the stores, in a line."""
    if summary.holds_set:
        console.print(f"In den Speichern gesetzt und zurückgelesen: {plural(summary.holds_set, 'Kopie', 'Kopien')}.")
    if summary.holds_lifted:
        console.print(f"In den Speichern aufgehoben: {plural(summary.holds_lifted, 'Kopie', 'Kopien')}.")
    if summary.not_checked:
        left = plural(summary.not_checked, "Kopie ist", "Kopien sind")
        console.print(f"{left} noch nicht nachgezogen; die Fristenrunde holt es nach.", style="yellow")
    if summary.findings:
        console.print(findings_table([finding_json(finding) for finding in summary.findings]))
