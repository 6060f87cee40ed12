"""`archiv suche` and `archiv akte`: finding Akten, everything known of one, and getting it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.text import Text

from akten.errors import Unknown
from akten.findings import Verdict
from akten.model import Aktenart
from akten.plural import plural
from app.akte_json import details_json, row_json
from app.akte_show import former_words, german_day, show_akte
from app.command import FOLDER, Call, Words, require_in_order, verb
from app.correction_verbs import proposals, propose, release, withdraw
from app.hold_show import holds_of
from app.lock_show import lock_view
from app.one_akte import akte_name, one_akte, split_band
from app.opening import open_archive
from app.output import EXIT_OF_VERDICT
from app.paging import counted, paged, rest_of
from app.reference_verbs import akte_refer, person_forget
from app.show import STATES, Listing, findings_table, number_column, word
from catalog.fold import fold
from catalog.holdings import AkteFilter, Sort
from catalog.search import Hit, Why
from catalog.snippets import Snippet
from catalog.values import AkteRow, PackageRow
from flows.receipt import finding_json
from flows.storehouse import store_names
from flows.wiring import Services

DAY = click.DateTime(formats=["%Y-%m-%d", "%d.%m.%Y"])
DAY_WORD = "TT.MM.JJJJ"


class _Family(click.Choice[str]):
    """An Aktenart in any spelling that the Laufzettel knows, too: `auslaenderakte`, or with letters put together."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is. Raises BadParameter."""
        known = {fold(family): family for family in self.choices}
        return super().convert(known.get(fold(str(value).strip()), value), param, ctx)


FAMILIES = click.option(
    "--aktenart",
    type=_Family([family.value for family in Aktenart]),
    metavar="AKTENART",
    multiple=True,
    help=f"Nur diese Aktenart (mehrfach möglich): {', '.join(Aktenart)}.",
)
STANDS = {"archiviert": "archived", "klärung": "clearing", "angenommen": "received", "zurückgegeben": "returned"}


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


def _marked(snippet: Snippet) -> Text:
    text = Text(snippet.text)
    for start, end in snippet.marks:
        text.stylize("bold yellow", start, end)
    return text


def _titles(services: Services, hit: Hit) -> dict[UUID, str]:
    """What the Dokumente are called in which something was found: „S. 1“ alone is no place in an Akte of many."""
    found = services.catalog.akte_snapshot(hit.akte.uuid) if hit.snippets else None
    return {dokument.uuid: dokument.betreff for dokument in found.dokumente} if found else {}


def hit_json(hit: Hit, volumes: int, titles: Mapping[UUID, str]) -> dict[str, Any]:
    """One hit of a search."""
    return {
        **row_json(hit.akte),
        "volumes": volumes,
        "why": hit.why.value,
        "snippets": [
            {
                "dokument": str(s.dokument),
                "betreff": titles.get(s.dokument, ""),
                "page": s.page,
                "text": s.text,
                "marks": [list(m) for m in s.marks],
            }
            for s in hit.snippets
        ],
    }


