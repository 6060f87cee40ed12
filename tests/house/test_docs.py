"""Documents stay true: generated pages are current, links lead somewhere, every rule code stands in a table."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from tests.conftest import ROOT


def the_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["rules.md", "settings.md", "bagit-profil.json"])
def test_generated_pages_are_what_the_code_says(page: str) -> None:
    """Run `make docs` when this fails."""
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == the_generator().PAGES[page]()


def test_every_rule_code_used_in_the_code_stands_in_a_table() -> None:
    known = set(the_generator().all_rules())
    used = {
        code
        for room in ("ingest", "ocr", "metadata", "archive", "retention", "catalog", "flows")
        for file in (ROOT / room).rglob("*.py")
        for code in re.findall(r'"([A-Z]{2}-\d{2})"', file.read_text(encoding="utf-8"))
    }
    assert used - known == set()


def test_every_rule_has_a_fixture() -> None:
    """A code that no case can earn is a claim and no check."""
    generator = the_generator()
    assert generator.all_rules().keys() - generator.fixtures().keys() == set()


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []
