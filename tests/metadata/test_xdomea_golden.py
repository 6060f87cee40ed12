"""Messages as they are written, byte by byte; UPDATE_GOLDEN=1 writes them anew for a look at the difference."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid5

import pytest

from metadata.checks import check_message
from metadata.messages import aussonderung
from metadata.schemas import Schemas
from metadata.xdomea import read_message, write_message
from tests.metadata.xdomea_builders import CODES, NOW, PROZESS, VERSIONS, a_profile, an_akte, an_xml

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "xdomea"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", CODES)
def test_a_message_is_written_as_last_agreed(code: str, version: str) -> None:
    path = GOLDEN / f"{code}_{version}.xml"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(an_xml(code, version))
    assert an_xml(code, version) == path.read_bytes()


def test_2_000_dokumente_are_written_checked_and_read_in_seconds(xdomea_folder: Path) -> None:
    akte = an_akte(28)
    vorgang = akte.vorgaenge[0]

    def copy(number: int) -> object:
        dokumente = tuple(
            replace(
                dokument,
                uuid=uuid5(dokument.uuid, str(number)),
                dateien=tuple(replace(datei, uuid=uuid5(datei.uuid, str(number))) for datei in dokument.dateien),
            )
            for dokument in vorgang.dokumente
        )
        return replace(vorgang, uuid=uuid5(vorgang.uuid, str(number)), dokumente=dokumente)

    large = replace(akte, vorgaenge=tuple(copy(number) for number in range(72)))  # type: ignore[misc]
    began = time.process_time()
    xml = write_message(aussonderung(large, a_profile(), prozess_id=PROZESS, erstellt=NOW), a_profile())
    report = check_message(xml, Schemas(xdomea_folder))
    assert time.process_time() - began < 9, "20,000 must take less than 10 s"
    assert {finding.code for finding in report.findings} == {"XD-98"}
    assert len(read_message(xml).objekte[0].vorgaenge) == 72  # type: ignore[union-attr]
