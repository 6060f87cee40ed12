"""A good PREMIS record and one way to break each thing in it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from lxml import etree

from akten.files import PageRef, PageResult, PdfA, Rendition, Scan, ValidatorReport, digest_bytes
from akten.findings import Verdict
from akten.package import PackageId
from metadata import premis
from metadata.premis_model import NAMESPACE

P = f"{{{NAMESPACE}}}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
T0 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
Node = etree._Element


def good() -> Node:
    """Scan → OCR → PDF/A → validation → package, with ingestion, a fixity check and a closure."""
    scan = Scan(UUID(int=1), Path("a.tif"), "a.tif", "image/tiff", digest_bytes(b"a"))
    page = PageResult(1, PageRef(scan.uuid, 1), 210, 297, words=9, confidence=90.0)
    reports = (ValidatorReport("veraPDF", "1.26", Verdict.OK),)
    pdfa = PdfA(
        UUID(int=2), Path("a.pdf"), digest_bytes(b"b"), "2b", Rendition.SCANNED, (page,), (scan.uuid,), Path("h"),
        digest_bytes(b"c"), (("tesseract", "5.3"),), reports=reports, verdict=Verdict.OK,
    )  # fmt: skip
    record = premis.build_record(
        package=PackageId(UUID(int=9), 1), scans=(scan,), pdfas=(pdfa,), software=("aktenarchiv", "1"),
        capture=premis.Capture("B-1", "Scanner", "p", "s", T0), identifier=("libmagic", "5"),
        received=T0 + timedelta(hours=1), recognised=T0 + timedelta(hours=2), now=T0 + timedelta(hours=3),
        rights=(premis.closure(PackageId(UUID(int=9), 1), "ArchivG NRW § 7", T0.date(), T0.date()),),
    )  # fmt: skip
    entity = record.objects[0].identifiers[0]
    software = record.events[-1].agents
    more = tuple(
        premis.PremisEvent(
            premis.Identifier("n", str(i)), kind, T0 + timedelta(hours=4 + i), outcome="pass", agents=software,
            objects=(premis.ObjectLink(target, ("source",)),),
        )
        for i, (kind, target) in enumerate((
            ("ingestion start", entity), ("ingestion end", entity),
            ("fixity check", premis.Identifier("UUID", str(scan.uuid))),
            ("virus check", premis.Identifier("UUID", str(scan.uuid))),
        ))
    )  # fmt: skip
    whole = premis.PremisRecord(record.objects, record.events + more, record.agents, record.rights)
    return etree.fromstring(premis.write_record(whole))


def find(root: Node, path: str) -> Node:
    node = root.find("/".join(P + step for step in path.split("/")))
    assert node is not None
    return node


def event(root: Node, kind: str) -> Node:
    return next(e for e in root.iter(P + "event") if e.findtext(P + "eventType") == kind)


def put(root: Node, path: str, text: str) -> None:
    find(root, path).text = text


def clone(root: Node, kind: str) -> None:
    node = find(root, kind)
    node.addnext(copy.deepcopy(node))


def link(node: Node, name: str, value: str = "nirgends") -> Node:
    outer = etree.SubElement(node, f"{P}{name}Identifier")
    etree.SubElement(outer, f"{P}{name}IdentifierType").text = "x"
    etree.SubElement(outer, f"{P}{name}IdentifierValue").text = value
    return outer


def a_file(root: Node) -> Node:
    return next(o for o in root.iter(P + "object") if str(o.get(XSI + "type")).endswith("file"))


def derived(root: Node) -> Node:
    return next(o for o in root.iter(P + "object") if o.find(f"{P}relationship[2]") is not None)


def remove(node: Node | None) -> None:
    assert node is not None
    parent = node.getparent()
    assert parent is not None
    parent.remove(node)


def set_time(root: Node, kind: str, text: str) -> None:
    put(event(root, kind), "eventDateTime", text)


def append_event(root: Node, kind: str, time: str, value: str) -> None:
    node = copy.deepcopy(event(root, "fixity check"))
    put(node, "eventIdentifier/eventIdentifierValue", f"new {kind}")
    put(node, "eventType", kind)
    find(node, "eventType").attrib.clear()
    put(node, "eventDateTime", time)
    put(node, "linkingObjectIdentifier/linkingObjectIdentifierValue", value)
    event(root, "fixity check").addnext(node)


def fixity(root: Node, name: str, text: str) -> None:
    put(a_file(root), f"objectCharacteristics/fixity/{name}", text)


def second_fixity(root: Node) -> None:
    first = find(a_file(root), "objectCharacteristics/fixity")
    other = copy.deepcopy(first)
    put(other, "messageDigest", "0" * 64)
    first.addnext(other)


def circle(root: Node) -> None:
    relation = derived(root).findall(P + "relationship")[1]
    own = derived(root).findtext(f"{P}objectIdentifier/{P}objectIdentifierValue")
    put(relation, "relatedObjectIdentifier/relatedObjectIdentifierValue", own or "")


def twice_xml_id(root: Node) -> None:
    for node in (find(root, "event"), find(root, "agent")):
        node.set("xmlID", "a1")


def attribute(root: Node, path: str, name: str, value: str) -> None:
    find(root, path).set(name, value)


def foreign_list(root: Node, by: str = "authority", name: str = "Hausliste") -> None:
    kind = find(event(root, "capture"), "eventType")
    kind.text = "Scannen"
    kind.attrib.clear()
    kind.set(by, name)


def no_outcome(kind: str) -> Callable[[Node], object]:
    return lambda root: remove(event(root, kind).find(P + "eventOutcomeInformation"))


def wrong_derivation_event(root: Node) -> None:
    value = event(root, "validation").findtext(f"{P}eventIdentifier/{P}eventIdentifierValue")
    relation = derived(root).findall(P + "relationship")[1]
    put(relation, "relatedEventIdentifier/relatedEventIdentifierValue", value or "")


SCAN = str(UUID(int=1))
RELATED_OBJECT = "object/relationship/relatedObjectIdentifier/relatedObjectIdentifierValue"
RELATED_EVENT = "object/relationship/relatedEventIdentifier/relatedEventIdentifierValue"
BASE64 = "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="
AGENT_LINK = "event/linkingAgentIdentifier"
TERM = "rights/rightsStatement/rightsGranted/termOfRestriction"
LOC = "http://id.loc.gov/vocabulary/preservation/eventType"


def wrong_kind_of_xml_id(root: Node) -> None:
    attribute(root, "event", "xmlID", "e")
    attribute(root, AGENT_LINK, "LinkAgentXmlID", "e")


def rights_over_nothing(root: Node) -> None:
    put(root, "rights/rightsStatement/linkingObjectIdentifier/linkingObjectIdentifierValue", "x")


def no_fixity(root: Node) -> None:
    for node in a_file(root).findall(f"{P}objectCharacteristics/{P}fixity"):
        remove(node)


def no_derivation_event(root: Node) -> None:
    remove(derived(root).find(f"{P}relationship[2]/{P}relatedEventIdentifier"))


def empty_outcome(root: Node) -> None:
    put(event(root, "virus check"), "eventOutcomeInformation/eventOutcome", " ")


def ingestion_of_nothing(root: Node) -> None:
    """Both events without a link: they are held against each other all the same."""
    for kind, hour in (("ingestion start", 13), ("ingestion end", 12)):
        node = event(root, kind)
        remove(node.find(P + "linkingObjectIdentifier"))
        put(node, "eventDateTime", f"2026-11-23T{hour}:00:00Z")


def unknown_type_of_the_list(root: Node) -> None:
    kind = find(event(root, "capture"), "eventType")
    kind.text = "scannen"
    kind.attrib.pop("valueURI")


def source_of(root: Node, words: str = "is source of") -> None:
    """The derivation told from the other end, too: the scan is the source of the PDF/A."""
    told = copy.deepcopy(derived(root).findall(P + "relationship")[1])
    put(told, "relationshipSubType", words)
    own = derived(root).findtext(f"{P}objectIdentifier/{P}objectIdentifierValue")
    put(told, "relatedObjectIdentifier/relatedObjectIdentifierValue", own or "")
    a_file(root).findall(P + "relationship")[-1].addnext(told)


def belonging_told_by_an_event(root: Node) -> None:
    """A structural relation may name an event that came late; nothing was made by it."""
    relation = find(a_file(root), "relationship")
    made = event(root, "information package creation").find(P + "eventIdentifier")
    assert made is not None
    outer = etree.SubElement(relation, f"{P}relatedEventIdentifier")
    for end in ("Type", "Value"):
        text = made.findtext(f"{P}eventIdentifier{end}")
        etree.SubElement(outer, f"{P}relatedEventIdentifier{end}").text = text


def digest_of_nothing(root: Node) -> None:
    fixity(root, "messageDigestAlgorithm", "ROT13")
    fixity(root, "messageDigest", "")


def wrong_address(root: Node, of_list: str = LOC) -> None:
    find(event(root, "capture"), "eventType").set("valueURI", of_list + "/del")


def relation(root: Node, end: str) -> Node:
    """What a derivation names: its `Event` or its `Object`."""
    return find(derived(root).findall(P + "relationship")[1], f"related{end}Identifier")


def extension_with_ids(root: Node) -> None:
    """A foreign element may call its own attributes as it likes."""
    outer = find(a_file(root), "objectCharacteristics")
    for _ in range(2):
        told = etree.SubElement(outer, f"{P}objectCharacteristicsExtension")
        etree.SubElement(told, "{urn:x}fits", xmlID="a", LinkAgentXmlID="b")


def elsewhere(root: Node, address: str = "https://archiv.example/2") -> None:
    """A link that says itself that what it names lies elsewhere, or only under another name in the same record."""
    relation(root, "Object").set("simpleLink", address)
    put(relation(root, "Object"), "relatedObjectIdentifierValue", address)


def made_of_one_another(root: Node) -> None:
    """One creation names the scan and what was made of it, and not which is which."""
    node = event(root, "capture")
    put(node, "eventDateTime", "2026-11-24T08:00:00Z")
    first = find(node, "linkingObjectIdentifier")
    for role in first.findall(P + "linkingObjectRole"):
        remove(role)
    other = copy.deepcopy(first)
    put(other, "linkingObjectIdentifierValue", str(UUID(int=2)))
    first.addnext(other)


def environment(root: Node, kind: str) -> None:
    """An agent tells where it ran by the xmlID of an object; the schema calls the attribute LinkEventXmlID."""
    find(root, kind).set("xmlID", "umgebung")
    entity = find(root, "object/objectIdentifier")
    told = etree.SubElement(find(root, "agent"), f"{P}linkingEnvironmentIdentifier", LinkEventXmlID="umgebung")
    for end in ("Type", "Value"):
        etree.SubElement(told, f"{P}linkingEnvironmentIdentifier{end}").text = entity.findtext(
            f"{P}objectIdentifier{end}"
        )
