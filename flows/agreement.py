"""Whether a store is the one that the catalog speaks of: a quick look, where `fixity` and `abgleich` read everything.

A folder that was emptied, exchanged or set back, and a catalog that was put back from an older backup, are well each
by itself; only together they show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from akten.errors import ArchivError, FixityError
from akten.files import digest_bytes
from akten.package import StoredPackage
from archive.resume import Patience, PatientStream
from archive.retrieval import MOST_COMMIT
from archive.store import ObjectStore
from catalog.trail import Verb
from flows.anchors import PREFIX
from flows.ownstores import foreign_words, is_foreign
from flows.wiring import Services

ENTERED = "stores.entered"  # after a catalog was put back: all that the stores hold stands in it again
_PATIENCE = 2.0


def disagreements(services: Services) -> Iterator[tuple[str, str | ArchivError]]:
    """Every store that answers with what does not fit between it and the catalog, "" where all fits; the error of one
    that could not be asked.

    And every store that only the catalog knows: one that was renamed in the settings, or left out.
    """
    stores, away = services.stores_to_read()
    newest = services.catalog.newest_package()
    copies = services.catalog.copies_by_store()
    for name in sorted(copies.keys() - away.keys() - {store.name for store in stores}):
        yield name, _UNKNOWN.format(number=copies[name][0])
    for store in stores:
        try:
            yield (
                store.name,
                _foreign(services, store)
                or _set_back(services, store)
                or _missing(store, newest.package if newest else None)
                or _damaged(*copies.get(store.name, (0, 0))),
            )
        except FixityError as error:
            yield store.name, f"{_LACKS} {error.text} {_NEXT}"
        except ArchivError as error:  # away, or refused: not seen, and the probe of the store says so, too
            yield store.name, error


_LACKS = (
    "Was zuletzt archiviert wurde, liegt hier nicht, wie es verzeichnet ist: anderer, geleerter oder "
    "zurückgesetzter Ordner (oder Bucket)?"
)
_UNKNOWN = (
    "Im Katalog stehen Kopien in diesem Speicher (Anzahl: {number}), aber einer dieses Namens ist nicht eingerichtet. "
    "Heißt er in ARCHIV_STORES anders als früher, oder fehlt er dort? Der Name bleibt, auch wenn der Speicher umzieht."
)
_NEXT = "Genau prüfen: archiv fixity pruefe --alle"


def _damaged(number: int, damaged: int) -> str:
    if not damaged:
        return ""
    return (
        f"Beschädigt oder gar nicht fand die letzte Prüfung hier Kopien (Anzahl: {damaged} von {number}). "
        "Welche: archiv fixity pruefe --alle. Aus der anderen Kopie ersetzen: archiv fixity ersetze"
    )


def _foreign(services: Services, store: ObjectStore) -> str:
    return foreign_words(store.name) if is_foreign(services.catalog, store) else ""


def is_behind(services: Services, stores: Iterable[ObjectStore]) -> bool:
    """Whether one of these stores has a head that is later than the end of the trail, and that nobody explained."""
    return any(_set_back(services, store) for store in stores)


def _set_back(services: Services, store: ObjectStore) -> str:
    """What a head says that is later than the end of the trail: the catalog is an older one.

    Once all that lies in the stores is entered again, heads from before that say nothing new: their rows stay lost.
    """
    heads = [(entry.modified, _number(entry.key)) for entry in store.list(PREFIX)]
    own = services.catalog.head()  # read after the heads, which others may publish meanwhile
    last = own.seq if own else 0
    latest = max((number for _, number in heads), default=0)
    if latest > last and (entered := _entered_at(services)) is not None:
        latest = max((number for at, number in heads if at > entered), default=0)
    if latest <= last:
        return ""
    return (
        f"Der Katalog ist älter als dieser Speicher: Hier ist Zeile {latest} des Protokolls verankert, der Katalog "
        f"endet mit Zeile {last}. Prüfen: archiv protokoll pruefe, archiv abgleich. Was seither archiviert wurde, "
        "nimmt archiv abgleich --aufnehmen wieder auf"
    )


def _entered_at(services: Services) -> datetime | None:
    """When all that the stores hold was last entered again."""
    events = services.catalog.events_of(verb=Verb.SYSTEM.value, limit=None)
    return max((event.at for event in events if event.data.get("code") == ENTERED), default=None)


def _number(key: str) -> int:
    digits = key[len(PREFIX) :].split("-", 1)[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _missing(store: ObjectStore, package: StoredPackage | None) -> str:
    """Why the commit object archived last is not in this store, though the catalog says so. Raises FixityError."""
    copy = next((c for c in package.copies if c.store == store.name), None) if package else None
    if package is None or copy is None:
        return ""
    key = package.id.commit_key
    opened = PatientStream(store, key, copy.commit_version_id, lambda _: None, patience=Patience(_PATIENCE))
    blocks: list[bytes] = []
    with opened as stream:
        if stream.size <= MOST_COMMIT:
            while block := stream.read():
                blocks.append(block)
    if digest_bytes(b"".join(blocks)).sha256 != package.commit_sha256:
        return f"{_LACKS} {_NEXT}"
    return ""
