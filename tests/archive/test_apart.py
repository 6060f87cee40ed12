"""Two names of one server are not two copies: that is seen before anything is entrusted to them."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from akten.errors import Misconfigured
from archive.apart import require_apart
from archive.embedded import EmbeddedServer
from archive.identities import Role
from archive.s3 import S3Store, open_stores

pytestmark = pytest.mark.real


def test_one_server_under_two_addresses_is_refused(s3_pair: tuple[EmbeddedServer, EmbeddedServer]) -> None:
    here = s3_pair[0].settings(Role.INGEST)
    again = replace(here, name="sued", endpoint=here.endpoint.replace("127.0.0.1", "localhost"))
    with pytest.raises(Misconfigured, match="derselbe Ort"):
        require_apart(open_stores([here, again]), uuid4().hex[:12])


def test_two_servers_and_a_single_one_pass(s3_pair: tuple[EmbeddedServer, EmbeddedServer]) -> None:
    stores = [S3Store(each.settings(Role.INGEST)) for each in s3_pair]
    require_apart(stores, uuid4().hex[:12])
    require_apart(stores[:1], uuid4().hex[:12])
