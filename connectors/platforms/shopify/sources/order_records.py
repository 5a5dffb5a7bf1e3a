"""Converts an order with all that belongs to it to a record (D14, M1-M9)."""

from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from connectors.platforms.shopify.mapping import mapped_value
from connectors.platforms.shopify.reader import Reader
from connectors.platforms.shopify.sources.addresses import address_record
from connectors.platforms.shopify.sources.order_amounts import (
    ZERO,
    adjustments,
    amount,
    money,
    reconciled,
    set_line_amounts,
)
from connectors.platforms.shopify.sources.refunds import refund_record, refunded_quantities, worth_of_refunds
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.records import AddressRecord, OrderLineRecord, OrderRecord, ShipmentRecord
from orders.quantities import line_status, order_progress

# Shipments that exist: others were withdrawn, or are only announced.
_SHIPPED = ("SUCCESS",)
_UNPAID = ("PENDING", "EXPIRED", "VOIDED")
_RATE_PLACES = Decimal("0.0000000001")


def order_record(order: Reader, *, link: str, vendor_path: str) -> OrderRecord:
    """`order` has lists instead of connections, also those of `fulfillments`, `refunds` and `transactions`."""
    placed_at = order.timestamp("processedAt") or order.timestamp("createdAt")
    if placed_at is None:
        raise MalformedField("processedAt", None, "a time")
    with_tax = order.flag("taxesIncluded")
    all_refunds = order.objects("refunds")
    worth = worth_of_refunds(order, all_refunds, with_tax=with_tax)
    refunds = [(refund, value) for refund, value in zip(all_refunds, worth, strict=True) if value]
    shipments = [each for each in order.objects("fulfillments") if each.text("status") in _SHIPPED]
    shipped = _quantities(shipments)
    refunded = refunded_quantities([refund for refund, _ in refunds])
    lines = [
        _line(line, position, with_tax=with_tax, shipped=shipped, refunded=refunded, vendor_path=vendor_path)
        for position, line in enumerate(order.objects("lineItems"))
    ]
    total, tax = amount(order, "totalPriceSet"), money(order, "totalTaxSet") or ZERO
    subtotal = sum((amount(line, "originalTotalSet") for line in order.objects("lineItems")), ZERO)
    record = OrderRecord(
        external_id=order.number(),
        updated_at=order.timestamp("updatedAt"),
        link=link,
        number=order.text("name"),
        status=_status(order, lines),
        source_status=_source_status(order),
        currency=order.text("presentmentCurrencyCode"),
        base_currency=order.text("currencyCode"),
        exchange_rate=_exchange_rate(order, total),
        prices_include_tax=with_tax,
        subtotal_gross=subtotal if with_tax else None,
        subtotal_net=None if with_tax else subtotal,
        total_net=total - tax,
        total=total,
        tax=tax,
        paid=money(order, "totalReceivedSet"),
        refunded=money(order, "totalRefundedSet"),
        placed_at=placed_at,
        customer_id=order.nested("customer").number(),
        placed_through_b2b=is_of_company(order.raw),
        cart_id=order.text("cartToken"),
        customer_note=order.text("note"),
        ip_address=_ip(order.text("clientIp")),
        lines=lines,
        adjustments=adjustments(order, with_tax=with_tax),
        shipments=[_shipment(each) for each in shipments],
        refunds=[refund_record(refund, value, with_tax=with_tax) for refund, value in refunds],
        addresses=_addresses(order),
    )
    record.shipping_cost = sum(
        (
            each.gross if each.gross is not None else (each.net or ZERO) + (each.tax or ZERO)
            for each in record.adjustments or ()
            if each.kind == "shipping"
        ),
        ZERO,
    )
    return reconciled(record, order)


def is_of_company(raw: dict[str, Any]) -> bool:
    entity = raw.get("purchasingEntity")
    return isinstance(entity, dict) and entity.get("__typename") == "PurchasingCompany"


