"""Page ranges: what is written is read back, and nonsense is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pageranges import as_ranges, format_ranges, parse_ranges


@given(st.sets(st.integers(1, 500), min_size=1))
def test_any_set_of_pages_survives_writing_and_reading(numbers: set[int]) -> None:
    ranges = parse_ranges(format_ranges(as_ranges(numbers)))
    assert {page for first, last in ranges for page in range(first, last + 1)} == numbers


@pytest.mark.parametrize("text", ["1-4,7", " 1 - 4 , 7 ", "1–4,7"])
def test_a_range_is_read_as_people_write_it(text: str) -> None:
    assert parse_ranges(text) == ((1, 4), (7, 7))


@pytest.mark.parametrize(
    "text", ["", ",", "a", "1-", "-1", "4-1", "0", "0-3", "1-3,3", "1;2", "99999999", "1-9999999", "²"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ranges(text)


@given(st.text(max_size=20))
def test_any_text_is_ranges_or_refused(text: str) -> None:
    try:
        ranges = parse_ranges(text)
    except ValueError:
        return
    assert parse_ranges(format_ranges(ranges)) == ranges
