"""Hashes that a message of 4.0.0 tells of its files: compared, or *unchecked* where nobody computed them."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from akten.files import digest_bytes
from akten.findings import Judgement, Severity
from metadata.container import judge_path
from metadata.schemas import Schemas
from tests.metadata.test_xdomea_container import PDFA, found
from tests.metadata.test_xdomea_container import schemas as schemas
from tests.metadata.xdomea_builders import a_zip, an_xml, files_of


def test_hashes_of_4_0_0_are_compared_with_the_files(tmp_path: Path, schemas: Schemas) -> None:
    path = a_zip(tmp_path, files=files_of() | {PDFA: b"%PDF-1.7 altered"}, version="4.0.0")
    assert found(path, schemas) == {"XD-66": Severity.ERROR}
    assert found(a_zip(tmp_path, files=files_of() | {PDFA: b"%PDF-1.7 altered"}), schemas) == {}


@pytest.mark.parametrize(("algorithm", "value"), [("SHA-384", "ab" * 48), ("AES-256-CBC", "ab" * 32)])
def test_a_hash_that_nobody_computed_leaves_a_package_unchecked(
    algorithm: str, value: str, tmp_path: Path, schemas: Schemas
) -> None:
    xml = an_xml("0503", "4.0.0").decode()
    first = digest_bytes(files_of()[PDFA]).sha256
    xml = xml.replace(f"{first}<", f"{value}<", 1).replace("<code>SHA-256</code>", f"<code>{algorithm}</code>", 1)
    path = a_zip(tmp_path, xml.encode(), version="4.0.0")
    report = judge_path(path, schemas)
    assert [(f.code, f.severity) for f in report.findings] == [("XD-66", Severity.WARNING)]
    assert report.judgement is Judgement.UNCHECKED
    alone = tmp_path / "nachricht.xml"
    alone.write_text(xml)
    assert judge_path(alone, schemas).judgement is Judgement.VALID  # of no file is the hash compared there


def test_a_hash_in_base64_is_compared_all_the_same(tmp_path: Path, schemas: Schemas) -> None:
    digest = digest_bytes(files_of()[PDFA]).sha256
    coded = b64encode(bytes.fromhex(digest)).decode()
    xml = an_xml("0503", "4.0.0").decode()
    right = xml.replace(f">{digest}<", f">{coded}<").encode()
    assert found(a_zip(tmp_path, right, version="4.0.0"), schemas) == {"XD-65": Severity.WARNING}
    wrong = xml.replace(f">{digest}<", f">{b64encode(bytes(32)).decode()}<").encode()
    assert found(a_zip(tmp_path, wrong, version="4.0.0"), schemas)["XD-66"] is Severity.ERROR
    short = xml.replace(f">{digest}<", f">{coded[4:]}<").encode()
    assert found(a_zip(tmp_path, short, version="4.0.0"), schemas) == {"XD-65": Severity.ERROR}
