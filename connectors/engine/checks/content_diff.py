"""Field by field: what a target holds of an item, against what would be sent."""

from typing import Any

from connectors.engine.settling import differences


def drift(there: Any, expected: Any) -> dict[str, list[Any]]:
    """Dotted path → what is there, what should be. Fields that the target does not tell, and those that it adds of its
    own, are passed over."""
    return differences(_restrict_to_reported(there, expected), expected)


def _restrict_to_reported(there: Any, expected: Any) -> Any:
    if isinstance(there, dict) and isinstance(expected, dict):
        return {
            key: _restrict_to_reported(there[key], value) if key in there else value for key, value in expected.items()
        }
    if isinstance(there, list) and isinstance(expected, list) and len(there) == len(expected):
        return [_restrict_to_reported(*pair) for pair in zip(there, expected, strict=True)]
    return there
