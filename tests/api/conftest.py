"""Tests of the REST API begin with two sellers."""

from tests.world import world

__all__ = ["world"]
