"""`Settings`: the only reader of the environment; every craft gets its own small options out of it.

Variables begin with `ARCHIV_`, parts are joined by `__` (`ARCHIV_OCR__WORKERS=4`). Defaults run on one machine without
configuration. An unknown `ARCHIV_` variable is an error with the nearest known name, since a misspelt setting that is
silently ignored is worse than none.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from akten.errors import Misconfigured
from flows.addresses import require_api_address
from flows.locallogin import local_login

CHECKOUT = Path(__file__).resolve().parent.parent
_STARTER = "AKTENARCHIV_STARTER"  # none of our settings: one process tells another
PREFIX = "ARCHIV_"
OWN_MACHINE = ("127.0.0.1", "localhost", "::1")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OcrSettings(_Part):
    """How pages are read."""

    languages: str = Field("deu", description="Sprachen für tesseract, verbunden mit +")
    workers: int = Field(0, ge=0, description="Seiten zugleich; 0 heißt: so viele wie Prozessorkerne")
    tessdata: Path | None = Field(None, description="Ordner mit Sprachdaten; leer: der des Systems")
    verapdf_jars: Path | None = Field(None, description="Ordner mit den Jars von veraPDF; leer: .build/verapdf/jars")
    java: str = Field("java", description="Java-Programm für veraPDF")
    review_confidence: float = Field(70.0, ge=0, le=100, description="darunter kommt eine Seite auf die Sichtungsliste")


class Identity(_Part):
    """One pair of keys at a store."""

    access_key: str
    secret_key: SecretStr


class StoreSettings(_Part):
    """One external S3 store with its own endpoint and its own credentials."""

    name: str = Field(description="kurzer Name des Speichers, z. B. „rz-nord“")
    endpoint: str = Field(description="Adresse des S3-Dienstes")
    bucket: str = Field("archiv", description="Bucket mit Object Lock und Versionierung")
    staging_bucket: str = Field("staging", description="Bucket ohne Sperre für Zwischenstände")
    region: str = Field("us-east-1", description="Region des S3-Dienstes")
    addressing_style: str = Field("path", description="path oder virtual: Bucket im Pfad oder im Rechnernamen")
    checksum_mode: str = Field("when_supported", description="when_supported oder when_required")
    lock_mode: str = Field("GOVERNANCE", description="Art der Sperre, wie sie der Dienst nennt")
    ca_bundle: Path | None = Field(None, description="PEM-Datei mit der Zertifizierungsstelle; leer: die des Systems")
    retain_until: date = Field(date(2105, 12, 31), description="keine Sperre reicht weiter (manche Server laufen über)")
    retain_days: int | None = Field(
        None, ge=2, description="so viele Tage im Voraus nimmt der Anbieter Sperren an; leer: ohne Grenze"
    )
    ingest: Identity = Field(description="access_key und secret_key: legt ab, liest und verlängert Sperren")
    auditor: Identity = Field(description="access_key und secret_key: liest nur")
    deletion: Identity | None = Field(
        None, description="access_key und secret_key: hebt Löschsperren auf, kürzt freigegebene Sperren"
    )


def _cron_part(number: str) -> str:
    """A part of a cron line: numbers, spans, steps and lists of them."""
    one = rf"(?:[*?]|(?:{number})(?:-(?:{number}))?)(?:/[1-9]\d*)?"
    return rf"{one}(?:,{one})*"


# Each part in its range: rounds that the server refuses would be started again for ever.
_CRON = (
    r"(?i)^\s*"
    + r"\s+".join(
        map(
            _cron_part,
            (
                r"[0-5]?\d",
                r"[01]?\d|2[0-3]",
                r"0?[1-9]|[12]\d|3[01]|L",
                r"0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec",
                r"(?:[0-7]|sun|mon|tue|wed|thu|fri|sat)(?:#[1-5])?",
            ),
        )
    )
    + r"\s*$"
)


class RoundSettings(_Part):
    """When the rounds of the service run (cron, time of Berlin) and how the local Prefect server is reached."""

    intake_cron: str = Field("*/10 * * * *", pattern=_CRON, description="Eingang, auch Angefangenes nach einem Abbruch")
    fixity_cron: str = Field("0 2 * * *", pattern=_CRON, description="Prüfrunde: jede Kopie lesen und prüfen")
    due_cron: str = Field(
        "0 1 * * *", pattern=_CRON, description="Fristenrunde: Fristen neu rechnen, Sperren nachziehen"
    )
    reconcile_cron: str = Field("30 4 * * *", pattern=_CRON, description="Abgleich zwischen Katalog und Speichern")
    akten_at_once: int = Field(4, ge=1, description="so viele Akten sind zugleich in Arbeit")
    pool: str = Field(
        "",
        description="Work-Pool des Prefect-Servers, wenn mehrere Rechner arbeiten; leer: dieser Rechner bedient alles",
    )
    machine: str = Field("", description="Name dieses Rechners im Work-Pool; leer: der des Betriebssystems")
    runs_at_once: int = Field(3, ge=1, description="so viele Läufe führt dieser Rechner zugleich aus")
    port: int = Field(4200, ge=1024, le=65535, description="Anschluss des örtlichen Prefect-Servers")


class RecipientSettings(_Part):
    """Who sends and who receives XDOMEA messages, and in which version."""

    xdomea_version: str = Field("3.0.0", description="3.0.0, 3.1.0 oder 4.0.0")
    sender: str = Field("Stadt Neuss", description="abgebende Behörde")
    sender_key: str = Field("", description="Behördenschlüssel, wenn mit dem Archiv vereinbart")
    recipient: str = Field("Stadtarchiv Neuss", description="übernehmendes Archiv")
    medium: str = Field("001", description="001 nach ersetzendem Scannen, 002 wenn das Papier aufgehoben wird")


class Settings(BaseSettings):
    """Everything that can be set from outside, frozen after reading."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    daten: Path = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "aktenarchiv",
        description="der eine Ordner, in dem alles liegt, was ein laufendes Archiv schreibt",
    )
    shared: Path | None = Field(
        None, description="Ordner mit amtlichen Schemata (xdomea/, schemas/); leer: ../shared neben dem Checkout"
    )
    database: SecretStr | None = Field(None, description="Adresse der Datenbank; leer: SQLite im Datenordner")
    stores: tuple[StoreSettings, ...] = Field((), description="externe Speicher; leer: zwei eingebettete Server")
    store_grace_seconds: float = Field(
        60.0, ge=0, description="so lange laufen die eingebetteten Speicher nach dem letzten Befehl weiter"
    )
    ocr: OcrSettings = Field(OcrSettings(), description="Texterkennung")
    recipient: RecipientSettings = Field(RecipientSettings(), description="Absender und Empfänger")
    intake: Path | None = Field(None, description="YAML mit Mustern der Aktenzeichen und Scanprofilen")
    katalog: Path | None = Field(
        None, description="Fristenkatalog (YAML), bis eine Fassung freigegeben ist; leer: der mitgelieferte"
    )
    shared_accounts: tuple[str, ...] = Field(
        (),
        description="Konten, an denen nach Regel mehrere Personen arbeiten: dort zählt beim Vier-Augen-Prinzip --als",
    )
    archive_unchecked: bool = Field(
        default=False, description="auch Akten archivieren, deren PDF/A nicht geprüft werden konnte"
    )
    rounds: RoundSettings = Field(RoundSettings(), description="Runden des Dienstes")
    settle_seconds: float = Field(5.0, ge=0, description="so lange muss eine Lieferung im Eingang unverändert sein")
    prefect_api: str = Field("", description="Adresse eines laufenden Prefect-Servers; leer: örtlicher Server")
    prefect_auth: SecretStr | None = Field(
        None, description="Anmeldung am Prefect-Server (Name:Kennwort), dort PREFECT_SERVER_API_AUTH_STRING"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment; no .env files, which would be read from wherever one stands."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings

    # --- places inside the data folder -----------------------------------------------------------------------------
    @property
    def inbox(self) -> Path:
        """Where scan desks drop deliveries."""
        return self.daten / "eingang"

    @property
    def work(self) -> Path:
        """Claimed deliveries, one folder each, until they are archived or returned."""
        return self.daten / "arbeit"

    @property
    def database_url(self) -> str:
        """SQLAlchemy address of the catalog."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{self.daten / 'katalog' / 'archiv.sqlite'}"

    @property
    def catalog_file(self) -> Path | None:
        """The file of the catalog where it is one by default, None for a database that is set."""
        return None if self.database is not None else self.daten / "katalog" / "archiv.sqlite"

    # --- places of official material ---------------------------------------------------------------------------------
    @property
    def shared_folder(self) -> Path | None:
        """The folder with official schemas, or None when it is absent: then those checks say "not checked"."""
        folder = self.shared or CHECKOUT.parent / "shared"
        return folder if folder.is_dir() else None

    @property
    def xdomea_schemas(self) -> Path | None:
        """Folder with the official XDOMEA schemas per version."""
        return _existing(self.shared_folder, "xdomea")

    @property
    def premis_schema(self) -> Path | None:
        """The official PREMIS 3.0 schema file."""
        return _existing(self.shared_folder, "schemas", "premis", "premis-v3-0.xsd")

    @property
    def verapdf_jars(self) -> Path:
        """Where `make install` puts veraPDF, unless set otherwise."""
        return self.ocr.verapdf_jars or CHECKOUT / ".build" / "verapdf" / "jars"


def _existing(folder: Path | None, *parts: str) -> Path | None:
    if folder is None:
        return None
    place = folder.joinpath(*parts)
    return place if place.exists() else None


def known_variables() -> dict[str, str]:
    """Every variable that may be set, with its description; nested parts are spelled out."""
    known: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, _Part):
            for inner, inner_field in kind.model_fields.items():
                known[f"{PREFIX}{name}__{inner}".upper()] = inner_field.description or ""
        known[f"{PREFIX}{name}".upper()] = field.description or ""
    return known


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = known_variables()
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable.upper() not in known:
            near = difflib.get_close_matches(variable.upper(), list(known), n=1)
            hint = f" Meinten Sie {near[0]}?" if near else " Bekannte Namen zeigt: archiv einstellungen"
            raise Misconfigured(f"Die Einstellung {variable} gibt es nicht.{hint}")


_FIELD = re.compile(r'field "(\w+)"')
# What pydantic says in English, for the sorts of fault that a variable can have; the rest keeps its own words.
_FAULTS = {
    "int_parsing": "eine ganze Zahl wird erwartet",
    "int_type": "eine ganze Zahl wird erwartet",
    "float_parsing": "eine Zahl wird erwartet",
    "float_type": "eine Zahl wird erwartet",
    "bool_parsing": "true oder false wird erwartet",
    "bool_type": "true oder false wird erwartet",
    "greater_than_equal": "mindestens {ge}",
    "less_than_equal": "höchstens {le}",
    "missing": "fehlt",
    "extra_forbidden": "gibt es hier nicht",
    "string_type": "ein Text wird erwartet",
    "string_pattern_mismatch": "fünf Teile werden erwartet, jeder in seinem Bereich: Minute, Stunde, Tag, Monat, "
    "Wochentag (etwa „0 2 * * *“)",
    "path_type": "ein Pfad wird erwartet",
    "tuple_type": "eine Liste wird erwartet",
    "model_type": "Felder der Form „name: wert“ werden erwartet",
    "dict_type": "Felder der Form „name: wert“ werden erwartet",
}


def _in_german(fault: ErrorDetails) -> str:
    known = _FAULTS.get(fault["type"])
    return known.format(**fault.get("ctx", {})) if known else fault["msg"]


def _refuse_twins(stores: tuple[StoreSettings, ...]) -> None:
    """Two copies of a package must lie in two places; a store given twice would count as two and be one."""
    for one, other in combinations(stores, 2):
        if one.name == other.name:
            raise Misconfigured(f"{PREFIX}STORES nennt zwei Speicher „{one.name}“; jeder braucht einen eigenen Namen.")
        if (one.endpoint.rstrip("/").lower(), one.bucket) == (other.endpoint.rstrip("/").lower(), other.bucket):
            raise Misconfigured(
                f"{PREFIX}STORES: „{one.name}“ und „{other.name}“ sind derselbe Ort (Adresse und Bucket gleich); beide "
                "Kopien lägen dort. Bitte zwei getrennte Speicher nennen."
            )


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process. Raises Misconfigured with a German sentence for unknown or bad values."""
    _refuse_unknown(os.environ)
    if os.environ.get(f"{PREFIX}DATEN") == "":
        raise Misconfigured(
            f"{PREFIX}DATEN ist gesetzt, aber leer; bitte einen Ordner nennen oder die Variable löschen."
        )
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)
    except SettingsError as error:  # a value that should be JSON and is none; its text is English and names the field
        field = _FIELD.search(error.args[0])
        which = PREFIX + field[1].upper() if field else "Eine Einstellung"
        raise Misconfigured(f"{which} ist kein JSON; wie es aussieht, steht in docs/settings.md.") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{PREFIX}{'__'.join(str(part) for part in fault['loc']).upper()}: {_in_german(fault)}"
            for fault in error.errors()
        )
        raise Misconfigured(f"Einstellungen sind nicht lesbar: {faults}") from error
    except RuntimeError as error:  # an account without a home, where the data folder is by default
        raise Misconfigured(f"Dieses Konto hat keinen persönlichen Ordner; bitte {PREFIX}DATEN setzen.") from error
    _refuse_twins(settings.stores)
    if settings.prefect_api:
        require_api_address(settings.prefect_api, f"{PREFIX}PREFECT_API", f"{PREFIX}PREFECT_AUTH")
    try:
        daten = settings.daten.expanduser().absolute()
    except RuntimeError as error:
        raise Misconfigured(f"{PREFIX}DATEN: den persönlichen Ordner in „{settings.daten}“ gibt es nicht.") from error
    settings = settings.model_copy(update={"daten": daten})
    try:
        settings.model_dump_json()
    except PydanticSerializationError as error:  # its text would quote the value, which may be a secret
        raise Misconfigured(
            f"Eine Einstellung (wohl der Name eines Ordners, etwa {PREFIX}DATEN) enthält Bytes, die kein UTF-8 sind. "
            "Bitte umbenennen, oder die Sprachumgebung auf UTF-8 stellen (LC_ALL=C.UTF-8)."
        ) from error
    return settings


