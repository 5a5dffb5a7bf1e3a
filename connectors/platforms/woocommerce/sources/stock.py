"""The stock of a product or variation.

https://github.com/woocommerce/woocommerce-rest-api-docs, _products.md and _product-variations.md. A variation whose
stock is managed by its product says `parent` (seen in code: WC_Product_Variation::get_manage_stock).
"""

from decimal import Decimal
from typing import Any

from connectors.platforms.woocommerce.field_types import Number
from connectors.sdk.api_model import ApiModel
from connectors.sdk.decoding import flag
from connectors.sdk.records import StockRecord


class StockedRow(ApiModel):
    manage_stock: bool | str = False
    stock_quantity: Number = None
    stock_status: str = "instock"
    low_stock_amount: Number = None


def stock_of(row: StockedRow, product: StockedRow, **mapped: Any) -> list[StockRecord]:
    """The stock of a variation, or of a product without variations: then both rows are the same.

    What is out of stock has nothing to sell, whether its stock is tracked or not. If the product's stock is tracked,
    each variation without stock of its own has the product's: any of them can be bought until it is sold out. What can
    be ordered in advance may have less than nothing.
    """
    owner = product if row.manage_stock in ("parent", "PARENT") else row
    if not flag(owner.manage_stock):
        quantity = Decimal(0) if row.stock_status == "outofstock" else None
    else:
        quantity = owner.stock_quantity or Decimal(0)
        if "outofstock" in (row.stock_status, owner.stock_status):
            quantity = min(quantity, Decimal(0))
    least = owner.low_stock_amount if quantity is not None else None
    return [StockRecord(quantity=quantity, min_level=least if least and least > 0 else None, **mapped)]
