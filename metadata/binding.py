"""One table per element, read both ways: value to XML text and XML tree to value.

A `Shape` lists the children of an element in the order of the schema; what is written by it is read by it, so the two
directions cannot drift apart. Writing makes text at once (no tree), which keeps 20,000 Dokumente small and quick.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lxml import etree

from metadata.tree import by_name, content

Values = dict[str, Any]
PREFIX = "xdomea"


class Unreadable(ValueError):
    """A value in a message means nothing to us; `where` is the element, the text says what was expected."""

    def __init__(self, element: etree._Element, text: str) -> None:
        super().__init__(text)
        self.element = element
        self.text = text


class Uncarriable(ValueError):
    """A value holds what this version of XDOMEA has no place for; the text says which."""


@dataclass(slots=True)
class Writing:
    """The text written so far and what the tables need to know of the recipient."""

    dateiformat_version: str
    out: list[str] = dataclasses.field(default_factory=list)


def escape(text: str) -> str:
    """Text safe between tags."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def quote(text: str) -> str:
    """Text safe inside double quotes."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


class Part(Protocol):
    """One or several neighbouring children of an element."""

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends the children that `value` asks for."""
        ...

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Puts what the children say into `into`, by field name."""
        ...

    def carry(self, value: Any, into: Values) -> None:
        """Puts what would be written of `value` into `into`."""
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """A record and its children in order."""

    make: Callable[..., Any]
    parts: tuple[Part, ...]

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends all children of `value`."""
        for part in self.parts:
            part.write(value, to, indent)

    def read(self, element: etree._Element) -> Any:
        """The record that the element holds. Raises Unreadable."""
        return self.made(by_name(element), element)

    def made(self, children: Mapping[str, list[etree._Element]], element: etree._Element) -> Any:
        """The record that these children hold. Raises Unreadable."""
        values: Values = {}
        for part in self.parts:
            part.read(children, element, values)
        try:
            return self.make(**values)
        except (ValueError, TypeError) as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable(element, f"Inhalt unvollständig oder widersprüchlich: {error}") from error

    def carried(self, value: Any) -> Any:
        """The record as this version can carry it: fields without a place fall back to their default."""
        values: Values = {}
        for part in self.parts:
            part.carry(value, values)
        return self.make(**values)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One text element. It is left out when the field is None, "" or False, unless it is `required`."""

    name: str
    field: str
    show: Callable[[Any], str]
    parse: Callable[[str], Any]
    required: bool = False
    attributes: str = ""
    qualified: bool = True
    wrap: str = ""  # an inner element around the text ("code")
    list_version: bool = False  # listVersionID comes from the recipient's profile
    keep_false: bool = False  # three-valued: False is said, None is left out
    start: str = dataclasses.field(init=False, repr=False, compare=False)
    end: str = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name = f"{PREFIX}:{self.name}" if self.qualified else self.name
        object.__setattr__(self, "start", f"<{name}{self.attributes}")
        object.__setattr__(self, "end", (f"</{self.wrap}>" if self.wrap else "") + f"</{name}>")

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends the element."""
        said = getattr(value, self.field)
        if not self.required and (said is None or said == "" or (said is False and not self.keep_false)):
            return
        if said is None:
            raise Uncarriable(f"„{self.name}“ ist verlangt, hat aber keinen Wert.")
        version = f' listVersionID="{quote(to.dateiformat_version)}"' if self.list_version else ""
        wrap = f"<{self.wrap}>" if self.wrap else ""
        to.out.append(f"{indent}{self.start}{version}>{wrap}{escape(self.show(said))}{self.end}")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads the first element of that name."""
        found = children.get(self.name)
        if not found:
            if self.required:
                raise Unreadable(parent, f"„{self.name}“ fehlt.")
            return
        holder = found[0]
        if self.wrap:
            holder = next((child for child in holder if child.tag == self.wrap), holder)
        text = content(holder)
        try:
            into[self.field] = self.parse(text)
        except ValueError as error:
            raise Unreadable(found[0], f"Der Wert von „{self.name}“ ist nicht lesbar.") from error

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the field."""
        into[self.field] = getattr(value, self.field)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A leaf once per item of a tuple of texts."""

    leaf: Leaf

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends one element per text."""
        for text in getattr(value, self.leaf.field):
            to.out.append(f"{indent}<{PREFIX}:{self.leaf.name}>{escape(text)}</{PREFIX}:{self.leaf.name}>")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads all elements of that name."""
        del parent
        found = children.get(self.leaf.name, ())
        into[self.leaf.field] = tuple(self.leaf.parse(content(element)) for element in found)

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the tuple."""
        into[self.leaf.field] = getattr(value, self.leaf.field)


@dataclass(frozen=True, slots=True)
class Fixed:
    """An element that always says the same and is not read (its truth is a matter of the checks)."""

    name: str
    text: str
    attributes: str = ""
    qualified: bool = True
    wrap: str = ""

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends the element."""
        del value
        name = f"{PREFIX}:{self.name}" if self.qualified else self.name
        inner = f"<{self.wrap}>{escape(self.text)}</{self.wrap}>" if self.wrap else escape(self.text)
        to.out.append(f"{indent}<{name}{self.attributes}>{inner}</{name}>")

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads nothing."""

    def carry(self, value: Any, into: Values) -> None:
        """Keeps nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """A wrapping element around fields of the same record; left out when nothing stands in it."""

    name: str
    parts: tuple[Part, ...]
    required: bool = False
    when: Callable[[Any], bool] | None = None  # written only when this holds

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends the wrapper and what is in it."""
        if self.when is None or self.when(value):
            _write_wrapped(self, self.parts, value, to, indent)

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads the fields from the first wrapper of that name."""
        found = children.get(self.name)
        if not found:
            if self.required:
                raise Unreadable(parent, f"„{self.name}“ fehlt.")
            return
        inner = by_name(found[0])
        for part in self.parts:
            part.read(inner, found[0], into)

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the fields of its parts."""
        for part in self.parts:
            part.carry(value, into)


