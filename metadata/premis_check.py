"""Judges any PREMIS 3.0 record: safe opening, official schema, PR-nn rules; *unchecked* without schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from lxml import etree

from akten.findings import Finding, Judgement, Severity, Verdict, judgement
from akten.plural import plural
from metadata.premis_model import NAMESPACE, VERSION
from metadata.premis_parse import MAX_BYTES, Refused, TooMuch, parse
from metadata.premis_rules import check_rules
from metadata.schemawords import sentence
from metadata.streamed import first_errors

_MOST = 100  # findings of one rule that are shown; the rest is counted
_MOST_SCHEMA = 1000
_LARGE = 10_000  # tags from which on a record is first validated as a stream
_ROOTS = frozenset(f"{{{NAMESPACE}}}{name}" for name in ("premis", "object", "event", "agent", "rights"))
_OLDER = {
    "info:lc/xmlns/premis-v2": "2",
    "http://www.loc.gov/standards/premis": "1",
    "http://www.loc.gov/standards/premis/v1": "1",
}

_DD = "PREMIS Data Dictionary 3.0"
RULES: dict[str, tuple[str, str]] = {
    "PR-01": ("Die Datei ist wohlgeformtes XML ohne DTD und bleibt unter den Grenzen.", "XML 1.0; eigene Grenze"),
    "PR-02": ("Die Wurzel ist eine PREMIS-Aufzeichnung der Version 3.", "PREMIS 3.0 XSD"),
    "PR-03": ("Die Aufzeichnung entspricht dem amtlichen Schema.", "PREMIS 3.0 XSD"),
    "PR-04": ("Das amtliche Schema ist vorhanden und lesbar; sonst ist nicht geprüft.", "eigene Regel"),
    "PR-10": ("Jede Kennung eines Objekts steht nur einmal.", f"{_DD}, objectIdentifier"),
    "PR-11": ("Jede Kennung eines Ereignisses steht nur einmal.", f"{_DD}, eventIdentifier"),
    "PR-12": ("Jede Kennung eines Handelnden oder einer Rechtegrundlage steht nur einmal.", f"{_DD}, agentIdentifier"),
    "PR-13": ("Keine Kennung ist leer.", f"{_DD}, 1.4"),
    "PR-14": ("Jede xmlID steht nur einmal.", "XML Schema Part 2, 3.3.8"),
    "PR-20": ("Jeder Handelnde eines Ereignisses steht in der Aufzeichnung.", f"{_DD}, linkingAgentIdentifier"),
    "PR-21": ("Jedes verknüpfte Objekt steht in der Aufzeichnung.", f"{_DD}, linkingObjectIdentifier"),
    "PR-22": ("Jedes verknüpfte Ereignis steht in der Aufzeichnung.", f"{_DD}, linkingEventIdentifier"),
    "PR-23": ("Jedes Objekt einer Beziehung steht in der Aufzeichnung.", f"{_DD}, relatedObjectIdentifier"),
    "PR-24": ("Jedes Ereignis einer Beziehung steht in der Aufzeichnung.", f"{_DD}, relatedEventIdentifier"),
    "PR-25": ("Jede verknüpfte Rechtegrundlage steht in der Aufzeichnung.", f"{_DD}, linkingRightsStatementIdentifier"),
    "PR-26": ("Jeder Verweis auf eine xmlID trifft ein Element der richtigen Art.", "XML Schema Part 2, 3.3.9"),
    "PR-27": ("Objekte und Handelnde einer Rechtegrundlage stehen in der Aufzeichnung.", f"{_DD}, rightsStatement"),
    "PR-30": ("Die Art eines Ereignisses steht in der Liste.", "LoC eventType"),
    "PR-31": ("Die Art eines Ereignisses stammt aus der Liste der Library of Congress.", "LoC eventType"),
    "PR-32": ("Art und Adresse (valueURI) eines Ereignisses meinen dasselbe.", "LoC eventType"),
    "PR-33": ("Die Art eines Ereignisses ist wie in der Liste geschrieben.", "LoC eventType"),
    "PR-40": ("Die Zeit eines Ereignisses ist lesbar.", f"{_DD}, eventDateTime; ISO 8601"),
    "PR-41": ("Eine Uhrzeit hat eine Zeitzone.", f"{_DD}, eventDateTime; ISO 8601"),
    "PR-42": ("Von einem Ereignis ist die Uhrzeit bekannt.", f"{_DD}, eventDateTime"),
    "PR-43": ("Kein Ereignis liegt vor der Entstehung seines Objekts.", "Ursache vor Wirkung"),
    "PR-44": ("Eine Übernahme endet nicht vor ihrem Beginn.", "Ursache vor Wirkung"),
    "PR-45": ("Nach der Löschung wird ein Objekt nicht mehr gebraucht.", "Ursache vor Wirkung"),
    "PR-46": ("Vor der ersten Prüfsumme gibt es keine Prüfung der Unversehrtheit.", "Ursache vor Wirkung"),
    "PR-47": ("Kein Zeitraum endet vor seinem Beginn.", f"{_DD}, termOfRestriction"),
    "PR-48": ("Kein Ereignis liegt in der Zukunft.", "Ursache vor Wirkung"),
    "PR-49": ("Die Reihenfolge der Zeiten wurde geprüft (sonst: zu viele Ableitungen).", "eigene Grenze"),
    "PR-50": ("Eine Prüfsumme ist hexadezimal geschrieben.", f"{_DD}, messageDigest"),
    "PR-51": ("Eine Prüfsumme hat die Länge ihres Verfahrens.", f"{_DD}, messageDigest"),
    "PR-52": ("Das Verfahren einer Prüfsumme ist bekannt.", "LoC cryptographicHashFunctions"),
    "PR-53": ("Ein Verfahren hat nur eine Prüfsumme je Datei.", f"{_DD}, fixity"),
    "PR-54": ("Jede Datei hat eine Prüfsumme.", f"{_DD}, fixity"),
    "PR-55": ("Die Größe ist eine Zahl von Bytes ab 0.", f"{_DD}, size"),
    "PR-56": ("Eine Prüfsumme steht nicht in Base64.", f"{_DD}, messageDigest"),
    "PR-60": ("Jede Prüfung nennt ihr Ergebnis.", f"{_DD}, eventOutcome"),
    "PR-70": ("Jede Ableitung nennt das Ereignis, durch das sie entstand.", f"{_DD}, relatedEventIdentifier"),
    "PR-71": ("Kein Objekt ist aus sich selbst abgeleitet.", "Ursache vor Wirkung"),
    "PR-72": ("Das Ereignis einer Ableitung ist keine Prüfung.", f"{_DD}, relatedEventIdentifier"),
    "PR-73": ("Die Art einer Beziehung steht in der Liste.", "LoC relationshipType"),
    "PR-80": ("Zu einer Rechtegrundlage steht der Teil, den ihre Art verlangt.", f"{_DD}, rightsBasis"),
    "PR-99": ("Mehr Befunde, als gezeigt werden.", "eigene Grenze"),
}


@dataclass(frozen=True, slots=True)
class PremisReport:
    """What the judge says of one record; `version` is "" when the bytes are no PREMIS at all."""

    judgement: Judgement
    schema_verdict: Verdict
    findings: tuple[Finding, ...]
    version: str = ""
    objects: int = 0
    events: int = 0
    agents: int = 0


def check_record(xml: bytes, xsd: Path | None, *, now: datetime | None = None) -> PremisReport:
    """The judgement on one record; never raises for what is in it. Without `xsd` it is at best *unchecked*."""
    try:
        tree = parse(xml)
    except TooMuch as error:
        return _unseen(f"{error.reason} Die Aufzeichnung ist nicht geprüft.")
    except Refused as error:
        return _refused(Finding("PR-01", Severity.ERROR, "", error.reason))
    root = tree.getroot()
    name = etree.QName(root)
    if root.tag not in _ROOTS:
        if version := _OLDER.get(name.namespace or ""):
            text = f"PREMIS Version {version}; geprüft wird nur Version 3."
            finding = Finding("PR-02", Severity.WARNING, "", text)
            return PremisReport(Judgement.UNCHECKED, Verdict.NOT_CHECKED, (finding,), version)
        if next(root.iter(f"{{{NAMESPACE}}}*"), None) is not None:  # as most archives keep it, within METS
            text = (
                "PREMIS 3 steckt hier in einer anderen Datei (etwa METS); geprüft wird nur eine Aufzeichnung für sich."
            )
            finding = Finding("PR-02", Severity.WARNING, "", text)
            return PremisReport(Judgement.UNCHECKED, Verdict.NOT_CHECKED, (finding,), VERSION)
        return _refused(Finding("PR-02", Severity.ERROR, "", "Die Wurzel ist kein Element von PREMIS 3."))
    schema_verdict, findings = _validate(tree, xml, xsd)
    findings += _shown(check_rules(root, now=now))
    complete = schema_verdict is not Verdict.NOT_CHECKED and all(finding.code != "PR-49" for finding in findings)
    counts = [len(root.findall(f"{{{NAMESPACE}}}{part}")) for part in ("object", "event", "agent")]
    return PremisReport(
        judgement(findings, complete=complete),
        schema_verdict,
        findings,
        VERSION,
        *counts,
    )


def judge_path(path: Path, xsd: Path | None, *, now: datetime | None = None) -> PremisReport:
    """The judgement on one file. One that cannot be read is *unchecked*; what is no regular file holds no record."""
    try:
        if path.exists() and not path.is_file():  # a FIFO would be waited for without end
            return _refused(Finding("PR-01", Severity.ERROR, "", "Das ist keine gewöhnliche Datei."))
        size = path.stat().st_size
        xml = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError:
        return _unseen("Die Datei fehlt oder ist nicht lesbar.")
    if size > MAX_BYTES:
        return _unseen(f"Die Datei ist größer als {MAX_BYTES >> 20} MiB. Die Aufzeichnung ist nicht geprüft.")
    return check_record(xml, xsd, now=now)


def _unseen(text: str) -> PremisReport:
    return PremisReport(Judgement.UNCHECKED, Verdict.NOT_CHECKED, (Finding("PR-01", Severity.WARNING, "", text),))


def _refused(finding: Finding) -> PremisReport:
    return PremisReport(Judgement.INVALID, Verdict.NOT_CHECKED, (finding,))


def _shown(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first findings of each rule and weight, and how many more there are: many of one hide none of another."""
    counts: Counter[tuple[str, Severity]] = Counter()
    kept = []
    for finding in findings:
        counts[finding.code, finding.severity] += 1
        if counts[finding.code, finding.severity] <= _MOST:
            kept.append(finding)
    more = (
        Finding(
            "PR-99",
            Severity.INFO,
            "",
            f"Zu {code} gibt es {plural(count - _MOST, 'weiteren Befund', 'weitere Befunde')} dieser Art.",
        )
        for (code, _), count in counts.items()
        if count > _MOST
    )
    return (*kept, *more)


