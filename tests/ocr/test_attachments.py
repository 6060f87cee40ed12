"""Embedded files come out of a PDF bounded, in the sandbox, under names of ours; what stays behind is named."""

from __future__ import annotations

import time
import zlib
from pathlib import Path
from uuid import uuid4

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from akten.files import Attachment, digest_file
from akten.findings import Finding, Severity
from ocr.attachments import MOST_BYTES, MOST_FILES, RULES, STOPPING, take_out
from ocr.documenttools import prepare
from ocr.options import Limits, OcrOptions
from tests.ocr.examined import examine
from tests.ocr.papers import attached, pdf_file, scan_of

HOLDER = uuid4()


def embed(pdf: pikepdf.Pdf, *entries: tuple[str, bytes | pikepdf.Stream]) -> None:
    """Embedded files under any names, also doubled ones, which a name tree may hold."""
    names = []
    for number, (name, data) in enumerate(entries):
        stream = pdf.make_stream(data) if isinstance(data, bytes) else data
        stream.Type = Name.EmbeddedFile
        spec = Dictionary(Type=Name.Filespec, F=String(name), UF=String(name), EF=Dictionary(F=stream))
        names += [String(f"{number:05d}"), pdf.make_indirect(spec)]
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(names)))


def taken_out(
    path: Path, folder: Path, options: OcrOptions | None = None, most: int = MOST_BYTES
) -> tuple[tuple[Attachment, ...], tuple[Finding, ...]]:
    folder.mkdir()
    before = path.read_bytes()
    taken, findings = take_out(HOLDER, path, options or OcrOptions(), folder, most)
    assert path.read_bytes() == before, "the original is never altered"
    assert {finding.code for finding in findings} <= set(RULES)
    left = {entry.name for entry in folder.iterdir()}
    assert left == {one.path.name for one in taken}, "nothing but whole attachments is left"
    assert all(one.path.parent == folder and one.path.name.startswith("anlage-") for one in taken)
    return taken, findings


def said(findings: tuple[Finding, ...]) -> list[tuple[str, Severity]]:
    return [(finding.code, finding.severity) for finding in findings]


def test_attachments_come_out_as_files_of_their_own(tmp_path: Path) -> None:
    def damaged(pdf: pikepdf.Pdf) -> None:
        pdf.attachments["kaputt.bin"] = b"x" * 500

    path = pdf_file(tmp_path / "a.pdf", attached, damaged)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        stream = pdf.attachments["kaputt.bin"].get_file().obj
        stream.write(b"nicht gepackt", filter=pikepdf.Name.FlateDecode)
        pdf.save()
    taken, findings = taken_out(path, tmp_path / "anlagen")
    assert [(item.name, item.path.read_bytes()) for item in taken] == [("anlage.txt", b"Inhalt der Anlage")]
    assert taken[0].digests == digest_file(taken[0].path)
    assert taken[0].source == HOLDER
    assert said(findings) == [("AN-01", Severity.ERROR)]
    again, _ = take_out(HOLDER, path, OcrOptions(), tmp_path / "anlagen")
    assert [one.uuid for one in again] == [one.uuid for one in taken], "a repeat gives the same names"


@pytest.mark.parametrize("to_a_note", [False, True])
def test_a_file_that_belongs_to_a_page_is_one_of_the_attachments(to_a_note: bool, tmp_path: Path) -> None:
    """ISO 32000-2 §14.13: it need not stand in any list of the document, and may belong to an annotation."""

    def belonging(pdf: pikepdf.Pdf) -> None:
        stream = pdf.make_stream(b"Messwerte", Type=Name.EmbeddedFile)
        spec = Dictionary(Type=Name.Filespec, UF=String("werte.csv"), EF=Dictionary(UF=stream))
        holder = pdf.pages[0].obj
        if to_a_note:
            holder = pdf.make_indirect(Dictionary(Subtype=Name.Link, Rect=[0, 0, 9, 9], F=4))
            pdf.pages[0].Annots = Array([holder])
        holder.AF = Array([pdf.make_indirect(spec)])

    path = pdf_file(tmp_path / "a.pdf", belonging)
    assert examine(scan_of(path), OcrOptions(), tmp_path).attachments == ("werte.csv",)
    taken, findings = taken_out(path, tmp_path / "anlagen")
    assert [(item.name, item.path.read_bytes()) for item in taken] == [("werte.csv", b"Messwerte")]
    assert findings == ()
    payload = {"path": str(path), "target": str(tmp_path / "b.pdf"), "pages": None}
    assert prepare(payload)["losses"] == ["die Anlage „werte.csv“ (im Original und einzeln bewahrt)"]
    with pikepdf.open(tmp_path / "b.pdf") as made:
        assert "/AF" not in made.pages[0]
        assert not any("/AF" in note for note in made.pages[0].get("/Annots", []))


