"""Customers and orders as read from a source. Amounts are in the major unit of the currency."""

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
    """A line of an order. `variant_id` is an external ID, `status` a value of orders.models.Order.Status."""

    external_id: str
    sku: str = ""
    variant_id: str = ""
    title: str = ""
    vendor: str = ""
    position: int = 0
    quantity: Decimal
    unit_price: Decimal
    status: str = "pending"


@dataclass(slots=True, kw_only=True)
class ShipmentRecord:
    """A shipment. `lines`: external ID of the order line → quantity."""

    external_id: str
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: datetime | None = None
    lines: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class OrderRecord(Record):
    """An order (D14). `status` is a value of orders.models.Order.Status, `source_status` the status in the source.

    `customer_id` is an external ID. `lines` must be complete: missing lines were removed from the order. If `shipments`
    is None or `addresses` is empty, they were not read and must be kept.
    """

    number: str
    status: str
    currency: str
    total: Decimal
    placed_at: datetime
    source_status: str = ""
    tax: Decimal = Decimal(0)
    shipping_cost: Decimal = Decimal(0)
    customer_id: str = ""
    placed_through_b2b: bool = False
    cart_id: str = ""
    customer_note: str = ""
    internal_note: str = ""
    ip_address: str | None = None
    lines: list[OrderLineRecord] = field(default_factory=list)
    shipments: list[ShipmentRecord] | None = None
    addresses: list[AddressRecord] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FulfilmentRecord(Record):
    """All shipments so far of an order that was exported to a system: the whole order or a vendor's part (S9).

    `external_id` and the IDs of shipment lines are those that the system assigned when it received the order.
    """

    shipments: list[ShipmentRecord] = field(default_factory=list)
