"""Fixtures of the contract suites: a fresh catalog on each database."""

from __future__ import annotations

from tests.catalog.databases import catalog, new_url, template, url

__all__ = ["catalog", "new_url", "template", "url"]
