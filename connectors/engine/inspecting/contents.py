"""Field by field: what a target holds of an item, against what would be sent."""

from typing import Any

from connectors.engine.settling import differences


def drift(there: Any, expected: Any) -> dict[str, list[Any]]:
    """Dotted path → what is there, what should be. Fields that the target does not tell, and those that it adds of its
    own, are passed over."""
    return differences(_as_far_as_told(there, expected), expected)


def _as_far_as_told(there: Any, expected: Any) -> Any:
    if isinstance(there, dict) and isinstance(expected, dict):
        return {key: _as_far_as_told(there[key], value) if key in there else value for key, value in expected.items()}
    if isinstance(there, list) and isinstance(expected, list) and len(there) == len(expected):
        return [_as_far_as_told(*pair) for pair in zip(there, expected, strict=True)]
    return there
