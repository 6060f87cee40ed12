"""The archive of a call: one that is there, or one that begins now and is said so. A mistyped place makes none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from akten.errors import Misconfigured
from app.command import Call
from flows.archivemark import is_fresh, is_marked
from flows.ownstores import BEGUN_ANEW
from flows.settings import Settings
from flows.storehouse import embedded_stores_were_here
from flows.wiring import Services, open_services


def begins(call: Call) -> bool:
    """True where no archive is yet, and its catalog would be made in the data folder."""
    return call.settings.catalog_file is not None and is_fresh(call.settings)


@contextmanager
def open_archive(call: Call) -> Iterator[Services]:
    """The services of an archive that is there. Raises Misconfigured where none is; nothing is made by asking."""
    if begins(call):
        raise Misconfigured(
            f"In „{call.settings.daten}“ liegt kein Archiv, und es wurde keines angelegt. Bitte den Ordner hinter "
            "--daten oder in ARCHIV_DATEN prüfen; ein neues Archiv beginnt mit der ersten Lieferung: archiv annahme."
        )
    with open_or_begin(call) as services:
        yield services


@contextmanager
def open_or_begin(call: Call) -> Iterator[Services]:
    """The services of an archive that may begin with this call; then one line on standard error says so.

    Raises Misconfigured where it would begin on stores that another archive uses, or that lost their catalog.
    """
    fresh = is_fresh(call.settings)
    require_new_place(call)
    with open_services(call.settings) as services:
        if fresh:
            _ = services.catalog  # made now, so that what is said has happened
            tell_new(call)
        yield services


@contextmanager
def open_anew(call: Call) -> Iterator[Services]:
    """The services of a new catalog beside the stores of an archive whose own is lost for good.

    Raises Misconfigured where a catalog is, or was by the mark of the archive: it has to be moved away by hand.
    """
    if not _nothing_told(call.settings):
        raise Misconfigured(
            "Hier ist ein Katalog, oder es war einer hier: Es wurde keiner angelegt. Nur wenn es von ihm keine "
            "Sicherung mehr gibt, „katalog“, „archiv.json“ und „arbeit/.arbeitsordner.json“ beiseitelegen "
            "(docs/operations.md, Abschnitt „Recovery“)."
        )
    with open_services(call.settings) as services:
        services.catalog.record_event(BEGUN_ANEW, by=call.actor, now=services.now())
        call.output.say(f"Neuer Katalog angelegt für das Archiv in {call.settings.daten}")
        yield services


def require_new_place(call: Call) -> None:
    """Raises Misconfigured where a new catalog would be made beside stores that hold an archive already.

    External ones: `ARCHIV_DATABASE` was forgotten, or names a database that is empty. Those of the data folder: its
    catalog and its mark are gone.
    """
    settings = call.settings
    if not (settings.stores or embedded_stores_were_here(settings)) or not _nothing_told(settings):
        return
    from flows.anchors import require_unused_stores

    with open_services(settings) as services:
        try:
            require_unused_stores(services)
        except Misconfigured:
            if _nothing_told(settings):  # else another machine began this very archive meanwhile
                raise


def _nothing_told(settings: Settings) -> bool:
    """True where no catalog is yet, and for a database met for the first time whose trail has no row."""
    if settings.catalog_file is not None:
        return is_fresh(settings)
    if is_marked(settings):
        return False
    from catalog.schema import has_begun

    return not has_begun(settings.database_url)


def tell_new(call: Call) -> None:
    """Says that a data folder was made; with the catalog in a database of its own the archive may be an old one."""
    what = "Neues, leeres Archiv" if call.settings.catalog_file is not None else "Neuer Datenordner"
    call.output.say(f"{what} angelegt in {call.settings.daten}")
