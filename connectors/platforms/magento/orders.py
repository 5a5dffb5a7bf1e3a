"""Orders with their lines, addresses and shipments (D14, S1).

A configurable product stands in an order twice: as the line that was bought, with price and quantity, and below it as
the simple product that was chosen. One line comes of the two, with the variant of the second.
"""

from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from connectors.listing import Text, UtcDatetime, record
from connectors.platforms.magento.attributes import Attributes
from connectors.platforms.magento.client import Filter, Group, MagentoClient
from connectors.platforms.magento.settings import mapped_value, text
from connectors.platforms.magento.shipments import fetch_by_order, shipment_records
from connectors.platforms.magento.source_base import ApiModel, Listing
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
PRODUCT_PREFIX = "product."


class Orders(Listing):
    path = "/orders"
    key = "entity_id"

    def __init__(self, client: MagentoClient) -> None:
        super().__init__(client)
        self.vendor: str = client.field_map.orders.vendor
        self.attributes = Attributes(client)

    def base_filters(self) -> list[Group]:
        b2b = self.client.settings.b2b_store_id
        return [] if b2b is None else [[Filter("store_id", b2b)]]

    def records(self, rows: list[Any]) -> list[Record]:
        shipments, vendors = self._shipments(rows), self._vendors_of_products(rows)
        return [
            record(row, _Order, _RecordBuilder(self, row, shipments, vendors).order, self._placeholder, key="entity_id")
            for row in rows
        ]

    def _placeholder(self, number: str) -> OrderRecord:
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
        return self.client.link(f"sales/order/view/order_id/{number}")

    def _shipments(self, rows: list[Any]) -> dict[int, list[ShipmentRecord]]:
        """Those of the orders of which something was shipped, for all of them together."""
        partly_shipped = [row for row in rows if any(each.get("qty_shipped") for each in items(row))]
        return {
            number: shipment_records(found)
            for number, found in fetch_by_order(self.client, self.row_ids(partly_shipped)).items()
        }

    def _vendors_of_products(self, rows: list[Any]) -> dict[int, str]:
        """Product → its vendor, where an attribute of products tells it; asked for all orders of a page together."""
        code = self.vendor.removeprefix(PRODUCT_PREFIX)
        if code == self.vendor:
            return {}
        row_ids = {each["product_id"] for row in rows for each in items(row) if isinstance(each.get("product_id"), int)}
        found = self.client.fetch_by_values("/products", "entity_id", sorted(row_ids))
        attribute = self.attributes[code]
        vendors = {}
        for row in found:
            value = mapped_value(row, f"custom_attributes.{code}")
            if isinstance(row, dict) and isinstance(row.get("id"), int) and value is not None:
                vendors[row["id"]] = text(attribute.shown(value) if attribute else value)
        return vendors


