"""How a kind of file is called in a package: its suffix, and its code in the XDOMEA list dateiformat 1.0."""

from __future__ import annotations

import re
from collections.abc import Mapping

# mime → (file suffix in the package, XDOMEA code of dateiformat 1.0, name where the code is "other")
FORMATS: Mapping[str, tuple[str, str, str]] = {
    "image/tiff": ("tif", "023", ""),
    "image/jpeg": ("jpg", "011", ""),
    "image/png": ("png", "019", ""),
    "image/jp2": ("jp2", "100", "JPEG 2000"),
    "image/jpx": ("jpx", "100", "JPEG 2000"),
    "application/pdf": ("pdf", "018", ""),
}
# What comes as an attachment besides: only where the type by content and the list agree on one suffix.
_ATTACHED: Mapping[str, tuple[str, str, str]] = {
    "text/xml": ("xml", "030", ""),
    "application/xml": ("xml", "030", ""),
    "text/rtf": ("rtf", "022", ""),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx", "035", ""),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx", "036", ""),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx", "037", ""),
    "application/vnd.oasis.opendocument.text": ("odt", "015", ""),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods", "014", ""),
    "application/vnd.oasis.opendocument.presentation": ("odp", "013", ""),
}
_SUFFIX = re.compile(r"[0-9a-z]{1,8}\Z")


def format_of(mime: str, name: str) -> tuple[str, str, str]:
    """Suffix, code and name of any file; of a foreign kind the suffix is that of its name when it is a plain one."""
    known = FORMATS.get(mime) or _ATTACHED.get(mime)
    if known:
        return known
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    return (suffix if _SUFFIX.match(suffix) else "bin"), "100", mime or "unbekannt"
