"""Orders, items and credit memos as the vendor returns them (admin-schema-2.4.7.yaml of its documentation)."""

from decimal import Decimal

from connectors.platforms.magento.shipments import OfOrder
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime

_ZERO = Decimal(0)


class AddressRow(ApiModel):
    entity_id: Text = ""
    firstname: Text = ""
    lastname: Text = ""
    company: Text = ""
    street: list[Text] = []
    city: Text = ""
    region: Text = ""
    postcode: Text = ""
    country_id: Text = ""
    telephone: Text = ""
    email: Text = ""


class Shipping(ApiModel):
    address: AddressRow | None = None


class AssignedItem(ApiModel):
    item_id: Text = ""


class Assignment(ApiModel):
    shipping: Shipping = Shipping()
    items: list[AssignedItem] = []


class GiftCard(ApiModel):
    code: Text = ""
    amount: Decimal = _ZERO


class CustomFee(ApiModel):
    custom_fee_label: Text = ""
    custom_fee_amount: Decimal = _ZERO


class Extension(ApiModel):
    """Extension attributes of an order. Those of gift wrapping are text in the vendor's schema."""

    shipping_assignments: list[Assignment] = []
    gift_cards: list[GiftCard] = []
    gift_cards_amount: Decimal = _ZERO
    customer_balance_amount: Decimal = _ZERO
    reward_currency_amount: Decimal = _ZERO
    custom_fees: list[CustomFee] = []
    gw_price: Decimal = _ZERO
    gw_tax_amount: Decimal = _ZERO
    gw_items_price: Decimal = _ZERO
    gw_items_tax_amount: Decimal = _ZERO
    gw_card_price: Decimal = _ZERO
    gw_card_tax_amount: Decimal = _ZERO


class ItemRow(ApiModel):
    """An item of an order. Amounts of the row are before discounts, `tax_amount` is that of the discounted row."""

    item_id: int
    parent_item_id: int | None = None
    product_id: int = 0
    product_type: str = ""
    is_virtual: bool = False
    sku: Text = ""
    name: Text = ""
    price: Decimal = _ZERO
    price_incl_tax: Decimal | None = None
    row_total: Decimal | None = None
    row_total_incl_tax: Decimal | None = None
    tax_amount: Decimal = _ZERO
    tax_percent: Decimal | None = None
    discount_amount: Decimal = _ZERO
    discount_tax_compensation_amount: Decimal = _ZERO
    weee_tax_applied_row_amount: Decimal = _ZERO
    qty_ordered: Decimal = _ZERO
    qty_shipped: Decimal = _ZERO
    qty_canceled: Decimal = _ZERO
    qty_refunded: Decimal = _ZERO


class OrderRow(ApiModel):
    entity_id: int
    increment_id: Text
    quote_id: Text = ""
    state: Text = ""
    status: Text = ""
    store_id: int = 0
    created_at: UtcDatetime
    updated_at: UtcDatetime | None = None
    order_currency_code: Text = ""
    base_currency_code: Text = ""
    base_to_order_rate: Decimal | None = None
    grand_total: Decimal
    tax_amount: Decimal = _ZERO
    subtotal: Decimal | None = None
    subtotal_incl_tax: Decimal | None = None
    discount_amount: Decimal = _ZERO
    discount_description: Text = ""
    coupon_code: Text = ""
    shipping_description: Text = ""
    shipping_amount: Decimal | None = None
    shipping_incl_tax: Decimal = _ZERO
    shipping_tax_amount: Decimal = _ZERO
    shipping_discount_amount: Decimal = _ZERO
    shipping_discount_tax_compensation_amount: Decimal = _ZERO
    total_paid: Decimal | None = None
    total_refunded: Decimal | None = None
    customer_id: int | None = None
    customer_note: Text = ""
    remote_ip: Text = ""
    items: list[ItemRow]
    billing_address: AddressRow | None = None
    extension_attributes: Extension = Extension()


CANCELED_MEMO = 3


class CreditMemoItem(ApiModel):
    order_item_id: Text
    qty: Decimal = _ZERO
    row_total: Decimal = _ZERO
    tax_amount: Decimal = _ZERO
    discount_amount: Decimal = _ZERO
    discount_tax_compensation_amount: Decimal = _ZERO


class MemoExtension(ApiModel):
    """What went back to gift cards, store credit and reward points, by which the total of the memo is less."""

    gift_cards_amount: Decimal = _ZERO
    customer_balance_amount: Decimal = _ZERO
    reward_currency_amount: Decimal = _ZERO


class CreditMemo(OfOrder):
    """`state` 3: canceled, so that nothing was paid back (Magento\\Sales\\Model\\Order\\Creditmemo, seen in code)."""

    state: int = 2
    increment_id: Text = ""
    created_at: UtcDatetime | None = None
    grand_total: Decimal = _ZERO
    tax_amount: Decimal = _ZERO
    shipping_amount: Decimal = _ZERO
    shipping_incl_tax: Decimal | None = None
    shipping_tax_amount: Decimal = _ZERO
    adjustment_positive: Decimal = _ZERO
    adjustment_negative: Decimal = _ZERO
    items: list[CreditMemoItem] = []
    extension_attributes: MemoExtension = MemoExtension()
