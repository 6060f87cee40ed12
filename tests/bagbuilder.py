"""Builds small BagIt bags as files in memory; each step can be overridden, so a test breaks exactly one thing.

Where a new case belongs:

| file | what stands there | its name |
|---|---|---|
| `bagcases.py` | a folder that breaks one rule | code it must earn, then what is done to it |
| `baggood.py` | a folder that is odd and breaks none | what is odd; the warning it earns beside it |
| `bagtars.py`, `tars` | a container that breaks one rule, whatever bag lies in it | code, then what is done |
| `bagtars.py`, `good_tars` | a container as some tool writes it | what is odd about it |
| `archive/test_bagcheck.py` | a folder that is odd elsewhere and refused at intake | code, then what is odd |

Every folder is judged once more as a tar (`archive/test_bag_as_tar.py`): a case that differs there says why. What
changes while it is read, budgets and unreadable files have tests of their own in `archive/`.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from archive.bagpaths import encode_path

Edit = Callable[[bytes], bytes | None]
PAYLOAD = {"data/a.txt": b"Erste Datei\n", "data/sub/b.txt": b"Zweite Datei\n"}
HASHES = {"sha3256": "sha3_256", "blake2b512": "blake2b"}


def checksum(algorithm: str, data: bytes) -> str:
    return hashlib.new(HASHES.get(algorithm, algorithm), data).hexdigest()


def append(more: bytes | str) -> Edit:
    """An edit that adds bytes at the end."""
    return lambda data: data + (more.encode() if isinstance(more, str) else more)


def swap(old: bytes | str, new: bytes | str) -> Edit:
    """An edit that replaces the first occurrence; fails when there is none, so that no case breaks nothing."""
    before, after = (x.encode() if isinstance(x, str) else x for x in (old, new))

    def edit(data: bytes) -> bytes:
        assert before in data, before
        return data.replace(before, after, 1)

    return edit


def gone(data: bytes) -> None:
    """An edit that leaves the file out."""


@dataclass(slots=True)
class BagBuilder:
    """A bag as it would be right; `edits` change tag files before the tag manifests are made, `late` anything after."""

    payload: Mapping[str, bytes] = field(default_factory=lambda: PAYLOAD)
    version: str = "1.0"
    encoding: str = "UTF-8"
    algorithms: tuple[str, ...] = ("sha256", "sha512")
    tag_algorithms: tuple[str, ...] | None = None
    info: str | None = "Source-Organization: Stadt\nPayload-Oxum: {oxum}\n"
    extra: Mapping[str, bytes] = field(default_factory=dict)
    edits: Mapping[str, Edit] = field(default_factory=dict)
    late: Mapping[str, Edit] = field(default_factory=dict)
    spell: Callable[[str], str] = encode_path
    end: str = "\n"
    codec: str = ""

    def files(self) -> dict[str, bytes]:
        """All files of the bag by path; folders follow from them."""
        files: dict[str, bytes] = {}
        declaration = f"BagIt-Version: {self.version}\nTag-File-Character-Encoding: {self.encoding}\n"
        files["bagit.txt"] = declaration.replace("\n", self.end).encode()
        oxum = f"{sum(map(len, self.payload.values()))}.{len(self.payload)}"
        if self.info is not None:
            files["bag-info.txt"] = self._text(self.info.format(oxum=oxum))
        for algorithm in self.algorithms:
            files[f"manifest-{algorithm}.txt"] = self._manifest(algorithm, self.payload)
        files.update(self.extra)
        _edit(files, self.edits)
        tagged = dict(sorted(files.items()))
        for algorithm in self.algorithms if self.tag_algorithms is None else self.tag_algorithms:
            files[f"tagmanifest-{algorithm}.txt"] = self._manifest(algorithm, tagged)
        files.update(self.payload)
        _edit(files, self.late)
        return files

    def _text(self, text: str) -> bytes:
        return text.replace("\n", self.end).encode(self.codec or self.encoding)

    def _manifest(self, algorithm: str, files: Mapping[str, bytes]) -> bytes:
        return self._text("".join(f"{checksum(algorithm, data)}  {self.spell(path)}\n" for path, data in files.items()))

    def folder(self, root: Path) -> Path:
        """The bag as a folder."""
        root.mkdir(parents=True)
        (root / "data").mkdir()
        for path, data in self.files().items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return root


def _edit(files: dict[str, bytes], edits: Mapping[str, Edit]) -> None:
    for path, edit in edits.items():
        data = edit(files.get(path, b""))
        if data is None:
            del files[path]
        else:
            files[path] = data


def tar_of(files: Mapping[str, bytes], root: str = "bag/", kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of these files by Python's own tarfile."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=kind) as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(root + path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return target.getvalue()
