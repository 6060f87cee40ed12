"""Rules on Schriftgutobjekte: ids, numbers, descriptions, retention, periods, depth (XD-30 to XD-54, XD-8n)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from akten.localtime import berlin_day
from metadata.checks_head import head_of
from metadata.codelists import (
    AUSSONDERUNGSART,
    BEWERTUNGSVORSCHLAG,
    LIST_PREFIX,
    MEDIUM,
    PAPIER,
    VERTRAULICHKEITSSTUFE,
)
from metadata.profile import Profile
from metadata.rules import Findings, Purpose
from metadata.tree import by_name, child, local, text_of
from metadata.values import is_uuid, parse_date, parse_instant, parse_year_end

AKTE = frozenset({"Akte", "Teilakte"})
VORGANG = frozenset({"Vorgang", "Teilvorgang"})
DOKUMENT = frozenset({"Dokument", "Anlage", "Schriftstueck", "DokumentMitSchriftstueck", "Anschreiben"})
OBJECTS = AKTE | VORGANG | DOKUMENT
DEEPEST = 5
_DATES = (
    "Posteingangsdatum",
    "Postausgangsdatum",
    "DatumDesSchreibens",
    "ZdADatum",
    "Transferfristende",
    "DatumUhrzeit",
    "ZeitpunktLetzteAenderung",
)
NO_DATE = "Der Wert ist kein Datum zwischen den Jahren 1 und 9999."

Children = dict[str, list[etree._Element]]


@dataclass(slots=True)
class Seen:
    """What the walk over the objects learned: their UUIDs (lower case) and how many there are."""

    uuids: set[str] = field(default_factory=set)
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Around:
    """What an object takes from those around it."""

    levels: int = 0  # objects that count as a level
    medium: str = ""  # of the nearest that says one
    retention: bool = False  # one of them says the Aussonderungsart
    letter: bool = False  # one of them is an Anschreiben


@dataclass(frozen=True, slots=True)
class _Context:
    """What every rule needs to know of the message."""

    version: str
    code: str
    created: date | None
    findings: Findings
    known: dict[etree._Element, _Around] = field(default_factory=dict)

    @property
    def retention(self) -> str:
        return "Aussonderungsmetadaten" if self.version.startswith("4.") else "ArchivspezifischeMetadaten"

    @property
    def key(self) -> str:
        return "xdomeaUUID" if self.version.startswith("4.") else "ID"

    def around(self, element: etree._Element) -> _Around:
        """What lies around an element, looked up once per parent: an Akte may hold 20,000 Dokumente."""
        outer = element.getparent()
        if outer is None:
            return _Around()
        if (known := self.known.get(outer)) is None:
            known = self.known[outer] = self._with(outer, self.around(outer))
        return known

    def _with(self, outer: etree._Element, further: _Around) -> _Around:
        name = local(outer.tag)
        if name not in OBJECTS:
            return further
        # in 4.0.0 an Anlage only wraps its Dokument and is no level of its own
        level = not (name == "Anlage" and self.version.startswith("4."))
        return _Around(
            further.levels + level,
            text_of(child(outer, "AllgemeineMetadaten", "Medium", "code")) or further.medium,
            further.retention or child(outer, self.retention, "Aussonderungsart") is not None,
            further.letter or name == "Anschreiben",
        )


def check_objects(root: etree._Element, version: str, code: str, findings: Findings, profile: Profile | None) -> Seen:
    """All rules on the objects of a message; messages without objects pass."""
    seen = Seen()
    if code not in ("0501", "0503"):
        return seen
    created = _created(root, version)
    context = _Context(version, code, created, findings)
    space = etree.QName(root).namespace
    for ident in root.iter(f"{{{space}}}Identifikation"):
        _check_uuid(context, ident, seen)
    for element in root.iter(*(f"{{{space}}}{kind}" for kind in sorted(OBJECTS))):
        inside = by_name(element)
        if "Identifikation" in inside:
            seen.count += 1
            _check_object(context, element, local(element.tag), inside)
    for period in root.iter(f"{{{space}}}Laufzeit", f"{{{space}}}Gueltigkeit"):
        _check_period(context, period)
    for element in root.iter(*(f"{{{space}}}{name}" for name in _DATES)):
        if not _in_calendar(element.text or ""):
            findings.add("XD-16", element, NO_DATE)
    if profile is not None and seen.count > profile.max_objects:
        text = f"Die Nachricht enthält {seen.count} Schriftgutobjekte; der Empfänger nimmt {profile.max_objects} an."
        findings.add("XD-82", "/", text)
    return seen


def _in_calendar(written: str) -> bool:
    """True for what starts like a date that Python knows; the schema allows years before 1 and after 9999."""
    year = written.strip()[:5]
    if year[4:] != "-" or not year[:4].isdecimal() or year == "0000-":
        return False
    if year not in ("0001-", "9999-") or "T" not in written:
        return True
    try:  # at either end a zone may lead out of the calendar
        parse_instant(written)
    except ValueError:
        return False
    return True


def _created(root: etree._Element, version: str) -> date | None:
    """The day of the message where the city has its desks: an hour or two of it belong to the day before in UTC."""
    head = head_of(root, version)
    path = (
        ("identifikation.nachricht", "erstellungszeitpunkt") if version.startswith("4.") else ("Erstellungszeitpunkt",)
    )
    try:
        moment = parse_instant(text_of(child(head, *path)))
        return berlin_day(moment) if moment.tzinfo else moment.date()
    except (ValueError, OverflowError):
        return None


def _check_uuid(context: _Context, ident: etree._Element, seen: Seen) -> None:
    holder = child(ident, context.key)
    if holder is None:
        return  # the schema says so
    written = holder.text or ""
    if not is_uuid(written):
        context.findings.add("XD-30", holder, "Die UUID hat nicht die strenge Form (8-4-4-4-12 Hexadezimalziffern).")
        return
    outer = ident.getparent()
    if outer is not None and local(outer.tag) == "InternerGeschaeftsgang":
        return  # no Schriftgutobjekt, and told again with each object that it dealt with
    key = written.lower()
    if key in seen.uuids:
        context.findings.add("XD-31", holder, "Diese UUID trägt schon ein anderes Objekt der Nachricht.")
    seen.uuids.add(key)


def _check_object(context: _Context, element: etree._Element, kind: str, inside: Children) -> None:
    metadata = by_name(inside["AllgemeineMetadaten"][0]) if "AllgemeineMetadaten" in inside else {}
    add = context.findings.add
    if not _filled(metadata, "Betreff") and kind != "Anschreiben":
        add("XD-40", element, f"„{kind}“ hat keinen Betreff.")
    _check_codes(context, metadata)
    _check_depth(context, element, kind)
    _check_numbers(context, element, inside)
    if kind in DOKUMENT:
        _check_document(context, element, kind, inside, metadata)
        return
    if not _filled(metadata, "Kennzeichen"):
        add("XD-41", element, f"„{kind}“ hat kein Kennzeichen.")
    if not _filled(inside, "Typ"):
        add("XD-48", element, f"„{kind}“ hat keinen Typ.")
    if _true(inside, "Kontextobjekt"):
        _check_context(context, element)
        return
    _check_retention(context, element, kind, inside)
    if not _has_period(inside) and "laufzeit" not in _text(metadata, "Bemerkung").lower():
        add("XD-44", element, f"„{kind}“ hat keine Laufzeit und keinen Vermerk, warum nicht.")
    _check_closed(context, element, kind, inside)


def _filled(inside: Children, name: str) -> bool:
    return bool(_text(inside, name))


def _text(inside: Children, name: str) -> str:
    return text_of(inside[name][0]) if name in inside else ""


def _true(inside: Children, name: str) -> bool:
    return _text(inside, name) in ("1", "true")


def _code(inside: Children, name: str) -> str | None:
    """The code in an element, None when the element is not there."""
    return text_of(child(inside[name][0], "code")) if name in inside else None


def _has_period(inside: Children) -> bool:
    return "Laufzeit" in inside and any(text_of(limit) for limit in inside["Laufzeit"][0])


def _check_codes(context: _Context, metadata: Children) -> None:
    """Code lists that no schema enforces, or that nobody checked when the schema is not there."""
    medium = _code(metadata, "Medium")
    if medium is not None and medium not in MEDIUM:
        context.findings.add("XD-67", metadata["Medium"][0], "Der Code steht nicht in der Codeliste medium.")
    level = metadata.get("Vertraulichkeitsstufe", [None])[0]
    if level is None and "Geheimhaltung" in metadata:
        level = child(metadata["Geheimhaltung"][0], "Geheimhaltungsgrad")
        if level is not None and level.get("listURI") != LIST_PREFIX + "vertraulichkeitsstufe":
            level = None  # by agreement any list may stand here
    if level is not None and text_of(child(level, "code")) not in VERTRAULICHKEITSSTUFE:
        context.findings.add("XD-67", level, "Der Code steht nicht in der Codeliste vertraulichkeitsstufe.")


def _check_depth(context: _Context, element: etree._Element, kind: str) -> None:
    levels = 1 + context.around(element).levels
    if levels > DEEPEST:
        context.findings.add("XD-80", element, f"Das Objekt liegt auf der {levels}. Ebene; erlaubt sind {DEEPEST}.")
    outer = element.getparent()
    if kind == "Dokument" and outer is not None and local(outer.tag) == "Schriftgutobjekt":
        context.findings.add("XD-81", element, "Ein einzelnes Dokument steht auf oberster Ebene.")


def _check_numbers(context: _Context, element: etree._Element, inside: Children) -> None:
    """Siblings of one kind: all numbered or none, no number twice."""
    if "Akteninhalt" in inside:
        inside = inside | by_name(inside["Akteninhalt"][0])
    for kind in ("Dokument", "Vorgang", "Teilakte", "Teilvorgang", "DokumentOderDokumentMitSchriftstueck"):
        siblings = inside.get(kind, ())
        if len(siblings) < 2:
            continue
        if kind.startswith("DokumentOder"):
            siblings = [wrapped for wrapper in siblings for wrapped in wrapper]
        numbers = [text_of(child(one, "Identifikation", "NummerImUebergeordnetenContainer")) for one in siblings]
        given = [number for number in numbers if number]
        if given and len(given) < len(numbers):
            context.findings.add("XD-32", element, "Einige Objekte sind nummeriert, ihre Geschwister nicht.")
        if any(count > 1 for count in Counter(given).values()):
            context.findings.add("XD-32", element, "Zwei Geschwister tragen dieselbe Nummer.")


def _check_document(
    context: _Context, element: etree._Element, kind: str, inside: Children, metadata: Children
) -> None:
    files = any(local(part.tag) == "Format" for version in inside.get("Version", ()) for part in version)
    if context.code == "0501":
        if files and kind != "Anschreiben" and not context.around(element).letter:
            context.findings.add("XD-52", element, "Ein Anbieteverzeichnis enthält keine Primärdokumente.")
        return
    if files or kind == "DokumentMitSchriftstueck":
        return
    if (_code(metadata, "Medium") or context.around(element).medium) != PAPIER:
        context.findings.add("XD-51", element, "Das Dokument hat keine Version mit einer Datei.")


def _check_context(context: _Context, element: etree._Element) -> None:
    """A context object without anything real below it places nothing."""
    real = ("0", "false")
    below = element.iterdescendants(f"{{{etree.QName(element).namespace}}}Kontextobjekt")
    own = child(element, "Kontextobjekt")
    if not any(text_of(flag) in real for flag in below if flag is not own):
        context.findings.add("XD-54", element, "Das Kontextobjekt umschließt nichts, das ausgesondert wird.")


def _check_retention(context: _Context, element: etree._Element, kind: str, inside: Children) -> None:
    add = context.findings.add
    holder = inside.get(context.retention, [None])[0]
    retention = by_name(holder) if holder is not None else {}
    years = "Aufbewahrungsdauer" in retention
    art = "Aussonderungsart" in retention
    if not (years and art) and not _inherits(context, element):
        add("XD-42", element, f"„{kind}“ hat keine Aufbewahrungsdauer oder keine Aussonderungsart.")
    if art:
        _check_art(context, retention["Aussonderungsart"][0])
    if (proposal := _code(retention, "Bewertungsvorschlag")) is not None and proposal not in BEWERTUNGSVORSCHLAG:
        add("XD-67", retention["Bewertungsvorschlag"][0], "Der Bewertungsvorschlag ist weder A noch V.")
    ends = retention.get("Aufbewahrungsende", [None])[0]
    if ends is None:
        return
    if years and child(retention["Aufbewahrungsdauer"][0], "Unbefristet") is not None:
        add("XD-50", ends, "Die Aufbewahrung ist unbefristet und hat doch ein Ende.")
    try:
        last = (parse_year_end if context.version.startswith("2.") else parse_date)(text_of(ends))
    except ValueError:
        add("XD-16", ends, NO_DATE)
        return
    if context.code == "0503" and context.created is not None and last >= context.created:
        add("XD-49", ends, "Die Aufbewahrungsfrist war bei der Erstellung der Nachricht noch nicht abgelaufen.")


def _inherits(context: _Context, element: etree._Element) -> bool:
    """In foreign messages the Aussonderungsart is inherited downwards; our own say it everywhere."""
    return context.findings.purpose is Purpose.FOREIGN and context.around(element).retention


def _check_art(context: _Context, wrapper: etree._Element) -> None:
    inner = wrapper if context.version.startswith("2.") else child(wrapper, "Aussonderungsart")
    code = text_of(child(inner, "code")) if inner is not None else ""
    if inner is not None and code not in AUSSONDERUNGSART:
        context.findings.add("XD-67", wrapper, "Der Code steht nicht in der Codeliste aussonderungsart.")
        return
    wanted = "A" if context.code == "0503" else "B"
    if context.code == "0501" and inner is None:
        return  # an agreed free value
    if code != wanted:
        text = f"In einer Nachricht {context.code} lautet die Aussonderungsart {wanted}."
        context.findings.add("XD-43", wrapper, text)


def _check_closed(context: _Context, element: etree._Element, kind: str, inside: Children) -> None:
    two = context.version.startswith("2.")
    closed = _true(inside, "ZdA")
    dated = "ZdADatum" in inside
    if dated and not closed:
        context.findings.add("XD-47", element, f"„{kind}“ hat ein Datum der z.d.A.-Verfügung, ist aber nicht z.d.A.")
    if two and kind in AKTE:
        return  # 2.x knows z.d.A. at a Vorgang only, and no date
    if not closed or not (dated or two):
        context.findings.add("XD-46", element, f"„{kind}“ ist nicht z.d.A. verfügt oder das Datum fehlt.")


def _check_period(context: _Context, period: etree._Element) -> None:
    days: list[date] = []
    for limit in (child(period, name) for name in ("Beginn", "Ende")):
        if limit is not None:
            try:
                days.append(parse_date(text_of(limit)))
            except ValueError:
                context.findings.add("XD-16", limit, NO_DATE)
    if len(days) == 2 and days[1] < days[0]:
        context.findings.add("XD-45", period, "Das Ende liegt vor dem Beginn.")