def items(row: Any) -> list[dict[str, Any]]:
    found = row.get("items") if isinstance(row, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


class _RecordBuilder:
    """One row on its way to a record."""

    def __init__(
        self, orders: Orders, raw: Any, shipments: dict[int, list[ShipmentRecord]], vendors: dict[int, str]
    ) -> None:
        self.orders = orders
        self.shipments = shipments
        self.raw = {each.get("item_id"): each for each in items(raw)}
        self.vendors = vendors
        self.problems: list[Problem] = []

    def order(self, api_row: "_Order") -> OrderRecord:
        lines = [each for each in api_row.items if each.parent_item_id is None]
        chosen = {each.parent_item_id: each for each in api_row.items if each.parent_item_id is not None}
        b2b = self.orders.client.settings.b2b_store_id
        return OrderRecord(
            external_id=str(api_row.entity_id),
            updated_at=api_row.updated_at,
            link=self.orders.link(str(api_row.entity_id)),
            number=api_row.increment_id,
            status=self._status(api_row, lines),
            source_status=api_row.status,
            currency=api_row.order_currency_code,
            total=api_row.grand_total,
            tax=api_row.tax_amount,
            shipping_cost=api_row.shipping_incl_tax,
            placed_at=api_row.created_at,
            customer_id=str(api_row.customer_id or ""),
            placed_through_b2b=b2b is not None and api_row.store_id == b2b,
            customer_note=api_row.customer_note,
            ip_address=_ip(api_row.remote_ip),
            lines=[self._line(each, chosen.get(each.item_id), place) for place, each in enumerate(lines)],
            shipments=self.shipments.get(api_row.entity_id, []),
            addresses=[
                self._address(each, use)
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

    def _status(self, api_row: "_Order", lines: list["_Line"]) -> str:
        if api_row.state not in STATES:
            self.problems.append(
                Problem(
                    "unknown_state",
                    f"Its state, {api_row.state or 'empty'}, is none of Magento's own, so it counts as pending.",
                    "Ask whoever looks after the shop what the state means.",
                )
            )
        status = STATES.get(api_row.state, "pending")
        if status == "confirmed" and any(each.qty_shipped for each in lines):
            whole = all(each.qty_shipped + each.qty_canceled + each.qty_refunded >= each.qty_ordered for each in lines)
            return "shipped" if whole else "partly_shipped"
        return status

    def _line(self, api_row: "_Line", chosen: "_Line | None", position: int) -> OrderLineRecord:
        bought = chosen if chosen and api_row.product_type == "configurable" else api_row
        return OrderLineRecord(
            external_id=str(api_row.item_id),
            sku=api_row.sku,
            variant_id=str(bought.product_id or ""),
            title=api_row.name,
            vendor=self._vendor(api_row, bought),
            position=position,
            quantity=api_row.qty_ordered,
            unit_price=api_row.price if api_row.price_incl_tax is None else api_row.price_incl_tax,
            status=_line_status(api_row),
        )

    def _vendor(self, api_row: "_Line", bought: "_Line") -> str:
        path = self.orders.vendor
        if path.startswith(PRODUCT_PREFIX):
            return self.vendors.get(bought.product_id) or self.vendors.get(api_row.product_id, "")
        own = text(mapped_value(self.raw.get(api_row.item_id), path))
        return own or text(mapped_value(self.raw.get(bought.item_id), path))

    def _address(self, api_row: "_Address", use: str) -> AddressRecord:
        first, *more = api_row.street or [""]
        if not first.strip():
            self.problems.append(
                Problem(
                    "address_incomplete",
                    f"The first line of its {use} address is empty.",
                    "Enter street and number in the order, in Magento.",
                )
            )
        return AddressRecord(
            external_id=api_row.entity_id,
            use=use,
            first_name=api_row.firstname,
            last_name=api_row.lastname,
            company=api_row.company,
            street=first,
            street2=", ".join(more),
            city=api_row.city,
            region=api_row.region,
            postcode=api_row.postcode,
            country=api_row.country_id.upper(),
            phone=api_row.telephone,
            email=api_row.email,
        )


def _line_status(api_row: "_Line") -> str:
    if 0 < api_row.qty_ordered <= api_row.qty_refunded:
        return "refunded"
    if 0 < api_row.qty_ordered <= api_row.qty_canceled:
        return "cancelled"
    if not api_row.qty_shipped:
        return "pending"
    left = api_row.qty_ordered - api_row.qty_shipped - api_row.qty_canceled - api_row.qty_refunded
    return "partly_shipped" if left > 0 else "shipped"


def _ip(value: str) -> str | None:
    try:
        return str(ip_address(value))
    except ValueError:
        return None


class _Address(ApiModel):
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


class _Shipping(ApiModel):
    address: _Address | None = None


class _Assignment(ApiModel):
    shipping: _Shipping = _Shipping()


class _Extension(ApiModel):
    shipping_assignments: list[_Assignment] = []


class _Line(ApiModel):
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


class _Order(ApiModel):
    entity_id: int
    increment_id: Text
    state: Text = ""
    status: Text = ""
    store_id: int = 0
    created_at: UtcDatetime
    updated_at: UtcDatetime | None = None
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
