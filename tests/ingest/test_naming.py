"""A number that was corrected since is asked about in one sentence that says what to do."""

from __future__ import annotations

import pytest

from ingest.naming import once_borne
from tests.ingest.builders import a_delivery


@pytest.mark.parametrize(
    ("today", "there", "words"),
    [
        ([("63-00011-2020", 1)], 0, "Die Akte heißt heute 63-00011-2020. Gehört die Lieferung dorthin"),
        ([("63-00011-2020", 2)], 1, "heute 63-00011-2020 Band 2. (1 Scan der Lieferung liegt dort schon.) Gehört"),
        ([("63-1", 1), ("63-2", 1), ("63-1", 1)], 3, "Die Akten heißen heute 63-1 oder 63-2. (3 Scans der Lieferung"),
    ],
)
def test_it_names_the_number_of_today_and_both_ways_on(today: list[tuple[str, int]], there: int, words: str) -> None:
    finding = once_borne(a_delivery().slip, today, there)
    assert (finding.code, finding.severity.value, finding.where) == ("IN-28", "error", "laufzettel.json, aktenzeichen")
    assert words in finding.text
    assert "auf dem Laufzettel berichtigen und neu einreichen" in finding.text
    assert "mit Begründung annehmen" in finding.text
