"""Says in German what a schema finds wrong: the element and what is expected, never the value.

libxml2 speaks English and quotes the value, which may be personal data, and may look like anything it says itself.
"""

from __future__ import annotations

import re

from lxml import etree

_SHAPE = re.compile(r"Element '((?:\{[^']*\})?[^']*)'(?:, attribute '((?:\{[^']*\})?[^']*)')?: (.*)", re.DOTALL)
_EXPECTED = re.compile(r"[^']*Expected is(?: one of)? \( (.*) \)")
_LACKING = re.compile(r"The attribute '([^']*)' is required")
_NAMESPACE = re.compile(r"\{[^}]*\}")
_SAID = (
    ("This element is not expected", "„{}“ ist hier nicht erlaubt."),
    ("Missing child element", "In „{}“ fehlt etwas."),
    ("Character content", "In „{}“ steht Text, wo keiner stehen darf."),
    ("Element content", "In „{}“ stehen Elemente, wo nur Text stehen darf."),
    ("The type definition is abstract", "Bei „{}“ fehlt die Angabe seiner Art (xsi:type)."),
    ("The element is not 'nillable'", "„{}“ darf nicht ausdrücklich leer sein (xsi:nil)."),
    ("No matching global", "„{}“ ist kein Element, mit dem eine Datei nach diesem Schema beginnt."),
)


def sentence(entry: etree._LogEntry) -> str:
    """What is wrong at one place, in one sentence."""
    found = _SHAPE.match(entry.message or "")
    if found is None:
        return "Die Datei entspricht nicht dem Schema."
    name, attribute, said = _NAMESPACE.sub("", found[1]), found[2], found[3]
    if attribute is not None:
        attribute = _NAMESPACE.sub("", attribute)
        return f"Das Attribut „{attribute}“ von „{name}“ hat keinen erlaubten Wert oder ist nicht erlaubt."
    if lacking := _LACKING.match(said):
        return f"An „{name}“ fehlt das verlangte Attribut „{_NAMESPACE.sub('', lacking[1])}“."
    if expected := _EXPECTED.match(said):
        wanted = _NAMESPACE.sub("", expected[1]).replace("##other", "").strip(" ,")
        if said.startswith("Missing child"):
            return f"In „{name}“ fehlt etwas; erwartet wird: {wanted}."
        return f"„{name}“ steht hier an falscher Stelle oder ist nicht erlaubt; erwartet wird: {wanted}."
    for start, words in _SAID:
        if said.startswith(start):
            return words.format(name)
    return f"Der Wert von „{name}“ hat nicht die verlangte Form."
