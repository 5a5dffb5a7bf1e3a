"""Orders with their lines, addresses and shipments (D14, S1).

A configurable product stands in an order twice: as the line that was bought, with price and quantity, and below it as
the simple product that was chosen. One line comes of the two, with the variant of the second.
"""

from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from connectors.listing import Moment, Text, record
from connectors.platforms.magento.attributes import Attributes
from connectors.platforms.magento.forms import mapped, text
from connectors.platforms.magento.reading import Listing, Wire
from connectors.platforms.magento.shipments import of_orders, shipment_records
from connectors.platforms.magento.shop import Filter, Group, Shop
from connectors.records import AddressRecord, OrderLineRecord, OrderRecord, Problem, Record, ShipmentRecord

# The vendor's states, which never change, whatever statuses a shop makes of them → ours.
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
OF_PRODUCT = "product."


class Orders(Listing):
    path = "/orders"
    key = "entity_id"

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self.vendor: str = shop.field_map.orders.vendor
        self.attributes = Attributes(shop)

    def only(self) -> list[Group]:
        b2b = self.shop.settings.b2b_store_id
        return [] if b2b is None else [[Filter("store_id", b2b)]]

    def records(self, rows: list[Any]) -> list[Record]:
        shipments, vendors = self._shipments(rows), self._vendors_of_products(rows)
        return [
            record(row, _Order, _Reading(self, row, shipments, vendors).order, self._bare, key="entity_id")
            for row in rows
        ]

    def _bare(self, number: str) -> OrderRecord:
        return OrderRecord(
            external_id=number,
            number=number,
            status="pending",
            currency="",
            total=Decimal(0),
            placed_at=datetime.fromtimestamp(0, UTC),
            link=self.link(number),
        )

    def link(self, number: str) -> str:
        return self.shop.link(f"sales/order/view/order_id/{number}")

    def _shipments(self, rows: list[Any]) -> dict[int, list[ShipmentRecord]]:
        """Those of the orders of which something was shipped, for all of them together."""
        begun = [row for row in rows if any(each.get("qty_shipped") for each in items(row))]
        return {number: shipment_records(found) for number, found in of_orders(self.shop, self.numbers(begun)).items()}

    def _vendors_of_products(self, rows: list[Any]) -> dict[int, str]:
        """Product → its vendor, where an attribute of products tells it; asked for all orders of a page together."""
        code = self.vendor.removeprefix(OF_PRODUCT)
        if code == self.vendor:
            return {}
        numbers = {each["product_id"] for row in rows for each in items(row) if isinstance(each.get("product_id"), int)}
        found = self.shop.named("/products", "entity_id", sorted(numbers))
        attribute = self.attributes[code]
        vendors = {}
        for row in found:
            value = mapped(row, f"custom_attributes.{code}")
            if isinstance(row, dict) and isinstance(row.get("id"), int) and value is not None:
                vendors[row["id"]] = text(attribute.shown(value) if attribute else value)
        return vendors


