"""What the facts about a file alone tell of losses: said for every rendition made of it, by either path."""

from __future__ import annotations

from akten.files import FileFacts

# a finding of the examination → what a rendition does not have any more
_BY_FINDING = {
    "EX-27": "Ebenen: die Wiedergabe zeigt nur, was beim Öffnen sichtbar ist; Ausgeblendetes liegt im Original.",
    "EX-28": "Vorgemerkte Schwärzungen sind nicht vollzogen; der Text darunter steht im Original.",
    "EX-29": "Was außerhalb des sichtbaren Ausschnitts (CropBox) liegt, zeigt die Wiedergabe nicht.",
}


def known_losses(facts: FileFacts, *, fonts_stay: bool = False) -> tuple[str, ...]:
    """The losses of any rendition of this file, in a fixed order; `fonts_stay` where no tool could replace any."""
    found = []
    if facts.signatures:
        found.append("Die digitale Signatur gilt nur für das Original, das unverändert im Paket liegt.")
    if facts.encrypted:
        found.append("Die Verschlüsselung ist in der Wiedergabe aufgehoben.")
    if facts.repaired:
        found.append("Das Original war beschädigt und wurde zum Lesen repariert.")
    # Of a scan only the invisible text is set in them.
    if facts.unembedded_fonts and not facts.scan_only and not fonts_stay:
        found.append("Nicht eingebettete Schriften sind durch ähnliche ersetzt.")
    if facts.scan_only and any(page.has_text for page in facts.pages):
        found.append("Die mitgelieferte unsichtbare Textebene ist durch unsere Texterkennung ersetzt.")
    codes = {finding.code for finding in facts.findings}
    found.extend(text for code, text in _BY_FINDING.items() if code in codes)
    return tuple(found)
