"""The writer: pure bags by our profile, which the Library of Congress' program accepts."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import bagit
import pytest
from bagit_utils import Bag as OtherBag
from bagit_utils import BagValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akten.errors import FixityError, Rejected, Unavailable
from akten.files import digest_bytes, digest_file
from archive.bag import Bag, Part, make_bag
from archive.bagcheck import check_bag
from archive.bagpaths import decode_path, encode_path
from archive.profile import IDENTIFIER, LABELS, profile_document
from tests.bagfolder import write_bag

INFO = (
    ("Retention-Class", "Bauakte"),
    ("Source-Organization", "Stadt Neuss – Archiv"),
    ("External-Identifier", "urn:uuid:00000000-0000-4000-8000-000000000001"),
    ("Bagging-Date", "2026-11-24"),
    ("Bag-Group-Identifier", "Zugang 1"),
    ("Bag-Software-Agent", "aktenarchiv 0.1.0"),
    ("Bag-Version", "v1"),
)
NEEDED = {"metadata/preservation/premis.xml": b"<premis/>", "metadata/descriptive/xdomea.xml": b"<xdomea/>"}


def a_part(path: str, source: bytes | Path = b"x") -> Part:
    return Part(path, source, digest_bytes(source) if isinstance(source, bytes) else digest_file(source))


def a_bag(more: dict[str, bytes] | None = None, info: Sequence[tuple[str, str]] = INFO, root: str = "akte-1") -> Bag:
    return make_bag(root, [a_part(path, data) for path, data in {**NEEDED, **(more or {})}.items()], info)


def codes(caught: pytest.ExceptionInfo[Rejected]) -> set[str]:
    return {finding.code for finding in caught.value.findings}


def judged_by_loc(root: Path) -> None:
    logging.getLogger("bagit").setLevel(logging.CRITICAL)
    bagit.Bag(str(root)).validate()


def test_a_written_bag_passes_three_judges(tmp_path: Path) -> None:
    root = write_bag(a_bag({"representations/original/scan-1.tif": b"II*\0"}), tmp_path)
    assert root == tmp_path / "akte-1"
    report = check_bag(root, intake=True)
    assert (report.judgement, report.findings, report.files) == ("valid", (), 3)
    judged_by_loc(root)
    other = OtherBag(root, load=True)
    assert other.validate().valid
    profile = json.loads(json.dumps(profile_document()))
    found = BagValidator.validate_once(other, profile=profile)
    assert found.valid, found.issues


def test_bag_info_has_the_order_of_the_profile_and_computed_labels() -> None:
    lines = dict(a_bag().tag_files)["bag-info.txt"].decode().splitlines()
    labels = [line.split(": ")[0] for line in lines]
    assert labels == [label.name for label in LABELS if label.name in labels]
    assert "Payload-Oxum: 18.2" in lines
    assert "Bag-Size: 18 B" in lines
    assert f"BagIt-Profile-Identifier: {IDENTIFIER}" in lines


def test_the_same_parts_in_any_order_give_the_same_bag() -> None:
    parts = [a_part(path, data) for path, data in {**NEEDED, "schemas/a.xsd": b"a", "schemas/b.xsd": b"b"}.items()]
    assert make_bag("r", parts, INFO) == make_bag("r", parts[::-1], INFO[::-1])


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (10**12, "1.0 TB"),
        (10**18, "1000.0 PB"),
    ],
)
def test_bag_size_is_told_in_words(size: int, words: str) -> None:
    large = Part("schemas/x", b"", digest_bytes(b"").__class__("0" * 64, "0" * 128, size))
    parts = [large, *(a_part(path, b"") for path in NEEDED)]
    assert f"Bag-Size: {words}\n".encode() in dict(make_bag("r", parts, INFO).tag_files)["bag-info.txt"]


@pytest.mark.parametrize(
    "path",
    ["schemas/A.xsd", "schemas/ä", "schemas/a b", "schemas/.hidden", "schemas/dot.", "schemas/con.txt", "schemas/lpt1",
     "schemas//x", "schemas/../x", "/schemas/x", "schemas/x/", "schemas/" + "x" * 256, "schemas/a\nb", "schemas/a%b"],
)  # fmt: skip
def test_names_that_are_not_tame_are_refused(path: str) -> None:
    with pytest.raises(Rejected) as caught:
        a_bag({path: b"x"})
    assert "BG-94" in codes(caught)


@pytest.mark.parametrize("root", ["", "A", "a/b", "..", ".a", "a.", "nul"])
def test_a_root_folder_that_is_not_tame_is_refused(root: str) -> None:
    with pytest.raises(Rejected) as caught:
        a_bag(root=root)
    assert codes(caught) == {"BG-94"}


def test_payload_has_the_shape_of_the_profile() -> None:
    for more, code in (({"other/x": b""}, "BG-96"), ({"x": b""}, "BG-96"), ({"schemas": b""}, "BG-96")):
        with pytest.raises(Rejected) as caught:
            a_bag(more)
        assert codes(caught) == {code}
    with pytest.raises(Rejected) as caught:
        make_bag("r", [a_part("schemas/x.xsd")], INFO)
    assert codes(caught) == {"BG-97"}
    for twins in (["schemas/x", "schemas/x"], ["schemas/x", "schemas/x/y"]):
        with pytest.raises(Rejected) as caught:
            make_bag("r", [a_part(path) for path in (*NEEDED, *twins)], INFO)
        assert codes(caught) == {"BG-95"}


@pytest.mark.parametrize(
    ("label", "value", "code"),
    [
        ("Contact-Name", "Erika Muster", "BG-91"),
        ("External-Description", "Bauakte Muster", "BG-91"),
        ("Bagging-Date", "24.11.2026", "BG-93"),
        ("Bagging-Date", "2026-13-01", "BG-93"),
        ("Bag-Version", "1", "BG-93"),
        ("Bag-Version", "v0", "BG-93"),
        ("Bag-Supersedes", "ab" * 64, "BG-93"),
        ("Retention-Class", "", "BG-93"),
        ("Retention-Class", " x", "BG-93"),
        ("Retention-Class", "x\nPayload-Oxum: 1.1", "BG-93"),
        ("Retention-Class", "x\u0085", "BG-93"),
    ],
)
def test_info_that_breaks_the_profile_is_refused(label: str, value: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        a_bag(info=[*((name, old) for name, old in INFO if name != label), (label, value)])
    assert codes(caught) == {code}


def test_missing_and_doubled_labels_are_refused() -> None:
    for info, code in ((INFO[1:], "BG-90"), ((*INFO, INFO[0]), "BG-92")):
        with pytest.raises(Rejected) as caught:
            a_bag(info=info)
        assert codes(caught) == {code}


def test_a_second_version_names_the_tag_manifest_of_the_first() -> None:
    first = a_bag()
    info = [*((name, "v2" if name == "Bag-Version" else value) for name, value in INFO)]
    second = a_bag(info=[*info, ("Bag-Supersedes", first.tag_manifest_sha512)])
    assert first.tag_manifest_sha512 in dict(second.tag_files)["bag-info.txt"].decode()


def test_a_source_that_changed_raises(tmp_path: Path) -> None:
    source = tmp_path / "scan"
    source.write_bytes(b"before")
    part = a_part("schemas/x", source)
    for data in (b"after!", b"before and more", b"bef", b""):
        source.write_bytes(data)
        with pytest.raises(FixityError):
            list(part.blocks())
    source.unlink()
    with pytest.raises(FixityError):
        list(part.blocks())
    source.mkdir()
    with pytest.raises(Unavailable):
        list(part.blocks())


@given(st.text())
def test_spelling_and_reading_a_path_are_inverse(path: str) -> None:
    spelled = encode_path(path)
    assert "\n" not in spelled
    assert "\r" not in spelled
    assert decode_path(spelled, percent=True) == path


NAMES = st.from_regex(r"[a-z0-9_-][a-z0-9._-]{0,8}[a-z0-9_-]", fullmatch=True)
FOLDERS = st.sampled_from(["metadata", "representations", "schemas", "documentation"])
PAYLOADS = st.dictionaries(st.builds("{0}/p{1}".format, FOLDERS, NAMES), st.binary(max_size=200), max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=PAYLOADS, data=st.data())
def test_what_we_write_passes_and_any_damage_fails(
    payload: dict[str, bytes], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any bag of ours passes our judge and bagit.py; any flipped bit, renamed, lost or added file is seen."""
    root = write_bag(a_bag(payload), tmp_path_factory.mktemp("bag"))
    assert check_bag(root, intake=True).judgement == "valid"
    judged_by_loc(root)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    victim = data.draw(st.sampled_from(files), label="victim")
    before = victim.read_bytes()
    how = data.draw(st.sampled_from(["flip", "rename", "remove", "append"]), label="damage")
    if how == "flip" and before:
        bit = data.draw(st.integers(0, 8 * len(before) - 1), label="bit")
        changed = bytearray(before)
        changed[bit // 8] ^= 1 << bit % 8
        victim.write_bytes(changed)
    elif how == "rename":
        victim.rename(victim.with_name(victim.name + "x"))
    elif how == "remove":
        victim.unlink()
    else:
        victim.write_bytes(before + b"x")
    report = check_bag(root)
    tag_manifest = victim.name.startswith("tagmanifest-")
    # Hexadecimal digits mean the same in capitals (RFC 8493 §2.1.3), and nothing lists a tag manifest.
    same = tag_manifest and victim.is_file() and victim.read_bytes().lower() == before.lower()
    if not same and not (tag_manifest and how in ("rename", "remove")):
        assert report.judgement == "invalid"
