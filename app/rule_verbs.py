"""`archiv frist vergleich`, `freigabe`, `katalog`: new rules are compared, proposed, and released by another person."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from akten.model import clean_text
from akten.plural import plural
from app.command import OUT, Call, verb
from app.deadline_show import STATES_DE, german
from app.opening import begins, open_archive, open_or_begin
from app.paging import paged
from app.show import DAY_FORM, Listing, findings_table, moment, number_column
from app.written import write_csv, write_whole
from catalog.rulebook import RuleState, RuleVersion
from flows.inforce import Rules, basis, read_rules, rules_in_force, rules_numbered
from flows.receipt import finding_json
from flows.rule_change import Comparison, compared, propose, refuse, release
from retention.catalogue import Fristenkatalog
from retention.compare import Change, Move

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
RULE_STATES = {
    RuleState.BASIS: "galt ohne Freigabe",
    RuleState.PROPOSED: "vorgeschlagen",
    RuleState.RELEASED: "freigegeben",
    RuleState.REFUSED: "abgelehnt",
}
CHANGES_DE = {
    Change.SAME: "nur der Stand",
    Change.EARLIER: "früher",
    Change.LATER: "später",
    Change.CLASS_MISSING: "ohne Klasse",
}
HEADER = ("Aktenart", "Aktenzeichen", "Band", "Fristklasse", "Änderung", "bis jetzt", "bis neu", "frei ab jetzt",
          "frei ab neu", "Stand jetzt", "Stand neu")  # fmt: skip


def version_json(version: RuleVersion, in_force: str = "") -> dict[str, Any]:
    """One version of the Fristenkatalog with its story."""
    return {
        "number": version.number,
        "name": version.name,
        "version": version.version,
        "valid_from": version.valid_from,
        "sha256": version.digest,
        "state": version.state.value,
        "in_force": version.digest == in_force,
        "reason": version.reason,
        "proposed_by": str(version.proposed_by),
        "proposed_at": version.proposed_at,
        "decided_by": str(version.decided_by) if version.decided_by else None,
        "decided_at": version.decided_at,
        "decided_reason": version.decided_reason,
    }


# --- comparison -------------------------------------------------------------------------------------------------------


def _move_json(move: Move, found: Comparison) -> dict[str, Any]:
    name = found.akten[move.id]
    return {
        "aktenart": name.aktenart,
        "aktenzeichen": name.aktenzeichen,
        "band": name.band,
        "uuid": move.id,
        "record_class": move.record_class,
        "change": move.change.value,
        "ends_before": move.ends_before,
        "ends_after": move.ends_after,
        "free_before": move.before,
        "free_after": move.after,
        "state_before": move.state_before.value,
        "state_after": move.state_after.value if move.state_after else None,
    }


def _comparison_json(found: Comparison, proposal: RuleVersion | None, *, limit: int, offset: int) -> dict[str, Any]:
    result = found.vergleich
    return {
        "proposal": version_json(proposal) if proposal else None,
        "before": result.before,
        "after": result.after,
        "as_of": found.as_of,
        "total": sum(each.total for each in result.classes),
        "earlier": result.count(Change.EARLIER),
        "later": result.count(Change.LATER),
        "class_missing": result.count(Change.CLASS_MISSING),
        "skipped": found.skipped,
        "classes": [
            {
                "record_class": each.record_class,
                "total": each.total,
                "earlier": each.earlier,
                "later": each.later,
                "class_missing": each.missing,
                "state_changes": each.state_changes,
                "sentence": each.sentence,
            }
            for each in result.classes
        ],
        "moves_total": len(result.moves),
        "offset": offset,
        "moves": [_move_json(move, found) for move in result.moves[offset : offset + limit]],
    }


def headline(value: Mapping[str, Any]) -> str:
    """ "214 von 300 Akten würden früher frei, 3 später; 1 stünde ohne Klasse da."""
    total = plural(value["total"], "Akte", "Akten")
    if not (value["earlier"] or value["later"] or value["class_missing"]):
        return "Die eine Akte behält ihren Tag." if value["total"] == 1 else f"Keine von {total} ändert ihren Tag."
    words = "würde" if value["earlier"] == 1 else "würden"
    text = f"{plural(value['earlier'], 'Akte', 'Akten')} {words} früher frei, {value['later']} später (von {total})."
    if value["class_missing"]:
        text += (
            f" {plural(value['class_missing'], 'Akte', 'Akten')} ohne Klasse: der neue Katalog kennt sie nicht mehr."
        )
    return text


