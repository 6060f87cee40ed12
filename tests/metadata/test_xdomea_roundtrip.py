"""What is written is read back, for every message and version, and the official schema accepts it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akten.errors import Rejected
from akten.findings import Verdict
from metadata.objects import DokumentSGO
from metadata.parse import parse_xml
from metadata.schemas import Schemas
from metadata.xdomea import carried, read_message, write_message
from tests.metadata.xdomea_builders import CODES, VERSIONS, a_message, a_profile, an_id
from tests.metadata.xdomea_strategies import messages

quick = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CASES = [(code, version) for code in CODES for version in VERSIONS]


@pytest.mark.parametrize(("code", "version"), CASES)
@quick
@given(data=st.data())
def test_reading_what_was_written_gives_the_message_back(code: str, version: str, data: st.DataObject) -> None:
    message = data.draw(messages(code, version))
    profile = a_profile(version)
    kept = carried(message, version)
    written = write_message(message, profile)
    assert read_message(written) == kept
    assert write_message(kept, profile) == written, "what is dropped is dropped once"


@pytest.mark.parametrize(("code", "version"), CASES)
@quick
@given(data=st.data())
def test_the_official_schema_accepts_everything_written(
    code: str, version: str, xdomea_folder: Path, data: st.DataObject
) -> None:
    written = write_message(data.draw(messages(code, version)), a_profile(version))
    tree = parse_xml(written).tree
    assert tree is not None
    verdict, findings = _schemas(xdomea_folder).validate(tree, version)
    assert (verdict, findings) == (Verdict.OK, ())


_COMPILED: dict[Path, Schemas] = {}


def _schemas(folder: Path) -> Schemas:
    return _COMPILED.setdefault(folder, Schemas(folder))


@pytest.mark.parametrize("code", CODES)
def test_4_0_0_carries_every_message_whole(code: str) -> None:
    message = a_message(code, "4.0.0")
    assert carried(message, "4.0.0") == message


def test_what_would_be_lost_with_weight_is_refused() -> None:
    message = a_message("0503", "4.0.0")
    lone = dataclasses.replace(message, objekte=(DokumentSGO(an_id("einzeln")),))
    with pytest.raises(Rejected) as refused:
        write_message(lone, a_profile("4.0.0"))
    assert [finding.code for finding in refused.value.findings] == ["XD-14"]
    failed = dataclasses.replace(a_message("0506"), erfolgreich=True)
    with pytest.raises(Rejected):
        write_message(failed, a_profile("3.0.0"))  # says success although an object failed


def test_a_4_0_0_message_without_its_own_uuid_is_refused() -> None:
    message = a_message("0504", "4.0.0")
    with pytest.raises(Rejected):
        write_message(
            dataclasses.replace(message, kopf=dataclasses.replace(message.kopf, nachricht=None)), a_profile("4.0.0")
        )
