"""The listing of a store as one value, for tests of what is found in it."""

from __future__ import annotations

from archive.listing import ARCHIVED, StoreListing
from archive.store import STAGING, ObjectStore


def take_listing(store: ObjectStore) -> StoreListing:
    """What a store holds now, in one slice."""
    versions = (*store.versions(ARCHIVED), *store.versions(STAGING))
    return StoreListing(store.name, versions, (*store.uploads(ARCHIVED), *store.uploads(STAGING)))
