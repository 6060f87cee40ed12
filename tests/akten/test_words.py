"""The shared words refuse bad content and keep their promises."""

from __future__ import annotations

import hashlib
import io
import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akten.errors import ArchivError, FixityError, Forbidden, Misconfigured, Rejected, Unavailable, Unknown
from akten.files import Digests, digest_bytes, digest_stream
from akten.findings import Finding, Judgement, Severity, Verdict, judgement, worst
from akten.lifecycle import MOVES, Stage, require_move
from akten.model import Laufzeit, clean_text, shows_nothing

AN_ERROR = Finding("XX-01", Severity.ERROR, "Seite 1", "kaputt")
A_WARNING = Finding("XX-02", Severity.WARNING, "Seite 1", "auffällig")


@given(st.binary(max_size=5000))
def test_both_digests_come_from_one_pass(data: bytes) -> None:
    expected = Digests(hashlib.sha256(data).hexdigest(), hashlib.sha512(data).hexdigest(), len(data))
    assert digest_stream(io.BytesIO(data)) == digest_bytes(data) == expected


def test_digests_refuse_what_is_not_a_digest() -> None:
    with pytest.raises(ValueError):
        Digests("A" * 64, "a" * 128, 1)


def test_nothing_checked_is_not_ok() -> None:
    assert worst([]) is Verdict.NOT_CHECKED
    assert worst([Verdict.OK, Verdict.NOT_CHECKED]) is Verdict.NOT_CHECKED
    assert worst([Verdict.NOT_CHECKED, Verdict.FAILED]) is Verdict.FAILED


def test_an_incomplete_look_is_never_valid() -> None:
    assert judgement([], complete=False) is Judgement.UNCHECKED
    assert judgement([A_WARNING], complete=False) is Judgement.UNCHECKED
    assert judgement([AN_ERROR], complete=False) is Judgement.INVALID
    assert judgement([A_WARNING]) is Judgement.VALID_WITH_WARNING


def test_only_unavailable_is_retried_and_every_sort_has_its_exit_code() -> None:
    errors: list[ArchivError] = [
        Rejected((AN_ERROR,)),
        Forbidden("x"),
        FixityError("x"),
        Unavailable("x"),
        Misconfigured("x"),
        Unknown("x"),
    ]
    assert [error.exit_code for error in errors] == [3, 4, 5, 6, 7, 2]
    assert [error.retried for error in errors] == [False, False, False, True, False, False]


def test_rejected_survives_the_way_between_processes() -> None:
    again = pickle.loads(pickle.dumps(Rejected((AN_ERROR,))))  # noqa: S301
    assert again.findings == (AN_ERROR,)


def test_an_archived_delivery_never_moves_again() -> None:
    for there in Stage:
        with pytest.raises(Forbidden):
            require_move(Stage.ARCHIVED, there)
    assert set(MOVES) == set(Stage)


def test_laufzeit_refuses_an_end_before_its_beginning() -> None:
    with pytest.raises(ValueError):
        Laufzeit(date(2020, 1, 2), date(2020, 1, 1))


@given(st.text(max_size=200))
def test_clean_text_leaves_nothing_that_xml_forbids(text: str) -> None:
    cleaned = clean_text(text)
    assert cleaned == clean_text(cleaned)
    assert all(c in "\t\n" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff") for c in cleaned)


@pytest.mark.parametrize(
    "code", [0x20, 0xA0, 0xAD, 0x200B, 0x200D, 0x2060, 0xFEFF, 0xFE0F, 0xE0101, 0x3164, 0x2800, 0x07]
)
def test_invisible_signs_show_nothing_however_many_and_beside_a_letter_they_are_text(code: int) -> None:
    assert shows_nothing("")
    assert shows_nothing(chr(code) * 3 + " \n")
    assert not shows_nothing(f"{chr(code)}x")


@pytest.mark.parametrize("text", ["ä", "a\u0308", "\u0308", "–", ".", "א", "🗎", "½", "\ue000", "\u0378"])
def test_what_a_reader_sees_or_might_see_is_text(text: str) -> None:
    assert not shows_nothing(text)
