"""`archiv protokoll auszug|stichprobe`: what an auditor takes along, provable without us, and what is looked at."""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console

from akten.findings import Finding, Severity, Verdict, worst
from akten.model import clean_text
from akten.plural import plural
from app.akte_json import row_json
from app.command import OUT, Call, require_in_order, verb
from app.find_verbs import DAY, DAY_WORD, FAMILIES
from app.one_akte import one_akte, require_number_for_band
from app.opening import begins, open_archive
from app.output import EXIT_OF_VERDICT
from app.show import STATES, VERDICTS, Listing, findings_table, number_column, word
from app.spans import midnight
from app.trail_words import facts_told, what_happened
from app.written import whole_file, write_csv
from catalog.extract import FORMAT, Extract, ExtractJudge, ExtractReport, verify_extract
from catalog.trail import Anchor
from flows.anchors import head_in, published_heads, try_to_publish
from flows.receipt import finding_json

Show = Callable[[Console], None]
_LARGEST = 1 << 30  # bytes of an extract that is read; a row has about 1,500
_MOST_OF_A_HEAD = 4096
IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_CSV = (
    "Zeile",
    "Zeit (UTC)",
    "Wer",
    "Konto",
    "Was",
    "Angaben",
    "Akte",
    "Lieferung",
    "Art",
    "Schlüssel",
    "Daten",
    "Hash",
)


@click.command("auszug", short_help="Schreibt einen Auszug, der sich ohne das Archiv prüfen lässt.")
@click.argument("aktenzeichen", required=False)
@click.option("--ziel", type=OUT, required=True, metavar="DATEI", help="Auszug mit allen Beweisen (JSON).")
@click.option("--csv", "csv_file", type=OUT, metavar="DATEI", help="Dieselben Zeilen zum Lesen (CSV), ohne Beweise.")
@click.option("--band", type=int, help="Band, wenn es mehrere gibt.")
@click.option("--benutzer", help="Nur was dieses Konto tat.")
@click.option("--von", type=DAY, metavar=DAY_WORD, help="Ab diesem Tag.")
@click.option("--bis", type=DAY, metavar=DAY_WORD, help="Bis zu diesem Tag, ihn eingeschlossen.")
@verb
def trail_extract(
    call: Call,
    aktenzeichen: str | None,
    *,
    ziel: Path,
    csv_file: Path | None,
    band: int | None,
    benutzer: str | None,
    von: datetime | None,
    bis: datetime | None,
) -> int:
    """Schreibt Zeilen des Protokolls heraus, jede mit dem Beweis, dass sie zu einem veröffentlichten Siegel gehört.

    Wer den Auszug erhält, prüft ihn ohne dieses Archiv: archiv protokoll pruefe --auszug DATEI --kopf KOPF; die Form
    steht für eigene Programme im Handbuch.
    """
    if aktenzeichen is None and benutzer is None and von is None and bis is None:
        raise click.UsageError("Bitte ein Aktenzeichen, --benutzer oder einen Zeitraum nennen.")
    require_in_order(von, bis)
    require_number_for_band(aktenzeichen, band)
    if csv_file is not None and csv_file.absolute() == ziel.absolute():
        raise click.UsageError("--ziel und --csv nennen dieselbe Datei; die Beweise gingen verloren.")
    with open_archive(call) as services:
        akte = one_akte(call, services, aktenzeichen, band).uuid if aktenzeichen is not None else None
        seal = services.catalog.seal_trail(by=call.actor, now=datetime.now(UTC))
        unpublished = try_to_publish(services, seal)
        heads, told = published_heads(services)  # as they lie there now, and not as we meant to write them
        if unpublished:
            told = (replace(unpublished, code="TR-13", where="Speicher"), *told)
        like = services.catalog.accounts_like(clean_text(benutzer)) if benutzer else ()
        with services.catalog.extract(
            akte=akte,
            by=benutzer and clean_text(benutzer),
            von=midnight(von) if von else None,
            bis=midnight(bis, days=1) if bis else None,
        ) as found:
            report = _written(found, heads, ziel, csv_file)
    tell_like(call, like)

    def show(console: Console) -> None:
        console.print(f"{plural(report.rows, 'Zeile', 'Zeilen')} geschrieben nach {ziel}", soft_wrap=True)
        if csv_file is not None:
            console.print(f"Zum Lesen: {csv_file}", soft_wrap=True)
        _show_seal(console, report)
        if not told:
            console.print("Der Kopf mit diesem Siegel liegt in allen Speichern: protokoll/koepfe/", style="dim")

    return _tell(call, report, told, {"file": str(ziel), "csv": str(csv_file) if csv_file else None}, show)


