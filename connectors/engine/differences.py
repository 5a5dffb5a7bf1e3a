"""Compares payloads, and the content of a target with a payload, field by field."""

from typing import Any


def differences(before: Any, after: Any, *, path: str = "", limit: int = 50) -> dict[str, list[Any]]:
    """Dotted path → [before, after] for each field that differs between two payloads (N8). Empty if one is None."""
    if before is None or after is None or before == after:
        return {}
    found: dict[str, list[Any]] = {}
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys(), key=str):
            where = f"{path}.{key}" if path else str(key)
            one, other = before.get(key), after.get(key)
            if isinstance(one, dict) and isinstance(other, dict):
                found |= differences(one, other, path=where, limit=limit)
            elif one != other:
                found[where] = [one, other]
            if len(found) >= limit:
                break
    else:
        found[path or "value"] = [before, after]
    return found


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
