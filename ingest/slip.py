"""Reads the Laufzettel of a delivery: which Akte, which documents, how many sheets, who, with which device."""

from __future__ import annotations

import difflib
import os
import stat
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from akten.diskwords import may_pass
from akten.errors import Rejected
from akten.files import Digests, digest_bytes
from akten.findings import Finding
from akten.model import Aktenart
from ingest.claimed import CLOSING_MARKERS
from ingest.options import IntakeLimits
from ingest.pageranges import parse_ranges
from ingest.rules import error
from ingest.scans import is_system
from ingest.slip_fields import Part, TooManyFaults, belonging, fold, shown
from ingest.slip_nodes import Kind, SlipUnreadable, decode, parse_json, parse_yaml
from ingest.slip_remarks import remarks_of
from ingest.slipdoc import (
    Ereignis,
    Geraet,
    Qualitaetspruefung,
    Slip,
    SlipDokument,
    SlipVorgang,
)

SLIP_NAMES: tuple[str, ...] = ("laufzettel.json", "laufzettel.yaml", "laufzettel.yml")
NO_SLIP = "Der Laufzettel fehlt; bitte laufzettel.json oder laufzettel.yaml beilegen (Muster: docs/laufzettel.md)."

_PLACES = 200  # folders that are looked into for a slip that lies too deep

_SLIP = (
    "aktenart",
    "fristklasse",
    "aktenzeichen",
    "band",
    "betreff",
    "federfuehrung",
    "aktenplaneinheit",
    "laufzeit",
    "zda_datum",
    "felder",
    "vorgaenge",
    "blattzahl",
    "seitenzahl",
    "duplex",
    "leerseiten_entfernt",
    "digital",
    "operator",
    "geraet",
    "profil",
    "station",
    "gescannt_am",
    "qualitaetspruefung",
    "verfahrensdokumentation",
    "auffaelligkeiten",
    "ereignisse",
    "merkmale",
    "nicht_archivieren",
)
_SLIP_ALIASES = {"az": "aktenzeichen", "record_class": "fristklasse", "titel": "betreff", "blatt": "blattzahl"}
_VORGANG = ("betreff", "zeichen", "typ", "laufzeit", "dokumente")
_DOKUMENT = ("betreff", "typ", "datum", "posteingang", "dateien", "seiten", "digital", "ersetzt")
_LEVELS = (  # a field that stands on the wrong one is told where it belongs
    (_SLIP, "ganz oben auf den Laufzettel"),
    (_VORGANG, "zu einem Vorgang (unter „vorgaenge“)"),
    (_DOKUMENT, "zu einem Dokument (unter „dokumente“ eines Vorgangs)"),
)
_GERAET = ("hersteller", "modell", "seriennummer", "software")
_PRUEFUNG = ("pruefer", "umfang", "ergebnis", "zeitpunkt")
_FAMILIES: Mapping[str, Aktenart] = {fold(family): family for family in Aktenart}


def delivery_root(folder: Path) -> Path:
    """The folder in which the slip lies: `folder`, or the only folder in it, as a packed folder arrives."""
    entries = [
        entry
        for entry in folder.iterdir()
        if not (entry.name.startswith(".") or is_system(entry.name) or entry.name.casefold() in CLOSING_MARKERS)
    ]
    only = entries[0] if len(entries) == 1 else None
    return only if only is not None and only.is_dir() and not only.is_symlink() else folder


