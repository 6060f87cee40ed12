"""The safe XML parser: looks at the bytes first, refuses what is hostile, then parses without network and entities.

What costs memory is bounded before anything is built: bytes, elements and attributes are counted in the raw text; the
prolog is read by hand, so that a document type (and with it every entity) is refused before the parser sees it.
libxml2 keeps its own limits (256 levels, 10 MB per text), since huge_tree stays off.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from lxml import etree

from akten.findings import Finding, Severity

_BLOCK = 1 << 20
XINCLUDE = "{http://www.w3.org/2001/XInclude}"
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,200}?\?>")
_DECLARED = re.compile(rb"<\?xml\s")
_ENCODING = re.compile(rb"""\sencoding\s*=\s*(?:"([A-Za-z0-9._-]+)"|'([A-Za-z0-9._-]+)')""")
# What libxml2 says at its limits. Its other words quote names, but none begins with one, and no name has blanks.
_TOO_DEEP, _TOO_LONG, _TOO_BIG = "Excessive depth", ("Resource limit exceeded", "Name too long"), " too big found"
_OTHER_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LEGACY = frozenset({"iso-8859-1", "iso8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252", "us-ascii", "ascii"})


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Bounds of one XML file: bytes, elements and attributes.

    20,000 Dokumente need 75 MB, 1.2 million elements and 0.25 million attributes; an element takes 130 bytes of memory
    and an attribute 250, so that no file takes more than 1 GB.
    """

    max_bytes: int = 256 << 20
    max_elements: int = 3_000_000
    max_attributes: int = 1_500_000


