"""The PREMIS record of one package, made from what intake, recognition and packing know of it.

One event per batch of files of the same making, never per page; the operator is a role number, never a name.
What is not known (time of scanning, device …) is left out, never invented.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid5

from akten.files import Attachment, Digests, PdfA, Rendition, Scan
from akten.findings import Verdict
from akten.model import clean_text
from akten.package import PackageId
from metadata.premis_model import (
    AgentLink,
    AgentType,
    Category,
    Fixity,
    Format,
    Identifier,
    ObjectLink,
    PremisAgent,
    PremisEvent,
    PremisObject,
    PremisRecord,
    PremisRights,
    Relationship,
)
from metadata.premis_reading import Tool, engines_of, was_read, way_of_reading

# PRONOM keys that follow from the content type alone; where the version decides, none is given.
_PRONOM = {"image/tiff": "fmt/353", "image/jp2": "x-fmt/392"}
_PRONOM_PDFA = {
    "1a": "fmt/95",
    "1b": "fmt/354",
    "2a": "fmt/476",
    "2b": "fmt/477",
    "2u": "fmt/478",
    "3a": "fmt/479",
    "3b": "fmt/480",
    "3u": "fmt/481",
}
_OUTCOMES = {Verdict.OK: "pass", Verdict.FAILED: "fail", Verdict.NOT_CHECKED: "not checked"}
# A file that was kept is a copy of what came; every other PDF/A was made of it.
_MAKING = {Rendition.KEPT: "replication"}


@dataclass(frozen=True, slots=True)
class Capture:
    """What the slip says of the scanning; empty or None where it says nothing. `operator` is a role number."""

    operator: str = ""
    device: str = ""
    profile: str = ""
    station: str = ""
    time: datetime | date | None = None


def build_record(
    *,
    package: PackageId,
    scans: Sequence[Scan],
    pdfas: Sequence[PdfA],
    capture: Capture,
    software: Tool,
    identifier: Tool | None,
    received: datetime,
    recognised: datetime,
    now: datetime,
    rights: Sequence[PremisRights] = (),
    attachments: Sequence[Attachment] = (),
    scanned: Collection[UUID] | None = None,
    replaced: Sequence[tuple[UUID, str]] = (),
) -> PremisRecord:
    """The record of a package: received, digested, identified, unpacked, recognised, validated, packed.

    `identifier` is the tool that told the types of the scans (name, version). Times have zones and run forward.
    `scanned` are the delivered files that were paper (all, when it is None); the others were never captured.
    `replaced` are PDF/A that stand for others since, which are no longer in the package, with the words about it.
    """
    book = _Book(package, software)
    entity = Identifier("UUID", str(package.akte))
    masters = [book.scan(scan) for scan in scans]
    book.capture_event(
        capture, [at for scan, at in zip(scans, masters, strict=True) if scanned is None or scan.uuid in scanned]
    )
    book.add_event("message digest calculation", received, sources=masters, notes=("SHA-256, SHA-512",))
    if identifier is not None:
        book.add_event("format identification", received, tools=[identifier], sources=masters)
    book.unpacking(attachments, received)
    made = book.recognition(pdfas, {scan.uuid for scan in scans}, recognised)
    if made:
        book.add_event("message digest calculation", recognised, sources=made, notes=("SHA-256, SHA-512",))
    for pdfa in pdfas:
        book.validation(pdfa, recognised)
    for pdfa_uuid, detail in replaced:
        new = Identifier("UUID", str(pdfa_uuid))
        book.add_event("modification", now, sources=[new], outcomes=[entity], detail=detail)
    book.add_event("information package creation", now, outcomes=[entity], detail=f"Paketversion {package.version}")
    return book.record(entity, rights)


def _clean(text: str) -> str:
    """Text that a record can carry; newlines become blanks."""
    return " ".join(clean_text(text).split())


class _Book:
    """Collects the parts of one record; identifiers follow from the package, so that the same input gives the same."""

    def __init__(self, package: PackageId, software: Tool) -> None:
        self._package = package
        self._events: list[PremisEvent] = []
        self._agents: dict[Identifier, PremisAgent] = {}
        self._files: list[PremisObject] = []
        self._scans: list[Identifier] = []
        self._software = self._tool(software, "Archivsoftware")

    # -- agents --------------------------------------------------------------------------------------------------------

    def _agent(self, agent: PremisAgent) -> Identifier:
        return self._agents.setdefault(agent.identifier, agent).identifier

    def _tool(self, tool: Tool, note: str = "") -> Identifier:
        name, version = _clean(tool[0]) or "unbekannt", _clean(tool[1])
        identifier = Identifier("local", f"software/{name}/{version}" if version else f"software/{name}")
        return self._agent(PremisAgent(identifier, name, AgentType.SOFTWARE, version, (note,) if note else ()))

    # -- events --------------------------------------------------------------------------------------------------------

    def add_event(
        self,
        kind: str,
        time: datetime | date,
        *,
        tools: Iterable[Tool] = (),
        agents: Sequence[AgentLink] = (),
        sources: Sequence[Identifier] = (),
        outcomes: Sequence[Identifier] = (),
        detail: str = "",
        outcome: str = "success",
        notes: Sequence[str] = (),
    ) -> Identifier:
        """Writes one event down and returns its identifier; the software itself is always among the agents."""
        number = len(self._events) + 1
        name = uuid5(self._package.akte, f"premis/v{self._package.version}/event/{number}")
        identifier = Identifier("UUID", str(name))
        roles = [AgentLink(self._software, ("executing program",))] if kind != "capture" else []
        roles += [
            AgentLink(found, ("executing program",)) for tool in tools if (found := self._tool(tool)) != self._software
        ]
        objects = [ObjectLink(x, ("source",)) for x in sources] + [ObjectLink(x, ("outcome",)) for x in outcomes]
        self._events.append(
            PremisEvent(
                identifier,
                kind,
                time,
                (detail,) if detail else (),
                outcome,
                tuple(notes),
                tuple(dict.fromkeys([*roles, *agents])),
                tuple(objects),
            )
        )
        return identifier

    def capture_event(self, capture: Capture, masters: Sequence[Identifier]) -> None:
        """The scanning, if its time is known: an event without time would be invented."""
        if capture.time is None or not masters:
            return
        agents = []
        if device := _clean(capture.device):
            identifier = Identifier("local", f"hardware/{device}")
            agents.append(AgentLink(self._agent(PremisAgent(identifier, device, AgentType.HARDWARE))))
        if operator := _clean(capture.operator):
            person = PremisAgent(
                Identifier("local", f"operator/{operator}"),
                f"Scan-Bedienung {operator}",
                AgentType.PERSON,
                notes=("Pseudonym; der Scandienst löst es auf.",),
            )
            agents.append(AgentLink(self._agent(person), ("implementer",)))
        facts = {"Profil": _clean(capture.profile), "Arbeitsplatz": _clean(capture.station)}
        detail = "; ".join(f"{name}: {value}" for name, value in facts.items() if value)
        self.add_event("capture", capture.time, agents=agents, outcomes=masters, detail=detail)

    def unpacking(self, attachments: Sequence[Attachment], time: datetime) -> None:
        """What was embedded in a file and was taken out of it: one event per file that held something."""
        for holder in dict.fromkeys(one.source for one in attachments):
            group = [one for one in attachments if one.source == holder]
            outcomes = [Identifier("UUID", str(one.uuid)) for one in group]
            event = self.add_event(
                "unpacking",
                time,
                sources=[Identifier("UUID", str(holder))],
                outcomes=outcomes,
                detail="Eingebettete Dateien herausgenommen; die Datei, die sie enthielt, ist unverändert.",
            )
            for one in group:
                form = Format(_clean(one.mime) or "application/octet-stream", "", _PRONOM.get(one.mime, ""))
                self._file(
                    Identifier("UUID", str(one.uuid)),
                    one.digests,
                    form,
                    part="anlagen",
                    name=one.name,
                    derived=Relationship("derivation", "has source", (Identifier("UUID", str(holder)),), (event,)),
                )
        if attachments:
            every = [Identifier("UUID", str(one.uuid)) for one in attachments]
            self.add_event("message digest calculation", time, sources=every, notes=("SHA-256, SHA-512",))

    def recognition(self, pdfas: Sequence[PdfA], known: set[UUID], time: datetime) -> list[Identifier]:
        """Text recognition and PDF/A, one event each per kind of making and set of tools; returns what was made."""
        groups: dict[tuple[Rendition, tuple[Tool, ...]], list[PdfA]] = {}
        for pdfa in pdfas:
            groups.setdefault((pdfa.rendition, pdfa.tools), []).append(pdfa)
        made: list[Identifier] = []
        for (rendition, tools), group in groups.items():
            sources = [
                Identifier("UUID", str(x)) for x in dict.fromkeys(s for p in group for s in p.sources if s in known)
            ]
            texts = {pdfa.uuid: self.hocr_identifier(pdfa) for pdfa in group if pdfa.hocr_digests is not None}
            reading: Identifier | None = None
            if texts:
                read = any(was_read(pdfa) for pdfa in group)
                reading = self.add_event(
                    "metadata extraction",
                    time,
                    tools=engines_of(tools),
                    sources=sources,
                    outcomes=list(texts.values()),
                    detail=way_of_reading(rendition, read=read),
                    notes=_confidence(group) if read else (),
                )
            outcomes = [Identifier("UUID", str(pdfa.uuid)) for pdfa in group]
            notes = tuple(sorted({_clean(loss) for pdfa in group for loss in pdfa.losses if _clean(loss)}))
            # The text was laid into the file only where one was made and words were read; a kept file was only copied.
            kept = rendition is Rendition.KEPT
            laid = [texts[pdfa.uuid] for pdfa in group if pdfa.uuid in texts and was_read(pdfa) and not kept]
            making = self.add_event(
                _MAKING.get(rendition, "normalization"),
                time,
                tools=() if kept else tools,
                sources=[*sources, *laid],
                outcomes=outcomes,
                detail=f"PDF/A: {rendition.value}",
                notes=notes,
            )
            for pdfa in group:
                made.append(self.pdfa(pdfa, known, making))
                if pdfa.uuid in texts and pdfa.hocr_digests is not None and reading is not None:
                    made.append(self._text(pdfa, known, texts[pdfa.uuid], reading, pdfa.hocr_digests))
        return made

    def validation(self, pdfa: PdfA, time: datetime) -> None:
        """One event per file: the verdict, and what each validator said with name, version and failed clauses."""
        notes = []
        for report in pdfa.reports:
            more = ", ".join(report.clauses) or report.why
            said = f"{report.name} {report.version}: {_OUTCOMES[report.verdict]}"
            notes.append(_clean(f"{said} ({more})" if more else said))
        tools = [(report.name, report.version) for report in pdfa.reports if report.verdict is not Verdict.NOT_CHECKED]
        target = Identifier("UUID", str(pdfa.uuid))
        self.add_event(
            "validation",
            time,
            tools=tools,
            sources=[target],
            detail=f"PDF/A-{_clean(pdfa.flavour)}",
            outcome=_OUTCOMES[pdfa.verdict],
            notes=notes,
        )

    # -- objects -------------------------------------------------------------------------------------------------------

    def _representation(self, name: str) -> Identifier:
        return Identifier("UUID", str(uuid5(self._package.akte, f"premis/v{self._package.version}/{name}")))

    @staticmethod
    def hocr_identifier(pdfa: PdfA) -> Identifier:
        """The text with coordinates of a PDF/A, named after it."""
        return Identifier("UUID", str(uuid5(pdfa.uuid, "hocr")))

    def _file(
        self,
        identifier: Identifier,
        digests: Digests,
        form: Format,
        *,
        part: str,
        name: str = "",
        properties: Sequence[tuple[str, str]] = (),
        derived: Relationship | None = None,
    ) -> Identifier:
        belongs = Relationship("structural", "is included in", (self._representation(part),))
        self._files.append(
            PremisObject(
                Category.FILE,
                (identifier,),
                tuple(properties),
                (Fixity("SHA-256", digests.sha256), Fixity("SHA-512", digests.sha512)),
                digests.size,
                form,
                clean_text(name).replace("\n", " ").replace("\t", " "),
                (belongs, *([derived] if derived else ())),
            )
        )
        return identifier

    def scan(self, scan: Scan) -> Identifier:
        """A scan as it came, under its own name."""
        identifier = Identifier("UUID", str(scan.uuid))
        form = Format(_clean(scan.mime) or "application/octet-stream", "", _PRONOM.get(scan.mime, ""))
        self._scans.append(identifier)
        return self._file(identifier, scan.digests, form, part="scans", name=scan.name)

    def pdfa(self, pdfa: PdfA, known: set[UUID], making: Identifier) -> Identifier:
        """A PDF/A with its source scans and the event that made it."""
        flavour = _clean(pdfa.flavour)
        form = Format("PDF/A", flavour, _PRONOM_PDFA.get(flavour, ""), "application/pdf")
        kept = pdfa.kept_pages
        properties = [("pages", str(len(kept))), ("blank pages", str(sum(page.blank for page in kept)))]
        if len(kept) != len(pdfa.pages):
            properties.append(("blank pages left out", str(len(pdfa.pages) - len(kept))))
        if pdfa.mean_confidence is not None:
            properties.append(("mean word confidence", f"{pdfa.mean_confidence:.1f}"))
        return self._file(
            Identifier("UUID", str(pdfa.uuid)),
            pdfa.digests,
            form,
            part="pdfa",
            properties=properties,
            derived=_derivation(pdfa.sources, known, making),
        )

    def _text(
        self, pdfa: PdfA, known: set[UUID], identifier: Identifier, reading: Identifier, digests: Digests
    ) -> Identifier:
        form = Format("hOCR", "", "", "text/html")
        return self._file(identifier, digests, form, part="pdfa", derived=_derivation(pdfa.sources, known, reading))

    def record(self, entity: Identifier, rights: Sequence[PremisRights]) -> PremisRecord:
        """Everything collected, with the intellectual entity and its two representations before the files."""
        represents = Relationship("structural", "represents", (entity,))
        version = Identifier("AIP", str(self._package))
        parts = {x for file in self._files for r in file.relationships if r.type == "structural" for x in r.objects}
        representations = tuple(
            PremisObject(
                Category.REPRESENTATION,
                (self._representation(name),),
                (("content", text),),
                relationships=(represents,),
            )
            for name, text in (
                ("scans", "Dateien wie geliefert"),
                ("anlagen", "Anlagen, aus Dateien herausgenommen"),
                ("pdfa", "PDF/A mit seinem Text"),
            )
            if self._representation(name) in parts
        )
        first = PremisObject(Category.INTELLECTUAL_ENTITY, (entity, version))
        return PremisRecord(
            (first, *representations, *self._files), tuple(self._events), tuple(self._agents.values()), tuple(rights)
        )


def _derivation(sources: Sequence[UUID], known: set[UUID], event: Identifier) -> Relationship | None:
    origins = tuple(Identifier("UUID", str(uuid)) for uuid in dict.fromkeys(sources) if uuid in known)
    return Relationship("derivation", "has source", origins, (event,)) if origins else None


def _confidence(group: Sequence[PdfA]) -> tuple[str, ...]:
    """Mean word confidence over all files of the group, weighted by words."""
    pages = [page for pdfa in group for page in pdfa.pages if page.confidence is not None and page.words]
    words = sum(page.words for page in pages)
    if not words:
        return ("keine Wörter erkannt",)
    mean = sum(page.words * (page.confidence or 0.0) for page in pages) / words
    return (f"mittlere Wortsicherheit {mean:.1f} von 100 über {words} Wörter",)


def closure(
    package: PackageId, citation: str, start: date, end: date | None, objects: Mapping[str, Identifier] | None = None
) -> PremisRights:
    """The closure period of the Akte: until `end` its dissemination is closed (ArchivG NRW § 7)."""
    identifier = Identifier("UUID", str(uuid5(package.akte, f"premis/v{package.version}/rights/closure")))
    links = tuple((objects or {"akte": Identifier("UUID", str(package.akte))}).values())
    return PremisRights(identifier, "de-nw", citation, "disseminate", "closed", start, end, links)
