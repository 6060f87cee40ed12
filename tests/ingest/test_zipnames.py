"""Names of a ZIP arrive as they were meant, whoever packed it; a guess is told, and the slip fits."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from akten.findings import Severity
from ingest.delivery import read_delivery
from ingest.inbox import claim
from ingest.options import IntakeLimits
from ingest.zipbox import unpack
from ingest.zipnames import ZipNames, read_names
from tests.ingest.builders import TIFF, zipped

GERMAN = ("Übersicht.tif", "Größe.tif", "Müller, Jäger & Söhne.tif", "ÄÖÜ.tif", "Straße 5.tif", "plain.tif")


class InCodePage(zipfile.ZipInfo):
    """A member whose name is written in a code page, without a word on it."""

    page = "cp437"

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - its name in the library
        return self.filename.encode(self.page), 0


def packed(names: dict[str, bytes] | tuple[str, ...], page: str = "", *, extra: bytes = b"") -> bytes:
    """A ZIP whose names stand in this code page, without a word on it; with "" as Python writes them (flagged)."""
    buffer = io.BytesIO()
    contents = names if isinstance(names, dict) else dict.fromkeys(names, TIFF)
    with zipfile.ZipFile(buffer, "w") as box:
        for name, data in contents.items():
            info = InCodePage(name) if page else zipfile.ZipInfo(name)
            info.extra = extra
            if isinstance(info, InCodePage):
                info.page = page
            box.writestr(info, data)
    return buffer.getvalue()


def read(data: bytes) -> ZipNames:
    with zipfile.ZipFile(io.BytesIO(data)) as box:
        return read_names(box.infolist())


@pytest.mark.parametrize("page", ["", "utf-8", "cp437", "cp850", "cp1252"])
@pytest.mark.parametrize("names", [GERMAN, *((name,) for name in GERMAN)])
def test_german_names_arrive_whatever_they_were_written_in(page: str, names: tuple[str, ...]) -> None:
    found = read(packed(names, page))
    assert found.names == names
    assert bool(found.guessed) == (page.startswith("cp") and names != ("plain.tif",))


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("§ 34 BauGB.tif", "cp850"),
        ("§ 34 BauGB – Anhörung.tif", "cp1252"),
        ("Café Rosé.tif", "cp1252"),
        ("Café Rosé.tif", "cp850"),
        ("Rue de l’Église.tif", "cp1252"),
        ("Kostenübersicht 3 €.tif", "cp1252"),
        ("Søren Ågård.tif", "cp850"),
        ("90° Blick.tif", "cp1252"),
    ],
)
def test_other_signs_of_an_office_arrive_too(name: str, page: str) -> None:
    assert read(packed((name,), page)).names == (name,)


def test_one_code_page_is_guessed_for_all_names_of_a_zip() -> None:
    """Of „90°“ alone nobody could tell; the others tell whose work the ZIP is."""
    names = ("Größe.tif", "Maß ±1.tif", "à.tif")
    assert read(packed(names, "cp850")).names == names
    assert read(packed(names, "cp1252")).names == names


def test_a_name_in_utf8_beside_the_other_wins_while_it_belongs_to_it() -> None:
    def beside(raw: bytes, name: str) -> bytes:
        body = b"\x01" + struct.pack("<L", zlib.crc32(raw)) + name.encode()
        return struct.pack("<HH", 0x7075, len(body)) + body

    raw = "Łódź ü.tif".encode("cp437", "replace")
    with zipfile.ZipFile(io.BytesIO(packed((raw.decode("cp437"),), "cp437", extra=beside(raw, "Łódź ü.tif")))) as box:
        assert read_names(box.infolist()) == ZipNames(("Łódź ü.tif",))
    for broken in (beside(b"other", "x"), beside(raw, "")[:-1], b"\x75\x70\xff\xff\x01", struct.pack("<HH", 0x7075, 9)):
        info = zipfile.ZipInfo("Gr\u00f6\u00dfe.tif")
        info.extra = broken
        assert read_names([info]).names == ("Größe.tif",)


def test_guessed_names_are_told_and_sure_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "l.zip"
    path.write_bytes(packed(GERMAN, "cp1252"))
    (finding,) = unpack(path, tmp_path / "a", IntakeLimits())
    assert (finding.code, finding.severity, finding.where) == ("IN-09", Severity.INFO, "l.zip")
    assert "5 Namen" in finding.text
    assert "Windows (Codepage 1252)" in finding.text
    assert "Übersicht.tif" in finding.text
    assert {entry.name for entry in (tmp_path / "a").iterdir()} == set(GERMAN)
    path.write_bytes(packed(GERMAN, "utf-8"))
    assert unpack(path, tmp_path / "b", IntakeLimits()) == ()


@pytest.mark.parametrize("page", ["cp850", "cp1252"])
def test_the_slip_finds_its_files_and_the_delivery_keeps_the_finding(
    page: str, tmp_path: Path, inbox: Path, work: Path, new_id: Callable[[], UUID]
) -> None:
    members = zipped(tmp_path / "gut.zip") | {"Übergröße § 5.tif": TIFF}
    path = inbox / "l.zip"
    path.write_bytes(packed(members, page))
    delivery = read_delivery(claim(path, work, new_id))
    assert "Übergröße § 5.tif" in {scan.name for scan in delivery.scans}
    assert [finding.severity for finding in delivery.findings if finding.code == "IN-09"] == [Severity.INFO]
