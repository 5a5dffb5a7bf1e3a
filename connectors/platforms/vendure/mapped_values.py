"""Reads values of the shop: the fields that a connection maps, and names."""

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


def first_and_last_name(full_name: str) -> tuple[str, str]:
    """Addresses have one name. What follows the last space is taken for the last name."""
    first, _, last = full_name.strip().rpartition(" ")
    return first.strip(), last
