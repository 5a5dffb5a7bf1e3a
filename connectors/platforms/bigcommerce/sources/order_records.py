"""Converts an order of the V2 API, with its products, addresses, shipments, coupons, fees and refunds, to a record.

Source of the fields: https://github.com/bigcommerce/docs, reference/orders.v2.oas2.yml and orders.v3.yml.
"""

from datetime import datetime
from decimal import Decimal
from ipaddress import ip_address

from connectors.platforms.bigcommerce.field_reader import FieldReader, mapped_value
from connectors.platforms.bigcommerce.shipments import shipment_key
from connectors.platforms.bigcommerce.sources.modifiers import title_with_choices
from connectors.platforms.bigcommerce.sources.order_amounts import adjustments, paid, set_line_amounts
from connectors.sdk import issues
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.records import (
    AddressRecord,
    OrderLineRecord,
    OrderRecord,
    RefundLineRecord,
    RefundRecord,
    ShipmentRecord,
)
from orders.amounts import with_payments
from orders.quantities import line_status, order_progress

# The vendor's status → ours. 14 (partially refunded) does not say whether the goods were shipped.
STATUSES = {
    1: "pending",
    2: "shipped",
    3: "partly_shipped",
    4: "refunded",
    5: "cancelled",
    6: "cancelled",
    7: "pending",
    8: "confirmed",
    9: "confirmed",
    10: "delivered",
    11: "confirmed",
    12: "pending",
    13: "confirmed",
    14: "confirmed",
}
# Statuses of which the quantities of the lines tell more.
_IN_PROGRESS = ("confirmed", "partly_shipped")
# Types of products that are not shipped, and the kinds of their lines.
_NOT_SHIPPED = {"digital": "downloadable", "giftcertificate": "gift_card"}


def order_record(order: FieldReader, *, link: str, vendor_path: str, b2b_channel: int | None) -> OrderRecord:
    """`order` holds its sub-resources as lists: products, shipping_addresses, shipments, coupons, fees, refunds.

    MalformedField for an order without ID, status or date.
    """
    number, status_id = order.key("id"), order.integer("status_id")
    if not number or status_id not in STATUSES:
        raise MalformedField("status_id" if number else "id", order.raw.get("status_id"), "one of the vendor's")
    placed_at = order.timestamp("date_created")
    if placed_at is None:
        raise MalformedField("date_created", None, "a time")
    several = len(order.items("shipping_addresses")) > 1
    lines = [
        _line(line, order, position, vendor_path=vendor_path, several_addresses=several)
        for position, line in enumerate(order.objects("products"))
    ]
    currency = order.text("default_currency_code") or order.text("currency_code")
    line_ids, with_tax = {line.external_id for line in lines}, order.flag("is_tax_inclusive_pricing")
    refunds = [
        _refund(refund, line_ids, with_tax=with_tax) for refund in order.objects("refunds") if not _is_declined(refund)
    ]
    record = OrderRecord(
        external_id=number,
        updated_at=order.timestamp("date_modified"),
        link=link,
        number=number,
        status=_status(order, STATUSES[status_id], lines),
        source_status=order.text("status"),
        currency=currency,
        base_currency=order.text("store_default_currency_code"),
        exchange_rate=_exchange_rate(order),
        prices_include_tax=order.flag("is_tax_inclusive_pricing"),
        subtotal_net=order.decimal("subtotal_ex_tax"),
        subtotal_gross=order.decimal("subtotal_inc_tax"),
        total_net=order.decimal("total_ex_tax"),
        total=number_of(order, "total_inc_tax"),
        tax=number_of(order, "total_tax"),
        shipping_cost=number_of(order, "shipping_cost_inc_tax"),
        paid=paid(order),
        refunded=sum((refund.gross or Decimal(0) for refund in refunds), Decimal(0)),
        placed_at=placed_at,
        customer_id=order.key("customer_id"),
        placed_through_b2b=b2b_channel is not None and order.integer("channel_id") == b2b_channel,
        cart_id=order.text("cart_id"),
        customer_note=order.text("customer_message"),
        internal_note=order.text("staff_notes"),
        ip_address=_ip(order.text("ip_address") or order.text("ip_address_v6")),
        lines=lines,
        adjustments=adjustments(order, lines),
        # Those that SyncCenter created are known from the systems that reported them.
        shipments=[_shipment(each) for each in order.objects("shipments") if not shipment_key(each.text("comments"))],
        refunds=refunds,
        addresses=[
            _address(order, order.nested("billing_address"), "billing"),
            *(_address(order, each, "shipping") for each in order.objects("shipping_addresses")),
        ],
    )
    # The reference does not say whether `total_inc_tax` contains what was paid with certificates and credit.
    return with_payments(record)


