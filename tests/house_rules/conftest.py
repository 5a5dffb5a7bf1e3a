"""Rules that hold for the whole house are tried on two sellers."""

from tests.world import world

__all__ = ["world"]
