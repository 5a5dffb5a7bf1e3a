"""Tests of the outgoing feeds begin with two sellers."""

from tests.world import world

__all__ = ["world"]
