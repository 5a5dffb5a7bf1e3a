"""The default price of variants, in the currency of our price list."""

from decimal import Decimal

from catalog.items import VariantItem
from connectors.platforms.vendure.targets.variant_values import VariantValues, remote_variant_id
from connectors.sdk.graphql import Data
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number
from hub.kinds import DataType


class PriceTarget(VariantValues):
    data_type = DataType.PRICES
    document = """
query ComparedPrices($options: ProductVariantListOptions) {
  productVariants(options: $options) { totalItems items { id createdAt prices { price currencyCode } } }
}
"""

    def payload(self, item: VariantItem, refs: References) -> Data | None:
        """With or without tax, as prices are entered in the channel: our price list must be of the same kind."""
        price = default_price(item, self.client.settings.price_list)
        if item.status not in SOLD_STATUSES or price is None:
            return None
        return {
            "variant_id": remote_variant_id(item, refs),
            "price": json_number(price.amount),
            "currency": price.currency,
        }

    def body(self, content: Data) -> Data:
        price = self.client.minor_units(Decimal(str(content["price"])))
        return {"prices": [{"currencyCode": content["currency"], "price": price}]}

    def content(self, row: Data) -> Data | None:
        """The price in the channel's currency; None if there is none."""
        currency = self.client.channel.defaultCurrencyCode
        prices = {each["currencyCode"]: each["price"] for each in row["prices"]}
        if currency not in prices:
            return None
        return {
            "variant_id": str(row["id"]),
            "price": json_number(self.client.amount(prices[currency])),
            "currency": currency,
        }
