"""What a row of the trail says, in the words of people: on the screen and in the CSV that an auditor takes along."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from app.show import DAY_FORM
from archive.locks import instant
from catalog.trail import Verb

VERBS_DE = {
    "delivery.received": "Lieferung angenommen",
    "delivery.replaced": "Lieferung berichtigt",
    "delivery.moved": "Schritt",
    "delivery.duplicate": "war schon archiviert",
    "delivery.recognised": "Text erkannt, PDF/A geprüft",
    "akte.opened": "Akte angelegt",
    "akte.dropped": "leere Akte verworfen",
    "akte.planned": "Akte beschrieben",
    "akte.read": "eingesehen",
    "package.stored": "archiviert",
    "package.reentered": "aus den Speichern wieder aufgenommen",
    "dokument.replaced": "Dokument ersetzt",
    "fixity.checked": "Kopien geprüft",
    "retention.computed": "Frist berechnet",
    "lock.changed": "Sperre im Speicher geändert",
    "shortening.proposed": "kürzere Sperre vorgeschlagen",
    "shortening.released": "kürzere Sperre freigegeben",
    "shortening.ended": "Vorschlag zur Kürzung beendet",
    "restoration.proposed": "neue Ablage einer Kopie vorgeschlagen",
    "restoration.released": "neue Ablage einer Kopie freigegeben",
    "restoration.ended": "Vorschlag zur neuen Ablage beendet",
    "copy.restored": "Kopie neu abgelegt",
    "correction.proposed": "Berichtigung vorgeschlagen",
    "correction.released": "Berichtigung freigegeben",
    "correction.ended": "Berichtigung beendet",
    "clearing.opened": "in die Klärung",
    "clearing.resolved": "Klärung gelöst",
    "review.resolved": "Seite gesichtet",
    "index.rebuilt": "Suchindex erneuert",
    "trail.sealed": "Protokoll besiegelt",
    "sample.drawn": "Stichprobe gezogen",
    "rules.proposed": "Fristenkatalog vorgeschlagen",
    "rules.released": "Fristenkatalog freigegeben",
    "rules.refused": "Fristenkatalog abgelehnt",
    "event.reported": "Ereignis gemeldet",
    "fact.reported": "Merkmal vermerkt",
    "akte.classified": "Fristklasse geändert",
    "archive.answered": "Antwort des Archivs",
    "references.noted": "Personen und Flurstücke vermerkt",
    "references.forgotten": "Personenangaben gelöscht",
    "hold.set": "Sperre gesetzt",
    "hold.changed": "Sperre geändert",
    "hold.lifted": "Sperre aufgehoben",
    "system.event": "System",
}
FACTS_DE = {
    "bytes": "Bytes",
    "scans": "Dateien",
    "version": "Version",
    "store": "Speicher",
    "before": "von",
    "after": "nach",
    "dokumente": "Dokumente",
    "vorgaenge": "Vorgänge",
    "pages": "Seiten",
    "blank": "leer",
    "pages_once": "Seiten, geteilte einmal",
    "blank_once": "leer, geteilte einmal",
    "failed": "nicht lesbar",
    "reviews": "zur Sichtung",
    "verdict": "Befund",
    "codes": "Codes",
    "ends": "Ende",
    "until": "bis",
    "katalog": "Katalog",
    "number": "Nr.",
    "ereignis": "Ereignis",
    "merkmal": "Merkmal",
    "record_classes": "Klassen",
    "decision": "Bewertung",
    "supersedes": "ersetzt Nr.",
    "dokument": "Dokument",
    "replaced": "statt",
    "hold": "Sperre Nr.",
    "key": "Art",
    "case": "Fall",
    "resolution": "Entscheidung",
    "page": "Seite",
    "result": "Ergebnis",
    "happened": "geschehen",
    "shared_account": "gemeinsames Konto",
    "code": "Code",
    "akten": "Akten",
    "ends_changed": "Fristen geändert",
    "extended": "Sperren verlängert",
    "holds_set": "Löschsperren gesetzt",
    "holds_lifted": "Löschsperren aufgehoben",
    "machine": "Rechner",
    "changed": "geändert",
    "changes": "Werte",
    "seed": "Saat",
    "count": "gezogen",
    "of": "aus",
    "stand": "Stand Zeile",
}

WORDS_DE = {
    "received": "angenommen",
    "examined": "untersucht",
    "recognised": "erkannt",
    "described": "beschrieben",
    "packed": "gepackt",
    "archived": "archiviert",
    "clearing": "in der Klärung",
    "returned": "zurückgegeben",
    "duplicate": "war schon archiviert",
    "resubmit": "neu eingereicht",
    "accept": "angenommen",
    "return": "zurückgegeben",
    "archivwuerdig": "archivwürdig",
    "nicht_archivwuerdig": "nicht archivwürdig",
    "ok": "in Ordnung",
    "failed": "fehlerhaft",
    "not_checked": "nicht geprüft",
    "service-started": "Dienst gestartet",
    "settings-changed": "Einstellungen",
    "due.round": "Fristenrunde",
    "catalog.begun_anew": "neuer Katalog begonnen",
    "stores.entered": "alles aus den Speichern wieder aufgenommen",
}


_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)\Z")


def _plain(value: object) -> str:
    if isinstance(value, str):
        with suppress(ValueError, OverflowError):  # a row that somebody changed may name a day that is none
            if _DAY.match(value):
                return f"{date.fromisoformat(value):{DAY_FORM}}"
            if _INSTANT.match(value):
                return instant(datetime.fromisoformat(value))
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items())
    if isinstance(value, bool):
        return "ja" if value else "nein"
    return WORDS_DE.get(value, value) if isinstance(value, str) else str(value)


def what_happened(verb: str, data: Mapping[str, Any]) -> str:
    """The step in German; one that has no words here stays as it is written.

    A version that came of a correction begins like a delivery, of no files; nothing else comes without any.
    """
    if verb == Verb.DELIVERY_RECEIVED.value and data.get("scans") == 0:
        return "Berichtigung begonnen"
    return VERBS_DE.get(verb, verb)


def facts_told(data: Mapping[str, Any]) -> str:
    """What a row says beside its words: a reason without the decision that it is for tells an auditor nothing."""
    return ", ".join(
        f"{label} {_plain(data[name])}" for name, label in FACTS_DE.items() if data.get(name) not in (None, [], "", {})
    )
