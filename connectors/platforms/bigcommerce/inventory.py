"""Stock at the locations of a store, read from the inventory API.

Its items are variants; where stock is tracked by product, or a product has no options, the product itself. Source:
https://github.com/bigcommerce/docs, reference/inventory.v3.yml.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, BigCommerceClient, Row, join
from connectors.platforms.bigcommerce.paging import row_ids

ITEMS = "/inventory/items"
ITEMS_PER_PAGE = 1000


def read_locations(client: BigCommerceClient, ids: Sequence[int], *, name: str = "variant_id") -> dict[int, list[Row]]:
    """ID of a variant, or of a product (`product_id`) → its locations, with `total_inventory_onhand` and
    `available_to_sell` (on hand less safety stock)."""
    found: dict[int, list[Row]] = {}
    for start in range(0, len(ids), IDS_PER_REQUEST):
        for row in client.fetch_all(ITEMS, **{f"{name}:in": join(ids[start : start + IDS_PER_REQUEST])}):
            found.setdefault(row["identity"][name], row["locations"])
    return found


def add_locations(client: BigCommerceClient, products: Iterable[Any]) -> None:
    """Add `locations` to those variants of rows of products whose stock is tracked."""
    tracked: dict[Any, list[Row]] = {"variant": [], "product": []}
    for row in products:
        if isinstance(row, dict) and row_ids([row]):
            tracked.get(row.get("inventory_tracking"), []).append(row)
    variants = variants_of(tracked["variant"])
    by_variant = read_locations(client, row_ids(variants))
    for each in variants:
        each["locations"] = by_variant.get(each["id"], [])
    by_product = read_locations(client, row_ids(tracked["product"]), name="product_id")
    for row in tracked["product"]:
        for each in variants_of([row]):
            each["locations"] = by_product.get(row["id"], [])


def variants_of(products: Iterable[Any]) -> list[Row]:
    """The readable variants of rows of products."""
    lists = [row["variants"] for row in products if isinstance(row, dict) and isinstance(row.get("variants"), list)]
    return [each for variants in lists for each in variants if row_ids([each])]
