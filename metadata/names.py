"""File names of messages and packages: `<ProzessID>_<Nachricht>.0503` (2.x, 3.x), `<ProzessID>_0503_1` (4.0.0)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from metadata.codelists import NAMES, names
from metadata.messages import Message

_UUID = r"(?P<prozess>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"
_LONG = re.compile(_UUID + r"_(?P<name>Aussonderung\.[A-Za-z]{1,60})\.(?P<code>\d{4})\Z", re.ASCII)
_SHORT = re.compile(_UUID + r"_(?P<code>\d{4})\Z", re.ASCII)
_NUMBERED = re.compile(_UUID + r"_(?P<code>\d{4})_(?P<number>\d{1,9})\Z", re.ASCII)


class Form(StrEnum):
    """Ways to name a message."""

    LONG = "long"  # 2.x and 3.x
    SHORT = "short"  # accepted by x-man beside the long form
    NUMBERED = "numbered"  # 4.0.0


@dataclass(frozen=True, slots=True)
class MessageName:
    """What a file name says of the message."""

    form: Form
    prozess_id: str
    code: str
    name: str = ""
    number: int | None = None

    def fits(self, version: str) -> bool:
        """True when this is the form of the version."""
        return self.form is (Form.NUMBERED if version.startswith("4.") else Form.LONG)

    def agrees(self, version: str, code: str) -> bool:
        """True when the name of the message in the file name goes with its code."""
        return self.code == code and (not self.name or self.name == names(version).get(code, NAMES.get(code)))


def parse_stem(stem: str) -> MessageName | None:
    """What a file name without its ending says; None when it follows no scheme."""
    if match := _LONG.match(stem):
        return MessageName(Form.LONG, match["prozess"], match["code"], match["name"])
    if match := _SHORT.match(stem):
        return MessageName(Form.SHORT, match["prozess"], match["code"])
    if match := _NUMBERED.match(stem):
        return MessageName(Form.NUMBERED, match["prozess"], match["code"], number=int(match["number"]))
    return None


def stem_of(message: Message, version: str) -> str:
    """The file name without ending that a message has in a version; ZIP and XML share it."""
    prozess_id = str(message.kopf.prozess_id)
    if version.startswith("4."):
        return f"{prozess_id}_{message.code}_{message.kopf.lfd_nr}"
    return f"{prozess_id}_{names(version)[message.code]}.{message.code}"
