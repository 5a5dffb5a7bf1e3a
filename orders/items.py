"""Customers and orders as passed to targets: complete, loaded in batches.

The `load_*` functions take IDs and return the items that exist, in a fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from catalog.models import PriceList
from hub.field_registry import stored_names
from orders.models import (
    Address,
    Customer,
    Order,
    OrderAdjustment,
    OrderLine,
    Refund,
    RefundLine,
    Shipment,
    ShipmentLine,
)
from orders.quantities import CLOSED, NOT_DELIVERED
from orders.records import AddressRecord, AdjustmentRecord, CustomerRecord


@dataclass(slots=True)
class CustomerItem:
    """A customer. `group` is the name of the group or empty. Deleted customers are included, with that status.

    `group_price_lists` are the codes of the price lists that are only for the customer's group; if there are any,
    `default_price_lists` has the lists of default prices beside them: code → name.
    """

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
    group_price_lists: list[str] = field(default_factory=list)
    default_price_lists: dict[str, str] = field(default_factory=dict)


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
    kind: str = "simple"
    parent_id: int | None = None
    needs_shipping: bool = True
    delivery_address: str = ""
    quantity_cancelled: Decimal = Decimal(0)
    quantity_refunded: Decimal = Decimal(0)
    quantity_shipped: Decimal = Decimal(0)
    unit_price_net: Decimal | None = None
    unit_price_gross: Decimal | None = None
    total_net: Decimal | None = None
    tax: Decimal | None = None
    total_gross: Decimal | None = None
    tax_rate: Decimal | None = None
    discount_net: Decimal | None = None
    discount_gross: Decimal | None = None


@dataclass(slots=True)
class ShipmentItem:
    """A shipment. `lines`: order line ID → quantity. `reported_by` is the ID of the ERP connection that reported it,
    None if it was imported with the order."""

    external_id: str
    carrier: str
    tracking_numbers: list[str]
    shipped_at: datetime | None
    lines: dict[int, Decimal] = field(default_factory=dict)
    reported_by: int | None = None


@dataclass(slots=True)
class RefundLineItem:
    """The part of a refund that belongs to an order line."""

    line_id: int
    quantity: Decimal
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


@dataclass(slots=True)
class RefundItem:
    """A refund. Its lines are ordered by the ID of the order line."""

    external_id: str
    number: str
    refunded_at: datetime | None
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None
    shipping_net: Decimal | None
    shipping_gross: Decimal | None
    adjustment: Decimal | None
    lines: list[RefundLineItem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Principal:
    """The seller for whom a vendor ships a part of an order (S9)."""

    slug: str
    name: str


@dataclass(slots=True)
class OrderItem:
    """A complete order. Lines are ordered by position, shipments and addresses by ID.

    Lines removed from the order are included as canceled. `adjustments` are charges, discounts and payments. With a
    `principal`, it is a vendor's part of another seller's order: only the vendor's lines and the shipping address, and
    no other customer data.
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
    # The connection that the order is loaded for, if it may have shipped lines itself.
    target_id: int | None = None
    customer_reference: str = ""
    base_currency: str = ""
    exchange_rate: Decimal | None = None
    prices_include_tax: bool | None = None
    subtotal_net: Decimal | None = None
    subtotal_gross: Decimal | None = None
    total_net: Decimal | None = None
    paid: Decimal | None = None
    refunded: Decimal | None = None
    reconciliation: str = ""
    difference: Decimal | None = None
    accepted_difference: Decimal | None = None
    read_version: int = 2
    adjustments: list[AdjustmentRecord] = field(default_factory=list)
    refunds: list[RefundItem] = field(default_factory=list)

    @property
    def awaits_customer(self) -> bool:
        """Whether the order names a customer who has not been imported (M10)."""
        return self.customer_id is None and bool(self.customer_reference)

    def shipped_quantities(self, *, except_by: int | None = None) -> dict[int, Decimal]:
        """Order line ID → quantity shipped, as the source tells it or as the shipments add up, whichever is more.

        `except_by`: a connection whose own shipments are not counted.
        """
        own = self.quantities_shipped_by(except_by) if except_by is not None else {}
        found = {}
        for line in self.lines:
            all_reported = sum((each.lines.get(line.id, Decimal(0)) for each in self.shipments), Decimal(0))
            # What the source calls shipped includes what it was told of the excluded connection's shipments.
            found[line.id] = max(line.quantity_shipped, all_reported) - own.get(line.id, Decimal(0))
        return found

    def open_quantities(self) -> dict[int, Decimal]:
        """Order line ID → what is open: ordered − canceled − refunded − shipped, never negative (M1)."""
        return self._left(self.shipped_quantities())

    def target_quantities(self) -> dict[int, Decimal]:
        """Order line ID → what the target has to deliver, including what it has delivered itself (M8)."""
        if self.target_id is None:
            return self.open_quantities()
        own = self.quantities_shipped_by(self.target_id)
        left = self._left(self.shipped_quantities(except_by=self.target_id))
        # Goods may be refunded after the target shipped them.
        return {line_id: max(quantity, own.get(line_id, Decimal(0))) for line_id, quantity in left.items()}

    def returned_quantities(self) -> dict[int, Decimal]:
        """Order line ID → what the target shipped although it is not to be delivered any more: refunded afterwards."""
        if self.target_id is None:
            return {line.id: Decimal(0) for line in self.lines}
        own = self.quantities_shipped_by(self.target_id)
        left = self._left(self.shipped_quantities(except_by=self.target_id), ended=NOT_DELIVERED)
        return {line_id: max(Decimal(0), own.get(line_id, Decimal(0)) - quantity) for line_id, quantity in left.items()}

    def quantities_shipped_by(self, connection: int | None) -> dict[int, Decimal]:
        """Order line ID → quantity in the shipments that a connection reported."""
        found: dict[int, Decimal] = defaultdict(Decimal)
        for shipment in self.shipments:
            if shipment.reported_by == connection:
                for line_id, quantity in shipment.lines.items():
                    found[line_id] += quantity
        return found

    def _left(self, shipped: dict[int, Decimal], ended: Collection[str] = CLOSED) -> dict[int, Decimal]:
        """Order line ID → quantity that is neither canceled, refunded nor `shipped`.

        0 if the line's status is in `ended`: an earlier release stored no quantities.
        """
        found = {}
        for line in self.lines:
            left = line.quantity - line.quantity_cancelled - line.quantity_refunded - shipped[line.id]
            found[line.id] = Decimal(0) if line.status in ended else max(Decimal(0), left)
        return found


