"""What a library says no with to broken data, in German: the names of its classes are for programmers."""

from __future__ import annotations

import zlib

from akten.diskwords import in_german

_OTHER = "die Daten sind beschädigt oder ungewöhnlich"
# By name, since the libraries are imported where they are used; the first of a class and those above it that is here.
_REASONS = {
    "PasswordError": "ein Kennwort schützt sie",
    "PdfError": "der Aufbau ist beschädigt",
    "PdfiumError": "der Aufbau ist beschädigt",
    "BadZipFile": "der Aufbau ist beschädigt",
    "EOFError": "die Daten enden zu früh",
    "DecompressionBombError": "es sind zu viele Bildpunkte",
    "RecursionError": "der Aufbau ist zu tief verschachtelt",
    "NotImplementedError": "diese Art ist nicht vorgesehen",
}


def broken_in_german(error: BaseException) -> str:
    """Half a German sentence for what a decoder or a library raised, whatever it is."""
    if isinstance(error, OSError) and error.errno:
        return in_german(error.errno)
    if isinstance(error, zlib.error):
        return "die gepackten Daten sind beschädigt"
    return next((_REASONS[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _REASONS), _OTHER)
