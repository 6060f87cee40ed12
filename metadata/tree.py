"""Reading elements by their local names: 4.0.0 mixes qualified and unqualified ones."""

from __future__ import annotations

from functools import lru_cache

from lxml import etree


@lru_cache(maxsize=4096)  # foreign messages may name their elements as they like
def local(tag: str) -> str:
    """Name without namespace."""
    return tag.rpartition("}")[2]


def content(element: etree._Element) -> str:
    """All text in an element."""
    return (element.text or "") if len(element) == 0 else "".join(str(piece) for piece in element.itertext())


def by_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    """The element children by local name, in order."""
    found: dict[str, list[etree._Element]] = {}
    for child in element:
        tag = child.tag
        if type(tag) is str:  # comments and processing instructions have functions as tags
            found.setdefault(local(tag), []).append(child)
    return found


def text_of(element: etree._Element | None) -> str:
    """The text of an element without outer blanks, "" when there is none."""
    return "" if element is None or element.text is None else element.text.strip()


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The element at the end of a path of local names, the first of each."""
    for name in path:
        if element is None:
            return None
        element = next(element.iterchildren(f"{{*}}{name}"), None)  # lxml compares the names itself
    return element
