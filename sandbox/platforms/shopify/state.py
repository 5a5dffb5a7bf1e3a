"""The complete state of a store, for assertions in tests."""

from collections.abc import Callable
from typing import Any

from sandbox.platforms.shopify.store import Row, Store


def _product(store: Store, row: Row) -> Row:
    media = [each["image"] and each["image"]["url"] for each in store.media.values() if each["product"] == row["id"]]
    return {**row, "variants": [_variant(store, each) for each in store.variants_of(row["id"])], "images": media}


def _variant(store: Store, row: Row) -> Row:
    item = store.items[row["inventoryItem"]]
    levels = {str(each["location"]): each["available"] for each in store.levels_of(item["id"]) if each["isActive"]}
    return {**row, "weight": item["weight"], "tracked": item["tracked"], "levels": levels}


KINDS: dict[str, tuple[Callable[[Store], dict[int, Row]], Callable[[Store, Row], Row]]] = {
    "products": (lambda store: store.products, _product),
    "variants": (lambda store: store.variants, _variant),
    "collections": (lambda store: store.collections, lambda store, row: row),
    "customers": (lambda store: store.customers, lambda store, row: row),
    "orders": (lambda store: store.orders, lambda store, row: {"id": row["id"], "name": row["name"]}),
}


def rows_of(store: Store, kind: str, after: int, limit: int) -> tuple[list[Any], int | None]:
    """Up to `limit` rows with IDs above `after`, and the ID for the next page (None on the last)."""
    choose, view = KINDS[kind]
    table = choose(store)
    numbers = [number for number in sorted(table) if number > after]
    return [view(store, table[number]) for number in numbers[:limit]], numbers[limit - 1] if len(
        numbers
    ) > limit else None
