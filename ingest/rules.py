"""The table of all `IN-nn` rules: what each code means, where the rule comes from, and which a clerk may accept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from akten.findings import Finding, Severity
from akten.plural import plural

FEW = 10  # findings of a sort that are told one by one
_HOUSE = "Hausregel, docs/laufzettel.md"
_RESISCAN = "BSI TR-03138 (RESISCAN) 1.5"

RULES: dict[str, tuple[str, str]] = {
    # the delivery as it stands in the inbox
    "IN-01": ("Zu jeder Lieferung gehört ein Laufzettel (laufzettel.json, .yaml oder .yml).", _HOUSE),
    "IN-02": ("In einer Lieferung liegt genau ein Laufzettel; je Akte eine Lieferung.", _HOUSE),
    "IN-03": ("Eine Lieferung ist ein Ordner oder ein ZIP und liegt im Eingang bereit.", _HOUSE),
    "IN-04": ("Verknüpfungen, Geräte und andere Sonderdateien werden nicht geöffnet.", _HOUSE),
    "IN-05": ("Dateien des Betriebssystems und versteckte Dateien gehören nicht zur Akte.", _HOUSE),
    "IN-06": ("Ein ZIP ist lesbar, unverschlüsselt, hält die Grenzen ein und verlässt seinen Ordner nicht.", _HOUSE),
    "IN-07": ("Eine Lieferung enthält mindestens einen Scan und hält die Grenzen ein.", _HOUSE),
    "IN-08": ("Jede Datei ist lesbar, hat Inhalt und ändert sich nicht mehr.", _HOUSE),
    "IN-09": (
        "Ein ZIP sagt, in welchem Zeichensatz seine Namen stehen; sonst wird geraten und es gesagt.",
        "APPNOTE 4.4.4",
    ),
    # the slip
    "IN-10": ("Der Laufzettel ist lesbares JSON oder YAML in UTF-8, ohne Verweise, Tags und Steuerzeichen.", _HOUSE),
    "IN-11": ("Jedes Feld steht nur einmal im Laufzettel.", _HOUSE),
    "IN-12": ("Der Laufzettel enthält nur bekannte Felder.", _HOUSE),
    "IN-13": ("Die Pflichtfelder des Laufzettels sind gefüllt.", _HOUSE),
    "IN-14": ("Jeder Wert hat die Form, die sein Feld verlangt.", _HOUSE),
    "IN-15": ("Die Aktenart ist eine der sieben Aktenarten der Stadt.", _HOUSE),
    "IN-16": ("Dateinamen im Laufzettel bleiben innerhalb der Lieferung.", _HOUSE),
    "IN-17": ("Seitenangaben haben die Form „1-4,7“.", _HOUSE),
    "IN-18": ("Was in YAML hinter einem Wert und „#“ steht, wird nicht gelesen; die Quittung nennt es.", _HOUSE),
    # what the slip says about the Akte
    "IN-20": ("Das Aktenzeichen entspricht dem Muster seiner Aktenart.", "users.md §1: Aktenzeichen"),
    "IN-21": ("Ein mehrdeutiges Aktenzeichen wird erfragt, nie geraten.", "users.md §1: Aktenzeichen"),
    "IN-22": ("Jahre und Daten liegen nicht in der Zukunft.", _HOUSE),
    "IN-23": ("Das Scanprofil ist ein freigegebenes Profil.", _RESISCAN + ", A.SC.4"),
    "IN-24": ("Die Fristklasse steht im Fristenkatalog und passt zur Aktenart.", "retention/katalog"),
    "IN-25": ("Ereignisse und Merkmale des Laufzettels stehen im Fristenkatalog.", "retention/katalog"),
    "IN-26": ("Eine Lieferung zu einer archivierten Akte nennt deren Betreff; sonst wird es gesagt.", _HOUSE),
    "IN-27": ("Geprüft wurde nicht vor dem Scannen.", _RESISCAN + ", A.NB.4, A.SC.8"),
    "IN-28": (
        "Zu welcher Akte eine Lieferung unter einem früheren oder vorgeschlagenen Aktenzeichen gehört, wird erfragt.",
        _HOUSE,
    ),
    # files and pages against the slip
    "IN-30": ("Jede Datei, die der Laufzettel nennt, ist da.", _RESISCAN + ", A.NB.3"),
    "IN-31": ("Jede Datei der Lieferung gehört zu einem Dokument des Laufzettels.", _RESISCAN + ", A.NB.3"),
    "IN-32": ("Keine Seite gehört zu zwei Dokumenten.", _RESISCAN + ", A.DV.1"),
    "IN-33": ("Keine Seite bleibt ohne Dokument.", _RESISCAN + ", A.NB.3"),
    "IN-34": ("Seitenangaben liegen innerhalb der Lieferung.", _RESISCAN + ", A.NB.3"),
    "IN-35": ("Kein Scan ist zweimal in der Lieferung, außer einfarbigen Seiten.", "users.md §2: scanned twice"),
    "IN-36": (
        "Ein Scan, der schon in dieser Akte liegt, wird genannt; sind es alle eines Dokuments, werden sie verknüpft.",
        "users.md §2: scanned twice",
    ),
    "IN-37": (
        "Ein Scan, der schon in einer anderen Akte liegt, braucht eine Entscheidung, außer einfarbigen Seiten.",
        "users.md §2: Umakten",
    ),
    "IN-38": ("Der Dateityp ist nach seinem Inhalt zugelassen.", _HOUSE),
    "IN-39": ("Jede Datei wurde untersucht, bevor über sie geurteilt wird.", "style.md: nie „gut“ ohne Blick"),
    "IN-40": ("Nennt die Datei keine glaubhafte Auflösung, gilt die des Profils.", _RESISCAN + ", A.SC.4"),
    # IN-41 judged resolutions once more by bounds of its own; what is absurd the examination says (EX-19)
    "IN-42": ("Was nicht archiviert werden soll, nennt der Laufzettel ausdrücklich.", _HOUSE),
    # a rescan of what is archived
    "IN-43": ("Was ersetzt werden soll, ist ein Dokument der archivierten Akte.", _HOUSE),
    "IN-44": ("„ersetzt“ meint genau ein Dokument, und jedes wird nur von einem ersetzt.", _HOUSE),
    "IN-45": ("Was ein Dokument ersetzt, hat nicht weniger Seiten als dieses.", _RESISCAN + ", A.NB.3"),
    "IN-46": ("Ein Nachscan von Dokumenten, die es in der Akte schon gibt, sagt, ob er sie ersetzt.", _HOUSE),
    "IN-47": (
        "Sagen die Namen Vorder- und Rückseite, stellt nicht allein ihr Alphabet eine vor die andere oder weit davon.",
        _RESISCAN + ", A.NB.3",
    ),
    "IN-48": ("Was ein Dokument ersetzt hat, steht auf der Quittung, mit Betreff und Seiten von beiden.", _HOUSE),
    "IN-49": (
        "Was ein Dokument ersetzt, ist nicht leer, wo dieses es nicht war: weder ganz noch anstelle einer Textseite.",
        _RESISCAN + ", A.NB.3",
    ),
    # the balance
    "IN-50": ("Blatt laut Laufzettel = empfangene Seiten.", _RESISCAN + ", A.NB.3"),
    "IN-51": ("Der Laufzettel nennt Blattzahl oder Seitenzahl.", _RESISCAN + ", A.DV.2"),
    "IN-52": ("Empfangene Seiten = behaltene + leere Seiten.", _RESISCAN + ", A.NB.3"),
    "IN-53": ("Blattzahl, Seitenzahl und Duplex widersprechen sich nicht.", _RESISCAN + ", A.DV.2"),
    "IN-54": ("Was neu gescannt wird, lässt keine gelieferte Seite ohne Dokument.", _RESISCAN + ", A.NB.3"),
    "IN-55": ("Heißt ein Vorgang fast wie einer der Akte oder des Laufzettels, wird gefragt, ob er es ist.", _HOUSE),
}

# What a person may answer for with a reason; everything else must be put right in the delivery.
ACCEPTABLE: frozenset[str] = frozenset(
    {
        "EX-32",
        "IN-22",
        "IN-25",
        "IN-28",
        "IN-31",
        "IN-32",
        "IN-33",
        "IN-35",
        "IN-37",
        "IN-45",
        "IN-47",
        "IN-49",
        "IN-50",
        "IN-51",
        "IN-53",
        "IN-55",
    }
)


def apply_accepted(findings: Iterable[Finding], accepted: frozenset[str]) -> tuple[Finding, ...]:
    """Errors that a person accepted with a reason become warnings; codes that nobody may accept stay errors."""
    granted = accepted & ACCEPTABLE
    return tuple(
        replace(finding, severity=Severity.WARNING, text=f"{finding.text} (Mit Begründung angenommen.)")
        if finding.severity is Severity.ERROR and finding.code in granted
        else finding
        for finding in findings
    )


def few(same: Sequence[Finding], one: str = "weitere Datei", several: str = "weitere Dateien") -> tuple[Finding, ...]:
    """The first ten findings of one sort; the rest is counted (in these words), and weighs what they weigh."""
    left = len(same) - FEW
    if left <= 0:
        return tuple(same)
    text = f"… und {plural(left, one, several)} mit demselben Befund."
    return (*same[:FEW], replace(same[0], where="", text=text))


def error(code: str, where: str, text: str) -> Finding:
    """A finding that stops the delivery."""
    return Finding(code, Severity.ERROR, where, text)


def warning(code: str, where: str, text: str) -> Finding:
    """A finding that a person should look at."""
    return Finding(code, Severity.WARNING, where, text)


def info(code: str, where: str, text: str) -> Finding:
    """A finding that explains."""
    return Finding(code, Severity.INFO, where, text)
