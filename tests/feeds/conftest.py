"""Fixtures for tests of the catalog feeds."""

from tests.two_sellers import two_sellers

__all__ = ["two_sellers"]
