"""Holds the register against the trail: what is archived must stand there, as it was, and the other way round."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from akten.findings import Finding, Severity
from catalog.described import changed_descriptions
from catalog.trail import TrailReport, Verb, verdict_of
from catalog.vouched import not_as_told
from catalog.vouchedcases import cases_not_as_told
from catalog.vouchedcopies import copies_not_as_told
from catalog.vouchedends import ends_not_as_computed
from catalog.vouchedreferences import references_not_as_told
from catalog.vouchedresults import results_not_as_told
from catalog.vouchedrules import rules_not_as_told, slips_not_as_told

_MAX_FINDINGS = 100


def _sorted(connection: Connection, statement: str) -> Iterator[str]:
    options = {"stream_results": True, "max_row_buffer": 5000}
    with connection.exec_driver_sql(statement, execution_options=options) as result:
        yield from (str(row[0]) for row in result)


def unaccounted(connection: Connection) -> Iterator[Finding]:
    """One finding for each commit digest that stands only in the register or only in the trail.

    Both sides come sorted from the database and are merged, so that memory stays flat.
    """
    if connection.dialect.name == "sqlite":
        commit, order = "iif(json_valid(body), json_extract(body, '$.data.commit'), '')", ""
    else:
        commit, order = "(body::jsonb) #>> '{data,commit}'", 'COLLATE "C"'
    told = _sorted(
        connection,
        f"SELECT {commit} AS c FROM trail WHERE verb = '{Verb.PACKAGE_STORED}' ORDER BY ({commit}) {order}",  # noqa: S608
    )
    there = _sorted(connection, f"SELECT commit_sha256 FROM packages ORDER BY commit_sha256 {order}")  # noqa: S608
    one, other = next(there, None), next(told, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one < other):
            yield _finding(one, "Ein archiviertes Paket steht nicht im Protokoll.")
            one = next(there, None)
        elif one is None or other < one:
            yield _finding(other, "Das Protokoll nennt ein archiviertes Paket, das im Katalog fehlt.")
            other = next(told, None)
        else:
            one, other = next(there, None), next(told, None)


def _finding(commit: str | None, text: str) -> Finding:
    return Finding("TR-07", Severity.ERROR, f"Paket {(commit or '')[:16]}", text)


def _read(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings of one look; where it meets what no program of ours writes (a day that is none), that ends it."""
    try:
        yield from findings
    except ValueError:
        text = (
            "Eine Angabe im Register ist unlesbar, also nachträglich geändert; weiter konnte hier nicht geprüft werden."
        )
        yield Finding("TR-15", Severity.ERROR, "Register", text)


def with_register(connection: Connection, report: TrailReport) -> TrailReport:
    """The report on the chain, made worse by what register and trail do not have in common."""
    looks = (
        unaccounted,
        copies_not_as_told,
        changed_descriptions,
        ends_not_as_computed,
        results_not_as_told,
        not_as_told,
        references_not_as_told,
        cases_not_as_told,
        rules_not_as_told,
        slips_not_as_told,
    )
    every = itertools.chain.from_iterable(_read(look(connection)) for look in looks)
    found = tuple(itertools.islice(every, _MAX_FINDINGS))
    findings = (*report.findings, *found)
    cut = report.cut or len(found) == _MAX_FINDINGS
    return replace(report, verdict=verdict_of(findings), findings=findings, cut=cut)
