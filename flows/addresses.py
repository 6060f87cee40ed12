"""Addresses in settings that would be waited for without end, or show a secret, are refused at once."""

from __future__ import annotations

from urllib.parse import urlsplit

from akten.errors import Misconfigured


def require_api_address(address: str, name: str, login_name: str) -> None:
    """An address of the Prefect API, without a login in it: that has a setting of its own, which is shown nowhere.

    `name` and `login_name` are the two settings. Raises Misconfigured, and never quotes the address.
    """
    try:
        parts = urlsplit(address)
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        well = False
    if not well:
        raise Misconfigured(f"{name} ist keine Adresse; sie sieht aus wie http://rechner:4200/api.")
    if parts.username is not None or parts.password is not None:
        raise Misconfigured(f"{name}: Die Anmeldung gehört nach {login_name}, nicht in die Adresse.")
