"""What every database must do for versions of the Fristenkatalog and for the due list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from akten.errors import FixityError, Forbidden
from akten.findings import Verdict
from akten.model import Aktenart
from catalog.actor import Actor, ActorKind
from catalog.catalog import Catalog, open_catalog
from catalog.due import DueFilter
from catalog.identity import Accounts
from catalog.keeping import Viewer
from catalog.rule_tables import rulebooks
from catalog.rulebook import RuleState, RuleText
from catalog.tables import akten
from catalog.trail import Verb
from tests.catalog.build import CLERK, NOON, archive, later
from tests.catalog.databases import NewUrl

ANNA, BERND = Actor("anna.meier"), Actor("bernd.schulz")
TODAY = date(2026, 11, 23)
SHIPPED = RuleText("Katalog", "2026.1", date(2025, 1, 1), "version: 2026.1\n")
NEW = RuleText("Katalog", "2027.1", None, "version: 2027.1 # Ä\n")
LATER = RuleText("Katalog", "2028.1", date(2028, 1, 1), "version: 2028.1\n")


def proposed(
    catalog: Catalog, rules: RuleText = NEW, basis: RuleText = SHIPPED, by: Actor = ANNA, minutes: int = 0
) -> int:
    return catalog.rules.propose(rules, basis, "AO geändert", by=by, now=later(minutes)).number


def test_nothing_is_in_force_before_a_release(catalog: Catalog) -> None:
    assert catalog.rules.versions() == ()
    number = proposed(catalog)
    assert catalog.rules.in_force(TODAY) is None
    assert [(v.state, v.version) for v in catalog.rules.versions()] == [
        (RuleState.BASIS, "2026.1"), (RuleState.PROPOSED, "2027.1"),
    ]  # fmt: skip
    assert catalog.rules.text(number) == NEW.text


def test_a_second_person_puts_it_in_force(catalog: Catalog) -> None:
    number = proposed(catalog)
    version = catalog.rules.release(number, SHIPPED.digest, "geprüft", by=BERND, now=later(5))
    assert (version.state, version.proposed_by, version.decided_by) == (RuleState.RELEASED, ANNA, BERND)
    found = catalog.rules.in_force(TODAY)
    assert found is not None
    assert (found[0].number, found[1]) == (number, NEW.text)
    verbs = [event.verb for event in catalog.events_of() if event.verb.startswith("rules.")]
    assert verbs == [Verb.RULES_PROPOSED.value, Verb.RULES_RELEASED.value]
    assert catalog.verify_trail().verdict is not Verdict.FAILED


@pytest.mark.parametrize(
    "same",
    [ANNA, Actor("Anna Meier"), Actor("NEUSS\\anna.meier"), Actor("bernd.schulz", ActorKind.ALS, "anna.meier"),
     Actor("MEIER, Anna"), Actor("dienst", ActorKind.SYSTEM)],
)  # fmt: skip
def test_the_same_person_is_refused_under_any_spelling(catalog: Catalog, same: Actor) -> None:
    number = proposed(catalog)
    with pytest.raises(Forbidden, match="zweite Person"):
        catalog.rules.release(number, SHIPPED.digest, "geprüft", by=same, now=later(5))
    assert catalog.rules.version(number).state is RuleState.PROPOSED


def test_a_release_wants_a_reason_and_the_rules_it_was_compared_with(catalog: Catalog) -> None:
    number = proposed(catalog)
    with pytest.raises(Forbidden, match="Begründung"):
        catalog.rules.release(number, SHIPPED.digest, " ", by=BERND, now=later(5))
    with pytest.raises(Forbidden, match="andere Fassung"):
        catalog.rules.release(number, NEW.digest, "geprüft", by=BERND, now=later(5))
    with pytest.raises(Forbidden, match="gibt es nicht"):
        catalog.rules.release(99, SHIPPED.digest, "geprüft", by=BERND, now=later(5))


def test_a_proposal_ends_once(catalog: Catalog) -> None:
    number = proposed(catalog)
    assert catalog.rules.refuse(number, "zurückgezogen", by=ANNA, now=later(5)).state is RuleState.REFUSED
    for act in (
        lambda: catalog.rules.refuse(number, "noch einmal", by=BERND, now=later(6)),
        lambda: catalog.rules.release(number, SHIPPED.digest, "doch", by=BERND, now=later(6)),
    ):
        with pytest.raises(Forbidden, match="kein offener Vorschlag"):
            act()
    assert catalog.rules.in_force(TODAY) is None


def test_the_same_proposal_again_changes_nothing(catalog: Catalog) -> None:
    assert proposed(catalog) == proposed(catalog, by=BERND)
    assert len(catalog.rules.versions()) == 2
    assert catalog.rules.versions()[1].proposed_by == ANNA


def test_a_version_bears_its_own_number(catalog: Catalog) -> None:
    proposed(catalog)
    with pytest.raises(Forbidden, match="eigene Nummer"):
        proposed(catalog, RuleText("Katalog", "2027.1", None, "anders\n"))
    with pytest.raises(Forbidden, match="eigene Nummer"):
        proposed(catalog, RuleText("Katalog", "2026.1", None, "anders\n"))
    with pytest.raises(Forbidden, match="gilt schon"):
        proposed(catalog, SHIPPED)


def test_a_proposal_that_others_overtook_is_compared_anew(catalog: Catalog) -> None:
    first, second = proposed(catalog), proposed(catalog, LATER)
    catalog.rules.release(first, SHIPPED.digest, "geprüft", by=BERND, now=later(5))
    with pytest.raises(Forbidden, match="andere Fassung"):
        catalog.rules.release(second, NEW.digest, "geprüft", by=BERND, now=later(6))
    third = proposed(catalog, LATER, NEW, minutes=7)
    assert third != second
    assert catalog.rules.version(second).state is RuleState.REFUSED
    assert catalog.rules.release(third, NEW.digest, "geprüft", by=BERND, now=later(8)).state is RuleState.RELEASED


def test_of_two_releases_at_once_the_second_is_compared_anew(catalog: Catalog) -> None:
    """Both were compared with the shipped rules, and both callers still think that these are in force."""
    first, second = proposed(catalog), proposed(catalog, LATER)
    catalog.rules.release(first, SHIPPED.digest, "geprüft", by=BERND, now=later(5))
    with pytest.raises(Forbidden, match="andere Fassung"):
        catalog.rules.release(second, SHIPPED.digest, "geprüft", by=BERND, now=later(5))


def test_what_is_released_after_midnight_in_berlin_is_of_that_day(catalog: Catalog) -> None:
    """In UTC it is the evening before: a version of the same first day, released weeks ago, would go on."""
    waiting = RuleText("Katalog", "2026.12", date(2026, 12, 1), "version: 2026.12\n")
    catalog.rules.release(proposed(catalog, waiting), SHIPPED.digest, "geprüft", by=BERND, now=later(5))
    night = datetime(2026, 11, 30, 23, 15, tzinfo=UTC)
    number = catalog.rules.propose(NEW, waiting, "berichtigt", by=ANNA, now=night).number
    catalog.rules.release(number, waiting.digest, "geprüft", by=BERND, now=night + timedelta(minutes=5))
    found = catalog.rules.in_force(date(2026, 12, 1))
    assert found is not None
    assert found[0].version == NEW.version


def test_a_version_with_a_first_day_to_come_waits_for_it(catalog: Catalog) -> None:
    catalog.rules.release(proposed(catalog), SHIPPED.digest, "geprüft", by=BERND, now=later(5))
    catalog.rules.release(proposed(catalog, LATER, NEW, minutes=6), NEW.digest, "geprüft", by=BERND, now=later(7))
    # A correction that is released meanwhile does not push the later version aside.
    fixed = RuleText("Katalog", "2027.2", date(2025, 1, 1), "version: 2027.2\n")
    catalog.rules.release(proposed(catalog, fixed, NEW, minutes=8), NEW.digest, "geprüft", by=BERND, now=later(9))
    days = {TODAY: "2027.2", date(2027, 12, 31): "2027.2", date(2028, 1, 1): "2028.1"}
    for day, version in days.items():
        found = catalog.rules.in_force(day)
        assert found is not None
        assert found[0].version == version


def test_rules_changed_behind_the_catalog_are_not_believed(catalog: Catalog) -> None:
    number = proposed(catalog)
    with catalog._database.write() as connection:
        connection.execute(update(rulebooks).where(rulebooks.c.nr == number).values(state="released", decided_at=NOON))
    with pytest.raises(FixityError, match="Protokoll"):
        catalog.rules.in_force(TODAY)
    with catalog._database.write() as connection:
        connection.execute(update(rulebooks).where(rulebooks.c.nr == number).values(state="proposed"))
    catalog.rules.release(number, SHIPPED.digest, "geprüft", by=BERND, now=later(5))
    with catalog._database.write() as connection:
        connection.execute(update(rulebooks).where(rulebooks.c.nr == number).values(text="version: böse\n"))
    with pytest.raises(FixityError, match="nicht mehr der"):
        catalog.rules.in_force(TODAY)
    with catalog._database.write() as connection:
        connection.execute(update(rulebooks).where(rulebooks.c.nr == number).values(decided_at=None))
    with pytest.raises(FixityError, match="wann"):
        catalog.rules.in_force(TODAY)


@pytest.mark.parametrize("values", [{"state": "refused"}, {"valid_from": date(2099, 1, 1)}, {"decided_at": later(9)}])
def test_a_release_that_only_the_trail_knows_stops_everything_and_brings_no_older_rules_back(
    catalog: Catalog, values: dict[str, object]
) -> None:
    number = proposed(catalog)
    catalog.rules.release(number, SHIPPED.digest, "geprüft", by=BERND, now=later(5))
    with catalog._database.write() as connection:
        connection.execute(update(rulebooks).where(rulebooks.c.nr == number).values(**values))
    with pytest.raises(FixityError, match="im Register nicht oder anders"):
        catalog.rules.in_force(TODAY)


# --- due list ---------------------------------------------------------------------------------------------------------


def stored(catalog: Catalog, number: str, ends: date | None, record_class: str = "tax.assessment-file") -> UUID:
    akte, _ = archive(catalog, number, number=number, aktenart=Aktenart.STEUERAKTE)
    with catalog._database.write() as connection:
        values = {"retention_ends": ends, "record_class": record_class}
        connection.execute(update(akten).where(akten.c.uuid == akte.uuid).values(**values))
    return akte.uuid


def listed(catalog: Catalog, wanted: DueFilter, limit: int | None = 100, offset: int = 0) -> tuple[UUID, ...]:
    return catalog.due(wanted, limit=limit, offset=offset).rows


YEAR = date(2030, 12, 31)


def test_the_due_list_is_sorted_filtered_and_paged(catalog: Catalog) -> None:
    late = stored(catalog, "90-000001-2019", date(2030, 12, 31))
    soon = stored(catalog, "90-000002-2019", date(2026, 12, 31))
    stored(catalog, "90-000003-2019", date(2031, 1, 1))
    stored(catalog, "90-000004-2019", None)
    other = stored(catalog, "90-000005-2019", date(2028, 12, 31), "tax.enforcement-file")
    assert listed(catalog, DueFilter(YEAR)) == (soon, other, late)
    assert catalog.due(DueFilter(YEAR), limit=1, offset=1).total == 3
    assert listed(catalog, DueFilter(YEAR), limit=1, offset=1) == (other,)
    assert listed(catalog, DueFilter(YEAR), limit=None) == (soon, other, late)
    assert listed(catalog, DueFilter(YEAR, since=date(2027, 1, 1))) == (other, late)
    assert listed(catalog, DueFilter(YEAR, aktenarten=("Bauakte",))) == ()
    assert listed(catalog, DueFilter(YEAR, aktenarten=("Bauakte", "Steuerakte"))) == (soon, other, late)


def test_a_class_is_what_somebody_gave_last_else_what_came_in_else_the_default(catalog: Catalog) -> None:
    silent = stored(catalog, "90-000001-2019", YEAR, "")
    came_in = stored(catalog, "90-000002-2019", YEAR, "tax.audit-file")
    given = stored(catalog, "90-000003-2019", YEAR, "tax.enforcement-file")
    for classes in (["tax.base-notice"], ["tax.audit-file", "tax.assessment-file"]):
        catalog.classify(given, classes, "geprüft", by=CLERK, now=NOON)
    audit = DueFilter(YEAR, record_class="tax.audit-file", default_for=("Bauakte",))
    assert listed(catalog, audit) == (came_in, given)
    default = DueFilter(YEAR, record_class="tax.assessment-file", default_for=("Steuerakte",))
    assert listed(catalog, default) == (silent, given)
    for gone in ("tax.enforcement-file", "tax.base-notice", "tax.audit", "tax_audit-file"):
        assert listed(catalog, DueFilter(YEAR, record_class=gone)) == ()


def test_some_akten_come_in_the_order_asked_for(catalog: Catalog) -> None:
    uuids = [stored(catalog, f"90-{n:06}-2019", YEAR) for n in range(6)]
    catalog.report_event(uuids[5], "death", date(2020, 5, 17), "Urkunde", by=CLERK, now=NOON)
    asked = (uuids[5], uuids[0], UUID(int=7), uuids[3])
    rows = catalog.some_keeping(asked, viewer=Viewer(CLERK, TODAY))
    assert [row.akte for row in rows] == [uuids[5], uuids[0], uuids[3]]
    assert rows == tuple(row for row in (catalog.keeping(each, viewer=Viewer(CLERK, TODAY)) for each in asked) if row)
    assert [event.ereignis for event in rows[0].events if event.number] == ["death"]


def test_at_an_account_of_several_people_the_name_counts_and_the_trail_says_so(new_url: NewUrl) -> None:
    with open_catalog(new_url(), accounts=Accounts(shared=frozenset({"archivraum"}))) as catalog:
        first, second = (Actor(name, ActorKind.ALS, "archivraum") for name in ("anna.meier", "bernd.schulz"))
        number = proposed(catalog, by=first)
        with pytest.raises(Forbidden, match="zweite Person"):
            catalog.rules.release(number, SHIPPED.digest, "geprüft", by=first, now=later(5))
        catalog.rules.release(number, SHIPPED.digest, "geprüft", by=second, now=later(5))
        (told,) = catalog.events_of(verb=Verb.RULES_RELEASED.value)
        assert told.data["shared_account"] is True
        assert catalog.rules.in_force(TODAY) is not None
