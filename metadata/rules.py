"""The XD rules: what each code means, where it comes from, and how much it weighs for which purpose.

Three purposes look at a message: our own package at rest (a file may still be open, nothing need be appraised), a
message from elsewhere (what it omits is a warning, what contradicts itself is an error), and one of ours before it is
sent (strict). A code never changes its meaning, only its weight.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from akten.findings import Finding, Severity
from akten.plural import plural


class Purpose(StrEnum):
    """Why a message is looked at."""

    AT_REST = "at_rest"
    FOREIGN = "foreign"
    SENDING = "sending"


# code → (rule, source). The weights stand below, in the same order.
RULES: dict[str, tuple[str, str]] = {
    "XD-01": ("Die Datei ist nicht leer und bleibt unter den Grenzen für Größe, Elemente und Tiefe.", "eigene Grenze"),
    "XD-02": ("Die Datei ist wohlgeformtes XML.", "XML 1.0 §2.1"),
    "XD-03": ("Die Datei hat keine Dokumenttypdeklaration und keine Entitäten.", "XML 1.0 §2.8, Schutz vor Angriffen"),
    "XD-04": ("Die Datei ist so kodiert, wie sie angibt, und zwar in UTF-8.", "XML 1.0 §4.3.3, XÖV-Handbuch"),
    "XD-05": ("Die Datei steht in UTF-8 ohne Byte-Order-Marke.", "XÖV-Handbuch, PRONOM-Signatur"),
    "XD-06": ("Die Datei bindet nichts mit XInclude ein.", "XInclude 1.0, Schutz vor Angriffen"),
    "XD-07": ("Der Namensraum nennt eine bekannte XDOMEA-Version.", "xdomea, Namensraum der Schemata"),
    "XD-08": ("Das Wurzelelement ist eine Nachricht der Gruppe 05.", "xdomea, Nachrichten-AussonderungDurchfuehren"),
    "XD-09": ("Das Präfix „xdomea“ ist am Wurzelelement gebunden und wird benutzt.", "xdomea-Spezifikation 4.2"),
    "XD-10": ("schemaLocation nennt das Schema der Nachrichtengruppe.", "xdomea, Konformitätskriterium"),
    "XD-11": ("Die Nachricht ist gültig nach dem amtlichen Schema.", "xdomea-XSD der Version"),
    "XD-12": ("Das amtliche Schema liegt vor (sonst: nicht geprüft).", "Einstellung Schemaordner"),
    "XD-13": ("Feste Wahrheitswerte stehen genau als 1, nicht als true.", "libxml2 vergleicht feste Werte als Text"),
    "XD-14": ("Die Version kann tragen, was geschrieben werden soll.", "xdomea-XSD der Version"),
    "XD-15": ("Die Nachricht gehört zu denen, die eingelesen werden (0501–0507).", "Umfang dieses Programms"),
    "XD-16": ("Jeder gelesene Wert hat eine Bedeutung.", "XML Schema 1.0 Teil 2"),
    "XD-17": ("Um Datums- und Zeitwerte steht kein Leerraum.", "libxml2 lehnt ab, was XML Schema 1.0 Teil 2 zulässt"),
    "XD-20": ("Der Nachrichtentyp im Kopf ist der des Wurzelelements.", "xdomea, Nachrichtenkopf"),
    "XD-22": ("Absender und Empfänger sind ausgefüllt.", "xdomea, Hinweis am KontaktType"),
    "XD-23": ("Der Erstellungszeitpunkt hat eine Zeitzone.", "xdomea 4.0.0, Nachrichtenkopf"),
    "XD-24": ("Die laufende Nummer liegt zwischen 1 und der Gesamtanzahl.", "xdomea 4.0.0, LfdNrNachrichtProTyp"),
    "XD-25": ("Eine Antwort nennt eine andere Nachricht als sich selbst.", "xdomea 4.0.0, UUIDUrsprungsnachricht"),
    "XD-30": ("Jede UUID hat die strenge Form.", "RFC 9562 §4; Muster der XSD lassen „|“ zu"),
    "XD-31": ("Kein Schriftgutobjekt trägt die UUID eines anderen.", "xdomea, Identifikation"),
    "XD-32": ("Geschwister sind alle oder gar nicht nummeriert, keine Nummer doppelt.", "xdomea, Hinweis"),
    "XD-33": ("Eine Primärdatei trägt eine eigene UUID, nicht die eines Schriftgutobjekts.", "xdomea 4.0.0, Dateiname"),
    "XD-34": ("Ein Dateiname hat keine Pfadteile und keine Steuerzeichen.", "Verpackungsregeln, Schutz vor Angriffen"),
    "XD-35": ("Jeder Dateiname kommt nur einmal vor.", "xdomea, Primaerdokument"),
    "XD-36": ("Dateinamen lauten <UUID>.<ext> oder <UUID>_<Name>.<ext> ohne Sonderzeichen.", "Landesarchiv NRW"),
    "XD-40": ("Akte, Vorgang und Dokument haben einen Betreff.", "Vorprüfung vor dem Senden"),
    "XD-41": ("Akte und Vorgang haben ein Kennzeichen.", "Vorprüfung vor dem Senden"),
    "XD-42": ("Akte und Vorgang haben Aufbewahrungsdauer und Aussonderungsart.", "xdomea, Hinweis zu 0501 und 0503"),
    "XD-43": ("Die Aussonderungsart passt zur Nachricht (0503: A; 0501: B).", "xdomea, Aussonderungsverfahren"),
    "XD-44": ("Akte und Vorgang haben eine Laufzeit oder einen Vermerk, warum nicht.", "Vorprüfung vor dem Senden"),
    "XD-45": ("Kein Zeitraum endet vor seinem Beginn.", "xdomea, ZeitraumType"),
    "XD-46": ("Akte und Vorgang sind zu den Akten verfügt, mit Datum.", "Vorprüfung vor dem Senden"),
    "XD-47": ("Ein Datum der z.d.A.-Verfügung steht nur bei abgeschlossenen Objekten.", "xdomea, ZdADatum"),
    "XD-48": ("Akte und Vorgang haben einen Typ.", "Vorprüfung vor dem Senden"),
    "XD-49": ("Die Aufbewahrungsfrist ist bei der Erstellung abgelaufen.", "ArchivG NRW § 4"),
    "XD-50": ("Unbefristete Aufbewahrung hat kein Aufbewahrungsende.", "xdomea, Aufbewahrungsdauer"),
    "XD-51": ("In 0503 hat jedes elektronische Dokument eine Version mit Datei.", "xdomea, Hinweis zu 0503"),
    "XD-52": ("0501 enthält keine Primärdokumente.", "xdomea, Hinweis zu 0501"),
    "XD-54": ("Ein Kontextobjekt umschließt etwas, das ausgesondert wird.", "xdomea 4.0.0, Kontextobjekt"),
    "XD-60": ("Das Dateiformat steht in der Codeliste.", "Codeliste dateiformat 1.0 und 2.0"),
    "XD-61": ("Die Version der Formatliste ist hier bekannt (sonst: Code nicht geprüft).", "Codeliste dateiformat"),
    "XD-62": ("SonstigerName steht genau beim Format 100.", "xdomea, FormatType"),
    "XD-63": ("Format und Dateiendung passen zusammen.", "Codeliste dateiformat 1.0"),
    "XD-64": ("Ein Hash nennt genau einen Algorithmus.", "xdomea 4.0.0, HashType"),
    "XD-65": ("Der Hashwert hat die Form seines Algorithmus.", "FIPS 180-4"),
    "XD-66": ("Der Hashwert ist der der Datei.", "xdomea 4.0.0, HashType"),
    "XD-67": ("Codes stehen in ihrer Codeliste.", "Codelisten von xdomea"),
    "XD-69": ("Von mehreren Formaten einer Version steht PDF/A vorn.", "Landesarchiv NRW, Vereinbarung"),
    "XD-70": ("Eine Bewertung lautet A oder V.", "xdomea, Bewertungsverzeichnis"),
    "XD-71": ("Kein Schriftgutobjekt wird zweimal bewertet oder gemeldet.", "xdomea, 0502 und 0506"),
    "XD-72": ("Ein Misserfolg nennt seinen Grund.", "xdomea, ErfolgOderMisserfolg"),
    "XD-73": ("Der Erfolg des Ganzen widerspricht keinem Ergebnis eines Objekts.", "xdomea 4.0.0, 0506"),
    "XD-80": ("Schriftgutobjekte liegen höchstens fünf Ebenen tief.", "Vorgabe der Archive (x-man)"),
    "XD-81": ("Auf oberster Ebene stehen keine einzelnen Dokumente.", "xdomea 4.0.0; x-man warnt bei 3.x"),
    "XD-82": ("Die Nachricht bleibt unter den Grenzen des Empfängers.", "Empfängerprofil"),
    "XD-84": ("Texte enthalten keine unsichtbaren Steuerzeichen.", "DIN 91379"),
    "XD-85": ("Keine Datei im Paket ist leer.", "Vorprüfung vor dem Senden"),
    "XD-86": ("Namen im ZIP sind ASCII oder als UTF-8 gekennzeichnet.", "APPNOTE 6.3.x, 4.4.4 Bit 11"),
    "XD-90": ("Das ZIP ist lesbar, vollständig und unverschlüsselt.", "APPNOTE 6.3.x"),
    "XD-91": ("Das ZIP ist flach: keine Ordner, Pfade oder Verknüpfungen.", "Verpackungsregeln"),
    "XD-92": ("Kein Name kommt im ZIP doppelt vor.", "Verpackungsregeln"),
    "XD-93": ("Das ZIP bleibt unter den Grenzen für Größe, Einträge und Verdichtung.", "Schutz vor Angriffen"),
    "XD-94": ("Das ZIP enthält genau eine Nachricht.", "Verpackungsregeln"),
    "XD-95": ("Der Dateiname folgt dem Namensschema der Version.", "Verpackungsregeln der Version"),
    "XD-96": ("Die Nachricht im ZIP heißt wie das ZIP.", "Verpackungsregeln"),
    "XD-97": ("ProzessID, Typ und Nummer im Dateinamen sind die der Nachricht.", "Verpackungsregeln"),
    "XD-98": ("Jede genannte Primärdatei liegt vor.", "xdomea, Primaerdokument"),
    "XD-99": ("Jede vorliegende Datei ist in der Nachricht genannt.", "Verpackungsregeln"),
}

_LETTER = {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO, "-": None}
_COLUMN = {Purpose.AT_REST: 0, Purpose.FOREIGN: 1, Purpose.SENDING: 2}
# Weights at rest, foreign, sending: E error, W warning, I info, - not asked. What is not listed is always an error.
_WEIGHTS: dict[str, str] = {
    "XD-05": "EWE", "XD-09": "EWE", "XD-10": "EIE", "XD-12": "III", "XD-13": "EWE", "XD-17": "EWE",
    "XD-22": "EWE", "XD-23": "EWE", "XD-32": "EWE", "XD-33": "EWE", "XD-36": "EWE",
    "XD-40": "EWE", "XD-41": "EWE", "XD-42": "WWE", "XD-43": "-WE", "XD-44": "WWE",
    "XD-46": "-WE", "XD-47": "WWE", "XD-48": "WWE", "XD-49": "-WE", "XD-50": "WWE",
    "XD-51": "EWE", "XD-54": "WWE", "XD-61": "IIW", "XD-63": "WWE", "XD-69": "WIW",
    "XD-70": "WWE", "XD-72": "WWE", "XD-80": "EWE", "XD-81": "WWE", "XD-82": "WWE",
    "XD-84": "WWE", "XD-86": "EWE", "XD-95": "WWE",
}  # fmt: skip
_MOST = 25  # findings per code that are shown; the rest is counted


def weight(code: str, purpose: Purpose) -> Severity | None:
    """How much a broken rule weighs; None when the purpose does not ask for it."""
    return _LETTER[_WEIGHTS.get(code, "EEE")[_COLUMN[purpose]]]


def unseen(purpose: Purpose) -> Severity | None:
    """The weight of what lies beyond our knowledge or limits: no fault of a foreign message, it is not checked."""
    return Severity.WARNING if purpose is Purpose.FOREIGN else None


@dataclass(slots=True)
class Findings:
    """Collects findings with the weight of the purpose; many of one code are counted, not listed."""

    purpose: Purpose
    _list: list[Finding] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _worst: dict[str, Severity] = field(default_factory=dict)

    def add(self, code: str, where: etree._Element | str, text: str, *, severity: Severity | None = None) -> None:
        """Notes a broken rule; `where` may be the element, whose path is made only when it is shown."""
        weighed = severity or weight(code, self.purpose)
        if weighed is None:
            return
        self._seen[code] += 1
        if self._seen[code] <= _MOST:
            place = where if isinstance(where, str) else path_of(where)
            self._list.append(Finding(code, weighed, place, text))
        elif weighed is Severity.ERROR or code not in self._worst:
            self._worst[code] = weighed

    def take(self, findings: tuple[Finding, ...]) -> None:
        """Adds findings made elsewhere, weighed by their code."""
        for finding in findings:
            weighed = weight(finding.code, self.purpose)
            if weighed is not None:
                self._list.append(Finding(finding.code, weighed, finding.where, finding.text))

    def all(self) -> tuple[Finding, ...]:
        """What was found, in order, with one line for what was only counted."""
        more = [
            Finding(
                code,
                self._worst[code],
                "",
                f"Dieselbe Regel ist an {_further(self._seen[code] - _MOST)} verletzt.",
            )
            for code in self._worst
        ]
        return (*self._list, *more)


def path_of(element: etree._Element) -> str:
    """XML path without prefixes and values."""
    return element.getroottree().getpath(element).replace("xdomea:", "")


def _further(number: int) -> str:
    return plural(number, "weiteren Stelle", "weiteren Stellen")
