"""A PDF with embedded files through the whole trip: each lies in the package as a file of its own, linked and named."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pikepdf
import pytest

from akten.files import digest_bytes
from akten.findings import Judgement, Severity
from archive.bagcheck import check_bag
from catalog.actor import Actor
from flows.fetch import fetch_package
from flows.receipt import Outcome, receipt_json
from flows.wiring import Services
from metadata.checks import check_message
from metadata.premis import check_record, read_record
from tests.builders import a_slip
from tests.ocr.papers import image_page, picture
from tests.ocr.test_attachments import bomb, embed
from tests.walks.test_archive_walk import archived

pytestmark = pytest.mark.real


def nested() -> bytes:
    """A PDF that holds a text file again."""
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        embed(pdf, ("innen.txt", b"Anlage der Anlage"))
        pdf.save(target)
    return target.getvalue()


def delivery(folder: Path, aktenzeichen: str, *entries: tuple[str, bytes]) -> Path:
    folder.mkdir()
    with pikepdf.new() as pdf:
        image_page(pdf, picture())
        embed(pdf, *entries) if entries else embed(pdf, ("bombe.bin", bomb(pdf, 256 << 20)))
        pdf.save(folder / "antrag.pdf")
    slip = a_slip(aktenzeichen=aktenzeichen, seitenzahl=1, blattzahl=None, betreff="Antrag mit Anlagen")
    (folder / "laufzettel.json").write_text(json.dumps(slip), encoding="utf-8")
    return folder


def test_every_attachment_lies_in_the_package_linked_and_named(
    services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str, xdomea_folder: Path, premis_xsd: Path
) -> None:
    target = io.BytesIO()
    picture().save(target, "PNG", dpi=(50, 50))
    parts = {
        "plan.png": target.getvalue(),
        "liste.csv": b"Nummer;Wert\n1;2\n",
        "../../raus.txt": b"harmlos",
        "unterlagen.pdf": nested(),
        "programm.exe": b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(200),
        "kaputt.png": target.getvalue()[:-200],
        "leer.txt": b"",
    }
    folder = delivery(tmp_path / "l", aktenzeichen, *parts.items())
    original = (folder / "antrag.pdf").read_bytes()
    (receipt,) = archived(services, clerk, folder)
    assert receipt.state is Outcome.ARCHIVED, receipt.findings
    told = receipt_json(receipt)["attachments"]
    assert [one["name"] for one in told] == [
        "plan.png", "liste.csv", "raus.txt", "unterlagen.pdf", "programm.exe", "kaputt.png", "innen.txt",
    ]  # fmt: skip
    codes = {finding.code for finding in receipt.findings if finding.severity is not Severity.INFO}
    assert {"AN-03", "AN-04", "AN-05", "AN-06"} <= codes
    assert [finding.code for finding in receipt.findings].count("AN-07") == len(told), "each is named"

    (row,) = services.catalog.akte_by_aktenzeichen(aktenzeichen)
    package = services.catalog.packages(row.uuid)[0].package
    root, _ = fetch_package(services, package, tmp_path / "heraus", "Test", clerk)
    assert check_bag(root).judgement is Judgement.VALID
    lying = {digest_bytes(path.read_bytes()).sha256: path for path in (root / "data").rglob("*") if path.is_file()}
    for name, data in parts.items():
        if data:
            assert digest_bytes(data).sha256 in lying, name
    assert digest_bytes(original).sha256 in lying, "the file that held them is kept as it came"
    assert digest_bytes(b"Anlage der Anlage").sha256 in lying

    (message,) = (root / "data/metadata/descriptive").iterdir()
    xml = message.read_text(encoding="utf-8")
    assert xml.count("<xdomea:Anlage>") == len(told)
    assert check_message(xml.encode(), services.schemas).judgement is Judgement.VALID
    assert "../" not in xml
    premis = (root / "data/metadata/preservation/premis.xml").read_bytes()
    assert check_record(premis, premis_xsd).judgement in (Judgement.VALID, Judgement.VALID_WITH_WARNING)
    record = read_record(premis)
    unpacking = [event for event in record.events if event.type == "unpacking"]
    assert len(unpacking) == 2, "of the delivered file, and of the attachment that held one again"
    sources = {
        found.identifiers[0].value: relation.objects[0].value
        for found in record.objects
        for relation in found.relationships
        if relation.type == "derivation"
    }
    scan, inner = told[0]["from"], told[-1]
    assert sources[told[0]["uuid"]] == scan
    assert sources[inner["uuid"]] == told[3]["uuid"]
    examined = json.loads((root / "data/metadata/preservation/untersuchung.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in examined["attachments"]] == [one["name"] for one in told]
    snapshot = services.catalog.akte_snapshot(row.uuid, 1)
    assert snapshot is not None
    assert len(snapshot.dokumente[0].anlagen) == len(told)


def test_a_bomb_stops_at_the_clearing_desk(services: Services, clerk: Actor, tmp_path: Path, aktenzeichen: str) -> None:
    (receipt,) = archived(services, clerk, delivery(tmp_path / "l", aktenzeichen))
    assert receipt.state is Outcome.CLEARING
    assert {f.code for f in receipt.findings if f.severity is Severity.ERROR} == {"AN-02"}
