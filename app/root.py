"""`archiv`: the German command line. Parses, calls a walk or the catalog, prints, and sets the exit code."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from pathlib import Path

import click

from app import interrupt
from app.command import DATEN_HELP, FOLDER, JSON_HELP, of_files, quiet_logs
from app.german import speak_german
from app.output import error_json, said, write_json, write_nowhere
from flows.bugs import BUGS
from flows.terminal import visible

# Verb → module and name; a module is imported when its verb is called, so that `archiv suche` never pays for OCR.
VERBS: dict[str, tuple[str, str, str]] = {
    "annahme": ("app.intake_verbs", "annahme", "Lieferungen annehmen und archivieren"),
    "klaerung": ("app.clearing_verbs", "klaerung", "Klärungskorb: ansehen und lösen"),
    "sichtung": ("app.review_verbs", "sichtung", "Seiten mit unsicherem Text ansehen"),
    "suche": ("app.find_verbs", "suche", "Akten suchen, auch im Volltext"),
    "akte": ("app.find_verbs", "akte", "Akten auflisten, zeigen, herausholen"),
    "fixity": ("app.check_verbs", "fixity", "Kopien auf Unversehrtheit prüfen"),
    "bag": ("app.judge_verbs", "bag", "BagIt-Pakete beurteilen"),
    "xdomea": ("app.judge_verbs", "xdomea", "XDOMEA-Nachrichten beurteilen"),
    "premis": ("app.judge_verbs", "premis", "PREMIS-Sätze beurteilen"),
    "pdfa": ("app.judge_verbs", "pdfa", "PDF/A-Dateien beurteilen"),
    "protokoll": ("app.trail_verbs", "protokoll", "Protokoll zeigen und prüfen"),
    "frist": ("app.retention_verbs", "frist", "Aufbewahrungsfristen berechnen"),
    "ereignis": ("app.event_verbs", "ereignis", "Ereignisse und Merkmale melden, auch als Liste"),
    "sperre": ("app.hold_verbs", "sperre", "Löschsperren setzen, zeigen, aufheben"),
    "doctor": ("app.check_verbs", "doctor", "Alle Bestandteile prüfen"),
    "katalog": ("app.catalog_verbs", "katalog", "Suchindex erneuern"),
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, but names near to a misspelt verb come from the table."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=VERBS, ctx=ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs from the table, without importing their modules."""
        del ctx
        with formatter.section("Befehle"):
            formatter.write_dl([(name, text) for name, (_, _, text) in VERBS.items()])


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib import metadata  # a tenth of a second that no other call pays

        click.echo(f"Aktenarchiv {metadata.version('aktenarchiv')}")
        ctx.exit()


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit-Codes: 0 alles gut · 2 falscher Aufruf oder Unbekanntes · 3 beanstandet · 4 nicht erlaubt · "
    "5 Kopie oder Kette beschädigt · 6 nicht erreichbar · 7 Einstellung oder Programm fehlt · "
    "8 nichts schlecht, aber etwas nicht geprüft · 1 Programmfehler · 130 mit Strg-C abgebrochen · "
    "143 von außen beendet",
)
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
@click.option("--daten", type=FOLDER, metavar="ORDNER", help=DATEN_HELP)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Zeigt die Version."
)
def archiv(as_json: bool, daten: Path | None) -> None:
    """Aktenarchiv: von der Papierakte zum vertrauenswürdigen digitalen Archiv."""
    del as_json, daten  # read by the verbs through the root context


_LAST_STREAM = 2  # standard error


def _open_streams() -> None:
    """A process started without standard streams (`>&-`) writes what it has to say nowhere, and does its work.

    All three numbers are taken: else a file of ours would get one, and whatever a library or child says go into it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        os.set_inheritable(number, True)  # noqa: FBT003 - by position only
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


def run() -> None:
    """One call from its words to its exit code."""
    _open_streams()
    speak_german()
    quiet_logs()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A letter that the terminal cannot show is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = archiv.main(prog_name="archiv", standalone_mode=False)
    except click.ClickException as wrong:
        setattr(wrong, "message", visible(wrong.message))  # noqa: B010 - it repeats what was typed; final only by name
        code = wrong.exit_code
        said(wrong.show, sys.stderr)
        _tell_as_json(type(wrong).__name__, code, wrong.format_message())
    except click.Abort:
        code = interrupt.CODE
        _tell(f"{interrupt.TEXT}\n")
        _tell_as_json("Abort", code, interrupt.TEXT)
    except SystemExit:
        code = 0  # click's way to end when the reader of a help text went away (`| head`)
    except Exception as bug:  # noqa: BLE001 - the outermost edge: a bug must not show a trace to a clerk
        told = of_files(bug) if isinstance(bug, OSError) else None
        if told is not None:  # a help text on a full disk
            write_nowhere()
            _tell(f"Fehler: {told.text}\n")
            sys.exit(told.exit_code)
        code = 1
        _tell(traceback.format_exc() if sys.stderr.isatty() is False else "")
        _tell(
            f"Programmfehler ({type(bug).__name__}). Bitte melden, mit {BUGS} aus dem Datenordner; nichts wurde als "
            "erledigt vermerkt.\n"
        )
        _tell_as_json(type(bug).__name__, code, str(bug))
    sys.exit(code)


def _tell(text: str) -> None:
    said(lambda: sys.stderr.write(text), sys.stderr)


def _tell_as_json(name: str, code: int, text: str) -> None:
    """The one JSON value of a call that came to no result, where one was asked for."""
    if "--json" in sys.argv:
        said(lambda: write_json(error_json(name, code, text)), sys.stdout)
