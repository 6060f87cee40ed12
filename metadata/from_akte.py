"""Our Akte as the Schriftgutobjekt of a message: what goes where, and what becomes an extra field."""

from __future__ import annotations

import re
from uuid import uuid5

from akten.model import (
    Akte,
    Anlage,
    Aufbewahrung,
    Aussonderungsart,
    Datei,
    Dokument,
    HistorienEintrag,
    Laufzeit,
    Vorgang,
)
from metadata.codelists import PDFA, SONSTIGES
from metadata.objects import (
    AkteSGO,
    AnlageSGO,
    Aussonderung,
    DateiSGO,
    DokumentSGO,
    Erweiterung,
    Feld,
    Metadaten,
    Protokolleintrag,
    Version,
    VorgangSGO,
)
from metadata.ownfields import ERSETZT, told_name
from metadata.profile import Profile

OHNE_LAUFZEIT = "Laufzeit nicht angegeben: kein Datum bekannt."
_PLAN = re.compile(r"(?P<kennzeichen>[0-9][0-9A-Za-z./-]*)\s+(?P<inhalt>\S.*)\Z", re.DOTALL)
_LONGEST = 65535  # xs:unsignedShort


def akte_object(akte: Akte, profile: Profile, *, with_files: bool = True) -> AkteSGO:
    """The Akte with its Vorgänge and Dokumente; `with_files=False` leaves the files out, as an offer (0501) must."""
    plan_kennzeichen, plan_inhalt = _plan(akte)
    datenschutz = profile.datenschutzstufe(akte.aktenart)
    return AkteSGO(
        uuid=akte.uuid,
        nummer=1,
        metadaten=Metadaten(
            betreff=akte.betreff,
            kennzeichen=akte.aktenzeichen.kanonisch,
            federfuehrung=akte.federfuehrung,
            aktenfuehrung=akte.federfuehrung,
            vertraulichkeitsstufe=profile.vertraulichkeitsstufe,
            bemerkung=_bemerkung(akte.laufzeit),
            medium=profile.medium,
            plan_kennzeichen=plan_kennzeichen,
            plan_inhalt=plan_inhalt,
            # whoever wrote the Aktenart behind the code gets it back, other than a bare code that took it as words
            plan_betreff=akte.aktenplaneinheit if _says_aktenart(akte, plan_kennzeichen, plan_inhalt) else plan_inhalt,
            datenschutzstufe=datenschutz,
        ),
        aussonderung=_aussonderung(akte.aufbewahrung),
        typ=akte.aktenart.value,
        laufzeit=akte.laufzeit,
        historie=_historie(akte.historie),
        vorgaenge=tuple(
            _vorgang(akte, vorgang, number, profile, with_files=with_files)
            for number, vorgang in enumerate(akte.vorgaenge, 1)
        ),
        zda=akte.zda_datum is not None,
        zda_datum=akte.zda_datum,
        erweiterungen=_fachdaten(akte, profile, datenschutz),
    )


def _plan(akte: Akte) -> tuple[str, str]:
    """Code and words of the file plan: "63-12 Baugenehmigungen" has both, a bare code takes the Aktenart as words."""
    if not akte.aktenplaneinheit:
        return "", ""
    if match := _PLAN.match(akte.aktenplaneinheit):
        return match["kennzeichen"], match["inhalt"]
    return akte.aktenplaneinheit, akte.aktenart.value


def _says_aktenart(akte: Akte, kennzeichen: str, inhalt: str) -> bool:
    return inhalt == akte.aktenart.value and kennzeichen != akte.aktenplaneinheit


def _bemerkung(laufzeit: Laufzeit) -> str:
    """The recorded reason why a Laufzeit is missing; an unknown one is left out, never invented."""
    return OHNE_LAUFZEIT if laufzeit == Laufzeit() else ""


def _aussonderung(aufbewahrung: Aufbewahrung | None) -> Aussonderung:
    if aufbewahrung is None:
        return Aussonderung()
    art = aufbewahrung.aussonderungsart
    return Aussonderung(
        jahre=None if aufbewahrung.jahre is None else min(aufbewahrung.jahre, _LONGEST),
        unbefristet=aufbewahrung.jahre is None,
        aussonderungsart=art,
        bewertungsvorschlag=None if art is Aussonderungsart.BEWERTEN else art,
        aufbewahrungsende=aufbewahrung.ende,
    )


def _historie(eintraege: tuple[HistorienEintrag, ...]) -> tuple[Protokolleintrag, ...]:
    return tuple(
        Protokolleintrag(eintrag.zeitpunkt, eintrag.akteur, eintrag.aktion, eintrag.bemerkung) for eintrag in eintraege
    )


