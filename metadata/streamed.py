"""Validates bytes against a schema while they are parsed, and stops soon after the first errors.

On a tree lxml works out the path of every error by counting siblings: a million errors would take hours. Here an error
costs nothing, but has no place.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

_BLOCK = 1 << 16


class _Silent:
    """A parser target that keeps nothing."""

    def close(self) -> None:
        """Ends without a result."""


def first_errors(schema: etree.XMLSchema, xml: bytes, most: int) -> tuple[list[Any], str]:
    """The errors in the bytes, soon after `most` of them no more; and what ended the look, if it was odd."""
    parser = etree.XMLParser(
        target=_Silent(),  # type: ignore[arg-type]  # a target may leave out what it does not listen to
        schema=schema,
        resolve_entities=False,
        no_network=True,
    )
    ended = ""
    try:
        for start in range(0, len(xml), _BLOCK):
            parser.feed(xml[start : start + _BLOCK])
            if len(parser.feed_error_log) > most:
                break
        else:
            parser.close()
    except etree.LxmlError as problem:
        ended = type(problem).__name__
    return [*iter(parser.feed_error_log)], ended
