"""JSON in a canonical form, for hashing and for storing payloads."""

import json
from typing import Any

import orjson


def canonical_json(value: Any) -> bytes:
    """The value as JSON with sorted keys and no spaces; the same value always gives the same bytes."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # for integers beyond 64 bits
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
