"""The acceptance probe of a store (s3.md §8): what must hold before anything is entrusted to it, line by line.

Run small at every start, larger by `archiv doctor`, whole before a store is accepted. It writes below `probe/` of the
archive bucket and clears up after itself as far as locks allow; what stays locked goes with the next probe.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from akten.errors import ArchivError, Forbidden, Misconfigured, Unavailable
from akten.findings import Finding, Severity, Verdict, worst
from archive import probelines as lines
from archive import proberights as rights
from archive.probebench import PREFIX, Bench, NotTried, ProbeTarget

__all__ = ["RULES", "ProbeLevel", "ProbeLine", "ProbeReport", "ProbeTarget", "probe"]


class ProbeLevel(IntEnum):
    """How much is probed: at every start (under 1 s), by the doctor (under 5 s), before acceptance (about 30 s)."""

    START = 1
    DOCTOR = 2
    ACCEPTANCE = 3


_ANOTHER_MAY_RUN = timedelta(hours=1)  # longer than any probe takes
# What probes write; whatever else lies below their prefix is another program's in a bucket that is shared with one.
_OURS = re.compile(
    re.escape(PREFIX) + r"[a-z0-9-]+/(?:bytes|md5|sha256|retention|governance|hold|compliance|teile|kopf-put|kopf-copy"
    r"|kopf-multipart|letzter-tag|jahr-2110|fremde|ingest-loescht|pruefer|rennen|seiten|tausend|ort)\Z"
)


@dataclass(frozen=True, slots=True)
class _Line:
    code: str
    level: ProbeLevel
    source: str
    run: Callable[[Bench], str | None]
    required: bool = True

    @property
    def rule(self) -> str:
        return self.run.__doc__ or self.code


_START, _DOCTOR, _ALL = ProbeLevel.START, ProbeLevel.DOCTOR, ProbeLevel.ACCEPTANCE
_LINES: tuple[_Line, ...] = (
    _Line("PB-01", _START, "s3.md §8", lines.bucket_is_locked),
    _Line("PB-02", _START, "packaging.md §3", lines.no_default_retention),
    _Line("PB-03", _START, "s3.md §7.4", lines.bytes_come_back),
    _Line("PB-04", _START, "s3.md §8", lines.wrong_md5_is_refused),
    _Line("PB-05", _START, "s3.md §8", lines.wrong_sha256_is_refused),
    _Line("PB-06", _START, "s3.md §8", lines.retention_comes_back),
    _Line("PB-07", _START, "s3.md §8", lines.governance_holds),
    _Line("PB-08", _DOCTOR, "s3.md §4", lines.hold_beats_everything),
    _Line("PB-09", _DOCTOR, "s3.md §8", lines.compliance_holds),
    _Line("PB-10", _DOCTOR, "s3.md §7.4", lines.multipart_is_locked),
    _Line("PB-11", _DOCTOR, "s3.md §8", lines.lock_headers_are_honoured, required=False),
    _Line("PB-12", _DOCTOR, "s3.md §7.5", lines.last_date_comes_back),
    _Line("PB-13", _DOCTOR, "s3.md §8", lines.far_date_comes_back, required=False),
    _Line("PB-14", _DOCTOR, "s3.md §8", rights.strangers_are_refused),
    _Line("PB-15", _DOCTOR, "s3.md §7.6", rights.one_writer_wins, required=False),
    _Line("PB-16", _DOCTOR, "s3.md §8", rights.ingest_cannot_delete),
    _Line("PB-17", _DOCTOR, "s3.md §8", rights.ingest_sets_no_rules),
    _Line("PB-18", _DOCTOR, "s3.md §8", rights.auditor_only_reads),
    _Line("PB-19", _START, "packaging.md §3", rights.staging_works),
    _Line("PB-20", _START, "s3.md §9", rights.clocks_agree),
    _Line("PB-21", _DOCTOR, "s3.md §8", rights.listing_turns_pages),
    _Line("PB-22", _ALL, "s3.md §8", rights.listing_beyond_a_thousand),
)
RULES: dict[str, tuple[str, str]] = {line.code: (line.rule, line.source) for line in _LINES}


@dataclass(frozen=True, slots=True)
class ProbeLine:
    """What became of one line; `text` is the rule when it holds, else what is wrong. Not `required` only warns."""

    code: str
    verdict: Verdict
    text: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a store was found to do and not to do."""

    store: str
    lines: tuple[ProbeLine, ...]
    away: str = ""  # why the store could not be asked, when that was so

    @property
    def verdict(self) -> Verdict:
        """The worst required line decides."""
        return worst(line.verdict for line in self.lines if line.required)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The lines that do not hold: errors for required ones, else warnings."""
        return tuple(
            Finding(
                line.code,
                Severity.ERROR if line.required and line.verdict is Verdict.FAILED else Severity.WARNING,
                self.store,
                line.text,
            )
            for line in self.lines
            if line.verdict is not Verdict.OK
        )

    def require(self) -> None:
        """Lets a good store pass. Raises Misconfigured naming the lines that failed, Unavailable when it is away."""
        failed = [line for line in self.lines if line.required and line.verdict is Verdict.FAILED]
        if failed:
            what = " ".join(f"{line.code}: {line.text}" for line in failed)
            raise Misconfigured(f"Der Speicher „{self.store}“ ist für ein Archiv nicht geeignet. {what}")
        if unasked := [line.text for line in self.lines if line.required and line.verdict is not Verdict.OK]:
            why = f"Der Speicher „{self.store}“ konnte nicht geprüft werden: {unasked[0]}"
            raise Unavailable(self.away or why)


def probe(target: ProbeTarget, *, now: datetime, token: str, level: ProbeLevel = ProbeLevel.DOCTOR) -> ProbeReport:
    """What the store does, line by line; raises nothing for what it finds.

    `token` makes the prefix of this probe its own ([a-z0-9-], a fresh one each time). A line that could not be asked is
    `not_checked`; the others still are.
    """
    with closing(Bench(target, f"{PREFIX}{token}/", now)) as bench:
        return _probed(bench, level)


def _probed(bench: Bench, level: ProbeLevel) -> ProbeReport:
    name = bench.ingest.name
    try:
        bench.ingest.ping()
    except Unavailable as error:
        wanted = [line for line in _LINES if line.level <= level]
        asked = (ProbeLine(line.code, Verdict.NOT_CHECKED, error.text, line.required) for line in wanted)
        return ProbeReport(name, tuple(asked), away=error.text)
    except ArchivError as error:
        first = ProbeLine("PB-01", Verdict.FAILED, error.text)
        return ProbeReport(name, (first,))
    if wrong := _wrong_keys(bench):
        return ProbeReport(name, (ProbeLine("PB-01", Verdict.FAILED, wrong),))
    report = ProbeReport(name, tuple(_run(line, bench) for line in _LINES if line.level <= level))
    _clear(bench)
    return report


def _wrong_keys(bench: Bench) -> str:
    """Which other pair of keys the store does not know, "" when it knows them; each line would fail for that alone."""
    others = {"auditor": bench.auditor, **({"deletion": bench.deletion} if bench.frees else {})}
    for role, store in others.items():
        try:
            store.ping()
        except Misconfigured as error:
            return f"Schlüssel „{role}“ (ARCHIV_STORES): {error.text}"
        except ArchivError:  # a right is missing, or the store went away: the lines that want it tell
            continue
    return ""


def _run(line: _Line, bench: Bench) -> ProbeLine:
    try:
        wrong = line.run(bench)
    except (Unavailable, NotTried) as error:
        return ProbeLine(line.code, Verdict.NOT_CHECKED, error.text, line.required)
    except ArchivError as error:
        return ProbeLine(line.code, Verdict.FAILED, error.text, line.required)
    if wrong is None:
        return ProbeLine(line.code, Verdict.OK, line.rule, line.required)
    return ProbeLine(line.code, Verdict.FAILED, wrong, line.required)


def _clear(bench: Bench) -> None:
    """Removes what this probe left and what old ones did, except what is locked. A probe beside this keeps its own,
    and so does another program.
    """
    old = bench.now - _ANOTHER_MAY_RUN
    with suppress(ArchivError):
        for each in list(bench.deletion.versions(PREFIX)):
            if not _OURS.match(each.key) or (not each.key.startswith(bench.prefix) and each.modified > old):
                continue
            with suppress(Forbidden):
                bench.deletion.delete_version(each.key, each.version_id, bypass_governance=True)
