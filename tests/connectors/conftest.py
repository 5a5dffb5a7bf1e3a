"""Fixtures: a connection that is authorized by refresh tokens, and its vendor."""

from tests.adapters.documented_fixtures import acme, folder, stand_in

__all__ = ["acme", "folder", "stand_in"]
