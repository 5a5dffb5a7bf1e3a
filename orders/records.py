"""Customers and orders as sources bring them. Amounts in the major unit of the currency."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from hub.records import Record


@dataclass(slots=True, kw_only=True)
class AddressRecord:
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
    """D13. The group is given by its name, the parent by external id.

    `b2b_enabled` None: the source does not say, and the rule of the connection's job decides. `addresses` None: this
    read did not bring them; leave what is there.
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
    """`variant_id` is the external id; `status` is ours (orders.Order.Status)."""

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
    """`lines`: external id of the order line → quantity."""

    external_id: str
    carrier: str = ""
    tracking_number: str = ""
    shipped_at: datetime | None = None
    lines: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class OrderRecord(Record):
    """D14. `status` is ours (orders.Order.Status), `source_status` the source's word, `customer_id` an external id.

    `lines` are all lines: those left out were taken out of the order. `shipments` None, or no `addresses`: this read
    did not bring them; leave what is there.
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
    """All that a system has shipped so far of an order that it was sent: the whole of it, or a vendor's part (S9).

    `external_id` and the shipments' lines go by the ids that the system gave them when it was sent the order.
    """

    shipments: list[ShipmentRecord] = field(default_factory=list)