@click.command("vergleich", short_help="Zeigt, was ein neuer Fristenkatalog bewegt; schlägt ihn vor.")
@click.option("--neu", "new", type=FILE, metavar="DATEI", help="Neue Fassung des Fristenkatalogs; wird vorgeschlagen.")
@click.option("--nr", "number", type=int, metavar="NR", help="Eine Fassung, die schon vorgeschlagen ist.")
@click.option("--grund", default="", metavar="TEXT", help="Warum die Regeln sich ändern; steht beim Vorschlag.")
@click.option("--nur-vergleichen", "only", is_flag=True, help="Nichts vorschlagen, nur vergleichen.")
@paged(many="Akten", first="dieser Akte")
@click.option("--csv", "csv_file", type=OUT, metavar="DATEI", help="Alle Akten, die sich bewegen, als CSV schreiben.")
@verb
def comparison(
    call: Call,
    *,
    new: Path | None,
    number: int | None,
    grund: str,
    only: bool,
    anzahl: int,
    ab: int,
    csv_file: Path | None,
) -> int:
    """Zeigt, wie viele Akten eine neue Fassung des Fristenkatalogs bewegt und wohin, und schlägt sie vor.

    Es gilt nichts Neues, bevor eine zweite Person freigibt: archiv frist freigabe NR --grund …
    """
    if (new is None) == (number is None):
        raise click.UsageError("Bitte entweder --neu DATEI oder --nr NR angeben.")
    if grund and (new is None or only):
        raise click.UsageError("--grund steht bei einem neuen Vorschlag; hier wird nur verglichen.")
    rules = read_rules(new) if new is not None else None
    # Only a proposal is worth an archive of its own: of a mistyped place nothing is compared.
    with open_archive(call) if rules is None or only else open_or_begin(call) as services:
        rules = rules or rules_numbered(services, number or 0)
        proposal = None if number is None else services.catalog.rules.version(number)
        if number is None and not only:
            proposal = propose(services, rules, grund, call.actor)
        with call.output.working("Alle Akten werden nach beiden Fristenkatalogen gerechnet"):
            found = compared(services, rules, call.actor)
    value = _comparison_json(found, proposal, limit=anzahl, offset=ab)
    if csv_file is not None:
        write_csv(csv_file, HEADER, (_csv_row(move, found) for move in found.vergleich.moves))
    value["csv"] = str(csv_file) if csv_file else None
    findings = [finding_json(finding) for finding in rules.katalog.findings]
    value["findings"] = findings

    def show(console: Console) -> None:
        console.print(f"Jetzt {value['before']}, neu {value['after']}; gefragt für den {german(found.as_of)}.")
        console.print(headline(value), style="bold")
        for each in found.vergleich.classes:
            if each.moved or each.state_changes:
                console.print(f"  {each.sentence}")
        if found.skipped:
            console.print(f"  {plural(found.skipped, 'Akte', 'Akten')} ohne Klasse schon jetzt: nicht verglichen.")
        _show_moves(console, value)
        if findings:
            console.print(findings_table(findings))
        if proposal is not None and proposal.state is RuleState.PROPOSED:
            who = str(proposal.proposed_by)
            if grund and proposal.reason != clean_text(grund):
                console.print("Diese Fassung war schon vorgeschlagen; es bleibt der Grund von damals.")
            console.print(f"Vorschlag Nr. {proposal.number} von {who}; noch gilt nichts Neues.", style="bold")
            if proposal.reason:
                console.print(Text(f"Grund: {proposal.reason}"), soft_wrap=True)
            else:
                text = "Ein Grund steht nicht dabei; noch einmal mit --neu und --grund vorgeschlagen, trägt sie ihn."
                console.print(text, style="yellow", soft_wrap=True)
            way = f"{call.archiv} frist freigabe {proposal.number} --grund …"
            console.print(f"Eine zweite Person gibt frei: {way}", style="dim", soft_wrap=True)

    call.output.result(value, show)
    return 8 if found.skipped else 0


