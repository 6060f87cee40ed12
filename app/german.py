"""The command line library speaks German: its own few sentences, translated in one table.

click looks its texts up through a module-level `_`; compiled message catalogues would be binary files in the repo, so
the lookup is replaced instead. A test asks click for each of these situations and fails when English comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click import core, decorators, exceptions, formatting, parser, types

SENTENCES: dict[str, str] = {
    "Aborted!": "Abgebrochen.",
    "Arguments": "Angaben",
    "Choose from:\n\t{choices}": "Zur Wahl stehen:\n\t{choices}",
    "Commands": "Befehle",
    "Could not open file {filename!r}: {message}": "Die Datei {filename!r} lässt sich nicht öffnen: {message}",
    "Error: {message}": "Fehler: {message}",
    "Got unexpected extra argument ({args})": "Zu viele Angaben: {args}",
    "Got unexpected extra arguments ({args})": "Zu viele Angaben: {args}",
    "Invalid value for {param_hint}: {message}": "Ungültiger Wert für {param_hint}: {message}",
    "Invalid value: {message}": "Ungültiger Wert: {message}",
    "Missing argument": "Es fehlt die Angabe",
    "Missing command.": "Es fehlt der Befehl.",
    "Missing option": "Es fehlt die Option",
    "Missing parameter": "Es fehlt",
    "Missing parameter: {param_name}": "Es fehlt: {param_name}",
    "Missing {param_type}": "Es fehlt: {param_type}",
    "(dynamic)": "(je nach Lage)",
    "Argument {name!r} takes {nargs} values.": "Zu {name!r} gehören {nargs} Werte.",
    "Choice({choices})": "Auswahl ({choices})",
    "Confirm the action without prompting.": "Ohne Rückfrage.",
    "DeprecationWarning: The command {name!r} is deprecated.{extra_message}": (
        "Der Befehl {name!r} ist veraltet.{extra_message}"
    ),
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}": (
        "Die Angabe {name!r} ist veraltet.{extra_message}"
    ),
    "Do you want to continue?": "Weiter?",
    "Invalid start character for option ({option})": "So beginnt keine Option: {option}",
    "Option {name!r} requires {nargs} arguments.": "Die Option {name!r} braucht {nargs} Werte.",
    "Takes {nargs} values but 1 was given.": "{nargs} Werte sind nötig, einer wurde genannt.",
    "Takes {nargs} values but {len} were given.": "{nargs} Werte sind nötig, {len} wurden genannt.",
    "Value must be an iterable.": "Mehrere Werte sind nötig.",
    "deprecated": "veraltet",
    "env var: {var}": "Umgebung: {var}",
    "unknown error": "unbekannter Fehler",
    "{len_type} values are required, but {len_value} was given.": (
        "{len_type} Werte sind nötig, {len_value} wurde genannt."
    ),
    "{len_type} values are required, but {len_value} were given.": (
        "{len_type} Werte sind nötig, {len_value} wurden genannt."
    ),
    "{name} {filename!r} is not executable.": "{name} {filename!r} ist nicht ausführbar.",
    "{name} {filename!r} is not readable.": "{name} {filename!r} ist nicht lesbar.",
    "{name} {filename!r} is not writable.": "{name} {filename!r} ist nicht beschreibbar.",
    "{value!r} is not a valid UUID.": "{value!r} ist keine UUID.",
    "{value!r} is not a valid boolean. Recognized values: {states}": "{value!r} ist weder ja noch nein: {states}",
    "{value!r} is not {choice}.": "{value!r} steht nicht zur Wahl; möglich ist {choice}.",
    "No such command {name!r}.": "Den Befehl {name!r} gibt es nicht.",
    "No such option {name!r}.": "Die Option {name!r} gibt es nicht.",
    "Option {name!r} does not take a value.": "Die Option {name!r} nimmt keinen Wert.",
    "Option {name!r} requires an argument.": "Die Option {name!r} braucht einen Wert.",
    "Options": "Optionen",
    "Positional arguments": "Angaben",
    "Show this message and exit.": "Zeigt diese Hilfe.",
    "Try '{command} {option}' for help.": "Hilfe zeigt: {command} {option}",
    "Usage:": "Aufruf:",
    "default: {default}": "sonst: {default}",
    "required": "nötig",
    "directory": "Ordner",
    "file": "Datei",
    "path": "Pfad",
    "{name} {filename!r} does not exist.": "{name} {filename!r} gibt es nicht.",
    "{name} {filename!r} is a directory.": "{filename!r} ist ein Ordner.",
    "{name} {filename!r} is a file.": "{filename!r} ist eine Datei.",
    "{value!r} is not a valid {number_type}.": "{value!r} ist keine ganze Zahl.",
    "{value!r} is not one of {choices}.": "{value!r} steht nicht zur Wahl; möglich sind {choices}.",
    "{value} is not in the range {range}.": "{value} liegt nicht im Bereich {range}.",
    "{value!r} does not match the format {format}.": "{value!r} ist kein Tag; bitte so: 31.12.2025",
    "{value!r} does not match the formats {formats}.": "{value!r} ist kein Tag; bitte so: 31.12.2025 oder 2025-12-31",
    "Did you mean {possibility}?": "Meinten Sie {possibility}?",
    "(Possible options: {possibilities})": "(Möglich: {possibilities})",
    "(Did you mean one of: {possibilities}?)": "(Meinten Sie: {possibilities}?)",
    "Did you mean one of: {possibilities}?": "Meinten Sie: {possibilities}?",
    "Show the version and exit.": "Zeigt die Version.",
    "%(prog)s, version %(version)s": "%(prog)s, Version %(version)s",
}

# Words in the line of usage and in lists of options that click does not offer for translation.
USAGE = {
    "[OPTIONS]": "[OPTIONEN]",
    "COMMAND [ARGS]...": "BEFEHL [ANGABEN]...",
    "[COMMAND] [ARGS]...": "[BEFEHL] [ANGABEN]...",
}


def _one(text: str) -> str:
    return SENTENCES.get(text, text)


def _several(singular: str, plural: str, number: int) -> str:
    return _one(singular if number == 1 else plural)


def speak_german() -> None:
    """Makes click's own sentences German for this process."""
    for module in (core, decorators, exceptions, formatting, parser, types):
        for name, function in (("_", _one), ("ngettext", _several)):
            if hasattr(module, name):
                setattr(module, name, function)
    types.IntParamType.name = types.IntRange.name = "Zahl"
    types.StringParamType.name = "Text"
    setattr(types.IntRange, "_describe_range", _range)  # noqa: B010 - a private name of click
    for kind in (click.Command, click.Group):
        setattr(kind, "collect_usage_pieces", _german_usage(kind.collect_usage_pieces))  # noqa: B010 - replaced on purpose


def _range(self: click.IntRange) -> str:
    """„1 bis 1000“, „ab 0“."""
    if self.max is None:
        return f"ab {self.min}"
    return f"bis {self.max}" if self.min is None else f"{self.min} bis {self.max}"


def _german_usage(original: Callable[[Any, click.Context], list[str]]) -> Callable[[Any, click.Context], list[str]]:
    def collect_usage_pieces(self: click.Command, ctx: click.Context) -> list[str]:
        return [USAGE.get(piece, piece) for piece in original(self, ctx)]

    return collect_usage_pieces
