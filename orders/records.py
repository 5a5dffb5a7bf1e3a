"""Customers and orders as read from a source. Amounts are in the major unit of the currency.

None as an amount: the source does not provide it. `net` is without tax, `gross` with tax.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from hub.field_registry import hub_field, register_fields
from hub.kinds import Kind
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


@register_fields(Kind.CUSTOMER)
@dataclass(slots=True, kw_only=True)
class CustomerRecord(Record):
    """A customer (D13). `group` is the name of the group, `parent_id` the external ID of the parent.

    `b2b_enabled` None: the source doesn't say, so the filters of the import job decide. `addresses` None: they were not
    read and must be kept.
    """

    email: str = hub_field(_("Email"), default="")
    first_name: str = hub_field(_("First name"), default="")
    last_name: str = hub_field(_("Last name"), default="")
    company_name: str = hub_field(_("Company"), default="")
    phone: str = hub_field(_("Phone"), default="")
    tax_id: str = hub_field(_("Tax ID"), mappable=True, default="")
    group: str = hub_field(_("Customer group"), mappable=True, relation=True, default="")
    accounting_id: str = hub_field(_("Accounting ID"), mappable=True, default="")
    sales_agent_groups: list[str] = hub_field(_("Sales agent groups"), mappable=True, default_factory=list)
    price_lists: list[str] = hub_field(_("Price lists"), mappable=True, default_factory=list)
    discount_percentage: Decimal | None = hub_field(_("Discount"), unit="%", mappable=True, default=None)
    payment_on_account: bool | None = hub_field(_("Payment on account"), mappable=True, default=None)
    parent_id: str = hub_field(_("Parent customer"), mappable=True, relation=True, default="")
    b2b_enabled: bool | None = hub_field(_("Enabled for B2B"), default=None)
    note: str = hub_field(_("Note"), default="")
    addresses: list[AddressRecord] | None = hub_field(_("Addresses"), relation=True, default=None)


@register_fields(Kind.ORDER_LINE)
@dataclass(slots=True, kw_only=True)
class OrderLineRecord:
    """A line of an order (M1). `variant_id` is an external ID, `status` a value of orders.models.Order.Status.

    `kind` is a value of orders.models.OrderLine.Kind; `parent_id` the external ID of the bundle or kit that the line is
    a part of. `needs_shipping` is False for what is never shipped: virtual goods, or a bundle whose parts are shipped;
    None: the source does not say it of this order any more, so it and `kind` are kept as they were read before.
    `delivery_address` is the `external_id` of an address of the order, for orders that have several.

    Prices of one piece are before discounts. `total_net`, `tax` and `total_gross` are of the whole line: after
    discounts if the line has a `discount_*`, its share of them; before discounts if no line and no charge has any, for
    then the discounts of the order are shared out. Amounts that follow from others may be left out. A bundle's price
    stands either on the bundle or on its parts; the other side has amounts of zero. `unit_price` alone: the source does
    not say whether with tax.
    """

    external_id: str
    sku: str = hub_field(_("SKU"), default="")
    variant_id: str = hub_field(_("Variant"), relation=True, default="")
    title: str = hub_field(_("Title"), default="")
    vendor: str = hub_field(_("Vendor"), mappable=True, default="")
    position: int = hub_field(_("Position"), default=0)
    kind: str = hub_field(_("Kind"), default="simple")
    parent_id: str = hub_field(_("Bundle"), relation=True, default="")
    needs_shipping: bool | None = hub_field(_("Needs shipping"), default=True)
    delivery_address: str = hub_field(_("Delivery address"), default="")
    quantity: Decimal = hub_field(_("Quantity"), unit="pieces")
    quantity_cancelled: Decimal = hub_field(_("Canceled quantity"), unit="pieces", default=Decimal(0))
    quantity_refunded: Decimal = hub_field(_("Refunded quantity"), unit="pieces", default=Decimal(0))
    quantity_shipped: Decimal = hub_field(_("Shipped quantity"), unit="pieces", default=Decimal(0))
    unit_price: Decimal | None = hub_field(_("Unit price"), unit="currency", default=None)
    unit_price_net: Decimal | None = hub_field(_("Unit price without tax"), unit="currency", default=None)
    unit_price_gross: Decimal | None = hub_field(_("Unit price with tax"), unit="currency", default=None)
    total_net: Decimal | None = hub_field(_("Total without tax"), unit="currency", default=None)
    tax: Decimal | None = hub_field(_("Tax"), unit="currency", default=None)
    total_gross: Decimal | None = hub_field(_("Total with tax"), unit="currency", default=None)
    tax_rate: Decimal | None = hub_field(_("Tax rate"), unit="%", default=None)
    discount_net: Decimal | None = hub_field(_("Discount without tax"), unit="currency", default=None)
    discount_gross: Decimal | None = hub_field(_("Discount with tax"), unit="currency", default=None)
    status: str = hub_field(_("Status"), default="pending")


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


@register_fields(Kind.ORDER)
@dataclass(slots=True, kw_only=True)
class OrderRecord(Record):
    """An order (D14). `status` is a value of orders.models.Order.Status, `source_status` the status in the source.

    `customer_id` is an external ID. `lines` and `adjustments` must be complete: missing ones were removed from the
    order. If `adjustments`, `shipments` or `refunds` is None or `addresses` is empty, they were not read and must be
    kept. The amounts are explained in orders.models.Order; `shipping_cost` is with tax.
    """

    number: str = hub_field(_("Number"))
    status: str = hub_field(_("Status"))
    currency: str = hub_field(_("Currency"))
    total: Decimal = hub_field(_("Total"), unit="currency")
    placed_at: datetime = hub_field(_("Placed"))
    source_status: str = hub_field(_("Status in the source"), default="")
    base_currency: str = hub_field(_("Base currency"), default="")
    exchange_rate: Decimal | None = hub_field(_("Exchange rate"), default=None)
    prices_include_tax: bool | None = hub_field(_("Prices include tax"), default=None)
    subtotal_net: Decimal | None = hub_field(_("Subtotal without tax"), unit="currency", default=None)
    subtotal_gross: Decimal | None = hub_field(_("Subtotal with tax"), unit="currency", default=None)
    total_net: Decimal | None = hub_field(_("Total without tax"), unit="currency", default=None)
    tax: Decimal = hub_field(_("Tax"), unit="currency", default=Decimal(0))
    shipping_cost: Decimal = hub_field(_("Shipping cost"), unit="currency", default=Decimal(0))
    paid: Decimal | None = hub_field(_("Paid"), unit="currency", default=None)
    refunded: Decimal | None = hub_field(_("Refunded"), unit="currency", default=None)
    customer_id: str = hub_field(_("Customer"), relation=True, default="")
    placed_through_b2b: bool = hub_field(_("Placed through B2B"), default=False)
    cart_id: str = hub_field(_("Cart ID"), default="")
    customer_note: str = hub_field(_("Customer note"), default="")
    internal_note: str = hub_field(_("Internal note"), default="")
    ip_address: str | None = hub_field(_("IP address"), default=None)
    lines: list[OrderLineRecord] = hub_field(_("Lines"), relation=True, default_factory=list)
    adjustments: list[AdjustmentRecord] | None = hub_field(
        _("Charges, discounts and payments"), relation=True, default=None
    )
    shipments: list[ShipmentRecord] | None = hub_field(_("Shipments"), relation=True, default=None)
    refunds: list[RefundRecord] | None = hub_field(_("Refunds"), relation=True, default=None)
    addresses: list[AddressRecord] = hub_field(_("Addresses"), relation=True, default_factory=list)
    # The shop's own ID of the cart, where that is not `cart_id`: only used to find the storefront's cart of the order.
    shop_cart: str = ""


@dataclass(slots=True, kw_only=True)
class FulfilmentRecord(Record):
    """All shipments so far of an order that was exported to a system: the whole order or a vendor's part (S9).

    `external_id` and the IDs of shipment lines are those that the system assigned when it received the order.
    """

    shipments: list[ShipmentRecord] = field(default_factory=list)
