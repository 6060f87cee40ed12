"""German words and tables for what commands return; every function takes the JSON form, so both outputs agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from akten.localtime import BERLIN
from akten.plural import plural

F = TypeVar("F")
STATES = {
    "archived": ("archiviert", "green"),
    "clearing": ("in der Klärung", "red"),
    "duplicate": ("war schon archiviert", "cyan"),
    "received": ("angenommen", "yellow"),
    "examined": ("untersucht", "yellow"),
    "recognised": ("erkannt", "yellow"),
    "described": ("beschrieben", "yellow"),
    "packed": ("gepackt", "yellow"),
    "returned": ("zurückgegeben", "dim"),
    "refused": ("nicht angenommen", "red"),
    "alarm": ("ANGEHALTEN: Archiviertes stimmt nicht mit dem Katalog überein", "red"),
    "halted": ("angehalten: Einstellung, Programm oder Recht fehlt", "red"),
    "broken": ("angehalten: Programmfehler", "red"),
    "unavailable": ("wartet", "yellow"),
}
VERDICTS = {
    "ok": ("in Ordnung", "green"),
    "failed": ("fehlerhaft", "red"),
    "not_checked": ("nicht geprüft", "yellow"),
}
JUDGEMENTS = {
    "valid": ("gültig", "green"),
    "valid-with-warning": ("gültig, mit Hinweisen", "yellow"),
    "invalid": ("ungültig", "red"),
    "unchecked": ("nicht geprüft", "yellow"),
}
SEVERITIES = {"error": ("Fehler", "red"), "warning": ("Hinweis", "yellow"), "info": ("Info", "dim")}
RENDITIONS = {
    "scanned": "Scan mit Text",
    "converted": "umgewandelt",
    "kept": "unverändert übernommen",
    "beside": "Wiedergabe neben dem Original",
}
STEP_NAMES = {
    "lesen": "Lesen und Prüfsummen",
    "warten": "Warten auf die Lieferungen davor",
    "untersuchen": "Untersuchen",
    "anlagen": "Anlagen herausnehmen",
    "erkennen": "Texterkennung und PDF/A",
    "prüfen": "PDF/A prüfen",
    "beschreiben": "XDOMEA, PREMIS, Vermerke",
    "packen": "Paket schreiben und prüfen",
    "ablegen": "Ablegen, zurücklesen, sperren",
    "eintragen": "Katalog und Protokoll",
    "sperren": "Frist und ältere Sperren",
}


LEFT_OUT = ("IN-05", "IN-42")  # files of the delivery that are not of the Akte
TO_REVIEW = ("OC-01", "OC-06", "OC-09")  # pages not read, read badly, or found without a word: on the review list

MOST_OF_A_CODE = 100  # findings of one code that a table names

DAY_FORM = "%d.%m.%Y"


def moment(value: datetime, form: str = "%d.%m.%Y %H:%M") -> str:
    """An instant as the clock on the wall showed it; JSON keeps UTC with its offset."""
    return value.astimezone(BERLIN).strftime(form)


def word(table: Mapping[str, tuple[str, str]], value: str) -> Text:
    """A coded value as a coloured German word; an unknown one as it is."""
    text, style = table.get(value, (value, ""))
    return Text(text, style=style)


def size_words(size: float) -> str:
    """Bytes as people read them: 1 234 567 becomes „1,2 MB“."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}".replace(".", ",")
        size /= 1000
    return f"{size:.1f} TB".replace(".", ",")


_OF_DAYS = frozenset({"Datum", "Posteingang", "Tag", "Seit", "Bis", "bis", "Frist bis"})


class Listing(Table):
    """A table that on a narrow terminal folds what is too long for its column: half a reason says nothing.

    Days stay in one line: a year that goes on in the next is read as another.
    """

    def __init__(self, *heads: str | Column, **looks: Any) -> None:
        folded = (
            Column(head, overflow="fold", no_wrap=head in _OF_DAYS) if isinstance(head, str) else head for head in heads
        )
        super().__init__(*folded, **looks)


def number_column(head: str = "Aktenzeichen") -> Column:
    """The column of Aktenzeichen: on a narrow terminal the others give way, since half a number finds nothing."""
    return Column(head, no_wrap=True)