def items(row: Any) -> list[dict[str, Any]]:
    found = row.get("items") if isinstance(row, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


class _Reading:
    """One row on its way to a record."""

    def __init__(
        self, orders: Orders, raw: Any, shipments: dict[int, list[ShipmentRecord]], vendors: dict[int, str]
    ) -> None:
        self.orders = orders
        self.shipments = shipments
        self.raw = {each.get("item_id"): each for each in items(raw)}
        self.vendors = vendors
        self.problems: list[Problem] = []

    def order(self, wire: "_Order") -> OrderRecord:
        lines = [each for each in wire.items if each.parent_item_id is None]
        chosen = {each.parent_item_id: each for each in wire.items if each.parent_item_id is not None}
        b2b = self.orders.shop.settings.b2b_store_id
        return OrderRecord(
            external_id=str(wire.entity_id),
            updated_at=wire.updated_at,
            link=self.orders.link(str(wire.entity_id)),
            number=wire.increment_id,
            status=self._status(wire, lines),
            source_status=wire.status,
            currency=wire.order_currency_code,
            total=wire.grand_total,
            tax=wire.tax_amount,
            shipping_cost=wire.shipping_incl_tax,
            placed_at=wire.created_at,
            customer_id=str(wire.customer_id or ""),
            placed_through_b2b=b2b is not None and wire.store_id == b2b,
            customer_note=wire.customer_note,
            ip_address=_ip(wire.remote_ip),
            lines=[self._line(each, chosen.get(each.item_id), place) for place, each in enumerate(lines)],
            shipments=self.shipments.get(wire.entity_id, []),
            addresses=[
                self._address(each, use)
                for each, use in (
                    (wire.billing_address, "billing"),
                    *((each.shipping.address, "shipping") for each in wire.extension_attributes.shipping_assignments),
                )
                if each is not None
            ],
            problems=self.problems,
        )

    def _status(self, wire: "_Order", lines: list["_Line"]) -> str:
        if wire.state not in STATES:
            self.problems.append(
                Problem(
                    "unknown_state",
                    f"Its state, {wire.state or 'empty'}, is none of Magento's own, so it counts as pending.",
                    "Ask whoever looks after the shop what the state means.",
                )
            )
        status = STATES.get(wire.state, "pending")
        if status == "confirmed" and any(each.qty_shipped for each in lines):
            whole = all(each.qty_shipped + each.qty_canceled + each.qty_refunded >= each.qty_ordered for each in lines)
            return "shipped" if whole else "partly_shipped"
        return status

    def _line(self, wire: "_Line", chosen: "_Line | None", position: int) -> OrderLineRecord:
        bought = chosen if chosen and wire.product_type == "configurable" else wire
        return OrderLineRecord(
            external_id=str(wire.item_id),
            sku=wire.sku,
            variant_id=str(bought.product_id or ""),
            title=wire.name,
            vendor=self._vendor(wire, bought),
            position=position,
            quantity=wire.qty_ordered,
            unit_price=wire.price if wire.price_incl_tax is None else wire.price_incl_tax,
            status=_line_status(wire),
        )

    def _vendor(self, wire: "_Line", bought: "_Line") -> str:
        path = self.orders.vendor
        if path.startswith(OF_PRODUCT):
            return self.vendors.get(bought.product_id) or self.vendors.get(wire.product_id, "")
        own = text(mapped(self.raw.get(wire.item_id), path))
        return own or text(mapped(self.raw.get(bought.item_id), path))

    def _address(self, wire: "_Address", use: str) -> AddressRecord:
        first, *more = wire.street or [""]
        if not first.strip():
            self.problems.append(
                Problem(
                    "address_incomplete",
                    f"The first line of its {use} address is empty.",
                    "Enter street and number in the order, in Magento.",
                )
            )
        return AddressRecord(
            external_id=wire.entity_id,
            use=use,
            first_name=wire.firstname,
            last_name=wire.lastname,
            company=wire.company,
            street=first,
            street2=", ".join(more),
            city=wire.city,
            region=wire.region,
            postcode=wire.postcode,
            country=wire.country_id.upper(),
            phone=wire.telephone,
            email=wire.email,
        )


def _line_status(wire: "_Line") -> str:
    if 0 < wire.qty_ordered <= wire.qty_refunded:
        return "refunded"
    if 0 < wire.qty_ordered <= wire.qty_canceled:
        return "cancelled"
    if not wire.qty_shipped:
        return "pending"
    left = wire.qty_ordered - wire.qty_shipped - wire.qty_canceled - wire.qty_refunded
    return "partly_shipped" if left > 0 else "shipped"


def _ip(value: str) -> str | None:
    try:
        return str(ip_address(value))
    except ValueError:
        return None


class _Address(Wire):
    entity_id: Text = ""
    firstname: Text = ""
    lastname: Text = ""
    company: Text = ""
    street: list[Text] = []
    city: Text = ""
    region: Text = ""
    postcode: Text = ""
    country_id: Text = ""
    telephone: Text = ""
    email: Text = ""


class _Shipping(Wire):
    address: _Address | None = None


class _Assignment(Wire):
    shipping: _Shipping = _Shipping()


class _Extension(Wire):
    shipping_assignments: list[_Assignment] = []


class _Line(Wire):
    item_id: int
    parent_item_id: int | None = None
    product_id: int = 0
    product_type: str = ""
    sku: Text = ""
    name: Text = ""
    price: Decimal = Decimal(0)
    price_incl_tax: Decimal | None = None
    qty_ordered: Decimal = Decimal(0)
    qty_shipped: Decimal = Decimal(0)
    qty_canceled: Decimal = Decimal(0)
    qty_refunded: Decimal = Decimal(0)


class _Order(Wire):
    entity_id: int
    increment_id: Text
    state: Text = ""
    status: Text = ""
    store_id: int = 0
    created_at: Moment
    updated_at: Moment | None = None
    order_currency_code: Text = ""
    grand_total: Decimal
    tax_amount: Decimal = Decimal(0)
    shipping_incl_tax: Decimal = Decimal(0)
    customer_id: int | None = None
    customer_note: Text = ""
    remote_ip: Text = ""
    items: list[_Line]
    billing_address: _Address | None = None
    extension_attributes: _Extension = _Extension()