def _written(found: Extract, heads: Sequence[Anchor], ziel: Path, csv_file: Path | None) -> ExtractReport:
    """Writes every row as it comes, and judges what was written; a row that cannot be written leaves neither file."""
    judge = ExtractJudge(found.seal, heads)

    def rows(file: TextIO) -> Iterator[dict[str, Any]]:
        before = "\n  "
        for row in found.rows:
            file.write(before + json.dumps(row, ensure_ascii=False, indent=1).replace("\n", "\n  "))
            judge.add(row)
            yield row
            before = ",\n  "
        file.write("\n ]\n}" if before.startswith(",") else "]\n}")

    with whole_file(ziel) as file:
        head = json.dumps({"format": FORMAT, "seal": found.seal, "rows": []}, ensure_ascii=False, indent=1)
        file.write(head.removesuffix("]\n}"))
        written = rows(file)
        if csv_file is not None:
            write_csv(csv_file, _CSV, map(_csv_row, written))
        deque(written, maxlen=0)
    return judge.report()


def tell_like(call: Call, names: Sequence[str]) -> None:
    """A person may have acted under several spellings; whoever asks for one must not take it for all."""
    if names:
        call.output.say(f"Dieselbe Person kann auch so im Protokoll stehen: {', '.join(names)}.")


def check_extract(call: Call, file: Path, heads: Sequence[Path]) -> int:
    """Judges an extract against heads in files, else against those in the stores of the archive that is here."""
    anchors, problems = _heads_of(heads) if heads else _heads_in_stores(call)
    report = verify_extract(_read(file), anchors)

    def show(console: Console) -> None:
        verdict = _verdict(report, problems)
        console.print("Auszug:", word(VERDICTS, verdict.value), f"({plural(report.rows, 'Zeile', 'Zeilen')})")
        _show_seal(console, report)
        if verdict is Verdict.NOT_CHECKED and not heads:
            text = "Einen Kopf aus einem Speicher nennen: --kopf DATEI (dort unter protokoll/koepfe/)."
            console.print(text, style="dim")

    return _tell(call, report, problems, {"file": str(file), "anchors": len(anchors)}, show)


def _tell(call: Call, report: ExtractReport, problems: Sequence[Finding], facts: dict[str, object], show: Show) -> int:
    verdict = _verdict(report, problems)
    findings = [finding_json(f) for f in (*problems, *report.findings)]
    value = {
        "verdict": verdict.value,
        "rows": report.rows,
        "seal": {"seq": report.seal[0], "hash": report.seal[1]} if report.seal else None,
        **facts,
        "findings": findings,
    }

    def all_of_it(console: Console) -> None:
        show(console)
        if findings:
            console.print(findings_table(findings))

    call.output.result(value, all_of_it)
    return EXIT_OF_VERDICT[verdict]


def _verdict(report: ExtractReport, problems: Sequence[Finding]) -> Verdict:
    if any(f.severity is Severity.ERROR for f in problems):
        return Verdict.FAILED
    return worst((report.verdict, Verdict.NOT_CHECKED)) if problems else report.verdict


def _show_seal(console: Console, report: ExtractReport) -> None:
    if report.seal is not None:
        console.print(f"Siegel: Zeile {report.seal[0]}, Hash {report.seal[1]}", style="dim", soft_wrap=True)


def _csv_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    """A row in the words that the screen shows, and as it is proven."""
    try:
        body = json.loads(row["body"])
        data, verb = body.get("data", {}), body.get("verb", "")
        read = (*(body.get(name, "") for name in ("at", "by", "login")), what_happened(verb, data), facts_told(data))
        as_proven = (body.get("kind", ""), verb, json.dumps(data, ensure_ascii=False, sort_keys=True), row["hash"])
    except (ValueError, TypeError, AttributeError, RecursionError):  # somebody changed the row: as it lies there
        return row["seq"], *("" for _ in _CSV[3:]), row["body"], row["hash"]
    return row["seq"], *read, body.get("akte", ""), body.get("delivery", ""), *as_proven


