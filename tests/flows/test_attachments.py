"""Attachments in attachments: each is named with type and size, and how deep is bounded and told."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf

from akten.files import Attachment
from akten.findings import Finding, Severity
from flows.attachments import take_out_all
from ocr.options import OcrOptions
from tests.ocr.examined import examine
from tests.ocr.papers import image_page, picture, scan_of
from tests.ocr.test_attachments import embed


def nested(depth: int) -> bytes:
    """A PDF in a PDF, so many times, around a text file."""
    held = ("innen.txt", b"ganz innen")
    for level in range(depth):
        target = io.BytesIO()
        with pikepdf.new() as pdf:
            image_page(pdf, picture())
            embed(pdf, held)
            pdf.save(target)
        held = (f"ebene{level}.pdf", target.getvalue())
    return held[1]


def taken(tmp_path: Path, depth: int) -> tuple[tuple[Attachment, ...], list[Finding]]:
    path = tmp_path / "antrag.pdf"
    path.write_bytes(nested(depth))
    scan = scan_of(path)
    facts = {scan.uuid: examine(scan, OcrOptions(), tmp_path)}
    out, findings = take_out_all([scan], facts, OcrOptions(), tmp_path / "heraus")
    return out, [f for f in findings if f.code.startswith("AN")]


def test_every_attachment_is_named_with_type_and_size_and_the_way_to_it(tmp_path: Path) -> None:
    out, findings = taken(tmp_path, 2)
    assert [one.name for one in out] == ["ebene0.pdf", "innen.txt"]
    assert [f.code for f in findings] == ["AN-07", "AN-07"]
    assert f"application/pdf, {out[0].digests.size} Byte" in findings[0].text
    assert findings[1].where == "antrag.pdf, Anlage 1 „ebene0.pdf“, Anlage 1 „innen.txt“"
    assert "text/plain, 10 Byte" in findings[1].text


def test_what_lies_deeper_than_three_attachments_stays_inside_and_is_told(tmp_path: Path) -> None:
    out, findings = taken(tmp_path, 5)
    assert [one.name for one in out] == ["ebene3.pdf", "ebene2.pdf", "ebene1.pdf"]
    (deep,) = (f for f in findings if f.code != "AN-07")
    assert (deep.code, deep.severity) == ("AN-08", Severity.WARNING)
    assert deep.where.endswith("„ebene1.pdf“")
