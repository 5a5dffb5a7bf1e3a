"""Orders and refunds as the vendor returns them (_orders.md and _order-refunds.md of its documentation)."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

from connectors.platforms.woocommerce.addresses import AddressRow
from connectors.platforms.woocommerce.field_types import GmtDatetime, Label
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime

_ZERO = Decimal(0)


def _empty_as_zero(value: Any) -> Any:
    return 0 if value is None or (isinstance(value, str) and not value.strip()) else value


Amount = Annotated[Decimal, BeforeValidator(_empty_as_zero)]


class TaxRow(ApiModel):
    """The tax of a row by one rate."""

    id: Text = ""
    total: Amount = _ZERO


class ItemRow(ApiModel):
    """What lines, shipping and fees have in common: amounts without tax after discounts, and the tax beside them."""

    id: Text
    total: Amount = _ZERO
    total_tax: Amount = _ZERO
    taxes: list[TaxRow] = []


class LineRow(ItemRow):
    """`subtotal` is before discounts. Plug-ins may sell fractions."""

    name: Label = ""
    product_id: int = 0
    variation_id: int = 0
    quantity: Amount = _ZERO
    subtotal: Amount = _ZERO
    subtotal_tax: Amount = _ZERO
    sku: Text = ""


class ShippingRow(ItemRow):
    method_title: Label = ""


class FeeRow(ItemRow):
    name: Label = ""


class CouponRow(ApiModel):
    code: Text = ""
    discount: Amount = _ZERO
    discount_tax: Amount = _ZERO


class GiftCardRow(ApiModel):
    """What was paid with a gift card, which lowers the total of the order.

    https://woocommerce.com/document/gift-cards/rest-api-reference/ (an extension of the shop)
    """

    code: Text = ""
    amount: Amount = _ZERO


class TaxLineRow(ApiModel):
    """`rate_percent` is not in the vendor's documentation (seen in code, since version 3.7)."""

    rate_id: Text = ""
    rate_percent: Decimal | None = None
    compound: bool = False


class MetaRow(ApiModel):
    key: Text = ""
    value: Any = None


class RefundItemRow(ItemRow):
    """A part of a refund: amounts and quantity are negative. The meta data names the line of the order."""

    quantity: Amount = _ZERO
    meta_data: list[MetaRow] = []

    @property
    def refunded_item(self) -> str:
        return next((str(each.value) for each in self.meta_data if each.key == "_refunded_item_id"), "")


class RefundRow(ApiModel):
    """`amount` counts, whatever its parts add up to."""

    id: Text
    date_created_gmt: GmtDatetime = None
    amount: Amount = _ZERO
    line_items: list[RefundItemRow] = []
    shipping_lines: list[RefundItemRow] = []
    fee_lines: list[RefundItemRow] = []


class OrderRow(ApiModel):
    id: Text
    number: Text = ""
    status: Text
    currency: Text
    created_via: Text = ""
    date_created_gmt: UtcDatetime
    date_modified_gmt: GmtDatetime = None
    date_paid_gmt: GmtDatetime = None
    total: Decimal
    total_tax: Amount = _ZERO
    shipping_total: Amount = _ZERO
    shipping_tax: Amount = _ZERO
    prices_include_tax: bool = False
    customer_id: int = 0
    customer_ip_address: Text = ""
    customer_note: Text = ""
    cart_hash: Text = ""
    needs_processing: bool = True
    billing: AddressRow = AddressRow()
    shipping: AddressRow = AddressRow()
    line_items: list[LineRow]
    shipping_lines: list[ShippingRow]
    fee_lines: list[FeeRow]
    coupon_lines: list[CouponRow]
    gift_cards: list[GiftCardRow] = []
    tax_lines: list[TaxLineRow] = []
    refund_rows: list[RefundRow] = []