def _validate(tree: etree._ElementTree, xml: bytes, xsd: Path | None) -> tuple[Verdict, tuple[Finding, ...]]:
    """Schema verdict with line and element; libxml2's own text is left out, since it quotes the content and is no
    German.
    """
    if xsd is None or not xsd.is_file():
        text = "Das PREMIS-Schema ist nicht eingerichtet; gegen das Schema wurde nicht geprüft."
        return Verdict.NOT_CHECKED, (Finding("PR-04", Severity.INFO, "", text),)
    try:
        schema = etree.XMLSchema(etree.parse(str(xsd), etree.XMLParser(no_network=True, resolve_entities=False)))
    except (etree.LxmlError, OSError):
        text = "Das eingerichtete PREMIS-Schema ist nicht lesbar; gegen das Schema wurde nicht geprüft."
        return Verdict.NOT_CHECKED, (Finding("PR-04", Severity.WARNING, "", text),)
    if xml.count(b"<") > _LARGE:
        errors, ended = first_errors(schema, xml, _MOST_SCHEMA)
        if not errors and not ended:
            return Verdict.OK, ()
        if len(errors) > _MOST_SCHEMA:
            kinds = list(dict.fromkeys(map(sentence, errors)))[:_MOST]
            many = "Die Aufzeichnung verstößt an sehr vielen Stellen gegen das Schema; die Zeilen sind nicht genannt."
            return Verdict.FAILED, tuple(Finding("PR-03", Severity.ERROR, "", text) for text in (*kinds, many))
    if schema.validate(tree):
        return Verdict.OK, ()
    entries: list[Any] = [*iter(cast("Any", schema.error_log))][:_MOST_SCHEMA]
    findings = dict.fromkeys(
        Finding("PR-03", Severity.ERROR, f"Zeile {entry.line}", sentence(entry)) for entry in entries
    )
    return Verdict.FAILED, tuple(findings) or (Finding("PR-03", Severity.ERROR, "", "Verstoß gegen das Schema."),)