@click.command()
@click.argument("text")
@click.option("--volltext", is_flag=True, help="Auch im erkannten Text der Seiten suchen.")
@FAMILIES
@click.option("--von", type=DAY, metavar=DAY_WORD, help="Nur Akten mit einem Datum ab diesem Tag.")
@click.option("--bis", type=DAY, metavar=DAY_WORD, help="Nur Akten mit einem Datum bis zu diesem Tag.")
@paged(20, 1000, "Treffer", "diesem Treffer")
@verb
def suche(
    call: Call,
    text: str,
    *,
    volltext: bool,
    aktenart: tuple[str, ...],
    von: datetime | None,
    bis: datetime | None,
    anzahl: int,
    ab: int,
) -> None:
    """Sucht Akten: Aktenzeichen in jeder Schreibweise, Anfang eines Zeichens, Wörter im Betreff, ein Datum.

    Beispiele: archiv suche 63-1234-19 · archiv suche "Anbau Wintergarten" · archiv suche --volltext Statik
    """
    require_in_order(von, bis)
    with open_archive(call) as services:
        number, band_meant = split_band(text, services.intake.muster)
        answer = services.catalog.find(
            number,
            volltext=volltext,
            aktenarten=aktenart or None,
            von=_day(von),
            bis=_day(bis),
            limit=anzahl,
            offset=ab,
            muster=services.intake.muster,
        )
        volumes = {hit.akte.uuid: _volumes(services, hit.akte) for hit in answer.hits}
        titles = {hit.akte.uuid: _titles(services, hit) for hit in answer.hits}
        if seen := [hit.akte.uuid for hit in answer.hits if hit.snippets]:  # what its pages say was shown
            services.catalog.read_accesses(seen, "suche --volltext", by=call.actor, now=services.now())

    within = _within(aktenart, _day(von), _day(bis))
    whole = not (ab or answer.more)  # else the Band may stand on another page
    notes = (*answer.notes, *(_missing_band(number, band_meant, answer.hits) if whole else ()))

    def show(console: Console) -> None:
        if not answer.hits:
            console.print(f"Ab Treffer {ab} kommt nichts mehr{within}." if ab else f"Kein Treffer{within}.")
            if not volltext and not ab:
                console.print(
                    f"Auch im Text der Seiten suchen: {call.archiv} suche --volltext …", style="dim", soft_wrap=True
                )
        for line in (*notes, *(() if answer.hits else answer.searched)):
            console.print(line, style="dim")
        for hit in answer.hits:
            row = hit.akte
            band = f"  Band {row.band}" if max(row.band, volumes[row.uuid]) > 1 else ""
            head = Text.assemble((f"{row.aktenart} {row.aktenzeichen}", "bold"), f"{band}  {row.betreff}  ")
            head.append_text(word(STATES, row.state))
            head.append(f"  {plural(row.pages, 'Seite', 'Seiten')}", style="dim")
            console.print(head)
            if hit.why is Why.FRUEHER:
                console.print(former_words(row), style="dim")
            for snippet in hit.snippets:
                title = titles[row.uuid].get(snippet.dokument, "")
                place = ", ".join(part for part in (title, f"S. {snippet.page}") if part)
                console.print(Text.assemble((f"   {place}: ", "dim"), _marked(snippet)))
        if rest:
            console.print(rest, style="dim")

    rest = f"Weitere Treffer: --ab {ab + anzahl}" if answer.more else ""
    hits = [hit_json(hit, volumes[hit.akte.uuid], titles[hit.akte.uuid]) for hit in answer.hits]
    call.output.page(hits, show, rest)
    if call.output.as_json:  # how it was searched, and where and how narrowly if nothing was found, is of the answer
        unfound = (*answer.searched, *([f"Gesucht nur{within}"] if within else ()))
        for line in (*notes, *(() if answer.hits else unfound)):
            call.output.say(line)


def _missing_band(number: str, band: int | None, hits: Sequence[Hit]) -> tuple[str, ...]:
    """A search shows every Band of a number; without this line the first passes for the one that was asked for."""
    bands = sorted({hit.akte.band for hit in hits if hit.why in (Why.AKTENZEICHEN, Why.FRUEHER)})
    if band is None or not bands or band in bands:
        return ()
    return (f"Von „{number}“ steht hier kein Band {band}, sondern Band {', '.join(map(str, bands))}.",)


def _within(aktenarten: Sequence[str], since: date | None, until: date | None) -> str:
    """How a search was narrowed, as it ends its sentence: without it "Kein Treffer" says that there is nothing."""
    days = " ".join(f"{word} {german_day(day)}" for word, day in (("ab", since), ("bis", until)) if day)
    kinds = f" unter den Akten der Aktenart {' oder '.join(aktenarten)}" if aktenarten else ""
    return kinds + (f" {'' if kinds else 'unter den Akten '}mit einem Datum {days}" if days else "")


def _volumes(services: Services, row: AkteRow) -> int:
    return len(services.catalog.akte_by_aktenzeichen(row.aktenzeichen, services.intake.muster, row.aktenart)) or 1


@click.group(cls=Words)
def akte() -> None:
    """Akten auflisten, alles über eine zeigen, eine herausholen."""


akte.add_command(propose)
akte.add_command(proposals)
akte.add_command(release)
akte.add_command(withdraw)
akte.add_command(akte_refer)
akte.add_command(person_forget)


def akten_table(rows: Sequence[AkteRow]) -> Listing:
    """One line per Akte; in 80 columns number, state and day stay whole. A Band is told that is not the first."""
    heads = (number_column(), "Aktenart", "Betreff", "Stand", "Version", "Seiten", "Frist bis")
    table = Listing(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            row.aktenzeichen + (f" Band {row.band}" if row.band > 1 else ""),
            row.aktenart,
            row.betreff,
            word(STATES, row.state),
            str(row.version or "–"),
            str(row.pages),
            german_day(row.retention_ends),
        )
    return table


