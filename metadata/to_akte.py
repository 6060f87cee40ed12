"""An Akte out of the message in its package: the way back of `metadata/from_akte.py`, for messages that we wrote.

What a message has no place for comes from beside it: checksums from the manifests, types by content from the record of
the examination. Times come back in milliseconds, as a message has them. What is not ours is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from akten.aktenzeichen import Aktenzeichen
from akten.files import Digests
from akten.model import (
    Akte,
    Aktenart,
    Anlage,
    Aufbewahrung,
    Aussonderungsart,
    Datei,
    Dokument,
    Ersetztes,
    HistorienEintrag,
    Vorgang,
)
from metadata.codelists import PDFA, SONSTIGES
from metadata.messages import Aussonderung0503, Message
from metadata.objects import AkteSGO, Aussonderung, DateiSGO, DokumentSGO, Protokolleintrag, VorgangSGO
from metadata.ownfields import ERSETZT, OWN, slip_name

_PDF = "application/pdf"


def akte_of(message: Message, files: Mapping[str, Digests], types: Mapping[UUID, str]) -> Akte:
    """The one Akte of a message 0503. `files` are name → checksums of what lies in the package, `types` file → MIME.

    Raises ValueError for a message that is none of ours, or names a file that the package does not hold.
    """
    try:
        return _Reading(files, types).akte(_the_akte(message))
    except LookupError as error:
        raise ValueError("a file of the message is not in the package") from error


def _the_akte(message: Message) -> AkteSGO:
    if not isinstance(message, Aussonderung0503) or len(message.objekte) != 1:
        raise ValueError("one Akte in a message 0503")
    (akte,) = message.objekte
    if not isinstance(akte, AkteSGO) or akte.dokumente or akte.teilakten:
        raise ValueError("an Akte of Vorgänge")
    return akte


class _Reading:
    """One message under way, with what lies beside it in the package."""

    def __init__(self, files: Mapping[str, Digests], types: Mapping[UUID, str]) -> None:
        self._files = files
        self._types = types

    def akte(self, sgo: AkteSGO) -> Akte:
        felder, own = _parted(sgo)
        known = sgo.metadaten
        number = known.kennzeichen
        zeichen = Aktenzeichen(number, own.get("Aktenzeichen auf dem Laufzettel", number))
        plan = known.plan_kennzeichen
        bare = known.plan_inhalt == known.plan_betreff == sgo.typ  # such a code took the Aktenart as words
        if plan and not bare:
            plan = f"{plan} {known.plan_inhalt}"
        return Akte(
            uuid=sgo.uuid,
            aktenart=Aktenart(sgo.typ),
            aktenzeichen=zeichen,
            betreff=known.betreff,
            aktenplaneinheit=plan,
            federfuehrung=known.federfuehrung,
            band=int(own.get("Band", "1")),
            laufzeit=sgo.laufzeit,
            zda_datum=sgo.zda_datum,
            aufbewahrung=_aufbewahrung(sgo.aussonderung, own),
            felder=felder,
            vorgaenge=tuple(
                self._vorgang(vorgang, f"{zeichen}/{place}") for place, vorgang in enumerate(sgo.vorgaenge, 1)
            ),
            historie=_historie(sgo.historie),
        )

    def _vorgang(self, sgo: VorgangSGO, made_up: str) -> Vorgang:
        zeichen, typ = sgo.metadaten.kennzeichen, sgo.typ
        return Vorgang(
            uuid=sgo.uuid,
            betreff=sgo.metadaten.betreff,
            zeichen="" if zeichen == made_up else zeichen,
            typ="" if typ == "Vorgang" else typ,
            laufzeit=sgo.laufzeit,
            dokumente=tuple(self._dokument(dokument) for dokument in sgo.dokumente),
        )

    def _dokument(self, sgo: DokumentSGO) -> Dokument:
        return Dokument(
            uuid=sgo.uuid,
            betreff=sgo.metadaten.betreff,
            typ=sgo.typ,
            datum=sgo.datum,
            posteingang=sgo.posteingang,
            seiten=int(next(_values(sgo, "Digitalisat", "Seiten"), "0")),
            dateien=tuple(self._datei(datei) for version in sgo.versionen for datei in version.dateien),
            historie=_historie(sgo.historie),
            anlagen=tuple(self._anlage(anlage.dokument) for anlage in sgo.anlagen),
            ersetzt=tuple(_ersetztes(value) for value in _values(sgo, "Digitalisat", ERSETZT)),
        )

    def _anlage(self, sgo: DokumentSGO) -> Anlage:
        (datei,) = sgo.versionen[0].dateien
        return Anlage(
            self._datei(datei), sgo.metadaten.betreff, UUID(next(_values(sgo, "Anlage", "Herausgenommen aus"), ""))
        )

    def _datei(self, sgo: DateiSGO) -> Datei:
        stem, _, suffix = sgo.dateiname.partition(".")
        uuid = UUID(stem)
        mime = _PDF if sgo.format_code == PDFA else self._types.get(uuid, "")
        named = sgo.format_name if sgo.format_code == SONSTIGES else ""
        return Datei(
            uuid=uuid,
            suffix=suffix,
            mime=mime,
            digests=self._files[sgo.dateiname],
            format_code=sgo.format_code,
            format_version=sgo.format_version,
            format_name=named,
            name_original=sgo.name_original,
            erstellt=sgo.erstellt,
            signiert=sgo.signatur_eingebettet,
        )


def _parted(sgo: AkteSGO) -> tuple[tuple[tuple[str, str], ...], Mapping[str, str]]:
    """The fields of the slip, and ours behind them; in older messages one of the slip may bear a name of ours, too."""
    fields = [(feld.name, feld.wert) for each in sgo.erweiterungen for feld in each.felder]
    own: dict[str, str] = {}
    for name in reversed(OWN):
        if fields and fields[-1][0] == name and _is_ours(name, fields, sgo):
            own[name] = fields.pop()[1]
    return tuple((slip_name(name), wert) for name, wert in fields), own


def _is_ours(name: str, fields: Sequence[tuple[str, str]], sgo: AkteSGO) -> bool:
    """Whether a last field of that name can be one that we wrote, and not one of the slip."""
    if name == "Datenschutzstufe":
        return not sgo.metadaten.datenschutzstufe  # 4.0.0 has an element for it
    if name == "Rechtsgrundlage der Aufbewahrung":
        return len(fields) > 1 and fields[-2][0] == "Aufbewahrungsklasse"
    return name != "Band" or (fields[-1][1].isdecimal() and fields[-1][1] != "1")


def _aufbewahrung(sgo: Aussonderung, own: Mapping[str, str]) -> Aufbewahrung | None:
    if "Aufbewahrungsklasse" not in own:
        return None
    return Aufbewahrung(
        record_class=own["Aufbewahrungsklasse"],
        jahre=None if sgo.unbefristet else sgo.jahre,
        ende=sgo.aufbewahrungsende,
        aussonderungsart=sgo.aussonderungsart or Aussonderungsart.BEWERTEN,
        rechtsgrundlage=own.get("Rechtsgrundlage der Aufbewahrung", ""),
    )


def _historie(entries: Sequence[Protokolleintrag]) -> tuple[HistorienEintrag, ...]:
    return tuple(HistorienEintrag(one.zeitpunkt, one.akteur, one.aktion, one.bemerkung) for one in entries)


def _ersetztes(text: str) -> Ersetztes:
    dokument, _, version = text.partition(", Version ")
    return Ersetztes(UUID(dokument), int(version))


def _values(sgo: DokumentSGO, erweiterung: str, feld: str) -> Iterator[str]:
    """The fields of this name that we wrote into an extension of ours."""
    for each in sgo.erweiterungen:
        if each.name == erweiterung:
            yield from (one.wert for one in each.felder if one.name == feld)