def _show_moves(console: Console, value: Mapping[str, Any]) -> None:
    if not value["moves"]:
        return
    table = Listing(number_column(), "Aktenart", "Fristklasse", "frei ab jetzt", "frei ab neu", "Stand neu", box=None)
    for move in value["moves"]:
        after = STATES_DE.get(move["state_after"], "ohne Klasse")
        days = (german(move["free_before"]), german(move["free_after"]))
        table.add_row(move["aktenzeichen"], move["aktenart"], move["record_class"], *days, after)
    console.print(table)
    until = value["offset"] + len(value["moves"])
    more = f"; weiter mit --ab {until}" if until < value["moves_total"] else ""
    which = plural(value["moves_total"], "Akte, die sich bewegt", "Akten, die sich bewegen")
    console.print(f"{len(value['moves'])} von {which}{more}", style="dim")


def _csv_row(move: Move, found: Comparison) -> tuple[object, ...]:
    name = found.akten[move.id]
    after = STATES_DE[move.state_after.value] if move.state_after else "ohne Klasse"
    return (
        name.aktenart, name.aktenzeichen, name.band, move.record_class, CHANGES_DE[move.change], move.ends_before,
        move.ends_after, move.before, move.after, STATES_DE[move.state_before.value], after,
    )  # fmt: skip


# --- release ----------------------------------------------------------------------------------------------------------


@click.command("freigabe", short_help="Gibt einen Fristenkatalog frei: die zweite Person.")
@click.argument("number", type=int, metavar="NR")
@click.option("--grund", required=True, metavar="TEXT", help="Begründung; steht im Protokoll.")
@click.option("--ablehnen", "refused", is_flag=True, help="Den Vorschlag ablehnen oder zurückziehen.")
@verb
def rule_release(call: Call, number: int, *, grund: str, refused: bool) -> None:
    """Setzt eine vorgeschlagene Fassung des Fristenkatalogs in Kraft, durch eine zweite Person, oder lehnt sie ab.

    Sperren und eingetragene Fristen folgen in der nächsten Fristenrunde; was schon entschieden ist, behält seine
    Fassung.
    """
    with open_archive(call) as services:
        act = refuse if refused else release
        version = act(services, number, grund, call.actor)
        in_force = rules_in_force(services)
    value = version_json(version, in_force.entry.digest)

    def show(console: Console) -> None:
        title = f"{version.name} {version.version}"
        if refused:
            console.print(f"Nr. {number} ({title}) ist abgelehnt. Es gilt weiter {_name(in_force.katalog)}.")
        elif value["in_force"]:
            console.print(f"Es gilt jetzt {title} (Nr. {number}).", style="bold")
            console.print("Sperren und eingetragene Fristen folgen in der nächsten Fristenrunde.", style="dim")
        else:
            console.print(f"{title} (Nr. {number}) ist freigegeben und gilt ab {german(version.valid_from)}.")

    call.output.result(value, show)


def _name(katalog: Fristenkatalog) -> str:
    return f"{katalog.name} {katalog.version}"


# --- versions ---------------------------------------------------------------------------------------------------------


