"""Converts an order of a shop to a record.

A configurable product appears twice in an order: as the purchased line, with price and quantity, and nested in it as
the selected simple product. The two are converted to one line, with the variant of the second.

A bundle is a line with a line for each of its parts, which are what is shipped. With a dynamic price the parts have
the amounts, and the bundle repeats their sums; with a fixed price the bundle has them. A bundle that the shop ships as
one becomes a kit: its parts are shipped as often as it is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from connectors.platforms.magento.client import ShopClient
from connectors.platforms.magento.shipments import MAGENTO_ID_PREFIX, Shipment
from connectors.platforms.magento.sources.order_addresses import address_record, set_delivery_addresses
from connectors.platforms.magento.sources.order_amounts import refund_record, with_amounts
from connectors.platforms.magento.sources.order_rows import CANCELED_MEMO, CreditMemo, ItemRow, OrderRow
from connectors.platforms.magento.values import mapped_value, text
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.records import OrderLineRecord, OrderRecord, Problem, ShipmentRecord
from orders.quantities import line_status, order_progress

# The vendor's order states, which are fixed (statuses can be customized) → ours.
STATES = {
    "new": "pending",
    "pending_payment": "pending",
    "payment_review": "pending",
    "holded": "pending",
    "processing": "confirmed",
    "complete": "shipped",
    "closed": "refunded",
    "canceled": "cancelled",
}
# Types of products → kinds of lines; all others are simple.
KINDS = {
    "configurable": "configurable",
    "grouped": "grouped",
    "virtual": "virtual",
    "downloadable": "downloadable",
    "giftcard": "gift_card",
}
NOT_SHIPPED = ("virtual", "downloadable")
# The prefix of an attribute code in the field map.
PRODUCT_PREFIX = "product."


def order_link(client: ShopClient, external_id: str) -> str:
    return client.link(f"sales/order/view/order_id/{external_id}")


def items(row: Any) -> list[dict[str, Any]]:
    found = row.get("items") if isinstance(row, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


@dataclass(slots=True)
class OrderDetails:
    """What was fetched for all orders of a page. `credit_memos` None: the shop does not let us read them.

    `vendors` and `ships_together`: product → its vendor, and whether a bundle is shipped as one. `unreadable`: path of
    a listing → the orders of which it has a row that cannot be read.
    """

    shipments: Mapping[int, Sequence[Shipment]] = field(default_factory=dict)
    vendors: Mapping[int, str] = field(default_factory=dict)
    credit_memos: Mapping[int, Sequence[CreditMemo]] | None = field(default_factory=dict)
    ships_together: Mapping[int, bool] = field(default_factory=dict)
    unreadable: Mapping[str, Collection[int]] = field(default_factory=dict)


class OrderRecordBuilder:
    """Converts one row to a record."""

    def __init__(self, client: ShopClient, raw: Any, details: OrderDetails) -> None:
        self.client = client
        self.details = details
        self.raw = {whole_number(each.get("item_id")): each for each in items(raw)}
        self.problems: list[Problem] = []

    def build(self, api_row: OrderRow) -> OrderRecord:
        self.parts: dict[int, list[ItemRow]] = defaultdict(list)
        for item in api_row.items:
            if item.parent_item_id is not None:
                self.parts[item.parent_item_id].append(item)
        # The items that have an amount, by the line that they became.
        self.priced: dict[str, ItemRow] = {}
        lines: list[OrderLineRecord] = []
        for item in api_row.items:
            if item.parent_item_id is None:
                lines += self._lines(item, len(lines))
        set_delivery_addresses(lines, api_row.extension_attributes.shipping_assignments)
        known = {line.external_id for line in lines}
        memos = None if self.details.credit_memos is None else self.details.credit_memos.get(api_row.entity_id, ())
        refunds = None
        if memos is not None:
            valid = [memo for memo in memos if memo.state != CANCELED_MEMO]
            refunds = [refund_record(memo, {line: line for line in known}) for memo in valid]
        elif api_row.total_refunded:
            self.problems.append(issues.REFUNDS_NOT_READABLE())
        self.problems += [
            issues.UNREADABLE(field=path, reason="the shop returned it in an unexpected format")
            for path, orders in self.details.unreadable.items()
            if api_row.entity_id in orders
        ]
        b2b = self.client.settings.b2b_store_id
        record = OrderRecord(
            external_id=str(api_row.entity_id),
            updated_at=api_row.updated_at,
            link=order_link(self.client, str(api_row.entity_id)),
            number=api_row.increment_id,
            status=self._status(api_row, lines),
            source_status=api_row.status,
            currency=api_row.order_currency_code,
            base_currency=api_row.base_currency_code,
            exchange_rate=_inverse(api_row.base_to_order_rate),
            subtotal_net=api_row.subtotal,
            subtotal_gross=api_row.subtotal_incl_tax,
            total=api_row.grand_total,
            total_net=api_row.grand_total - api_row.tax_amount,
            tax=api_row.tax_amount,
            shipping_cost=api_row.shipping_incl_tax,
            paid=api_row.total_paid,
            refunded=api_row.total_refunded or Decimal(0),
            placed_at=api_row.created_at,
            customer_id=str(api_row.customer_id or ""),
            placed_through_b2b=b2b is not None and api_row.store_id == b2b,
            shop_cart=api_row.quote_id,
            customer_note=api_row.customer_note,
            ip_address=_ip(api_row.remote_ip),
            lines=lines,
            shipments=self._shipments(api_row),
            refunds=refunds,
            addresses=[
                address_record(each, use, self.problems)
                for each, use in (
                    (api_row.billing_address, "billing"),
                    *(
                        (each.shipping.address, "shipping")
                        for each in api_row.extension_attributes.shipping_assignments
                    ),
                )
                if each is not None
            ],
            problems=self.problems,
        )
        return with_amounts(record, api_row, self.priced)

    def _status(self, api_row: OrderRow, lines: list[OrderLineRecord]) -> str:
        if api_row.state not in STATES:
            self.problems.append(issues.ORDER_STATE_UNKNOWN(state=api_row.state or "(empty)"))
        status = STATES.get(api_row.state, "pending")
        return (order_progress(lines) or status) if status == "confirmed" else status

    def _lines(self, item: ItemRow, position: int) -> list[OrderLineRecord]:
        """The line of an item that was bought, followed by its parts if it is a bundle."""
        parts = self.parts[item.item_id]
        if item.product_type != "bundle":
            chosen = parts[0] if parts and item.product_type == "configurable" else item
            line = self._line(item, chosen, KINDS.get(item.product_type, "simple"), position)
            line.needs_shipping = not (item.is_virtual or line.kind in NOT_SHIPPED)
            self.priced[line.external_id] = item
            return [line]
        together = self._ships_together(item, parts)
        bundle = self._line(item, item, "kit" if together else "bundle", position)
        bundle.needs_shipping = not parts
        found = [bundle]
        for number, part in enumerate(parts, 1):
            line = self._line(part, part, "bundle_part", position + number)
            line.parent_id = bundle.external_id
            line.needs_shipping = not (part.is_virtual or part.product_type in NOT_SHIPPED)
            _take_over(line, item, together=together)
            line.status = line_status(line)
            found.append(line)
        dynamic = any(part.price or part.row_total for part in parts)
        for line, own in zip(found, [item, *parts], strict=True):
            if dynamic == (line is not bundle) or not parts:
                self.priced[line.external_id] = own
        return found

    def _ships_together(self, bundle: ItemRow, parts: Sequence[ItemRow]) -> bool:
        """As the product says; if it is gone, as its shipments say."""
        known = self.details.ships_together.get(bundle.product_id)
        if known is not None:
            return known
        return bool(bundle.qty_shipped) and not any(part.qty_shipped for part in parts)

    def _line(self, item: ItemRow, bought: ItemRow, kind: str, position: int) -> OrderLineRecord:
        line = OrderLineRecord(
            external_id=str(item.item_id),
            sku=item.sku,
            variant_id=str(bought.product_id or ""),
            title=item.name,
            vendor=self._vendor(item, bought),
            position=position,
            kind=kind,
            quantity=item.qty_ordered,
            quantity_cancelled=item.qty_canceled,
            quantity_refunded=item.qty_refunded,
            quantity_shipped=item.qty_shipped,
        )
        line.status = line_status(line)
        return line

    def _shipments(self, api_row: OrderRow) -> list[ShipmentRecord]:
        """Shipments that were created in the shop; one with our key is the hub's own and is left out.

        A shipment of a bundle that ships as one becomes a shipment of its parts.
        """
        records = []
        for shipment in sorted(self.details.shipments.get(api_row.entity_id, ()), key=lambda each: each.entity_id):
            if shipment.key is not None:
                continue
            lines: dict[str, Decimal] = defaultdict(Decimal)
            for each in shipment.items:
                for line_id, quantity in self._shipped_lines(each.order_item_id, each.qty, api_row.items):
                    lines[line_id] += quantity
            records.append(
                ShipmentRecord(
                    external_id=f"{MAGENTO_ID_PREFIX}{shipment.entity_id}",
                    carrier=shipment.tracks[0].title if shipment.tracks else "",
                    tracking_numbers=[each.track_number for each in shipment.tracks if each.track_number],
                    shipped_at=shipment.created_at,
                    lines=dict(lines),
                )
            )
        return records

    def _shipped_lines(self, item_id: str, quantity: Decimal, rows: Sequence[ItemRow]) -> Iterable[tuple[str, Decimal]]:
        bundle = next((row for row in rows if str(row.item_id) == item_id and row.product_type == "bundle"), None)
        parts = self.parts[bundle.item_id] if bundle else []
        if bundle is None or not parts:
            return [(item_id, quantity)]
        return [(str(part.item_id), quantity * _per_bundle(part, bundle)) for part in parts]

    def _vendor(self, item: ItemRow, bought: ItemRow) -> str:
        path = self.client.field_map.orders.vendor
        if path.startswith(PRODUCT_PREFIX):
            return self.details.vendors.get(bought.product_id) or self.details.vendors.get(item.product_id, "")
        own = text(mapped_value(self.raw.get(item.item_id), path))
        return own or text(mapped_value(self.raw.get(bought.item_id), path))


def _per_bundle(part: ItemRow, bundle: ItemRow) -> Decimal:
    """How many pieces of a part are in one bundle."""
    return part.qty_ordered / bundle.qty_ordered if bundle.qty_ordered else Decimal(0)


def _take_over(line: OrderLineRecord, bundle: ItemRow, *, together: bool) -> None:
    """The quantities of a part that the shop keeps only at its bundle."""
    if not bundle.qty_ordered:
        return
    ratio = line.quantity / bundle.qty_ordered
    line.quantity_cancelled = max(line.quantity_cancelled, bundle.qty_canceled * ratio)
    line.quantity_refunded = max(line.quantity_refunded, bundle.qty_refunded * ratio)
    if together:
        line.quantity_shipped = max(line.quantity_shipped, bundle.qty_shipped * ratio)


def _inverse(rate: Decimal | None) -> Decimal | None:
    """The base amount for one unit of the order's currency; the shop has the rate of the other direction."""
    return 1 / rate if rate else None


def _ip(value: str) -> str | None:
    try:
        return str(ip_address(value))
    except ValueError:
        return None
