"""What stands on the sheets: invented people, streets and matters of the seven families of files."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST = ("Annegret", "Bodo", "Cordula", "Dietmar", "Elfriede", "Gernot", "Hiltrud", "Ingolf", "Jutta", "Leopold")
LAST = ("Ahrenbrink", "Bollwerk", "Dünnwald", "Escherich", "Feldhöfer", "Grünspan", "Hasselkuß", "Ostermöhle", "Quappe")
STREETS = ("Amselgrund", "Brombeerweg", "Drehergasse", "Eichenstieg", "Fährstraße", "Gerbermühle", "Hopfenzeile")

OFFICE = ("Stadt Neuss", "Der Bürgermeister", "Bauaufsicht · Markt 2", "Zimmer 214")


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person with an invented address."""

    name: str
    street: str
    born: str

    @property
    def address(self) -> tuple[str, str, str]:
        """Three lines for a letter."""
        return (self.name, self.street, "Musterhausen")


def a_person(chance: random.Random) -> Person:
    """Somebody who does not exist."""
    name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
    street = f"{chance.choice(STREETS)} {chance.randint(1, 180)}"
    return Person(name, street, f"{chance.randint(1, 28):02d}.{chance.randint(1, 12):02d}.{chance.randint(1931, 1979)}")


PERMIT = (
    "auf Ihren Antrag wird Ihnen unbeschadet der Rechte Dritter die Genehmigung erteilt, auf dem "
    "Grundstück einen eingeschossigen Anbau mit Wintergarten zu errichten. Die geprüften Bauvorlagen sind "
    "Bestandteil dieses Bescheides.",
    "Die Statik wurde durch den beauftragten Sachverständigen geprüft. Der Baubeginn ist der Bauaufsicht "
    "mindestens eine Woche vorher schriftlich anzuzeigen. Die Genehmigung erlischt, wenn nicht innerhalb "
    "von drei Jahren begonnen wird.",
    "Die Gründung ist frostfrei auszuführen. Das anfallende Niederschlagswasser ist auf dem eigenen "
    "Grundstück zu versickern; ein Anschluss an den öffentlichen Kanal ist gesondert zu beantragen.",
)
STATICS = (
    "Zur Aufnahme der Lasten aus dem Dach wird ein Stahlträger mit einer Stützweite von 4,20 Metern "
    "vorgesehen. Die Auflager werden auf Mauerwerk der Festigkeitsklasse zwölf ausgeführt.",
    "Schneelast und Windlast wurden nach der gültigen Norm angesetzt. Die Durchbiegung bleibt unter dem "
    "zulässigen Wert.",
)
SERVICE = (
    "Sie werden mit Wirkung vom ersten des kommenden Monats der Abteilung Grünflächen zugewiesen. Ihre "
    "Tätigkeit umfasst die Leitung des Bauhofs und die Aufsicht über vier Beschäftigte.",
    "Ihre regelmäßige Arbeitszeit beträgt neununddreißig Stunden in der Woche. Nebentätigkeiten sind "
    "vorher anzuzeigen.",
)
RESIDENCE = (
    "die Ausländerbehörde bestätigt den Eingang Ihres Antrags auf Verlängerung der Aufenthaltserlaubnis. "
    "Bitte legen Sie innerhalb von vier Wochen den Mietvertrag und die letzten drei Lohnabrechnungen vor.",
    "Bis zur Entscheidung gilt der bisherige Aufenthaltstitel als fortbestehend. Eine Bescheinigung liegt bei.",
)
BURIAL = (
    "hiermit wird Ihnen das Nutzungsrecht an der Wahlgrabstätte für die Dauer von dreißig Jahren "
    "verliehen. Die Pflege der Grabstätte obliegt den Nutzungsberechtigten.",
    "Grabmale bedürfen vor der Aufstellung der Zustimmung der Friedhofsverwaltung. Die Gebühr ist "
    "innerhalb eines Monats fällig.",
)
