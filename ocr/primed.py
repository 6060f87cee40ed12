"""Loaded by a warm sandbox before its forks: everything that readers and judges would else load at their first use.

A fork forgets what it loaded. Left to the first use, plugins of Pillow, a part of numpy and the rules of the judge of
pikepdf cost every call as much as a page costs to judge. The only file opened here is one of our own making.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path

from PIL import Image

from ocr.probefile import tiny_valid_pdfa

_USED_LATER = (
    "encodings.ascii",
    "numpy.ma",
    "ocr.examine_image",
    "ocr.examine_pdf",
    "ocr.judging",
    "ocr.likeness",
    "ocr.pagejudge",
    "ocr.validators",
)

for _module in _USED_LATER:
    importlib.import_module(_module)
Image.preinit()
with tempfile.TemporaryDirectory(prefix="probe-") as _folder:
    tiny_valid_pdfa(Path(_folder) / "probe.pdf")
