"""Typed access to the parts of a YAML file: each field is asked for by name and sort; what is odd becomes a finding."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from akten.findings import Severity
from retention.periods import Period, parse_period
from retention.yamlfile import Place, YamlFile

_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


def meant(word: str, known: Iterable[str]) -> str:
    """ " Gemeint ist wohl „…“." for a word that is near to a known one, else nothing."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f" Gemeint ist wohl „{near[0]}“." if near else ""


class Form:
    """One mapping of a file. Unknown keys are findings at once (RT-03), with the nearest known name.

    `strange` is how heavy such a finding weighs.
    """

    def __init__(
        self,
        file: YamlFile,
        place: Place,
        value: Any,
        allowed: Iterable[str] | None,
        strange: Severity = Severity.ERROR,
    ) -> None:
        self.file, self.place = file, place
        self.value: dict[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self.wrong("RT-05", "", "Hier muss eine Gruppe von Feldern stehen.")
        known = list(allowed) if allowed is not None else list(self.value)
        for key in self.value:
            if key not in known:
                self.file.add(
                    "RT-03", (*self.place, key), f"Das Feld „{key}“ ist unbekannt.{meant(key, known)}", strange
                )

    def wrong(self, code: str, key: str, text: str) -> None:
        """Notes an error at a field."""
        self.file.add(code, (*self.place, key) if key else self.place, text)

    def has(self, key: str) -> bool:
        """True when the field is there and not null."""
        return self.value.get(key) is not None

    def form(self, key: str, allowed: Iterable[str] | None) -> Form:
        """The mapping below a field; an absent one is empty."""
        found = self.value.get(key)
        return Form(self.file, (*self.place, key), {} if found is None else found, allowed)

    def forms(self, key: str, allowed: Iterable[str]) -> Iterator[Form]:
        """The mappings of a list."""
        found = self.value.get(key)
        if found is not None and not isinstance(found, list):
            self.wrong("RT-05", key, f"„{key}“ muss eine Liste sein.")
            return
        for number, entry in enumerate(found or ()):
            yield Form(self.file, (*self.place, key, number), entry, allowed)

    def text(self, key: str, *, needed: bool = False) -> str:
        """Text, "" when absent; a number is text, too."""
        found = self.value.get(key)
        if found is None or found == "":
            if needed:
                self.wrong("RT-04", key if key in self.value else "", f"Das Feld „{key}“ fehlt.")
            return ""
        if isinstance(found, bool) or not isinstance(found, (str, int, date)):
            self.wrong("RT-05", key, f"„{key}“ muss Text sein.")
            return ""
        return str(found).strip()

    def choice(self, key: str, choices: Iterable[str], *, default: str = "") -> str:
        """One word of a list; without default it is needed. "" when wrong."""
        words = list(choices)
        found = self.text(key, needed=not default) or default
        if found and found not in words:
            text = f"„{found}“ ist kein Wert von „{key}“ ({', '.join(words)}).{meant(found, words)}"
            self.wrong("RT-05", key, text)
            return default
        return found

    def truth(self, key: str, *, needed: bool = False) -> bool:
        """true or false; absent is false."""
        found = self.value.get(key)
        if found is None:
            if needed:
                self.wrong("RT-04", "", f"Das Feld „{key}“ fehlt.")
            return False
        if not isinstance(found, bool):
            self.wrong("RT-05", key, f"„{key}“ muss true oder false sein.")
            return False
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of words."""
        found = self.value.get(key)
        if found is None:
            return ()
        if not isinstance(found, list) or not all(isinstance(entry, str) and entry for entry in found):
            self.wrong("RT-05", key, f"„{key}“ muss eine Liste von Wörtern sein.")
            return ()
        return tuple(found)

    def day(self, key: str) -> date | None:
        """A calendar day, None when absent; many programs that write YAML put quotation marks around it."""
        found = self.value.get(key)
        if found is None:
            return None
        if isinstance(found, str) and _ISO_DAY.match(found):
            with suppress(ValueError):  # 2026-02-30 is told below, like any other text
                found = date.fromisoformat(found)
        if not isinstance(found, date) or isinstance(found, datetime):
            self.wrong("RT-32", key, f"„{key}“ muss ein Kalendertag (JJJJ-MM-TT) sein.")
            return None
        return found

    def period(self, key: str) -> Period | None:
        """A period, None when absent or wrong."""
        text = self.text(key)
        if not text:
            return None
        try:
            return parse_period(text)
        except ValueError:
            self.wrong("RT-22", key, f"„{text}“ ist keine Frist wie P10Y, P6M oder P30D.")
            return None
