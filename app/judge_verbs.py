"""`archiv bag|xdomea|premis|pdfa pruefe`: the judges of files that we did not make. No archive is needed for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from akten.findings import Finding, Judgement
from app.command import Call, Words, verb
from app.output import EXIT_OF_JUDGEMENT
from app.show import JUDGEMENTS, VERDICTS, findings_table, size_words, word
from archive.bagrules import shown
from flows.receipt import finding_json

WHOLE = "Datei"
EXISTING = click.Path(exists=True, path_type=Path)
LABELS = {
    "version": "Version",
    "message": "Nachricht",
    "schema_verdict": "Schema",
    "flavour": "Stufe",
    "files": "Dateien",
    "bytes": "Umfang",
    "algorithms": "Prüfsummen",
}


def _tell(
    call: Call,
    path: Path,
    judgement: Judgement,
    findings: Sequence[Finding],
    facts: Mapping[str, Any],
    whole: str = WHOLE,
) -> int:
    """Tells the result; what has no place within is about the `whole`, and says so."""
    told = [finding_json(replace(finding, where=finding.where or whole)) for finding in findings]
    value = {
        "path": str(path),
        "verdict": judgement.value,
        "findings": told,
        **facts,
    }

    def show(console: Console) -> None:
        # a name may hold line ends and escapes, and so a verdict of its own
        console.print(Text.assemble(f"{shown(path.name or str(path))}: ", word(JUDGEMENTS, judgement.value)))
        for name, fact in facts.items():
            if name in LABELS and fact not in (None, "", 0, []):
                console.print(f"  {LABELS[name]}: {_words(name, fact)}", style="dim")
        for judge in facts.get("validators", ()):
            verdict = word(VERDICTS, judge["verdict"])
            why = judge["why"] or ", ".join(judge["clauses"])
            console.print(
                Text.assemble(f"  {judge['name']} {judge['version']}: ", verdict, f" ({why})" if why else ""),
                style="dim",
            )
        if told:
            console.print(findings_table(told))

    call.output.result(value, show)
    return EXIT_OF_JUDGEMENT[judgement]


def _words(name: str, fact: Any) -> str:
    if name == "bytes":
        return size_words(fact)
    if isinstance(fact, list):
        return ", ".join(fact)
    return VERDICTS[fact][0] if name == "schema_verdict" else str(fact)


@click.group(cls=Words)
def bag() -> None:
    """BagIt-Pakete (RFC 8493) beurteilen: Ordner oder Tar."""


@bag.command("pruefe")
@click.argument("pfad", type=EXISTING)
@click.option("--annahme", "intake", is_flag=True, help="Strenger: so, wie ein Paket zur Annahme sein muss.")
@verb
def bag_check(call: Call, pfad: Path, *, intake: bool) -> int:
    """Beurteilt ein Paket, ohne etwas zu holen, auszupacken oder zu schreiben."""
    from archive.bagcheck import judge_path

    report = judge_path(pfad, intake=intake)
    facts = {
        "files": report.files,
        "bytes": report.bytes,
        "algorithms": list(report.algorithms),
        "version": report.version,
    }
    return _tell(call, pfad, report.judgement, report.findings, facts, "Paket")


@click.group(cls=Words)
def xdomea() -> None:
    """XDOMEA-Nachrichten der Gruppe 05xx beurteilen."""


@xdomea.command("pruefe")
@click.argument("datei", type=EXISTING)
@click.option("--versand", "sending", is_flag=True, help="Strenger: so, wie eine Nachricht vor dem Versand sein muss.")
@verb
def xdomea_check(call: Call, datei: Path, *, sending: bool) -> int:
    """Beurteilt eine Nachricht (XML) oder ein Nachrichtenpaket (ZIP)."""
    from metadata.checks import Purpose
    from metadata.container import judge_path
    from metadata.schemas import Schemas

    purpose = Purpose.SENDING if sending else Purpose.FOREIGN
    report = judge_path(datei, Schemas(call.settings.xdomea_schemas), purpose=purpose)
    facts = {"version": report.version, "message": report.message, "schema_verdict": report.schema_verdict.value}
    return _tell(call, datei, report.judgement, report.findings, facts)


@click.group(cls=Words)
def premis() -> None:
    """PREMIS-3-Sätze beurteilen."""


@premis.command("pruefe")
@click.argument("datei", type=EXISTING)
@verb
def premis_check(call: Call, datei: Path) -> int:
    """Beurteilt einen PREMIS-Satz: Schema, dann was das Schema nicht sagen kann."""
    from metadata.premis import judge_path

    report = judge_path(datei, call.settings.premis_schema, now=datetime.now(UTC))
    return _tell(call, datei, report.judgement, report.findings, {"schema_verdict": report.schema_verdict.value})


@click.group(cls=Words)
def pdfa() -> None:
    """PDF/A-Dateien beurteilen."""


@pdfa.command("pruefe")
@click.argument("datei", type=EXISTING)
@verb
def pdfa_check(call: Call, datei: Path) -> int:
    """Beurteilt, ob eine Datei ist, was sie zu sein behauptet: gültiges PDF/A."""
    from flows.craft_options import ocr_options, open_validators
    from ocr.pdfa import judge_file
    from ocr.scratch import ScratchFolder

    options = ocr_options(call.settings)
    with (
        ScratchFolder("pdfa") as scratch,
        closing(open_validators(options, scratch)) as judges,
    ):
        report = judge_file(datei, judges.validators, options)
    facts = {
        "flavour": report.flavour,
        "validators": [
            {"name": r.name, "version": r.version, "verdict": r.verdict.value, "clauses": list(r.clauses), "why": r.why}
            for r in report.reports
        ],
    }
    return _tell(call, datei, report.judgement, report.findings, facts)
