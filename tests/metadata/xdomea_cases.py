# ruff: noqa: E501  one case, one line
"""The table of broken messages: which rule, how it is broken, and how much that weighs."""

from __future__ import annotations

from dataclasses import dataclass

from akten.files import digest_bytes
from akten.findings import Severity
from akten.model import Aussonderungsart
from metadata.messages import aussonderung
from metadata.rules import Purpose
from metadata.xdomea import write_message
from tests.metadata.xdomea_builders import NOW, PROZESS, Break, a_profile, an_akte, an_id, drop, edit, put, swap

REST, FOREIGN, SENDING = Purpose.AT_REST, Purpose.FOREIGN, Purpose.SENDING


@dataclass(frozen=True)
class Case:
    """One way to break one rule."""

    rule: str
    name: str
    broken: Break
    code: str = "0503"
    version: str = "3.0.0"
    severity: Severity = Severity.ERROR
    purpose: Purpose = FOREIGN
    also: tuple[str, ...] = ()  # other rules that cannot but break with it

    def __str__(self) -> str:
        return f"{self.rule}-{self.name}"


W, I = Severity.WARNING, Severity.INFO  # noqa: E741 one letter keeps the table readable
AKTE, PDFA = str(an_id("akte")), f"{an_id('pdfa 1')}.pdf"
DATEIFORMAT = 'listURI="urn:xoev-de:xdomea:codeliste:dateiformat" listVersionID="1.0"'
ONE_YEAR = "<xdomea:AnzahlJahre>20</xdomea:AnzahlJahre>"
EXTERNAL = "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'>"
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>"
INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
START = '<?xml version="1.0" encoding="UTF-8"?>'
HASH_64 = digest_bytes(b"%PDF-1.7 made up").sha256

