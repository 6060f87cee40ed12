"""Rules on the files that a message names: names, formats, hashes, presence (XD-33 to 36, XD-6n, XD-98, XD-99)."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping

from lxml import etree

from akten.files import Digests, digest_bytes
from akten.findings import Severity
from metadata.checks_objects import Seen
from metadata.codelists import DATEIFORMAT_LISTE, DATEIFORMATE, HASH_LENGTHS, PDFA, SONSTIGES
from metadata.rules import Findings, unseen
from metadata.tree import by_name, child, local, text_of
from metadata.values import is_uuid

_TIDY = re.compile(r"[0-9A-Fa-f-]{36}(?:_[0-9A-Za-z._-]+)?\.[0-9A-Za-z]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HEX = re.compile(r"[0-9A-Fa-f]+\Z")
_LONGEST = 200
_OF_NOTHING = digest_bytes(b"").sha256
_CALLED = {"SHA-256": "SHA-256", "SHA256": "SHA-256", "SHA-512": "SHA-512", "SHA512": "SHA-512",
           "SHA-384": "SHA-384", "SHA384": "SHA-384"}  # fmt: skip


def check_files(
    root: etree._Element,
    version: str,
    code: str,
    objects: Seen,
    files: Mapping[str, Digests] | None,
    findings: Findings,
) -> None:
    """All rules on named files; `files` are those that lie beside the message, None when nobody looked."""
    del version
    space = etree.QName(root).namespace
    named: dict[str, str] = {}  # folded name → name as written
    for form in root.iter(f"{{{space}}}Format", f"{{{space}}}Aktenplandatei"):
        inside = by_name(form)
        endings = _check_format(form, inside, findings)
        if "Primaerdokument" not in inside:
            continue
        primary = inside["Primaerdokument"][0]
        holder = child(primary, "Dateiname")
        name = holder.text or "" if holder is not None else ""
        if holder is not None:
            _check_name(holder, name, named, objects, findings)
        if endings and name.rpartition(".")[2].lower() not in endings:
            findings.add("XD-63", form, f"Die Dateiendung passt nicht zum Format (erwartet: {', '.join(endings)}).")
        _check_hash(primary, name, files, findings)
    for holder in root.iter(f"{{{space}}}SignaturSiegelDatei"):
        _check_name(holder, holder.text or "", named, objects, findings)
    for edition in root.iter(f"{{{space}}}Version"):
        if len(edition):  # the other elements of that name hold text
            _check_order(edition, findings)
    if files is not None:
        _check_presence(set(named.values()), files, findings)
    elif named and code in ("0501", "0503"):
        findings.add(
            "XD-98", "", "Die Primärdateien liegen nicht vor und wurden nicht geprüft.", severity=Severity.INFO
        )


def unsafe_name(name: str) -> bool:
    """True for a name that could leave its folder or disturb a terminal."""
    return "/" in name or "\\" in name or ".." in name or _CONTROL.search(name) is not None


def label(name: str) -> str:
    """What may be shown of a file name: its UUID, else its ending; the rest may be personal data."""
    if is_uuid(name[:36]):
        return name[:36].lower()
    ending = name.rpartition(".")[2]
    return f"*.{ending}" if ending.isascii() and ending.isalnum() and len(ending) <= 8 else "*"


def _check_name(holder: etree._Element, name: str, named: dict[str, str], objects: Seen, findings: Findings) -> None:
    if unsafe_name(name):
        findings.add("XD-34", holder, "Der Dateiname enthält Pfadteile oder Steuerzeichen.")
    elif not is_uuid(name[:36]):
        findings.add("XD-30", holder, "Der Dateiname beginnt nicht mit einer UUID in strenger Form.")
    elif not _TIDY.match(name) or len(name) > _LONGEST:
        text = "Der Dateiname hat nicht die Form <UUID>.<ext> oder <UUID>_<Name>.<ext> ohne Sonderzeichen."
        findings.add("XD-36", holder, text)
    if name[:36].lower() in objects.uuids:
        findings.add("XD-33", holder, "Die Datei trägt die UUID eines Schriftgutobjekts.")
    folded = name.casefold()
    if folded in named:
        findings.add("XD-35", holder, "Dieser Dateiname kommt schon einmal vor.")
    named[folded] = name


def _check_format(form: etree._Element, inside: dict[str, list[etree._Element]], findings: Findings) -> tuple[str, ...]:
    """The endings that files of this format have, where the code list says so."""
    if "Name" not in inside:
        return ()
    name = inside["Name"][0]
    code = text_of(child(name, "code"))
    other = text_of(inside["SonstigerName"][0]) if "SonstigerName" in inside else ""
    known = DATEIFORMATE.get((name.get("listVersionID") or DATEIFORMAT_LISTE).strip())
    if known is None:
        findings.add("XD-61", name, "Diese Version der Formatliste liegt hier nicht vor; der Code ist nicht geprüft.")
    elif code not in known:
        findings.add("XD-60", name, "Der Code steht nicht in der Codeliste dateiformat.")
        return ()
    if code == SONSTIGES and not other:
        findings.add("XD-62", form, "Beim Format 100 (sonstiges) fehlt der Name des Formats.")
    if code != SONSTIGES and other:
        text = "SonstigerName steht neben einem Format, das in der Codeliste einen Namen hat."
        findings.add("XD-62", form, text, severity=Severity.WARNING)
    return (known or {}).get(code, ())


def _check_order(edition: etree._Element, findings: Findings) -> None:
    codes = [text_of(child(form, "Name", "code")) for form in edition if local(form.tag) == "Format"]
    if PDFA in codes[1:] and codes[0] != PDFA:
        findings.add("XD-69", edition, "PDF/A steht nicht als erstes Format der Version.")


def _check_hash(primary: etree._Element, name: str, files: Mapping[str, Digests] | None, findings: Findings) -> None:
    """4.0.0 only: exactly one algorithm, a value of its form, and the value of the file."""
    holder = child(primary, "Hash")
    if holder is None:
        return
    inside = by_name(holder)
    listed = "Algorithmus" in inside
    other = "SonstigerAlgorithmus" in inside
    if listed == other:
        findings.add("XD-64", holder, "Der Hash nennt keinen oder zwei Algorithmen.")
        return
    called = text_of(child(inside["Algorithmus"][0], "code")) if listed else text_of(inside["SonstigerAlgorithmus"][0])
    algorithm = _CALLED.get(called.upper().replace("_", "-").replace(" ", ""))
    value = text_of(inside["Wert"][0]) if "Wert" in inside else ""
    if algorithm is None:
        if not called:
            findings.add("XD-64", holder, "Der Name des Algorithmus ist leer.")
        else:
            _not_computed(holder, files, findings)
        return
    if decoded := _from_base64(value, HASH_LENGTHS[algorithm]):
        text = "Der Hashwert steht in Base64; üblich sind Hexadezimalziffern."
        findings.add("XD-65", holder, text, severity=unseen(findings.purpose))
        value = decoded
    if len(value) != HASH_LENGTHS[algorithm] or not _HEX.match(value):
        findings.add("XD-65", holder, f"Der Wert ist kein {algorithm} in Hexadezimalziffern.")
        return
    digests = files.get(name) if files else None
    if digests is None or _unread(digests):
        return
    if algorithm == "SHA-384":
        _not_computed(holder, files, findings)
    elif value.lower() != (digests.sha256 if algorithm == "SHA-256" else digests.sha512):
        findings.add("XD-66", holder, "Der Hashwert ist nicht der der Datei.")


def _unread(digests: Digests) -> bool:
    """True for a file that has bytes and nobody could read them (XD-90 said why): its hash is not known to be wrong."""
    return digests.size > 0 and digests.sha256 == _OF_NOTHING


def _from_base64(value: str, digits: int) -> str:
    """The hash in hexadecimal digits when it is written in Base64, which the schema leaves free; else ""."""
    if len(value) != 4 * -(-digits // 6):
        return ""
    try:
        raw = b64decode(value, validate=True)
    except ValueError:
        return ""
    return raw.hex() if 2 * len(raw) == digits else ""


def _not_computed(holder: etree._Element, files: Mapping[str, Digests] | None, findings: Findings) -> None:
    """Says so: with the file beside the message that leaves the verdict open; alone there is nothing to compute."""
    text = "Dieser Algorithmus wird hier nicht nachgerechnet; der Hashwert ist ungeprüft."
    findings.add("XD-66", holder, text, severity=Severity.INFO if files is None else Severity.WARNING)


def _check_presence(named: set[str], files: Mapping[str, Digests], findings: Findings) -> None:
    folded = {name.casefold() for name in files}
    for name in sorted(named - set(files)):
        hint = "; sie liegt in anderer Groß- und Kleinschreibung vor" if name.casefold() in folded else ""
        findings.add("XD-98", label(name), f"Eine genannte Primärdatei fehlt{hint}.")
    for name in sorted(set(files) - named):
        findings.add("XD-99", label(name), "Eine Datei ist in der Nachricht nicht genannt.")
    for name in sorted(set(files) & named):
        if files[name].size == 0:
            findings.add("XD-85", label(name), "Die Datei ist leer.")