@click.command("katalog", short_help="Listet, prüft und schreibt Fassungen des Fristenkatalogs.")
@click.option("--nr", "number", type=int, metavar="NR", help="Diese Fassung statt der geltenden.")
@click.option("--pruefe", "check", type=FILE, metavar="DATEI", help="Einen Fristenkatalog nur prüfen.")
@click.option("--klassen", "classes", is_flag=True, help="Die Fristklassen mit ihren Grundlagen zeigen.")
@click.option("--ausgabe", "out", type=OUT, metavar="DATEI", help="Die Fassung als YAML schreiben, Byte für Byte.")
@verb
def catalogue(call: Call, *, number: int | None, check: Path | None, classes: bool, out: Path | None) -> None:
    """Listet die Fassungen des Fristenkatalogs: geltend, vorgeschlagen, freigegeben, abgelehnt."""
    if check is not None and (number is not None or out is not None):
        raise click.UsageError("--pruefe prüft nur eine Datei; --nr und --ausgabe gehören zu den Fassungen im Katalog.")
    if check is not None:
        _checked(call, read_rules(check), classes=classes)
        return
    versions: tuple[RuleVersion, ...] = ()
    if number is None and begins(call):  # what would be in force there is known without an archive
        chosen = in_force = basis(call.settings)
    else:
        with open_archive(call) as services:
            versions = services.catalog.rules.versions()
            in_force = rules_in_force(services)
            chosen = in_force if number is None else rules_numbered(services, number)
    if out is not None:
        write_whole(out, chosen.text.encode())
    digest = in_force.entry.digest
    value = {
        "in_force": {
            "number": in_force.number,
            "name": in_force.katalog.name,
            "version": in_force.katalog.version,
            "sha256": digest,
            "released": in_force.number is not None,
        },
        "versions": [version_json(version, digest) for version in versions],
        "file": str(out) if out else None,
    }
    if number is not None or classes:
        value["chosen"] = _katalog_json(chosen.katalog)

    def show(console: Console) -> None:
        how = f"Nr. {in_force.number}" if in_force.number else "ohne Freigabe: mitgeliefert oder eingestellt"
        console.print(f"Es gilt {_name(in_force.katalog)} ({how}).", style="bold")
        if versions:
            console.print(_versions_table(versions, in_force))
        if number is not None or classes:
            _show_katalog(console, chosen.katalog)
        if out is not None:
            console.print(f"Geschrieben: {out}")

    call.output.result(value, show)


def _versions_table(versions: tuple[RuleVersion, ...], in_force: Rules) -> Table:
    table = Listing("Nr.", "Fassung", "gilt ab", "Stand", "vorgeschlagen", "entschieden", "Begründung", box=None)
    for version in versions:
        state = RULE_STATES[version.state]
        state += ", gilt" if version.number == in_force.number else ""
        decided = f"{version.decided_by}, {moment(version.decided_at, DAY_FORM)}" if version.decided_at else "–"
        proposed = f"{version.proposed_by}, {moment(version.proposed_at, DAY_FORM)}"
        title = f"{version.name} {version.version}"
        reasons = " / ".join(text for text in (version.reason, version.decided_reason) if text)
        table.add_row(str(version.number), title, german(version.valid_from), state, proposed, decided, reasons or "–")
    return table


def _checked(call: Call, rules: Rules, *, classes: bool) -> None:
    katalog = rules.katalog
    findings = [finding_json(finding) for finding in katalog.findings]
    value = {**_katalog_json(katalog), "findings": findings}

    def show(console: Console) -> None:
        console.print(f"{_name(katalog)} ist lesbar und in sich schlüssig.", style="bold")
        unconfirmed = sum(not each.confirmed_by for each in katalog.classes.values())
        console.print(f"{plural(len(katalog.classes), 'Klasse', 'Klassen')}, davon {unconfirmed} nicht bestätigt.")
        if findings:
            console.print(findings_table(findings))
        if classes:
            _show_katalog(console, katalog)

    call.output.result(value, show)


def _katalog_json(katalog: Fristenkatalog) -> dict[str, Any]:
    return {
        "name": katalog.name,
        "version": katalog.version,
        "valid_from": katalog.valid_from,
        "sha256": katalog.digest,
        "classes": [
            {
                "key": each.key,
                "title": each.title,
                "confirmed_by": each.confirmed_by or None,
                "disposal": each.disposal.value,
                "bases": [basis.text for basis in each.bases],
            }
            for each in katalog.classes.values()
        ],
    }


def _show_katalog(console: Console, katalog: Fristenkatalog) -> None:
    table = Listing("Fristklasse", "Titel", "Grundlagen", "Aussonderung", "bestätigt", box=None)
    for each in katalog.classes.values():
        bases = "; ".join(basis.text for basis in each.bases)
        table.add_row(each.key, each.title, bases, each.disposal.value, each.confirmed_by or "nein")
    console.print(table)