@akte.command("liste")
@FAMILIES
@click.option("--stand", type=click.Choice(list(STANDS)), help="Nur Akten in diesem Stand.")
@click.option("--sortiert", type=click.Choice([sort.value for sort in Sort]), default="neueste", show_default=True)
@paged()
@verb
def akte_list(call: Call, *, aktenart: tuple[str, ...], stand: str | None, sortiert: str, anzahl: int, ab: int) -> None:
    """Listet Akten, seitenweise."""
    with open_archive(call) as services:
        found = services.catalog.akten(
            AkteFilter(aktenarten=aktenart or None, state=STANDS[stand] if stand else None),
            sort=Sort(sortiert),
            limit=anzahl,
            offset=ab,
        )

    def show(console: Console) -> None:
        if not found.total:
            console.print("Keine Akte ist so, wie hier eingegrenzt ist." if aktenart or stand else "Keine Akten.")
            return
        console.print(akten_table(found.rows))
        console.print(rest or counted(len(found.rows), found.total), style="dim")

    rest = rest_of(len(found.rows), found.total, ab)
    call.output.page([row_json(row) for row in found.rows], show, rest)


@akte.command("zeige")
@click.argument("aktenzeichen")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@verb
def akte_show(call: Call, aktenzeichen: str, *, band: int | None) -> None:
    """Zeigt alles, was über eine Akte bekannt ist; das Ansehen steht im Protokoll."""
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        details = services.catalog.akte_details(row.uuid)
        if details is None:
            raise Unknown(f"Zu „{aktenzeichen}“ gibt es keine Akte.")
        holds = holds_of(services, call.actor, row.uuid)
        locks = lock_view(services, details)
        services.catalog.read_access(row.uuid, "akte zeige", by=call.actor, now=services.now())
    stores = store_names(call.settings)
    value = details_json(details, holds, locks, stores)
    call.output.result(value, lambda console: show_akte(console, details, holds, locks, stores, call.archiv))


def _lacking(version: int | None, packages: Sequence[PackageRow]) -> str:
    if not packages or version is None:
        return "ist nichts archiviert"
    there = ", ".join(str(p.package.id.version) for p in packages)
    return f"ist die Version {version} nicht archiviert; es gibt {there}"


@akte.command("hole")
@click.argument("aktenzeichen")
@click.option("--ziel", type=FOLDER, metavar="ORDNER", required=True, help="Ordner, in den das Paket kommt.")
@click.option("--version", "version", type=int, help="Version; sonst die neueste.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@click.option("--zweck", default="Einsicht", show_default=True, help="Wozu; steht im Protokoll.")
@verb
def akte_fetch(call: Call, aktenzeichen: str, *, ziel: Path, version: int | None, band: int | None, zweck: str) -> int:
    """Holt das Paket einer Akte heraus: ausgepackt und dabei vollständig geprüft."""
    from flows.fetch import fetch_package  # nobody else here needs what unpacks packages

    if ziel.resolve().is_relative_to(call.settings.daten.resolve()):  # what lies there unasked is cleared away some day
        raise click.UsageError(f"„{ziel}“ liegt im Datenordner des Archivs. Bitte einen Ordner außerhalb nehmen.")
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        packages = services.catalog.packages(row.uuid)
        wanted = [p for p in packages if version is None or p.package.id.version == version]
        if not wanted:
            raise Unknown(f"Von {akte_name(row)} {_lacking(version, packages)}.")
        folder, findings = fetch_package(services, wanted[-1].package, ziel.absolute(), zweck, call.actor)
    value = {
        "folder": str(folder),
        "version": wanted[-1].package.id.version,
        "verdict": Verdict.OK.value,
        "findings": [finding_json(f) for f in findings],
    }

    def show(console: Console) -> None:
        console.print(Text.assemble(("Vollständig geprüft", "green"), f" und ausgepackt nach {folder}"), soft_wrap=True)
        if findings:
            console.print(findings_table([finding_json(f) for f in findings]))

    call.output.result(value, show)
    return EXIT_OF_VERDICT[Verdict.OK]
