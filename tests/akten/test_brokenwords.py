"""What libraries say of broken data is told in German, and never by the name of a class."""

from __future__ import annotations

import errno
import logging
import re
import zipfile
import zlib
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from akten.brokenwords import broken_in_german
from metadata.container import judge_path
from ocr.assembly import assemble
from ocr.ends import SandboxDied, answer_of
from ocr.jobs import AssemblyJob
from ocr.pageimage import PageUnreadable, load, open_page
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EACCES, "denied"), "dafür fehlt die Berechtigung"),
        (OSError("broken data stream"), "die Daten sind beschädigt oder ungewöhnlich"),
        (EOFError(), "die Daten enden zu früh"),
        (zlib.error("x"), "die gepackten Daten sind beschädigt"),
        (zipfile.BadZipFile("x"), "der Aufbau ist beschädigt"),
        (pikepdf.PdfError("x"), "der Aufbau ist beschädigt"),
        (pikepdf.PasswordError("x"), "ein Kennwort schützt sie"),
        (Image.DecompressionBombError("x"), "es sind zu viele Bildpunkte"),
        (KeyError("x"), "die Daten sind beschädigt oder ungewöhnlich"),
    ],
)
def test_whatever_was_raised_has_german_words(error: Exception, words: str) -> None:
    assert broken_in_german(error) == words


def test_a_crash_in_the_sandbox_is_told_in_words_and_its_class_goes_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        died = answer_of(b'{"reason": "crash", "detail": "KeyError in oddpdfs.py:93"}')
    assert isinstance(died, SandboxDied)
    assert died.text == "das Leseprogramm kam damit nicht zurecht"
    assert "KeyError in oddpdfs.py:93" in caplog.text


def test_a_picture_a_page_and_a_zip_that_are_broken_are_named_without_a_class(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("L", (400, 400), 77).save(picture)
    picture.write_bytes(picture.read_bytes()[:60])
    page = open_page(picture, 1, 10**9)
    with pytest.raises(PageUnreadable) as caught:
        load(page)
    texts = [caught.value.text]
    broken = tmp_path / "p.pdf"
    broken.write_bytes(b"%PDF-1.7\n")
    job = AssemblyJob((str(broken),), str(tmp_path / "t"), str(tmp_path / "d"), "Titel", "2026-11-30T12:00:00+00:00")
    texts += assemble(job).denied
    zipped = tmp_path / "m.zip"
    with zipfile.ZipFile(zipped, "w") as box:
        box.writestr("a", b"x")
    zipped.write_bytes(zipped.read_bytes().replace(b"PK\x01\x02", b"PK\x09\x09"))
    texts += [f.text for f in judge_path(zipped, None).findings if f.code == "XD-90"]
    assert len(texts) == 3
    assert [text for text in texts if re.search(r"[A-Z]\w+(Error|File)\b|\(error\)", text)] == []


def test_no_text_for_people_names_a_class() -> None:
    """What is printed with the name of a class stands on receipts, in PREMIS records and at the clearing desk."""
    naming = re.compile(r"[A-ZÄÖÜ][^\"]*\(\{type\(\w+\)\.__name__\}")
    rooms = ("ocr", "metadata", "ingest")
    found = [str(p) for room in rooms for p in (ROOT / room).rglob("*.py") if naming.search(p.read_text("utf-8"))]
    assert found == []
