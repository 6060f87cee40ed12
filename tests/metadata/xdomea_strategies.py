"""Messages of every type with arbitrary content, as each version can carry them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from akten.model import Aussonderungsart, Laufzeit
from metadata.messages import (
    Anbieteverzeichnis0501,
    AnbietungEmpfang0504,
    Aussonderung0503,
    AussonderungEmpfang0507,
    AussonderungImport0506,
    Bewertung,
    BewertungEmpfang0505,
    Bewertungsverzeichnis0502,
    Fehlercode,
    Importergebnis,
    Kopf,
    Message,
)
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
from metadata.profile import Kontakt

texts = st.one_of(
    st.sampled_from(
        ["", "Grundsteuer", "Ä & <b> ]]>", "  am Rand  ", "Zeile\nzwei", "Tab\tstopp", "e\u0301", "\x07\x85x\x00"]
    ),
    st.text(max_size=12),
)
words = st.sampled_from(["Aktenarchiv", "Stadtarchiv Neuss", "1.0", "Müller (NE)"])
tokens = st.text("0123456789ABCabc", min_size=1, max_size=6)
uuids = st.uuids()
dates = st.dates(date(1, 1, 1), date(9999, 12, 31))
instants = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 bounds
arts = st.sampled_from(list(Aussonderungsart))
bools = st.booleans()


def few(strategy: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


kontakte = st.builds(
    Kontakt, st.just("Stadt") | words, texts, texts, st.sampled_from(["", "0516", "a:b"]), st.sampled_from(["", "ags"])
).filter(lambda kontakt: bool(kontakt.behoerdenschluessel) or not kontakt.praefix)
feld = st.builds(Feld, texts, texts, texts)
erweiterung = st.builds(Erweiterung, texts, texts, few(feld))
protokoll = st.builds(Protokolleintrag, instants, texts, texts, texts, texts, texts, texts)
metadaten = st.builds(
    Metadaten,
    texts, texts, texts, texts, st.sampled_from(["", "001", "003", "005"]), texts,
    st.sampled_from(["", "001", "002", "003"]), texts, texts, texts, texts,
)  # fmt: skip
laufzeiten = (
    st.lists(dates, min_size=2, max_size=2)
    .map(sorted)
    .flatmap(lambda pair: st.sampled_from([Laufzeit(), Laufzeit(pair[0]), Laufzeit(None, pair[1]), Laufzeit(*pair)]))
)


@st.composite
def aussonderungen(draw: st.DrawFn) -> Aussonderung:
    unbefristet = draw(bools)
    frei = draw(texts)
    return Aussonderung(
        jahre=None if unbefristet else draw(maybe(st.integers(0, 65535))),
        unbefristet=unbefristet,
        aussonderungsart=None if frei else draw(maybe(arts)),
        aussonderungsart_frei=frei,
        kennung=draw(texts),
        bewertungsvorschlag=draw(st.sampled_from([None, Aussonderungsart.ARCHIVWUERDIG, Aussonderungsart.VERNICHTEN])),
        begruendung=draw(texts),
        aufbewahrungsende=draw(maybe(dates)),
        transferfristende=draw(maybe(dates)),
    )


names = uuids.map(lambda uuid: f"{uuid}.pdf")
signatures = st.one_of(
    st.just((False, ())), st.just((True, ())), st.lists(names, min_size=1, max_size=2).map(lambda n: (False, tuple(n)))
)
hashes = st.sampled_from(["", "0123456789abcdef" * 4])


@st.composite
def dateien(draw: st.DrawFn) -> DateiSGO:
    eingebettet, files = draw(signatures)
    return DateiSGO(
        draw(names), draw(st.sampled_from(["044", "018", "023", "100"])), draw(texts), draw(texts), draw(texts),
        draw(texts),
        draw(maybe(instants)), eingebettet, files, draw(maybe(instants)), draw(hashes),
    )  # fmt: skip


versionen = st.builds(Version, texts, st.lists(dateien(), min_size=1, max_size=2).map(tuple))
numbers = maybe(st.integers(0, 4_000_000_000))


@st.composite
def dokumente(draw: st.DrawFn, version: str, depth: int = 2) -> DokumentSGO:
    mit_schriftstuecken = version.startswith("4.") and depth > 0 and draw(st.integers(0, 3)) == 0
    inner = dokumente(version, depth - 1) if depth > 0 else st.nothing()
    return DokumentSGO(
        draw(uuids), draw(numbers), draw(metadaten), draw(maybe(dates)), draw(maybe(dates)), draw(maybe(dates)),
        draw(texts), draw(texts), draw(few(protokoll)),
        () if mit_schriftstuecken else draw(few(versionen)),
        draw(few(st.builds(AnlageSGO, inner, texts), 1)) if depth > 0 else (),
        draw(few(erweiterung)),
        (draw(dokumente(version, 0)),) if mit_schriftstuecken else (),
    )  # fmt: skip


@st.composite
def vorgaenge(draw: st.DrawFn, version: str, depth: int = 1) -> VorgangSGO:
    return VorgangSGO(
        draw(uuids), draw(numbers), draw(bools), draw(metadaten), draw(aussonderungen()), draw(texts), draw(texts),
        draw(maybe(bools)), draw(maybe(dates)), draw(laufzeiten), draw(few(protokoll)),
        draw(few(dokumente(version), 1)),
        draw(few(vorgaenge(version, depth - 1), 1)) if depth else (),
        draw(few(erweiterung, 2 if version.startswith("4.") else 1)),
    )  # fmt: skip


@st.composite
def akten(draw: st.DrawFn, version: str, depth: int = 1) -> AkteSGO:
    return AkteSGO(
        draw(uuids), draw(numbers), draw(bools), draw(metadaten), draw(aussonderungen()), draw(texts), draw(texts),
        draw(laufzeiten), draw(few(protokoll)),
        draw(few(dokumente(version), 1)),
        draw(few(vorgaenge(version), 1)),
        draw(few(akten(version, depth - 1), 1)) if depth else (),
        draw(maybe(bools)), draw(maybe(dates)),
        draw(few(erweiterung, 2 if version.startswith("4.") else 1)),
    )  # fmt: skip


koepfe = st.builds(
    Kopf,
    prozess_id=uuids, erstellt=instants, absender=kontakte, empfaenger=kontakte, produkt=words, hersteller=words,
    produktversion=st.just("") | words, instanz=texts, hinweis=texts, empfangsbestaetigung=bools,
    rueckmeldung_archivkennung=bools, nachricht=uuids, ursprung=uuids,
    lfd_nr=st.integers(1, 10**9), gesamt=st.integers(1, 10**9),
)  # fmt: skip

bewertungen = st.one_of(
    st.builds(Bewertung, uuids, arts),
    st.builds(lambda uuid, frei: Bewertung(uuid, art_frei=frei), uuids, st.just("Stichprobe")),
)
fehlercodes = st.builds(Fehlercode, tokens, st.just("urn:xoev-de:xdomea:codeliste:x"), tokens)
ergebnisse = st.builds(Importergebnis, uuids, bools, few(texts), few(fehlercodes), texts)


@st.composite
def importe(draw: st.DrawFn, version: str) -> AussonderungImport0506:
    kopf = draw(koepfe)
    if version.startswith("4."):
        return AussonderungImport0506(
            kopf, draw(few(ergebnisse)), draw(bools), draw(few(texts)), draw(few(fehlercodes))
        )
    return AussonderungImport0506(kopf, tuple(draw(st.lists(ergebnisse, min_size=1, max_size=3))))


def objekte(version: str) -> st.SearchStrategy[tuple[Any, ...]]:
    kinds = [akten(version), vorgaenge(version)] + ([] if version.startswith("4.") else [dokumente(version)])
    return st.lists(st.one_of(*kinds), min_size=1, max_size=2).map(tuple)


def messages(code: str, version: str) -> st.SearchStrategy[Message]:
    """Messages of one type that this version can carry."""
    match code:
        case "0501":
            return st.builds(Anbieteverzeichnis0501, koepfe, objekte(version))
        case "0502":
            return st.builds(
                Bewertungsverzeichnis0502, koepfe, st.lists(bewertungen, min_size=1, max_size=3).map(tuple)
            )
        case "0503":
            return st.builds(Aussonderung0503, koepfe, objekte(version))
        case "0504":
            return st.builds(AnbietungEmpfang0504, koepfe)
        case "0505":
            return st.builds(BewertungEmpfang0505, koepfe)
        case "0506":
            return importe(version)
        case _:
            return st.builds(AussonderungEmpfang0507, koepfe)
