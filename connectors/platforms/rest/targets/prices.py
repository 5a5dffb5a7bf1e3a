"""Prices, as docs/platforms/rest.md specifies them."""

from catalog.items import VariantItem
from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, reference
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, json_number
from hub.kinds import DataType, Kind


class PriceTarget(RestTargetStream[VariantItem]):
    data_type = DataType.PRICES
    lane = "prices"

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """`amount` is the default price, of the list in the settings or else of the first; `prices` has all lists."""
        single = (each for each in item.prices if each.min_quantity == 1)
        default = next((each for each in single if self.client.settings.price_list in ("", each.price_list)), None)
        if item.status not in SOLD_STATUSES or default is None:
            return None
        return {
            "sku": item.sku,
            "product": reference(refs, Kind.PRODUCT, item.product_id),
            "amount": json_number(default.amount),
            "list_amount": json_number(default.list_amount),
            "currency": default.currency or None,
            "prices": [
                {
                    "price_list": each.price_list,
                    "currency": each.currency,
                    "min_quantity": each.min_quantity,
                    "amount": json_number(each.amount),
                    "list_amount": json_number(each.list_amount),
                }
                for each in item.prices
            ],
        }