def _write_wrapped(wrapper: Group | One, parts: tuple[Part, ...], value: Any, to: Writing, indent: str) -> None:
    """Appends the wrapper and what is in it; an empty one only where it is required."""
    start = len(to.out)
    to.out.append(f"{indent}<{PREFIX}:{wrapper.name}>")
    inner = indent + " "
    for part in parts:
        part.write(value, to, inner)
    if len(to.out) > start + 1:
        to.out.append(f"{indent}</{PREFIX}:{wrapper.name}>")
        return
    to.out.pop()
    if wrapper.required:
        to.out.append(f"{indent}<{PREFIX}:{wrapper.name}/>")


@dataclass(frozen=True, slots=True)
class Inline:
    """Children of this element that together are a record of their own in one field."""

    field: str
    shape: Shape

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends the children of the record."""
        self.shape.write(getattr(value, self.field), to, indent)

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads the record from the children around it."""
        into[self.field] = self.shape.made(children, parent)

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the record as far as it is carried."""
        into[self.field] = self.shape.carried(getattr(value, self.field))


@dataclass(frozen=True, slots=True)
class One:
    """A child element that holds a record; left out when the record says nothing."""

    name: str
    field: str
    shape: Shape
    required: bool = False

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends the element."""
        _write_wrapped(self, self.shape.parts, getattr(value, self.field), to, indent)

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads the first element of that name."""
        found = children.get(self.name)
        if found:
            into[self.field] = self.shape.read(found[0])
        elif self.required:
            raise Unreadable(parent, f"„{self.name}“ fehlt.")

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the record as far as it is carried."""
        into[self.field] = self.shape.carried(getattr(value, self.field))


@dataclass(frozen=True, slots=True)
class Option:
    """One way to hold a record: the element, its children, and for which records it is taken."""

    name: str
    shape: Callable[[], Shape]  # called late, since Teilakte, Teilvorgang and Anlage hold their own kind
    holds: Callable[[Any], bool] = bool


def _option_for(options: tuple[Option, ...], item: Any) -> Option:
    for option in options:
        if option.holds(item):
            return option
    raise Uncarriable(f"{type(item).__name__} hat an dieser Stelle keinen Platz.")


def _write_option(options: tuple[Option, ...], item: Any, to: Writing, indent: str) -> None:
    option = _option_for(options, item)
    to.out.append(f"{indent}<{PREFIX}:{option.name}>")
    option.shape().write(item, to, indent + " ")
    to.out.append(f"{indent}</{PREFIX}:{option.name}>")


@dataclass(frozen=True, slots=True)
class Many:
    """A tuple of records, each in an element of its own, and that again in a `wrapper` where the schema has one."""

    field: str
    options: tuple[Option, ...]
    wrapper: str = ""
    at_most: int | None = None

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends one element per record. Raises Uncarriable."""
        items = getattr(value, self.field)
        if self.at_most is not None and len(items) > self.at_most:
            raise Uncarriable(f"„{self.options[0].name}“ hat hier höchstens {self.at_most} Mal Platz.")
        for item in items:
            if self.wrapper:
                to.out.append(f"{indent}<{PREFIX}:{self.wrapper}>")
                _write_option(self.options, item, to, indent + " ")
                to.out.append(f"{indent}</{PREFIX}:{self.wrapper}>")
            else:
                _write_option(self.options, item, to, indent)

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads all records in the order of the options."""
        del parent
        if self.wrapper:
            items = []
            for wrapper in children.get(self.wrapper, ()):
                items.extend(self._inside(by_name(wrapper)))
            into[self.field] = tuple(items)
        else:
            into[self.field] = tuple(self._inside(children))

    def _inside(self, children: Mapping[str, list[etree._Element]]) -> list[Any]:
        return [option.shape().read(found) for option in self.options for found in children.get(option.name, ())]

    def carry(self, value: Any, into: Values) -> None:
        """Keeps every record as far as it is carried."""
        items = getattr(value, self.field)
        into[self.field] = tuple(_option_for(self.options, item).shape().carried(item) for item in items)


@dataclass(frozen=True, slots=True)
class Choice:
    """One record in the element of whichever option holds it."""

    field: str
    options: tuple[Option, ...]

    def write(self, value: Any, to: Writing, indent: str) -> None:
        """Appends the element. Raises Uncarriable."""
        _write_option(self.options, getattr(value, self.field), to, indent)

    def read(self, children: Mapping[str, list[etree._Element]], parent: etree._Element, into: Values) -> None:
        """Reads the first element that one of the options names."""
        for option in self.options:
            if found := children.get(option.name):
                into[self.field] = option.shape().read(found[0])
                return
        raise Unreadable(parent, f"„{self.options[0].name}“ fehlt.")

    def carry(self, value: Any, into: Values) -> None:
        """Keeps the record as far as it is carried."""
        item = getattr(value, self.field)
        into[self.field] = _option_for(self.options, item).shape().carried(item)
