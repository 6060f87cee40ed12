"""What the Transfervermerk says of the quality check and of completeness: what was found, never more than that."""

from __future__ import annotations

import re
from collections.abc import Sequence

from akten.files import PdfA
from akten.findings import Finding, Verdict
from ingest.slipdoc import Qualitaetspruefung
from metadata.transfervermerk import Qualitaet

# The whole answer must be made of these: "ohne Beanstandung bis auf Seite 3" is not, and no part of a word is.
_FAULT = r"(?:beanstandung(?:en)?|befund(?:e)?|m[aä]ngel|fehler|auffälligkeit(?:en)?|abweichung(?:en)?)"
_GOOD = (
    rf"(?:(?:ohne|keine) (?:jede |jegliche )?{_FAULT}|(?:alles )?(?:in ordnung|i\. ?o\.?|ok|o\. ?k\.?|okay)|bestanden"
    r"|(?:fehler|m[aä]ngel|beanstandungs)frei|einwandfrei)"
)
_PASSED = re.compile(rf"(?:geprüft[,:;]? )?{_GOOD}(?:(?:[,;.] ?| und ){_GOOD})*[.! ]*")
_NOTHING_TO_COUNT = "IN-51"  # neither sheets nor pages stand on the slip


def passed(check: Qualitaetspruefung) -> bool:
    """True when the scan desk says that nothing was wrong, and nothing besides (docs/laufzettel.md)."""
    return _PASSED.fullmatch(" ".join(check.ergebnis.casefold().split())) is not None


def quality_of(check: Qualitaetspruefung | None, balance: Sequence[Finding], pdfa: PdfA) -> Qualitaet:
    """The result of both checks for one Dokument.

    `balance` are the findings on sheets and pages that a person accepted with a reason: the delivery goes on, and its
    notes say what did not add up.
    """
    dropped = len(pdfa.pages) - len(pdfa.kept_pages)
    left_out = (f"Weggelassene Leerseiten: {dropped}",) if dropped else ()
    return Qualitaet(
        ergebnis=Verdict.NOT_CHECKED if check is None else Verdict.OK if passed(check) else Verdict.FAILED,
        art=check.umfang if check else "",
        pruefer=check.pruefer if check else "",
        vollstaendigkeit=_complete(balance),
        seiten=len(pdfa.pages),
        leerseiten=sum(page.blank for page in pdfa.pages),
        bemerkungen=(
            *((check.ergebnis,) if check else ()),
            *(f"{each.code}: {each.text}" for each in balance),
            *left_out,
        ),
    )


def _complete(balance: Sequence[Finding]) -> Verdict:
    if any(finding.code == _NOTHING_TO_COUNT for finding in balance):
        return Verdict.NOT_CHECKED
    return Verdict.FAILED if balance else Verdict.OK
