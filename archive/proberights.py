"""The lines of the acceptance probe (s3.md §8) about rights, racing writers, listings, staging and the clock.

Written like archive/probelines.py: the docstring is the rule, None is good, a German sentence is not.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from akten.errors import ArchivError
from akten.files import digest_bytes
from akten.package import Lock
from archive.probebench import PREFIX, WRITERS, Bench, NotTried
from archive.s3errors import Taken, Unset
from archive.store import STAGING

_MOST_AWAY = 60  # seconds between the store's clock and ours
_LONG = timedelta(minutes=10)


def strangers_are_refused(bench: Bench) -> str | None:
    """Ohne gültigen Schlüssel geht nichts."""
    key, _ = bench.put("fremde")
    settings = bench.target.ingest
    wrong = replace(settings, secret_key="falsch" * 6)
    for client in (bench.anonymous(), bench.client(wrong)):
        for act in (
            lambda client=client: client.get_object(Bucket=bench.bucket, Key=key),
            lambda client=client: client.put_object(Bucket=bench.bucket, Key=key, Body=b"fremd"),
        ):
            if not bench.refused(act):
                return "Ohne gültigen Schlüssel lässt sich lesen oder schreiben."
    return None


def ingest_cannot_delete(bench: Bench) -> str | None:
    """Die Annahme kann nichts löschen."""
    key, version = bench.put("ingest-loescht")
    marker = bench.refused(lambda: bench.raw.delete_object(Bucket=bench.bucket, Key=key))
    one = bench.refused(lambda: bench.ingest.delete_version(key, version))
    there = bench.ingest.head(key, version) is not None
    return None if marker and one and there else "Die Kennung der Annahme kann Objekte löschen oder verdecken."


def ingest_sets_no_rules(bench: Bench) -> str | None:
    """Die Annahme kann keine Löschregeln setzen."""
    rule: Any = {
        "ID": "probe",
        "Status": "Disabled",
        "Filter": {"Prefix": PREFIX + "nie/"},
        "Expiration": {"Days": 9999},
    }
    with suppress(Unset):
        with bench.asking():
            there = bench.raw.get_bucket_lifecycle_configuration(Bucket=bench.bucket).get("Rules")
        if there:  # trying would overwrite them
            raise NotTried("Der Bucket hat schon Löschregeln; ob die Annahme welche setzen kann, wurde nicht probiert.")
    if bench.refused(
        lambda: bench.raw.put_bucket_lifecycle_configuration(
            Bucket=bench.bucket, LifecycleConfiguration={"Rules": [rule]}
        )
    ):
        return None
    with suppress(ArchivError), bench.asking():
        bench.raw.delete_bucket_lifecycle(Bucket=bench.bucket)
    return "Die Kennung der Annahme kann Löschregeln setzen."


def auditor_only_reads(bench: Bench) -> str | None:
    """Die Prüfung kann nur lesen."""
    key, version = bench.put("pruefer")
    auditor = bench.client(bench.target.auditor)
    acts: tuple[Callable[[], Any], ...] = (
        lambda: auditor.put_object(Bucket=bench.bucket, Key=key, Body=b"x"),
        lambda: auditor.delete_object(Bucket=bench.bucket, Key=key, VersionId=version),
        lambda: bench.auditor.lock(key, version, Lock(bench.now + _LONG)),
        lambda: bench.auditor.lock(key, version, Lock(None, legal_hold=True)),
    )
    return None if all(map(bench.refused, acts)) else "Die Kennung der Prüfung kann schreiben, löschen oder sperren."


def staging_works(bench: Bench) -> str | None:
    """Die Zwischenablage nimmt auf und lässt sich leeren."""
    key = f"{STAGING}{bench.prefix}probe"
    version = bench.ingest.put(key, b"probe", digest_bytes(b"probe"), if_absent=False)
    with bench.ingest.get(key, version) as stream:
        same = stream.read() == b"probe"
    for each in list(bench.ingest.versions(key)):
        bench.ingest.delete_version(key, each.version_id)
    return (
        None
        if same and bench.ingest.head(key) is None
        else "Die Zwischenablage lässt sich nicht beschreiben und leeren."
    )


def clocks_agree(bench: Bench) -> str | None:
    """Die Uhr des Speichers geht richtig."""
    with bench.asking():
        answer = bench.raw.list_objects_v2(Bucket=bench.bucket, Prefix=bench.prefix, MaxKeys=1)
    here = datetime.now(UTC)
    stamp = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if stamp is None:
        return None
    away = abs((parsedate_to_datetime(stamp) - here).total_seconds())
    return (
        None
        if away < _MOST_AWAY
        else f"Die Uhr des Speichers weicht um {away:.0f} s ab; Sperren rechnen nach seiner Uhr."
    )


def one_writer_wins(bench: Bench) -> str | None:
    """Von bedingten Schreibern gewinnt genau einer."""
    key = bench.prefix + "rennen"

    def write(number: int) -> bool:
        try:
            with bench.asking():
                bench.raw.put_object(Bucket=bench.bucket, Key=key, Body=b"%d" % number, IfNoneMatch="*")
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        won = sum(pool.map(write, range(WRITERS)))
    return (
        None if won == 1 else f"Von {WRITERS} bedingten Schreibern gewannen {won}; verlassen darf sich darauf niemand."
    )


def listing_turns_pages(bench: Bench) -> str | None:
    """Versionen werden über Seiten hinweg vollständig aufgelistet."""
    for number in range(5):
        bench.put("seiten", b"%d" % number, if_absent=False)
    key = bench.prefix + "seiten"
    pages = bench.raw.get_paginator("list_object_versions")
    with bench.asking():
        found = [
            version["VersionId"]
            for page in pages.paginate(Bucket=bench.bucket, Prefix=key, PaginationConfig={"PageSize": 2})
            for version in page.get("Versions", [])
        ]
    return (
        None if len(set(found)) == len(found) == 5 else "Beim Blättern durch Versionen fehlen welche oder sind doppelt."
    )


def listing_beyond_a_thousand(bench: Bench) -> str | None:
    """Mehr als tausend Versionen werden vollständig aufgelistet."""
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda number: bench.put("tausend", b"%d" % number, if_absent=False), range(1001)))
    found = [each.version_id for each in bench.auditor.versions(bench.prefix + "tausend")]
    return (
        None if len(set(found)) == len(found) == 1001 else f"Von 1001 Versionen werden {len(set(found))} aufgelistet."
    )
