"""Joins the Akte with its finished files: files, page counts and history per Dokument, Laufzeit from dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from uuid import UUID

from akten.model import Akte, Anlage, Datei, Dokument, HistorienEintrag, Laufzeit, Vorgang

_NOTHING: Mapping[UUID, tuple[HistorienEintrag, ...]] = MappingProxyType({})
_NONE: Mapping[UUID, tuple[Anlage, ...]] = MappingProxyType({})


def describe(
    akte: Akte,
    files: Mapping[UUID, tuple[Datei, ...]],
    pages: Mapping[UUID, int],
    historie: Mapping[UUID, tuple[HistorienEintrag, ...]] = _NOTHING,
    anlagen: Mapping[UUID, tuple[Anlage, ...]] = _NONE,
) -> Akte:
    """The Akte with what was made of it; all keys are UUIDs of Dokumente (`historie` also takes the Akte's own).

    A Laufzeit that the slip left open is filled from the dates of the documents below; without dates it stays open,
    and is never invented. Entries of the history are appended in order of time, none twice.
    """
    vorgaenge = tuple(_vorgang(vorgang, files, pages, historie, anlagen) for vorgang in akte.vorgaenge)
    inner = [limit for vorgang in vorgaenge for limit in (vorgang.laufzeit.beginn, vorgang.laufzeit.ende)]
    return replace(
        akte,
        vorgaenge=vorgaenge,
        laufzeit=_laufzeit(akte.laufzeit, (limit for limit in inner if limit)),
        historie=_joined(akte.historie, historie.get(akte.uuid, ())),
    )


def _vorgang(
    vorgang: Vorgang,
    files: Mapping[UUID, tuple[Datei, ...]],
    pages: Mapping[UUID, int],
    historie: Mapping[UUID, tuple[HistorienEintrag, ...]],
    anlagen: Mapping[UUID, tuple[Anlage, ...]],
) -> Vorgang:
    dokumente = tuple(
        replace(
            dokument,
            dateien=files.get(dokument.uuid, dokument.dateien),
            seiten=pages.get(dokument.uuid, dokument.seiten),
            historie=_joined(dokument.historie, historie.get(dokument.uuid, ())),
            anlagen=anlagen.get(dokument.uuid, dokument.anlagen),
        )
        for dokument in vorgang.dokumente
    )
    dates = (known for dokument in dokumente if (known := day_of(dokument)))
    return replace(vorgang, dokumente=dokumente, laufzeit=_laufzeit(vorgang.laufzeit, dates))


def day_of(dokument: Dokument) -> date | None:
    """The day of the letter, else the day of its receipt; the scan date is neither."""
    return dokument.datum or dokument.posteingang


def _laufzeit(known: Laufzeit, dates: Iterable[date]) -> Laufzeit:
    """What the slip says stays; an open end is filled where the dates do not contradict it."""
    days = sorted(dates)
    if not days:
        return known
    beginn = known.beginn or (days[0] if known.ende is None or days[0] <= known.ende else None)
    ende = known.ende or (days[-1] if beginn is None or days[-1] >= beginn else None)
    return Laufzeit(beginn, ende)


def _joined(first: tuple[HistorienEintrag, ...], more: tuple[HistorienEintrag, ...]) -> tuple[HistorienEintrag, ...]:
    return tuple(sorted(dict.fromkeys((*first, *more)), key=lambda eintrag: eintrag.zeitpunkt))
