"""Opens foreign XML without danger: no DTD, no entities, no network, bounded size, and says why it refused.

Kept apart from the XDOMEA side, since a PREMIS record may be far larger than a message and comes alone.
"""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

from metadata.parse import is_too_long

MAX_BYTES = 128 << 20
_MAX_MARKERS = 6_000_000  # "<" and "=" in the bytes: bounds the number of nodes before any tree is built
_PROLOGUE = 1 << 20  # declaration, comments and the start tag of the root; no real record needs a hundredth of it
_UNKNOWN_ENCODING = expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]
_STRANGE = "Die Zeichenkodierung, die die Datei nennt, wird hier nicht gelesen."


class Refused(Exception):
    """The bytes were not opened as XML; `reason` is a German sentence without anything of the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooMuch(Refused):
    """The document is beyond what is read, so nobody can say that it is bad."""


class _PrologueOver(Exception):
    """Ends the first look at the start tag of the root."""


def parse(xml: bytes) -> etree._ElementTree:
    """The tree of a well-formed document without DTD. Raises Refused, TooMuch beyond the limits; both cost little."""
    if len(xml) > MAX_BYTES:
        raise TooMuch(f"Die Datei ist größer als die Grenze von {MAX_BYTES >> 20} MiB.")
    if xml.count(b"<") > _MAX_MARKERS or xml.count(b"=") > _MAX_MARKERS:
        raise TooMuch("Die Datei hat mehr Elemente oder Attribute, als die Prüfung zulässt.")
    _look_at_prologue(xml)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        if is_too_long(error):
            raise TooMuch("Ein Text, Kommentar oder Name ist länger, als gelesen wird (10 MB, Namen 50 kB).") from error
        line = error.position[0] if error.position else 0
        raise Refused(f"Kein wohlgeformtes XML (Zeile {line}).") from error
    except ValueError as error:
        raise Refused("Kein lesbares XML.") from error
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None:
        raise Refused("Eine DTD ist nicht erlaubt.")
    return tree


def _look_at_prologue(xml: bytes) -> None:
    """Refuses a DTD before libxml2 sees it: expat stops at its first character, whatever the encoding."""

    def doctype(name: str, system: str | None, public: str | None, internal: bool) -> None:  # noqa: ARG001 - expat's call
        raise Refused("Eine DTD ist nicht erlaubt.")

    def start(name: str, attributes: dict[str, str]) -> None:  # noqa: ARG001 - expat's call
        raise _PrologueOver

    reader = expat.ParserCreate()
    reader.StartDoctypeDeclHandler = doctype
    reader.StartElementHandler = start
    try:
        reader.Parse(xml[:_PROLOGUE], len(xml) <= _PROLOGUE)
    except _PrologueOver:
        return
    except (LookupError, ValueError) as error:
        raise TooMuch(_STRANGE) from error
    except expat.ExpatError as error:
        if error.code == _UNKNOWN_ENCODING:
            raise TooMuch(_STRANGE) from error
        raise Refused("Kein wohlgeformtes XML.") from error
    if len(xml) > _PROLOGUE:
        raise TooMuch(f"Vor dem Ende des ersten Elements stehen mehr als {_PROLOGUE >> 20} MiB.")
    raise Refused("Kein XML: es gibt kein Wurzelelement.")
