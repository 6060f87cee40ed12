"""`archiv`: the German command line. Parses, calls a walk or the catalog, prints, and sets the exit code."""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path

import click

from app.command import quiet_logs
from app.german import speak_german

# Verb → module and name; a module is imported when its verb is called, so that `archiv suche` never pays for OCR.
VERBS: dict[str, tuple[str, str, str]] = {
    "annahme": ("app.intake_verbs", "annahme", "Lieferungen annehmen und archivieren"),
    "klaerung": ("app.clearing_verbs", "klaerung", "Klärungskorb: ansehen und lösen"),
    "sichtung": ("app.clearing_verbs", "sichtung", "Seiten mit unsicherem Text ansehen"),
    "suche": ("app.find_verbs", "suche", "Akten suchen, auch im Volltext"),
    "akte": ("app.find_verbs", "akte", "Akten auflisten, zeigen, herausholen"),
    "fixity": ("app.check_verbs", "fixity", "Kopien auf Unversehrtheit prüfen"),
    "bag": ("app.judge_verbs", "bag", "BagIt-Pakete beurteilen"),
    "xdomea": ("app.judge_verbs", "xdomea", "XDOMEA-Nachrichten beurteilen"),
    "premis": ("app.judge_verbs", "premis", "PREMIS-Sätze beurteilen"),
    "pdfa": ("app.judge_verbs", "pdfa", "PDF/A-Dateien beurteilen"),
    "protokoll": ("app.trail_verbs", "protokoll", "Protokoll zeigen und prüfen"),
    "frist": ("app.retention_verbs", "frist", "Aufbewahrungsfristen berechnen"),
    "doctor": ("app.check_verbs", "doctor", "Alle Bestandteile prüfen"),
    "abgleich": ("app.check_verbs", "abgleich", "Katalog und Speicher vergleichen"),
    "einstellungen": ("app.check_verbs", "einstellungen", "Wirksame Einstellungen zeigen"),
    "dienst": ("app.intake_verbs", "dienst", "Dienst starten: Speicher, Runden, Eingang"),
    "muster": ("app.intake_verbs", "muster", "Beispiel-Lieferungen erzeugen"),
}


class Verbs(click.Group):
    """The verbs, loaded when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs in the order of the table."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; its module is imported now."""
        del ctx
        if cmd_name not in VERBS:
            return None
        module, name, _ = VERBS[cmd_name]
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs from the table, without importing their modules."""
        del ctx
        with formatter.section("Befehle"):
            formatter.write_dl([(name, text) for name, (_, _, text) in VERBS.items()])


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit-Codes: 0 alles gut · 2 falscher Aufruf · 3 beanstandet · 4 nicht erlaubt · 5 Kopie beschädigt · "
    "6 nicht erreichbar · 7 Einstellung oder Programm fehlt · 8 nichts schlecht, aber etwas nicht geprüft · "
    "1 Programmfehler",
)
@click.option("--json", "as_json", is_flag=True, help="Ergebnis als ein JSON-Wert auf der Standardausgabe.")
@click.option("--daten", type=click.Path(path_type=Path), help="Datenordner des Archivs (sonst ARCHIV_DATEN).")
def archiv(as_json: bool, daten: Path | None) -> None:
    """Aktenarchiv: von der Papierakte zum vertrauenswürdigen digitalen Archiv."""
    del as_json, daten  # read by the verbs through the root context


def main() -> None:
    """Entry point of `archiv`."""
    speak_german()
    quiet_logs()
    try:
        archiv(prog_name="archiv")
    except Exception as bug:  # noqa: BLE001 - the outermost edge: a bug must not show a trace to a clerk
        trace = traceback.format_exc()
        sys.stderr.write(trace if sys.stderr.isatty() is False else "")
        sys.stderr.write(f"Programmfehler ({type(bug).__name__}). Bitte melden; nichts wurde als erledigt vermerkt.\n")
        if "--json" in sys.argv:
            sys.stdout.write(json.dumps({"error": type(bug).__name__, "exit_code": 1, "text": str(bug)}) + "\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
