"""The command line library speaks German: its own few sentences, translated in one table.

click looks its texts up through a module-level `_`; compiled message catalogues would be binary files in the repo, so
the lookup is replaced instead. A test asks click for each of these situations and fails when English comes back.
"""

from __future__ import annotations

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
    "{value!r} is not a valid {number_type}.": "{value!r} ist keine gültige Zahl ({number_type}).",
    "{value!r} is not one of {choices}.": "{value!r} steht nicht zur Wahl; möglich sind {choices}.",
    "{value} is not in the range {range}.": "{value} liegt nicht im Bereich {range}.",
    "{value!r} does not match the format {format}.": "{value!r} passt nicht zum Format {format}.",
    "{value!r} does not match the formats {formats}.": "{value!r} passt zu keinem der Formate {formats}.",
    "Did you mean {possibility}?": "Meinten Sie {possibility}?",
    "(Possible options: {possibilities})": "(Möglich: {possibilities})",
    "(Did you mean one of: {possibilities}?)": "(Meinten Sie: {possibilities}?)",
    "Did you mean one of: {possibilities}?": "Meinten Sie: {possibilities}?",
    "Show the version and exit.": "Zeigt die Version.",
    "%(prog)s, version %(version)s": "%(prog)s, Version %(version)s",
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
    # The word on its own stands in a class attribute that was made when click was imported.
    click.UsageError.exit_code = 2
