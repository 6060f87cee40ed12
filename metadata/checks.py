"""Judges one message in three layers: official schema, code lists, and what neither can say (rules XD-nn).

A check that ran returns findings; nothing here raises for bad input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml import etree

from akten.collector import collector_waits
from akten.files import Digests
from akten.findings import Finding, Judgement, Severity, Verdict, judgement
from metadata.checks_files import check_files
from metadata.checks_head import check_answers, check_head, check_root, prozess_id, running_number
from metadata.checks_objects import check_objects
from metadata.codelists import names
from metadata.parse import LIMITS, ParseLimits, parse_xml
from metadata.profile import READ_VERSIONS, Profile
from metadata.rules import RULES, Findings, Purpose, unseen
from metadata.schemas import Schemas
from metadata.tree import local
from metadata.xdomea import kind_of, namespace

__all__ = ["RULES", "Purpose", "XdomeaReport", "check_message"]

_FIXED_TRUE = ("Importbestaetigung", "Unbefristet", "SignaturSiegelEingebettet")
_BOOLEANS = (
    *_FIXED_TRUE,
    "RueckmeldungArchivkennung",
    "Empfangsbestaetigung",
    "Erfolgreich",
    "Kontextobjekt",
    "ZdA",
)
_PREFILLED = frozenset({"Erfolgreich", "Empfangsbestaetigung"})  # in 2.x an empty one has a value by the schema
_TRUE = re.compile(rb"(<(?:[\w.-]+:)?(?:" + "|".join(_FIXED_TRUE).encode() + rb")(?:\s[^<>]*)?>)\s*(?:true|1)\s*<")
_DATES = (
    *(
        "Aufbewahrungsende",
        "Beginn",
        "Datum",
        "DatumDesSchreibens",
        "DatumUhrzeit",
        "EingestuftAm",
        "EinstufungEndetAm",
    ),
    *(
        "Einstufungsfrist",
        "Ende",
        "Erstellungsdatum",
        "Erstellungsuhrzeit",
        "Erstellungszeitpunkt",
        "Postausgangsdatum",
    ),
    *("Posteingangsdatum", "TerminDatum", "TerminUhrzeit", "Transferfristende", "Uhrzeit", "Versionsdatum", "ZdADatum"),
    *("ZeitpunktLetzteAenderung", "erstellungszeitpunkt"),
)
_DATED = re.compile(
    rb"(<(?:[\w.-]+:)?(?:" + "|".join(_DATES).encode() + rb")(?:\s[^<>]*)?>)\s*([^<>\s](?:[^<>]*[^<>\s])?)\s*(?=</)"
)
_BLANK = " \t\r\n"
_OTHER_GROUP = re.compile(r"[A-Z][A-Za-z]*\.[A-Z][A-Za-z]*\.0[0-46-9][0-9]{2}")  # as Abgabe.Abgabe.0401
# Controls as bytes and by number; each begins with fixed bytes: the search leaps from one to the next.
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_BY_NUMBER = re.compile(rb"&#(?:0*(?:12[7-9]|1[345][0-9])|x0*(?:7f|[89][0-9a-f]));", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class XdomeaReport:
    """What was found in one message. `version` and `message` ("0503") are None when they could not be told.

    `prozess_id` (as written) and `lfd_nr` (4.0.0) are what file names are compared with.
    """

    version: str | None
    message: str | None
    schema_verdict: Verdict
    judgement: Judgement
    findings: tuple[Finding, ...]
    prozess_id: str = ""
    lfd_nr: int | None = None


def report_of(version: str | None, message: str | None, schema: Verdict, findings: tuple[Finding, ...]) -> XdomeaReport:
    """A report whose judgement follows from its findings; without the schema nothing is called valid, nor with a code
    whose list is not here, or with a hash that was not computed."""
    unlooked = any(
        finding.code == "XD-61" or (finding.code == "XD-66" and finding.severity is Severity.WARNING)
        for finding in findings
    )
    complete = schema is not Verdict.NOT_CHECKED and not unlooked
    return XdomeaReport(version, message, schema, judgement(findings, complete=complete), findings)


@collector_waits()
def check_message(
    xml: bytes,
    schemas: Schemas | None,
    *,
    files: Mapping[str, Digests] | None = None,
    purpose: Purpose = Purpose.AT_REST,
    profile: Profile | None = None,
    limits: ParseLimits = LIMITS,
) -> XdomeaReport:
    """Judges a message; with `files` (name → digests) also whether exactly these are named and have these hashes."""
    findings = Findings(purpose)
    parsed = parse_xml(xml, limits=limits)
    if parsed.unread:  # that it is large is no fault of it
        *before, large = parsed.findings
        findings.take(tuple(before))
        findings.add(large.code, large.where, large.text, severity=unseen(purpose))
    else:
        findings.take(parsed.findings)
    if parsed.tree is None:
        return report_of(None, None, Verdict.NOT_CHECKED, findings.all())
    root = parsed.tree.getroot()
    version, code = kind_of(root)
    if version is None or version not in READ_VERSIONS:
        _unknown_version(version, findings)
        return report_of(version, None, Verdict.NOT_CHECKED, findings.all())
    if code is None:
        _unknown_message(etree.QName(root).localname, version, findings)
        return report_of(version, None, Verdict.NOT_CHECKED, findings.all())
    if b"\x7f" in xml or _C1.search(xml) or _BY_NUMBER.search(xml):
        findings.add("XD-84", "", "Texte enthalten unsichtbare Steuerzeichen.")
    normal = _normalise_dates(root, version, _normalise_fixed(root, version, xml, findings), findings)
    schema_verdict, schema_findings = (schemas or Schemas(None)).validate(parsed.tree, version, normal)
    findings.take(schema_findings)
    _check_booleans(root, version, findings)
    check_root(root, version, xml, findings)
    check_head(root, version, code, findings)
    objects = check_objects(root, version, code, findings, profile)
    check_answers(root, version, code, findings)
    check_files(root, version, code, objects, files, findings)
    if profile is not None and files is not None:
        _check_size(len(xml) + sum(digests.size for digests in files.values()), profile, findings)
    report = report_of(version, code, schema_verdict, findings.all())
    return replace(report, prozess_id=prozess_id(root, version), lfd_nr=running_number(root))


def _check_size(size: int, profile: Profile, findings: Findings) -> None:
    if size > profile.max_bytes:
        text = f"Nachricht und Dateien haben {size} Byte; der Empfänger nimmt {profile.max_bytes} an."
        findings.add("XD-82", "/", text)


def _unknown_version(version: str | None, findings: Findings) -> None:
    known = ", ".join(READ_VERSIONS)
    if version is None:
        findings.add("XD-07", "/", f"Das Wurzelelement gehört zu keiner XDOMEA-Version (bekannt sind {known}).")
    else:
        text = f"Die XDOMEA-Version {version} ist unbekannt (bekannt sind {known}); die Nachricht ist nicht geprüft."
        findings.add("XD-07", "/", text, severity=unseen(findings.purpose))


def _unknown_message(name: str, version: str, findings: Findings) -> None:
    known = ", ".join(names(version))
    other = _OTHER_GROUP.fullmatch(name) is not None
    text = f"Das Wurzelelement ist keine Nachricht der Gruppe 05 ({known}) von XDOMEA {version}"
    text += "; die Nachricht ist nicht geprüft." if other else "."
    findings.add("XD-08", "/", text, severity=unseen(findings.purpose) if other else None)


def _normalise_fixed(root: etree._Element, version: str, xml: bytes, findings: Findings) -> bytes:
    """Brings true to 1 where the schema fixes it, in tree and bytes, so that libxml2 judges like other validators.

    An empty element has the fixed value (XML Schema 1.0 part 1, 3.3.1), which libxml2 knows.
    """
    space = namespace(version)
    changed = False
    for element in root.iter(*(f"{{{space}}}{name}" for name in _FIXED_TRUE)):
        written = element.text or ""
        if written != "1" and (not written or written.strip() in ("true", "1")) and len(element) == 0:
            findings.add("XD-13", element, "Der feste Wert steht nicht genau als „1“; manche Empfänger lehnen das ab.")
            element.text = "1"
            changed = True
    return _TRUE.sub(rb"\g<1>1<", xml) if changed else xml


def _normalise_dates(root: etree._Element, version: str, xml: bytes, findings: Findings) -> bytes:
    """Takes away blanks around dates, which the schema collapses (XML Schema 1.0 part 2, 4.3.6); libxml2 does not."""
    space = namespace(version)
    changed = False
    for element in root.iter(*(f"{{{space}}}{name}" for name in _DATES), "erstellungszeitpunkt"):
        written = element.text or ""
        if len(element) == 0 and (date := written.strip(_BLANK)) and date != written:
            findings.add("XD-17", element, "Um den Wert steht Leerraum; manche Empfänger lehnen das ab.")
            element.text = date
            changed = True
    return _DATED.sub(rb"\g<1>\g<2>", xml) if changed else xml


def _check_booleans(root: etree._Element, version: str, findings: Findings) -> None:
    """libxml2 takes an empty xs:boolean for valid, although it says neither yes nor no."""
    space = namespace(version)
    for element in root.iter(*(f"{{{space}}}{name}" for name in _BOOLEANS)):
        if not element.text and version.startswith("2.") and local(element.tag) in _PREFILLED:
            continue
        if (element.text or "").strip() not in ("1", "0", "true", "false"):
            findings.add("XD-16", element, "Der Wert ist weder wahr noch falsch.")
