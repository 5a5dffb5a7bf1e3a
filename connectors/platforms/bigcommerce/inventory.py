"""Stock of variants at the locations of a store, read from the inventory API."""

from collections.abc import Sequence

from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, BigCommerceClient, Row, join
from connectors.sdk.errors import TryAgainLater

ITEMS = "/inventory/items"
ITEMS_PER_PAGE = 1000


def read_locations(client: BigCommerceClient, variant_ids: Sequence[int]) -> dict[int, list[Row]]:
    """Variant ID → its locations, with `total_inventory_onhand` and `available_to_sell` (on hand less safety stock)."""
    found: dict[int, list[Row]] = {}
    for start in range(0, len(variant_ids), IDS_PER_REQUEST):
        ids = join(variant_ids[start : start + IDS_PER_REQUEST])
        rows, total = client.list_page(ITEMS, **{"variant_id:in": ids}, limit=ITEMS_PER_PAGE)
        if total > len(rows):
            raise TryAgainLater(f"{ITEMS} returned {len(rows)} of {total} items.")
        found |= {row["identity"]["variant_id"]: row["locations"] for row in rows}
    return found
