"""The metafields of products that the field map names, as `metafields.namespace.key`.

A listing of all products' metafields has no filter by product: it is read if it is short, else each product's own.
Source: https://github.com/bigcommerce/docs, reference/catalog/products_catalog.v3.yml.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from connectors.platforms.bigcommerce.client import PAGE_SIZE, PRODUCTS, Row, SourceClient, join
from connectors.sdk.details import add_details

PREFIX = "metafields."


class Metafields:
    def __init__(self, client: SourceClient) -> None:
        self._client = client
        self._listed: dict[int, list[Row]] | None = None

    @cached_property
    def _query(self) -> Row:
        """The filters for the mapped ones; empty if none is mapped."""
        mapped = self._client.field_map.products
        paths = [*(path for _, path in mapped if isinstance(path, str)), *mapped.settings.values()]
        names = [path.removeprefix(PREFIX).partition(".") for path in paths if path.startswith(PREFIX)]
        if not names:
            return {}
        return {
            "namespace:in": join(sorted({namespace for namespace, _, _ in names})),
            "key:in": join(sorted({key for _, _, key in names})),
        }

    def add_to(self, rows: Sequence[Row]) -> None:
        """Add `metafields` to rows of products: `[{"name": "namespace.key", "value"}]`."""
        if not self._query:
            return
        listed = self._listed if self._listed is not None else self._list(len(rows))

        def add(row: Row) -> None:
            found = listed.get(row["id"], []) if listed is not None else self._of_product(row["id"])
            row["metafields"] = [
                {"name": f"{each.get('namespace')}.{each.get('key')}", "value": each.get("value")} for each in found
            ]

        add_details(self._client.http, rows, add)

    def _list(self, most: int) -> dict[int, list[Row]] | None:
        """Product → its metafields, kept for this turn; None if this takes more calls than `most`."""
        path = f"{PRODUCTS}/metafields"
        _, total = self._client.list_page(path, **self._query, limit=1)
        if -(-total // PAGE_SIZE) > most:
            return None
        self._listed = {}
        for each in self._client.fetch_all(path, **self._query):
            if isinstance(each, dict):
                self._listed.setdefault(each.get("resource_id") or 0, []).append(each)
        return self._listed

    def _of_product(self, number: int) -> list[Row]:
        rows: list[Any] = self._client.fetch_all(f"{PRODUCTS}/{number}/metafields", **self._query)
        return [each for each in rows if isinstance(each, dict)]
