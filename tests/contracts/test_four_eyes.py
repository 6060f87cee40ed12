"""Every act of a second person bears a mark in the trail when only the names that one account said differ."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog, open_catalog
from catalog.holds import HoldOrder, HoldTarget, Scope
from catalog.identity import Accounts
from catalog.trail import Verb
from tests.catalog.build import NOON, archive, later
from tests.catalog.databases import NewUrl

FIRST, SECOND = (Actor(name, ActorKind.ALS, "root") for name in ("anna.meier", "bernd.schulz"))
OTHER = Actor("c.braun")
UNTIL = datetime(2050, 12, 31, 23, tzinfo=UTC)

Act = Callable[[Catalog, UUID, Actor], object]


def shortening(catalog: Catalog, akte: UUID, by: Actor) -> None:
    catalog.locks.propose_shortening(akte, UNTIL, "neuss 1", "berichtigt", by=FIRST, now=NOON)
    proposal = catalog.locks.open_shortening(akte)
    assert proposal is not None
    catalog.locks.release_shortening(akte, proposal.number, "ja", by=by, now=later(1))


def restoration(catalog: Catalog, akte: UUID, by: Actor) -> None:
    catalog.restoring.propose(akte, "b", "Platte", by=FIRST, now=NOON)
    (proposal,) = catalog.restoring.open(akte)
    catalog.restoring.release(akte, proposal.number, "ja", by=by, now=later(1))


def a_hold(catalog: Catalog, akte: UUID) -> int:
    order = HoldOrder(HoldTarget(Scope.AKTE, akte), "litigation", "Klage", "4 K 12/26")
    return catalog.set_hold(order, frozenset({"litigation"}), by=FIRST, now=NOON).number


def shorter_hold(catalog: Catalog, akte: UUID, by: Actor) -> None:
    catalog.extend_hold(a_hold(catalog, akte), date(2030, 1, 1), "Vergleich", by=by, now=later(1))


def lifted_hold(catalog: Catalog, akte: UUID, by: Actor) -> None:
    catalog.lift_hold(a_hold(catalog, akte), "Urteil", date(2026, 11, 24), by=by, now=later(1))


@pytest.mark.parametrize(
    ("act", "verb"),
    [
        (shortening, Verb.SHORTENING_RELEASED),
        (restoration, Verb.RESTORATION_RELEASED),
        (shorter_hold, Verb.HOLD_CHANGED),
        (lifted_hold, Verb.HOLD_LIFTED),
    ],
)
def test_what_two_names_of_one_account_did_is_marked_and_what_two_accounts_did_is_not(
    new_url: NewUrl, act: Act, verb: Verb
) -> None:
    with open_catalog(new_url(), accounts=Accounts(owners=frozenset({"root"}))) as catalog:
        marks = []
        for number, second in enumerate((SECOND, OTHER)):
            akte, _ = archive(catalog, number, number=f"63-0000{number}-2019")
            act(catalog, akte.uuid, second)
            (*_, event) = catalog.events_of(akte=akte.uuid, verb=verb.value)
            marks.append(event.data.get("shared_account", False))
        assert marks == [True, False]
        assert not [finding for finding in catalog.verify_trail().findings if finding.code == "TR-17"]
