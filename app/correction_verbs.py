"""`archiv akte berichtige|berichtigungen|gib-frei|verwirf`: the description of an Akte is corrected, by two persons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from akten.errors import FixityError
from akten.findings import Verdict
from akten.model import Akte
from akten.package import StoredCopy
from akten.plural import plural
from app.command import Call, Named, verb
from app.correction_show import change_json, ends_json, show_changes, show_consequences, titles_of
from app.one_akte import akte_in_call, akte_name, one_akte
from app.opening import open_archive
from app.output import EXIT_OF_VERDICT
from app.paging import counted, paged, rest_of
from app.show import findings_table, moment
from catalog.corrections import Proposed
from catalog.values import AkteRow
from flows import correction
from flows.consequences import Consequences, all_consequences, consequences
from flows.receipt import checks_not_made, finding_json
from flows.wiring import Services

AKTE = click.argument("aktenzeichen")
BAND = click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
REASON = click.option("--grund", "reason", required=True, help="Warum; steht im Protokoll und im Paket.")
FILE = Named(path_type=Path, exists=True, dir_okay=False)
# Option → field of the slip; a dot leads into it.
_VALUES = {
    "number": ("--aktenzeichen", "aktenzeichen", "Neues Aktenzeichen, in jeder Schreibweise."),
    "betreff": ("--betreff", "betreff", "Neuer Betreff."),
    "federfuehrung": ("--federfuehrung", "federfuehrung", "Neue Federführung."),
    "aktenplaneinheit": ("--aktenplaneinheit", "aktenplaneinheit", "Neue Aktenplaneinheit."),
    "zeichen": ("--zeichen", "zeichen", "Neues Zeichen eines Vorgangs."),
    "typ": ("--typ", "typ", "Neuer Typ eines Vorgangs oder Dokuments."),
    "laufzeit_beginn": ("--laufzeit-beginn", "laufzeit.beginn", "Neuer Beginn der Laufzeit (TT.MM.JJJJ)."),
    "laufzeit_ende": ("--laufzeit-ende", "laufzeit.ende", "Neues Ende der Laufzeit (TT.MM.JJJJ)."),
    "zda_datum": ("--zda-datum", "zda_datum", "Neues z.d.A.-Datum (TT.MM.JJJJ)."),
    "datum": ("--datum", "datum", "Neues Datum eines Dokuments (TT.MM.JJJJ)."),
    "posteingang": ("--posteingang", "posteingang", "Neuer Tag des Posteingangs eines Dokuments (TT.MM.JJJJ)."),
}


def _values(command: Any) -> Any:
    for name, (option, _, words) in reversed(_VALUES.items()):
        command = click.option(option, name, metavar="TEXT" if "TT" not in words else "TAG", help=words)(command)
    return command


@click.command("berichtige")
@AKTE
@_values
@click.option("--feld", "felder", multiple=True, metavar="NAME=WERT", help="Neuer Wert eines Feldes, etwa Flurstück.")
@click.option("--neue-felder", is_flag=True, help="Felder, die die Akte nicht hat, sollen wirklich hinzukommen.")
@click.option("--entferne", multiple=True, metavar="NAME", help="Was nicht mehr da stehen soll, etwa zda_datum.")
@click.option("--vorgang", metavar="NR", help="Es geht um diesen Vorgang: Nummer (archiv akte zeige), UUID, Betreff.")
@click.option("--dokument", metavar="NR", help="Es geht um dieses Dokument: Nummer (archiv akte zeige), UUID, Betreff.")
@click.option(
    "--datei", type=FILE, metavar="DATEI", help="Mehreres auf einmal: JSON oder YAML mit den Feldern des Laufzettels."
)
@REASON
@BAND
@verb
def propose(
    call: Call,
    /,
    *,
    aktenzeichen: str,
    felder: tuple[str, ...],
    neue_felder: bool,
    entferne: tuple[str, ...],
    vorgang: str | None,
    dokument: str | None,
    datei: Path | None,
    reason: str,
    band: int | None,
    **values: str | None,
) -> None:
    """Schlägt vor, wie eine archivierte Akte beschrieben ist, zu berichtigen: Zeichen, Betreff, Daten, Felder.

    Ohne --vorgang und --dokument geht es um die Akte selbst. Nichts ändert sich, bis eine zweite Person freigibt;
    dann entsteht eine neue Version mit denselben Dateien. Unter ihrem früheren Aktenzeichen bleibt die Akte auffindbar.
    Band und Aktenart lassen sich nicht berichtigen.
    """
    from ingest.correction import read_wishes, typed_wishes  # nobody else here needs what reads slips

    typed = _typed(values, felder, entferne)
    if datei is not None and (typed or vorgang or dokument):
        raise click.UsageError("Bitte entweder --datei oder einzelne Werte.")
    if vorgang and dokument:
        raise click.UsageError("Bitte entweder --vorgang oder --dokument; mehreres auf einmal geht mit --datei.")
    if datei is None and not typed:
        raise click.UsageError("Bitte sagen, was anders werden soll, etwa --betreff „…“.")
    for many, one, which in (("vorgaenge", "vorgang", vorgang), ("dokumente", "dokument", dokument)):
        if which:
            typed = {many: [{one: which, **typed}]}
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        today = services.today()
        wishes = read_wishes(datei, today) if datei else typed_wishes(typed, today)
        proposed = correction.propose(services, row.uuid, wishes, reason, call.actor, new_fields=neue_felder)
        akte = services.catalog.akte_snapshot(row.uuid, proposed.version)
        coming = consequences(services, proposed)
    value = {**_named(row), **_proposal_json(proposed, akte, coming)}

    def show(console: Console) -> None:
        console.print(f"{akte_name(row)}, Version {proposed.version}:")
        show_changes(console, proposed.changes, titles_of(akte))
        show_consequences(console, coming, proposed.changes)
        way = f"{call.archiv} akte gib-frei {akte_in_call(row)} --grund …"
        console.print(f"Wartet auf die Freigabe durch eine zweite Person: {way}", style="dim", soft_wrap=True)

    call.output.result(value, show)


def _typed(values: dict[str, str | None], felder: Sequence[str], entferne: Sequence[str]) -> dict[str, Any]:
    """What was typed, as the file would hold it."""
    typed: dict[str, Any] = {}
    for name, (_, field, _) in _VALUES.items():
        if (text := values[name]) is not None:
            first, dot, second = field.partition(".")
            if dot:
                typed.setdefault(first, {})[second] = text
            else:
                typed[first] = text
    for pair in felder:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter("bitte NAME=WERT", param_hint="--feld")
        if name.strip() in typed.setdefault("felder", {}):
            raise click.BadParameter(f"„{name.strip()}“ ist zweimal genannt", param_hint="--feld")
        typed["felder"][name.strip()] = text
    if entferne:
        typed["entfernen"] = list(entferne)
    return typed


@click.command("berichtigungen")
@paged(most=1000, many="Berichtigungen", first="dieser Berichtigung")
@verb
def proposals(call: Call, *, anzahl: int, ab: int) -> None:
    """Zeigt die Berichtigungen, die auf Freigabe oder Ende warten, seitenweise, mit altem und neuem Wert.

    Die ältesten kommen zuerst.
    """
    with open_archive(call) as services:
        book = services.catalog.corrections
        page = book.page(limit=anzahl, offset=ab)
        akten = services.catalog.some_akten([each.proposal.akte for each in page.rows])
        described = book.described(page.rows)
        begun = correction.begun_of(services, page.rows)
        found = [
            (each, _require(akten.get(each.proposal.akte)), described.get((each.proposal.akte, each.version)), coming)
            for each, coming in zip(page.rows, all_consequences(services, page.rows), strict=True)
        ]
    told = [{**_named(row), **_proposal_json(each, akte, coming)} for each, row, akte, coming in found]
    rest = rest_of(len(found), page.total, ab)

    def show(console: Console) -> None:
        if not page.total:
            console.print("Keine Berichtigung wartet.", style="dim")
            return
        for each, row, akte, coming in found:
            proposal = each.proposal
            state = "wartet"
            # Begun, the newer version may be its own.
            if row.version != each.version and proposal.number not in begun:
                state = "überholt von einer neuen Version, zu verwerfen"
            elif proposal.released_by:
                state = f"freigegeben von {proposal.released_by}, nicht zu Ende"
            who = f"{proposal.proposed_by}, {moment(proposal.proposed_at)}"
            console.print(Text.assemble((akte_name(row), "bold"), f"  {state}  ", (f"{who}: {each.reason}", "dim")))
            show_changes(console, each.changes, titles_of(akte))
            show_consequences(console, coming, each.changes)
        console.print(rest or counted(len(found), page.total), style="dim")

    call.output.page(told, show, rest)


@click.command("gib-frei")
@AKTE
@REASON
@BAND
@verb
def release(call: Call, *, aktenzeichen: str, reason: str, band: int | None) -> int:
    """Gibt als zweite Person eine Berichtigung frei und führt sie aus: neue Version, abgelegt und zurückgelesen.

    Abgebrochen wird sie mit demselben Befehl fortgesetzt, sonst von der nächsten Annahme.
    """
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        proposed = correction.waiting(services, row.uuid)
        before = services.catalog.akte_snapshot(row.uuid, proposed.version)
        coming = consequences(services, proposed)
        done = correction.release(services, proposed, reason, call.actor)
        former, (row, _) = row.aktenzeichen, _akte_of(services, proposed)  # it may bear another number now
    findings = [finding_json(finding) for finding in (*coming.findings, *done.findings)]
    noticed = [finding_json(finding) for finding in done.findings]
    unchecked = checks_not_made(done.findings)
    value = {
        **_named(row),
        "version": done.id.version,
        "changes": [change_json(change, titles_of(before)) for change in done.changes],
        "retention_ends": ends_json(coming),
        "copies": [{"store": copy.store, "version_id": copy.bag_version_id, "verified": True} for copy in done.copies],
        "findings": findings,
        "not_checked": list(unchecked),
    }

    def show(console: Console) -> None:
        text = f" als Version {done.id.version}; Version {proposed.version} bleibt, wie sie war."
        console.print(Text.assemble(f"{akte_name(row)}: ", ("berichtigt", "green"), text), soft_wrap=True)
        show_changes(console, done.changes, titles_of(before))
        show_consequences(console, coming, done.changes)
        if row.aktenzeichen != former:
            words = f"Auch unter {former} wird sie gefunden; eine Lieferung darunter kommt in die Klärung (IN-28)."
            console.print(words, style="dim", soft_wrap=True)
        copies = plural(len(done.copies), "Kopie", "Kopien")
        console.print(f"{copies} abgelegt, {_locked(done.copies)} und ganz zurückgelesen.", style="dim")
        if noticed:
            console.print(findings_table(noticed))
        if unchecked:
            console.print(Text(f"Nicht geprüft: {', '.join(unchecked)}.", "yellow"))

    call.output.result(value, show)
    return done.exit_code or (EXIT_OF_VERDICT[Verdict.NOT_CHECKED] if unchecked else 0)


@click.command("verwirf")
@AKTE
@REASON
@BAND
@verb
def withdraw(call: Call, *, aktenzeichen: str, reason: str, band: int | None) -> None:
    """Verwirft den Vorschlag einer Berichtigung; die Akte bleibt, wie sie ist."""
    with open_archive(call) as services:
        row = one_akte(call, services, aktenzeichen, band)
        correction.withdraw(services, correction.waiting(services, row.uuid), reason, call.actor)
    call.output.result(_named(row), lambda console: console.print(f"Verworfen: {akte_name(row)}"))


def _akte_of(services: Services, proposed: Proposed) -> tuple[AkteRow, Akte | None]:
    row = _require(services.catalog.akte(proposed.proposal.akte))
    return row, services.catalog.akte_snapshot(row.uuid, proposed.version)


def _require(row: AkteRow | None) -> AkteRow:
    if row is None:
        raise FixityError("Die Akte dieses Vorschlags ist aus dem Katalog verschwunden: archiv protokoll pruefe.")
    return row


def _named(row: AkteRow) -> dict[str, Any]:
    return {"akte": str(row.uuid), "aktenzeichen": row.aktenzeichen, "name": akte_name(row)}


def _locked(copies: Sequence[StoredCopy]) -> str:
    """Whether they are locked: after the end of its period nothing is, however carefully it was stored."""
    locked = all(copy.lock.retain_until or copy.lock.legal_hold for copy in copies)
    return "gesperrt" if locked else "nicht gesperrt (archiv frist zeige)"


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _proposal_json(proposed: Proposed, akte: Akte | None, coming: Consequences) -> dict[str, Any]:
    proposal = proposed.proposal
    return {
        "version": proposed.version,
        "changes": [change_json(change, titles_of(akte)) for change in proposed.changes],
        "retention_ends": ends_json(coming),
        "findings": [finding_json(finding) for finding in coming.findings],
        "reason": proposed.reason,
        "proposed_by": str(proposal.proposed_by),
        "proposed_at": proposal.proposed_at.isoformat(),
        "released_by": str(proposal.released_by) if proposal.released_by else None,
        "released_at": _iso(proposal.released_at),
    }
