"""What every command has in common: its options, its way to settings and services, and how errors become exit codes."""

from __future__ import annotations

import errno
import functools
import getpass
import logging
import os
import pwd
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, cast

import click

from akten.diskwords import DISK_FULL, as_ours, in_german, is_full, is_of_the_machine
from akten.errors import ArchivError, Misconfigured, Unavailable, Unknown
from akten.exhausted import exhausted
from akten.model import shows_nothing
from app.german import SENTENCES
from app.interrupt import as_usual
from app.output import Output, open_output
from catalog.actor import Actor, ActorKind
from flows.bugs import keep_trace
from flows.settings import Settings, read_settings

P = ParamSpec("P")


class Named(click.Path):
    """A place by its name; an empty one (a variable that is not set) is a mistake and not the folder we are in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises BadParameter."""
        if value == "":
            self.fail("der Name ist leer", param, ctx)
        self.name = SENTENCES.get(self.name, self.name)  # some were made before click spoke German
        return super().convert(value, param, ctx)


class NewFile(Named):
    """A file that a command writes; what lies there already may be somebody's work and is not written over."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Raises BadParameter."""
        path = super().convert(value, param, ctx)
        if os.path.lexists(path):
            self.fail(f"„{path}“ gibt es schon; überschrieben wird nichts.", param, ctx)
        return path


class Words(click.Group):
    """A verb with words below it, each told by its whole first sentence: click would cut it off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of the words."""
        words = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        told = [
            (n, word.short_help or " ".join((word.help or "").split("\n\n")[0].split())) for n, word in words if word
        ]
        with formatter.section("Befehle"):
            formatter.write_dl(told)


FOLDER = Named(path_type=Path, file_okay=False)
OUT = NewFile(path_type=Path, dir_okay=False)
DATEN_HELP = "Datenordner des Archivs (sonst ARCHIV_DATEN)."
JSON_HELP = "Ergebnis als ein JSON-Wert auf der Standardausgabe."
# No number that a person means is longer, and databases hold it with room to count on; SQLite ends at 2^63.
MOST = 10**15
# What the file system says no with, when it is a person's to put right; anything else is a bug.
THEIRS = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOENT,
        errno.EEXIST,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the command line: where results go, which archive, who asks."""

    output: Output
    settings: Settings
    actor: Actor
    archiv: str = "archiv"  # how the next command on the same archive begins


def require_in_order(von: datetime | None, bis: datetime | None) -> None:
    """Days the wrong way round are wrong usage: an empty answer would claim that there is nothing."""
    if von and bis and bis < von:
        raise click.UsageError("--bis liegt vor --von; dazwischen liegt kein Tag.")


def account() -> str:
    """The operating system's account of this process, by its number and not by what the environment claims."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return getpass.getuser() if os.getuid() == 0 else f"uid-{os.getuid()}"


def actor_of(name: str | None) -> Actor:
    """Who acts: the account, or the person named by --als together with the account that said so."""
    login = account()
    if name is None or name == login:
        return Actor(login, ActorKind.LOGIN)
    try:
        if not name.strip():
            raise ValueError("nobody is named")
        return Actor(name, ActorKind.ALS, login)
    except ValueError as error:
        raise click.BadParameter("bitte 1 bis 200 druckbare Zeichen", param_hint="--als") from error


