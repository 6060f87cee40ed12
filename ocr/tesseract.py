"""Adapters of `OcrEngine` to tesseract: in process by tesserocr, or by its command through pytesseract.

Pictures are handed over as pixels, never as files: the wheel of tesserocr bundles old image libraries.
"""

from __future__ import annotations

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

from akten.errors import Misconfigured
from ocr.engine import Box, Layout, Line, OcrEngine, Raster, Reading, Threshold, Upright, Word
from ocr.models import find_tessdata
from ocr.options import OcrOptions

_PSM = {Layout.AUTO: 3, Layout.COLUMN: 4, Layout.BLOCK: 6}
_METHOD = {Threshold.OTSU: "0", Threshold.SAUVOLA: "2"}


def open_engine(options: OcrOptions) -> OcrEngine:
    """The engine that the options name; "auto" prefers the one in process. Raises Misconfigured."""
    tessdata = find_tessdata(options)
    present = importlib.util.find_spec("tesserocr") is not None
    if options.engine == "tesserocr" and not present:
        raise Misconfigured("Das Paket tesserocr fehlt: pip install tesserocr, oder ARCHIV_OCR__ENGINE=pytesseract.")
    if options.engine == "pytesseract" or not present:
        return CommandTesseract(options.languages, tessdata)
    return InProcessTesseract(options.languages, tessdata)


class InProcessTesseract:
    """tesseract inside this process (tesserocr); the models stay loaded between pages."""

    name = "tesserocr"

    def __init__(self, languages: str, tessdata: Path) -> None:
        import tesserocr

        self._tesserocr: Any = tesserocr
        self._folder = f"{tessdata}/"
        self._api: Any = tesserocr.PyTessBaseAPI(path=self._folder, lang=languages, oem=tesserocr.OEM.LSTM_ONLY)
        self._osd: Any = None
        self.version: str = f"tesseract {tesserocr.PyTessBaseAPI.Version()}"

    def read(self, picture: Raster, layout: Layout = Layout.COLUMN, threshold: Threshold = Threshold.OTSU) -> Reading:
        """Reads the whole picture. White on black is looked for only in the second, thorough way (Sauvola)."""
        api = self._prepared(picture, layout, threshold)
        try:
            if not api.Recognize():
                return Reading()
            return Reading(tuple(self._lines(api, picture)))
        finally:
            api.Clear()
            api.ClearAdaptiveClassifier()

    def _prepared(self, picture: Raster, layout: Layout, threshold: Threshold) -> Any:
        api = self._api
        api.SetPageSegMode(_PSM[layout])
        api.SetVariable("thresholding_method", _METHOD[threshold])
        api.SetVariable("tessedit_do_invert", "1" if threshold is Threshold.SAUVOLA else "0")
        self._show(api, picture)
        return api

    def upright(self, picture: Raster) -> Upright | None:
        """Asks tesseract's orientation model; the picture should have about 150 dpi."""
        if self._osd is None:
            self._osd = self._tesserocr.PyTessBaseAPI(path=self._folder, lang="osd", psm=self._tesserocr.PSM.OSD_ONLY)
        self._show(self._osd, picture)
        try:
            found = self._osd.DetectOrientationScript()
        finally:
            self._osd.Clear()
        if not found:
            return None
        # orient_deg is how the text lies, so turning back means the same angle against it
        return Upright((360 - int(found["orient_deg"])) % 360, float(found["orient_conf"]))

    def close(self) -> None:
        """Ends both models."""
        self._api.End()
        if self._osd is not None:
            self._osd.End()

    @staticmethod
    def _show(api: Any, picture: Raster) -> None:
        api.SetImageBytes(picture.data, picture.width, picture.height, 1 if picture.bits == 8 else 0, picture.row_bytes)
        api.SetSourceResolution(max(70, min(2400, round(picture.dpi))))

    def _lines(self, api: Any, picture: Raster) -> list[Line]:
        level_word, level_line, level_block = (
            self._tesserocr.RIL.WORD,
            self._tesserocr.RIL.TEXTLINE,
            self._tesserocr.RIL.BLOCK,
        )
        lines: list[Line] = []
        words: list[Word] = []
        frame: tuple[Box, tuple[float, float, float, float]] | None = None
        block = -1
        iterator = api.GetIterator()
        if iterator is None:
            return lines
        for item in self._tesserocr.iterate_level(iterator, level_word):
            if item.IsAtBeginningOf(level_line):
                _flush(lines, words, frame, block)
                words = []
                frame = (_inside(item.BoundingBox(level_line), picture), _baseline(item.Baseline(level_line)))
            if item.IsAtBeginningOf(level_block):
                block += 1
            if item.Empty(level_word):
                continue
            text = item.GetUTF8Text(level_word).strip()
            box = item.BoundingBox(level_word)
            if text and box:
                words.append(Word(text, max(0.0, min(100.0, item.Confidence(level_word))), _inside(box, picture)))
        _flush(lines, words, frame, block)
        return lines


