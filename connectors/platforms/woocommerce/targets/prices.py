"""Prices for a single piece: regular and sale price. WooCommerce has none for quantities or groups."""

from catalog.items import VariantItem
from connectors.platforms.woocommerce.client import Row
from connectors.platforms.woocommerce.targets.payloads import price_fields, stored_sku
from connectors.platforms.woocommerce.targets.sku_values import SkuValueTarget
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES, default_price
from hub.kinds import DataType


class PriceTarget(SkuValueTarget):
    """Prices are never removed, because a product without one cannot be bought."""

    data_type = DataType.PRICES

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        price = default_price(item, self.client.settings.price_list)
        if item.status not in SOLD_STATUSES or price is None or not item.sku:
            return None
        return {"sku": stored_sku(item.sku)} | price_fields(price)

    def removal_values(self) -> None:
        return None
