"""The complete state of a store, for assertions in tests."""

from collections.abc import Callable

from sandbox.platforms.bigcommerce.categories import category_view
from sandbox.platforms.bigcommerce.customers import customer_view
from sandbox.platforms.bigcommerce.images import image_view
from sandbox.platforms.bigcommerce.inventory import item_view
from sandbox.platforms.bigcommerce.order_lines import line_view
from sandbox.platforms.bigcommerce.orders import order_view
from sandbox.platforms.bigcommerce.price_lists import record_view
from sandbox.platforms.bigcommerce.products import product_view
from sandbox.platforms.bigcommerce.store import Store
from sandbox.platforms.bigcommerce.variants import variant_view
from sandbox.tables import Row, Table

PRODUCT_INCLUDES = frozenset(("channels", "custom_fields", "images", "options"))
CUSTOMER_INCLUDES = frozenset(("addresses", "attributes"))
View = Callable[[Store, Row], Row]


def order_with_lines(store: Store, order: Row) -> Row:
    lines = [line_view(store, order, line) for line in order["lines"]]
    return {**order_view(store, order), "products": lines}


KINDS: dict[str, tuple[Callable[[Store], Table], View]] = {
    "products": (lambda store: store.products, lambda store, row: product_view(store, row, PRODUCT_INCLUDES)),
    "variants": (lambda store: store.variants, variant_view),
    "images": (lambda store: store.images, image_view),
    "categories": (lambda store: store.categories, category_view),
    "brands": (lambda store: store.brands, lambda store, row: store.brands.full(row)),
    "price_lists": (lambda store: store.price_lists, lambda store, row: row),
    "price_records": (
        lambda store: store.records,
        lambda store, row: record_view(store, row, "sku,bulk_pricing_tiers"),
    ),
    "inventory": (lambda store: store.variants, lambda store, row: item_view(store, row, store.locations)),
    "customers": (lambda store: store.customers, lambda store, row: customer_view(store, row, CUSTOMER_INCLUDES)),
    "orders": (lambda store: store.orders, order_with_lines),
    "shipments": (lambda store: store.shipments, lambda store, row: row),
    "hooks": (lambda store: store.webhooks, lambda store, row: row),
}


def rows_of(store: Store, kind: str, after: int, limit: int) -> tuple[list[Row], int | None]:
    """Return up to `limit` rows with IDs above `after`, and the ID for the next page (None on the last)."""
    choose, view = KINDS[kind]
    rows = choose(store).after(after, limit + 1)
    return [view(store, row) for row in rows[:limit]], rows[limit - 1]["id"] if len(rows) > limit else None
