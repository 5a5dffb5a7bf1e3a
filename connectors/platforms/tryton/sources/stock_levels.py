"""The stock of each product in each warehouse.

Tryton works quantities out for the locations of the context. https://pypi.org/project/trytond-stock/
"""

from collections.abc import Sequence
from datetime import UTC

from connectors.platforms.tryton.client import MAX_VALUES, TrytonClient
from connectors.platforms.tryton.values import Row, date_json, decimal_or_none, record_id
from connectors.sdk import clock
from connectors.sdk.decoding import flag
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.records import StockRecord

MAX_LOCATION_LENGTH = 100


def warehouses(client: TrytonClient) -> list[Row]:
    """The active warehouses of the settings, with `name` and `code`.

    NeedsAttention if one of them, or all, are missing: without them, all stock would be gone.
    """
    rows = [
        row
        for row in client.rows("stock.location", [["type", "=", "warehouse"]], ["name", "code", "active"])
        if flag(row.get("active")) is not False
    ]
    wanted = client.settings.warehouses
    if not rows:
        raise NeedsAttention(
            "Tryton has no active warehouse.",
            fix="Give the user of the key the right to read the locations of the stock.",
        )
    if missing := sorted(set(wanted) - {row.get("code") for row in rows}):
        raise NeedsAttention(
            f"Tryton has no active warehouse with the code {', '.join(missing)}.",
            fix="Correct “Warehouses” in the settings of this connection.",
        )
    return [row for row in rows if not wanted or row.get("code") in wanted]


def read_stock_levels(client: TrytonClient, products: Sequence[int]) -> dict[int, list[StockRecord]]:
    """ID of a product → its stock in each warehouse. A product of which a quantity cannot be read is left out."""
    name = client.settings.stock
    found: dict[int, list[StockRecord]] = {product: [] for product in products}
    if not products:
        return found
    unreadable: set[int] = set()
    for warehouse in warehouses(client):
        location = str(warehouse.get("name") or warehouse.get("code"))[:MAX_LOCATION_LENGTH]
        # Without a date, everything that is planned for the future would count.
        context = client.context(
            locations=[record_id(warehouse)], stock_date_end=date_json(clock.now().astimezone(UTC).date())
        )
        for start in range(0, len(products), MAX_VALUES):
            batch = list(products[start : start + MAX_VALUES])
            for row in client.rows("product.product", [["id", "in", batch]], [name], context=context):
                if (quantity := decimal_or_none(row.get(name))) is None:
                    unreadable.add(record_id(row))
                elif (product := record_id(row)) in found:
                    found[product].append(StockRecord(quantity=quantity, location=location))
    return {product: stock for product, stock in found.items() if product not in unreadable}