def test_a_file_pinned_behind_a_thousand_links_is_found(tmp_path: Path) -> None:
    """A table of contents, or a plan whose every part leads to its sheet."""

    def pinned(pdf: pikepdf.Pdf) -> None:
        links = [pdf.make_indirect(Dictionary(Subtype=Name.Link, Rect=[0, 0, 9, 9])) for _ in range(1001)]
        stream = pdf.make_stream(b"Messwerte", Type=Name.EmbeddedFile)
        spec = Dictionary(Type=Name.Filespec, UF=String("werte.csv"), EF=Dictionary(UF=stream))
        note = pdf.make_indirect(Dictionary(Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], FS=spec))
        pdf.pages[0].Annots = Array([*links, note])

    path = pdf_file(tmp_path / "a.pdf", pinned)
    assert examine(scan_of(path), OcrOptions(), tmp_path).attachments == ("werte.csv",)
    taken, _ = taken_out(path, tmp_path / "anlagen")
    assert [item.name for item in taken] == ["werte.csv"]


def test_every_name_is_told_once_and_one_without_a_name_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(pdf_file(tmp_path / "leer.pdf")) as pdf:
        embed(pdf, ("a (3).txt", b"1"), ("a.txt", b"2"), ("a.txt", b"3"), ("", b"4"))
        nameless = pdf.Root.Names.EmbeddedFiles.Names[7]
        del nameless["/F"], nameless["/UF"]
        pdf.save(path)
    taken, _ = taken_out(path, tmp_path / "anlagen")
    assert [one.name for one in taken] == ["a (3).txt", "a.txt", "a (3) (3).txt", "00003"]


def test_no_name_of_an_attachment_leads_anywhere(tmp_path: Path) -> None:
    hostile = (
        "../../etc/x", "..\\..\\boot.ini", "/etc/passwd", "C:\\Windows\\x.dll", "..", "", " ", "a\nb\x00c.txt",
        "rechnung\u202efdp.exe", "con", "x" * 5000 + ".txt", "doppelt.txt", "Doppelt.TXT", "ä.txt", "a\u0308.txt",
    )  # fmt: skip
    path = tmp_path / "a.pdf"
    with pikepdf.open(pdf_file(tmp_path / "leer.pdf")) as pdf:
        embed(pdf, *((name, f"Inhalt {number}".encode()) for number, name in enumerate(hostile)))
        pdf.save(path)
    taken, findings = taken_out(path, tmp_path / "anlagen")
    assert [one.path.read_text() for one in taken] == [f"Inhalt {number}" for number in range(len(hostile))]
    names = [one.name for one in taken]
    assert len({name.casefold() for name in names}) == len(names), "each can be told from each"
    for name in names:
        assert name.isprintable(), name
        assert not any(part in name for part in ("/", "\\", "..")), name
        assert 0 < len(name) <= 150, name
    assert not list(tmp_path.rglob("passwd"))
    assert {finding.code for finding in findings} == {"AN-03"}


