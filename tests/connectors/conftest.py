"""Fixtures: a connection that is authorized by refresh tokens, and its vendor."""

from tests.adapters.documented_fixtures import acme, folder, simulator

__all__ = ["acme", "folder", "simulator"]