LIMITS = ParseLimits()


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tree, or None when it was refused; the findings say why, or what was odd. `unread`: for its size alone."""

    tree: etree._ElementTree | None
    findings: tuple[Finding, ...] = ()
    unread: bool = False


def _refused(code: str, text: str) -> Parsed:
    return Parsed(None, (Finding(code, Severity.ERROR, "", text),))


def _prolog_end(xml: bytes, start: int) -> tuple[int, str]:
    """Where the root element starts, and what is wrong before it ("" when nothing is)."""
    position = start
    while True:
        while xml[position : position + 1] in (b" ", b"\t", b"\r", b"\n"):
            position += 1
        if xml.startswith(b"<?", position):
            end = xml.find(b"?>", position)
            step = 2
        elif xml.startswith(b"<!--", position):
            end = xml.find(b"-->", position + 4)
            step = 3
        elif xml.startswith(b"<!", position):
            return position, "doctype"
        else:
            return position, "" if xml.startswith(b"<", position) else "no-xml"
        if end < 0:
            return position, "no-xml"
        position = end + step


def _encoding(xml: bytes, start: int) -> str:
    declaration = _DECLARATION.match(xml, start)
    if declaration and (named := _ENCODING.search(declaration[0])):
        return (named[1] or named[2]).decode("ascii").lower()
    return "utf-8"


def _is_utf8(xml: bytes) -> bool:
    """Decodes block by block, since the whole as text could take four times its size."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(xml), _BLOCK):
            decoder.decode(xml[start : start + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _look(xml: bytes, limits: ParseLimits, prefix: str) -> tuple[Finding, ...]:
    """Findings from the bytes alone; with an error among them nothing is parsed."""

    def error(number: str, text: str) -> tuple[Finding, ...]:
        return (Finding(f"{prefix}-{number}", Severity.ERROR, "", text),)

    if not xml:
        return error("01", "Die Datei ist leer.")
    if len(xml) > limits.max_bytes:
        return error("01", f"Die Datei ist größer als {limits.max_bytes >> 20} MB und wird nicht gelesen.")
    if xml.startswith(_OTHER_BOMS):
        return error("04", "Die Datei ist nicht in UTF-8 kodiert (UTF-16 oder UTF-32).")
    if b"\0" in xml:
        return error("04", "Die Datei enthält Nullbytes; sie ist kein XML in UTF-8.")
    odd: tuple[Finding, ...] = ()
    start = 0
    if xml.startswith(codecs.BOM_UTF8):
        start = 3
        odd = (Finding(f"{prefix}-05", Severity.WARNING, "", "Vor der XML-Deklaration steht eine Byte-Order-Marke."),)
    encoding = _encoding(xml, start)
    if _DECLARED.match(xml, start) and not _DECLARATION.match(xml, start):
        return error("04", "Die XML-Deklaration ist nicht lesbar; die Kodierung bleibt ungewiss.")
    if encoding in ("utf-8", "utf8"):
        if not _is_utf8(xml):
            return error("04", "Die Datei ist nicht in UTF-8 kodiert, wie sie angibt.")
    elif encoding in _LEGACY and not start:
        text = f"Die Datei ist in {encoding} kodiert; verlangt ist UTF-8."
        odd += (Finding(f"{prefix}-05", Severity.WARNING, "", text),)
    else:
        return error("04", f"Die angegebene Kodierung {encoding} passt nicht zum Inhalt oder wird nicht gelesen.")
    problem_at, problem_kind = _prolog_end(xml, start)
    if problem_kind == "doctype":
        return error(
            "03", "Die Datei enthält eine Dokumenttypdeklaration (DTD, Entitäten); sie wird nicht ausgewertet."
        )
    if problem_kind or problem_at >= len(xml):
        return error("02", "Die Datei ist kein XML.")
    if xml.count(b"<") - xml.count(b"</") > limits.max_elements or xml.count(b"=") > limits.max_attributes:
        return error("01", "Die Datei enthält mehr Elemente oder Attribute, als gelesen werden.")
    return odd


def may_divide_text(xml: bytes) -> bool:
    """True when comments, processing instructions or CDATA may stand in a text: in the tree such a text has lost the
    blanks before them, which libxml2 takes for the indentation of elements, and with them perhaps what makes it wrong.
    """
    return b"<!" in xml or xml.find(b"<?", len(codecs.BOM_UTF8) + 1) >= 0


def parse_with_blanks(xml: bytes) -> etree._ElementTree:
    """The tree of bytes that `parse_xml` took, with every blank; of a large document it takes half as much again."""
    return etree.fromstring(xml, _parser(remove_blank_text=False)).getroottree()


def _parser(*, remove_blank_text: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_blank_text=remove_blank_text, remove_comments=True, remove_pis=True,
    )  # fmt: skip


def parse_xml(xml: bytes, *, prefix: str = "XD", limits: ParseLimits = LIMITS) -> Parsed:
    """The tree of harmless, well-formed XML; otherwise none, with findings `<prefix>-01` to `-06`. Never raises."""
    findings = _look(xml, limits, prefix)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return Parsed(None, findings, unread=bool(xml) and findings[-1].code == f"{prefix}-01")
    try:
        root = etree.fromstring(xml, _parser(remove_blank_text=True))
    except etree.XMLSyntaxError as problem:
        return Parsed(None, (*findings, _syntax(problem, prefix)), unread=is_too_long(problem))
    if next(root.iter(XINCLUDE + "include"), None) is not None:
        text = "Die Datei verweist mit XInclude auf andere Dateien; sie werden nicht geholt."
        findings += (Finding(f"{prefix}-06", Severity.ERROR, "", text),)
    return Parsed(root.getroottree(), findings)


def is_too_long(problem: etree.XMLSyntaxError) -> bool:
    """True when libxml2 stopped at a limit of its own, which is no fault of the XML."""
    words = problem.msg or ""
    return words.startswith(_TOO_LONG) or _TOO_BIG in words


def _syntax(problem: etree.XMLSyntaxError, prefix: str) -> Finding:
    """A syntax error without the parser's own words, which may quote the content."""
    line, column = problem.position
    where = f"Zeile {line}, Spalte {column}"
    if (problem.msg or "").startswith(_TOO_DEEP):
        return Finding(f"{prefix}-01", Severity.ERROR, where, "Die Elemente sind tiefer als 256 Ebenen geschachtelt.")
    if is_too_long(problem):
        text = "Ein Text, Kommentar oder Name ist länger, als gelesen wird (10 MB, Namen 50 kB)."
        return Finding(f"{prefix}-01", Severity.ERROR, where, text)
    return Finding(f"{prefix}-02", Severity.ERROR, where, "Die Datei ist kein wohlgeformtes XML.")
