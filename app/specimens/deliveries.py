"""Makes whole deliveries for the seven families: scans as a desk gives them, the slip, and the ground truth apart."""

from __future__ import annotations

import json
import random
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from fpdf import FPDF
from PIL import Image

from akten.model import Aktenart
from app.specimens.content import BURIAL, OFFICE, PERMIT, RESIDENCE, SERVICE, STATICS, a_person
from app.specimens.fonts import Face, font_file
from app.specimens.scanner import Look, bilevel, save, scanned
from app.specimens.sheets import Sheet, card, form, letter, plan, table_notice


@dataclass(frozen=True, slots=True)
class SpecimenDelivery:
    """One delivery, a folder or a ZIP; `ground_truth` is the text per page in order, "" for a blank one."""

    folder: Path
    ground_truth: tuple[str, ...]
    sheets: int
    pages: int
    blanks: int


@dataclass(slots=True)
class _Desk:
    """One scan desk at work on one delivery."""

    folder: Path
    seed: int
    large: bool = True
    dpi: int = 200
    texts: list[str] = field(default_factory=list)
    blanks: int = 0
    chance: random.Random = field(init=False)
    generator: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.chance = random.Random(self.seed)
        self.generator = np.random.default_rng(self.seed)

    def page(self, sheet: Sheet, behind: Image.Image | None = None, **look: Any) -> Image.Image:
        """A colour scan of one side."""
        self.texts.append(sheet.text)
        look.setdefault("skew", self.chance.uniform(-0.7, 0.7))
        return scanned(sheet, Look(**look), self.generator, behind)

    def back(self, front: Sheet) -> Image.Image:
        """The blank back of a sheet, its front shining through."""
        self.texts.append("")
        self.blanks += 1
        white = Sheet(Image.new("RGB", front.image.size, (253, 252, 249)), front.dpi, [])
        return scanned(white, Look(skew=0.2, noise=4), self.generator, front.image)

    def finish(self, slip: dict[str, Any], *, sheets: int, packed: bool = False) -> SpecimenDelivery:
        """Writes the slip last, so that the delivery is complete with it."""
        complete = {**_SLIP, "blattzahl": sheets, **slip}
        text = json.dumps(complete, ensure_ascii=False, indent=2)
        (self.folder / "laufzettel.json").write_text(text, encoding="utf-8")
        place = _zipped(self.folder) if packed else self.folder
        return SpecimenDelivery(place, tuple(self.texts), sheets, len(self.texts), self.blanks)


_SLIP: dict[str, Any] = {
    "operator": "S17",
    "geraet": {"hersteller": "Kirschbaum", "modell": "DS 940", "seriennummer": "K-22107", "software": "ScanPult 4.2"},
    "station": "Scanplatz 2",
    "profil": "standard",
    "gescannt_am": "2026-11-20T09:15",
    "verfahrensdokumentation": "VD Scannen 3.1",
    "auffaelligkeiten": "keine",
    "qualitaetspruefung": {
        "pruefer": "S04",
        "umfang": "vollständig",
        "ergebnis": "ohne Beanstandung",
        "zeitpunkt": "2026-11-20T11:30",
    },
}


