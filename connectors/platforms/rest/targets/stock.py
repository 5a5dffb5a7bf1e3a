"""Stock, as docs/platforms/rest.md specifies them."""

from decimal import Decimal

from catalog.items import VariantItem
from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, reference
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, json_number
from hub.kinds import DataType, Kind


class StockTarget(RestTargetStream[VariantItem]):
    data_type = DataType.STOCK
    lane = "stock"

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """None, which removes the object, if stock is not tracked."""
        if item.status not in SOLD_STATUSES or not item.stock:
            return None
        return {
            "sku": item.sku,
            "product": reference(refs, Kind.PRODUCT, item.product_id),
            "quantity": json_number(sum((each.quantity for each in item.stock), Decimal(0))),
            "locations": [
                {
                    "location": each.location,
                    "quantity": json_number(each.quantity),
                    "min_level": json_number(each.min_level),
                    "restock_date": each.restock_date and each.restock_date.isoformat(),
                }
                for each in item.stock
            ],
        }
