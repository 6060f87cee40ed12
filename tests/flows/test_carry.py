"""A Nachscan reads the version before from any store that gives it; what one store says is no word of the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Unavailable
from akten.findings import Severity
from akten.package import Lock, StoredPackage
from archive.package import store_package
from archive.store import ObjectInfo
from flows.carry import Carried, carry_over
from tests.catalog.build import an_akte
from tests.catalog.build import an_id as a_uuid
from tests.memory_store import MemoryStore
from tests.packages import EXTRA, NOON, a_bag, an_id

AKTE = an_akte(a_uuid("akte"), a_uuid("lieferung"))


class Saying(MemoryStore):
    """A store that answers every read with an error."""

    error: ArchivError | None = None

    def get(self, key: str, version_id: str | None) -> AbstractContextManager[Any]:
        if self.error is not None:
            raise self.error
        return super().get(key, version_id)

    def head(self, key: str, version_id: str | None = None) -> ObjectInfo | None:
        if self.error is not None:
            raise self.error
        return super().head(key, version_id)


@pytest.fixture
def carry(tmp_path: Path) -> Callable[..., Carried]:
    stores = (Saying("a", clock=lambda: NOON), Saying("b", clock=lambda: NOON))
    lock = Lock(NOON + timedelta(days=30))
    package: StoredPackage = store_package(a_bag(an_id()), an_id(), stores, lock, lambda: NOON, tmp_path / "tar", EXTRA)

    def call(*errors: ArchivError | None) -> Carried:
        for store, error in zip(stores, errors, strict=False):
            store.error = error
        return carry_over(AKTE, package, stores[: len(errors)], tmp_path / "vorher")

    return call


REFUSALS = [Unavailable("weg"), Forbidden("verboten"), Misconfigured("Kennung"), FixityError("beschädigt")]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_what_one_store_refuses_the_other_gives_and_the_copy_is_named(
    carry: Callable[..., Carried], error: ArchivError
) -> None:
    carried = carry(error, None)
    assert "representations/original/seite1.tif" in {part.path for part in carried.parts}
    (finding,) = carried.findings
    assert (finding.code, finding.where) == ("WF-30", "Speicher a")
    assert error.text in finding.text
    lost = isinstance(error, FixityError)  # a Nachscan may be the first to meet it
    assert (finding.severity is Severity.ERROR, "fehlt oder ist beschädigt" in finding.text) == (lost, lost)


def test_nothing_is_told_when_the_first_store_gives_it(carry: Callable[..., Carried]) -> None:
    assert carry(None, Unavailable("weg")).findings == ()


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (Forbidden("verboten"), Unavailable("weg"), Unavailable),
        (Unavailable("weg"), Forbidden("verboten"), Unavailable),
        (Unavailable("weg"), FixityError("beschädigt"), FixityError),
        (FixityError("beschädigt"), Unavailable("weg"), FixityError),
        (Forbidden("verboten"), Misconfigured("Kennung"), Misconfigured),
    ],
)
def test_with_no_copy_a_damage_is_an_alarm_and_one_that_may_come_back_is_waited_for(
    carry: Callable[..., Carried], first: ArchivError, second: ArchivError, kind: type[ArchivError]
) -> None:
    with pytest.raises(kind) as raised:
        carry(first, second)
    assert type(raised.value) is kind
    assert first.text in raised.value.text
    assert second.text in raised.value.text


def test_a_store_that_is_not_set_up_is_not_passed_over_in_silence(carry: Callable[..., Carried]) -> None:
    with pytest.raises(Unavailable, match="nicht eingerichtet"):
        carry(Forbidden("verboten"))
