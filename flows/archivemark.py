"""The mark of an archive (`archiv.json` in its data folder): which catalog is here, so that none is made in its place.

Written right after a catalog was made or first met, and before anything is stored. Killed in between, the next call
finds the catalog without a mark and marks it; a folder without both is fresh. The first call that finds a row in the
trail notes that row, too: from then on another catalog, or an empty one with all its tables, is not taken for ours.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from akten.diskwords import as_ours
from akten.errors import Misconfigured
from archive.durable import sync_filesystem
from catalog.engine import place_of as catalog_place
from catalog.schema import GONE
from flows.settings import Settings

NAME = "archiv.json"


def place_of(settings: Settings) -> str:
    """Where the catalog is, without names and passwords; inside the data folder relative to it, so that it can move."""
    if settings.catalog_file is not None:
        return str(settings.catalog_file.relative_to(settings.daten))
    return catalog_place(settings.database_url)


def is_marked(settings: Settings) -> bool:
    """Whether a catalog was at this place before. Raises Misconfigured for a mark that cannot be read."""
    return place_of(settings) in _read(settings.daten)


def is_fresh(settings: Settings) -> bool:
    """Whether nothing of an archive is at its place yet: no catalog and no mark of one, or no folder at all."""
    file = settings.catalog_file
    if is_marked(settings):
        return False
    return not (settings.daten.exists() if file is None else file.exists())


def require_catalog_file(settings: Settings) -> None:
    """Raises Misconfigured when the file of a marked catalog is gone, for those who would do without it."""
    file = settings.catalog_file
    if file is not None and not file.is_file() and is_marked(settings):
        raise Misconfigured(GONE.format(where=file.name))


def mark(settings: Settings, identity: str, now: datetime) -> None:
    """Marks the open catalog; `identity` is "" while its trail is empty. Raises Misconfigured for another catalog."""
    places = _read(settings.daten)
    place = place_of(settings)
    known = places.get(place)
    if known is not None and known["erste_zeile"]:
        if known["erste_zeile"] != identity:
            raise Misconfigured(
                f"Der Katalog ({place}) ist nicht der dieses Archivs: sein Protokoll beginnt anders, als {NAME} es "
                "kennt, oder ist leer. Bitte nichts weiter tun, was schreibt, und den richtigen aus der Sicherung "
                "zurückholen: docs/operations.md, Abschnitt „Recovery“."
            )
        return
    if known is None or identity:
        since = known["seit"] if known else now.isoformat(timespec="seconds")
        places[place] = {"seit": since, "erste_zeile": identity}
        _write(settings.daten, places)


def _read(daten: Path) -> dict[str, Any]:
    file = daten / NAME
    try:
        value = json.loads(file.read_bytes())
        places = value["kataloge"]
        if not all(isinstance(known["erste_zeile"], str) and known["seit"] for known in places.values()):
            raise ValueError("incomplete")
    except FileNotFoundError:
        return {}
    except OSError as fault:
        raise as_ours(fault, f"Die Kennung des Archivs ({NAME}) ist nicht lesbar") from fault
    except (ValueError, LookupError, TypeError, AttributeError) as fault:
        raise Misconfigured(
            f"Die Kennung des Archivs ({NAME}) ist beschädigt; aus der Sicherung zurückholen. Ist der Katalog gewiss "
            "der richtige, darf sie auch entfernt werden: sie entsteht dann neu."
        ) from fault
    return dict(places)


def _write(daten: Path, places: dict[str, Any]) -> None:
    """Whole or not at all, and never on the disk before the catalog is."""
    partial = daten / f".{NAME}.{uuid4().hex[:12]}"
    try:
        try:
            partial.write_text(json.dumps({"kataloge": places}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            sync_filesystem(daten)
            os.replace(partial, daten / NAME)  # noqa: PTH105 - the atomic rename is the point
        finally:
            partial.unlink(missing_ok=True)
    except OSError as fault:
        raise as_ours(fault, f"Die Kennung des Archivs ({NAME}) lässt sich nicht schreiben") from fault
    sync_filesystem(daten)
