"""Orders of a custom shop, as docs/platforms/rest.md specifies them: the same objects that a custom system receives."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from connectors.platforms.rest.sources.addresses import ApiAddress
from connectors.platforms.rest.sources.base import ApiObject, OptionalSource
from connectors.sdk.api_model import ApiModel, UtcDatetime
from connectors.sdk.records import (
    AdjustmentRecord,
    OrderLineRecord,
    OrderRecord,
    RefundLineRecord,
    RefundRecord,
    ShipmentRecord,
)
from hub.kinds import DataType

Status = Literal["pending", "confirmed", "partly_shipped", "shipped", "delivered", "cancelled", "returned", "refunded"]
LineKind = Literal[
    "simple", "configurable", "grouped", "bundle", "kit", "bundle_part", "virtual", "downloadable", "gift_card",
    "custom",
]  # fmt: skip
Amount = Annotated[Decimal, Field(max_digits=14)]
Quantity = Annotated[Decimal, Field(ge=0)]


class ApiAmounts(ApiModel):
    net: Amount | None = None
    tax: Amount | None = None
    gross: Amount | None = None


class ApiCharge(ApiAmounts):
    kind: Literal["shipping", "handling", "wrapping", "fee", "rounding"]
    title: str = ""
    tax_rate: Decimal | None = None


class ApiDiscount(ApiAmounts):
    kind: Literal["discount", "coupon"] = "discount"
    title: str = ""
    code: str = ""


class ApiPayment(ApiModel):
    kind: Literal["gift_card", "store_credit"]
    title: str = ""
    amount: Amount


class ApiShipmentLine(ApiModel):
    line: str
    quantity: Quantity


class ApiShipment(ApiModel):
    key: Annotated[str, Field(min_length=1)]
    carrier: str = ""
    tracking_number: str = ""
    tracking_numbers: list[str] | None = None
    shipped_at: UtcDatetime | None = None
    lines: list[ApiShipmentLine] = []


class ApiRefundLine(ApiAmounts):
    line: str
    quantity: Quantity = Decimal(0)


class ApiRefund(ApiAmounts):
    key: Annotated[str, Field(min_length=1)]
    number: str = ""
    refunded_at: UtcDatetime | None = None
    shipping_net: Amount | None = None
    shipping_gross: Amount | None = None
    adjustment: Amount | None = None
    lines: list[ApiRefundLine] = []


class ApiLine(ApiModel):
    key: Annotated[str, Field(min_length=1, max_length=191)]
    variant: str = ""
    sku: str = ""
    title: str = ""
    vendor: str = ""
    quantity: Quantity
    unit_price: Amount | None = None
    status: Status = "pending"
    kind: LineKind = "simple"
    parent: str = ""
    needs_shipping: bool = True
    delivery_address: str = ""
    quantity_cancelled: Quantity = Decimal(0)
    quantity_refunded: Quantity = Decimal(0)
    quantity_shipped: Quantity = Decimal(0)
    unit_price_net: Amount | None = None
    unit_price_gross: Amount | None = None
    total_net: Amount | None = None
    tax: Amount | None = None
    total_gross: Amount | None = None
    tax_rate: Decimal | None = None
    discount_net: Amount | None = None
    discount_gross: Amount | None = None


class ApiOrder(ApiObject):
    number: Annotated[str, Field(min_length=1)]
    status: Status
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    total: Amount
    placed_at: UtcDatetime
    customer: str = ""
    tax: Amount = Decimal(0)
    shipping_cost: Amount = Decimal(0)
    placed_through_b2b: bool = False
    note: str = ""
    base_currency: str = ""
    exchange_rate: Decimal | None = None
    prices_include_tax: bool | None = None
    subtotal_net: Amount | None = None
    subtotal_gross: Amount | None = None
    total_net: Amount | None = None
    paid: Amount | None = None
    refunded: Amount | None = None
    lines: list[ApiLine]
    # None: the object does not say, so what was imported is kept, and an order without charges is not checked.
    charges: list[ApiCharge] | None = None
    discounts: list[ApiDiscount] = []
    payments: list[ApiPayment] = []
    shipments: list[ApiShipment] | None = None
    refunds: list[ApiRefund] | None = None
    addresses: list[ApiAddress] = []


class Orders(OptionalSource[OrderRecord]):
    data_type = DataType.ORDERS
    lane = "orders"
    # For systems that send no events.
    partial_schedule = "15m"
    depends_on = (DataType.PRODUCTS, DataType.CUSTOMERS)
    schema = ApiOrder
    required = ("lines", "lines.key")

    def build(self, row: ApiOrder) -> OrderRecord:
        return OrderRecord(
            external_id=row.key,
            customer_id=row.customer,
            customer_note=row.note,
            lines=[_line(each, position) for position, each in enumerate(row.lines)],
            adjustments=_adjustments(row),
            shipments=None if row.shipments is None else [_shipment(each) for each in row.shipments],
            refunds=None if row.refunds is None else [_refund(each) for each in row.refunds],
            addresses=[each.record() for each in row.addresses],
            **_values(row, without=("key", "customer", "note", "charges", "discounts", "payments")),
        )

    def placeholder(self, key: str) -> OrderRecord:
        return OrderRecord(
            external_id=key,
            number="",
            status="pending",
            currency="",
            total=Decimal(0),
            placed_at=datetime(1970, 1, 1, tzinfo=UTC),
        )


def _values(row: BaseModel, *, without: tuple[str, ...]) -> dict[str, Any]:
    """The fields that a record has under the same names; not those that contain objects."""
    nested = {"lines", "shipments", "refunds", "addresses"}
    return row.model_dump(exclude={*without, *nested})


def _line(row: ApiLine, position: int) -> OrderLineRecord:
    return OrderLineRecord(
        external_id=row.key,
        variant_id=row.variant,
        parent_id=row.parent,
        position=position,
        **_values(row, without=("key", "variant", "parent")),
    )


def _adjustments(row: ApiOrder) -> list[AdjustmentRecord] | None:
    if row.charges is None:
        return None
    payments = [AdjustmentRecord(kind=each.kind, title=each.title, gross=each.amount) for each in row.payments]
    return [*(AdjustmentRecord(**each.model_dump()) for each in (*row.charges, *row.discounts)), *payments]


def _shipment(row: ApiShipment) -> ShipmentRecord:
    numbers = row.tracking_numbers
    if numbers is None:
        numbers = [each for each in row.tracking_number.split(", ") if each]
    return ShipmentRecord(
        external_id=row.key,
        carrier=row.carrier,
        tracking_numbers=numbers,
        shipped_at=row.shipped_at,
        lines={each.line: each.quantity for each in row.lines},
    )


def _refund(row: ApiRefund) -> RefundRecord:
    lines = [
        RefundLineRecord(line_id=each.line, quantity=each.quantity, net=each.net, tax=each.tax, gross=each.gross)
        for each in row.lines
    ]
    return RefundRecord(external_id=row.key, lines=lines, **_values(row, without=("key",)))