def _verdict_line(document: Mapping[str, Any]) -> Text:
    line = Text.assemble("PDF/A-", document["pdfa"] or "?", " ")
    line.append_text(word(VERDICTS, document["verdict"]))
    # Judges that agree are only named; one that does not is quoted.
    judges = ", ".join(
        f"{v['name']} {v['version']}"
        + ("" if v["verdict"] == document["verdict"] else f": {VERDICTS.get(v['verdict'], (v['verdict'], ''))[0]}")
        for v in document["validators"]
    )
    line.append(f"  ({judges})" if judges else "  (kein Prüfer gelaufen)", style="dim")
    return line


def _documents_table(documents: Sequence[Mapping[str, Any]]) -> Table:
    table = Listing(
        "Dokument", "Seiten", "Art", "PDF/A-Prüfung", "Textgüte", box=None, pad_edge=False, header_style="dim"
    )
    for document in documents:
        confidence = document["mean_confidence"]
        table.add_row(
            document["title"] or document["uuid"],
            str(document["pages"]),
            RENDITIONS.get(document["rendition"], document["rendition"]),
            _verdict_line(document),
            "–" if confidence is None else f"{confidence:.0f} %",
        )
    return table


def findings_table(findings: Sequence[Mapping[str, str]], places: Mapping[str, str] | None = None) -> Table:
    """Findings with code, weight, place and sentence; `places` says what stands instead of a place."""
    table = Listing("Code", "Gewicht", "Stelle", "Befund", box=None, pad_edge=False, header_style="dim")
    for finding in findings:
        where = (places or {}).get(finding["where"], finding["where"])
        table.add_row(finding["code"], word(SEVERITIES, finding["severity"]), where, finding["text"])
    return table


def first_of_each(findings: Iterable[F], code: Callable[[F], str]) -> list[F]:
    """The findings that a table names: the first of each code."""
    seen: Counter[str] = Counter()
    named = []
    for finding in findings:
        seen[code(finding)] += 1
        if seen[code(finding)] <= MOST_OF_A_CODE:
            named.append(finding)
    return named


def show_many(console: Console, findings: Sequence[Mapping[str, str]], places: Mapping[str, str] | None = None) -> None:
    """A table of the first findings of each code, and how many of it there are: an emptied store has one for each copy,
    and among these nobody would see the others.
    """
    counted = Counter(finding["code"] for finding in findings)
    console.print(findings_table(first_of_each(findings, lambda finding: finding["code"]), places))
    for code, number in counted.items():
        if number > MOST_OF_A_CODE:
            console.print(
                f"{code}: gezeigt sind {MOST_OF_A_CODE} von {number} Befunden; alle mit --json.", style="bold"
            )


