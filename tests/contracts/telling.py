"""What a test tells a catalog of Akten that it archives: events and holds, and what a hold aims at."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

from akten.findings import Verdict
from catalog.actor import Actor
from catalog.catalog import Catalog
from catalog.holds import HoldOrder, HoldQuery, HoldTarget, HoldView, Scope
from catalog.keeping import KeepingRow, Viewer
from catalog.references import parcels, person
from tests.catalog.build import NOON, archive

KEYS = ("litigation", "ablaufhemmung_ao147", "unterbrechung")
TODAY = date(2026, 11, 23)
ANNA = Actor("anna.meier")
BERND = Actor("bernd.schulz")
DEATH = date(2020, 5, 17)


def spoken(stored: str) -> str:
    """What rows say, without digests, salts and UUIDs: in random hex digits every short number stands by chance."""
    return re.sub(r"[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", stored)


def one(catalog: Catalog, number: str = "63-01234-2019", **more: object) -> UUID:
    akte, _ = archive(catalog, number, number=number, **more)  # type: ignore[arg-type]
    return akte.uuid


def known(catalog: Catalog, akte: UUID, viewer: Viewer | None = None) -> KeepingRow:
    row = catalog.keeping(akte, viewer=viewer)
    assert row is not None
    return row


def tell(
    catalog: Catalog, akte: UUID, datum: date | None, evidence: str = "Sterbeurkunde 17/2020", **more: object
) -> int:
    return catalog.report_event(akte, "death", datum, evidence, by=ANNA, now=NOON, **more).number  # type: ignore[arg-type]


def hold(
    catalog: Catalog, target: HoldTarget, *, by: Actor = ANNA, key: str = "litigation", **more: object
) -> HoldView:
    order = HoldOrder(target, key, "Ermittlung gegen Unbekannt", "StA Düsseldorf 12 Js 34/26", **more)  # type: ignore[arg-type]
    return catalog.set_hold(order, KEYS, by=by, now=NOON)


def on_akte(akte: UUID) -> HoldTarget:
    return HoldTarget(Scope.AKTE, akte)


def on_person(text: str) -> HoldTarget:
    reference = person(text)
    assert reference is not None
    return HoldTarget(Scope.PERSON, text=text, match_key=reference.match_key)


def on_parcel(text: str) -> HoldTarget:
    (reference,) = parcels(text)
    return HoldTarget(Scope.PARCEL, text=text, match_key=reference.match_key, match_place=reference.match_place)


def on_query(**parts: object) -> HoldTarget:
    return HoldTarget(Scope.QUERY, query=HoldQuery(**parts))  # type: ignore[arg-type]


def verbs(catalog: Catalog, akte: UUID) -> list[str]:
    return [event.verb for event in catalog.events_of(akte=akte, after=0)]


def intact(catalog: Catalog) -> bool:
    report = catalog.verify_trail([anchor] if (anchor := catalog.head()) else [])
    return report.verdict is Verdict.OK and not report.findings
