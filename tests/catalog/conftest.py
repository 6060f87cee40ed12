"""Gives the tests of this room the PostgreSQL server."""

from tests.pgfixture import postgres as postgres