def _zipped(folder: Path) -> Path:
    """The folder as a ZIP beside it; same files, same bytes."""
    import zipfile

    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for file in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(file.name, (2026, 11, 20, 12, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, file.read_bytes())
    shutil.rmtree(folder)
    return target


# --- one function per family ------------------------------------------------------------------------------------------


def _bauakte(desk: _Desk) -> SpecimenDelivery:
    who, chance, dpi = a_person(desk.chance), desk.chance, desk.dpi
    permit = letter(
        OFFICE, who.address, "Baugenehmigung Az. 63-01234-2019", PERMIT, "04.07.2019", dpi=dpi, chance=chance
    )
    statics = letter(
        ("Büro Lindgart", "Tragwerksplanung"),
        OFFICE,
        "Statische Berechnung zum Anbau",
        STATICS,
        "12.05.2019",
        dpi=dpi,
        chance=chance,
        face=Face.TYPEWRITER,
        stamped="14.05.2019",
    )
    request = form(
        "Bauantrag",
        (
            ("Bauherr", who.name),
            ("Grundstück", who.street),
            ("Flur, Flurstück", "Flur 12, Flurstück 345"),
            ("Vorhaben", "Anbau Wintergarten"),
            ("Entwurfsverfasser", "Büro Lindgart"),
        ),
        dpi=dpi,
        remark="Die Bauvorlagen sind in dreifacher Ausfertigung beigefügt.",
    )
    save([desk.page(request)], desk.folder / "01 Bauantrag.jpg", dpi)
    permit_pages = [desk.page(permit), desk.back(permit)]
    for number, picture in enumerate(permit_pages, 1):
        save([picture], desk.folder / f"02 Genehmigung {number}.jpg", dpi)
    save([bilevel(desk.page(statics, turn=2))], desk.folder / "03 Statik.tif", dpi)
    drawing = plan("Lageplan", "Flur 12, Flurstück 345", width_mm=420, height_mm=297, dpi=dpi, chance=chance)
    save([bilevel(desk.page(drawing, holes=False, skew=0.0))], desk.folder / "04 Lageplan A3.tif", dpi)
    if desk.large:
        large = plan("Entwässerung", "Flur 12, Flurstück 345", width_mm=841, height_mm=594, dpi=150, chance=chance)
        save([bilevel(desk.page(large, holes=False, skew=0.0, blur=0.0))], desk.folder / "05 Plan A1.tif", 150)
    documents = [
        {"betreff": "Bauantrag", "typ": "Antrag", "datum": "2019-03-28", "dateien": ["01 Bauantrag.jpg"]},
        {
            "betreff": "Baugenehmigung",
            "typ": "Bescheid",
            "datum": "2019-07-04",
            "dateien": ["02 Genehmigung 1.jpg", "02 Genehmigung 2.jpg"],
        },
    ]
    proofs = [
        {"betreff": "Statische Berechnung", "typ": "Nachweis", "datum": "2019-05-12", "dateien": ["03 Statik.tif"]},
        {"betreff": "Lageplan", "typ": "Plan", "dateien": ["04 Lageplan A3.tif"]},
    ]
    if desk.large:
        proofs.append({"betreff": "Entwässerungsplan", "typ": "Plan", "dateien": ["05 Plan A1.tif"]})
    slip = {
        "aktenart": "Bauakte",
        "aktenzeichen": "63-1234-19",
        "betreff": f"Anbau Wintergarten, {who.street}",
        "federfuehrung": "Bauaufsicht",
        "aktenplaneinheit": "63-12 Baugenehmigungen",
        "zda_datum": "2021-03-04",
        "felder": {"Flur": "12", "Flurstück": "345", "Gemarkung": "Musterhausen"},
        "vorgaenge": [
            {"betreff": "Genehmigungsverfahren", "typ": "Genehmigungsverfahren", "dokumente": documents},
            {"betreff": "Bautechnische Nachweise", "typ": "Prüfung", "dokumente": proofs},
        ],
    }
    # One sheet was scanned on both sides: the desk counts pages here.
    return desk.finish({**slip, "seitenzahl": len(desk.texts), "blattzahl": None}, sheets=len(desk.texts) - desk.blanks)


def _steuerakte(desk: _Desk) -> SpecimenDelivery:
    who = a_person(desk.chance)
    rows = (
        ("Jahr", "Steuerart", "Betrag"),
        ("2018", "Gewerbesteuer", "1.284,00"),
        ("2019", "Gewerbesteuer", "1.377,50"),
    )
    notice = table_notice(
        "Steuerbescheid", rows, "2.661,50 Euro", dpi=desk.dpi, intro=f"Bescheid an {who.name}, {who.street}."
    )
    answer = letter(
        who.address,
        ("Stadt Neuss", "Steueramt", "Markt 2"),
        "Widerspruch gegen den Bescheid",
        ("gegen den Bescheid lege ich Widerspruch ein. Die Höhe des Messbetrags ist für mich nicht nachvollziehbar.",),
        "19.02.2020",
        dpi=desk.dpi,
        chance=desk.chance,
        face=Face.TYPEWRITER,
        stamped="21.02.2020",
    )
    pages = [desk.page(notice), desk.page(answer)]
    save([bilevel(page) for page in pages], desk.folder / "steuerakte.tif", desk.dpi)
    dokumente = [
        {"betreff": "Gewerbesteuerbescheid", "typ": "Bescheid", "datum": "2020-02-03", "seiten": "1"},
        {
            "betreff": "Widerspruch",
            "typ": "Schreiben",
            "datum": "2020-02-19",
            "posteingang": "2020-02-21",
            "seiten": "2",
        },
    ]
    slip = {
        "aktenart": "Steuerakte",
        "aktenzeichen": "90/4711/2018",
        "betreff": f"Gewerbesteuer {who.name}",
        "federfuehrung": "Steueramt",
        "zda_datum": "2022-01-31",
        "felder": {"Steuernummer": "122/5678/1234"},
        "vorgaenge": [{"betreff": "Veranlagung 2018 und 2019", "dokumente": dokumente}],
    }
    return desk.finish(slip, sheets=2)


def _personalakte(desk: _Desk) -> SpecimenDelivery:
    who = a_person(desk.chance)
    pages = []
    for date in ("01.04.1988", "01.10.1996"):
        sheet = letter(
            ("Stadt Neuss", "Personalamt"), who.address, "Zuweisung", SERVICE, date, dpi=desk.dpi, chance=desk.chance,
            face=Face.TYPEWRITER,
        )  # fmt: skip
        pages += [desk.page(sheet, yellow=0.09), desk.back(sheet)]
    save(pages, desk.folder / "personalakte.pdf", desk.dpi)
    slip = {
        "aktenart": "Personalakte",
        "aktenzeichen": "11/4711",
        "betreff": f"Personalakte {who.name}",
        "federfuehrung": "Personalamt",
        "duplex": True,
        "felder": {"Personalnummer": "004711"},
        "vorgaenge": [{"betreff": "Grundakte", "dokumente": [{"betreff": "Zuweisungen", "seiten": "1-4"}]}],
    }
    return desk.finish(slip, sheets=2)


def _einwohnermeldeakte(desk: _Desk) -> SpecimenDelivery:
    who = a_person(desk.chance)
    sheet = card(
        "Einwohnermeldekartei",
        (("Name", who.name), ("geboren", who.born), ("Wohnung", who.street), ("zugezogen", "1974 aus Musterhausen"),
         ("Staatsangehörigkeit", "deutsch")),
        dpi=300,
    )  # fmt: skip
    save([desk.page(sheet, holes=False, yellow=0.12, edge=True).convert("L")], desk.folder / "karte.png", 300)
    slip = {
        "aktenart": "Einwohnermeldeakte",
        "aktenzeichen": "33 123456 1974",
        "betreff": f"Meldekarte {who.name}",
        "federfuehrung": "Bürgeramt",
    }
    return desk.finish(slip, sheets=1, packed=True)


def _auslaenderakte(desk: _Desk) -> SpecimenDelivery:
    who = a_person(desk.chance)
    sheet = letter(
        ("Stadt Neuss", "Ausländerbehörde"), who.address, "Ihr Antrag auf Verlängerung", RESIDENCE, "11.09.2012",
        dpi=desk.dpi, chance=desk.chance,
    )  # fmt: skip
    _born_digital(desk, who.name)  # first, since its name stands first: the ground truth follows the files
    save([desk.page(sheet).convert("L")], desk.folder / "schreiben.tif", desk.dpi)
    slip = {
        "aktenart": "Ausländerakte",
        "aktenzeichen": "34-2207-12",
        "betreff": f"Aufenthalt {who.name}",
        "federfuehrung": "Ausländerbehörde",
        "vorgaenge": [
            {
                "betreff": "Verlängerung der Aufenthaltserlaubnis",
                "dokumente": [
                    {"betreff": "Eingangsbestätigung", "datum": "2012-09-11", "dateien": ["schreiben.tif"]},
                    {
                        "betreff": "Bescheinigung",
                        "datum": "2012-10-02",
                        "dateien": ["bescheinigung.pdf"],
                        "digital": True,
                    },
                ],
            }
        ],
    }
    return desk.finish(slip, sheets=1)


def _born_digital(desk: _Desk, name: str) -> None:
    """A PDF with real text, as an office program writes it."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime(2012, 10, 2, 9, 0, tzinfo=UTC))  # the present time would change the bytes
    pdf.add_page()
    pdf.add_font("Text", fname=str(font_file(Face.SERIF)))
    pdf.set_font("Text", size=13)
    lines = (
        "Bescheinigung",
        f"Für {name} wird bestätigt,",
        "dass der Aufenthaltstitel bis zur Entscheidung fortbesteht.",
    )
    for line in lines:
        pdf.cell(0, 10, line, new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(desk.folder / "bescheinigung.pdf"))
    desk.texts.append("\n".join(lines))


def _gewerbeakte(desk: _Desk) -> SpecimenDelivery:
    who = a_person(desk.chance)
    sheet = form(
        "Gewerbe-Anmeldung",
        (("Name", who.name), ("Anschrift der Betriebsstätte", who.street), ("Tätigkeit", "Reparatur von Fahrrädern"),
         ("Beginn der Tätigkeit", "01.03.2021"), ("Zahl der Beschäftigten", "2")),
        dpi=desk.dpi,
    )  # fmt: skip
    save([desk.page(sheet)], desk.folder / "anmeldung.jpg", desk.dpi)
    slip = {
        "aktenart": "Gewerbeakte",
        "aktenzeichen": "32/814/2021",
        "betreff": f"Gewerbe {who.name}",
        "federfuehrung": "Ordnungsamt",
    }
    return desk.finish(slip, sheets=1)


def _friedhofsakte(desk: _Desk) -> SpecimenDelivery:
    who = a_person(desk.chance)
    grave = card(
        "Grabkarte Hauptfriedhof",
        (("Feld", "HF 12"), ("Grab", "345"), ("Nutzungsberechtigt", who.name), ("Ruhezeit bis", "31.12.2041")),
        dpi=300,
    )
    right = letter(
        ("Stadt Neuss", "Friedhofsverwaltung"), who.address, "Verleihung des Nutzungsrechts", BURIAL, "02.11.2011",
        dpi=desk.dpi, chance=desk.chance,
    )  # fmt: skip
    save([desk.page(grave, holes=False, yellow=0.1).convert("L")], desk.folder / "grabkarte.png", 300)
    save([bilevel(desk.page(right))], desk.folder / "urkunde.tif", desk.dpi)
    slip = {
        "aktenart": "Friedhofsakte",
        "aktenzeichen": "67 HF 12 345",
        "betreff": f"Wahlgrab {who.name}",
        "federfuehrung": "Friedhofsverwaltung",
        "felder": {"Grabart": "Wahlgrab"},
    }
    return desk.finish(slip, sheets=2)


_FAMILIES: dict[Aktenart, Callable[[_Desk], SpecimenDelivery]] = {
    Aktenart.BAUAKTE: _bauakte,
    Aktenart.STEUERAKTE: _steuerakte,
    Aktenart.PERSONALAKTE: _personalakte,
    Aktenart.EINWOHNERMELDEAKTE: _einwohnermeldeakte,
    Aktenart.AUSLAENDERAKTE: _auslaenderakte,
    Aktenart.GEWERBEAKTE: _gewerbeakte,
    Aktenart.FRIEDHOFSAKTE: _friedhofsakte,
}


def make_delivery(target: Path, kind: Aktenart, seed: int, *, large: bool = True) -> SpecimenDelivery:
    """One delivery of a family in the new folder `target` (or `target.zip`); `large` with the A1 plan."""
    return _FAMILIES[kind](_Desk(target, zlib.crc32(f"{kind.name}/{seed}".encode()), large=large))


def make_demo_deliveries(target: Path, seed: int) -> list[SpecimenDelivery]:
    """Seven good deliveries, one per family, and one with a wrong sheet count for the clearing desk."""
    made = [make_delivery(target / f"stapel-{kind.name.lower()}", kind, seed) for kind in Aktenart]
    wrong = make_delivery(target / "stapel-falsch-gezaehlt", Aktenart.GEWERBEAKTE, seed + 1000)
    slip_file = wrong.folder / "laufzettel.json"
    slip = json.loads(slip_file.read_text(encoding="utf-8"))
    slip.update(aktenzeichen="32/815/2021", blattzahl=3)
    slip_file.write_text(json.dumps(slip, ensure_ascii=False, indent=2), encoding="utf-8")
    return [*made, SpecimenDelivery(wrong.folder, wrong.ground_truth, 3, wrong.pages, wrong.blanks)]


def make_large(target: Path, pages: int, seed: int) -> SpecimenDelivery:
    """One delivery of so many bilevel letter pages in one TIFF, for measuring."""
    desk = _Desk(target, seed)
    who = a_person(desk.chance)
    sheets = [
        letter(OFFICE, who.address, f"Blatt {number}", PERMIT[:2], "04.07.2019", dpi=200, chance=desk.chance)
        for number in range(1, min(pages, 12) + 1)
    ]
    pictures = [bilevel(desk.page(sheet)) for sheet in sheets]
    run = [pictures[number % len(pictures)] for number in range(pages)]
    desk.texts = [sheets[number % len(sheets)].text for number in range(pages)]
    save(run, desk.folder / "stapel.tif", 200)
    slip = {"aktenart": "Bauakte", "aktenzeichen": f"63-{seed % 99999}-18", "betreff": "Großer Stapel"}
    return desk.finish(slip, sheets=pages)
