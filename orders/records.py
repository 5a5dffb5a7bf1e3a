"""Customers and orders as read from a source. Amounts are in the major unit of the currency.

None as an amount: the source does not tell it. `net` is without tax, `gross` with tax.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from hub.records import Record


@dataclass(slots=True, kw_only=True)
class AddressRecord:
    """A postal address. `use` is a value of orders.models.Address.Use."""

    external_id: str = ""
    use: str = "other"
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


@dataclass(slots=True, kw_only=True)
class CustomerRecord(Record):
    """A customer (D13). `group` is the name of the group, `parent_id` the external ID of the parent.

    `b2b_enabled` None: the source doesn't say, so the filters of the import job decide. `addresses` None: they were not
    read and must be kept.
    """

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    phone: str = ""
    tax_id: str = ""
    group: str = ""
    accounting_id: str = ""
    sales_agent_groups: list[str] = field(default_factory=list)
    price_lists: list[str] = field(default_factory=list)
    discount_percentage: Decimal | None = None
    payment_on_account: bool | None = None
    parent_id: str = ""
    b2b_enabled: bool | None = None
    note: str = ""
    addresses: list[AddressRecord] | None = None


@dataclass(slots=True, kw_only=True)
class OrderLineRecord:
    """A line of an order (M1). `variant_id` is an external ID, `status` a value of orders.models.Order.Status.

    `kind` is a value of orders.models.OrderLine.Kind; `parent_id` the external ID of the bundle or kit that the line is
    a part of. `needs_shipping` is False for what is never shipped: virtual goods, or a bundle whose parts are shipped.
    `delivery_address` is the `external_id` of an address of the order, for orders that have several.

    Prices of one piece are before discounts. `total_net`, `tax` and `total_gross` are of the whole line: after
    discounts if the line has a `discount_*`, its share of them; before discounts if no line and no charge has any, for
    then the discounts of the order are shared out. Amounts that follow from others may be left out. A bundle's price
    stands either on the bundle or on its parts; the other side has amounts of zero. `unit_price` alone: the source does
    not say whether with tax.
    """

    external_id: str
    sku: str = ""
    variant_id: str = ""
    title: str = ""
    vendor: str = ""
    position: int = 0
    kind: str = "simple"
    parent_id: str = ""
    needs_shipping: bool = True
    delivery_address: str = ""
    quantity: Decimal
    quantity_cancelled: Decimal = Decimal(0)
    quantity_refunded: Decimal = Decimal(0)
    quantity_shipped: Decimal = Decimal(0)
    unit_price: Decimal | None = None
    unit_price_net: Decimal | None = None
    unit_price_gross: Decimal | None = None
    total_net: Decimal | None = None
    tax: Decimal | None = None
    total_gross: Decimal | None = None
    tax_rate: Decimal | None = None
    discount_net: Decimal | None = None
    discount_gross: Decimal | None = None
    status: str = "pending"


@dataclass(slots=True, kw_only=True)
class AdjustmentRecord:
    """A charge, discount or payment of an order (M2). `kind` is a value of orders.models.OrderAdjustment.Kind.

    Amounts are positive, also those of discounts. `net`, `tax`, `gross` and `discount_*` of a charge are as in
    OrderLineRecord; a discount has its whole amount, shares of which stand on lines and charges.
    """

    kind: str
    title: str = ""
    code: str = ""
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    tax_rate: Decimal | None = None
    discount_net: Decimal | None = None
    discount_gross: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class ShipmentRecord:
    """A shipment. `lines`: external ID of the order line → quantity. `tracking_numbers`: all, each one complete."""

    external_id: str
    carrier: str = ""
    tracking_numbers: list[str] = field(default_factory=list)
    shipped_at: datetime | None = None
    lines: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class RefundLineRecord:
    """The part of a refund that belongs to an order line. `line_id` is its external ID."""

    line_id: str
    quantity: Decimal
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class RefundRecord:
    """A refund (credit memo) of an order (M5). The amounts are explained in orders.models.Refund."""

    external_id: str
    number: str = ""
    refunded_at: datetime | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    shipping_net: Decimal | None = None
    shipping_gross: Decimal | None = None
    adjustment: Decimal | None = None
    lines: list[RefundLineRecord] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class OrderRecord(Record):
    """An order (D14). `status` is a value of orders.models.Order.Status, `source_status` the status in the source.

    `customer_id` is an external ID. `lines` and `adjustments` must be complete: missing ones were removed from the
    order. If `adjustments`, `shipments` or `refunds` is None or `addresses` is empty, they were not read and must be
    kept. The amounts are explained in orders.models.Order; `shipping_cost` is with tax.
    """

    number: str
    status: str
    currency: str
    total: Decimal
    placed_at: datetime
    source_status: str = ""
    base_currency: str = ""
    exchange_rate: Decimal | None = None
    prices_include_tax: bool | None = None
    subtotal_net: Decimal | None = None
    subtotal_gross: Decimal | None = None
    total_net: Decimal | None = None
    tax: Decimal = Decimal(0)
    shipping_cost: Decimal = Decimal(0)
    paid: Decimal | None = None
    refunded: Decimal | None = None
    customer_id: str = ""
    placed_through_b2b: bool = False
    cart_id: str = ""
    customer_note: str = ""
    internal_note: str = ""
    ip_address: str | None = None
    lines: list[OrderLineRecord] = field(default_factory=list)
    adjustments: list[AdjustmentRecord] | None = None
    shipments: list[ShipmentRecord] | None = None
    refunds: list[RefundRecord] | None = None
    addresses: list[AddressRecord] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FulfilmentRecord(Record):
    """All shipments so far of an order that was exported to a system: the whole order or a vendor's part (S9).

    `external_id` and the IDs of shipment lines are those that the system assigned when it received the order.
    """

    shipments: list[ShipmentRecord] = field(default_factory=list)
