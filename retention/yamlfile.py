"""Reads YAML of people safely: plain values, no aliases, no doubled keys, bounded; every value has its line."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from akten.errors import Rejected
from akten.findings import Finding, Severity

MAX_BYTES = 32 << 20
_MAX_DEPTH = 24
_MAX_NODES = 2_000_000  # each takes 400 bytes of memory and as little as two of a file; a case is twenty to forty
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
_INT = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})\Z")
_TAG = "tag:yaml.org,2002:"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Place = tuple[str | int, ...]


@dataclass(slots=True)
class YamlFile:
    """The value of a file with the line of every part, its SHA-256, and the findings about it as they are made."""

    name: str
    digest: str = ""
    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    noted: dict[Place, list[Finding]] = field(default_factory=dict)  # by the first two steps of the place

    def where(self, place: Place) -> str:
        """`name:line` of a part, or of the nearest part around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.name}:{self.lines.get(place, 1)}"

    def add(self, code: str, place: Place, text: str, severity: Severity = Severity.ERROR) -> None:
        """Notes one finding at a part."""
        self.noted.setdefault(place[:2], []).append(Finding(code, severity, self.where(place), text))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings that were not taken."""
        return tuple(finding for found in self.noted.values() for finding in found)

    def take(self, key: str, number: int) -> tuple[Finding, ...]:
        """Removes and returns the findings in one entry of a list at the top."""
        return tuple(self.noted.pop((key, number), ()))

    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def read_file(path: Path) -> YamlFile:
    """The file at `path`. Raises Rejected (RT-01) when it cannot be read or is no YAML."""
    return read_bytes(file_bytes(path), path.name)


def file_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises Rejected (RT-01) when it cannot be read or is too large."""
    try:
        if path.stat().st_size > MAX_BYTES or not path.is_file():
            raise _refused(path.name, 1, f"Die Datei ist keine Datei oder größer als {MAX_BYTES >> 20} MiB.")
        return path.read_bytes()
    except OSError as error:
        raise _refused(path.name, 1, "Die Datei fehlt oder ist nicht lesbar.") from error


def read_bytes(data: bytes, name: str) -> YamlFile:
    """The value of YAML bytes; doubled keys are findings (RT-02). Raises Rejected (RT-01) for what is no plain YAML."""
    file = YamlFile(name, hashlib.sha256(data).hexdigest())
    try:
        text = data.decode("utf-8-sig")
        _bound(text, name)
        node = yaml.compose(text, Loader=_Loader)
    except UnicodeDecodeError as error:
        raise _refused(name, 1, "Die Datei ist kein UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refused(name, mark.line + 1 if mark else 1, "Die Datei ist kein gültiges YAML.") from error
    except yaml.YAMLError as error:
        raise _refused(name, 1, "Die Datei enthält Zeichen, die in YAML nicht erlaubt sind.") from error
    file.value = None if node is None else _build(node, (), file)
    return file


def _refused(name: str, line: int, text: str) -> Rejected:
    return Rejected((Finding("RT-01", Severity.ERROR, f"{name}:{line}", text),))


def _bound(text: str, name: str) -> None:
    """Refuses deep nesting, aliases, several documents and too many parts before any tree is built."""
    depth = documents = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise _refused(name, line, "Anker und Verweise (&, *) werden nicht gelesen.")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.NodeEvent)
        if nodes > _MAX_NODES:
            raise _refused(name, line, f"Die Datei hat mehr als {_MAX_NODES} Werte; bitte aufteilen.")
        if depth > _MAX_DEPTH or documents > 1:
            raise _refused(name, line, "Die Datei ist zu tief geschachtelt oder hat mehrere Teile (---).")


def _build(node: yaml.Node, place: Place, file: YamlFile) -> Any:
    file.lines[place] = node.start_mark.line + 1 if node.start_mark else 1
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*place, number), file) for number, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(node, place, file)
    return _scalar(node, place, file)


def _build_mapping(node: yaml.MappingNode, place: Place, file: YamlFile) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        # Keys are words, even where YAML 1.1 would read "on" or "no" as a truth value.
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
        here = (*place, key)
        file.lines[here] = key_node.start_mark.line + 1 if key_node.start_mark else 1
        if not key:
            file.add("RT-05", here, "Ein Schlüssel ist kein Wort.")
        elif key in result:
            file.add("RT-02", here, f"Der Schlüssel „{key}“ steht doppelt.")
        result[key] = _build(value_node, here, file)
    return result


def _scalar(node: yaml.Node, place: Place, file: YamlFile) -> Any:
    text = str(node.value)
    match node.tag.removeprefix(_TAG):
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return text.casefold() in ("true", "yes", "on")
        case "int":
            return int(text) if _INT.match(text) else text
        case "float":
            return text
        case "timestamp":
            try:
                return date.fromisoformat(text) if _DATE.match(text) else _instant(text)
            except ValueError:
                file.add("RT-32", place, f"„{text}“ ist kein Kalendertag und kein Zeitpunkt.")
                return None
        case _:
            file.add("RT-05", place, "Eigene YAML-Typen (!) werden nicht gelesen.")
            return None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(re.sub(r"\s+(?=[+-]|Z)", "", text).replace("Z", "+00:00"))
