"""One page of a long list: `--anzahl` and `--ab`, the same for every list, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def paged(default: int = 50, most: int = 10_000, many: str = "Zeilen", first: str = "dieser Zeile") -> Callable[[F], F]:
    """Gives a list `--anzahl` and `--ab`, the number of rows and the number of those before."""
    anzahl = click.option(
        "--anzahl", default=default, show_default=True, type=click.IntRange(1, most), help=f"So viele {many}."
    )
    ab = click.option("--ab", default=0, show_default=True, type=click.IntRange(0), help=f"Ab {first}.")
    return lambda function: anzahl(ab(function))


def rest_of(shown: int, total: int, offset: int) -> str:
    """What of a list does not stand on this page and how to see it, "" when nothing follows."""
    until = offset + shown
    return f"{counted(shown, total)}; weiter mit --ab {until}" if until < total else ""


def counted(shown: int, total: int) -> str:
    """How much of a list is shown."""
    return f"{shown} von {total}"
