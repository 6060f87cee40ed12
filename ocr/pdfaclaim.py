"""Reads what a file says of itself: the PDF/A identification in its XMP (ISO 19005-2 §6.6.4).

Read as XML, the way a validator does. What looks like a claim in a comment or in a text is none, and the prefix of the
namespace may be any, or be bound twice. Nothing is fetched; who calls this sits in the sandbox.
"""

from __future__ import annotations

import re
from xml.parsers import expat

_ID = "http://www.aiim.org/pdfa/ns/id/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PART, _LEVEL = f"{_ID} part", f"{_ID} conformance"
_TOP = (f"{_RDF} RDF", f"{_RDF} Description")
# For XMP that is no XML: as an attribute or as an element, which may have attributes itself.
_BOUND = re.compile(rf"xmlns:([A-Za-z_][\w.-]*)\s*=\s*[\"']{re.escape(_ID)}")
_VALUE = r"(?:\s*=\s*[\"']|(?:\s[^<>]*)?>)\s*"


def claim_in(xmp: bytes) -> str | None:
    """The flavour that XMP claims, such as "2b"; None when it claims nothing."""
    values = _read(xmp) or _looked_for(xmp)
    part = re.match(r"0*([0-9]+)", values.get(_PART, "").strip())
    if part is None:
        return None
    level = re.match(r"[A-Za-z]*", values.get(_LEVEL, "").strip())
    return f"{part[1][:2]}{(level[0] if level else '')[:2].lower()}"


def _read(xmp: bytes) -> dict[str, str]:
    """Part and level by the XML, as far as it is well-formed; of several the first counts."""
    values: dict[str, str] = {}
    above: list[str] = []
    collected: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if tuple(above[-1:]) == _TOP[:1] and name == _TOP[1]:
            for key in (_PART, _LEVEL):
                if key in attributes:
                    values.setdefault(key, attributes[key])
        if tuple(above[-2:]) == _TOP and name in (_PART, _LEVEL):
            collected.clear()
        above.append(name)

    def end(name: str) -> None:
        above.pop()
        if tuple(above[-2:]) == _TOP and name in (_PART, _LEVEL):
            values.setdefault(name, "".join(collected))

    def text(data: str) -> None:
        if _PART in above[-3:] or _LEVEL in above[-3:]:  # a value may be wrapped, as in rdf:value
            collected.append(data)

    reader = expat.ParserCreate(namespace_separator=" ")
    reader.StartElementHandler, reader.EndElementHandler, reader.CharacterDataHandler = start, end, text
    try:
        reader.Parse(xmp, True)  # noqa: FBT003 - expat knows no names
    except (expat.ExpatError, LookupError, ValueError):  # no XML to the end, or in an unknown encoding
        return values if len(values) > 1 else {}
    return values or {_PART: ""}


def _looked_for(xmp: bytes) -> dict[str, str]:
    """The same by the look of the text: broken XMP claims what a person reads in it; the validator says the rest."""
    text = xmp.decode("utf-16" if xmp[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    prefix = _BOUND.search(text)
    if prefix is None:
        return {}
    name = re.escape(prefix[1])
    part = re.search(rf"{name}:part{_VALUE}([0-9]+)", text)
    level = re.search(rf"{name}:conformance{_VALUE}([A-Za-z]*)", text)
    return {_PART: part[1] if part else "", _LEVEL: level[1] if level else ""}
