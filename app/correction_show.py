"""A correction for people and as JSON: every value, old → new, and which version came of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.text import Text

from akten.correction import DAYS, FELD, NAMES, Change, Correction, Teil, is_correction
from akten.lifecycle import Stage
from akten.model import Akte
from app.show import moment
from catalog.corrections import read_note
from catalog.values import DeliveryRow, DokumentRow
from flows.consequences import Consequences

_NOTHING, _NEW_FIELD = "(nichts)", "(neues Feld)"


def change_json(change: Change, titles: Mapping[UUID, str]) -> dict[str, Any]:
    """One value that changes; `name` is what its Vorgang or Dokument is called, None for the Akte itself."""
    return {
        "part": change.teil.value,
        "uuid": str(change.uuid),
        "name": titles.get(change.uuid),
        "field": change.name,
        "before": change.alt or None,
        "after": change.neu or None,
    }


def show_changes(console: Console, changes: Sequence[Change], titles: Mapping[UUID, str]) -> None:
    """One line per value; `titles` says what the parts of the Akte are called."""
    for change in changes:
        kind = {Teil.AKTE: "", Teil.VORGANG: "Vorgang", Teil.DOKUMENT: "Dokument"}[change.teil]
        where = f"{kind} {_called(change.uuid, titles)}, " if kind else ""
        name = change.name[len(FELD) :] if change.name.startswith(FELD) else NAMES[change.name]
        old, new = _value(change, change.alt), _value(change, change.neu)
        line = Text.assemble(f"  {where}{name}: ", (old, "red"), " → ", (new, "green"))
        console.print(line, soft_wrap=True)


def ends_json(coming: Consequences) -> dict[str, str | None] | None:
    """The last day of retention now and then, None where the rules could not say it."""
    if not coming.computed:
        return None
    return {"before": _iso(coming.before), "after": _iso(coming.after)}


def show_consequences(console: Console, coming: Consequences, changes: Sequence[Change]) -> None:
    """What comes of it: the period, where it moves or somebody might think that it does, and days that are at odds."""
    if coming.computed and coming.before != coming.after:
        old, new = _ends(coming.before), _ends(coming.after)
        console.print(Text.assemble("  Aufzubewahren bis: ", (old, "red"), " → ", (new, "green")), soft_wrap=True)
    elif coming.computed and any(change.name == "zda_datum" for change in changes):
        console.print(f"  Aufzubewahren bis: {_ends(coming.after)}, unverändert", soft_wrap=True)
    elif not coming.computed:
        console.print(Text("  Aufzubewahren bis: nicht berechenbar (archiv frist zeige)", "yellow"), soft_wrap=True)
    for finding in coming.findings:
        console.print(Text(f"  Bitte ansehen: {finding.text}", "yellow"), soft_wrap=True)


def _ends(day: date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else "offen oder dauernd (archiv frist zeige)"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def corrections_of(deliveries: Sequence[DeliveryRow]) -> Mapping[int, Correction]:
    """Version → the correction that it came of. What is unreadable is left out: archiv protokoll pruefe tells of it."""
    found: dict[int, Correction] = {}
    for row in deliveries:
        if row.stage is Stage.ARCHIVED and row.version is not None and is_correction(row.slip):
            try:
                found[row.version] = Correction.from_json(row.slip)
            except (ValueError, KeyError, TypeError):
                continue
    return found


def correction_json(correction: Correction | None, titles: Mapping[UUID, str]) -> dict[str, Any] | None:
    """What a version brought, None where it was a delivery; `titles` says what the parts are called now."""
    if correction is None:
        return None
    return {
        "of": correction.version,
        "changes": [change_json(change, titles) for change in correction.changes],
        "reason": correction.grund,
        "proposed_by": correction.von,
        "proposed_at": correction.am.isoformat(),
        "released_by": correction.frei_von,
        "released_at": correction.frei_am.isoformat(),
        "release_reason": correction.frei_grund,
    }


def show_correction(console: Console, correction: Correction, titles: Mapping[UUID, str]) -> None:
    """What a version brought: who corrected what, and why; `titles` says what the parts are called now."""
    console.print(f"  Berichtigung von Version {correction.version}: {correction.grund}", soft_wrap=True)
    show_changes(console, correction.changes, titles)
    first = f"vorgeschlagen von {correction.von}, {moment(correction.am)}"
    second = f"freigegeben von {correction.frei_von}, {moment(correction.frei_am)}: {correction.frei_grund}"
    console.print(f"  {first}; {second}", style="dim", soft_wrap=True)


def note_words(note: str) -> str:
    """The words beside the row of a proposal, as people read them; what is no longer readable is shown as it lies."""
    try:
        reason, changes = read_note(note)
    except (ValueError, KeyError, TypeError):
        return note
    told = (f"{change.words}: {_value(change, change.alt)} → {_value(change, change.neu)}" for change in changes)
    return "; ".join((reason, *told))


def titles_of(akte: Akte | None, dokumente: Sequence[DokumentRow] = ()) -> dict[UUID, str]:
    """What Vorgänge and Dokumente are called, those that only earlier versions hold (`dokumente`) as well."""
    former = {row.uuid: row.betreff for row in dokumente}
    if akte is None:
        return former
    return {**former, **{v.uuid: v.betreff for v in akte.vorgaenge}, **{d.uuid: d.betreff for d in akte.dokumente}}


def _called(uuid: UUID, titles: Mapping[UUID, str]) -> str:
    """The Betreff of a part, with its UUID where others bear the same: the second person has to know which it is."""
    title = titles.get(uuid, str(uuid))
    return f"„{title}“ ({uuid})" if list(titles.values()).count(title) > 1 else f"„{title}“"


def _value(change: Change, text: str) -> str:
    if not text:
        return _NEW_FIELD if change.name.startswith(FELD) and not change.alt else _NOTHING
    try:
        return f"{date.fromisoformat(text):%d.%m.%Y}" if change.name in DAYS else text
    except ValueError:  # somebody meddled with it
        return text