def _flush(
    lines: list[Line],
    words: list[Word],
    frame: tuple[Box, tuple[float, float, float, float]] | None,
    block: int,
) -> None:
    if words and frame is not None:
        lines.append(Line(tuple(words), frame[0], frame[1], max(block, 0)))


def _inside(box: Any, picture: Raster) -> Box:
    left, top, right, bottom = (int(value) for value in box)
    return (
        max(0, min(left, picture.width - 1)),
        max(0, min(top, picture.height - 1)),
        max(1, min(right, picture.width)),
        max(1, min(bottom, picture.height)),
    )


def _baseline(value: Any) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = value
    return (float(x0), float(y0), float(x1), float(y1))


class CommandTesseract:
    """tesseract by its command (pytesseract), one child process per call: for machines without a tesserocr wheel."""

    name = "pytesseract"

    def __init__(self, languages: str, tessdata: Path) -> None:
        import pytesseract

        self._pytesseract: Any = pytesseract
        self._languages = languages
        self._config = f'--tessdata-dir "{tessdata}"'
        try:
            self.version: str = f"tesseract {pytesseract.get_tesseract_version()}"
        except pytesseract.TesseractNotFoundError as error:
            raise Misconfigured("Der Befehl tesseract fehlt: Paket tesseract-ocr installieren.") from error

    def read(self, picture: Raster, layout: Layout = Layout.COLUMN, threshold: Threshold = Threshold.OTSU) -> Reading:
        """Reads the whole picture; lines, words and baselines come from the command's hOCR."""
        config = (
            f"{self._config} --oem 1 --psm {_PSM[layout]} -c thresholding_method={_METHOD[threshold]} "
            f"-c tessedit_do_invert={int(threshold is Threshold.SAUVOLA)} -c hocr_font_info=0"
        )
        page = self._pytesseract.image_to_pdf_or_hocr(
            _image(picture), lang=self._languages, config=config, extension="hocr"
        )
        parser = HocrReader(picture)
        parser.feed(page.decode("utf-8"))
        return Reading(tuple(parser.finish()))

    def upright(self, picture: Raster) -> Upright | None:
        """Asks the command for orientation; too few letters are no error."""
        try:
            found = self._pytesseract.image_to_osd(
                _image(picture), config=f"{self._config} --psm 0", output_type=self._pytesseract.Output.DICT
            )
        except self._pytesseract.TesseractError:
            return None
        return Upright(int(found["rotate"]) % 360, float(found["orientation_conf"]))

    def close(self) -> None:
        """Nothing is held."""


def _image(picture: Raster) -> Image.Image:
    image = Image.frombytes("L" if picture.bits == 8 else "1", (picture.width, picture.height), picture.data)
    dpi = max(70, min(2400, round(picture.dpi)))
    image.info["dpi"] = (dpi, dpi)
    return image


class HocrReader(HTMLParser):
    """Reads lines and words out of tesseract's own hOCR."""

    def __init__(self, picture: Raster) -> None:
        super().__init__()
        self._picture = picture
        self._lines: list[Line] = []
        self._words: list[Word] = []
        self._frame: tuple[Box, tuple[float, float, float, float]] | None = None
        self._block = -1
        self._word: tuple[float, Box] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        """Notes blocks, lines and words as they open."""
        found = dict(attrs)
        kind, title = found.get("class") or "", found.get("title") or ""
        if kind == "ocr_carea":
            self._end_line()
            self._block += 1
        elif kind in ("ocr_line", "ocr_header", "ocr_textfloat", "ocr_caption"):
            self._end_line()
            box = self._box(title)
            slope, offset = (float(value) for value in _field(title, "baseline", ("0", "0")))
            left, bottom, right = box[0], box[3], box[2]
            self._frame = (box, (left, bottom + offset, right, bottom + offset + slope * (right - left)))
        elif kind == "ocrx_word":
            self._word = (float(_field(title, "x_wconf", ("0",))[0]), self._box(title))
            self._text = []

    def handle_data(self, data: str) -> None:
        """Collects the letters of a word."""
        if self._word is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Closes a word at its span."""
        if tag == "span" and self._word is not None:
            text = "".join(self._text).strip()
            if text:
                self._words.append(Word(text, max(0.0, min(100.0, self._word[0])), self._word[1]))
            self._word = None

    def finish(self) -> list[Line]:
        """All lines read."""
        self._end_line()
        return self._lines

    def _end_line(self) -> None:
        _flush(self._lines, self._words, self._frame, self._block)
        self._words = []

    def _box(self, title: str) -> Box:
        return _inside(_field(title, "bbox", ("0", "0", "1", "1")), self._picture)


def _field(title: str, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    found = re.search(rf"(?:\A|;)\s*{name}((?:\s+-?[\d.]+)+)", title)
    return tuple(found[1].split()) if found else default
