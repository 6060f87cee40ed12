"""Our BagIt profile as data (BagIt Profiles 1.4) and its check on what is about to be packed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from akten.findings import Finding
from archive.bagpaths import own_name_fault
from archive.bagrules import error

IDENTIFIER = "urn:de:aktenarchiv:bagit-profile:aip:1.0"
ALGORITHMS = ("sha256", "sha512")
ROOT_TAG_FILES = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt")
TAG_MANIFESTS = ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt")
PAYLOAD_FOLDERS = ("metadata", "representations", "schemas", "documentation")
PREMIS_PATH = "metadata/preservation/premis.xml"
DESCRIPTIVE_FOLDER = "metadata/descriptive/"


@dataclass(frozen=True, slots=True)
class Label:
    """One label of bag-info.txt: its form as a pattern over the whole value, and whether it must stand there."""

    name: str
    form: re.Pattern[str]
    meaning: str
    required: bool = True


_TEXT = re.compile(r"[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\Z")
_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])\Z")
_VERSION = re.compile(r"v[1-9][0-9]*\Z")

# The order here is the order in the file.
LABELS: tuple[Label, ...] = (
    Label("Source-Organization", _TEXT, "Stelle, die das Paket gemacht hat"),
    Label("External-Identifier", _TEXT, "Kennung der Akte, in allen Versionen gleich"),
    Label("Bagging-Date", _DAY, "Tag der Paketierung"),
    Label("Payload-Oxum", re.compile(r"[0-9]+\.[0-9]+\Z"), "Bytes und Zahl der Nutzdateien"),
    Label("Bag-Group-Identifier", _TEXT, "Zugang (Lieferung)"),
    Label("Bag-Size", _TEXT, "Größe in Worten", required=False),
    Label("Bag-Software-Agent", _TEXT, "Programm und Version"),
    Label("Bag-Version", _VERSION, "v1, v2, …"),
    Label(
        "Bag-Supersedes", re.compile(r"[0-9a-f]{128}\Z"), "SHA-512 des Tag-Manifests der Version davor", required=False
    ),
    Label("Retention-Class", _TEXT, "Klasse des Fristenkatalogs"),
    Label("BagIt-Profile-Identifier", re.compile(re.escape(IDENTIFIER) + r"\Z"), "dieses Profil"),
)
_BY_NAME: Mapping[str, Label] = MappingProxyType({label.name.lower(): label for label in LABELS})


def profile_document() -> dict[str, Any]:
    """The profile as a BagIt Profiles 1.4 document for other programs that check our bags: docs/bagit-profil.json."""
    return {
        "BagIt-Profile-Info": {
            "BagIt-Profile-Identifier": IDENTIFIER,
            "BagIt-Profile-Version": "1.4.0",
            "Source-Organization": "Aktenarchiv",
            "Contact-Name": "Betrieb des Aktenarchivs",
            "External-Description": "Archivpaket einer digitalisierten Akte: Scans, PDF/A, XDOMEA und PREMIS",
            "Version": "1.0",
        },
        "Bag-Info": {
            label.name: {"required": label.required, "repeatable": False, "description": label.meaning}
            for label in LABELS
        },
        "Manifests-Required": list(ALGORITHMS),
        "Manifests-Allowed": list(ALGORITHMS),
        "Tag-Manifests-Required": list(ALGORITHMS),
        "Tag-Manifests-Allowed": list(ALGORITHMS),
        "Tag-Files-Required": [],
        "Tag-Files-Allowed": [*ROOT_TAG_FILES, *TAG_MANIFESTS],
        "Payload-Files-Required": [f"data/{PREMIS_PATH}", f"data/{DESCRIPTIVE_FOLDER}"],
        "Payload-Files-Allowed": [f"data/{folder}/*" for folder in PAYLOAD_FOLDERS],
        "Allow-Fetch.txt": False,
        "Data-Empty": False,
        "Serialization": "optional",
        "Accept-Serialization": ["application/x-tar", "application/tar"],
        "Accept-BagIt-Version": ["1.0"],
    }


def check_info(info: Sequence[tuple[str, str]]) -> tuple[Finding, ...]:
    """Findings BG-90 … BG-93 on the labels and values of bag-info.txt."""
    findings: list[Finding] = []
    values: dict[str, str] = {}
    for name, value in info:
        label = _BY_NAME.get(name.lower())
        if label is None:
            findings.append(error("BG-91", "bag-info.txt", f"Die Angabe „{name}“ gehört nicht zum Profil."))
        elif label.name in values:
            findings.append(error("BG-92", "bag-info.txt", f"Die Angabe „{label.name}“ steht zweimal."))
        else:
            values[label.name] = value
            if not label.form.match(value):
                findings.append(
                    error("BG-93", "bag-info.txt", f"Der Wert von „{label.name}“ hat nicht die verlangte Form.")
                )
    findings.extend(
        error("BG-90", "bag-info.txt", f"Die Angabe „{label.name}“ fehlt.")
        for label in LABELS
        if label.required and label.name not in values
    )
    if values.get("Bag-Version") == "v1" and "Bag-Supersedes" in values:
        text = "v1 ersetzt nichts; „Bag-Supersedes“ nennt ab v2 das Tag-Manifest der Version davor."
        findings.append(error("BG-93", "bag-info.txt", text))
    return tuple(findings)


def check_payload(paths: Iterable[str]) -> tuple[Finding, ...]:
    """Findings BG-94 … BG-97 on the paths below data/ that are about to be packed."""
    findings: list[Finding] = []
    files: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        parts = path.split("/")
        if fault := next(filter(None, map(own_name_fault, parts)), None):
            findings.append(error("BG-94", path, f"Dieser Name ist in unseren Paketen nicht erlaubt: {fault}."))
        if len(parts) < 2 or parts[0] not in PAYLOAD_FOLDERS:
            allowed = ", ".join(f"{folder}/" for folder in PAYLOAD_FOLDERS)
            findings.append(error("BG-96", path, f"Nutzdaten liegen in einem der Ordner {allowed}."))
        if path in files:
            findings.append(error("BG-95", path, "Dieser Pfad steht zweimal."))
        files.add(path)
        for depth in range(1, len(parts)):
            folders.add("/".join(parts[:depth]))
    findings.extend(
        error("BG-95", path, "Dieser Pfad ist Datei und Ordner zugleich.") for path in sorted(files & folders)
    )
    if PREMIS_PATH not in files:
        findings.append(error("BG-97", PREMIS_PATH, "Der PREMIS-Satz fehlt."))
    if not any(path.startswith(DESCRIPTIVE_FOLDER) for path in files):
        findings.append(error("BG-97", DESCRIPTIVE_FOLDER, "Die beschreibenden Metadaten fehlen."))
    return tuple(findings)
