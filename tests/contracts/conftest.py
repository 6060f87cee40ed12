"""Fixtures of the contract suites: the session's real S3 servers, and a fresh catalog on each database."""

from __future__ import annotations

from tests.catalog.databases import catalog, new_url, template, url
from tests.storefixtures import s3_pair, s3_server, s3_stores

__all__ = ["catalog", "new_url", "s3_pair", "s3_server", "s3_stores", "template", "url"]
