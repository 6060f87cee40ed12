"""Reads fetch.txt (RFC 8493 §2.2.3), fetches nothing, and names what is wrong or dangerous in it (§5.2)."""

from __future__ import annotations

import re
import socket
from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from archive.bagalgorithms import Unreadable
from archive.baglisting import Manifest
from archive.bagnotes import Notes
from archive.bagpaths import decode_path, escapes, has_bare_percent, straightened
from archive.bagrules import Limits
from archive.bagsource import BagSource
from archive.bagtags import BadText, Declaration, tag_lines

_LINE = re.compile(r"([^ \t]+)[ \t]++([0-9]{1,30}|-)[ \t]++(.+)\Z", re.DOTALL)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PLAIN_HOST = re.compile(r"[A-Za-z]+://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/|\Z)")
_MOST_CHARACTERS = 512 << 20
_HARMLESS = frozenset({"http", "https", "ftp", "ftps", "sftp"})


def read_fetch(source: BagSource, declaration: Declaration, notes: Notes, limits: Limits) -> Collection[str]:
    """The paths of fetch.txt, with findings BG-40, BG-42 … BG-44; empty when there is none."""
    entries: set[str] = set()
    if "fetch.txt" not in source.files:
        return entries
    notes.strict("BG-40", "fetch.txt", "Das Paket hat eine fetch.txt; nichts daraus wurde geholt.")
    lines = tag_lines(source, "fetch.txt", declaration.encoding, notes, limits, limits.manifest_bytes)
    characters = 0
    try:
        for number, line in lines:
            characters += len(line)
            if characters > _MOST_CHARACTERS or number > limits.entries:
                text = "fetch.txt ist zu lang und wurde nicht zu Ende gelesen."
                raise BadText("BG-30", text, unchecked=True)  # the same end as a budget in the lines
            _read_line(number, line, entries, declaration, notes)
    except BadText as why:
        why.note(notes, "fetch.txt")
    except Unreadable as why:
        notes.unchecked(why.trouble.code, "fetch.txt", why.trouble.text)
    return entries


def _read_line(number: int, line: str, entries: set[str], declaration: Declaration, notes: Notes) -> None:
    if not line.strip(" \t"):
        notes.warning("BG-42", "fetch.txt", f"Zeile {number} ist leer.")
        return
    found = _LINE.match(line)
    if not found or "\0" in line:
        notes.error("BG-42", "fetch.txt", f"Zeile {number} besteht nicht aus URL, Länge und Pfad.")
        return
    url, spelled = found[1], found[3]
    scheme = _SCHEME.match(url)
    if scheme is None:
        notes.error("BG-42", "fetch.txt", f"Zeile {number} beginnt nicht mit einer URL.")
    elif scheme[1].lower() not in _HARMLESS:
        notes.error("BG-44", "fetch.txt", f"Zeile {number} nennt eine Adresse der Art „{scheme[1][:20]}:“.")
    elif not (host := _host(url)):
        notes.error("BG-42", "fetch.txt", f"Zeile {number} nennt eine URL ohne Rechner.")
    elif _is_own_machine(host):
        notes.error("BG-44", "fetch.txt", f"Zeile {number} nennt eine Adresse auf dem eigenen Rechner.")
    if declaration.is_10 and has_bare_percent(spelled):
        notes.error("BG-28", "fetch.txt", f"Zeile {number}: ein % ist nicht als %25 geschrieben.")
    path = decode_path(spelled, percent=declaration.is_10)
    if escapes(path) or not straightened(path).startswith("data/"):
        notes.error("BG-43", "fetch.txt", f"Zeile {number} nennt einen Pfad, der nicht unter data/ liegt.")
        return
    path = straightened(path)
    if path in entries:
        notes.error("BG-42", "fetch.txt", f"Zeile {number} nennt eine Datei noch einmal.")
    entries.add(path)


def _host(url: str) -> str:
    """The host of a URL in lower case, "" when there is none that can be read."""
    if plain := _PLAIN_HOST.match(url):  # nearly all, and a tenth of the work
        return plain[1].lower().rstrip(".")
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


@lru_cache(maxsize=1024)  # a million lines mostly name the same few
def _is_own_machine(host: str) -> bool:
    """True for this machine and its link, however spelled (`127.1`, `2130706433`); nothing is looked up.

    On the link lie the services that give a virtual machine its keys. Other private addresses stay allowed: within
    a city's network a bag may well be completed from one.
    """
    if host == "localhost" or host.endswith((".localhost", ".localdomain")):
        return True
    address: IPv4Address | IPv6Address
    try:
        address = ip_address(host)
    except ValueError:
        try:
            address = IPv4Address(socket.inet_aton(host))  # takes the short, octal and hexadecimal spellings
        except (OSError, ValueError):
            return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_link_local or address.is_unspecified


def check_fetch_listed(entries: Collection[str], manifests: tuple[Manifest, ...], notes: Notes) -> None:
    """BG-45: what is to be fetched stands in every payload manifest. Comes before missing files are taken out."""
    payload = [manifest for manifest in manifests if not manifest.tag and manifest.whole]
    for path in entries:
        for manifest in payload:
            if not manifest.lists(path):
                notes.error("BG-45", path, f"Die Datei steht in fetch.txt, aber nicht in {manifest.file}.")
