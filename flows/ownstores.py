"""Whether the stores are those of this archive: before anything is written to them, their heads must know our trail.

A catalog of one archive and the stores of another (a database of the test, the stores in earnest) fit each other well
enough to go on for years: packages lie beside packages, and each trail calls the heads of the other forged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from akten.closed import make_closed
from akten.errors import Misconfigured
from archive.store import ObjectStore
from catalog.catalog import Catalog
from flows.anchors import PREFIX
from flows.settings import Settings

BEGUN_ANEW = "catalog.begun_anew"  # the first row of such a trail says so
_HEAD = re.compile(re.escape(PREFIX) + r"([0-9]{12,18})-([0-9a-f]{16,64})\.json\Z")
_AT_ONCE = 500
_STAMP = "speicher-eigen.erprobt"


def require_own_stores(settings: Settings, catalog: Catalog, stores: Sequence[ObjectStore], day: str) -> None:
    """Asks each store once a day. Raises Misconfigured where every head that could be ours is of another trail.

    One that fits is enough: a catalog put back from a backup has lost rows that the stores still name.
    """
    identity = catalog.identity()
    if not identity:
        return
    stamp = settings.daten / "katalog" / _STAMP
    asked = f"{identity} {' '.join(_address(settings, store) for store in stores)} {day}\n".encode()
    if stamp.is_file() and stamp.read_bytes() == asked:
        return
    for store in stores:
        if is_foreign(catalog, store):
            raise Misconfigured(foreign_words(store.name))
    make_closed(stamp.parent)
    stamp.write_bytes(asked)


def is_foreign(catalog: Catalog, store: ObjectStore) -> bool:
    """True where the store has heads for rows that our trail has, too, and none of them is one of ours."""
    own = catalog.head()
    heads = iter(sorted(_heads(store, own.seq if own else 0)))
    strange = False
    while chunk := list(islice(heads, _AT_ONCE)):
        known = catalog.trail_hashes([seq for seq, _ in chunk])
        if any(known.get(seq, "").startswith(told) for seq, told in chunk):
            return False
        strange = True
    return strange and not _begun_anew(catalog)


def _begun_anew(catalog: Catalog) -> bool:
    """Whether this catalog was begun by hand beside the stores of one that is lost (decision 22)."""
    return any(event.data.get("code") == BEGUN_ANEW for event in catalog.events_of(limit=1))


def foreign_words(name: str) -> str:
    """What is told of such a store."""
    return (
        f"Im Speicher „{name}“ liegen nur Köpfe eines anderen Protokolls; er gehört zu einem anderen Archiv als dieser "
        "Katalog. Es wurde nichts abgelegt. Sind ARCHIV_DATABASE, ARCHIV_STORES und der Datenordner die richtigen? "
        "Wenn ja, wurde das Protokoll umgeschrieben: archiv protokoll pruefe."
    )


def _heads(store: ObjectStore, last: int) -> Iterator[tuple[int, str]]:
    """Number and hash (or its beginning, as older versions wrote it) of the heads up to a row."""
    names: Iterable[str] = (entry.key for entry in store.list(PREFIX))
    for name in names:
        if (found := _HEAD.match(name)) and int(found[1]) <= last:
            yield int(found[1]), found[2]


def _address(settings: Settings, store: ObjectStore) -> str:
    place = next((f"{each.endpoint}/{each.bucket}" for each in settings.stores if each.name == store.name), "")
    return f"{store.name}={place}"
