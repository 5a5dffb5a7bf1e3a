"""Writes stock, at most 2,000 items a call."""

from collections.abc import Mapping

from connectors.platforms.bigcommerce.client import TargetClient
from connectors.platforms.bigcommerce.inventory import read_locations

ADJUSTMENTS = "/inventory/adjustments/absolute"
ITEMS_PER_REQUEST = 2000


def copy_stock(client: TargetClient, variants: Mapping[int, int]) -> None:
    """`variants`: the ID of a variant → that of the one that gets its stock. Quantities are absolute, so it is safe to
    repeat."""
    items = [
        {
            "location_id": place["location_id"],
            "variant_id": variants[number],
            "quantity": place["total_inventory_onhand"],
        }
        for number, places in read_locations(client, list(variants)).items()
        for place in places
        if place["total_inventory_onhand"] > 0
    ]
    # The vendor asks for the items of a call to be grouped by location.
    items.sort(key=lambda item: item["location_id"])
    for start in range(0, len(items), ITEMS_PER_REQUEST):
        body = {"reason": "SyncCenter", "items": items[start : start + ITEMS_PER_REQUEST]}
        client.call("PUT", ADJUSTMENTS, body=body)
