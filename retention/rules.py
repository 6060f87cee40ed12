"""The RT-nn codes of the retention room: what each says and where the rule comes from."""

from __future__ import annotations

_FORM = "Form des Katalogs (retention/katalog/neuss.yaml)"
_CASE = "Form der Falldatei"

RULES: dict[str, tuple[str, str]] = {
    "RT-01": ("Die Datei ist lesbares YAML ohne Verweise und bleibt unter den Grenzen.", "YAML 1.1; eigene Grenze"),
    "RT-02": ("Kein Schlüssel steht doppelt.", "YAML 1.1, 3.2.1.1"),
    "RT-03": ("Kein Schlüssel ist unbekannt.", _FORM),
    "RT-04": ("Kein Pflichtfeld fehlt.", _FORM),
    "RT-05": ("Jeder Wert hat die verlangte Art.", _FORM),
    "RT-10": ("Jede Klasse und jede Sperre steht nur einmal.", _FORM),
    "RT-11": ("Jede genannte Quelle steht im Verzeichnis der Quellen.", _FORM),
    "RT-12": ("Jede genannte Sperre steht im Katalog.", _FORM),
    "RT-13": ("Datenschutzkategorie, Schutzbedarf und Aussonderungsart stammen aus den Listen.", _FORM),
    "RT-14": ("Jede Vorgabe zu einer Aktenart nennt eine Klasse des Katalogs.", _FORM),
    "RT-20": ("Eine Grundlage hat genau eine Dauer: Frist, Abschnitte, dauernd oder folgt.", _FORM),
    "RT-21": ("Eine Grundlage mit Frist nennt Ereignis und Beginn.", "§§ 187, 188 BGB"),
    "RT-22": ("Eine Frist ist nach ISO 8601 geschrieben und höchstens 1.000 Jahre lang.", "ISO 8601"),
    "RT-23": ("Eine Übergangsregel nennt Stichtag und frühere Frist.", "Art. 97 § 19a EGAO"),
    "RT-24": (
        "Eine Löschpflicht liegt nicht vor der Aufbewahrungspflicht derselben Klasse.",
        "date_rules.several_bases",
    ),
    "RT-25": ("Eine Variante nennt ein anderes Ereignis als die Grundlage.", _FORM),
    "RT-30": ("Der Fall nennt eine Klasse des Katalogs.", _CASE),
    "RT-31": ("Der Fall nennt nur Sperren des Katalogs; eine unbekannte sperrt.", _CASE),
    "RT-32": ("Jeder Tag ist ein Kalendertag, jeder Zeitpunkt hat eine Zeitzone.", _CASE),
    "RT-33": ("Eine Sperre endet nicht vor ihrem Beginn; eine Unterbrechung hat einen Tag.", _CASE),
    "RT-34": ("Jedes Ereignis wird von einer Klasse des Falls gebraucht.", _CASE),
    "RT-35": ("Jede Tatsache, von der eine Grundlage abhängt, ist bekannt.", "applies_if"),
    "RT-36": ("Kein Ereignis liegt nach dem Tag der Frage.", _CASE),
    "RT-37": ("Die Regel galt am Tag der Frage schon.", "valid_from"),
    "RT-38": ("Jede genannte Tatsache kommt im Katalog vor.", _CASE),
    "RT-40": ("Keine Löschpflicht liegt vor einer Aufbewahrungspflicht.", "date_rules.several_bases"),
    "RT-41": ("Tatsache und Ereignis widersprechen einander nicht.", "date_rules.while_conditions"),
    "RT-42": ("Die Angaben des Archivs widersprechen einander nicht.", "§ 4 ArchivG NRW"),
    "RT-50": ("Jeder Fall hat eine eigene Kennung und genau eine Frage.", _CASE),
}
