"""JSON in a canonical form, for hashing."""

from hub.serialization import canonical_json

__all__ = ["canonical_json"]