def _fachdaten(akte: Akte, profile: Profile, datenschutz: str) -> tuple[Erweiterung, ...]:
    """Everything that XDOMEA has no element for, in a fixed order."""
    felder = [Feld(told_name(name), wert) for name, wert in akte.felder]
    if akte.band != 1:
        felder.append(Feld("Band", str(akte.band)))
    schreibweise = akte.aktenzeichen.schreibweise.strip()
    if schreibweise and schreibweise != akte.aktenzeichen.kanonisch:
        felder.append(Feld("Aktenzeichen auf dem Laufzettel", schreibweise))
    if akte.aufbewahrung is not None:
        felder.append(Feld("Aufbewahrungsklasse", akte.aufbewahrung.record_class))
        if akte.aufbewahrung.rechtsgrundlage:
            felder.append(Feld("Rechtsgrundlage der Aufbewahrung", akte.aufbewahrung.rechtsgrundlage))
    if datenschutz and not profile.version.startswith("4."):  # 4.0.0 has an element for it
        felder.append(Feld("Datenschutzstufe", datenschutz))
    if not felder:
        return ()
    return (Erweiterung(profile.erweiterung_kennung, f"Fachdaten {akte.aktenart}", tuple(felder)),)


def _vorgang(akte: Akte, vorgang: Vorgang, number: int, profile: Profile, *, with_files: bool) -> VorgangSGO:
    return VorgangSGO(
        uuid=vorgang.uuid,
        nummer=number,
        metadaten=Metadaten(
            betreff=vorgang.betreff,
            kennzeichen=vorgang.zeichen or f"{akte.aktenzeichen}/{number}",
            federfuehrung=akte.federfuehrung,
            vertraulichkeitsstufe=profile.vertraulichkeitsstufe,
            bemerkung=_bemerkung(vorgang.laufzeit),
            medium=profile.medium,
            datenschutzstufe=profile.datenschutzstufe(akte.aktenart),
        ),
        aussonderung=_aussonderung(akte.aufbewahrung),
        typ=vorgang.typ or "Vorgang",
        zda=akte.zda_datum is not None,
        zda_datum=akte.zda_datum,
        laufzeit=vorgang.laufzeit,
        dokumente=tuple(
            _dokument(akte, dokument, place, profile, with_files=with_files)
            for place, dokument in enumerate(vorgang.dokumente, 1)
        ),
    )


def _dokument(akte: Akte, dokument: Dokument, number: int, profile: Profile, *, with_files: bool) -> DokumentSGO:
    # PDF/A first: nothing else marks which of several formats is the one to use
    dateien = sorted(dokument.dateien, key=lambda datei: datei.format_code != PDFA) if with_files else []
    felder = [Feld("Seiten", str(dokument.seiten))] if dokument.seiten else []
    felder += [Feld(ERSETZT, f"{one.dokument}, Version {one.version}") for one in dokument.ersetzt]
    return DokumentSGO(
        uuid=dokument.uuid,
        nummer=number,
        metadaten=Metadaten(
            betreff=dokument.betreff,
            vertraulichkeitsstufe=profile.vertraulichkeitsstufe,
            medium=profile.medium,
            datenschutzstufe=profile.datenschutzstufe(akte.aktenart),
        ),
        posteingang=dokument.posteingang,
        datum=dokument.datum,
        typ=dokument.typ,
        historie=_historie(dokument.historie),
        versionen=(Version("1", tuple(_datei(datei, profile) for datei in dateien)),) if dateien else (),
        anlagen=tuple(_anlage(akte, anlage, place, profile) for place, anlage in enumerate(dokument.anlagen, 1))
        if with_files
        else (),
        erweiterungen=(Erweiterung(profile.erweiterung_kennung, "Digitalisat", tuple(felder)),) if felder else (),
    )


def _anlage(akte: Akte, anlage: Anlage, number: int, profile: Profile) -> AnlageSGO:
    """A file that was embedded in a file of the Dokument: a Dokument of its own below it, with the one file."""
    herkunft = Erweiterung(profile.erweiterung_kennung, "Anlage", (Feld("Herausgenommen aus", str(anlage.aus)),))
    inner = DokumentSGO(
        uuid=uuid5(anlage.datei.uuid, "anlage"),
        metadaten=Metadaten(
            betreff=anlage.betreff,
            vertraulichkeitsstufe=profile.vertraulichkeitsstufe,
            medium=profile.medium,
            datenschutzstufe=profile.datenschutzstufe(akte.aktenart),
        ),
        typ="Anlage",
        versionen=(Version("1", (_datei(anlage.datei, profile),)),),
        erweiterungen=(herkunft,),
    )
    return AnlageSGO(inner, str(number))


def _datei(datei: Datei, profile: Profile) -> DateiSGO:
    return DateiSGO(
        dateiname=datei.dateiname,
        format_code=datei.format_code,
        format_version=datei.format_version,
        format_name=(datei.format_name or datei.mime) if datei.format_code == SONSTIGES else "",
        name_original=datei.name_original,
        # a PDF/A without a time of making was delivered and kept: its maker is not known
        ersteller=profile.produkt if datei.format_code == PDFA and datei.erstellt is not None else "",
        erstellt=datei.erstellt,
        signatur_eingebettet=datei.signiert,
        sha256=datei.digests.sha256,
    )
