"""Customers and orders as passed to targets: complete, loaded in batches.

The `load_*` functions take IDs and return the items that exist, in a fixed number of queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from orders.models import Address, Customer, Order, OrderLine, Shipment, ShipmentLine
from orders.records import AddressRecord


@dataclass(slots=True)
class CustomerItem:
    """A customer. `group` is the name of the group or empty. Deleted customers are included, with that status."""

    id: int
    seller_id: int
    email: str
    first_name: str
    last_name: str
    company_name: str
    phone: str
    tax_id: str
    group: str
    accounting_id: str
    sales_agent_groups: list[str]
    price_lists: list[str]
    discount_percentage: Decimal | None
    payment_on_account: bool | None
    parent_id: int | None
    b2b_enabled: bool
    status: str
    note: str
    revision: int
    updated_at: datetime
    addresses: list[AddressRecord] = field(default_factory=list)


@dataclass(slots=True)
class OrderLineItem:
    """A line of an order."""

    id: int
    order_id: int
    variant_id: int | None
    position: int
    sku: str
    title: str
    vendor: str
    quantity: Decimal
    unit_price: Decimal
    status: str


@dataclass(slots=True)
class ShipmentItem:
    """A shipment. `lines`: order line ID → quantity. `reported_by` is the ID of the ERP connection that reported it,
    None if it was imported with the order."""

    external_id: str
    carrier: str
    tracking_number: str
    shipped_at: datetime | None
    lines: dict[int, Decimal] = field(default_factory=dict)
    reported_by: int | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """The seller for whom a vendor ships a part of an order (S9)."""

    slug: str
    name: str


@dataclass(slots=True)
class OrderItem:
    """A complete order. Lines are ordered by position, shipments and addresses by ID.

    Lines removed from the order are included as canceled. With a `principal`, it is a vendor's part of another seller's
    order: only the vendor's lines and the shipping address, and no other customer data.
    """

    id: int
    seller_id: int
    source_id: int | None
    number: str
    customer_id: int | None
    status: str
    source_status: str
    currency: str
    total: Decimal
    tax: Decimal
    shipping_cost: Decimal
    placed_at: datetime
    placed_through_b2b: bool
    cart_id: str
    customer_note: str
    internal_note: str
    ip_address: str | None
    revision: int
    updated_at: datetime
    lines: list[OrderLineItem] = field(default_factory=list)
    shipments: list[ShipmentItem] = field(default_factory=list)
    addresses: list[AddressRecord] = field(default_factory=list)
    principal: Principal | None = None


_CUSTOMER = (
    "id", "seller_id", "email", "first_name", "last_name", "company_name", "phone", "tax_id", "group__name",
    "accounting_id", "sales_agent_groups", "price_lists", "discount_percentage", "payment_on_account", "parent_id",
    "b2b_enabled", "status", "note", "revision", "updated_at",
)  # fmt: skip
_ORDER = (
    "id", "seller_id", "source_id", "number", "customer_id", "status", "source_status", "currency", "total", "tax",
    "shipping_cost", "placed_at", "placed_through_b2b", "cart_id", "customer_note", "internal_note", "ip_address",
    "revision", "updated_at",
)  # fmt: skip
_LINE = (
    "id", "order_id", "variant_id", "position", "sku", "title", "vendor", "quantity", "unit_price", "status",
)  # fmt: skip
ADDRESS = (
    "external_id", "use", "first_name", "last_name", "company", "street", "street2", "city", "region", "postcode",
    "country", "phone", "email",
)  # fmt: skip


def load_customers(ids: Sequence[int]) -> dict[int, CustomerItem]:
    """Customers with their addresses by ID. Two queries."""
    customers = {}
    for row in Customer.objects.filter(id__in=ids).values_list(*_CUSTOMER):
        item = CustomerItem(*row)
        item.group = item.group or ""
        customers[item.id] = item
    addresses = Address.objects.filter(customer_id__in=customers.keys()).order_by("id")
    for customer_id, *values in addresses.values_list("customer_id", *ADDRESS):
        customers[customer_id].addresses.append(_address(values))
    return customers


def load_orders(ids: Sequence[int]) -> dict[int, OrderItem]:
    """Complete orders by ID. Five queries."""
    orders = {row[0]: OrderItem(*row) for row in Order.objects.filter(id__in=ids).values_list(*_ORDER)}
    lines = OrderLine.objects.filter(order_id__in=orders.keys()).order_by("order_id", "position", "id")
    for row in lines.values_list(*_LINE):
        line = OrderLineItem(*row)
        orders[line.order_id].lines.append(line)
    shipments: dict[int, ShipmentItem] = {}
    rows = Shipment.objects.filter(order_id__in=orders.keys()).order_by("id")
    for pk, order_id, external_id, carrier, number, shipped_at, reported_by in rows.values_list(
        "id", "order_id", "external_id", "carrier", "tracking_number", "shipped_at", "reported_by"
    ):
        shipments[pk] = ShipmentItem(external_id, carrier, number, shipped_at, reported_by=reported_by)
        orders[order_id].shipments.append(shipments[pk])
    shipped = ShipmentLine.objects.filter(shipment_id__in=shipments.keys())
    for shipment_id, line_id, quantity in shipped.values_list("shipment_id", "order_line_id", "quantity"):
        shipments[shipment_id].lines[line_id] = quantity
    addresses = Address.objects.filter(order_id__in=orders.keys()).order_by("id")
    for order_id, *values in addresses.values_list("order_id", *ADDRESS):
        orders[order_id].addresses.append(_address(values))
    return orders


def _address(values: Sequence[str]) -> AddressRecord:
    return AddressRecord(**dict(zip(ADDRESS, values, strict=True)))
