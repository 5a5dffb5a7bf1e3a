"""Prices, as docs/platforms/rest.md specifies them."""

from catalog.items import PriceItem, VariantItem
from connectors.platforms.rest.client import Row
from connectors.platforms.rest.targets.base import RestTargetStream, reference
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number, refuse_negative
from hub.kinds import DataType, Kind


class PriceTarget(RestTargetStream[VariantItem]):
    data_type = DataType.PRICES
    lane = "prices"

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """`amount` is the default price: that of the price list in the settings, or else of the first price list.

        `prices` holds the prices of all price lists.
        """
        default = default_price(item, self.client.settings.price_list)
        if item.status not in SOLD_STATUSES or default is None:
            return None
        refuse_negative(item, item.prices)
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
                | _conditions(each)
                for each in item.prices
            ],
        }


def _conditions(price: PriceItem) -> Row:
    """The conditions of a price. Empty ones are left out, so that a price without conditions is not sent again."""
    conditions = {"max_quantity": price.max_quantity, "customer_groups": price.customer_groups}
    return {name: value for name, value in conditions.items() if value}