def verb(function: Callable[Concatenate[Call, P], int | None]) -> Callable[P, None]:
    """Gives a command `--json`, `--daten` and `--als`, and turns its result or error into output and exit code.

    The function gets a `Call` first and returns its exit code (None is 0). Our own errors are told in one German
    sentence; a bug travels up and ends with exit code 1 and its trace in BUGS, not on the screen.
    """

    @click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
    @click.option("--daten", type=FOLDER, metavar="ORDNER", help=DATEN_HELP)
    @click.option(
        "--als", "als", metavar="KENNUNG", help="Handelt für diese Person; das Konto steht daneben im Protokoll."
    )
    @functools.wraps(function)
    def command(*args: Any, as_json: bool, daten: Path | None, als: str | None, **kwargs: Any) -> None:
        as_usual()
        context = click.get_current_context()
        _no_endless_numbers(context, kwargs)
        _no_blank_texts(context, kwargs)
        inherited = context.find_root().params
        as_json = as_json or bool(inherited.get("as_json"))
        output = open_output(as_json=as_json)
        try:
            named = daten or inherited.get("daten")
            settings = read_settings(daten=named)
        except (ArchivError, OSError) as error:
            known = error if isinstance(error, ArchivError) else of_files(error)
            if known is None:
                raise
            output.error(known)
            context.exit(known.exit_code)
        try:
            again = f"archiv --daten {shlex.quote(str(named))}" if named else "archiv"
            code = function(Call(output, settings, actor_of(als), again), *args, **kwargs) or 0
        except ArchivError as error:
            output.error(error)
            code = error.exit_code
        except OSError as error:
            told = of_files(error)
            if told is None or not (is_full(error.errno) or error.errno in THEIRS):
                keep_trace(settings.daten)  # an ill disk is no bug, but too many open files may be one
            if told is None:
                raise
            output.error(told)
            code = told.exit_code
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as bug:
            keep_trace(settings.daten)
            lack = exhausted(bug)
            if lack is None:
                raise
            output.error(lack)
            code = lack.exit_code
        context.exit(code)

    return cast("Callable[P, None]", command)


def _no_endless_numbers(context: click.Context, given: Mapping[str, object]) -> None:
    """A number that no database holds is wrong usage. Raises BadParameter."""
    for param in context.command.params:
        value = given.get(param.name or "")
        if isinstance(value, int) and abs(value) > MOST:
            raise click.BadParameter("die Zahl ist zu groß", ctx=context, param=param)


def _no_blank_texts(context: click.Context, given: Mapping[str, object]) -> None:
    """A text that shows nothing (a variable that is not set) is wrong usage: as a filter it would ask for anything,
    and as a reason it would give none. Raises BadParameter.
    """
    for param in context.command.params:
        value = given.get(param.name or "")
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and shows_nothing(text) and text != param.default:
                raise click.BadParameter("der Text ist leer", ctx=context, param=param)


def of_files(error: OSError) -> ArchivError | None:
    """What a refusal of the file system means for the person who called; None for anything that is not theirs."""
    if is_full(error.errno):
        return Unavailable(DISK_FULL)
    if is_of_the_machine(error.errno) and error.errno not in THEIRS:
        where = "Der Rechner" if error.filename is None else f"„{os.fsdecode(error.filename)}“"
        return as_ours(error, f"{where} verweigert den Dienst")
    if error.errno == errno.ENOENT and error.filename is None and _stands_nowhere():
        return Unknown(
            "Den Ordner, in dem dieser Befehl gegeben wurde, gibt es nicht mehr. Bitte in einen anderen wechseln (cd) "
            "und den Befehl dort noch einmal geben."
        )
    if error.filename is None or error.errno not in THEIRS:
        return None
    return Misconfigured(f"„{os.fsdecode(error.filename)}“: {in_german(error.errno)}.")


def _stands_nowhere() -> bool:
    """The current folder was deleted under the shell: then no relative path means anything."""
    try:
        os.getcwd()  # noqa: PTH109 - asked of the system, as pathlib does
    except FileNotFoundError:
        return True
    return False


class _NoTrace(logging.Formatter):
    """A trace is for the log file; a clerk at a terminal reads the receipt."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is that of the standard library
        return str(ei[0].__name__)


def quiet_logs() -> None:
    """Libraries that log at INFO by habit are kept to warnings; nothing of it goes to standard output."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    if sys.stderr.isatty():
        for handler in logging.getLogger().handlers:
            handler.setFormatter(_NoTrace("%(levelname)s %(name)s: %(message)s"))