def slips(folder: Path) -> list[str]:
    """The names of all slips of a folder, upper or lower case; one is right."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.name.casefold() in SLIP_NAMES)


def slips_below(folder: Path) -> list[str]:
    """The folders below `folder` that hold a slip, by their relative names; of a large tree only the beginning."""
    places = (Path(place) for place, _, _ in islice(os.walk(folder), _PLACES))
    return sorted(str(place.relative_to(folder)) for place in places if place != folder and slips(place))


def no_slip(folder: Path) -> Finding:
    """IN-01 for a folder without a slip, and what lies there in its stead."""
    like = sorted(entry.name for entry in folder.iterdir() if entry.name.casefold().startswith("laufzettel"))
    text = NO_SLIP
    if like:
        text = (
            f"Der Laufzettel heißt genau {', '.join(SLIP_NAMES[:-1])} oder {SLIP_NAMES[-1]}; „{shown(like[0])}“ heißt "
            "anders (Windows zeigt das Ende eines Namens oft nicht an). Bitte umbenennen; er ist eine reine Textdatei."
        )
    elif below := slips_below(folder):
        text = in_subfolders(below)
    return error("IN-01", SLIP_NAMES[0], text)


def in_subfolders(places: Sequence[str]) -> str:
    """The sentence about slips that lie too deep."""
    return (
        f"Laufzettel liegen nur in Unterordnern ({len(places)}, etwa „{shown(places[0])}“); bitte jede Lieferung "
        "einzeln angeben, mit dem Laufzettel oben."
    )


def find_slip(folder: Path) -> Path | None:
    """The slip of a folder; None when there is none. Raises Rejected when there are several."""
    found = slips(folder)
    if len(found) > 1:
        text = f"In der Lieferung liegen mehrere Laufzettel ({', '.join(found)}); bitte nur einen beilegen."
        raise Rejected((error("IN-02", ", ".join(found), text),))
    return folder / found[0] if found else None


def _slip_bytes(path: Path, limits: IntakeLimits) -> bytes:
    """The bytes of a regular file within the limit, for good; links and devices are never opened for reading."""
    if path.is_dir() and not path.is_symlink():
        raise Rejected((error("IN-04", path.name, "Der Laufzettel ist ein Ordner und keine gewöhnliche Datei."),))
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        if may_pass(fault.errno):
            raise
        text = "Der Laufzettel lässt sich nicht öffnen; er muss eine gewöhnliche, lesbare Datei sein."
        raise Rejected((error("IN-04" if path.is_symlink() else "IN-08", path.name, text),)) from fault
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Rejected((error("IN-04", path.name, "Der Laufzettel ist keine gewöhnliche Datei."),))
        data = stream.read(limits.slip_bytes + 1)
        os.fsync(handle)  # as every scan: from its first event on, a delivery survives a power cut
    if len(data) > limits.slip_bytes:
        text = f"Der Laufzettel ist größer als {limits.slip_bytes // 1024} KiB."
        raise Rejected((error("IN-10", path.name, text),))
    return data


@dataclass(frozen=True, slots=True)
class SlipFile:
    """The file of a slip, with the checksums of what was read of it: what is packed later must be the same.

    `remarks` tell what stands in it and is not read.
    """

    path: Path
    digests: Digests
    remarks: tuple[Finding, ...] = ()


def read_slip(folder: Path) -> tuple[Slip, SlipFile]:
    """The slip `laufzettel.json|yaml|yml` of a folder. Raises Rejected with every fault found (IN-01 … IN-17)."""
    path = find_slip(folder)
    if path is None:
        raise Rejected((no_slip(folder),))
    data = _slip_bytes(path, IntakeLimits())
    slip = parse_slip(data, path.name)
    remarks = () if _is_json(path.name) else remarks_of(decode(data), path.name)
    return slip, SlipFile(path, digest_bytes(data), remarks)


def _is_json(name: str) -> bool:
    return name.casefold().endswith(".json")


def parse_slip(data: bytes, name: str) -> Slip:
    """The slip in `data`; `name` tells JSON from YAML. Raises Rejected with every fault found."""
    faults: list[Finding] = []
    try:
        text = decode(data)
        root = (parse_json if _is_json(name) else parse_yaml)(text, IntakeLimits())
        if root.kind is Kind.MAPPING:
            slip = _slip(Part(root, "", name, faults, _SLIP, _SLIP_ALIASES, belonging(_SLIP, _LEVELS)), name)
        else:
            text = "Der Laufzettel besteht aus Feldern der Form „feld: wert“."
            faults.append(SlipUnreadable(root.line, text).finding(name))
    except SlipUnreadable as fault:
        raise Rejected((*faults, fault.finding(name))) from fault
    except TooManyFaults as fault:
        text = f"Es sind mehr als {len(faults)} Fehler; weiter wurde nicht gelesen."
        raise Rejected((*faults, error("IN-10", name, text))) from fault
    if faults:
        raise Rejected(tuple(faults))
    return slip


def _slip(part: Part, name: str) -> Slip:
    """The slip as far as it can be read; it counts only when no fault was added."""
    if not part.has("blattzahl") and not part.has("seitenzahl"):
        part.missing("blattzahl", "wie viele Blatt Papier gescannt wurden (oder „seitenzahl“)")
    geraet = part.part("geraet", _GERAET)
    return Slip(
        aktenart=_aktenart(part),
        aktenzeichen=part.required("aktenzeichen", "das Zeichen der Akte, etwa 63-01234-2019", 100),
        betreff=part.required("betreff", "worum es in der Akte geht", 500),
        operator=part.required("operator", "die Kennung der Person, die gescannt hat", 100),
        datei=name,
        record_class=part.text("fristklasse", 100) or None,
        band=part.number("band", 1, 9999) or 1,
        federfuehrung=part.text("federfuehrung"),
        aktenplaneinheit=part.text("aktenplaneinheit", 100),
        laufzeit=part.laufzeit(),
        zda_datum=part.day("zda_datum"),
        felder=tuple((key, part.scalar(node, path, 500)) for key, node, path in part.pairs("felder")),
        vorgaenge=tuple(
            _vorgang(entry)
            for entry in part.parts("vorgaenge", _VORGANG, {"titel": "betreff"}, belonging(_VORGANG, _LEVELS))
        ),
        blattzahl=part.number("blattzahl", 0, 1_000_000),
        seitenzahl=part.number("seitenzahl", 0, 1_000_000),
        duplex=part.flag("duplex"),
        leerseiten_entfernt=part.flag("leerseiten_entfernt"),
        digital=bool(part.flag("digital")),
        geraet=Geraet(*(geraet.text(field, 100) for field in _GERAET)),
        profil=part.text("profil", 60) or None,
        station=part.text("station", 100),
        gescannt_am=part.instant("gescannt_am"),
        qualitaetspruefung=_pruefung(part),
        verfahrensdokumentation=part.text("verfahrensdokumentation", 100),
        auffaelligkeiten=part.text("auffaelligkeiten", 4000, lines=True),
        ereignisse=_ereignisse(part),
        merkmale=_merkmale(part),
        nicht_archivieren=_names(part, "nicht_archivieren"),
    )


def _aktenart(part: Part) -> Aktenart:
    """The family; with a fault and an arbitrary one when the word names none."""
    text = part.required("aktenart", f"eine von {', '.join(Aktenart)}", 60)
    word = fold(text)
    family = _FAMILIES.get(word) or _FAMILIES.get(word.removesuffix("n"))
    if text and family is None:
        near = difflib.get_close_matches(word, list(_FAMILIES), n=1, cutoff=0.6)
        hint = f" Meinten Sie „{_FAMILIES[near[0]]}“?" if near else f" Bekannt sind: {', '.join(Aktenart)}."
        part.wrong("aktenart", f"Die Aktenart „{shown(text)}“ gibt es nicht.{hint}", "IN-15")
    return family or Aktenart.BAUAKTE


def _pruefung(part: Part) -> Qualitaetspruefung | None:
    if not part.has("qualitaetspruefung"):
        return None
    check = part.part("qualitaetspruefung", _PRUEFUNG)
    return Qualitaetspruefung(
        check.required("pruefer", "die Kennung der prüfenden Person", 100),
        check.text("umfang", 200),
        check.required("ergebnis", "etwa „ohne Beanstandung“", 500),
        check.instant("zeitpunkt"),
    )


def _ereignisse(part: Part) -> tuple[Ereignis, ...]:
    found = []
    for entry in part.parts("ereignisse", ("ereignis", "datum")):
        event = entry.required("ereignis", "der Name im Fristenkatalog, etwa file_closed", 80)
        day = entry.day("datum")
        if day is None and not entry.has("datum"):
            entry.missing("datum", "der Tag des Ereignisses")
        if event and day:
            found.append(Ereignis(event, day))
    return tuple(found)


def _merkmale(part: Part) -> tuple[tuple[str, bool], ...]:
    names = part.keys("merkmale")  # all of them: one without a value is not told, and no fault
    facts = part.part("merkmale", names, {fold(name): name for name in names})
    found = [(name, facts.flag(name)) for name in names]
    return tuple((name, value) for name, value in found if value is not None)


def _names(part: Part, field: str) -> tuple[str, ...]:
    """File names of a list field; a name that leaves the delivery is a fault."""
    found: dict[str, None] = {}
    for path, line, text in part.texts(field, blanks=True):
        name = unicodedata.normalize("NFC", text.replace("\\", "/"))
        pieces = name.split("/")
        if name.startswith("/") or ".." in pieces or ":" in pieces[0][1:2]:
            part.fault(
                "IN-16", line, path, "Der Dateiname verlässt die Lieferung; erlaubt sind Namen innerhalb des Ordners."
            )
        elif not (clean := "/".join(piece for piece in pieces if piece not in ("", "."))):
            part.fault("IN-14", line, path, "Hier steht der Name einer Datei.")
        elif clean in found:
            part.fault("IN-11", line, path, f"Die Datei „{shown(clean)}“ ist hier zweimal genannt.")
        else:
            found[clean] = None
    return tuple(found)


def _vorgang(part: Part) -> SlipVorgang:
    betreff = part.required("betreff", "worum es in dem Vorgang geht", 500)
    aliases = {"titel": "betreff", "datei": "dateien"}
    entries = part.parts("dokumente", _DOKUMENT, aliases, belonging(_DOKUMENT, _LEVELS))
    dokumente = tuple(_dokument(entry) for entry in entries)
    if not dokumente:
        part.missing("dokumente", "mindestens ein Dokument")
    return SlipVorgang(betreff, part.text("zeichen", 100), part.text("typ", 100), part.laufzeit(), dokumente)


def _dokument(part: Part) -> SlipDokument:
    betreff = part.required("betreff", "was für ein Schriftstück es ist", 500)
    one_of_both = part.has("dateien") != part.has("seiten")
    if not one_of_both:
        text = "Ein Dokument nennt entweder „dateien“ oder „seiten“, und genau eines davon."
        part.fault("IN-13", part.line, part.at("dateien"), text)
    faults = part.faults
    dateien, seiten = _names(part, "dateien"), _ranges(part)
    if (
        one_of_both and not dateien and not seiten and part.faults == faults
    ):  # an empty list: it would vanish from the Akte unseen
        field = "seiten" if part.has("seiten") else "dateien"
        part.missing(field, "welche Dateien oder Seiten zu dem Dokument gehören")
    return SlipDokument(
        betreff,
        part.text("typ", 100),
        part.day("datum"),
        part.day("posteingang"),
        dateien,
        seiten,
        bool(part.flag("digital")),
        _ersetzt(part),
    )


def _ersetzt(part: Part) -> str:
    """What the Dokument takes the place of. Left empty it is a fault: the Akte would have both, unseen."""
    faults = part.faults
    text = part.text("ersetzt", 500)
    if part.has("ersetzt") and not text and part.faults == faults:
        what = "Hier steht der Betreff oder die UUID des Dokuments, das ersetzt wird"
        part.wrong("ersetzt", f"{what}; ersetzt dieses keines, bitte das Feld weglassen.")
    return text


def _ranges(part: Part) -> tuple[tuple[int, int], ...]:
    """The ranges of `seiten`: „1-4,7“, a number, or a list of these."""
    if not (texts := part.texts("seiten")):
        return ()
    try:
        return parse_ranges(",".join(text for _, _, text in texts))
    except ValueError as fault:
        sentence = str(fault)
        part.wrong("seiten", f"{sentence[0].upper()}{sentence[1:]}.", "IN-17")
        return ()
