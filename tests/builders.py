"""Builders for walks: pages with real letters, deliveries with a slip; override one thing to break one thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

FONTS = (
    "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)
LETTER = (
    "Stadt Neuss, Bauaufsicht",
    "Genehmigung zum Anbau eines Wintergartens",
    "Das Vorhaben auf dem Flurstück 345 entspricht",
    "den öffentlich-rechtlichen Vorschriften.",
    "Die Statik wurde geprüft und liegt bei.",
)


def a_page(target: Path, lines: tuple[str, ...] = LETTER, *, dpi: int = 150, turned: int = 0) -> Path:
    """A page of a letter, A5 at 150 dpi, gray; the suffix decides the format."""
    picture = Image.new("L", (int(5.8 * dpi), int(8.3 * dpi)), 255)
    font = ImageFont.truetype(next(f for f in FONTS if Path(f).exists()), int(dpi * 0.19))
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((dpi * 0.5, dpi * (0.8 + 0.5 * number)), line, fill=20, font=font)
    picture.rotate(turned, expand=True).save(target, dpi=(dpi, dpi))
    return target


def a_blank_page(target: Path, *, dpi: int = 150) -> Path:
    """A white back."""
    Image.new("L", (int(5.8 * dpi), int(8.3 * dpi)), 252).save(target, dpi=(dpi, dpi))
    return target


def a_slip(**changes: Any) -> dict[str, Any]:
    """A complete slip of a Bauakte with one sheet."""
    slip: dict[str, Any] = {
        "aktenart": "Bauakte",
        "aktenzeichen": "63-1-20",
        "betreff": "Anbau Wintergarten",
        "federfuehrung": "Bauaufsicht",
        "blattzahl": 1,
        "operator": "S17",
        "geraet": {"hersteller": "Muster", "modell": "X1", "software": "ScanPro 4"},
        "station": "Scanplatz 2",
        "profil": "standard",
        "gescannt_am": "2026-11-20T09:15",
        "verfahrensdokumentation": "VD 3.1",
        "auffaelligkeiten": "keine",
        "zda_datum": "2021-03-04",
        "qualitaetspruefung": {
            "pruefer": "S18",
            "umfang": "vollständig",
            "ergebnis": "ohne Beanstandung",
            "zeitpunkt": "2026-11-20T10:00",
        },
        "felder": {"Flurstück": "12/345"},
    }
    slip.update(changes)
    return {key: value for key, value in slip.items() if value is not None}


def a_delivery(folder: Path, *, pages: int = 1, seed: str = "", **changes: Any) -> Path:
    """A delivery folder with so many one-page scans and its slip; `seed` makes its pictures its own."""
    folder.mkdir(parents=True)
    mark = seed or f"{folder.name} {changes.get('aktenzeichen', '')}"
    for number in range(1, pages + 1):
        a_page(folder / f"scan{number}.png", (*LETTER, f"Zeichen {mark} Blatt {number}"))
    slip = a_slip(**{"blattzahl": pages, **changes})
    (folder / "laufzettel.json").write_text(json.dumps(slip, ensure_ascii=False), encoding="utf-8")
    return folder
