"""Fixtures for tests of project-wide rules."""

from tests.two_sellers import two_sellers

__all__ = ["two_sellers"]
