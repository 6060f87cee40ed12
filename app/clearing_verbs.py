"""`archiv klaerung`: where people decide on deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from rich.console import Console
from rich.text import Text

from akten.errors import ArchivError, FixityError, Forbidden, Unavailable
from akten.findings import Severity
from akten.lifecycle import Stage
from app.command import FOLDER, Call, Words, verb
from app.find_verbs import FAMILIES
from app.opening import open_archive
from app.paging import counted, paged, rest_of
from app.show import Listing, findings_table
from app.show import receipts as show_receipts
from catalog.clearing import CaseFilter, CaseSort
from catalog.values import CameAgain, ClearingCase, ClearingState, Resolution
from flows.batch import archive_all
from flows.lost import as_it_lies, declare_lost, lost_to_clearing, may_lie_elsewhere
from flows.outcomes import clearing_receipt, nobody_may_accept, register_again
from flows.progress import progress_display
from flows.receipt import Receipt, exit_code, finding_json, receipt_json
from flows.samescans import archived_since
from flows.targets import try_out
from flows.wiring import Services
from flows.workmark import require_work_folder
from ingest.claimed import ClaimedDelivery, give_back, going_back, held, release, require_not_in_inbox, require_outside
from ingest.mending import put_in
from ingest.slip import SLIP_NAMES

RESOLUTIONS = {
    Resolution.RESUBMIT: "neu eingereicht",
    Resolution.ACCEPT: "angenommen",
    Resolution.RETURN: "zurückgegeben",
}


def delivered_as(case: ClearingCase) -> str:
    """The name under which the delivery of a case came; empty when its folder is gone (it was given back)."""
    try:
        return ClaimedDelivery(case.delivery, Path(case.folder)).name
    except (OSError, ArchivError):
        return ""


def _case_name(case: ClearingCase) -> str:
    """„Bauakte 63-01234-2019 Band 2“; as on receipts the first Band goes without saying."""
    parts = (case.aktenart, case.aktenzeichen, f"Band {case.band}" if (case.band or 1) > 1 else "")
    return " ".join(part for part in parts if part) or "(unbekannt)"


def _grund(case: ClearingCase) -> str:
    """The reason with the file and page that it speaks of: „Die Datei“ alone tells a list nothing."""
    places = [finding.where for finding in case.findings if finding.severity is Severity.ERROR][:1]
    return ": ".join((*(place for place in places if place not in ("", str(case.delivery))), case.reason))


def case_json(case: ClearingCase, again: Sequence[CameAgain] = ()) -> dict[str, Any]:
    """One case as the command line prints it; `again` tells where its scans lie that came once more since."""
    return {
        "number": case.number,
        "delivery": str(case.delivery),
        "name": delivered_as(case),
        "aktenart": case.aktenart,
        "aktenzeichen": case.aktenzeichen,
        "band": case.band,
        "betreff": case.betreff,
        "code": case.code,
        "reason": case.reason,
        "owner": case.owner,
        "next_step": case.next_step,
        "due": case.due.isoformat(),
        "state": case.state.value,
        "opened_at": case.opened_at.isoformat(),
        "findings": [finding_json(f) for f in case.findings],
        "folder": case.folder,
        "archived_since": [asdict(place) | {"akte": str(place.akte)} for place in again],
        "resolution": case.resolution.value if case.resolution else None,
        "resolved_reason": case.resolved_reason,
        "resolved_by": case.resolved_by,
    }


def _again(services: Services, cases: Sequence[ClearingCase]) -> Mapping[UUID, tuple[CameAgain, ...]]:
    """Where scans of those that are still open lie archived since, by delivery."""
    return services.catalog.came_again(case.delivery for case in cases if case.state is ClearingState.OPEN)


def _what_became(services: Services, case: ClearingCase, archiv: str) -> str:
    """Where a delivery stands whose case was solved by going on with it; empty for one that was given back."""
    if case.resolution not in (Resolution.RESUBMIT, Resolution.ACCEPT):
        return ""
    newest, row = services.catalog.clearing(case.delivery), services.catalog.delivery(case.delivery)
    if newest.resolution is None:
        return f"Die Lieferung steht wieder im Klärungskorb: {archiv} klaerung zeige {newest.number}"
    if newest.resolution is Resolution.RETURN:
        return f"Später wurde die Lieferung zurückgegeben (Fall {newest.number})."
    if row is not None and row.stage in (Stage.ARCHIVED, Stage.DUPLICATE):
        return "Die Lieferung ist archiviert."
    return f"Angefangenes setzt fort: {archiv} annahme"


@click.group(cls=Words)
def klaerung() -> None:
    """Der Klärungskorb: Lieferungen, über die ein Mensch entscheidet."""


@klaerung.command("liste")
@click.option("--alle", is_flag=True, help="Auch gelöste Fälle.")
@click.option("--wer", help="Nur Fälle dieser Stelle, z. B. „Scanstelle“.")
@FAMILIES
@click.option("--sortiert", type=click.Choice([sort.value for sort in CaseSort]), default="nummer", show_default=True)
@paged()
@verb
def clearing_list(
    call: Call, *, alle: bool, wer: str | None, aktenart: tuple[str, ...], sortiert: str, anzahl: int, ab: int
) -> None:
    """Listet die Fälle, seitenweise, die ältesten zuerst."""
    wanted = CaseFilter(None if alle else ClearingState.OPEN, aktenarten=aktenart or None)
    with open_archive(call) as services:
        lost_to_clearing(services)  # what nobody can go on with is a case, too, also where no round runs
        owners = services.catalog.clearing_owners(wanted)
        if wer is not None:  # in any spelling, and no database knows them all
            meant = [owner for owner in owners if owner.casefold() == wer.strip().casefold()]
            wanted = replace(wanted, owners=meant)
        found = services.catalog.clearing_page(wanted, sort=CaseSort(sortiert), limit=anzahl, offset=ab)
        cases = [as_it_lies(services, case) for case in found.rows]
        again = _again(services, cases)

    def show(console: Console) -> None:
        if not found.total:
            console.print(_none(wer, owners, narrowed=bool(aktenart)))
            return
        table = Listing("Nr.", "Akte", "Code", "Grund", "Wer", "Bis", "Stand", box=None, header_style="dim")
        for case in cases:
            name = _case_name(case)
            if not case.aktenzeichen and (came := delivered_as(case)):  # else nobody knows which delivery is meant
                name = f"{name} „{came}“"
            state = "offen" if case.state.value == "open" else "gelöst"
            table.add_row(
                str(case.number),
                name,
                case.code,
                " ".join((_grund(case), *map(archived_since, again.get(case.delivery, ())))),
                case.owner,
                f"{case.due:%d.%m.%Y}",
                state,
            )
        console.print(table)
        console.print(rest or counted(len(cases), found.total), style="dim")
        console.print(f"Mehr: {call.archiv} klaerung zeige NR", style="dim", soft_wrap=True)

    rest = rest_of(len(cases), found.total, ab)
    call.output.page([case_json(case, again.get(case.delivery, ())) for case in cases], show, rest)


def _none(wer: str | None, owners: Sequence[str], *, narrowed: bool) -> str:
    """What is said of no case, by how it was asked and who has cases of the kind."""
    if wer is not None and owners:
        return f"Kein Fall für „{wer}“; Fälle hat: {', '.join(owners)}."
    return "Kein Fall ist so, wie hier eingegrenzt ist." if narrowed else "Der Klärungskorb ist leer."


@klaerung.command("zeige")
@click.argument("nr", type=int)
@verb
def clearing_show(call: Call, nr: int) -> None:
    """Zeigt einen Fall mit allen Befunden und dem nächsten Schritt."""
    with open_archive(call) as services:
        case = as_it_lies(services, services.catalog.clearing(nr))
        here = (services.settings.work / str(case.delivery)).is_dir()
        became = _what_became(services, case, call.archiv)
        again = _again(services, [case]).get(case.delivery, ())

    def show(console: Console) -> None:
        console.print(Text.assemble((f"Fall {case.number}", "bold"), f"  {_case_name(case)}  {case.betreff}"))
        if name := delivered_as(case):
            console.print(f"Geliefert als: {name}")
        if here or not case.resolution:  # else nobody has to look at it any more, and nothing of it lies there
            place = f"{'Liegt' if here else 'Lag'} im Arbeitsordner: {case.folder}"
            console.print(f"Zuständig: {case.owner}   bis {case.due:%d.%m.%Y}   {place}", soft_wrap=True)
        console.print(findings_table([finding_json(f) for f in case.findings]))
        if case.resolution:
            how = RESOLUTIONS[case.resolution]
            console.print(f"Gelöst: {how} durch {case.resolved_by}: {case.resolved_reason or 'ohne Bemerkung'}")
            if became:
                console.print(became, soft_wrap=True)
            if case.resolution is Resolution.RETURN and here:
                way = f'{call.archiv} klaerung loese {nr} --zurueck ORDNER --grund "…"'
                console.print(f"Die Dateien liegen noch im Arbeitsordner; zurück gibt sie: {way}", soft_wrap=True)
        else:
            for akte in again:
                console.print(archived_since(akte), soft_wrap=True)
            console.print(Text.assemble(("Nächster Schritt:", "bold"), f" {case.next_step}"))
            ways = [
                "--neu-einreichen [--laufzettel DATEI] [--dateien ORDNER]",
                *(() if nobody_may_accept(case.findings) else ('--annehmen --grund "…"',)),
                '--zurueck ORDNER --grund "…"',
            ]
            console.print(
                "\n".join(f"  {call.archiv} klaerung loese {nr} {way}" for way in ways), style="dim", soft_wrap=True
            )

    call.output.result(case_json(case, again), show)


@klaerung.command("loese")
@click.argument("nr", type=int)
@click.option("--neu-einreichen", "resubmit", is_flag=True, help="Berichtigt noch einmal versuchen.")
@click.option("--annehmen", "accept", is_flag=True, help="Trotz der Befunde annehmen, mit Begründung.")
@click.option("--zurueck", "back", type=FOLDER, metavar="ORDNER", help="Lieferung in diesen Ordner zurückgeben.")
@click.option("--ohne-dateien", "lost", is_flag=True, help="Mit --zurueck: die Dateien sind gewiss überall verloren.")
@click.option("--grund", default="", help="Begründung; bei Annahme und Rückgabe nötig.")
@click.option(
    "--laufzettel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="DATEI",
    help="Berichtigter Laufzettel; er ersetzt den gelieferten.",
)
@click.option(
    "--dateien",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="ORDNER",
    help="Ordner mit Nachscans; was darin so heißt wie eine gelieferte Datei, ersetzt sie.",
)
@verb
def clearing_resolve(
    call: Call,
    nr: int,
    *,
    resubmit: bool,
    accept: bool,
    back: Path | None,
    lost: bool,
    grund: str,
    laufzettel: Path | None,
    dateien: Path | None,
) -> int:
    """Löst einen Fall: neu einreichen, mit Begründung annehmen oder zurückgeben."""
    if sum((resubmit, accept, back is not None)) != 1:
        raise click.UsageError("Bitte genau eines: --neu-einreichen, --annehmen oder --zurueck ORDNER.")
    if not resubmit and not grund.strip():
        raise click.UsageError("Annehmen und Zurückgeben gehen nur mit einer Begründung: --grund …")
    if lost and back is None:
        raise click.UsageError("--ohne-dateien beendet einen Fall mit --zurueck ORDNER.")
    if back is not None and (laufzettel or dateien):
        raise click.UsageError("--laufzettel und --dateien berichtigen; beim Zurückgeben haben sie keinen Sinn.")
    if laufzettel is not None and f"laufzettel{laufzettel.suffix.lower()}" not in SLIP_NAMES:
        text = f"ein Laufzettel endet auf .json, .yaml oder .yml, und „{laufzettel.name}“ nicht."
        raise click.BadParameter(text, param_hint="--laufzettel")
    with open_archive(call) as services:
        require_work_folder(services)  # else all files would seem lost, and the case could be ended without them
        if back is not None:
            require_outside(back, services.settings.work)
            require_not_in_inbox(back, services.settings.inbox)
        delivery = services.catalog.clearing(nr).delivery
        claimed = ClaimedDelivery(delivery, services.settings.work / str(delivery))
        mended = laufzettel is not None or dateien is not None
        with _in_hand(claimed):
            case = services.catalog.clearing(nr)  # as it is now that nobody else decides
            cut_off = case.resolution is Resolution.RETURN and back is not None and claimed.folder.is_dir()
            if case.resolution is not None and not cut_off:
                text = f"Fall {nr} ist schon gelöst: {RESOLUTIONS[case.resolution]}."
                if became := _what_became(services, case, call.archiv):
                    text += f" {became}"
                elif claimed.folder.is_dir():
                    text += " Die Dateien liegen noch im Arbeitsordner; zurück gibt sie: --zurueck ORDNER"
                raise Forbidden(text)
            asked = _asked(services, case)
            gone_back = cut_off and going_back(claimed) is not None
            if not claimed.lieferung.is_dir() and claimed.zip_file is None and not gone_back:
                _require_lost(services, nr, returns=back is not None, sure=lost)
                return _end_without_files(
                    call, services, nr, claimed, grund, asked, decided=case.resolution is not None
                )
            if back is not None:
                if not gone_back:
                    try_out(back)  # else the case would be closed as given back, and the files still be here
                if not cut_off:  # else decided earlier, and killed (or refused by the disk) before it was carried out
                    services.catalog.resolve(nr, Resolution.RETURN, grund, by=call.actor, now=services.now())
            else:
                if accept and not mended and (codes := nobody_may_accept(case.findings)):
                    raise Forbidden(
                        f"Fall {nr} lässt sich nicht annehmen: {', '.join(codes)} hebt keine Begründung auf. "
                        f"{case.next_step}"
                    )
                if mended:
                    put_in(claimed, laufzettel, dateien)
                    if accept and (stopped := register_again(services, claimed, call.actor)) is not None:
                        return _told(call, nr, stopped)
                kind = Resolution.ACCEPT if accept else Resolution.RESUBMIT
                services.catalog.resolve(nr, kind, grund, by=call.actor, now=services.now())
        if back is not None:
            place = give_back(claimed, back)
            value = resolved_json(nr, asked, place, returned=True)
            call.output.result(value, lambda console: console.print(f"Zurückgegeben nach {place}"))
            return 0
        with progress_display(quiet=call.output.as_json) as show:
            (made,) = archive_all(services, (claimed,), call.actor, show)
    return _told(call, nr, made)


@contextmanager
def _in_hand(claimed: ClaimedDelivery) -> Iterator[None]:
    """While one person decides and puts files in, nobody else does, and no round reads them. Raises Unavailable."""
    with held(claimed) as mine:
        if not mine and claimed.folder.is_dir():  # a folder that is gone is nobody's
            raise Unavailable("An dieser Lieferung arbeitet gerade ein anderer Vorgang; bitte gleich noch einmal.")
        yield


def _require_lost(services: Services, nr: int, *, returns: bool, sure: bool) -> None:
    """Raises Forbidden while the files of a case may be found again: on another machine, or in a backup."""
    elsewhere = may_lie_elsewhere(services)
    if returns and (sure or not elsewhere):
        return
    whose, how = (" dieses Rechners", ", --ohne-dateien") if elsewhere else ("", "")
    there = "Liegen sie auf einem anderen, den Fall dort lösen. Sonst a" if elsewhere else "A"
    raise Forbidden(
        f"Die Dateien zu Fall {nr} liegen nicht mehr im Arbeitsordner{whose}. {there}us der Sicherung "
        f"zurückholen, oder den Fall mit --zurueck{how} und --grund beenden und neu liefern lassen."
    )


@klaerung.command("verloren")
@click.argument("lieferung", type=click.UUID)
@verb
def clearing_lost(call: Call, lieferung: UUID) -> None:
    """Bringt eine Lieferung in die Klärung, deren Dateien auf keinem Rechner mehr liegen (archiv abgleich: WF-13)."""
    with open_archive(call) as services:
        case = declare_lost(services, lieferung, call.actor)
    way = f'{call.archiv} klaerung loese {case.number} --zurueck ORDNER --ohne-dateien --grund "…"'

    def show(console: Console) -> None:
        console.print(f"Fall {case.number}: {_case_name(case)}  {case.betreff}")
        console.print(f"Beenden: {way}", soft_wrap=True)

    call.output.result(case_json(case), show)


def resolved_json(nr: int, receipt: Receipt, folder: Path | None = None, *, returned: bool = False) -> dict[str, Any]:
    """How a case ended, with the same fields for every end: those of a receipt, the case, and where files were put."""
    value = receipt_json(receipt) | {"number": nr, "folder": None if folder is None else str(folder)}
    return value | {"state": "returned"} if returned else value


def _told(call: Call, nr: int, receipt: Receipt) -> int:
    value = resolved_json(nr, receipt)
    call.output.result(value, lambda console: show_receipts(console, [value], call.archiv))
    return exit_code((receipt,))


def _asked(services: Services, case: ClearingCase) -> Receipt:
    """The receipt that asked for a decision, made while the folder of the delivery is here and tells its name."""
    row = services.catalog.delivery(case.delivery)
    if row is None:
        raise FixityError("Die Lieferung ist aus dem Katalog verschwunden.")
    return replace(clearing_receipt(services, row), name=delivered_as(as_it_lies(services, case)))


def _end_without_files(
    call: Call, services: Services, nr: int, claimed: ClaimedDelivery, grund: str, asked: Receipt, *, decided: bool
) -> int:
    """Ends a case whose files are gone: there is nothing to give back, and nothing else to do with it either."""
    if not decided:
        services.catalog.resolve(nr, Resolution.RETURN, grund, by=call.actor, now=services.now())
    release(claimed)
    call.output.result(
        resolved_json(nr, asked, returned=True),
        lambda console: console.print(
            f"Fall {nr} ist beendet. Zurückgegeben wurde nichts: die Dateien lagen nicht mehr im Arbeitsordner."
        ),
    )
    return 0
