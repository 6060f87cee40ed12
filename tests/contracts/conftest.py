"""Fixtures of the contract suites: a fresh catalog on each database."""

from __future__ import annotations

from tests.catalog.databases import catalog, copied, new_url, templates, url

__all__ = ["catalog", "copied", "new_url", "templates", "url"]
