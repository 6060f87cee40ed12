"""The forecast as a picture (PNG, SVG): what becomes free in which year, by Aktenart, and what has no such year."""

from __future__ import annotations

import io
from pathlib import Path

from app.written import write_whole
from retention.forecast import APART, FREE, HELD, LATER, OPEN, PERMANENT, UNKNOWN, Forecast

# Distinguishable without colours, too: each Aktenart has its own hatching (Okabe and Ito's palette).
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_HATCHES = ("", "//", "..", "xx", "\\\\", "--", "++", "oo")
COLUMNS_DE = {
    FREE: "schon frei",
    LATER: "später",
    HELD: "gesperrt",
    OPEN: "ohne Ende",
    PERMANENT: "dauernd",
    UNKNOWN: "nicht berechnet",
}
FORMATS = ("png", "svg")


def kind_of(path: Path) -> str:
    """What the end of a file's name asks for, without the dot."""
    return path.suffix.removeprefix(".").lower()


def draw(found: Forecast, katalog: str, path: Path) -> None:
    """Writes the picture; its kind, one of FORMATS, follows the end of the file's name."""
    kind = kind_of(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    with mpl.rc_context({"svg.hashsalt": "aktenarchiv", "svg.fonttype": "none", "hatch.linewidth": 0.6}):
        figure = Figure(figsize=(11, 5.6), layout="constrained")
        years = tuple(str(year) for year in found.years)
        apart = tuple(name for name in (FREE, *APART) if name != UNKNOWN or found.count(name))
        left, right = figure.subplots(1, 2, width_ratios=(len(years), len(apart) + 1))
        for axes, columns in ((left, years), (right, apart)):
            bottom = [0] * len(columns)
            for place, group in enumerate(found.groups):
                heights = [found.count(column, group) for column in columns]
                axes.bar(
                    range(len(columns)),
                    heights,
                    bottom=bottom,
                    width=0.72,
                    label=group,
                    color=_COLOURS[place % len(_COLOURS)],
                    hatch=_HATCHES[place % len(_HATCHES)],
                    edgecolor="white",
                )
                bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
            for place, height in enumerate(bottom):
                axes.annotate(_number(height), (place, height), ha="center", va="bottom", fontsize=8)
            axes.set_xticks(range(len(columns)), [COLUMNS_DE.get(c, c) for c in columns], rotation=35, ha="right")
            axes.set_ylim(0, max([*bottom, 1]) * 1.12)
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
            axes.spines[["top", "right"]].set_visible(False)
        left.set_ylabel("Akten")
        left.set_title("Frei zur Aussonderung im Jahr …", loc="left", fontsize=10)
        right.set_title("Ohne Jahr in dieser Zeit", loc="left", fontsize=10)
        if found.groups:
            figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
        akten = f"{_number(found.total)} {'Akte' if found.total == 1 else 'Akten'}"
        figure.suptitle(f"Fristenvorschau, Stand {found.as_of:%d.%m.%Y} – {akten}, {katalog}")
        drawn = io.BytesIO()
        figure.savefig(drawn, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    write_whole(path, drawn.getvalue())


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", ".")
