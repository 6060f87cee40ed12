"""What else a PDF carries: signatures, forms, attachments, scripts, fonts (ISO 32000-1 §7.11, §9, §12.6–12.8).

Every walk is bounded in depth and number, because trees of foreign files may be loops. Runs in the sandbox only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pikepdf

from akten.files import Form
from ocr.idlefonts import idle_fonts, is_embedded

_MOST_NODES = 100_000
_MOST_NAMES = 1000
_MOST_EMBEDDED = 5000  # more than are taken out, so that too many can be told
_MOST_FONTS = 2000
_DEEPEST = 50
_NAME_LENGTH = 120
_NAMELESS = "Anlage"
_RUNNING = frozenset({"/Launch", "/Movie", "/Sound", "/Rendition", "/GoTo3DView", "/RichMediaExecute"})
_PLAYING = frozenset({"/Movie", "/Sound", "/Screen", "/RichMedia", "/3D"})

Node = pikepdf.Object | None


@dataclass(slots=True)
class Features:
    """What was found; fonts are named without the prefix of a subset."""

    signatures: int = 0
    form: Form = Form.NONE
    attachments: tuple[str, ...] = ()
    javascript: bool = False
    launches: bool = False
    encrypted: bool = False
    layers: int = 0
    hidden_layers: int = 0
    redactions: int = 0
    unembedded_fonts: set[str] = field(default_factory=set)
    _fonts: set[tuple[int, int]] = field(default_factory=set)
    _signed: set[tuple[int, int]] = field(default_factory=set)

    def look_at_page(self, page: pikepdf.Page) -> None:
        """Enters what one page adds: its fonts, its actions, its annotations."""
        self._actions(page.obj.get("/AA"))
        for item in _associated(page.obj):
            self._attach(file_name(item))
        annotations = page.obj.get("/Annots")
        if isinstance(annotations, pikepdf.Array):
            for item in list(annotations)[:_MOST_NODES]:
                if isinstance(item, pikepdf.Dictionary):
                    self._annotation(item)
        self._fonts_of(page.obj.get("/Resources"), 0, idle_fonts(page))

    def _annotation(self, item: pikepdf.Dictionary) -> None:
        kind = str(item.get("/Subtype"))
        self.launches = self.launches or kind in _PLAYING
        self._action(item.get("/A"))
        self._actions(item.get("/AA"))
        if kind == "/Redact":
            self.redactions += 1
        if kind == "/FileAttachment":
            self._attach(file_name(item.get("/FS")))
        for spec in _associated(item):
            self._attach(file_name(spec))
        if kind == "/Widget" and str(item.get("/FT")) == "/Sig":
            self.sign(item)

    def sign(self, node: pikepdf.Dictionary) -> bool:
        """Counts a signature field once if it is signed."""
        value = node.get("/V")
        if not isinstance(value, pikepdf.Dictionary):
            return False
        key = value.objgen if value.is_indirect else node.objgen
        if key == (0, 0) or key not in self._signed:
            self._signed.add(key)
            self.signatures += 1
        return True

    def _attach(self, name: str) -> None:
        if name not in self.attachments and len(self.attachments) < _MOST_NAMES:
            self.attachments = (*self.attachments, name)

    def _actions(self, table: Node) -> None:
        if isinstance(table, pikepdf.Dictionary):
            for _, action in list(table.items())[:50]:
                self._action(action)

    def _action(self, action: Node, depth: int = 0) -> None:
        """An action and what follows it (/Next is an action or an array of them)."""
        if isinstance(action, pikepdf.Array):
            for item in list(action)[:50]:
                self._action(item, depth + 1)
            return
        if depth > _DEEPEST or not isinstance(action, pikepdf.Dictionary):
            return
        kind = str(action.get("/S"))
        self.javascript = self.javascript or kind == "/JavaScript" or (kind == "/Rendition" and "/JS" in action)
        self.launches = self.launches or kind in _RUNNING
        self._action(action.get("/Next"), depth + 1)

    def _fonts_of(self, resources: Node, depth: int, idle: frozenset[str] = frozenset()) -> None:
        fonts = resources.get("/Font") if isinstance(resources, pikepdf.Dictionary) else None
        if isinstance(fonts, pikepdf.Dictionary):
            for name, font in list(fonts.items())[:_MOST_FONTS]:
                if name not in idle:
                    self._font(font)
        forms = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
        if depth < 4 and isinstance(forms, pikepdf.Dictionary):
            for _, form in list(forms.items())[:200]:
                if isinstance(form, pikepdf.Stream) and form.objgen not in self._fonts and "/Resources" in form:
                    self._fonts.add(form.objgen)
                    self._fonts_of(form.get("/Resources"), depth + 1)

    def _font(self, font: Node) -> None:
        if not isinstance(font, pikepdf.Dictionary) or len(self._fonts) > _MOST_NODES:
            return
        if font.is_indirect:
            if font.objgen in self._fonts:
                return
            self._fonts.add(font.objgen)
        if not is_embedded(font) and len(self.unembedded_fonts) < 200:
            name = str(font.get("/BaseFont", "/?"))[1:]
            self.unembedded_fonts.add(_plain(name[7:] if name[6:7] == "+" else name))


def look_for_features(pdf: pikepdf.Pdf) -> Features:
    """Looks through the catalog of the file; pages are entered one by one afterwards."""
    found = Features(encrypted=bool(pdf.is_encrypted))
    root = pdf.Root
    found._action(root.get("/OpenAction"))
    found._actions(root.get("/AA"))
    names = root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        found.javascript = found.javascript or any(True for _ in _name_tree(names.get("/JavaScript")))
        for key, value in _name_tree(names.get("/EmbeddedFiles")):
            found._attach(file_name(value, key))
    for item in _associated(root):
        found._attach(file_name(item))
    _form(root, found)
    _layers(root, found)
    permissions = root.get("/Perms")
    if not found.signatures and isinstance(permissions, pikepdf.Dictionary) and len(permissions.keys()):
        found.signatures = 1
    for node in bookmarks(root.get("/Outlines")):
        found._action(node.get("/A"))
    return found


def _layers(root: pikepdf.Object, found: Features) -> None:
    """Optional content (ISO 32000-1 §8.11): how many layers there are, and how many are off when the file opens."""
    table = root.get("/OCProperties")
    groups = table.get("/OCGs") if isinstance(table, pikepdf.Dictionary) else None
    if not isinstance(table, pikepdf.Dictionary) or not isinstance(groups, pikepdf.Array):
        return
    found.layers = min(len(groups), _MOST_NODES)
    default = table.get("/D")
    if not isinstance(default, pikepdf.Dictionary):
        return
    off, on = default.get("/OFF"), default.get("/ON")
    if str(default.get("/BaseState")) == "/OFF":
        found.hidden_layers = max(0, found.layers - (len(on) if isinstance(on, pikepdf.Array) else 0))
    elif isinstance(off, pikepdf.Array):
        found.hidden_layers = min(len(off), found.layers)


def _form(root: pikepdf.Object, found: Features) -> None:
    form = root.get("/AcroForm")
    if root.get("/NeedsRendering") is not None and bool(root.get("/NeedsRendering")):
        found.form = Form.XFA
    if not isinstance(form, pikepdf.Dictionary):
        return
    if form.get("/XFA") is not None:
        found.form = Form.XFA
    for node, kind in _fields(form.get("/Fields")):
        found._actions(node.get("/AA"))
        found._action(node.get("/A"))
        signed = kind == "/Sig" and found.sign(node)
        if not signed and found.form is Form.NONE:
            found.form = Form.ACROFORM


def _fields(fields: Node) -> Iterator[tuple[pikepdf.Dictionary, str]]:
    """The terminal fields of a form with their type, which they may inherit."""
    stack: list[tuple[Node, str, int]] = [(fields, "", 0)]
    seen: set[tuple[int, int]] = set()
    count = 0
    while stack and count < _MOST_NODES:
        node, kind, depth = stack.pop()
        if isinstance(node, pikepdf.Array):
            stack.extend((item, kind, depth + 1) for item in reversed(list(node)[:_MOST_NODES]))
            continue
        if not isinstance(node, pikepdf.Dictionary) or depth > _DEEPEST:
            continue
        if node.is_indirect:
            if node.objgen in seen:
                continue
            seen.add(node.objgen)
        count += 1
        kind = str(node.get("/FT", kind))
        kids = node.get("/Kids")
        inner = isinstance(kids, pikepdf.Array) and any(
            isinstance(kid, pikepdf.Dictionary) and "/T" in kid for kid in list(kids)[:50]
        )
        if inner:
            stack.append((kids, kind, depth + 1))
        else:
            yield node, kind


def _name_tree(tree: Node, most: int = _MOST_NAMES) -> Iterator[tuple[str, Node]]:
    """Keys and values of a name tree (ISO 32000-1 §7.9.6), at most `most`."""
    stack: list[tuple[Node, int]] = [(tree, 0)]
    seen: set[tuple[int, int]] = set()
    count = 0
    while stack:
        node, depth = stack.pop()
        if not isinstance(node, pikepdf.Dictionary) or depth > _DEEPEST or (node.is_indirect and node.objgen in seen):
            continue
        seen.add(node.objgen)
        names = node.get("/Names")
        if isinstance(names, pikepdf.Array):
            items = list(names)[: 2 * most]
            for key, value in zip(items[::2], items[1::2], strict=False):
                count += 1
                if count > most:
                    return
                yield _plain(str(key)), value
        kids = node.get("/Kids")
        if isinstance(kids, pikepdf.Array):
            stack.extend((kid, depth + 1) for kid in list(kids)[:most])


def bookmarks(outlines: Node) -> Iterator[pikepdf.Dictionary]:
    """The entries of the table of contents, whose actions may run something."""
    stack: list[Node] = [outlines.get("/First")] if isinstance(outlines, pikepdf.Dictionary) else []
    seen: set[tuple[int, int]] = set()
    while stack and len(seen) < _MOST_NODES:
        node = stack.pop()
        if not isinstance(node, pikepdf.Dictionary) or node.objgen in seen:
            continue
        seen.add(node.objgen)
        yield node
        stack.extend((node.get("/Next"), node.get("/First")))


def _associated(holder: pikepdf.Object) -> list[pikepdf.Object]:
    """The files that belong to the document, a page or an annotation (ISO 32000-2 §14.13)."""
    files = holder.get("/AF")
    return list(files)[:_MOST_NAMES] if isinstance(files, pikepdf.Array) else []


def embedded_files(pdf: pikepdf.Pdf) -> Iterator[tuple[str, pikepdf.Stream]]:
    """Every embedded file with its name: of the name tree, pinned to a page, or `_associated`."""
    specs: list[tuple[str, Node]] = []
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        specs.extend(_name_tree(names.get("/EmbeddedFiles"), _MOST_EMBEDDED))
    specs.extend(("", item) for item in _associated(pdf.Root))
    for page in pdf.pages:
        specs.extend(("", item) for item in _associated(page.obj))
        annotations = page.obj.get("/Annots")
        if isinstance(annotations, pikepdf.Array):
            for item in list(annotations)[:_MOST_NODES]:
                if not isinstance(item, pikepdf.Dictionary):
                    continue
                if str(item.get("/Subtype")) == "/FileAttachment":
                    specs += [("", item.get("/FS"))]
                specs.extend(("", spec) for spec in _associated(item))
    seen: set[tuple[int, int]] = set()
    for key, spec in specs[:_MOST_EMBEDDED]:
        table = spec.get("/EF") if isinstance(spec, pikepdf.Dictionary) else None
        if not isinstance(table, pikepdf.Dictionary):
            continue
        stream = next(
            (s for k in ("/UF", "/F", "/Unix", "/DOS", "/Mac") if isinstance(s := table.get(k), pikepdf.Stream)), None
        )
        if stream is not None and stream.objgen not in seen:
            seen.add(stream.objgen)
            yield file_name(spec, key or _NAMELESS), stream


def file_name(spec: Node, nameless: str = _NAMELESS) -> str:
    """The name in a file specification (ISO 32000-1 §7.11.3), cleaned for lists; `nameless` when it says none."""
    if isinstance(spec, pikepdf.Dictionary):
        for key in ("/UF", "/F", "/Unix", "/DOS", "/Mac"):
            value = spec.get(key)
            if isinstance(value, pikepdf.String):
                return _plain(str(value))
    if isinstance(spec, pikepdf.String):
        return _plain(str(spec))
    return nameless


def _plain(text: str) -> str:
    kept = "".join(c if c.isprintable() else "?" for c in text)
    return kept.encode("utf-8", "replace").decode("utf-8")[:_NAME_LENGTH] or "?"
