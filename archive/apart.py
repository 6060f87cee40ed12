"""Are two stores two places? One server under two names would hold both copies, and the loss of it would take both."""

from __future__ import annotations

from collections.abc import Sequence

from akten.errors import Misconfigured
from akten.files import digest_bytes
from archive.probebench import PREFIX
from archive.store import ObjectStore

NAME = "ort"  # cleared away by the next probe, as all that probes leave


def require_apart(stores: Sequence[ObjectStore], token: str) -> None:
    """What is put into one of them must not lie in another. Raises Misconfigured, and what the stores raise.

    `token` makes the key of this look its own ([a-z0-9-], a fresh one each time).
    """
    for place, store in enumerate(stores[:-1]):
        key, data = f"{PREFIX}{token}-{place}/{NAME}", token.encode()
        version = store.put(key, data, digest_bytes(data))
        for other in stores[place + 1 :]:
            if other.head(key, version) is not None:
                raise Misconfigured(
                    f"Die Speicher „{store.name}“ und „{other.name}“ sind derselbe Ort, nur anders angesprochen: Was "
                    "in den einen gelegt wird, liegt im anderen. Beide Kopien lägen dort. Bitte zwei getrennte "
                    "Speicher nennen (ARCHIV_STORES)."
                )
