"""Holds in the words of the command line: JSON and one line each, of secret ones of others nothing but "gesperrt"."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from rich.text import Text

from app.one_akte import akte_name
from catalog.actor import Actor
from catalog.holds import HoldView
from flows.keeping import viewer_of
from flows.wiring import Services

MASK = "gesperrt"


def hold_json(view: HoldView, day: date, titles: dict[str, str], aktenzeichen: str = "") -> dict[str, Any]:
    """One hold; of a secret one of others the number and one word."""
    if view.masked:
        return {"number": view.number, "state": MASK}
    return {
        "number": view.number,
        "state": _state(view, day),
        "key": view.key,
        "title": titles.get(view.key, view.key),
        "scope": view.scope.value if view.scope else None,
        "aktenzeichen": aktenzeichen or None,
        "akte": str(view.akte) if view.akte else None,
        "target": view.target or None,
        "query": view.query.as_json() if view.query else None,
        "reason": view.reason,
        "reference": view.reference,
        "from": _iso(view.start),
        "until": _iso(view.until),
        "on": _iso(view.on),
        "unfounded": view.unfounded,
        "secret": view.secret,
        "readers": list(view.readers),
        "owner": view.owner,
        "set_by": view.set_by.label if view.set_by else None,
        "set_at": view.set_at.isoformat() if view.set_at else None,
        "lifted_on": _iso(view.lifted_on),
        "lifted_reason": view.lifted_reason or None,
        "lifted_by": view.lifted_by.label if view.lifted_by else None,
    }


def _state(view: HoldView, day: date) -> str:
    if view.lifted_on is not None:
        return "lifted"
    if not view.is_active(day):
        return "ended"
    return "future" if view.start is not None and view.start > day else "active"


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _titles(services: Services) -> dict[str, str]:
    return {key: rule.title for key, rule in services.katalog.holds.items()}


def hold_value(services: Services, view: HoldView, day: date) -> dict[str, Any]:
    """One hold with its title and the Aktenzeichen that it names."""
    row = services.catalog.akte(view.akte) if view.akte else None
    return hold_json(view, day, _titles(services), akte_name(row) if row else "")


def holds_of(services: Services, actor: Actor, akte: UUID) -> list[dict[str, Any]]:
    """The holds on one Akte that are not over, as the caller may see them: all secret ones of others are one word."""
    day, viewer = services.today(), viewer_of(actor, services)
    known = services.catalog.keeping(akte, viewer=viewer)
    found: list[dict[str, Any]] = []
    for hold in known.holds if known else ():
        if not hold.number:
            found.append({"number": None, "state": MASK})
            continue
        view = services.catalog.hold(hold.number, viewer)
        if view.is_active(day):
            found.append(hold_value(services, view, day))
    return found


def hold_line(value: dict[str, Any]) -> Text:
    """One hold in one line."""
    if value["state"] == MASK:
        return Text("  Gesperrt.", "red")
    text = f"  Gesperrt durch Nr. {value['number']}: {value['title']}, {value['reason']} ({value['reference']})"
    return Text(text, "red")