def receipt_panel(receipt: Mapping[str, Any], archiv: str) -> Panel:
    """The receipt (Quittung) of one delivery; `archiv` is how the next command on this archive begins."""
    parts: list[RenderableType] = []
    head = Text.assemble((receipt["akte"] or "(ohne Betreff)", "bold"), "  ")
    head.append_text(word(STATES, receipt["state"]))
    if receipt.get("version"):
        head.append(f"  Version {receipt['version']}")
    if receipt.get("there"):
        head.append("  liegt noch an ihrem Ort", style="dim")
    parts.append(head)
    if receipt.get("name") and receipt["state"] not in ("archived", "duplicate"):
        parts.append(Text(f"geliefert als „{receipt['name']}“", style="dim"))
    known = receipt["state"] == "duplicate"
    pages = plural(receipt["pages"], "Seite", "Seiten")
    pages = f"{pages}, davon {plural(receipt['blank_pages'], 'Leerseite', 'Leerseiten')}"
    if known:  # nothing of it was opened: pages, verdicts and copies are those of when its scans came first
        parts.append(Text(f"Schon in der Akte: {pages}; nichts kam hinzu"))
    elif receipt["pages"]:
        sheets = f"{receipt['sheets']} Blatt, " if receipt["sheets"] is not None else ""
        parts.append(Text(f"{sheets}{pages}"))
    if linked := [f for f in receipt["findings"] if f["code"] == "IN-36"]:  # else sheets and pages would not add up
        counted = plural(sum(bool(f["where"]) for f in linked), "Scan lag", "Scans lagen")
        rest = [f["text"] for f in linked if not f["where"]]
        parts.append(Text(" ".join((f"{counted} schon in dieser Akte (IN-36)", *rest))))
    if left := [
        f["where"] or f["text"] for f in receipt["findings"] if f["code"] in LEFT_OUT and f["severity"] == "info"
    ]:
        parts.append(Text(f"Nicht übernommen ({', '.join(LEFT_OUT)}): {', '.join(left)}"))
    parts.extend(Text(f"{f['text']} (WF-16)") for f in receipt["findings"] if f["code"] == "WF-16")
    if receipt["documents"]:
        parts.append(_documents_table(receipt["documents"]))
    replaced = [f"{f['text'].removesuffix('.')} (IN-48)." for f in receipt["findings"] if f["code"] == "IN-48"]
    parts.extend(Text(text) for text in replaced[:10])
    if len(replaced) > 10:
        parts.append(Text(f"und {len(replaced) - 10} weitere: {archiv} akte zeige", style="dim"))
    if receipt.get("attachments"):
        names = ", ".join(f"{one['name']} ({size_words(one['bytes'])})" for one in receipt["attachments"][:5])
        more = " …" if len(receipt["attachments"]) > 5 else ""
        counted = plural(len(receipt["attachments"]), "Anlage", "Anlagen")
        parts.append(Text(f"{counted} herausgenommen und einzeln abgelegt: {names}{more}"))
    if receipt["copies"]:
        good = all(c["verified"] for c in receipt["copies"])
        copies = ", ".join(
            f"{c['store']} {'geprüft' if c['verified'] else 'seither als beschädigt gefunden'}"
            for c in receipt["copies"]
        )
        read = "beim Ablegen zurückgelesen" if known else "zurückgelesen"
        told = f"{plural(len(receipt['copies']), 'Kopie', 'Kopien')} {read}: {copies}"
        parts.append(Text(told, style="green" if good else "red"))
        if not good:
            parts.append(
                Text(f"Bitte nichts vernichten und den Betrieb rufen: {archiv} fixity pruefe --alle", style="red")
            )
    if receipt.get("not_checked"):
        lacks = ", ".join(receipt["not_checked"])
        parts.append(Text(f"nicht geprüft: {lacks} (siehe {archiv} doctor)", style="yellow"))
    shown = [f for f in receipt["findings"] if f["severity"] != "info"]
    if shown:
        parts.append(findings_table(shown))
    if receipt["state"] == "archived" and any(f["code"] in TO_REVIEW for f in receipt["findings"]):
        parts.append(Text(f"Seiten, deren Text anzusehen ist, nennt: {archiv} sichtung liste", style="yellow"))
    if receipt.get("clearing_case"):
        parts.append(Text(f"Nächster Schritt: {archiv} klaerung zeige {receipt['clearing_case']}", style="bold"))
    if receipt.get("steps"):
        times = " · ".join(
            f"{STEP_NAMES.get(n, n)} {s:.1f}\u00a0s".replace(".", ",") for n, s in receipt["steps"].items() if s >= 0.05
        )
        total = f"{receipt['seconds']:.1f} s gesamt".replace(".", ",")
        parts.append(Text(f"{total}: {times}" if times else total, style="dim"))
    band = f"Band {receipt['band']}" if (receipt.get("band") or 1) > 1 and receipt["aktenzeichen"] else ""
    title = " ".join(part for part in (receipt.get("aktenart", ""), receipt["aktenzeichen"], band) if part)
    return Panel(
        Group(*parts),
        title=Text(title or receipt.get("path") or "Lieferung"),
        title_align="left",
        box=ROUNDED,
        border_style=STATES.get(receipt["state"], ("", "dim"))[1],
    )


def receipts(console: Console, values: Sequence[Mapping[str, Any]], archiv: str = "archiv") -> None:
    """All receipts, and one closing line."""
    for receipt in values:
        console.print(receipt_panel(receipt, archiv))
    if len(values) > 1:
        counts: dict[str, int] = {}
        for receipt in values:
            counts[receipt["state"]] = counts.get(receipt["state"], 0) + 1
        words = ", ".join(f"{number} {STATES.get(state, (state, ''))[0]}" for state, number in sorted(counts.items()))
        console.print(f"{len(values)} Lieferungen: {words}.")
