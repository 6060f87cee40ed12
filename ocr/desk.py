"""What a worker can do: a page of the scan path, or the assembly of a document; unknown kinds are a bug."""

from __future__ import annotations

import errno
from typing import Any

from akten.diskwords import in_german
from akten.errors import ArchivError
from ocr.engine import OcrEngine
from ocr.jobs import AssemblyJob, PageJob, options_of
from ocr.scanpath import do_page
from ocr.tesseract import open_engine
from ocr.worker import cpu_seconds


class Desk:
    """One worker's desk: the engine is opened at the first page that needs it and stays open."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._options = options_of(settings["options"])
        self._engine: OcrEngine | None = None

    def do(self, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        """Does one job. Memory that is refused and settings that are wrong are told, not raised."""
        try:
            match kind:
                case "page":
                    return do_page(PageJob(**values), self._open, self._options, cpu_seconds).as_json()
                case "assembly":
                    from ocr.assembly import assemble  # half a second that only one worker per document pays

                    return assemble(AssemblyJob.from_json(values)).as_json()
        except MemoryError:
            return {"limit": "Der Speicher des Arbeitsprozesses reichte nicht."}
        except ArchivError as error:
            return {"misconfigured": error.text}
        except OSError as error:  # decoders' own OSErrors are told as findings before; this is disk and files
            if error.errno == errno.EFBIG:
                return {"limit": "Die entstehende Datei ist größer als erlaubt."}
            return {"system": in_german(error.errno)}
        raise ValueError(f"unknown kind of job: {kind}")

    def _open(self) -> OcrEngine:
        if self._engine is None:
            self._engine = open_engine(self._options)
        return self._engine
