"""Tests of the REST API begin with two sellers."""

from tests.two_sellers import two_sellers

__all__ = ["two_sellers"]
