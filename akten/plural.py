"""Numbers with their noun, as German wants it: a text that counts never says „1 Stellen“."""

from __future__ import annotations


def plural(number: int, one: str, many: str) -> str:
    """„1 Seite“, „3 Seiten“."""
    return f"{number} {one if number == 1 else many}"
