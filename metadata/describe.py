"""Joins the Akte with its finished files: files, page counts and history per Dokument, Laufzeit from dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    and is never invented: that of an Akte ends unknown where one of its Vorgänge began and no end of it is known.
    Entries of the history are appended in order of time, none twice.
    """
    vorgaenge = tuple(_vorgang(vorgang, files, pages, historie, anlagen) for vorgang in akte.vorgaenge)
    inner = [vorgang.laufzeit for vorgang in vorgaenge]
    return replace(
        akte,
        vorgaenge=vorgaenge,
        laufzeit=_laufzeit(
            akte.laufzeit,
            [known.beginn for known in inner if known.beginn] if all(k.beginn or not k.ende for k in inner) else (),
            [known.ende for known in inner if known.ende] if all(k.ende or not k.beginn for k in inner) else (),
        ),
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
    dates = [known for dokument in dokumente if (known := day_of(dokument))]
    return replace(vorgang, dokumente=dokumente, laufzeit=_laufzeit(vorgang.laufzeit, dates, dates))


def day_of(dokument: Dokument) -> date | None:
    """The day of the letter, else the day of its receipt; the scan date is neither."""
    return dokument.datum or dokument.posteingang


def _laufzeit(known: Laufzeit, firsts: Sequence[date], lasts: Sequence[date]) -> Laufzeit:
    """What the slip says stays; an open end is filled where the dates do not contradict it."""
    first, last = min(firsts, default=None), max(lasts, default=None)
    beginn = known.beginn or (first if first and (known.ende is None or first <= known.ende) else None)
    ende = known.ende or (last if last and (beginn is None or last >= beginn) else None)
    return Laufzeit(beginn, ende)


def _joined(first: tuple[HistorienEintrag, ...], more: tuple[HistorienEintrag, ...]) -> tuple[HistorienEintrag, ...]:
    return tuple(sorted(dict.fromkeys((*first, *more)), key=lambda eintrag: eintrag.zeitpunkt))
