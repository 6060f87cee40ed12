"""Reads manifests, one table each (RFC 8493 §2.1.3, §2.2.1, §2.4), and compares them with the files (§3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from archive.bagalgorithms import DIGEST_SIZES, HASHES, Unreadable
from archive.baginventory import Inventory
from archive.baglisting import Manifest
from archive.bagnotes import Notes
from archive.bagpaths import decode_path, escapes, has_bare_percent, is_crooked, straightened
from archive.bagrules import Limits
from archive.bagsource import BagSource
from archive.bagtags import BadText, Declaration, tag_blocks

_NAME = re.compile(r"(?P<tag>tag)?manifest-(?P<algorithm>[^/]+)\.txt\Z", re.IGNORECASE | re.DOTALL)
_LINE = re.compile(r"([^ \t]+)[ \t]++(.+)\Z", re.DOTALL)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
_LONGEST_NORMALISED = 4096
# bagit.py names these algorithms as Python does, with underscore
_PYTHON_NAMES = frozenset({"sha3_224", "sha3_256", "sha3_384", "sha3_512"})


def read_manifests(source: BagSource, declaration: Declaration, notes: Notes, limits: Limits) -> tuple[Manifest, ...]:
    """All manifests in the root of the bag, read line by line, with their findings; never raises."""
    manifests: list[Manifest] = []
    taken: set[tuple[str, bool]] = set()
    names = sorted(path for path in source.files.tag_paths() if manifest_name(path))
    if len(names) > limits.manifests:
        notes.unchecked(
            "BG-30", "", f"Das Paket hat mehr als {limits.manifests} Manifeste; die letzten blieben ungelesen."
        )
    for name in names[: limits.manifests]:
        if not (found := _NAME.match(name)):
            continue
        manifest = Manifest(source.files, name, known_algorithm(found["algorithm"]), tag=found["tag"] is not None)
        _check_name(manifest, found["algorithm"], notes, is_10=declaration.is_10)
        key = (manifest.algorithm or found["algorithm"].lower(), manifest.tag)
        if key in taken:
            notes.error("BG-11", name, "Für dieses Verfahren gibt es schon ein Manifest.")
        taken.add(key)
        _Reading(source, declaration, notes, limits, manifest).run()
        manifests.append(manifest)
    return tuple(manifests)


def manifest_name(path: str) -> tuple[str, bool] | None:
    """Algorithm and whether it is a tag manifest, when a path is that of a manifest in the root of the bag."""
    if "/" in path or not (found := _NAME.match(path)):
        return None
    return known_algorithm(found["algorithm"]), found["tag"] is not None


def known_algorithm(name: str) -> str:
    """Key of HASHES for the name of an algorithm, however it is cut (`SHA-256`, `sha3_256`), or "" when unknown."""
    plain = re.sub(r"[-_]", "", name.lower())
    return plain if plain in HASHES else ""


def _check_name(manifest: Manifest, algorithm: str, notes: Notes, *, is_10: bool) -> None:
    if not manifest.algorithm:
        notes.unchecked("BG-12", manifest.file, "Das Prüfsummenverfahren ist unbekannt; dieses Manifest ist ungeprüft.")
    if manifest.file != manifest.file.lower():
        (notes.error if is_10 else notes.warning)(
            "BG-11", manifest.file, "Der Name des Manifests ist nicht kleingeschrieben."
        )
    elif manifest.algorithm and manifest.algorithm != algorithm:
        serious = is_10 and algorithm not in _PYTHON_NAMES
        (notes.error if serious else notes.warning)(
            "BG-11", manifest.file, "Das Verfahren im Namen enthält Trennzeichen."
        )


@dataclass(slots=True)
class _Reading:
    """The reading of one manifest."""

    source: BagSource
    declaration: Declaration
    notes: Notes
    limits: Limits
    manifest: Manifest

    def run(self) -> None:
        manifest, notes, limits = self.manifest, self.notes, self.limits
        number = 0
        try:
            for lines in self._blocks():
                if number + len(lines) > limits.entries:
                    text = f"Das Manifest hat mehr als {limits.entries} Zeilen."
                    raise BadText("BG-30", text, unchecked=True)  # the same end as a budget in the lines
                self._take(number, lines)
                number += len(lines)
        except BadText as why:
            manifest.whole = False
            why.note(notes, manifest.file)
        except Unreadable as why:
            manifest.whole = False
            notes.unchecked(why.trouble.code, manifest.file, why.trouble.text)

    def _blocks(self) -> Iterator[list[str]]:
        most = self.limits.manifest_bytes
        return tag_blocks(self.source, self.manifest.file, self.declaration.encoding, self.notes, self.limits, most)

    def _take(self, number: int, lines: list[str]) -> None:
        """Lines as nearly all writers write them are taken at once; all others go the careful way."""
        manifest, files = self.manifest, self.source.files
        width = 2 * DIGEST_SIZES.get(manifest.algorithm, 0)
        plain = width > 0 and not manifest.tag
        if plain and self._take_run(lines, width):
            return
        for line in lines:
            number += 1
            # a name of the inventory is straight and inside the bag; an entry seen before is not taken here
            if plain and line[width : width + 2] == "  " and "%" not in line:
                file = files.find(line[width + 2 :])
                if file in files.data and manifest.get(file) is None:
                    digest = _from_hex(line[:width])
                    if len(digest) * 2 == width:
                        manifest.put(file, digest)
                        continue
            self._line(number, line, width)

    def _take_run(self, lines: list[str], width: int) -> bool:
        """Takes lines that name payload files one after the other in their order; false, and nothing taken, for others.

        Most manifests are sorted, so that a million lines need no look-up each.
        """
        manifest, files = self.manifest, self.source.files
        run = files.run([line[width + 2 :] for line in lines])
        if run is None or not manifest.is_free(run):
            return False
        if any(line[width : width + 2] != "  " for line in lines) or any("%" in line for line in lines):
            return False
        digests = _from_hex("".join([line[:width] for line in lines]))
        if len(digests) * 2 != width * len(lines):
            return False
        manifest.put_run(run, digests)
        return True

    def _line(self, number: int, line: str, width: int) -> None:
        if not (found := _LINE.match(line)) or "\0" in line:
            self._odd_line(number, line)
            return
        checksum, spelled = found[1], found[2]
        if not _HEX.match(checksum) or len(checksum) != (width or len(checksum)):
            text = f"Zeile {number}: die Prüfsumme ist nicht hexadezimal oder hat nicht die Länge des Verfahrens."
            self.notes.error("BG-14", self.manifest.file, text)
            checksum = ""  # listed, yet nothing matches it
        self._entry(number, bytes.fromhex(checksum), spelled)

    def _odd_line(self, number: int, line: str) -> None:
        if line.strip(" \t"):
            self.notes.error(
                "BG-13", self.manifest.file, f"Zeile {number} besteht nicht aus Prüfsumme, Leerraum und Pfad."
            )
        else:
            self.notes.warning("BG-13", self.manifest.file, f"Zeile {number} ist leer.")

    def _entry(self, number: int, digest: bytes, spelled: str) -> None:
        path = self._path(number, spelled)
        if path is None or not self._allowed(number, path):
            return
        manifest = self.manifest
        file = self.source.files.find(path)
        first = manifest.get(file) if file >= 0 else manifest.missing.get(path)
        if first is None and file >= 0:
            manifest.put(file, digest)
            return
        if first is None:
            if not manifest.miss(path, digest):
                raise BadText("BG-30", "Das Manifest nennt zu viele Dateien, die fehlen.", unchecked=True)
            return
        text = f"Zeile {number}: die Datei steht schon weiter oben"
        if first != manifest.comparable(digest):
            self.notes.error("BG-16", path, f"{text}, mit anderer Prüfsumme.")
        else:
            (self.notes.error if self.declaration.is_10 else self.notes.warning)("BG-16", path, f"{text}.")

    def _path(self, number: int, spelled: str) -> str | None:
        """The path that a line means, as the inventory spells it; None when it leads out of the bag."""
        notes, file, is_10 = self.notes, self.manifest.file, self.declaration.is_10
        files = self.source.files
        path = spelled
        if "%" in spelled:
            if is_10 and has_bare_percent(spelled):
                notes.error("BG-28", file, f"Zeile {number}: ein % ist nicht als %25 geschrieben.")
            path = decode_path(spelled, percent=is_10)
            if not is_10 and path not in files and spelled in files:
                notes.warning(
                    "BG-28", file, f"Zeile {number}: der Name enthält eine Prozentfolge, die wörtlich gemeint ist."
                )
                path = spelled
        if path[0] == "*" and path not in files and (path.startswith("*data/") or path[1:] in files):
            notes.warning("BG-37", file, f"Zeile {number}: vor dem Pfad steht ein * (Zeichen von md5sum).")
            path = path[1:]
        if escapes(path):
            notes.error("BG-31", file, f"Zeile {number}: der Pfad führt aus dem Paket oder ist absolut.")
            return None
        if is_crooked(path) and not path.endswith("/"):
            notes.strict("BG-37", file, f"Zeile {number}: der Pfad enthält leere Teile oder „.“.")
            path = straightened(path)
        return path

    def _allowed(self, number: int, path: str) -> bool:
        notes, file = self.notes, self.manifest.file
        if path.rstrip("/") in self.source.folders:
            notes.error("BG-34", file, f"Zeile {number} nennt einen Ordner.")
            return False
        if path.endswith("/"):
            notes.error("BG-34", file, f"Zeile {number} nennt einen Ordner, den es nicht gibt.")
            return False
        payload = path.startswith("data/")
        if not self.manifest.tag:
            if not payload:
                notes.error("BG-15", file, f"Zeile {number} nennt eine Datei außerhalb von data/.")
            return payload
        if payload or path == "data":
            notes.error("BG-25", file, f"Zeile {number} nennt Nutzdaten.")
            return False
        if (found := _NAME.match(path)) and found["tag"]:
            is_10 = self.declaration.is_10
            (notes.error if is_10 else notes.warning)("BG-24", file, f"Zeile {number} nennt ein Tag-Manifest.")
            return not is_10
        return True


def compare(
    source: BagSource,
    manifests: tuple[Manifest, ...],
    to_fetch: Collection[str],
    declaration: Declaration,
    notes: Notes,
) -> None:
    """Completeness (RFC 8493 §3): what is listed is there, what is there is listed. Findings BG-10, BG-17 … BG-27."""
    payload = [manifest for manifest in manifests if not manifest.tag]
    tags = [manifest for manifest in manifests if manifest.tag]
    if not payload:
        notes.error("BG-10", "", "Kein Manifest der Nutzdaten ist da.")
    for manifest in manifests:
        _settle(source, manifest, to_fetch, declaration, notes)
    if payload and all(manifest.whole for manifest in payload):
        _check_listed(source, payload, declaration, notes)
    whole = [manifest for manifest in tags if manifest.whole]
    for manifest in whole:
        for name in (other.file for other in payload if not manifest.lists(other.file)):
            text = f"{name} steht nicht in diesem Tag-Manifest."
            (notes.error if declaration.is_10 else notes.warning)("BG-23", manifest.file, text)
    if tags and len(whole) == len(tags):
        _check_tags_listed(source, whole, notes)


def _settle(
    source: BagSource, manifest: Manifest, to_fetch: Collection[str], declaration: Declaration, notes: Notes
) -> None:
    """Takes out entries without a file, each with its finding; finds names in another normal form (§6.1.1)."""
    if not manifest.missing:
        return
    missing, manifest.missing = manifest.missing, {}
    forms = _normal_forms(source.files, missing)
    for path, digest in missing.items():
        others = forms.get(_nfc(path), ()) if forms else ()
        if len(others) == 1:
            other = others[0]
            number = source.files.find(other)
            listed = manifest.get(number)
            if listed is None or (listed == digest and not declaration.is_10):
                if listed is None:
                    manifest.put(number, digest)
                text = f"In {manifest.file} steht der Name in einer anderen Unicode-Normalform."
                notes.strict("BG-35", other, text)
                continue
        if _is_odd(source, path):
            continue  # a link or device, or below one, which has its own finding
        if manifest.tag:
            notes.error("BG-22", path, f"Die Datei steht in {manifest.file}, fehlt aber.")
        elif path in to_fetch:
            notes.error("BG-41", path, f"Die Datei steht in {manifest.file}, müsste aber erst geholt werden.")
        else:
            notes.error("BG-17", path, f"Die Datei steht in {manifest.file}, fehlt aber.")


def _from_hex(digits: str) -> bytes:
    """The bytes of plain hexadecimal digits; too few for anything else."""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _is_odd(source: BagSource, path: str) -> bool:
    """True for a link, a device or an unreadable folder, and for all below one."""
    end = path.find("/") if source.odd else -1
    while end > 0 and path[:end] not in source.odd:
        if path[:end] not in source.folders:
            return False
        end = path.find("/", end + 1)
    return end > 0 or path in source.odd


def _normal_forms(files: Inventory, missing: Collection[str]) -> dict[str, list[str]]:
    """Files by the NFC of their name, when any missing name could be written in another form."""
    forms: dict[str, list[str]] = {}
    if any(not path.isascii() for path in missing):
        for path in files:
            if not path.isascii():
                forms.setdefault(_nfc(path), []).append(path)
    return forms


def _nfc(path: str) -> str:
    """NFC; of names longer than any file's the name itself, because ordering many accents takes quadratic time."""
    return path if path.isascii() or len(path) > _LONGEST_NORMALISED else unicodedata.normalize("NFC", path)


def _check_listed(source: BagSource, payload: list[Manifest], declaration: Declaration, notes: Notes) -> None:
    files = source.files
    if all(manifest.lists_all_payload() for manifest in payload):
        return
    for number in files.data:
        lacking = [manifest.file for manifest in payload if manifest.get(number) is None]
        if len(lacking) == len(payload):
            notes.error("BG-18", files.paths[number], "Die Datei steht in keinem Manifest.")
        elif lacking and declaration.is_10:
            notes.error("BG-19", files.paths[number], f"Die Datei fehlt in {', '.join(lacking)}.")


def _check_tags_listed(source: BagSource, tags: list[Manifest], notes: Notes) -> None:
    for path in source.files.tag_paths():
        if manifest_name(path):  # of payload manifests BG-23 has told
            continue
        lacking = [manifest.file for manifest in tags if not manifest.lists(path)]
        if len(lacking) == len(tags):
            notes.warning("BG-27", path, "Die Datei steht in keinem Tag-Manifest; ihr Inhalt ist nicht gesichert.")
        elif lacking:
            notes.warning("BG-26", path, f"Die Datei fehlt in {', '.join(lacking)}.")
