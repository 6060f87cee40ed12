"""What a server says that does not let the catalog in is sorted by who must act: wait, or put the address right."""

from __future__ import annotations

import pytest
from sqlalchemy import exc

from akten.errors import ArchivError, Misconfigured, Unavailable
from catalog.catalog import open_catalog
from catalog.engine import translated
from tests.pgfixture import Postgres, postgres

__all__ = ["postgres"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('FATAL:  permission denied for database "archiv"', Misconfigured),
        ('FATAL:  role "archiv" is not permitted to log in', Misconfigured),
        ('FATAL:  no pg_hba.conf entry for host "10.1.1.1", user "archiv", database "archiv", SSL off', Misconfigured),
        ("FATAL:  Passwort-Authentifizierung für Benutzer »archiv« fehlgeschlagen", Misconfigured),
        ("FATAL:  Datenbank »archiv« existiert nicht", Misconfigured),
        ("FATAL:  keine Berechtigung für Datenbank »archiv«", Misconfigured),
        ("FATAL:  Rolle »archiv« hat keine Berechtigung zum Einloggen", Misconfigured),
        ('FATAL:  unrecognized configuration parameter "searchpath"', Misconfigured),
        ("FATAL:  unbekannter Konfigurationsparameter »searchpath«", Misconfigured),
        ('definition of service "archiv" not found', Misconfigured),
        ("FATAL:  tut mir leid, schon zu viele Verbindungen", Unavailable),
        ('FATAL:  too many connections for role "archiv"', Unavailable),
        ("FATAL:  the database system is starting up", Unavailable),
    ],
)
def test_a_server_that_lets_nobody_in_is_understood_in_both_its_languages(said: str, kind: type[ArchivError]) -> None:
    assert type(translated(exc.OperationalError("SELECT", {}, Exception(said)))) is kind


@pytest.mark.parametrize(
    "said",
    [
        "SSL error: certificate verify failed",
        'server certificate for "db-alt" does not match host name "db"',
        'root certificate file "/etc/aktenarchiv/db.pem" does not exist',
        'could not read root certificate file "/etc/aktenarchiv/db.pem": no certificate or crl found',
        "server does not support SSL, but SSL was required",
        'private key file "/etc/aktenarchiv/db.key" has group or world access',
        "channel binding required, but SSL not in use",
        "FATAL:  connection requires a valid client certificate",
    ],
)
def test_an_encryption_that_cannot_be_had_is_a_wrong_setting_and_named(said: str) -> None:
    """Deliveries waited for a database that would never answer, and were told to try again later."""
    error = translated(exc.OperationalError("SELECT", {}, Exception(said)))
    assert isinstance(error, Misconfigured)
    assert "sslrootcert" in str(error)


def test_a_misspelt_word_in_the_address_is_a_wrong_setting(postgres: Postgres) -> None:
    for wrong in ("sslmod=require", "sslmode=vielleicht", "ssl_min_protocol_version=TLSv9", "options=-cnichts%3D1"):
        with pytest.raises(Misconfigured):
            open_catalog(f"{postgres.url('postgres')}&{wrong}")
