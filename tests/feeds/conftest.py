"""Tests of the outgoing feeds begin with two sellers."""

from tests.two_sellers import two_sellers

__all__ = ["two_sellers"]