def start_runs_from_here() -> None:
    """Tells the engines that this process starts who did: one that asks once it runs may find its parent gone."""
    os.environ[_STARTER] = str(os.getpid())


def starter_of_runs() -> int | None:
    """The process that started this engine, where it said so."""
    told = os.environ.get(_STARTER, "")
    return int(told) if told.isdecimal() else None


def child_environment(settings: Settings, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a child process of ours: this one's, with the data folder fixed and Prefect kept quiet.

    Nothing is reported to Prefect's makers, its own database and logs lie inside the data folder, and log lines of runs
    stay out of its database (`prefect-db`: run logs are no place for case numbers).
    """
    quiet = {
        "ARCHIV_DATEN": str(settings.daten),
        "DO_NOT_TRACK": "1",
        "PREFECT_HOME": str(settings.daten / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    if settings.prefect_api:
        quiet["PREFECT_API_URL"] = settings.prefect_api
        if settings.prefect_auth is not None:
            quiet["PREFECT_API_AUTH_STRING"] = settings.prefect_auth.get_secret_value()
    else:  # of the local server, and of the one that a single run has on the same database
        login = local_login(settings.daten / "prefect")
        quiet |= {"PREFECT_SERVER_API_AUTH_STRING": login, "PREFECT_API_AUTH_STRING": login}
    # A proxy that the environment names is for what lies outside; the local server would not be found behind it.
    direct = ",".join(filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), *OWN_MACHINE)))
    return {**os.environ, "no_proxy": direct, "NO_PROXY": direct, **quiet, **(extra or {})}


def effective(settings: Settings) -> dict[str, Any]:
    """The values in force without secrets, as `archiv einstellungen` prints them."""
    values: dict[str, Any] = json.loads(settings.model_dump_json())
    values["_places"] = {
        "inbox": str(settings.inbox),
        "work": str(settings.work),
        "xdomea_schemas": str(settings.xdomea_schemas or ""),
        "premis_schema": str(settings.premis_schema or ""),
        "verapdf_jars": str(settings.verapdf_jars),
    }
    return values
