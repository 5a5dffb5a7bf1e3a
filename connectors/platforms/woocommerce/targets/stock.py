"""Stock of products and variations. Each gets stock of its own, also where the shop managed the product's."""

from decimal import Decimal

from catalog.items import VariantItem
from connectors.platforms.woocommerce.client import Row
from connectors.platforms.woocommerce.targets.payloads import stored_sku
from connectors.platforms.woocommerce.targets.sku_values import SkuValueTarget
from connectors.sdk.operations import References
from connectors.sdk.values import SOLD_STATUSES
from hub.kinds import DataType


class StockTarget(SkuValueTarget):
    data_type = DataType.STOCK

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """The sum of our locations in whole pieces; negative stock is sent as zero. None if it is not tracked."""
        if item.status not in SOLD_STATUSES or not item.stock or not item.sku:
            return None
        total = sum((each.quantity for each in item.stock), Decimal(0))
        return {"sku": stored_sku(item.sku), "manage_stock": True, "stock_quantity": max(0, int(total))}

    def removal_values(self) -> Row:
        """Nothing is available of a variant that is no longer offered."""
        return {"manage_stock": True, "stock_quantity": 0}
