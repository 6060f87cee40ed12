"""Heads of the trail kept outside the database: small locked objects in every store, so that a cut-off tail is seen.

The name of a head holds all that it proves, number and whole hash, so that a listing reads a thousand at once; none may
be left out, for a history that was rewritten contradicts only those published before (docs/decisions/0020).
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import datetime, timedelta

from akten.errors import ArchivError, FixityError, Misconfigured, Unavailable
from akten.files import digest_bytes
from akten.findings import Finding, Severity
from akten.package import Lock
from archive.locks import keep_lock
from archive.store import ObjectInfo, ObjectStore
from catalog.trail import Anchor
from flows.wiring import Services

PREFIX = "protokoll/koepfe/"
PACKAGES = "aip/"
_KEPT = timedelta(days=3653)
_MOST = 4096  # bytes; a head has about 150
_NAME = re.compile(
    re.escape(PREFIX) + r"([0-9]{12,18})-([0-9a-f]{64})\.json\Z"
)  # until 2026-11 only 16 digits of the hash


def publish_head(services: Services, head: Anchor | None = None) -> None:
    """Writes a head of the trail, the present one if none is named, into every store, locked; the lock is read back.

    Raises what the stores raise, and Misconfigured for a store that takes the lock and does not keep it.
    """
    head = head or services.catalog.head()
    if head is None:
        return
    data = json.dumps({"seq": head.seq, "hash": head.hash, "at": head.at.isoformat()}, sort_keys=True).encode()
    digests = digest_bytes(data)
    key = f"{PREFIX}{head.seq:012d}-{head.hash}.json"
    for store in services.stores:
        version = store.put(key, data, digests)
        keep_lock(store, key, version, Lock(head.at + _KEPT), services.now())
        store.sync()


def try_to_publish(services: Services, head: Anchor | None = None) -> Finding | None:
    """Publishes a head (the present one if none is named); what is told where not all stores have it, an error where
    one of them has another than it was given.

    Raises nothing: what was archived or checked before stays so and is told, whatever becomes of the head. The next run
    publishes the head that it finds then.
    """
    try:
        publish_head(services, head)
    except FixityError as alarm:
        return Finding("WF-22", Severity.ERROR, "", f"Der Kopf des Protokolls liegt nicht unversehrt da. {alarm.text}")
    except ArchivError as error:
        text = "Der Kopf des Protokolls ist noch nicht in allen Speichern; der nächste Lauf holt es nach."
        return Finding("WF-22", Severity.WARNING, "", f"{text} {error.text}")
    return None


def exit_of(told: Finding | None) -> int:
    """5 where a store has another head of the trail than it was given, else 0: what was done or checked is good."""
    return FixityError.exit_code if told is not None and told.severity is Severity.ERROR else 0


def require_unused_stores(services: Services) -> None:
    """Raises Misconfigured where an archive would begin on stores that hold packages or heads of another trail.

    Whoever forgets `ARCHIV_DATABASE` on one machine would begin a second archive on the same stores; its locked heads
    would make the trail of the first one look forged for ten years. A store that is away is told by what follows.
    """
    own = not services.settings.stores
    stores, _ = services.stores_to_read()
    for store in stores:
        with suppress(Unavailable):
            if any(True for prefix in (PREFIX, PACKAGES) for _ in store.list(prefix)):
                cause = "" if own else " Fehlt ARCHIV_DATABASE, oder stimmt der Datenordner nicht?"
                if services.settings.database is not None:
                    cause = " Die Datenbank, die ARCHIV_DATABASE nennt, ist leer: ist es die richtige?"
                wants = "einen eigenen Datenordner" if own else "eigene Buckets"
                raise Misconfigured(
                    f"Im Speicher „{store.name}“ liegt schon ein Archiv, aber hier ist kein Katalog. Es wurde nichts "
                    f"angelegt.{cause} Ist der Katalog verloren: aus der Sicherung zurückholen. Ein anderes, neues "
                    f"Archiv braucht {wants}."
                )


def published_heads(services: Services) -> tuple[tuple[Anchor, ...], tuple[Finding, ...]]:
    """All heads found in the stores; a store that cannot be read is a finding, not a silence.

    Those whose names do not tell them whole are opened, and of each store the newest, which shows that it gives back
    what it lists. A head that is not what was published is an error, and hides none of the others.
    """
    anchors: dict[int, Anchor] = {}
    findings: list[Finding] = []
    stores, away = services.stores_to_read()
    findings.extend(Finding("WF-20", Severity.WARNING, name, reason) for name, reason in away.items())
    silent: list[str] = []
    for store in stores:
        try:
            entries = list(store.list(PREFIX))
            if not entries:
                silent.append(store.name)
            named = {entry.key: anchor for entry in entries if (anchor := _told_by_name(entry))}
            newest = max(named, key=lambda key: named[key].seq, default="")
            for entry in entries:
                try:
                    told = named.get(entry.key)
                    anchor = told if told and entry.key != newest else _read(store, entry.key)
                    if told and told.hash != anchor.hash:
                        raise FixityError(f"Der veröffentlichte Kopf {entry.key} enthält einen anderen als er heißt.")
                except FixityError as damaged:
                    findings.append(Finding("WF-20", Severity.ERROR, store.name, damaged.text))
                    continue
                known = anchors.setdefault(anchor.seq, anchor)
                if known.hash != anchor.hash:
                    text = f"Zu Zeile {anchor.seq} sind verschiedene Köpfe veröffentlicht."
                    findings.append(Finding("WF-21", Severity.ERROR, store.name, text))
        except ArchivError as error:
            findings.append(Finding("WF-20", Severity.WARNING, store.name, error.text))
    if anchors:  # before the first head is published none of them has one
        text = "In diesem Speicher liegt kein Kopf des Protokolls, in einem anderen schon: er bestätigt nichts."
        findings.extend(Finding("WF-20", Severity.WARNING, name, text) for name in silent)
    return tuple(anchors.values()), tuple(findings)


def _told_by_name(entry: ObjectInfo) -> Anchor | None:
    """The head whose name says all of it, as old as the store says; None when it has to be opened."""
    found = _NAME.match(entry.key)
    return Anchor(int(found[1]), found[2], entry.modified) if found else None


def _read(store: ObjectStore, key: str) -> Anchor:
    """The first version of a head: what somebody puts over it later does not count. Raises FixityError for none."""
    versions = [v for v in store.versions(key) if v.key == key and not v.delete_marker]
    if not versions or versions[-1].size > _MOST:
        raise FixityError(f"Der veröffentlichte Kopf {key} ist nicht mehr da oder kein Kopf.")
    with store.get(key, versions[-1].version_id) as stream:
        blocks = []
        while block := stream.read(_MOST):
            blocks.append(block)
    if (head := head_in(b"".join(blocks))) is None:
        raise FixityError(f"Der veröffentlichte Kopf {key} ist nicht lesbar.")
    return head


def head_in(data: bytes) -> Anchor | None:
    """The head that the bytes of a published object name; None where they are no head."""
    try:
        value = json.loads(data)
        return Anchor(int(value["seq"]), str(value["hash"]), datetime.fromisoformat(value["at"]))
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
