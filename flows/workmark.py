"""The mark of the work folder: it tells the folder of this archive from an empty place where it is not mounted.

Without it, every delivery under way would look lost (WF-13, a case each), and new ones would be taken into a folder
that vanishes below the mount. The mark names the first row of the trail, as `archivemark` does. A folder without a mark
is one of an older version, or of an archive that begins now, unless the catalog knows deliveries that should lie in it
and none does. All of it only where the catalog is a file of this machine: one that several share knows work of the same
path elsewhere, and a machine that is new has no mark yet.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import uuid4

from akten.closed import make_closed
from akten.diskwords import as_ours
from akten.errors import Misconfigured
from flows.settings import Settings
from flows.wiring import Services

NAME = ".arbeitsordner.json"
_KEY = "erste_zeile"


def require_work_folder(services: Services) -> None:
    """Makes and marks the work folder. Raises Misconfigured where it is missing, not mounted, or another archive's."""
    work = services.settings.work
    if services.settings.catalog_file is None:
        make_closed(work)
        return
    known, identity = _read(work), services.catalog.identity()
    if why := _wrong(services, known, identity):
        raise Misconfigured(why)
    if known is None or known != identity:
        _write(work, identity or known or "")


def wrong_work_folder(services: Services) -> str:
    """In a German sentence why the work folder is not the one that the catalog speaks of; "" when it is."""
    if services.settings.catalog_file is None:
        return ""
    return _wrong(services, _read(services.settings.work), services.catalog.identity())


def lies_at(settings: Settings, folder: str) -> Path:
    """Where a delivery lies that the catalog knows in `folder`.

    Where the catalog is a file of this machine that is always the work folder beside it: the path that was noted is the
    one of before, when the data folder was moved, or put back elsewhere.
    """
    noted = Path(folder)
    return noted if settings.catalog_file is None else settings.work.resolve() / noted.name


def _wrong(services: Services, known: str | None, identity: str) -> str:
    work = services.settings.work
    if known is None and (away := _under_way_and_away(services)):
        lacking = "müsste eine Lieferung in Arbeit" if away == 1 else f"müssten {away} Lieferungen in Arbeit"
        return (
            f"Der Arbeitsordner fehlt oder ist nicht eingehängt: {work}. Darin {lacking} liegen, und es ist keine da. "
            "Es wurde nichts getan; bitte den Ordner einhängen oder aus der Sicherung zurückholen. Ist er gewiss "
            f"verloren: darin eine leere Datei {NAME} anlegen; was fehlt, kommt dann in die Klärung."
        )
    if known and identity and known != identity:
        return (
            f"Der Arbeitsordner gehört zu einem anderen Archiv: {work}. Es wurde nichts getan; bitte den Datenordner "
            f"prüfen und den richtigen Ordner einhängen (Kennung: {NAME})."
        )
    return ""


def _read(work: Path) -> str | None:
    """The first row of the trail that the mark names, "" while it names none; None without a mark."""
    try:
        text = (work / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise as_ours(fault, f"Der Arbeitsordner ist nicht lesbar ({work})") from fault
    except ValueError:
        return ""  # the mark is there; what it named is lost
    try:
        named = json.loads(text)[_KEY]
    except (ValueError, LookupError, TypeError):
        return ""  # made by hand, or cut short: a person, or we, were here
    return named if isinstance(named, str) else ""


def _under_way_and_away(services: Services) -> int:
    """How many deliveries should lie in the work folder, when not a single one does; else 0."""
    folders = [lies_at(services.settings, row.folder) for row in services.catalog.deliveries()]
    return 0 if any(folder.exists() for folder in folders) else len(folders)


def _write(work: Path, identity: str) -> None:
    partial = work / f"{NAME}.{uuid4().hex[:12]}"
    try:
        make_closed(work)
        try:
            partial.write_text(json.dumps({_KEY: identity}) + "\n", encoding="utf-8")
            os.replace(partial, work / NAME)  # noqa: PTH105 - the atomic rename is the point
        finally:
            partial.unlink(missing_ok=True)
    except OSError as fault:
        raise as_ours(fault, f"Der Arbeitsordner lässt sich nicht kennzeichnen ({work})") from fault