_CUSTOMER = ("id", "seller_id", "group__name", "parent_id", "status", "revision", "updated_at")
_ORDER = (
    "id", "seller_id", "source_id", "number", "customer_id", "status", "source_status", "currency", "total", "tax",
    "shipping_cost", "placed_at", "placed_through_b2b", "cart_id", "customer_note", "internal_note", "ip_address",
    "revision", "updated_at",
)  # fmt: skip
_ORDER_AMOUNTS = (
    "customer_reference", "base_currency", "exchange_rate", "prices_include_tax", "subtotal_net", "subtotal_gross",
    "total_net", "paid", "refunded", "reconciliation", "difference", "accepted_difference", "read_version",
)  # fmt: skip
_LINE = (
    "id", "order_id", "variant_id", "position", "sku", "title", "vendor", "quantity", "unit_price", "status", "kind",
    "parent_id", "needs_shipping", "delivery_address", "quantity_cancelled", "quantity_refunded", "quantity_shipped",
    "unit_price_net", "unit_price_gross", "total_net", "tax", "total_gross", "tax_rate", "discount_net",
    "discount_gross",
)  # fmt: skip
ADJUSTMENT = (
    "kind", "title", "code", "net", "tax", "gross", "tax_rate", "discount_net", "discount_gross",
)  # fmt: skip
_REFUND = (
    "external_id", "number", "refunded_at", "net", "tax", "gross", "shipping_net", "shipping_gross", "adjustment",
)  # fmt: skip
ADDRESS = (
    "external_id", "use", "first_name", "last_name", "company", "street", "street2", "city", "region", "postcode",
    "country", "phone", "email",
)  # fmt: skip


def load_customers(ids: Sequence[int]) -> dict[int, CustomerItem]:
    """Customers with their addresses and the price lists of their groups by ID. At most three queries."""
    customers = {}
    for row in Customer.objects.filter(id__in=ids).values(*_CUSTOMER, *stored_names(CustomerRecord)):
        row["group"] = row.pop("group__name") or ""
        customers[row["id"]] = CustomerItem(**row)
    addresses = Address.objects.filter(customer_id__in=customers.keys()).order_by("id")
    for customer_id, *values in addresses.values_list("customer_id", *ADDRESS):
        customers[customer_id].addresses.append(_address(values))
    _load_group_price_lists(customers.values())
    return customers


