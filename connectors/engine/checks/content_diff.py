"""Compares the content of an item at a target with the payload that would be sent."""

from typing import Any

from connectors.engine.settling import differences


def drift(actual: Any, expected: Any) -> dict[str, list[Any]]:
    """Dotted path → [value at the target, expected value]. Fields that the target does not report, and fields that it
    adds, are ignored."""
    return differences(_restrict_to_reported(actual, expected), expected)


def _restrict_to_reported(actual: Any, expected: Any) -> Any:
    if isinstance(actual, dict) and isinstance(expected, dict):
        return {
            key: _restrict_to_reported(actual[key], value) if key in actual else value
            for key, value in expected.items()
        }
    if isinstance(actual, list) and isinstance(expected, list) and len(actual) == len(expected):
        return [_restrict_to_reported(*pair) for pair in zip(actual, expected, strict=True)]
    return actual
