"""`archiv doctor`: every outside part with its version, whether it works, and what to do when it does not."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from akten.closed import others_may_enter
from akten.diskwords import as_ours, in_german
from akten.errors import ArchivError, Rejected
from akten.findings import Verdict
from akten.localtime import BERLIN
from akten.plural import plural
from flows.craft_options import xdomea_profile
from flows.health import Examination, Health, PartHealth, broken, each_guarded, guarded
from flows.rule_change import katalog_for
from flows.settings import Settings
from metadata.profile import READ_VERSIONS
from metadata.schemas import WHERE_TO_GET, Schemas

if TYPE_CHECKING:
    from archive.probe import ProbeReport

_INSIDE = "bubblewrap fehlt oder darf hier nicht arbeiten (Container?)"
_SANDBOX_ADVICE = {
    "namespace": f"{_INSIDE}: Decoder laufen ohne Netz und mit Grenzen, aber ohne eigene Wurzel.",
    "rlimit": f"{_INSIDE}: Decoder laufen nur mit Grenzen für Zeit und Speicher.",
}
RECIPIENT = "Empfängerprofil (ARCHIV_RECIPIENT)"
LITTLE_SPACE = 2_000_000_000  # bytes: below this a large delivery may not fit any more
_JAVA_SECONDS = 30  # to say its version
_WRITES = ("PB-03", "PB-19")  # a store that takes nothing now is not well, whatever else it answers
FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


def _python() -> PartHealth:
    good = sys.version_info >= (3, 11)
    advice = "" if good else "Python 3.11 oder neuer einrichten."
    return PartHealth("Python", platform.python_version(), Health.OK if good else Health.FAILED, advice)


def _packages() -> Iterator[PartHealth]:
    for name in ("pikepdf", "ocrmypdf", "pytesseract", "lxml", "boto3", "prefect", "python-magic", "bagit", "Pillow"):
        try:
            yield PartHealth(f"Python-Paket {name}", importlib.metadata.version(name), Health.OK)
        except importlib.metadata.PackageNotFoundError:
            yield PartHealth(f"Python-Paket {name}", "", Health.ABSENT, "make install ausführen.")


def _tesseract(settings: Settings) -> Iterator[PartHealth]:
    from flows.craft_options import ocr_options
    from ocr.engineinfo import describe_engine

    engine = describe_engine(ocr_options(settings))
    yield PartHealth(f"Texterkennung ({engine.name})", engine.version, Health.OK)
    for language in settings.ocr.languages.split("+"):
        there = language in engine.languages
        advice = "" if there else f"Debian-Paket tesseract-ocr-{language} einrichten oder ARCHIV_OCR__TESSDATA setzen."
        yield PartHealth(f"Sprache {language}", "", Health.OK if there else Health.ABSENT, advice)
    osd = "osd" in engine.languages
    advice = "" if osd else "Debian-Paket tesseract-ocr-osd einrichten: sonst bleibt die Lage der Seiten ungeprüft."
    yield PartHealth("Lageerkennung (osd)", "", Health.OK if osd else Health.ABSENT, advice)


def _programs() -> Iterator[PartHealth]:
    from ocr.walls import SEARCH_PATH  # where they are run from, whatever this process has for a PATH

    for program, package, why, needed in (
        ("gs", "ghostscript", "PDF, die sich sonst nicht umwandeln lassen", False),
        ("setpriv", "util-linux", "kein verwaister Kindprozess nach einem Abbruch", False),
    ):
        there = shutil.which(program, path=SEARCH_PATH)
        advice = "" if there else f"Debian-Paket {package} einrichten ({why})."
        yield PartHealth(f"Programm {program}", "", Health.OK if there else Health.ABSENT, advice, needed)


def _java(settings: Settings) -> PartHealth:
    from ocr.verapdf import find_java

    program = find_java(settings.ocr.java)
    if program is None:
        advice = "Debian-Paket default-jre-headless einrichten oder ARCHIV_OCR__JAVA setzen (für veraPDF)."
        return PartHealth("Java", "", Health.ABSENT, advice)
    try:
        ran = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=_JAVA_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return PartHealth("Java", "", Health.FAILED, f"{program} antwortet nicht binnen {_JAVA_SECONDS} Sekunden.")
    except OSError as error:
        return PartHealth("Java", "", Health.FAILED, f"{program} läuft nicht ({in_german(error.errno)}).")
    found = re.search(r'version "([^"]+)"', ran.stderr + ran.stdout)
    if ran.returncode != 0 or found is None:
        return PartHealth("Java", "", Health.FAILED, f"{program} nennt keine Version (Code {ran.returncode}).")
    return PartHealth("Java", found[1], Health.OK)


def _validators(settings: Settings) -> Iterator[PartHealth]:
    from flows.tryouts import try_validators

    for report in try_validators(settings):
        good = report.verdict is Verdict.OK
        advice = "" if good else report.why or "Der Prüfer erkennt eine gültige Datei nicht als gültig."
        yield PartHealth(f"PDF/A-Prüfer {report.name}", report.version, Health.OK if good else Health.ABSENT, advice)


def _schedule(settings: Settings) -> PartHealth:
    part = "Fristenkatalog"
    try:
        katalog = katalog_for(settings)
    except ArchivError as error:
        advice = " Prüfen: archiv frist katalog --pruefe DATEI" if isinstance(error, Rejected) else ""
        return broken(part, error, advice)
    return PartHealth(part, f"{katalog.name} {katalog.version}", Health.OK)


def _intake_rules(settings: Settings) -> PartHealth:
    from ingest.options import load_options

    if settings.intake is None:
        return PartHealth("Regeln der Annahme", "eingebaut", Health.OK)
    rules = load_options(settings.intake)
    profiles = plural(len(rules.profiles), "Scanprofil", "Scanprofile")
    told = f"{settings.intake.name}: {len(rules.muster)} Muster, {profiles}"
    return PartHealth("Regeln der Annahme", told, Health.OK)


def _data_folder(settings: Settings) -> PartHealth:
    part = "Datenordner"
    try:
        settings.daten.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=settings.daten) as file:
            file.write(b"x")
        free = shutil.disk_usage(settings.daten).free
    except OSError as error:
        return broken(part, as_ours(error, str(settings.daten)))
    told = f"{free / 1e9:.1f} GB frei".replace(".", ",")
    if free < LITTLE_SPACE:
        return PartHealth(part, told, Health.FAILED, f"Platz schaffen: {settings.daten}")
    if open_to_all := [str(each) for each in (settings.daten / "katalog", settings.work) if others_may_enter(each)]:
        advice = (
            "Jedes Konto dieses Rechners kann lesen, was in Katalog und Lieferungen steht: "
            f"chmod o-rwx {shlex.join(open_to_all)}"
        )
        return PartHealth(part, told, Health.FAILED, advice)
    return PartHealth(part, told, Health.OK)


def _sandbox(settings: Settings) -> PartHealth:
    from flows.craft_options import ocr_options
    from ocr.sandbox import sandbox_kind

    kind = str(sandbox_kind(ocr_options(settings)))
    advice = _SANDBOX_ADVICE.get(kind, "")
    return PartHealth("Abschottung der Decoder", kind, Health.OK if not advice else Health.ABSENT, advice, needed=False)


def _catalog(settings: Settings) -> PartHealth:
    from catalog.place import network_drive_of
    from flows.tryouts import try_catalog

    version, whole = try_catalog(settings)
    drive = network_drive_of(settings.catalog_file) if settings.catalog_file is not None else ""
    if drive:
        advice = (
            f"Der Katalog liegt auf einem Netzlaufwerk ({drive}). Zwei Rechner zugleich können eine SQLite-Datei dort "
            "zerstören, und ob es nur einer ist, sieht man nicht: Datenordner auf eine eigene Platte legen oder "
            "PostgreSQL nehmen (ARCHIV_DATABASE)."
        )
        return PartHealth("Katalog", version, Health.ABSENT, advice, needed=False)
    if whole:
        return PartHealth("Katalog", version, Health.OK)
    advice = "Die Datei ist zu groß, um hier ganz gelesen zu werden: archiv protokoll pruefe ausführen."
    return PartHealth("Katalog", version, Health.ABSENT, advice, needed=False)


def _clock(settings: Settings) -> PartHealth:
    """Only a clock that went back shows; what is archived meanwhile bears the wrong day, in the trail for good."""
    from flows.tryouts import clock_behind

    if (behind := clock_behind(settings)) is None:
        return PartHealth("Uhr", "", Health.OK)
    now, last = (f"{at.astimezone(BERLIN):%d.%m.%Y %H:%M}" for at in behind)
    advice = (
        f"Hier ist es {now}, aber im Protokoll steht schon ein Eintrag vom {last}: Die Uhr geht nach, oder sie ging "
        "vor, als er geschrieben wurde. Uhr stellen (Zeitserver), bevor weiter archiviert wird."
    )
    return PartHealth("Uhr", "", Health.FAILED, advice)


def _prefect_server(settings: Settings) -> Iterator[PartHealth]:
    """The Prefect server elsewhere that the rounds and `--prefect` use; nothing where each service starts its own."""
    from flows.prefectapi import api_url, call

    if not settings.prefect_api:
        return
    part, own = "Prefect-Server", importlib.metadata.version("prefect")
    there = str(call(f"{api_url(settings)}/admin/version"))
    advice = f"Dort läuft Prefect {there}, hier {own}: überall dieselbe Fassung einrichten (constraints.txt)."
    same = there == own
    yield PartHealth(part, there, Health.OK if same else Health.FAILED, "" if same else advice)


def _index(settings: Settings) -> PartHealth:
    from flows.tryouts import index_lag

    if not (lag := index_lag(settings)):
        return PartHealth("Suchindex", "", Health.OK)
    advice = f"Der Index weicht an {plural(lag, 'Stelle', 'Stellen')} vom Katalog ab: archiv katalog index ausführen."
    return PartHealth("Suchindex", "", Health.FAILED, advice)


def _fonts() -> PartHealth:
    found = next((f for folder in FONT_FOLDERS for f in folder.rglob("*.ttf")), None)
    advice = "" if found else "Debian-Pakete fonts-dejavu-core und fonts-liberation einrichten (nur für Muster nötig)."
    return PartHealth("Schriften", "", Health.OK if found else Health.ABSENT, advice, needed=False)


def _schemas(settings: Settings) -> Iterator[PartHealth]:
    schemas = Schemas(settings.xdomea_schemas)
    for version in READ_VERSIONS:
        there = schemas.available(version)
        advice = "" if there else f"{WHERE_TO_GET} (ARCHIV_SHARED)"
        yield PartHealth(
            f"XDOMEA-Schema {version}", version, Health.OK if there else Health.ABSENT, advice, needed=False
        )
    premis = settings.premis_schema
    advice = "" if premis else "PREMIS 3.0 von der Library of Congress unter schemas/premis/ ablegen (ARCHIV_SHARED)."
    yield PartHealth("PREMIS-Schema 3.0", "3.0", Health.OK if premis else Health.ABSENT, advice, needed=False)


def examine_stores(settings: Settings) -> list[PartHealth]:
    """Every store after its probe; one that does not answer is failed, since nothing of it was seen."""
    from flows.tryouts import probe_stores, try_apart

    parts = [_store(f"Speicher {name}", outcome) for name, outcome in probe_stores(settings)]
    if len(settings.stores) > 1 and all(part.health is Health.OK for part in parts):
        try:
            try_apart(settings)
        except ArchivError as error:
            parts.append(broken("Speicher getrennt", error))
        else:
            parts.append(PartHealth("Speicher getrennt", "", Health.OK))
    return parts


def embedded_server(settings: Settings) -> list[PartHealth]:
    """The program of the embedded stores with its version; nothing where all stores lie outside."""
    from archive.weed import weed_version

    if settings.stores:
        return []
    version = weed_version()
    advice = "" if version else "make install ausführen."
    return [PartHealth("Speicherserver SeaweedFS", version, Health.OK if version else Health.ABSENT, advice)]


def _agreement(settings: Settings) -> list[PartHealth]:
    """Whether each store is the one that the catalog speaks of."""
    from flows.tryouts import compare_with_stores

    part = "Katalog und Speicher"
    try:
        found = compare_with_stores(settings)
    except ArchivError as error:
        return [broken(part, error)]
    return [_agrees(f"{part} {name}", why) for name, why in found]


def _agrees(part: str, why: str | ArchivError) -> PartHealth:
    if isinstance(why, ArchivError):
        return broken(part, why)
    return PartHealth(part, "", Health.FAILED if why else Health.OK, why)


def _lacking_copies(settings: Settings) -> Iterator[PartHealth]:
    """Not broken, and not well: what is not there yet cannot be checked, so the whole is *not checked* (exit 8)."""
    from flows.tryouts import copies_lacking

    for name, why in copies_lacking(settings):
        yield PartHealth(f"Kopien im Speicher {name}", "", Health.ABSENT, why, needed=False)


def _unfinished(settings: Settings) -> Iterator[PartHealth]:
    """Nothing is lost, but deliveries of these Akten wait; it may also be under way just now."""
    from flows.tryouts import corrections_under_way

    for number, band in corrections_under_way(settings):
        advice = (
            "Freigegeben und nicht zu Ende; Lieferungen dieser Akte warten so lange. Wird sie nicht gerade ausgeführt, "
            f"bringt die nächste Annahme sie zu Ende, oder sofort: archiv akte gib-frei {shlex.quote(number)} "
            f"--band {band} --grund …"
        )
        yield PartHealth(f"Ende der Berichtigung von {number} Band {band}", "", Health.ABSENT, advice, needed=False)


def _store(part: str, outcome: ProbeReport | ArchivError) -> PartHealth:
    if isinstance(outcome, ArchivError):
        return broken(part, outcome)
    lines = tuple({"code": line.code, "verdict": line.verdict.value, "text": line.text} for line in outcome.lines)
    if outcome.away:
        return PartHealth(part, "S3", Health.FAILED, outcome.away, details=lines, away=True)
    wrong = [line.text for line in outcome.lines if line.verdict is Verdict.FAILED]
    if outcome.verdict is Verdict.FAILED:
        return PartHealth(part, "S3", Health.FAILED, "; ".join(wrong), details=lines)
    not_seen = [line for line in outcome.lines if line.required and line.verdict is Verdict.NOT_CHECKED]
    if shut := [line.text for line in not_seen if line.code in _WRITES]:
        return PartHealth(part, "S3", Health.FAILED, shut[0], details=lines, away=True)
    unseen = [line.code for line in not_seen]
    advice = f"nicht geprüft: {', '.join(unseen)} (Einzelheiten: --json)" if unseen else ""
    return PartHealth(part, "S3", Health.OK, advice, details=lines, complete=not unseen)


def examine_machine(settings: Settings, *, stores: bool = True) -> Examination:
    """Looks at every part; a part that breaks while it is looked at is failed, never skipped."""
    parts: list[PartHealth] = [_python(), *_packages()]
    try:
        parts.extend(_tesseract(settings))
    except ArchivError as error:
        parts.append(replace(broken("Texterkennung", error), health=Health.ABSENT))
    parts.extend(_programs())
    parts.append(_java(settings))
    parts.append(guarded("Abschottung der Decoder", lambda: _sandbox(settings)))
    parts.append(_fonts())
    parts.extend(each_guarded("PDF/A-Prüfer", lambda: _validators(settings)))
    parts.extend(_schemas(settings))
    parts.append(guarded("Fristenkatalog", lambda: _schedule(settings)))
    parts.append(guarded("Regeln der Annahme", lambda: _intake_rules(settings)))
    parts.append(
        guarded(RECIPIENT, lambda: PartHealth(RECIPIENT, f"XDOMEA {xdomea_profile(settings).version}", Health.OK))
    )
    parts.append(_data_folder(settings))
    catalog = guarded("Katalog", lambda: _catalog(settings))
    parts.append(catalog)
    if catalog.health is not Health.FAILED:  # else both would be called broken for what is said there
        parts.append(guarded("Uhr", lambda: _clock(settings)))
        parts.append(guarded("Suchindex", lambda: _index(settings)))
        parts.extend(each_guarded("Kopien", lambda: _lacking_copies(settings)))
        parts.extend(each_guarded("Berichtigungen", lambda: _unfinished(settings)))
    parts.extend(each_guarded("Prefect-Server", lambda: _prefect_server(settings)))
    parts.extend(embedded_server(settings))
    if stores:
        parts.extend(each_guarded("Speicher", lambda: examine_stores(settings)))
        parts.extend(_agreement(settings))
    return Examination(tuple(parts))