def _status(order: Reader, lines: list[OrderLineRecord]) -> str:
    if order.timestamp("cancelledAt") is not None:
        return "cancelled"
    financial = order.text("displayFinancialStatus")
    if lines and all(line.quantity <= line.quantity_refunded + line.quantity_cancelled for line in lines):
        return "refunded" if financial == "REFUNDED" else "cancelled"
    held = financial in _UNPAID or order.text("displayFulfillmentStatus") == "ON_HOLD"
    return order_progress(lines) or ("pending" if held else "confirmed")


def _source_status(order: Reader) -> str:
    names = (order.text("displayFinancialStatus"), order.text("displayFulfillmentStatus"))
    return ", ".join(name.replace("_", " ").capitalize() for name in names if name)[:60]


def _exchange_rate(order: Reader, total: Decimal) -> Decimal | None:
    """The base amount for one unit of the order's currency."""
    if order.text("currencyCode") == order.text("presentmentCurrencyCode"):
        return Decimal(1)
    base = order.nested("totalShopPrice", "shopMoney").decimal("amount")
    return (base / total).quantize(_RATE_PLACES) if base and total else None


def _quantities(shipments: list[Reader]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for shipment in shipments:
        for each in shipment.objects("fulfillmentLineItems"):
            number = each.nested("lineItem").number()
            found[number] = found.get(number, ZERO) + each.integer("quantity")
    return found


def _line(
    line: Reader,
    position: int,
    *,
    with_tax: bool,
    shipped: dict[str, Decimal],
    refunded: dict[str, Decimal],
    vendor_path: str,
) -> OrderLineRecord:
    number = line.number()
    quantity, current = Decimal(line.integer("quantity")), Decimal(line.integer("currentQuantity"))
    needs_shipping = line.flag("requiresShipping")
    record = OrderLineRecord(
        external_id=number,
        sku=line.text("sku"),
        variant_id=line.nested("variant").number(),
        title=line.text("name"),
        vendor=str(mapped_value(line.raw, vendor_path) or "") if vendor_path else "",
        position=position,
        kind=_kind(line, needs_shipping=needs_shipping),
        needs_shipping=needs_shipping,
        quantity=quantity,
        quantity_shipped=min(quantity, shipped.get(number, ZERO)),
    )
    # What is neither current nor refunded was removed or cancelled.
    record.quantity_refunded = min(refunded.get(number, ZERO), quantity)
    record.quantity_cancelled = max(ZERO, quantity - current - record.quantity_refunded)
    open_there = Decimal(line.integer("unfulfilledQuantity"))
    if needs_shipping and open_there:
        # Pieces that were shipped and then refunded are counted once, or other pieces would seem to be sent.
        most = quantity - record.quantity_cancelled - record.quantity_shipped - open_there
        record.quantity_refunded = max(ZERO, min(record.quantity_refunded, most))
    set_line_amounts(record, line, with_tax=with_tax)
    record.status = line_status(record)
    return record


def _kind(line: Reader, *, needs_shipping: bool) -> str:
    if line.flag("isGiftCard"):
        return "gift_card"
    if not line.nested("variant").raw and not line.nested("product").raw:
        return "custom"
    return "simple" if needs_shipping else "virtual"


def _shipment(shipment: Reader) -> ShipmentRecord:
    tracking = shipment.objects("trackingInfo")
    return ShipmentRecord(
        external_id=shipment.number(),
        carrier=next((company for each in tracking if (company := each.text("company"))), ""),
        tracking_numbers=list(dict.fromkeys(number for each in tracking if (number := each.text("number")))),
        shipped_at=shipment.timestamp("createdAt"),
        lines=_quantities([shipment]),
    )


def _addresses(order: Reader) -> list[AddressRecord]:
    """Of an order without a billing address, such as one of a point of sale, the email address alone."""
    email, found = order.text("email"), []
    for name, use in (("billingAddress", "billing"), ("shippingAddress", "shipping")):
        if order.raw.get(name) is not None:
            found.append(address_record(order.nested(name), use, email=email))
    return found or ([AddressRecord(use="billing", email=email)] if email else [])


def _ip(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None