CASES = (
    Case("XD-01", "empty", lambda xml: b""),
    Case("XD-01", "too_deep", lambda xml: b"<a>" * 300 + b"</a>" * 300),
    Case("XD-01", "too_many_elements", lambda xml: b"<a>" + b"<b/>" * 3_000_001 + b"</a>", severity=W),
    Case("XD-02", "cut_off", lambda xml: xml[:-20]),
    Case("XD-02", "no_xml", lambda xml: b"Sehr geehrte Damen und Herren"),
    Case("XD-03", "external_dtd", swap(START, START + EXTERNAL)),
    Case("XD-03", "billion_laughs", swap(START, START + LAUGHS)),
    Case("XD-04", "utf16", lambda xml: xml.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
    Case("XD-04", "utf16_undeclared", lambda xml: xml.decode().encode("utf-16-le")),
    Case("XD-04", "not_utf8", lambda xml: xml.replace("ß".encode(), b"\xdf")),
    Case("XD-04", "declared_utf16", swap('encoding="UTF-8"', 'encoding="UTF-16"')),
    Case("XD-04", "null_byte", swap("Garage", "Gar\0age")),
    Case("XD-05", "bom", lambda xml: b"\xef\xbb\xbf" + xml, severity=W),
    Case(
        "XD-05", "latin1",
        lambda xml: xml.decode().replace("UTF-8", "ISO-8859-1").replace("–", "-").encode("iso-8859-1"),
        severity=W,
    ),
    Case("XD-05", "bom_sending", lambda xml: b"\xef\xbb\xbf" + xml, purpose=SENDING),
    Case(
        "XD-06", "xinclude",
        put("Akte", f"<xdomea:AnwendungsspezifischeErweiterungXML>{INCLUDE}</xdomea:AnwendungsspezifischeErweiterungXML>"),
    ),
    Case("XD-07", "unknown_version", swap("schema:3.0.0", "schema:9.9.9", 9), severity=W),
    Case("XD-07", "other_namespace", lambda xml: b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>'),
    Case("XD-08", "other_group", swap("Aussonderung.Aussonderung.0503", "Abgabe.Abgabe.0401", 9), severity=W),
    Case("XD-08", "no_message", swap("Aussonderung.Aussonderung.0503", "Schriftgutobjekt", 9)),
    Case("XD-09", "other_prefix", lambda xml: xml.replace(b"<xdomea:", b"<x:").replace(b"</xdomea:", b"</x:").replace(b"xmlns:xdomea", b"xmlns:x"), severity=W),
    Case("XD-10", "no_location", edit(lambda root, first: root.attrib.clear()), severity=I),
    Case("XD-10", "dead_url_sending", swap("3.0.0 xdomea-Nachrichten-AussonderungDurchfuehren.xsd", "3.0.0 /dev/null"), purpose=SENDING),
    Case("XD-11", "wrong_order", edit(lambda root, first: first("Kopf").append(first("ProzessID")))),
    Case("XD-11", "bad_date", swap("<xdomea:Beginn>1998-03-01", "<xdomea:Beginn>März 1998"), also=("XD-16",)),
    Case("XD-13", "true", swap("<xdomea:Importbestaetigung>1", "<xdomea:Importbestaetigung>true"), severity=W),
    Case("XD-17", "blank", swap("<xdomea:Beginn>1998-03-01<", "<xdomea:Beginn>\n 1998-03-01\t<"), severity=W),
    Case("XD-17", "blank_4.0.0", swap("<erstellungszeitpunkt>", "<erstellungszeitpunkt> "), version="4.0.0", severity=W),
    Case("XD-13", "blank", swap("<xdomea:Importbestaetigung>1", "<xdomea:Importbestaetigung> 1"), severity=W),
    Case("XD-13", "unbefristet_true", swap(ONE_YEAR, "<xdomea:Unbefristet>true</xdomea:Unbefristet>", 2), severity=W, also=("XD-50",)),
    Case("XD-16", "year_beyond", swap("<xdomea:Beginn>1998", "<xdomea:Beginn>12998")),
    Case("XD-16", "year_zero", swap("<xdomea:Aufbewahrungsende>2019", "<xdomea:Aufbewahrungsende>-2019")),
    Case("XD-16", "closed_in_12999", swap("<xdomea:ZdADatum>1999", "<xdomea:ZdADatum>12999")),
    Case("XD-16", "out_of_the_calendar", swap("<xdomea:DatumUhrzeit>2026-05-04T09:30:15.250Z", "<xdomea:DatumUhrzeit>0001-01-01T00:00:00+02:00")),
    Case("XD-16", "empty_boolean", swap("<xdomea:Empfangsbestaetigung>1", "<xdomea:Empfangsbestaetigung>")),
    Case("XD-16", "empty_result", swap("<xdomea:Erfolgreich>1", "<xdomea:Erfolgreich>"), code="0506"),
    Case("XD-16", "instant_beyond", swap("2026-05-04T09:30:15.250Z</xdomea:Erst", "12026-05-04T09:30:15Z</xdomea:Erst")),
    Case("XD-20", "header_type", swap("<code>0503</code>", "<code>0501</code>")),
    Case("XD-20", "header_type_v4", swap("<code>0503</code>", "<code>0502</code>"), version="4.0.0"),
    Case("XD-22", "empty_sender", edit(lambda root, first: [first("Absender").remove(c) for c in list(first("Absender"))] and None), severity=W),
    Case("XD-22", "blank_recipient_v4", swap("<xdomea:Name>Stadtarchiv Neuss</xdomea:Name>", "<xdomea:Name> </xdomea:Name>"), version="4.0.0", severity=W),
    Case("XD-23", "no_zone", swap("2026-05-04T09:30:15.250Z</xdomea:Erst", "2026-05-04T09:30:15</xdomea:Erst"), severity=W),
    Case("XD-24", "five_of_one", swap("<xdomea:LfdNrNachrichtProTyp>1", "<xdomea:LfdNrNachrichtProTyp>5"), version="4.0.0"),
    Case("XD-24", "number_zero", swap("<xdomea:LfdNrNachrichtProTyp>1", "<xdomea:LfdNrNachrichtProTyp>0"), version="4.0.0"),
    Case("XD-25", "answers_itself", edit(lambda root, first: setattr(first("UUIDUrsprungsnachricht"), "text", first("nachrichtenUUID").text)), code="0504", version="4.0.0"),
    Case("XD-30", "pipe_in_uuid", swap(AKTE[:8], "|" + AKTE[1:8]), also=()),
    Case("XD-30", "pipe_in_process", swap(str(PROZESS), "|" + str(PROZESS)[1:])),
    Case("XD-30", "pipe_in_file_name", swap(PDFA, "|" + PDFA[1:])),
    Case("XD-30", "pipe_in_0506", swap(AKTE, "|" + AKTE[1:]), code="0506"),
    Case("XD-31", "twice", swap(str(an_id("dokument 2")), str(an_id("dokument 1")))),
    Case("XD-31", "twice_other_case", swap(str(an_id("dokument 2")), str(an_id("dokument 1")).upper())),
    Case("XD-32", "number_twice", swap("<xdomea:NummerImUebergeordnetenContainer>2", "<xdomea:NummerImUebergeordnetenContainer>1"), severity=W),
    Case("XD-32", "one_without", swap("\n       <xdomea:NummerImUebergeordnetenContainer>2</xdomea:NummerImUebergeordnetenContainer>", ""), severity=W),
    Case("XD-33", "file_like_object", swap(PDFA, f"{an_id('dokument 1')}.pdf"), severity=W),
    Case("XD-34", "path", swap(PDFA, f"{an_id('pdfa 1')}/../../x.pdf")),
    Case("XD-34", "slash_alone", swap(PDFA, f"{an_id('pdfa 1')}/x.pdf")),
    Case("XD-34", "dots_alone", swap(PDFA, f"{an_id('pdfa 1')}..pdf")),
    Case("XD-34", "backslash", swap(PDFA, f"{an_id('pdfa 1')}\\x.pdf")),
    Case("XD-34", "line_break", swap(PDFA, f"{an_id('pdfa 1')}_a&#x85;b.pdf"), also=("XD-84",)),
    Case("XD-35", "same_name", swap(PDFA, f"{an_id('pdfa 2')}.pdf")),
    Case("XD-35", "same_name_other_case", swap(PDFA, f"{an_id('pdfa 2')}.PDF")),
    Case("XD-36", "umlaut", swap(PDFA, f"{an_id('pdfa 1')}_Größe 1.pdf"), severity=W),
    Case("XD-36", "no_ending", swap(PDFA, f"{an_id('pdfa 1')}"), severity=W, also=("XD-63",)),
    Case("XD-40", "no_title", drop("Betreff"), severity=W),
    Case("XD-40", "no_description", drop("AllgemeineMetadaten"), severity=W, also=("XD-41",)),
    Case("XD-41", "no_sign", drop("Kennzeichen"), severity=W),
    Case("XD-42", "no_retention", drop("ArchivspezifischeMetadaten", every=True), severity=W),
    Case("XD-42", "no_retention_v4", drop("Aussonderungsmetadaten", every=True), version="4.0.0", severity=W),
    Case("XD-42", "not_inherited_sending", drop("Aufbewahrungsdauer"), purpose=SENDING),
    Case("XD-43", "transfer_of_v", swap("<code>A</code></xdomea:Aussonderungsart>", "<code>V</code></xdomea:Aussonderungsart>"), severity=W),
    Case("XD-43", "transfer_of_b_sending", swap("<code>A</code></xdomea:Aussonderungsart>", "<code>B</code></xdomea:Aussonderungsart>"), purpose=SENDING),
    Case("XD-43", "offer_of_v", swap("<code>B</code></xdomea:Aussonderungsart>", "<code>V</code></xdomea:Aussonderungsart>"), code="0501", severity=W),
    Case("XD-44", "no_period", drop("Laufzeit"), severity=W),
    Case("XD-45", "ends_before_it_begins", swap("<xdomea:Ende>1999-07-31", "<xdomea:Ende>1990-07-31")),
    Case("XD-46", "no_closing_date", drop("ZdADatum"), severity=W),
    Case("XD-46", "open_sending", swap("<xdomea:ZdA>1", "<xdomea:ZdA>0"), purpose=SENDING, also=("XD-47",)),
    Case("XD-47", "date_but_open", drop("ZdA"), severity=W, also=("XD-46",)),
    Case("XD-48", "no_kind", drop("Typ"), severity=W),
    Case("XD-49", "period_running", swap("<xdomea:Aufbewahrungsende>2019", "<xdomea:Aufbewahrungsende>2039"), severity=W),
    Case("XD-50", "unlimited_with_end", swap(ONE_YEAR, "<xdomea:Unbefristet>1</xdomea:Unbefristet>"), severity=W),
    Case("XD-51", "no_file", edit(lambda root, first: _drop_versions(root)), severity=W),
    Case("XD-51", "no_file_sending", edit(lambda root, first: _drop_versions(root)), purpose=SENDING),
    Case("XD-52", "offer_with_files", lambda xml: _offer_with_files(), code="0501"),
    Case("XD-54", "context_of_nothing", swap("<xdomea:Kontextobjekt>0", "<xdomea:Kontextobjekt>1", 2), version="4.0.0", severity=W),
    Case("XD-60", "unknown_format", swap(f"{DATEIFORMAT}><code>044", f"{DATEIFORMAT}><code>999")),
    Case("XD-60", "format_only_in_2_0", swap(f"{DATEIFORMAT}><code>044", f"{DATEIFORMAT}><code>049")),
    Case("XD-61", "unknown_list_version", swap('dateiformat" listVersionID="1.0"', 'dateiformat" listVersionID="7.7"'), severity=I),
    Case("XD-62", "other_without_name", swap(f"{DATEIFORMAT}><code>044", f"{DATEIFORMAT}><code>100")),
    Case("XD-62", "name_beside_known", swap("<xdomea:Version>2u", "<xdomea:SonstigerName>PDF</xdomea:SonstigerName><xdomea:Version>2u"), severity=W),
    Case("XD-63", "wrong_ending", swap(PDFA, f"{an_id('pdfa 1')}.tif"), severity=W),
    Case("XD-64", "no_algorithm", drop("Algorithmus"), version="4.0.0"),
    Case("XD-64", "two_algorithms", put("Hash", "<xdomea:SonstigerAlgorithmus>SHA-512</xdomea:SonstigerAlgorithmus>", "4.0.0"), version="4.0.0"),
    Case("XD-64", "algorithm_without_name", swap("<code>SHA-256</code>", "<code> </code>"), version="4.0.0"),
    Case("XD-65", "no_hexadecimal", swap(HASH_64, "g" + HASH_64[1:]), version="4.0.0"),
    Case("XD-65", "half_a_hash", swap(HASH_64, HASH_64[:32]), version="4.0.0"),
    Case("XD-66", "other_hash", swap(HASH_64, HASH_64[::-1]), version="4.0.0"),
    Case("XD-66", "unknown_algorithm", swap("<code>SHA-256</code>", "<code>AES-256-CBC</code>"), version="4.0.0", severity=W),
    Case("XD-67", "medium", swap('medium" listVersionID="1.0"><code>001', 'medium" listVersionID="1.0"><code>009'), also=("XD-11",)),
    Case("XD-67", "secrecy_v4", swap('stufe" listVersionID="1.0"><code>003', 'stufe" listVersionID="1.0"><code>077'), version="4.0.0"),
    Case("XD-67", "proposal_v4", swap("<code>A</code></xdomea:Bewertungsvorschlag>", "<code>B</code></xdomea:Bewertungsvorschlag>"), version="4.0.0"),
    Case("XD-69", "pdfa_last", edit(lambda root, first: _reverse_formats(first)), severity=I),
    Case("XD-70", "undecided", swap("<code>V</code>", "<code>B</code>"), code="0502", severity=W),
    Case("XD-70", "free_value", edit(lambda root, first: _free_value(first)), code="0502", severity=W),
    Case("XD-71", "decided_twice", swap(str(an_id("vorgang")), AKTE), code="0502"),
    Case("XD-71", "reported_twice", swap(str(an_id("vorgang")), AKTE.upper()), code="0506"),
    Case("XD-71", "reported_twice_v4", swap(str(an_id("vorgang")), AKTE), code="0506", version="4.0.0"),
    Case("XD-72", "no_reason", edit(lambda root, first: [_drop_one(first(n)) for n in ("Fehlermeldung", "FehlermeldungCode")] and None), code="0506", severity=W),
    Case("XD-73", "success_of_failures", swap("<xdomea:Erfolgreich>0", "<xdomea:Erfolgreich>1"), code="0506", version="4.0.0"),
    Case("XD-80", "too_deep", put("Vorgang", "".join(f"<xdomea:Teilvorgang><xdomea:Identifikation><xdomea:ID>{an_id(f'tv {n}')}</xdomea:ID></xdomea:Identifikation>" for n in range(5)) + "</xdomea:Teilvorgang>" * 5), severity=W, also=("XD-40", "XD-41", "XD-42", "XD-44", "XD-46", "XD-48")),
    Case("XD-81", "lone_document", edit(lambda root, first: first("Schriftgutobjekt").replace(first("Akte"), first("Dokument"))), severity=W),
    Case("XD-84", "next_line", swap("Neubau", "Neubau\x85"), severity=W),
    Case("XD-84", "delete_by_number", swap("Neubau", "Neubau&#127;"), severity=W),
    Case("XD-84", "control_by_number", swap("Neubau", "Neubau&#x9F;"), severity=W),
    Case("XD-98", "missing_file", swap(PDFA, f"{an_id('nowhere')}.pdf"), also=("XD-99",)),
)  # fmt: skip


def _drop_one(element: object) -> bool:
    parent = element.getparent()  # type: ignore[attr-defined]
    parent.remove(element)
    return True


def _drop_versions(root: object) -> None:
    for element in list(root.iter("{*}Version")):  # type: ignore[attr-defined]
        if len(element):
            _drop_one(element)
            return


def _offer_with_files() -> bytes:
    message = aussonderung(an_akte(art=Aussonderungsart.BEWERTEN), a_profile(), prozess_id=PROZESS, erstellt=NOW)
    offered = write_message(message, a_profile()).decode()
    for old, new in (
        ("Aussonderung.Aussonderung.0503", "Aussonderung.Anbieteverzeichnis.0501"),
        ("<code>0503</code>", "<code>0501</code>"),
        ("  <xdomea:Importbestaetigung>1</xdomea:Importbestaetigung>\n", ""),
        ("  <xdomea:RueckmeldungArchivkennung>1</xdomea:RueckmeldungArchivkennung>\n", ""),
    ):
        assert old in offered
        offered = offered.replace(old, new)
    return offered.encode()


def _reverse_formats(first: object) -> None:
    one = first("Format")  # type: ignore[operator]
    one.getparent().append(one)


def _free_value(first: object) -> None:
    wrapper = first("Aussonderungsart")  # type: ignore[operator]
    wrapper[0].tag = wrapper[0].tag + "Konfigurierbar"
    wrapper[0].attrib.clear()
    wrapper[0].remove(wrapper[0][0])
    wrapper[0].text = "Stichprobe"


# breaking these renames or drops a file that the message names, so that files are missing or surplus as well
CHANGES_FILES = {"XD-30", "XD-33", "XD-34", "XD-35", "XD-36", "XD-51", "XD-52", "XD-63", "XD-81"}
