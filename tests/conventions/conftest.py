"""Rules that hold for the whole house are tried on two sellers."""

from tests.two_sellers import two_sellers

__all__ = ["two_sellers"]