def test_an_empty_attachment_is_named_only(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(pdf_file(tmp_path / "leer.pdf")) as pdf:
        embed(pdf, ("leer.txt", b""), ("voll.txt", b"x"))
        pdf.save(path)
    taken, findings = taken_out(path, tmp_path / "anlagen")
    assert [(one.name, one.number) for one in taken] == [("voll.txt", 2)]
    assert said(findings) == [("AN-06", Severity.WARNING)]
    assert "leer.txt" in findings[0].where


def bomb(pdf: pikepdf.Pdf, size: int) -> pikepdf.Stream:
    """A stream of zeros that inflates a thousandfold."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    stream = pdf.make_stream(b"")
    stream.write(packed, filter=Name.FlateDecode)
    return stream


@pytest.mark.parametrize("way", ["plain", "twice", "predicted"])
def test_a_bomb_stays_where_it_is_and_costs_little(tmp_path: Path, way: str) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.open(pdf_file(tmp_path / "leer.pdf")) as pdf:
        stream = bomb(pdf, 256 << 20)
        if way == "twice":
            stream.write(zlib.compress(stream.read_raw_bytes(), 9), filter=Array([Name.FlateDecode, Name.FlateDecode]))
        if way == "predicted":
            stream.DecodeParms = Dictionary(Predictor=12, Columns=100)
        embed(pdf, ("bombe.bin", stream), ("brief.txt", b"harmlos"))
        pdf.save(path)
    assert path.stat().st_size < 6 << 20
    started = time.monotonic()
    taken, findings = taken_out(path, tmp_path / "anlagen")
    assert time.monotonic() - started < 30
    assert [one.name for one in taken] == ["brief.txt"], "the rest comes out all the same"
    assert [code for code, _ in said(findings)] == ["AN-02"]
    assert "bombe.bin" in findings[0].where


def test_number_and_size_of_all_together_are_bounded(tmp_path: Path) -> None:
    many, much = tmp_path / "viele.pdf", tmp_path / "viel.pdf"
    with pikepdf.open(pdf_file(tmp_path / "leer.pdf")) as pdf:
        embed(pdf, *((f"{number}.txt", b"x") for number in range(MOST_FILES + 200)))
        pdf.save(many)
    with pikepdf.open(pdf_file(tmp_path / "leer2.pdf")) as pdf:
        embed(pdf, *((f"{number}.bin", bytes(range(256)) * 400) for number in range(10)))
        pdf.save(much)
    taken, findings = taken_out(many, tmp_path / "eins")
    assert len(taken) == MOST_FILES
    assert said(findings) == [("AN-02", Severity.ERROR)]
    taken, findings = taken_out(much, tmp_path / "zwei", most=350_000)
    assert len(taken) == 3
    assert said(findings) == [("AN-02", Severity.ERROR)]
    assert {code for code, _ in said(findings)} <= set(STOPPING)


def test_one_that_kills_the_reader_costs_the_attachments_and_is_told(tmp_path: Path) -> None:
    path = pdf_file(tmp_path / "a.pdf", attached)
    options = OcrOptions(file_limits=Limits(memory_bytes=40 << 20))
    taken, findings = taken_out(path, tmp_path / "anlagen", options)
    assert not taken
    assert said(findings) == [("AN-01", Severity.ERROR)]


def test_an_attachment_that_several_places_name_comes_out_once(tmp_path: Path) -> None:
    """Name tree, associated files and a pin on a page may all point to one embedded file."""
    path = tmp_path / "a.pdf"
    with pikepdf.open(pdf_file(tmp_path / "leer.pdf")) as pdf:
        embed(pdf, ("eine.txt", b"x"))
        spec = pdf.Root.Names.EmbeddedFiles.Names[1]
        pdf.Root.AF = Array([spec])
        pin = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, FS=spec, Rect=Array([0, 0, 9, 9]))
        pdf.pages[0].Annots = Array([pdf.make_indirect(pin)])
        pdf.Root.Collection = Dictionary(Type=Name.Collection, View=Name.D)  # a portfolio
        pdf.save(path)
    taken, findings = taken_out(path, tmp_path / "anlagen")
    assert [one.name for one in taken] == ["eine.txt"]
    assert not findings
