"""The official XSDs: found in the configured folder, compiled offline once per version, used under a lock."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from akten.findings import Finding, Severity, Verdict
from akten.plural import plural
from metadata.parse import may_divide_text, parse_with_blanks
from metadata.schemawords import sentence
from metadata.streamed import first_errors

ENTRY = "xdomea-Nachrichten-AussonderungDurchfuehren.xsd"
WHERE_TO_GET = (
    "Die amtlichen XDOMEA-Schemata stehen im XRepository (www.xrepository.de, Stichwort xdomea); den entpackten "
    "Ordner mit den Versionen und „xoev“ im Dienst als Schemaordner einstellen."
)
# xdomea 4.0.0 imports by absolute address; the files lie in `xoev/` and are never rewritten (CC BY-ND).
_ADDRESSES = {
    "http://xoev.de/schemata/code/1_0/xoev-code.xsd": "xoev-code.xsd",
    "http://xoev.de/schemata/basisnachricht/unqualified/g2g/1_1/xoev-basisnachricht-unqualified-g2g_1.1.xsd": (
        "xoev-basisnachricht-unqualified-g2g_1.1.xsd"
    ),
    "https://xoev.de/schemata/din/91379/2022-08/din-norm-91379-datatypes.xsd": "din-norm-91379-datatypes.xsd",
    "http://xoev.de/latinchars/1_1/datatypes/latinchars.xsd": "latinchars.xsd",
}
_MOST = 50  # findings of one validation; the rest is counted
_FEW = 500  # errors whose places are looked for: each costs a walk past its neighbours
_LARGE = 5_000  # tags from which on a message is first validated as a stream


class _Offline(etree.Resolver):
    """Gives the files that 4.0.0 names by address and refuses every other address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override]
        """lxml's call for each import; None lets it open the local file itself."""
        del public_id
        if name := _ADDRESSES.get(system_url):
            return self.resolve_filename(str(self._folder / "xoev" / name), context)  # type: ignore[attr-defined]
        if "://" in system_url and not system_url.startswith("file:"):
            raise OSError(f"not offline: {system_url}")
        return None


@dataclass(slots=True)
class _Compiled:
    schema: etree.XMLSchema
    lock: threading.Lock = field(default_factory=threading.Lock)


class Schemas:
    """The schemas of one folder (as the XRepository gives them: one folder per version, beside `xoev`)."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._compiled: dict[str, _Compiled | None] = {}

    @property
    def folder(self) -> Path | None:
        """Where the schemas are looked for."""
        return self._folder

    def available(self, version: str) -> bool:
        """True when the schema of this version is there and compiles."""
        return self._get(version) is not None

    def _get(self, version: str) -> _Compiled | None:
        with self._lock:
            if version not in self._compiled:
                self._compiled[version] = self._compile(version)
            return self._compiled[version]

    def _compile(self, version: str) -> _Compiled | None:
        if self._folder is None or not re.fullmatch(r"\d+\.\d+\.\d+", version):
            return None
        entry = self._folder / version / ENTRY
        if not entry.is_file():
            return None
        parser = etree.XMLParser(no_network=True, resolve_entities=False)
        parser.resolvers.add(_Offline(self._folder))
        try:
            return _Compiled(etree.XMLSchema(etree.parse(str(entry), parser)))
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError):
            return None

    def validate(self, tree: etree._ElementTree, version: str, xml: bytes = b"") -> tuple[Verdict, tuple[Finding, ...]]:
        """OK, FAILED with XD-11 findings, or NOT_CHECKED with XD-12 that says where to get the schemas.

        `xml` are the bytes that the tree was made from; a large message, or one with comments, is first validated on
        them, as a stream.
        """
        compiled = self._get(version)
        if compiled is None:
            reason = "ist nicht eingerichtet" if self._folder is None else "fehlt im Schemaordner oder ist beschädigt"
            text = f"Das Schema von XDOMEA {version} {reason}. {WHERE_TO_GET}"
            return Verdict.NOT_CHECKED, (Finding("XD-12", Severity.INFO, "", text),)
        with compiled.lock:  # the error log belongs to the schema object
            errors: list[etree._LogEntry] = []
            if xml.count(b"<") > _LARGE or may_divide_text(xml):
                errors, ended = first_errors(compiled.schema, xml, _FEW)
                if not errors and not ended:
                    return Verdict.OK, ()
                if not errors or len(errors) > _FEW:
                    return Verdict.FAILED, tuple(_without_places(errors, ended))
            lost = bool(errors) and may_divide_text(xml)  # the bytes show what the tree may not
            if compiled.schema.validate(tree) and not (lost and not compiled.schema.validate(parse_with_blanks(xml))):
                return Verdict.OK, ()
            findings = tuple(_findings(compiled.schema.error_log))
        return Verdict.FAILED, findings


def _without_places(errors: list[etree._LogEntry], ended: str) -> Iterator[Finding]:
    """The errors of a stream: the element is all that is named."""
    if not errors:
        yield Finding("XD-11", Severity.ERROR, "", f"Die Prüfung gegen das Schema brach ab ({ended}).")
        return
    for said in list(dict.fromkeys(map(sentence, errors)))[:_MOST]:
        yield Finding("XD-11", Severity.ERROR, "", said)
    text = "Die Nachricht hat viele Schemafehler; es sind nicht alle genannt."
    yield Finding("XD-11", Severity.ERROR, "", text)


def _findings(log: etree._ListErrorLog) -> Iterator[Finding]:
    for number, entry in enumerate(log):
        if number == _MOST:
            text = f"Das Schema meldet {plural(len(log) - _MOST, 'weiteren', 'weitere')} Fehler."
            yield Finding("XD-11", Severity.ERROR, "", text)
            return
        yield Finding("XD-11", Severity.ERROR, _where(entry), sentence(entry))


def _where(entry: etree._LogEntry) -> str:
    path = (entry.path or "").replace("xdomea:", "")
    return f"{path} (Zeile {entry.line})" if path else f"Zeile {entry.line}"
