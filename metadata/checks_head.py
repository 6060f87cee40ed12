"""Rules on root element, header and answers (XD-09, XD-10, XD-2n, XD-7n)."""

from __future__ import annotations

from lxml import etree

from akten.plural import plural
from metadata.rules import Findings
from metadata.schemas import ENTRY
from metadata.tree import by_name, child, local, text_of
from metadata.values import is_uuid, parse_bool, parse_instant, parse_int

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_KEYS = ("ProzessID", "UUIDUrsprungsnachricht", "ID", "xdomeaUUID", "IDSGO", "nachrichtenUUID")


def check_root(root: etree._Element, version: str, xml: bytes, findings: Findings) -> None:
    """Prefix (XD-09) and schemaLocation (XD-10)."""
    if root.prefix != "xdomea":
        findings.add("XD-09", "/", "Das Wurzelelement benutzt nicht das Präfix „xdomea“.")
    elif f'xmlns:xdomea="{root.nsmap["xdomea"]}"'.encode() not in xml[:1024].replace(b"'", b'"'):
        findings.add("XD-09", "/", "Das Präfix „xdomea“ ist nicht am Anfang der Datei gebunden.")
    location = (root.get(f"{_XSI}schemaLocation") or "").split()
    pairs = dict(zip(location[::2], location[1::2], strict=False))
    named = pairs.get(f"urn:xoev-de:xdomea:schema:{version}", "")
    if named.rpartition("/")[2] != ENTRY:
        findings.add("XD-10", "/", f"schemaLocation nennt nicht {ENTRY}.")


def head_of(root: etree._Element, version: str) -> etree._Element | None:
    """The header element."""
    return child(root, "nachrichtenkopf" if version.startswith("4.") else "Kopf")


def prozess_id(root: etree._Element, version: str) -> str:
    """The ProzessID as written, "" when there is none."""
    return text_of(child(head_of(root, version), "ProzessID"))


def numbering(root: etree._Element) -> tuple[str, str]:
    """LfdNrNachrichtProTyp and GesamtanzahlNachrichtenProTyp as written (4.0.0)."""
    return text_of(child(root, "LfdNrNachrichtProTyp")), text_of(child(root, "GesamtanzahlNachrichtenProTyp"))


def running_number(root: etree._Element) -> int | None:
    """LfdNrNachrichtProTyp, None when there is none (3.x) or it is no number."""
    try:
        return parse_int(numbering(root)[0])
    except ValueError:
        return None


def check_head(root: etree._Element, version: str, code: str, findings: Findings) -> None:
    """Message type, contacts, time, numbering and UUIDs of the header."""
    head = head_of(root, version)
    if head is None:
        return  # the schema says so
    four = version.startswith("4.")
    ident = child(head, "identifikation.nachricht") if four else head
    kind = child(ident, "nachrichtentyp" if four else "Nachrichtentyp")
    if kind is not None and text_of(child(kind, "code")) != code:
        findings.add("XD-20", kind, f"Der Kopf nennt einen anderen Nachrichtentyp als das Wurzelelement ({code}).")
    for name in ("autor", "leser") if four else ("Absender", "Empfaenger"):
        contact = child(head, name)
        if contact is not None and not any((inner.text or "").strip() for inner in contact.iterdescendants()):
            findings.add("XD-22", contact, f"„{name}“ ist leer.")
    created = child(ident, "erstellungszeitpunkt" if four else "Erstellungszeitpunkt")
    if created is not None:
        _check_created(created, findings)
    if four:
        _check_numbering(root, findings)
    space = f"{{{etree.QName(root).namespace}}}"
    for element in root.iter(f"{space}*", "nachrichtenUUID"):  # what an extension calls so is its own business
        # header and answers only; the UUIDs of objects are looked at with the objects
        if local(element.tag) == "Schriftgutobjekt":
            break
        if local(element.tag) in _KEYS and len(element) == 0 and not is_uuid(element.text or ""):
            findings.add("XD-30", element, "Die UUID hat nicht die strenge Form (8-4-4-4-12 Hexadezimalziffern).")


