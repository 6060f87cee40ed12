"""Good messages of 2.3.0 and 2.4.0, which we read and judge but never write."""

from __future__ import annotations

from tests.metadata.xdomea_builders import PDF, PROZESS, an_id

PRIMARY = f"{an_id('legacy file')}_Bescheid.pdf"  # 2.x wants a name after the UUID
FILES = {PRIMARY: PDF}
ROOTS = {
    "0501": "Anbieteverzeichnis",
    "0502": "Bewertungsverzeichnis",
    "0503": "Aussonderung",
    "0504": "AnbietungEmpfangBestaetigen",
    "0505": "BewertungEmpfangBestaetigen",
    "0506": "AussonderungImportBestaetigen",
}


def a_legacy_xml(code: str = "0503", version: str = "2.4.0") -> bytes:
    root = f"xdomea:Aussonderung.{ROOTS[code]}.{code}"
    flags = {
        "0501": "<xdomea:Empfangsbestaetigung>1</xdomea:Empfangsbestaetigung>",
        "0502": "<xdomea:Empfangsbestaetigung>0</xdomea:Empfangsbestaetigung>",
        "0503": "<xdomea:Importbestaetigung>1</xdomea:Importbestaetigung>"
        "<xdomea:RueckmeldungArchivkennung>1</xdomea:RueckmeldungArchivkennung>",
    }.get(code, "")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns:xdomea="urn:xoev-de:xdomea:schema:{version}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="urn:xoev-de:xdomea:schema:{version} xdomea-Nachrichten-AussonderungDurchfuehren.xsd">
 <xdomea:Kopf>
  <xdomea:ProzessID>{PROZESS}</xdomea:ProzessID>
  <xdomea:Nachrichtentyp><code>{code}</code></xdomea:Nachrichtentyp>
  <xdomea:Erstellungszeitpunkt>2019-07-24T17:25:39+02:00</xdomea:Erstellungszeitpunkt>
  <xdomea:Absender>
   <xdomea:Behoerdenkennung><xdomea:Kennung><code>0516</code></xdomea:Kennung></xdomea:Behoerdenkennung>
  </xdomea:Absender>
  <xdomea:Empfaenger><xdomea:Institution><xdomea:Name>Archiv</xdomea:Name></xdomea:Institution></xdomea:Empfaenger>
  <xdomea:SendendesSystem><xdomea:Produktname>DMS</xdomea:Produktname></xdomea:SendendesSystem>
  {flags}
 </xdomea:Kopf>
 {_body(code)}
</{root}>
""".encode()


def _body(code: str) -> str:
    match code:
        case "0501" | "0503":
            return _akte("A" if code == "0503" else "B", with_files=code == "0503")
        case "0502":
            return (
                f"<xdomea:BewertetesObjekt><xdomea:ID>{an_id('akte')}</xdomea:ID>"
                "<xdomea:Aussonderungsart><code>A</code></xdomea:Aussonderungsart></xdomea:BewertetesObjekt>"
            )
        case "0506":
            return (
                "<xdomea:ErfolgOderMisserfolg><xdomea:Erfolgreich>1</xdomea:Erfolgreich>"
                f"<xdomea:Rueckgabeparameter><xdomea:ID>{an_id('akte')}</xdomea:ID>"
                "<xdomea:Archivkennung>NE 7</xdomea:Archivkennung></xdomea:Rueckgabeparameter>"
                "</xdomea:ErfolgOderMisserfolg>"
            )
        case _:
            return ""


def _akte(art: str, *, with_files: bool) -> str:
    retention = f"""<xdomea:ArchivspezifischeMetadaten>
   <xdomea:Aufbewahrungsdauer>10</xdomea:Aufbewahrungsdauer>
   <xdomea:Aussonderungsart><code>{art}</code></xdomea:Aussonderungsart>
   <xdomea:Aufbewahrungsende>2015</xdomea:Aufbewahrungsende>
  </xdomea:ArchivspezifischeMetadaten>"""
    period = "<xdomea:Laufzeit><xdomea:Beginn>2001-01-01</xdomea:Beginn></xdomea:Laufzeit>"
    version = f"""<xdomea:Version><xdomea:Nummer>1</xdomea:Nummer><xdomea:Format>
      <xdomea:Name><code>044</code></xdomea:Name><xdomea:Version>1b</xdomea:Version>
      <xdomea:Primaerdokument><xdomea:Dateiname>{PRIMARY}</xdomea:Dateiname></xdomea:Primaerdokument>
     </xdomea:Format></xdomea:Version>"""

    def described(betreff: str) -> str:
        return (
            f"<xdomea:AllgemeineMetadaten><xdomea:Betreff>{betreff}</xdomea:Betreff>"
            f"<xdomea:Kennzeichen>{betreff}-1</xdomea:Kennzeichen></xdomea:AllgemeineMetadaten>"
        )

    def named(name: str) -> str:
        return f"<xdomea:Identifikation><xdomea:ID>{an_id(name)}</xdomea:ID></xdomea:Identifikation>"

    return f"""<xdomea:Schriftgutobjekt><xdomea:Akte>
  {named("akte")}{described("Akte")}{retention}<xdomea:Typ>Bauakte</xdomea:Typ>{period}
  <xdomea:Akteninhalt><xdomea:Vorgang>
    {named("vorgang")}{described("Vorgang")}{retention}<xdomea:Typ>Antrag</xdomea:Typ><xdomea:ZdA>1</xdomea:ZdA>{period}
    <xdomea:Dokument>{named("dokument 1")}{described("Dokument")}{version if with_files else ""}</xdomea:Dokument>
  </xdomea:Vorgang></xdomea:Akteninhalt>
 </xdomea:Akte></xdomea:Schriftgutobjekt>"""
