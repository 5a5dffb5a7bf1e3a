"""The prices of items at the price level of the setting `price_level`."""

from collections.abc import Sequence

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.suiteql import in_conditions, required_int
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.records import PriceRecord

FIX = (
    "Give the role of the integration the permission to view prices of items, or empty the setting Price level of this "
    "connection: then no prices are read."
)


def read_prices(client: NetSuiteClient, item_ids: Sequence[int]) -> dict[int, PriceRecord] | None:
    """Internal ID of an item → its price for one piece; without an amount if it has none. None: none are read.

    The tables of prices are not in Oracle's help; `pricing` is seen in public code. Its first row of an item, without
    quantity discounts, has the quantity 0 or 1.
    """
    settings = client.settings
    if not settings.price_level:
        return None
    conditions = [f"price.pricelevel = {settings.price_level}", "COALESCE(price.quantity, 0) <= 1"]
    if settings.price_currency:
        conditions.append(f"price.currency = {settings.price_currency}")
    query = "SELECT price.item, MAX(price.unitprice) AS unitprice, COUNT(*) AS number FROM pricing price"
    found = {item_id: PriceRecord(amount=None) for item_id in item_ids}
    for items in in_conditions("price.item", item_ids):
        where = " AND ".join([*conditions, items])
        for row in client.rows(query, key="price.item", where=where, group="price.item", fix=FIX):
            if required_int(row, "number") > 1:
                raise NeedsAttention(
                    "Items in NetSuite have prices in several currencies.",
                    fix="Enter the internal ID of a currency in the setting Price currency of this connection.",
                )
            found[required_int(row, "item")] = PriceRecord(amount=decimal_or_none(row.get("unitprice")))
    return found
