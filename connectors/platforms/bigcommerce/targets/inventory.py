"""Stock at all locations, copied between variants."""

from collections.abc import Mapping

from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, TargetClient, join
from connectors.sdk.errors import TryAgainLater

ITEMS = "/inventory/items"
ADJUSTMENTS = "/inventory/adjustments/absolute"
ITEMS_PER_REQUEST = 2000


def copy_stock(client: TargetClient, variants: Mapping[int, int]) -> None:
    """`variants`: the ID of a variant → that of the one that gets its stock. Quantities are absolute, so it is safe to
    repeat."""
    found = []
    ids = list(variants)
    for start in range(0, len(ids), IDS_PER_REQUEST):
        chunk = ids[start : start + IDS_PER_REQUEST]
        rows, total = client.list_page(ITEMS, **{"variant_id:in": join(chunk)}, limit=IDS_PER_REQUEST)
        if total > len(rows):
            raise TryAgainLater(f"{ITEMS} returned {len(rows)} of {total} items.")
        found += [
            {
                "location_id": place["location_id"],
                "variant_id": variants[row["identity"]["variant_id"]],
                "quantity": place["total_inventory_onhand"],
            }
            for row in rows
            for place in row["locations"]
            if place["total_inventory_onhand"] > 0
        ]
    # The vendor asks for the items of a call to be grouped by location.
    found.sort(key=lambda item: item["location_id"])
    for start in range(0, len(found), ITEMS_PER_REQUEST):
        body = {"reason": "SyncCenter", "items": found[start : start + ITEMS_PER_REQUEST]}
        client.call("PUT", ADJUSTMENTS, body=body)