def _heads_of(files: Sequence[Path]) -> tuple[tuple[Anchor, ...], tuple[Finding, ...]]:
    """The heads in files that somebody took from a store; one that is no head is told."""
    heads, problems = [], []
    for file in files:
        with file.open("rb") as stream:
            head = head_in(stream.read(_MOST_OF_A_HEAD))
        if head is None:
            problems.append(Finding("WF-20", Severity.ERROR, file.name, "Diese Datei ist kein Kopf des Protokolls."))
        else:
            heads.append(head)
    return tuple(heads), tuple(problems)


def _heads_in_stores(call: Call) -> tuple[tuple[Anchor, ...], tuple[Finding, ...]]:
    """The heads in the stores of the archive that is here; none where there is no archive."""
    if begins(call):
        return (), ()
    with open_archive(call) as services:
        return published_heads(services)


def _read(file: Path) -> Any:
    """The JSON value of a file, None for anything else: the judge then says that it is no extract."""
    with file.open("rb") as stream:  # of a device or a pipe only reading tells how much comes
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


@click.command("stichprobe", short_help="Zieht archivierte Akten für eine Prüfung, wiederholbar.")
@click.option("--anzahl", required=True, type=click.IntRange(1, 100_000), help="So viele Akten.")
@click.option("--saat", type=click.IntRange(0), help="Startzahl der Ziehung; ohne sie wird eine gewürfelt und genannt.")
@click.option(
    "--stand", type=click.IntRange(1), metavar="ZEILE", help="Nur was bis zu dieser Protokollzeile archiviert war."
)
@FAMILIES
@verb
def sample_draw(call: Call, *, anzahl: int, saat: int | None, stand: int | None, aktenart: tuple[str, ...]) -> int:
    """Zieht archivierte Akten für eine Prüfung. Mit derselben Saat und demselben Stand immer dieselben.

    Welche Akten in Frage kommen, sagt das Protokoll. Die Ziehung steht danach selbst darin.
    """
    with open_archive(call) as services:
        sample = services.catalog.draw_sample(
            secrets.randbelow(1_000_000_000) if saat is None else saat,
            anzahl,
            stand=stand,
            aktenarten=aktenart or None,
            by=call.actor,
            now=datetime.now(UTC),
        )
        akten = services.catalog.some_akten(sample.akten)
        drawn = [(uuid, akten.get(uuid)) for uuid in sample.akten]
    families = "".join(f" --aktenart {each}" for each in aktenart)
    again = (
        f"{call.archiv} protokoll stichprobe --anzahl {anzahl} --saat {sample.seed} --stand {sample.stand}{families}"
    )
    gone = [uuid for uuid, row in drawn if row is None]
    value = {
        "seed": sample.seed,
        "stand": sample.stand,
        "of": sample.of,
        "akten": [row_json(row) for _, row in drawn if row is not None],
        "gone": [str(uuid) for uuid in gone],
        "again": again,
    }

    def show(console: Console) -> None:
        if not drawn:
            which = " oder ".join(aktenart) or "Akte"
            console.print(f"Bis zu diesem Stand ist keine {which} archiviert.")
        table = Listing(number_column(), "Aktenart", "Band", "Version", "Seiten", "Stand", "Betreff", box=None)
        for uuid, row in drawn:
            if row is None:
                table.add_row(str(uuid), "", "", "", "", "nicht mehr im Register", "")
                continue
            cells = (row.aktenzeichen, row.aktenart, str(row.band), str(row.version or "–"), str(row.pages))
            table.add_row(*cells, word(STATES, row.state), row.betreff)
        if drawn:
            console.print(table)
        console.print(
            f"{len(drawn)} von {plural(sample.of, 'archivierten Akte', 'archivierten Akten')}. Noch einmal dieselben: "
            f"{again}",
            soft_wrap=True,
        )

    call.output.result(value, show)
    return EXIT_OF_VERDICT[Verdict.FAILED] if gone else 0
