"""Ink that transparency hides: white ink on transparent ground, or ink of a colour or place that is not shown.

On paper nothing of it would be left. A picture is looked at part by part, in any order, so that none lies in memory
whole for that.
"""

from __future__ import annotations

from PIL import Image

from ocr.pageimage import flatten, to_eight_bits

_STRIP_PIXELS = 1 << 20
_SEEN = 64  # levels of 255 between paper and what is written on it


class HiddenInk:
    """What was seen so far of one picture: the levels that transparency tells apart, and the ink that is left on white.

    `key` is the one colour of a PNG that is not shown, None where a channel says what is.
    """

    def __init__(self, key: object = None) -> None:
        self._key = key
        self._least, self._most, self._ink = 255, 0, 0

    @property
    def all_of_it(self) -> bool:
        """True when transparency hides something, and on white paper nothing is left."""
        return self._most - self._least >= _SEEN > self._ink

    def see(self, part: Image.Image) -> None:
        """Takes one part in, in strips."""
        rows = max(1, _STRIP_PIXELS // part.width)
        for top in range(0, part.height, rows):
            strip = part.crop((0, top, part.width, min(part.height, top + rows)))
            if self._key is not None:
                strip.info["transparency"] = self._key
            low, high = self._told_apart(strip).getextrema()
            self._least = min(self._least, int(low))  # type: ignore[arg-type]
            self._most = max(self._most, int(high))  # type: ignore[arg-type]
            darkest, _ = flatten(strip).convert("L").getextrema()
            self._ink = max(self._ink, 255 - int(darkest))  # type: ignore[arg-type]

    def _told_apart(self, strip: Image.Image) -> Image.Image:
        """In which levels differ what is hidden and what is shown: where one colour is not shown, all of them."""
        if self._key is None:
            return strip.getchannel("A")
        plain = strip.copy()
        del plain.info["transparency"]
        return (to_eight_bits(plain) if plain.mode.startswith("I") else plain).convert("L")
