"""A bag as a folder, for judges that read no tar; the archive itself writes tars alone."""

from __future__ import annotations

from pathlib import Path

from archive.bag import Bag


def write_bag(bag: Bag, folder: Path) -> Path:
    """The bag as `folder/<root name>`. Raises FixityError when a source is not what it was."""
    root = folder / bag.root_name
    root.mkdir()
    for part in bag.parts:
        path = root / "data" / part.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(map(bytes, part.blocks())))
    for name, data in bag.tag_files:
        (root / name).write_bytes(data)
    return root
