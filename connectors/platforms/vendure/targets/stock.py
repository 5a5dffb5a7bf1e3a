"""Stock on hand at one location."""

from decimal import Decimal
from functools import cached_property

from catalog.items import VariantItem
from connectors.platforms.vendure.client import id_of
from connectors.platforms.vendure.targets.variant_values import VariantValues, remote_variant_id
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.graphql import Data
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES
from hub.kinds import DataType

_LOCATIONS = "query Locations { stockLocations { totalItems items { id name } } }"


class StockTarget(VariantValues):
    data_type = DataType.STOCK
    document = """
query ComparedStock($options: ProductVariantListOptions) {
  productVariants(options: $options) {
    totalItems items { id createdAt stockLevels { stockLocationId stockOnHand } }
  }
}
"""

    def payload(self, item: VariantItem, refs: References) -> Data | None:
        """The sum of all locations; negative stock is sent as zero. None if stock is not tracked."""
        if item.status not in SOLD_STATUSES or not item.stock:
            return None
        total = sum((each.quantity for each in item.stock), Decimal(0))
        return {"variant_id": remote_variant_id(item, refs), "quantity": max(0, int(total))}

    def body(self, content: Data) -> Data:
        return {"stockLevels": [{"stockLocationId": self._location, "stockOnHand": content["quantity"]}]}

    def content(self, row: Data) -> Data | None:
        levels = {str(each["stockLocationId"]): each["stockOnHand"] for each in row["stockLevels"]}
        quantity = levels.get(self._location)
        return None if quantity is None else {"variant_id": str(row["id"]), "quantity": quantity}

    @cached_property
    def _location(self) -> str:
        """The location of the settings, else the first. NeedsAttention if the channel does not have it."""
        rows = self.client.query(_LOCATIONS).get("stockLocations", {}).get("items", [])
        known = sorted((found for row in rows if (found := id_of(row))), key=lambda each: (len(each), each))
        wanted = self.client.settings.location_id or next(iter(known), "")
        if wanted not in known:
            raise NeedsAttention(
                f"The channel has no stock location {wanted or 'at all'}.",
                fix=f"Enter the ID of one of its locations in the settings of the connection: {', '.join(known)}.",
            )
        return wanted
