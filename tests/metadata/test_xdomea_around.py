"""What an object takes from those around it: retention, medium, depth; seen at foreign messages and at ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from metadata.checks import Purpose, check_message
from metadata.from_akte import akte_object
from metadata.messages import Aussonderung0503, aussonderung
from metadata.objects import AkteSGO, AnlageSGO, Aussonderung, DokumentSGO, VorgangSGO
from metadata.profile import Profile
from metadata.schemas import Schemas
from metadata.xdomea import write_message
from tests.metadata.xdomea_builders import NOW, PROZESS, an_akte, an_id


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas(None)  # our own rules only; the schemas say nothing of what is around


def codes(
    akte: AkteSGO,
    schemas: Schemas,
    purpose: Purpose = Purpose.FOREIGN,
    version: str = "3.0.0",
    created: datetime = NOW,
) -> set[str]:
    profile = Profile(version=version)
    message = aussonderung(an_akte(), profile, prozess_id=PROZESS, erstellt=created)
    xml = write_message(Aussonderung0503(message.kopf, (akte,)), profile)
    return {finding.code for finding in check_message(xml, schemas, purpose=purpose).findings}


@pytest.mark.parametrize("version", ["3.0.0", "4.0.0"])
@pytest.mark.parametrize(
    ("created", "over"),
    [
        (datetime(2024, 12, 31, 23, 30, tzinfo=UTC), True),  # New Year in Neuss
        (datetime(2024, 12, 31, 22, 30, tzinfo=UTC), False),
        (datetime(9999, 12, 31, 23, 30, tzinfo=UTC), True),  # no calendar goes on
    ],
)
def test_a_period_is_over_when_its_last_day_is_over_in_neuss(
    created: datetime, over: bool, version: str, schemas: Schemas
) -> None:
    akte, _, _ = an_object()
    akte = replace(akte, aussonderung=replace(akte.aussonderung, aufbewahrungsende=date(2024, 12, 31)), vorgaenge=())
    assert ("XD-49" not in codes(akte, schemas, version=version, created=created)) == over


def an_object() -> tuple[AkteSGO, VorgangSGO, DokumentSGO]:
    akte = akte_object(an_akte(), Profile())
    (vorgang,) = akte.vorgaenge
    return akte, vorgang, vorgang.dokumente[0]


def below(vorgang: VorgangSGO, number: int, dokument: DokumentSGO, kept: Aussonderung) -> VorgangSGO:
    """So many Teilvorgänge in one another, the last with the Dokument; `kept` is what each says of its keeping."""
    inner: tuple[VorgangSGO, ...] = ()
    for level in range(number, 0, -1):
        one = replace(vorgang, uuid=an_id(f"tv {level}"), teilvorgaenge=inner, aussonderung=kept)
        inner = (replace(one, dokumente=() if one.teilvorgaenge else (dokument,)),)
    return replace(vorgang, dokumente=(), teilvorgaenge=inner)


def test_retention_is_inherited_over_levels_in_foreign_messages_and_said_everywhere_in_ours(schemas: Schemas) -> None:
    akte, vorgang, dokument = an_object()
    silent = replace(below(vorgang, 1, dokument, Aussonderung()), aussonderung=Aussonderung())
    inherited = replace(akte, vorgaenge=(silent,))
    assert "XD-42" not in codes(inherited, schemas)
    assert "XD-42" in codes(inherited, schemas, Purpose.SENDING)
    assert "XD-42" in codes(replace(inherited, aussonderung=Aussonderung()), schemas)


@pytest.mark.parametrize(
    ("akte_medium", "vorgang_medium", "own", "paper"),
    [
        ("003", "", "", True), ("003", "003", "001", False), ("003", "001", "", False), ("001", "003", "", True),
        ("001", "001", "003", True), ("", "", "", False),
    ],
)  # fmt: skip
def test_a_dokument_without_a_file_is_paper_by_the_nearest_word_on_its_medium(
    akte_medium: str, vorgang_medium: str, own: str, paper: bool, schemas: Schemas
) -> None:
    akte, vorgang, dokument = an_object()
    dokument = replace(dokument, versionen=(), metadaten=replace(dokument.metadaten, medium=own))
    vorgang = replace(vorgang, dokumente=(dokument,), metadaten=replace(vorgang.metadaten, medium=vorgang_medium))
    akte = replace(akte, vorgaenge=(vorgang,), metadaten=replace(akte.metadaten, medium=akte_medium))
    assert ("XD-51" in codes(akte, schemas)) == (not paper)


@pytest.mark.parametrize("version", ["3.0.0", "4.0.0"])
@pytest.mark.parametrize(("number", "deep"), [(1, False), (2, True)])
def test_an_attachment_is_one_level_in_every_version(number: int, deep: bool, version: str, schemas: Schemas) -> None:
    """4.0.0 wraps the Dokument of an Anlage once more; that is no level of its own."""
    akte, vorgang, dokument = an_object()
    inner = replace(dokument, uuid=an_id("anlage"), versionen=(), historie=(), erweiterungen=())
    dokument = replace(dokument, anlagen=(AnlageSGO(inner),))
    akte = replace(akte, vorgaenge=(below(vorgang, number, dokument, vorgang.aussonderung),))
    assert ("XD-80" in codes(akte, schemas, version=version)) == deep
