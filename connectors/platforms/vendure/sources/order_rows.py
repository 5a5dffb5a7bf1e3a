"""Orders as the Admin API returns them (https://docs.vendure.io/reference/graphql-api/admin/object-types#order).

Amounts are in minor units. Those of lines are for the quantity that is still ordered: a cancellation lowers it, and the
totals of the order with it.
"""

from decimal import Decimal

from connectors.sdk.api_model import ApiModel, Text, UtcDatetime


class AddressRow(ApiModel):
    fullName: Text = ""
    company: Text = ""
    streetLine1: Text = ""
    streetLine2: Text = ""
    city: Text = ""
    province: Text = ""
    postalCode: Text = ""
    countryCode: Text = ""
    phoneNumber: Text = ""


class LineVariant(ApiModel):
    id: Text
    sku: Text = ""
    name: Text = ""


class LineRow(ApiModel):
    """`prorated…` is after all discounts, `line…` before."""

    id: Text
    quantity: int
    orderPlacedQuantity: int = 0
    taxRate: Decimal = Decimal(0)
    unitPrice: int
    unitPriceWithTax: int
    linePrice: int
    linePriceWithTax: int
    proratedLinePrice: int
    proratedLinePriceWithTax: int
    proratedUnitPriceWithTax: int = 0
    productVariant: LineVariant


class SurchargeRow(ApiModel):
    """An amount that is added, or deducted if it is negative."""

    description: Text = ""
    price: int
    priceWithTax: int
    taxRate: Decimal = Decimal(0)


class DiscountRow(ApiModel):
    """Negative amounts. `adjustmentSource` is `PROMOTION:7`."""

    adjustmentSource: Text = ""
    description: Text = ""
    amount: int
    amountWithTax: int


class PromotionRow(ApiModel):
    id: Text
    couponCode: Text = ""


class MethodRow(ApiModel):
    name: Text = ""


class ShippingRow(ApiModel):
    """`price` is not always a whole number."""

    price: Decimal
    priceWithTax: Decimal
    discountedPrice: int
    discountedPriceWithTax: int
    shippingMethod: MethodRow = MethodRow()


class PartRow(ApiModel):
    """A quantity of an order line, in a fulfillment or a refund."""

    orderLineId: Text
    quantity: int


class RefundRow(ApiModel):
    id: Text
    updatedAt: UtcDatetime | None = None
    state: str = ""
    items: int = 0
    shipping: int = 0
    adjustment: int = 0
    total: int
    lines: list[PartRow] = []


class PaymentRow(ApiModel):
    state: str = ""
    amount: int = 0
    refunds: list[RefundRow] = []


class FulfillmentRow(ApiModel):
    id: Text
    updatedAt: UtcDatetime | None = None
    state: str = ""
    method: Text = ""
    trackingCode: Text = ""
    lines: list[PartRow] = []


class CustomerReference(ApiModel):
    id: Text
    emailAddress: Text = ""


class HistoryEntry(ApiModel):
    createdAt: UtcDatetime | None = None


class History(ApiModel):
    items: list[HistoryEntry] = []


class OrderRow(ApiModel):
    id: Text
    updatedAt: UtcDatetime | None = None
    orderPlacedAt: UtcDatetime
    code: Text
    state: Text
    currencyCode: Text
    total: int
    totalWithTax: int
    shippingWithTax: int = 0
    lines: list[LineRow]
    customer: CustomerReference | None = None
    billingAddress: AddressRow = AddressRow()
    shippingAddress: AddressRow = AddressRow()
    surcharges: list[SurchargeRow]
    discounts: list[DiscountRow]
    promotions: list[PromotionRow] = []
    shippingLines: list[ShippingRow]
    payments: list[PaymentRow] = []
    fulfillments: list[FulfillmentRow] = []
    history: History = History()
