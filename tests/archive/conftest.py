"""Fixtures of the room archive: the session's real S3 servers."""

from __future__ import annotations

from tests.storefixtures import s3_pair, s3_server, s3_stores

__all__ = ["s3_pair", "s3_server", "s3_stores"]
