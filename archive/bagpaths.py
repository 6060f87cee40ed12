"""Paths in bags: how manifests spell them (RFC 8493 §2.1.3), which ones are dangerous (§5), which ones we make."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

_ENCODED = {"%": "%25", "\n": "%0A", "\r": "%0D"}
_TO_ENCODE = re.compile(r"[%\n\r]")
_DECODED = {"25": "%", "0a": "\n", "0d": "\r"}
_TO_DECODE_10 = re.compile(r"%(25|0[AaDd])")
_TO_DECODE_097 = re.compile(r"%(0[AaDd])")
_BARE_PERCENT = re.compile(r"%(?!25|0[AaDd])")
_DEVICE = r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\.|/|\Z)"
_DEVICES = re.compile(rf"\A{_DEVICE}", re.IGNORECASE)
# to be searched in a path with a slash before it: every alternative then begins with a known character
_WINDOWS = re.compile(rf'/{_DEVICE}|[. ](?:/|\Z)|[<>:"|?*\x01-\x1f]', re.IGNORECASE)
_DRIVE = re.compile(r"\A[A-Za-z]:[\\/]")
_OWN_PART = re.compile(r"[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?\Z")
_ASCII_TAME = re.compile(r"[ -~]*\Z")
_LONGEST_PART = 255


def encode_path(path: str) -> str:
    """The spelling of a path in a manifest of BagIt 1.0: `%`, LF and CR percent-encoded, and only those (§2.1.3)."""
    return _TO_ENCODE.sub(lambda found: _ENCODED[found[0]], path)


def decode_path(spelled: str, *, percent: bool) -> str:
    """The path behind a spelling, decoded once. `percent` is true for 1.0, where `%25` stands for `%`."""
    if "%" not in spelled:
        return spelled
    pattern = _TO_DECODE_10 if percent else _TO_DECODE_097
    return pattern.sub(lambda found: _DECODED[found[1].lower()], spelled)


def has_bare_percent(spelled: str) -> bool:
    """True when a `%` is not the start of `%25`, `%0A` or `%0D`."""
    return "%" in spelled and _BARE_PERCENT.search(spelled) is not None


def escapes(path: str) -> bool:
    """True for a path that could lead out of the bag anywhere: absolute, `..` as a part, `~`, drive letter (§5.1)."""
    if not path or path[0] in "/~" or "\0" in path or _DRIVE.match(path):
        return True
    if ".." not in path and "\\" not in path:
        return False
    return path[0] == "\\" or ".." in re.split(r"[/\\]", path)


def is_crooked(path: str) -> bool:
    """True when a path has empty parts or parts `.`, so that two spellings would name the same file."""
    return "//" in path or "/./" in path or path.startswith("./") or path.endswith(("/", "/."))


def straightened(path: str) -> str:
    """The path without parts `.` and empty parts."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def windows_trouble(path: str) -> str | None:
    """Why Windows cannot hold this path, in German, or None (RFC 8493 §6.1.1 names the problem)."""
    if not (found := _WINDOWS.search(f"/{path}")):
        return None
    if found[0][0] in ". ":
        return "ein Teil endet mit Punkt oder Leerzeichen"
    if len(found[0]) > 1:
        return "ein Teil ist ein Gerätename von Windows"
    return 'ein Teil enthält ein unter Windows verbotenes Zeichen (< > : " | ? * oder Steuerzeichen)'


def all_tame(paths: Iterable[str]) -> bool:
    """True when `windows_trouble`, `odd_characters` and a look for backslashes would say nothing of any of these."""
    joined = "/".join(paths)
    return "\\" not in joined and _ASCII_TAME.match(joined) is not None and not windows_trouble(joined)


def odd_characters(path: str) -> str | None:
    """Which odd sort of character a path holds, in German, or None: controls, separators, surrogates."""
    if _ASCII_TAME.match(path):
        return None
    for character in path:
        category = unicodedata.category(character)
        if category == "Cs":
            return "Bytes, die kein UTF-8 sind"
        if category == "Cc":
            return "ein Steuerzeichen"
        if category in ("Zl", "Zp") or (category == "Zs" and character != " "):
            return "ein ungewöhnliches Trennzeichen"
        if category == "Cf":
            return "ein unsichtbares Formatzeichen"
    return None


def fold(path: str) -> str:
    """The key under which two paths are twins: NFC after casefold after NFC."""
    if path.isascii():
        lower = path.lower()
        return path if lower == path else lower  # the same object: a million names need no copy
    folded = unicodedata.normalize("NFC", path).casefold()
    return unicodedata.normalize("NFC", folded)


def twins(paths: Callable[[], Iterable[str]]) -> Iterator[tuple[str, str]]:
    """Pairs of different paths that a file system without case or with NFC would take for one.

    `paths` gives the same paths each time it is called: keys are counted as numbers first, and only those that come
    twice are looked at as names, so that a million names need no second copy.
    """
    keys = array("q", (hash(fold(path)) for path in paths()))
    ordered = sorted(keys)
    double = {key for key, after in pairwise(ordered) if key == after}
    if not double:
        return
    seen: dict[str, str] = {}
    for path, key in zip(paths(), keys, strict=True):
        if key in double:
            other = seen.setdefault(fold(path), path)
            if other != path:
                yield other, path


def own_name_fault(part: str) -> str | None:
    """Why we would not give a file or folder this name, in German, or None; ours are tame on every system."""
    if not _OWN_PART.match(part):
        return "nur a–z, 0–9, Punkt, Unterstrich und Bindestrich, nicht am Rand ein Punkt"
    if len(part) > _LONGEST_PART:
        return f"länger als {_LONGEST_PART} Zeichen"
    if _DEVICES.match(part):
        return "Gerätename von Windows"
    return None
