"""The BG rules: every code that a bag can earn, with its sentence and its source, and the budgets of the judge."""

from __future__ import annotations

from dataclasses import dataclass

from akten.findings import Finding, Severity

_OWN = "Profil urn:de:aktenarchiv:bagit-profile:aip:1.0"
_TAR = "RFC 8493 §5; POSIX pax (IEEE 1003.1); packaging.md §1c"

RULES: dict[str, tuple[str, str]] = {
    # declaration
    "BG-01": ("bagit.txt liegt in der Wurzel des Pakets.", "RFC 8493 §2.1.1"),
    "BG-02": ("bagit.txt besteht aus genau zwei Zeilen in fester Form und Folge.", "RFC 8493 §2.1.1"),
    "BG-03": ("bagit.txt beginnt nicht mit einer Bytefolgemarke (BOM).", "RFC 8493 §2.1.1"),
    "BG-04": ("Die BagIt-Version ist bekannt (0.93 bis 0.97, 1.0).", "RFC 8493 §2.1.1"),
    "BG-05": ("Die in bagit.txt genannte Zeichenkodierung ist bekannt.", "RFC 8493 §2.1.1, §2.3"),
    "BG-06": ("Ältere Versionen als 0.97 werden nach den Regeln von 0.97 geprüft.", "RFC 8493 §2.1.1, §3"),
    "BG-07": ("bagit.txt ist höchstens 1 kB groß.", "RFC 8493 §2.1.1, §5"),
    # payload folder and manifests
    "BG-08": ("Der Ordner data/ ist da.", "RFC 8493 §2.1.2"),
    "BG-09": ("data ist ein wirklicher Ordner, keine Datei und kein Verweis.", "RFC 8493 §2.1.2, §5.1"),
    "BG-10": ("Mindestens ein Manifest der Nutzdaten ist da.", "RFC 8493 §2.1.3"),
    "BG-11": (
        "Manifeste heißen manifest-<verfahren>.txt in Kleinbuchstaben, je Verfahren einmal.",
        "RFC 8493 §2.1.3, §2.4",
    ),
    "BG-12": ("Jedes Prüfsummenverfahren eines Manifests ist bekannt und wurde gerechnet.", "RFC 8493 §2.4, §3"),
    "BG-13": ("Jede Zeile eines Manifests besteht aus Prüfsumme, Leerraum und Pfad.", "RFC 8493 §2.1.3"),
    "BG-14": ("Jede Prüfsumme ist hexadezimal und so lang, wie das Verfahren es verlangt.", "RFC 8493 §2.1.3, §2.4"),
    "BG-15": ("Manifeste der Nutzdaten nennen nur Dateien unter data/.", "RFC 8493 §2.1.3"),
    "BG-16": ("Ein Manifest nennt jede Datei genau einmal.", "RFC 8493 §2.1.3"),
    "BG-17": ("Jede im Manifest genannte Nutzdatei ist da.", "RFC 8493 §3"),
    "BG-18": ("Jede Nutzdatei steht in einem Manifest.", "RFC 8493 §3"),
    "BG-19": ("Jede Nutzdatei steht in jedem Manifest (ab 1.0).", "RFC 8493 §2.1.3, §3"),
    "BG-20": ("Die Prüfsumme jeder Nutzdatei stimmt.", "RFC 8493 §3"),
    # tag manifests
    "BG-21": ("Die Prüfsumme jeder Tag-Datei stimmt.", "RFC 8493 §3"),
    "BG-22": ("Jede in einem Tag-Manifest genannte Datei ist da.", "RFC 8493 §3"),
    "BG-23": ("Jedes Tag-Manifest nennt jedes Manifest der Nutzdaten.", "RFC 8493 §2.2.1"),
    "BG-24": ("Kein Tag-Manifest nennt ein Tag-Manifest.", "RFC 8493 §2.2.1"),
    "BG-25": ("Kein Tag-Manifest nennt Nutzdaten.", "RFC 8493 §2.2.1"),
    "BG-26": ("Alle Tag-Manifeste nennen dieselben Dateien.", "RFC 8493 §2.2.1"),
    "BG-27": ("Jede Tag-Datei steht in einem Tag-Manifest.", "RFC 8493 §2.2.1"),
    # spelling of paths and text
    "BG-28": ("In Pfaden sind ab 1.0 genau %, LF und CR prozentkodiert.", "RFC 8493 §2.1.3"),
    "BG-29": ("Tag-Dateien sind in der genannten Zeichenkodierung lesbar.", "RFC 8493 §2.3"),
    "BG-30": ("Tag-Dateien bleiben in den Grenzen für Größe, Zeilenlänge und Zahl der Einträge.", "RFC 8493 §5"),
    "BG-31": ("Kein Pfad führt aus dem Paket (.., absolut, ~, Laufwerk).", "RFC 8493 §5.1"),
    "BG-32": ("Der Rückstrich ist kein Trennzeichen in Pfaden.", "RFC 8493 §2.1.3, §6.1.1"),
    "BG-33": ("Namen sind auch unter Windows möglich.", "RFC 8493 §6.1.1"),
    "BG-34": ("Manifeste nennen Dateien, keine Ordner.", "RFC 8493 §2.1.3"),
    "BG-35": ("Manifest und Dateiname stehen in derselben Unicode-Normalform.", "RFC 8493 §6.1.1"),
    "BG-36": ("Keine zwei Namen unterscheiden sich nur in Großschreibung oder Normalform.", "RFC 8493 §6.1.1"),
    "BG-37": ("Pfade in Manifesten beginnen mit data/, ohne ./ und ohne * der alten Werkzeuge.", "RFC 8493 §6.1.3"),
    "BG-38": ("Dateinamen sind gültiges UTF-8.", "RFC 8493 §2.3, §6.1.1"),
    "BG-39": ("Dateinamen enthalten keine Steuerzeichen und unsichtbaren Trennzeichen.", "RFC 8493 §6.1.1"),
    # fetch.txt
    "BG-40": ("fetch.txt wird nicht gebraucht; wir holen nie etwas aus dem Netz.", "RFC 8493 §2.2.3, §5.2"),
    "BG-41": ("Keine Nutzdatei muss erst geholt werden.", "RFC 8493 §2.2.3, §3"),
    "BG-42": ("Jede Zeile von fetch.txt besteht aus URL, Länge und Pfad.", "RFC 8493 §2.2.3"),
    "BG-43": ("fetch.txt nennt nur Pfade unter data/ im Paket.", "RFC 8493 §2.2.3, §5.1"),
    "BG-44": ("fetch.txt nennt keine Adressen auf dem eigenen Rechner und keine fremden Verfahren.", "RFC 8493 §5.2"),
    "BG-45": ("Was fetch.txt nennt, steht in jedem Manifest der Nutzdaten.", "RFC 8493 §2.2.3"),
    # bag-info.txt
    "BG-50": ("bag-info.txt besteht aus Zeilen „Name: Wert“ und eingerückten Folgezeilen.", "RFC 8493 §2.2.2"),
    "BG-51": ("Payload-Oxum steht höchstens einmal.", "RFC 8493 §2.2.2"),
    "BG-52": ("Payload-Oxum hat die Form Bytes.Dateien.", "RFC 8493 §2.2.2"),
    "BG-53": ("Payload-Oxum stimmt mit den Nutzdaten überein.", "RFC 8493 §2.2.2"),
    "BG-54": ("Namen in bag-info.txt haben außen keinen Leerraum (ab 1.0).", "RFC 8493 §2.2.2"),
    # files
    "BG-60": ("Das Paket enthält keine symbolischen Verweise.", "RFC 8493 §5.1"),
    "BG-61": ("Das Paket enthält nur Dateien und Ordner, keine Geräte, FIFOs oder Sockets.", "RFC 8493 §1.3, §5"),
    "BG-62": ("Jede Datei ist lesbar.", "RFC 8493 §3"),
    "BG-63": ("Keine Datei ändert sich, während sie geprüft wird.", "RFC 8493 §3"),
    "BG-64": ("Das Paket bleibt in den Grenzen für Zahl und Tiefe seiner Ordner und Dateien.", "RFC 8493 §5"),
    "BG-65": ("Mindestens ein starkes Prüfsummenverfahren (nicht nur MD5 oder SHA-1).", "RFC 8493 §2.4, §5.4"),
    "BG-66": ("Jedes Manifest wurde gerechnet; ein Teil davon heißt nicht gültig.", "RFC 8493 §3"),
    "BG-67": ("Der Pfad ist ein Ordner oder ein Tar.", "RFC 8493 §2"),
    # serialised bags
    "BG-70": ("Das Tar ist nicht komprimiert und ist ein Tar.", _TAR),
    "BG-71": ("Kein Name steht im Tar zweimal.", _TAR),
    "BG-72": ("Das Tar enthält keine Verweise.", _TAR),
    "BG-73": ("Das Tar enthält keine Geräte und FIFOs.", _TAR),
    "BG-74": ("Kein Name im Tar ist absolut oder enthält „..“, auch nicht im pax-Kopf.", _TAR),
    "BG-75": ("Das Tar hat genau einen Wurzelordner.", _TAR),
    "BG-76": ("Nach dem Ende des Tars stehen nur Nullen.", _TAR),
    "BG-77": ("Das Tar ist vollständig bis zu seinen Endblöcken.", _TAR),
    "BG-78": ("Das Tar enthält keine Dateien mit Lücken (sparse).", _TAR),
    "BG-79": ("Jeder Kopf im Tar ist heil.", _TAR),
    "BG-80": ("Erweiterte Köpfe im Tar sind klein und wohlgeformt.", _TAR),
    "BG-81": ("Jeder Eintrag im Tar ist eine Datei oder ein Ordner.", _TAR),
    "BG-82": ("Kein Eintrag im Tar liegt unter einer Datei.", _TAR),
    "BG-83": ("Namen im Tar sind gerade: ohne leere Teile und ohne „.“.", _TAR),
    # what we ask of our own bags
    "BG-90": ("Jede verlangte Angabe steht in bag-info.txt.", _OWN),
    "BG-91": ("bag-info.txt enthält nur die Angaben des Profils.", _OWN),
    "BG-92": ("Jede Angabe steht höchstens einmal.", _OWN),
    "BG-93": ("Jeder Wert hat die verlangte Form.", _OWN),
    "BG-94": ("Namen bestehen aus a–z, 0–9, Punkt, Unterstrich und Bindestrich.", _OWN),
    "BG-95": ("Kein Pfad steht zweimal, keine Datei ist zugleich Ordner.", _OWN),
    "BG-96": ("Nutzdaten liegen in metadata/, representations/, schemas/ oder documentation/.", _OWN),
    "BG-97": ("Verlangte Nutzdaten sind da.", _OWN),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of the judge, in bytes, characters and counts; what lies beyond is named and not read."""

    declaration_bytes: int = 1024
    info_bytes: int = 4 << 20
    line_characters: int = 1 << 16
    entries: int = 3_000_000  # files of a bag, lines of a manifest
    manifests: int = 32
    path_characters: int = 4096  # longer paths cannot be unpacked anywhere, and comparing them is dear
    manifest_bytes: int = 8 << 30
    depth: int = 512
    header_bytes: int = 1 << 20
    held_bytes: int = 512 << 20  # tag files held in memory when a tar comes as a stream that cannot be read twice
    findings_per_code: int = 100
    workers: int = 2  # children that hash the files of a folder or a tar; 1: the judge by itself


def error(code: str, where: str, text: str) -> Finding:
    """A finding that makes the bag invalid."""
    return Finding(code, Severity.ERROR, shown(where), text)


def shown(name: str) -> str:
    """A path as one printable line: what no terminal or JSON writer can take is escaped, long names are cut."""
    if name.isprintable() and len(name) <= 1000:
        return name
    tame = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name[:1000])
    return tame if len(name) <= 1000 else tame + "…"
