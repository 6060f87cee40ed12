"""Damage for fuzz runs, always the same for a seed: flipped bits, cuts, splices, zeroed blocks, swapped chunks."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

KINDS = ("bits", "cut", "hole", "splice", "words", "zeros", "swap", "repeat", "stretch")
_WORDS = (
    b"\xff" * 8,
    b"\0" * 8,
    b"99999999",
    b"-1 0 R  ",
    b"<</Kids[",
    b"%%EOF\n%%",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
)


def mutated(data: bytes, other: bytes, chance: random.Random, kind: str = "") -> bytes:
    """The same bytes with one kind of damage; `other` gives what is spliced in."""
    out = bytearray(data)
    if not out:
        return bytes(out)
    place = chance.randrange(len(out))
    match kind or chance.choice(KINDS):
        case "bits":
            for _ in range(chance.randint(1, 20)):
                out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
        case "cut":
            del out[max(1, place) :]
        case "hole":
            del out[place : place + chance.randint(1, 200)]
        case "splice" if other:
            start = chance.randrange(len(other))
            out[place:place] = other[start : start + chance.randint(1, 2000)]
        case "words":
            out[place : place + 8] = chance.choice(_WORDS)
        case "zeros":
            size = chance.randint(1, max(1, len(out) // 4))
            out[place : place + size] = bytes(len(out[place : place + size]))
        case "swap":
            size = chance.randint(1, max(1, len(out) // 8))
            there = chance.randrange(len(out))
            one, two = bytes(out[place : place + size]), bytes(out[there : there + size])
            out[place : place + size], out[there : there + size] = two, one
        case "repeat":
            out[place:place] = out[place : place + chance.randint(1, 4000)]
        case _:
            for at in (index for index in range(place, min(len(out), place + 4000)) if 0x30 <= out[index] <= 0x39):
                out[at] = 0x39  # every digit a nine: lengths, counts and offsets grow
    return bytes(out)


def mutants(sources: Sequence[Path], folder: Path, count: int, seed: int) -> list[Path]:
    """So many damaged copies of the sources in turn, every kind of damage as often as the others."""
    chance = random.Random(seed)
    folder.mkdir()
    made = []
    for number in range(count):
        source, other = sources[number % len(sources)], chance.choice(sources)
        path = folder / f"{number:04d}{source.suffix}"
        path.write_bytes(mutated(source.read_bytes(), other.read_bytes(), chance))
        made.append(path)
    return made


def children() -> set[int]:
    """The processes that this one has started and that still run or were not taken leave of."""
    found: set[int] = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        try:
            found.update(int(pid) for pid in (task / "children").read_text().split())
        except OSError:
            continue
    return found
