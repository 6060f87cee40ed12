"""A catalogue is held to its rules on loading: every fault with code, file and line; the good ones load."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from akten.errors import Rejected
from akten.model import Aktenart
from retention.catalogue import HoldMode
from retention.rules import RULES
from retention.schedule import load_schedule, read_schedule
from tests.shipped import builtin_schedule

BASIS = "kind: retain_at_least, trigger: file_closed, start_rule: event_date, period: P5Y, source: law, verified: true"
GOOD = """\
schema_version: 1
time_zone: Europe/Berlin
archive:
  offer_latest: {period: P30Y, start_rule: end_of_calendar_year}
  appraisal_deadline: {period: P6M, start_rule: event_date, on_silence: keep}
  access:
    general: {period: P30Y, source: law}
    personal_death_known: {period: P10Y, source: law}
    personal_birth_known: {period: P100Y, source: law}
    personal_neither_known: {period: P60Y, source: law}
    secrecy: {period: P60Y, source: law}
privacy_categories: {personal: ja}
protection_need_values: [normal]
holds:
  - {key: litigation, title_de: Streit, source: law, verified: true}
classes:
  - key: a.b
    title_de: Akten
    bases:
      - {basis: G, BASIS}
    holds_apply: [litigation]
    privacy: [personal]
    protection_need: {in: normal}
    disposal: {code: B}
sources:
  law: {title: Gesetz, state: heute}
