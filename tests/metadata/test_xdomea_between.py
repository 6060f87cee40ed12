"""A ZIP may hold no bytes that its directory does not name: who reads it from its start would find another entry."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from akten.findings import Severity
from akten.zipdirectory import bytes_between
from metadata.schemas import Schemas
from tests.metadata.test_xdomea_container import found
from tests.metadata.xdomea_builders import a_zip


@pytest.fixture(scope="session")
def schemas(xdomea_folder: Path) -> Schemas:
    return Schemas(xdomea_folder)


def rewritten(path: Path, *, forget: str = "", stream: bool = False, zip64: bool = False) -> None:
    """The same ZIP written anew; `forget` leaves the entries whose name begins so out of its directory alone."""
    with zipfile.ZipFile(path) as old:
        content = [(info.filename, old.read(info)) for info in old.infolist()]
    out = _Unseekable() if stream else io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in (*content[:1], ("versteckt.txt", b"x" * 40), *content[1:], ("versteckt2.txt", b"y" * 40)):
            if not name.startswith("versteckt") or forget:
                with new.open(zipfile.ZipInfo(name), "w", force_zip64=zip64) as entry:
                    entry.write(data)
        if forget:
            new.filelist = [info for info in new.filelist if not info.filename.startswith(forget)]
    path.write_bytes(out.getvalue())


class _Unseekable(io.BytesIO):
    """As a pipe: sizes then stand behind the entries (APPNOTE 4.3.9)."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError("a pipe")

    def tell(self) -> int:
        raise OSError("a pipe")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("zip64", [False, True])
def test_a_zip_of_any_writer_has_no_bytes_between(stream: bool, zip64: bool, tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path)
    rewritten(path, stream=stream, zip64=zip64)
    assert found(path, schemas) == {}


@pytest.mark.parametrize("hidden", ["versteckt", "versteckt.", "versteckt2"], ids=["both", "between", "last"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_entry_that_the_directory_does_not_name_is_told(
    hidden: str, stream: bool, tmp_path: Path, schemas: Schemas
) -> None:
    path = a_zip(tmp_path)
    rewritten(path, forget=hidden, stream=stream)
    assert found(path, schemas)["XD-90"] is Severity.WARNING


def test_a_place_beyond_the_file_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"PK")
    assert bytes_between(tmp_path / "x", [(0, 5, 0)], 100) == 0
