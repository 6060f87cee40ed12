"""Whether a page shows one colour and nothing else: software that whitens backs writes the same bytes for each of them.

Runs in a child only, on pixels that were decoded there already. Whatever is not certain is not flat.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "CMYK"})
_SAMPLE = (64, 64)  # points looked at first: of a page with anything on it they nearly always differ
_WHOLE_BYTES = 192 << 20  # what is larger is decoded in parts, and lies nowhere as a whole


def is_flat(image: Image.Image, path: Path) -> bool:
    """True when all pixels of the decoded page are the same. A JPEG that was decoded small is decoded once more."""
    if image.mode not in _MODES or image.width * image.height * 4 > _WHOLE_BYTES:
        return False
    if not (_one_colour(image.resize(_SAMPLE, Image.Resampling.NEAREST)) and _one_colour(image)):
        return False
    if image.format not in ("JPEG", "MPO"):
        return True
    try:
        with Image.open(path, formats=("JPEG",)) as whole:
            return whole.width * whole.height * 4 <= _WHOLE_BYTES and whole.mode in _MODES and _one_colour(whole)
    except (OSError, SyntaxError, ValueError):  # what is wrong with a JPEG others say; of this one nothing is known
        return False


def _one_colour(image: Image.Image) -> bool:
    return all(low == high for low, high in _extrema(image))


def _extrema(image: Image.Image) -> tuple[tuple[float, float], ...]:
    found = image.getextrema()
    return found if isinstance(found[0], tuple) else (found,)
