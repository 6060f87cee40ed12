"""The rules of the walks themselves (WF-nn): what only the order of work can find out."""

from __future__ import annotations

RULES: dict[str, tuple[str, str]] = {
    "WF-01": ("Nur gültiges PDF/A wird archiviert.", "ISO 19005; Hausregel"),
    "WF-02": ("Was nicht geprüft werden konnte, wird so nicht archiviert, außer es ist so eingestellt.", "Hausregel"),
    "WF-05": ("Liegen alle Scans schon in dieser Akte, wird verknüpft und nichts doppelt abgelegt.", "Hausregel"),
    "WF-06": (
        "Sagt der Laufzettel schon archivierter Scans anderes als damals, wird gesagt, was davon gilt.",
        "Hausregel",
    ),
    "WF-07": ("Nennt der Laufzettel eines Nachscans anders, was in der Akte stand, wird es gesagt.", "Hausregel"),
    "WF-08": ("Was nicht angenommen werden kann, bleibt an seinem Ort und wird genannt.", "Hausregel"),
    "WF-09": ("Ist etwas nicht erreichbar, wartet die Lieferung und wird später fortgesetzt.", "Hausregel"),
    "WF-10": (
        "Stimmt Archiviertes nicht mit dem Katalog überein, hält die Lieferung an; nichts wird repariert.",
        "Hausregel",
    ),
    "WF-11": (
        "Fehlt eine Einstellung, ein Programm oder ein Recht, hält die Lieferung an; die anderen gehen weiter.",
        "Hausregel",
    ),
    "WF-12": ("Ein Programmfehler hält nur die Lieferung an, die er trifft, und wird genannt.", "Hausregel"),
    "WF-13": ("Die Dateien jeder Lieferung, die nicht zu Ende ist, liegen im Arbeitsordner.", "Hausregel"),
    "WF-14": ("Der Arbeitsordner ist der, von dem der Katalog spricht, und ist eingehängt.", "Hausregel"),
    "WF-15": (
        "Bleibt nach dem Ende einer Lieferung ihr Arbeitsordner, wird es genannt und später aufgeräumt.",
        "Hausregel",
    ),
    "WF-16": (
        "Sind Scans eines offenen Klärungsfalls noch einmal gekommen und archiviert, wird es gesagt.",
        "users.md §2: scanned twice",
    ),
    "WF-20": ("Die veröffentlichten Köpfe des Protokolls sind lesbar.", "prefect-db.md §6"),
    "WF-21": ("Zu einer Zeile des Protokolls gibt es nur einen veröffentlichten Kopf.", "prefect-db.md §6"),
    "WF-22": ("Der Kopf des Protokolls wird nach jedem Lauf in allen Speichern veröffentlicht.", "prefect-db.md §6"),
    "WF-30": ("Eine Kopie, die beim Herausholen nicht stimmt oder fehlt, wird genannt.", "Hausregel"),
    "WF-40": ("Ein neuer Fristenkatalog kennt jede Fristklasse, die eine Akte schon hat.", "Hausregel"),
    "WF-50": ("Eine Berichtigung sagt, was anders werden soll, und ändert jeden Wert, den sie nennt.", "Hausregel"),
    "WF-51": ("Berichtigt wird, wie eine Akte beschrieben ist, und nicht, welche Akte es ist.", "Hausregel"),
    "WF-52": ("Was berichtigt ist, nimmt kein Laufzettel von früher zurück.", "Hausregel"),
    "WF-53": ("Passen Tage nach einer Berichtigung nicht mehr zueinander, wird es am Vorschlag gesagt.", "Hausregel"),
    "WF-54": ("Ein Feld in anderer Schreibweise ist dasselbe Feld und behält seinen Namen.", "Hausregel"),
}
