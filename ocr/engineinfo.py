"""What text recognition runs on: engine, version, and the languages that are there. For `archiv doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from ocr.models import find_tessdata
from ocr.options import OcrOptions
from ocr.tesseract import open_engine


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The engine in use and the models in its folder."""

    name: str
    version: str
    languages: tuple[str, ...]


def describe_engine(options: OcrOptions) -> EngineInfo:
    """Opens the engine and says what it is. Raises Misconfigured when it or a language is missing."""
    tessdata = find_tessdata(options)
    engine = open_engine(options)
    engine.close()
    languages = tuple(sorted(model.stem for model in tessdata.glob("*.traineddata")))
    return EngineInfo(engine.name, engine.version, languages)
