"""Writes down in the trail that settings changed: what an archive did on a day depends on how it was set then.

Each machine remembers beside its logs what it last wrote down; the file holds no secrets, for what is set as one is
told as set or not. Values stand in the trail only where they are a number or yes and no: texts may name persons.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from akten.diskwords import as_ours
from akten.files import digest_file
from catalog.actor import Actor
from flows.roundnames import machine_name
from flows.settings import Settings, effective
from flows.wiring import Services

CODE = "settings-changed"
_NAME = Path("protokoll") / "einstellungen.json"  # below the data folder
_PLACES = ("daten", "_places")  # where things lie is no rule by which the archive works
_FILES = ("intake", "katalog")


def note_settings(services: Services, by: Actor) -> tuple[str, ...]:
    """Compares with what was last in force on this machine; one event when it differs. Returns the changes.

    The first time everything counts that is not as it is without configuration. Raises Unavailable or Misconfigured
    where the data folder cannot be read or written.
    """
    now = _in_force(services.settings)
    file = services.settings.daten / _NAME
    before = _known(file)
    if before == now:
        return ()
    default = _in_force(Settings.model_construct(daten=services.settings.daten)) if before is None else before
    changes = tuple(
        _change(name, default, now) for name in sorted({*default, *now}) if default.get(name) != now.get(name)
    )
    if changes:
        machine = machine_name(services.settings)
        services.catalog.record_event(CODE, by=by, now=services.now(), machine=machine, changed=list(changes))
    _remember(file, now)
    return changes


def _in_force(settings: Settings) -> dict[str, Any]:
    """Every setting by its name, parts joined by dots, and the SHA-256 of files that hold rules."""
    flat = dict(_flat("", {name: value for name, value in effective(settings).items() if name not in _PLACES}))
    for name in _FILES:
        path = getattr(settings, name)
        if path is not None and path.is_file():
            flat[f"{name}.sha256"] = digest_file(path).sha256
    return flat


def _flat(prefix: str, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            found += _flat(f"{prefix}{name}.", value)
        else:
            found.append((f"{prefix}{name}", value))
    return found


def _change(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """„archive_unchecked: false → true“, and of a text only its name."""
    old, new = before.get(name), now.get(name)
    if any(isinstance(value, (bool, int, float)) for value in (old, new)):
        return f"{name}: {json.dumps(old)} → {json.dumps(new)}"
    return name


def _known(file: Path) -> dict[str, Any] | None:
    """What this machine last wrote down; None where nothing is known, or nothing that can be read."""
    try:
        value = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise as_ours(fault, f"Nicht lesbar: {file}") from fault
    except ValueError:
        return None  # cut short: everything is then told anew, which is more and not less
    return value if isinstance(value, dict) else None


def _remember(file: Path, now: Mapping[str, Any]) -> None:
    partial = file.with_name(f".{file.name}.{uuid4().hex[:12]}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            partial.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            os.replace(partial, file)  # noqa: PTH105 - the atomic rename is the point
        finally:
            partial.unlink(missing_ok=True)
    except OSError as fault:
        raise as_ours(fault, f"Nicht beschreibbar: {file}") from fault
