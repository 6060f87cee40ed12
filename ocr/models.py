"""Where the models of tesseract lie, and which they are."""

from __future__ import annotations

from pathlib import Path

from akten.errors import Misconfigured
from akten.files import digest_file
from ocr.options import OcrOptions

_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
)


def find_tessdata(options: OcrOptions) -> Path:
    """The folder that holds every model asked for. Raises Misconfigured with what to install."""
    wanted = [*options.languages.split("+"), "osd"]
    folders = [options.tessdata] if options.tessdata else [Path(folder) for folder in _FOLDERS]
    for folder in folders:
        if all((folder / f"{name}.traineddata").is_file() for name in wanted):
            return folder
    raise Misconfigured(
        f"Die Sprachmodelle {', '.join(wanted)} für tesseract fehlen in {', '.join(map(str, folders))}: "
        "Pakete tesseract-ocr-deu und tesseract-ocr-osd installieren oder ARCHIV_OCR__TESSDATA setzen."
    )


def model_digests(options: OcrOptions) -> dict[str, str]:
    """Which models read: name of the model file → first half of its SHA-256."""
    folder = find_tessdata(options)
    names = [f"{language}.traineddata" for language in options.languages.split("+")]
    return {name: digest_file(folder / name).sha256[:32] for name in names}