""".replace("BASIS", BASIS)
DELETE = (
    "kind: delete_at_latest, trigger: file_closed, start_rule: event_date, period: P2Y, source: law, verified: true"
)

BROKEN: list[tuple[str, str, str, int]] = [  # code, from, to, line
    ("RT-01", "schema_version: 1", "schema_version: [1", 2),
    ("RT-01", "{title: Gesetz", "&x {title: *x", 26),
    ("RT-02", "    title_de: Akten\n", "    title_de: Akten\n    title_de: Doppelt\n", 19),
    ("RT-02", "sources:\n", "sources:\n  law: {title: Gesetz}\n", 27),
    ("RT-03", "time_zone", "timezone", 2),
    ("RT-32", "schema_version: 1\n", "schema_version: 1\nvalid_from: 01.01.2099\n", 2),
    ("RT-05", "schema_version: 1\n", "schema_version: 1\nname: [a]\n", 2),
    ("RT-05", "schema_version: 1\n", "schema_version: 1\nversion: {a: b}\n", 2),
    ("RT-05", "schema_version: 1\n", "schema_version: 1\nconfirmed_by: [a]\n", 2),
    ("RT-03", "title_de: Akten", "titel_de: Akten", 18),
    ("RT-03", "period: P5Y", "periode: P5Y", 20),
    ("RT-03", "general:", "allgemein:", 7),
    ("RT-04", "title_de: Akten\n", "\n", 17),
    ("RT-04", "schema_version: 1\n", "\n", 2),
    ("RT-04", "{code: B}", "{}", 24),
    ("RT-04", ", verified: true}\n    holds", "}\n    holds", 20),
    ("RT-05", "schema_version: 1", "schema_version: 2", 1),
    ("RT-05", "Europe/Berlin", "Mars/Olympus", 2),
    ("RT-05", "kind: retain_at_least", "kind: retain", 20),
    ("RT-05", "start_rule: event_date, period: P5Y", "start_rule: year_end, period: P5Y", 20),
    ("RT-05", "on_silence: keep", "on_silence: destroy", 5),
    ("RT-05", "trigger: file_closed", "trigger: File closed", 20),
    ("RT-05", "holds_apply: [litigation]", "holds_apply: litigation", 21),
    ("RT-05", "disposal: {code: B}", "disposal: B", 24),
    ("RT-05", "title_de: Akten", "title_de: !!python/object:os.system {}", 18),
    ("RT-10", "sources:\n", "  - {key: a.b, title_de: x}\nsources:\n", 25),
    ("RT-11", "source: law, verified: true}\n    holds", "source: lex, verified: true}\n    holds", 20),
    ("RT-11", "general: {period: P30Y, source: law}", "general: {period: P30Y, source: lex}", 7),
    ("RT-12", "holds_apply: [litigation]", "holds_apply: [streit]", 21),
    ("RT-13", "privacy: [personal]", "privacy: [geheim]", 22),
    ("RT-13", "{in: normal}", "{in: hoch}", 23),
    ("RT-13", "{code: B}", "{code: X}", 24),
    ("RT-14", "sources:\n", "default_classes: {Bauakte: x.y}\nsources:\n", 25),
    ("RT-20", "period: P5Y", "period: P5Y, permanent: true", 20),
    ("RT-20", "period: P5Y, ", "", 20),
    ("RT-20", "period: P5Y", "permanent: true", 20),
    ("RT-21", "trigger: file_closed, ", "", 20),
    ("RT-22", "period: P5Y", "period: 5 Jahre", 20),
    ("RT-22", "period: P5Y", "period: P5000Y", 20),
    ("RT-23", "period: P5Y", "period: P5Y, before: P6Y", 20),
    ("RT-24", "    holds_apply", f"      - {{basis: b, {DELETE}}}\n    holds_apply", 20),
    ("RT-25", "    holds_apply", "    trigger_variants: [{event: file_closed}]\n    holds_apply", 21),
    ("RT-32", "title_de: Akten\n", "title_de: Akten\n    valid_from: 2026-02-30\n", 19),
    ("RT-32", "title_de: Akten\n", 'title_de: Akten\n    valid_from: "2026-02-30"\n', 19),
]  # fmt: skip


def test_the_catalogue_that_is_broken_below_is_good() -> None:
    katalog = read_schedule(GOOD.encode())
    assert list(katalog.classes) == ["a.b"]
    assert katalog.findings == ()
    assert katalog.holds["litigation"].mode is HoldMode.BLOCKS


def test_a_day_in_quotation_marks_is_a_day() -> None:
    katalog = read_schedule(GOOD.replace("time_zone:", 'valid_from: "2027-01-01"\ntime_zone:').encode())
    assert katalog.valid_from == date(2027, 1, 1)


@pytest.mark.parametrize(("code", "old", "new", "line"), BROKEN)
def test_each_fault_is_named_with_its_line(code: str, old: str, new: str, line: int) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(Rejected) as caught:
        read_schedule(text.encode(), "k.yaml")
    found = {(finding.code, finding.where) for finding in caught.value.findings}
    assert (code, f"k.yaml:{line}") in found, found
    assert all(finding.text.endswith(".") for finding in caught.value.findings)


def test_a_misspelt_word_is_met_with_the_right_one() -> None:
    with pytest.raises(Rejected, match="Gemeint ist wohl „title_de“"):
        read_schedule(GOOD.replace("title_de: Akten", "titel_de: Akten").encode())


def test_all_faults_are_told_at_once() -> None:
    text = GOOD.replace("P5Y", "fünf").replace("{code: B}", "{code: X}").replace("[litigation]", "[x]")
    with pytest.raises(Rejected) as caught:
        read_schedule(text.encode())
    assert {"RT-22", "RT-13", "RT-12"} <= {finding.code for finding in caught.value.findings}


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"a: b: c", b"\xff\xfe", b"\x00", b"[" * 500, b"a: 1\n---\nb: 2"])
def test_what_is_no_catalogue_is_rejected(data: bytes) -> None:
    with pytest.raises(Rejected):
        read_schedule(data)


def test_a_missing_file_and_a_folder_are_rejected(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(Rejected, match="RT-01"):
            load_schedule(path)


def test_every_truncated_catalogue_is_rejected_or_read() -> None:
    """No prefix of a catalogue makes the reader raise anything but Rejected."""
    data = GOOD.encode()
    for length in range(0, len(data), 7):
        with pytest.raises(Rejected):
            read_schedule(data[:length])


def test_the_shipped_catalogue_is_whole() -> None:
    katalog = builtin_schedule()
    assert katalog.findings == ()
    assert set(katalog.defaults) == set(Aktenart)
    assert len(katalog.digest) == 64
    triggers = {b.trigger for c in katalog.classes.values() for b in c.bases if b.trigger}
    variants = {v.event for c in katalog.classes.values() for b in c.bases for v in b.variants}
    assert triggers | variants <= set(katalog.event_titles)
    assert all(c.valid_from for c in katalog.classes.values())
    assert not any(c.confirmed_by for c in katalog.classes.values())


def test_the_shipped_catalogue_is_written_anew(shared: Path) -> None:
    """No sentence of the shared catalogue stands in ours."""
    ours, theirs = (yaml.safe_load(path.read_text(encoding="utf-8"))["classes"] for path in (
        Path(__file__).parents[2] / "retention" / "katalog" / "neuss.yaml",
        shared / "retention" / "record-classes.yaml",
    ))  # fmt: skip
    sentences = {basis["basis"] for entry in theirs for basis in entry["bases"] if len(basis["basis"]) > 45}
    assert not sentences & {basis["basis"] for entry in ours for basis in entry["bases"]}


def test_codes_are_all_in_the_table() -> None:
    assert {code for code, *_ in BROKEN} <= set(RULES)
