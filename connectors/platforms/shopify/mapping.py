"""Which fields of Shopify a connection maps to ours (S5): the metafields to select, and the values of all."""

from collections.abc import Iterable, Mapping
from typing import Any

_METAFIELDS = "metafields"


def metafields(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Namespace and key of the paths that name a metafield (`metafields.custom.material`), once each and in order."""
    split = (path.split(".", 2) for path in sorted(set(paths)))
    return [(parts[1], parts[2]) for parts in split if parts[0] == _METAFIELDS and len(parts) == 3]


def mapped_value(raw: Mapping[str, Any], path: str) -> Any:
    """What a field of an object holds, such as `vendor`, `company.externalId` or `metafields.custom.material`.

    None if the object has no such field. A list of texts is joined by commas.
    """
    head, _, rest = path.partition(".")
    if head == _METAFIELDS:
        namespace, _, key = rest.partition(".")
        selected = (each for name, each in raw.items() if name.startswith("metafield_") and isinstance(each, dict))
        return next(
            (each.get("value") for each in selected if (each.get("namespace"), each.get("key")) == (namespace, key)),
            None,
        )
    value = raw.get(head)
    if rest:
        return mapped_value(value, rest) if isinstance(value, dict) else None
    return ",".join(map(str, value)) if isinstance(value, list) else value