def _load_group_price_lists(customers: Collection[CustomerItem]) -> None:
    sellers = {each.seller_id for each in customers if each.group}
    for_groups: dict[tuple[int, str], list[str]] = defaultdict(list)
    defaults: dict[int, dict[str, str]] = defaultdict(dict)
    lists = PriceList.objects.filter(~Q(customer_groups=[]) | Q(connection__isnull=False), seller__in=sellers)
    fields = ("seller_id", "slug", "name", "connection_id", "customer_groups")
    for seller_id, slug, name, connection_id, groups in lists.order_by("slug").values_list(*fields) if sellers else ():
        if connection_id is not None:
            defaults[seller_id][slug] = name
        for group in groups:
            for_groups[seller_id, group].append(slug)
    for each in customers:
        each.group_price_lists = for_groups.get((each.seller_id, each.group), [])
        each.default_price_lists = dict(defaults[each.seller_id]) if each.group_price_lists else {}


def load_orders(ids: Sequence[int]) -> dict[int, OrderItem]:
    """Complete orders by ID. At most eight queries."""
    orders = {}
    for row in Order.objects.filter(id__in=ids).values_list(*_ORDER, *_ORDER_AMOUNTS):
        item = OrderItem(*row[: len(_ORDER)])
        for name, value in zip(_ORDER_AMOUNTS, row[len(_ORDER) :], strict=True):
            setattr(item, name, value)
        orders[item.id] = item
    lines = OrderLine.objects.filter(order_id__in=orders.keys()).order_by("order_id", "position", "id")
    for row in lines.values_list(*_LINE):
        line = OrderLineItem(*row)
        orders[line.order_id].lines.append(line)
    adjustments = OrderAdjustment.objects.filter(order_id__in=orders.keys()).order_by("position", "id")
    for order_id, *values in adjustments.values_list("order_id", *ADJUSTMENT):
        orders[order_id].adjustments.append(AdjustmentRecord(**dict(zip(ADJUSTMENT, values, strict=True))))
    _load_shipments(orders)
    _load_refunds(orders)
    addresses = Address.objects.filter(order_id__in=orders.keys()).order_by("id")
    for order_id, *values in addresses.values_list("order_id", *ADDRESS):
        orders[order_id].addresses.append(_address(values))
    return orders


def _load_shipments(orders: dict[int, OrderItem]) -> None:
    shipments: dict[int, ShipmentItem] = {}
    rows = Shipment.objects.filter(order_id__in=orders.keys()).order_by("id")
    for pk, order_id, external_id, carrier, numbers, joined, shipped_at, reported_by in rows.values_list(
        "id", "order_id", "external_id", "carrier", "tracking_numbers", "tracking_number", "shipped_at", "reported_by"
    ):
        numbers = Shipment(tracking_numbers=numbers, tracking_number=joined).all_tracking_numbers
        shipments[pk] = ShipmentItem(external_id, carrier, numbers, shipped_at, reported_by=reported_by)
        orders[order_id].shipments.append(shipments[pk])
    shipped = ShipmentLine.objects.filter(shipment_id__in=shipments.keys())
    for shipment_id, line_id, quantity in shipped.values_list("shipment_id", "order_line_id", "quantity"):
        shipments[shipment_id].lines[line_id] = quantity


def _load_refunds(orders: dict[int, OrderItem]) -> None:
    refunds: dict[int, RefundItem] = {}
    rows = Refund.objects.filter(order_id__in=orders.keys()).order_by("id")
    for pk, order_id, *values in rows.values_list("id", "order_id", *_REFUND):
        refunds[pk] = RefundItem(*values)
        orders[order_id].refunds.append(refunds[pk])
    lines = RefundLine.objects.filter(refund_id__in=refunds.keys()).order_by("order_line_id")
    for refund_id, *values in lines.values_list("refund_id", "order_line_id", "quantity", "net", "tax", "gross"):
        refunds[refund_id].lines.append(RefundLineItem(*values))


def _address(values: Sequence[str]) -> AddressRecord:
    return AddressRecord(**dict(zip(ADDRESS, values, strict=True)))