def _check_created(created: etree._Element, findings: Findings) -> None:
    try:
        moment = parse_instant(text_of(created))
    except ValueError:
        findings.add("XD-16", created, "Der Wert ist kein Zeitpunkt zwischen den Jahren 1 und 9999.")
        return
    if moment.tzinfo is None:
        findings.add("XD-23", created, "Der Erstellungszeitpunkt hat keine Zeitzone.")


def _check_numbering(root: etree._Element, findings: Findings) -> None:
    number, total = numbering(root)
    try:
        in_range = 1 <= parse_int(number) <= parse_int(total)
    except ValueError:
        in_range = not (number and total)  # when one is not there the schema says so
    if not in_range:
        findings.add("XD-24", "/", "Die laufende Nummer liegt nicht zwischen 1 und der Gesamtanzahl.")
    own = text_of(child(root, "nachrichtenkopf", "identifikation.nachricht", "nachrichtenUUID")).lower()
    answered = child(root, "UUIDUrsprungsnachricht")
    if answered is not None and own and text_of(answered).lower() == own:
        findings.add("XD-25", answered, "Die Nachricht nennt sich selbst als die Nachricht, auf die sie antwortet.")


def check_answers(root: etree._Element, version: str, code: str, findings: Findings) -> None:
    """Appraisals (0502, XD-70 and XD-71) and results (0506, XD-71 to XD-73)."""
    if code == "0502":
        _check_appraisals(root, version, findings)
    elif code == "0506":
        _check_results(root, version, findings)


def _twice(name: str, element: etree._Element, seen: set[str], findings: Findings) -> None:
    key = text_of(child(element, name)).lower()
    if key and key in seen:
        findings.add("XD-71", element, "Dasselbe Schriftgutobjekt kommt zum zweiten Mal vor.")
    seen.add(key)


def _check_appraisals(root: etree._Element, version: str, findings: Findings) -> None:
    four = version.startswith("4.")
    seen: set[str] = set()
    for item in root:
        if local(item.tag) != ("BewertetesSGO" if four else "BewertetesObjekt"):
            continue
        _twice("xdomeaUUID" if four else "ID", item, seen, findings)
        art = child(item, "Aussonderungsart")
        inner = art if version.startswith("2.") else child(art, "Aussonderungsart")
        if text_of(child(inner, "code")) not in ("A", "V"):
            findings.add("XD-70", item, "Die Bewertung ist keine Entscheidung (weder A noch V).")


def _failed(result: etree._Element | None) -> bool | None:
    """True when Erfolgreich is 0, False when it is 1, None when it cannot be told."""
    try:
        return not parse_bool(text_of(child(result, "Erfolgreich")))
    except ValueError:
        return None


def _check_results(root: etree._Element, version: str, findings: Findings) -> None:
    four = version.startswith("4.")
    whole = child(root, "ErfolgOderMisserfolg")  # 4.0.0 and 2.x
    seen: set[str] = set()
    if whole is not None:
        for item in whole:
            if local(item.tag) == "Rueckgabeparameter":
                _twice("ID", item, seen, findings)
    failed_items = 0
    for item in root:
        if local(item.tag) != "AusgesondertesSGO":
            continue
        _twice("xdomeaUUID" if four else "IDSGO", item, seen, findings)
        result = child(item, "ErfolgOderMisserfolg") if four else item
        failed_items += _failed(result) is True
        if result is not None:
            _check_reason(result, findings)
    if whole is not None and not failed_items:
        _check_reason(whole, findings)  # objects that failed are reason enough for the whole
    if four and failed_items and _failed(whole) is False:
        findings.add(
            "XD-73",
            "/",
            f"Der Import gilt als erfolgreich, doch {plural(failed_items, 'Objekt ist', 'Objekte sind')} gescheitert.",
        )


def _check_reason(result: etree._Element, findings: Findings) -> None:
    if _failed(result):
        inner = by_name(result)
        if not any(text_of(e) for e in inner.get("Fehlermeldung", ())) and not inner.get("FehlermeldungCode"):
            findings.add("XD-72", result, "Ein Misserfolg wird gemeldet, aber kein Grund genannt.")