def number_of(values: FieldReader, name: str) -> Decimal:
    return values.decimal(name) or Decimal(0)


def _status(order: FieldReader, status: str, lines: list[OrderLineRecord]) -> str:
    """An archived order is canceled, whatever its status was (M9)."""
    if order.flag("is_deleted"):
        return "cancelled"
    return (order_progress(lines) or status) if status in _IN_PROGRESS else status


def _exchange_rate(order: FieldReader) -> Decimal | None:
    """The base amount for one unit of the order's currency; the vendor has the rate of the other direction."""
    rate = order.decimal("store_default_to_transactional_exchange_rate")
    return 1 / rate if rate else None


def _line(
    line: FieldReader, order: FieldReader, position: int, *, vendor_path: str, several_addresses: bool
) -> OrderLineRecord:
    kind = _NOT_SHIPPED.get(line.text("type")) or ("simple" if line.key("product_id") else "custom")
    quantity, refunded = number_of(line, "quantity"), number_of(line, "quantity_refunded")
    if line.flag("is_refunded") and not refunded:
        refunded = quantity
    record = OrderLineRecord(
        external_id=line.key("id"),
        sku=line.text("sku"),
        variant_id=line.key("variant_id"),
        title=title_with_choices(line),
        vendor=str(mapped_value(line.raw, vendor_path) or ""),
        position=position,
        kind=kind,
        parent_id=line.key("parent_order_product_id"),
        needs_shipping=kind not in _NOT_SHIPPED.values(),
        delivery_address=line.key("order_address_id") if several_addresses else "",
        quantity=quantity,
        quantity_refunded=refunded,
        quantity_shipped=number_of(line, "quantity_shipped"),
        unit_price_net=line.decimal("price_ex_tax"),
        unit_price_gross=line.decimal("price_inc_tax"),
    )
    set_line_amounts(record, line, with_tax=order.flag("is_tax_inclusive_pricing"))
    record.status = line_status(record)
    return record


def _shipment(shipment: FieldReader) -> ShipmentRecord:
    return ShipmentRecord(
        external_id=shipment.key("id"),
        carrier=shipment.text("tracking_carrier") or shipment.text("shipping_provider"),
        tracking_numbers=[number for number in (shipment.text("tracking_number"),) if number],
        shipped_at=shipment.timestamp("date_created"),
        lines={each.key("order_product_id"): number_of(each, "quantity") for each in shipment.objects("items")},
    )


def _refund(refund: FieldReader, line_ids: set[str], *, with_tax: bool) -> RefundRecord:
    """`total_amount` is what the customer gets back, `total_tax` the tax in it. An item names no tax of its own; its
    amount is in prices as the store enters them."""
    gross, tax = number_of(refund, "total_amount"), number_of(refund, "total_tax")
    found: dict[str, RefundLineRecord] = {}
    shipping = order_level = Decimal(0)
    for item in refund.objects("items"):
        kind, requested = item.text("item_type"), item.decimal("requested_amount")
        if kind == "PRODUCT" and item.key("item_id") in line_ids:
            line = found.setdefault(
                item.key("item_id"), RefundLineRecord(line_id=item.key("item_id"), quantity=Decimal(0))
            )
            line.quantity += number_of(item, "quantity")
        elif kind in ("SHIPPING", "HANDLING"):
            shipping += requested or Decimal(0)
        else:  # the order as a whole, gift wrapping, a fee
            order_level += requested or Decimal(0)
    return RefundRecord(
        external_id=refund.key("id"),
        refunded_at=_time(refund),
        net=gross - tax,
        tax=tax,
        gross=gross,
        shipping_net=None if with_tax else shipping or None,
        shipping_gross=(shipping or None) if with_tax else None,
        adjustment=order_level or None,
        lines=list(found.values()),
    )


def _is_declined(refund: FieldReader) -> bool:
    """Whether no payment of the refund went through, so that nothing was paid back."""
    payments = refund.objects("payments")
    return bool(payments) and all(each.flag("is_declined") for each in payments)


def _time(refund: FieldReader) -> datetime | None:
    return refund.timestamp("created")


def _address(order: FieldReader, address: FieldReader, use: str) -> AddressRecord:
    street = address.text("street_1")
    if not street:
        order.report(issues.ADDRESS_INCOMPLETE(use=use))
    return AddressRecord(
        external_id=address.key("id"),
        use=use,
        first_name=address.text("first_name"),
        last_name=address.text("last_name"),
        company=address.text("company"),
        street=street,
        street2=address.text("street_2"),
        city=address.text("city"),
        region=address.text("state"),
        postcode=address.text("zip"),
        country=address.text("country_iso2").upper(),
        phone=address.text("phone"),
        email=address.text("email"),
    )


def _ip(text: str) -> str | None:
    """The IP address; None for other text that stores put in this field."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None
