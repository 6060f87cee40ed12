"""What a slip says of Dokumente that were scanned anew (`ersetzt`), and what a clerk is told when it cannot be done."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from akten.files import FileFacts
from akten.findings import Finding
from akten.plural import plural
from ingest.assignment import assign
from ingest.delivery import Delivery, dokument_uuid
from ingest.pageranges import as_ranges, format_ranges
from ingest.rules import error, info, warning
from ingest.slip_fields import shown
from ingest.slipdoc import Slip

_MOST = 5  # Dokumente that one finding names
_ALL = "Alle nennt: archiv akte zeige."


@dataclass(frozen=True, slots=True)
class Wish:
    """One Dokument of a slip that says `ersetzt`; `scans` are the SHA-512 of the files that it is made of."""

    dokument: UUID
    betreff: str
    named: str
    pages: int
    scans: frozenset[str]
    files: frozenset[str]
    where: str


def replaces(slip: Slip) -> bool:
    """True when a Dokument of the slip is to take the place of another."""
    return any(dokument.ersetzt for vorgang in slip.vorgaenge for dokument in vorgang.dokumente)


def wishes(delivery: Delivery, facts: Mapping[UUID, FileFacts]) -> tuple[Wish, ...]:
    """Every `ersetzt` of the slip with the pages of its Dokument; one whose files are missing is left out."""
    assignment = assign(delivery.scans, delivery.slip, facts)
    scans = {scan.uuid: scan for scan in delivery.scans}
    found = []
    for place, (vorgang, documents) in enumerate(zip(assignment.vorgaenge, assignment.pages, strict=True), 1):
        for number, (entry, positions) in enumerate(zip(vorgang.dokumente, documents, strict=True), 1):
            if entry.ersetzt and positions:
                own = {scans[assignment.sequence[position].scan] for position in positions}
                found.append(
                    Wish(
                        dokument=dokument_uuid(delivery.uuid, place, number),
                        betreff=entry.betreff,
                        named=entry.ersetzt,
                        pages=len(positions),
                        scans=frozenset(scan.digests.sha512 for scan in own),
                        files=frozenset(scan.name for scan in own),
                        where=f"{delivery.slip.datei}, vorgaenge[{place}].dokumente[{number}].ersetzt",
                    )
                )
    return tuple(found)


def nothing_archived(wish: Wish) -> Finding:
    """IN-43 before the first version of the Akte."""
    text = (
        "Die Akte ist noch nicht archiviert, also gibt es nichts zu ersetzen. Ist sie noch unterwegs, bitte danach "
        "neu einreichen; sonst bitte Aktenzeichen und Band prüfen oder „ersetzt“ weglassen."
    )
    return error("IN-43", wish.where, text)


def replaced_before(wish: Wish) -> Finding:
    """IN-43 for what other scans stand for already."""
    text = f"„{shown(wish.named)}“ ist schon ersetzt; bitte das Dokument nennen, das jetzt in der Akte ist. {_ALL}"
    return error("IN-43", wish.where, text)


def not_there(wish: Wish, near: Collection[tuple[str, UUID]]) -> Finding:
    """IN-43 for a name that no Dokument bears; `near` are (Betreff, UUID) of those that come closest."""
    hint = "; ".join(f"„{shown(betreff)}“ ({uuid})" for betreff, uuid in near)
    text = f"Ein Dokument „{shown(wish.named)}“ hat die Akte nicht. {f'Am nächsten: {hint}.' if hint else _ALL}"
    return error("IN-43", wish.where, text)


def several_there(wish: Wish, there: Iterable[tuple[UUID, int]], count: int) -> Finding:
    """IN-44 for a Betreff that `count` Dokumente bear, the first of them with UUID and number of pages."""
    listed = "; ".join(f"{uuid} ({_seiten(pages)})" for uuid, pages in islice(there, _MOST))
    text = (
        f"Die Akte hat {count} Dokumente „{shown(wish.named)}“: {listed}{' …' if count > _MOST else ''}. "
        "Welches ersetzt wird, sagt seine UUID anstelle des Betreffs."
    )
    return error("IN-44", wish.where, text)


def wanted_twice(wish: Wish) -> Finding:
    """IN-44 for two Dokumente of one delivery that want the same place."""
    text = "Ein weiteres Dokument dieser Lieferung ersetzt dasselbe; an seine Stelle tritt nur eines."
    return error("IN-44", wish.where, text)


def fewer_pages(wish: Wish, before: int) -> Finding:
    """IN-45 for a rescan that lacks pages; a person may answer for it."""
    text = (
        f"Das Dokument hat {_seiten(wish.pages)}, das ersetzte {_seiten(before)}. Fehlt ein Blatt, bitte alle neu "
        "scannen; ist es vollständig, bitte mit Begründung annehmen."
    )
    return error("IN-45", wish.where, text)


def delivered_before(slip: Slip, seen: int, total: int) -> Finding:
    """IN-46 for Dokumente that the Akte seems to have already; it stops nothing, for papers may be alike."""
    what = "Das Dokument" if total == 1 else f"{seen} von {total} Dokumenten"
    text = (
        f"{what} dieser Lieferung gab es schon: Betreff und Seitenzahl sind die eines Dokuments, das in der Akte ist. "
        "Die neue Version hat beide. Soll der neue Scan den alten ersetzen? Dann bitte dieselben Scans noch einmal "
        "liefern und am Dokument „ersetzt“ nennen (docs/laufzettel.md)."
    )
    return warning("IN-46", slip.datei, text)


def only_blank_pages(where: str) -> Finding:
    """IN-49 for a rescan without a word or line of what it is to replace; a person may answer for it."""
    text = (
        "Das Dokument hat nur leere Seiten, das ersetzte nicht. Lag das Blatt verkehrt herum, bitte noch einmal "
        "scannen; ist es wirklich leer, bitte mit Begründung annehmen."
    )
    return error("IN-49", where, text)


def blank_where_text_was(where: str, numbers: Sequence[int]) -> Finding:
    """IN-49 for a rescan with blank pages at the places of pages that had text; a person may answer for it."""
    pages = format_ranges(as_ranges(numbers))
    what = f"Seite {pages} ist leer" if len(numbers) == 1 else f"Die Seiten {pages} sind leer"
    text = (
        f"{what}, und an derselben Stelle des ersetzten Dokuments steht Text. Lag ein Blatt verkehrt herum, bitte noch "
        "einmal scannen; ist es so richtig, bitte mit Begründung annehmen."
    )
    return error("IN-49", where, text)


def in_no_dokument(where: str, file: str, page: int) -> Finding:
    """IN-54 for a page that a rescan would leave without a Dokument."""
    text = (
        f"Seite {page} von „{shown(file)}“ wäre in der neuen Version in keinem Dokument: Ihr Dokument wird ersetzt, "
        "und das, zu dem sie der Laufzettel jetzt zählt, hat die Akte schon, aus anderen Seiten. Bitte auch dort "
        "„ersetzt“ nennen."
    )
    return error("IN-54", where, text)


def nearly_there(
    where: str, said: tuple[str, str], there: Sequence[tuple[str, str]], *, by_betreff: bool = False
) -> Finding:
    """IN-55 for a Vorgang that is spelled nearly like some of the Akte, all by Betreff and Zeichen; a person may answer
    for it. Nothing is cut short: it is to be written again to the letter. With `by_betreff` the slip names no Vorgang,
    so that it bears the Betreff of the delivery.
    """
    how = "„betreff“ genau so schreiben (oder ihn unter „vorgaenge“ nennen)"
    known = " und ".join(_vorgang(*one) for one in there[:_MOST])
    more = f" und {len(there) - _MOST} weitere" if len(there) > _MOST else ""
    text = (
        f"Die Akte hat schon den Vorgang {known}{more}; mit {_vorgang(*said)} käme ein weiterer hinzu. Ist er gemeint, "
        f"bitte {how if by_betreff else 'ihn unter „vorgaenge“ genau so schreiben'}; ist es ein anderer, bitte mit "
        "Begründung annehmen."
    )
    return error("IN-55", where, text)


def nearly_twice(where: str, said: tuple[str, str], before: tuple[str, str]) -> Finding:
    """IN-55 for a Vorgang that stands on its slip twice, spelled otherwise, by Betreff and Zeichen."""
    text = (
        f"Auf dem Laufzettel steht schon der Vorgang {_vorgang(*before)}; mit {_vorgang(*said)} käme ein weiterer "
        "hinzu. Ist es derselbe, bitte ihn nur einmal nennen, mit allen Dokumenten; sind es zwei, bitte mit "
        "Begründung annehmen."
    )
    return error("IN-55", where, text)


def more_nearly_there(left: int) -> Finding:
    """IN-55 for those that are not told one by one."""
    return error("IN-55", "", f"… und {plural(left, 'weiterer Vorgang', 'weitere Vorgänge')} mit demselben Befund.")


def took_its_place(where: str, new: tuple[str, int], old: tuple[str, int], gone: UUID, version: int) -> Finding:
    """IN-48 for each Dokument that was replaced, old and new with Betreff and pages as IN-45 counts them."""
    text = (
        f"„{shown(new[0])}“ ({_seiten(new[1])}) ersetzt „{shown(old[0])}“ ({_seiten(old[1])}; {gone}) der Version "
        f"{version}."
    )
    return info("IN-48", where, text)


def _seiten(number: int) -> str:
    return plural(number, "Seite", "Seiten")


def _vorgang(betreff: str, zeichen: str) -> str:
    return f"„{_printable(betreff)}“ ({f'Zeichen {_printable(zeichen)}' if zeichen else 'ohne Zeichen'})"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)
