"""Reads the fields of the shop that a connection maps."""

from typing import Any


def mapped_value(raw: Any, path: str) -> Any:
    """The value at `customFields.NAME`, or the names of the values of the facet at `facets.CODE`, joined by commas.

    None if the item has no such value or the path is empty.
    """
    head, _, name = path.partition(".")
    if not name or not isinstance(raw, dict):
        return None
    if head == "customFields":
        fields = raw.get("customFields")
        return fields.get(name) if isinstance(fields, dict) else None
    values = raw.get("facetValues")
    found = [
        str(each.get("name", ""))
        for each in (values if isinstance(values, list) else [])
        if isinstance(each, dict) and isinstance(each.get("facet"), dict) and each["facet"].get("code") == name
    ]
    return ", ".join(found) or None
