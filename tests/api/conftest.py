"""Fixtures for tests of the REST API."""

from tests.two_sellers import two_sellers

__all__ = ["two_sellers"]
