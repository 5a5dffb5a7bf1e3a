"""Converts an order of a shop to a record.

A configurable product appears twice in an order: as the purchased line, with price and quantity, and nested in it as
the selected simple product. The two are converted to one line, with the variant of the second.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from connectors.platforms.magento.api_model import ApiModel
from connectors.platforms.magento.client import ShopClient
from connectors.platforms.magento.shipments import MAGENTO_ID_PREFIX, Shipment
from connectors.platforms.magento.values import mapped_value, text
from connectors.sdk import issues
from connectors.sdk.listing_protocol import Text, UtcDatetime
from connectors.sdk.records import AddressRecord, OrderLineRecord, OrderRecord, Problem, ShipmentRecord

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
# The prefix of an attribute code in the field map.
PRODUCT_PREFIX = "product."


def order_link(client: ShopClient, external_id: str) -> str:
    return client.link(f"sales/order/view/order_id/{external_id}")


def items(row: Any) -> list[dict[str, Any]]:
    found = row.get("items") if isinstance(row, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def shipment_records(shipments: Iterable[Shipment]) -> list[ShipmentRecord]:
    """Shipments that were created in the shop; one with our key is the hub's own and is left out."""
    return [
        ShipmentRecord(
            external_id=f"{MAGENTO_ID_PREFIX}{api_row.entity_id}",
            carrier=api_row.tracks[0].title if api_row.tracks else "",
            tracking_numbers=[each.track_number for each in api_row.tracks if each.track_number],
            shipped_at=api_row.created_at,
            lines={each.order_item_id: each.qty for each in api_row.items},
        )
        for api_row in sorted(shipments, key=lambda each: each.entity_id)
        if api_row.key is None
    ]


class OrderRecordBuilder:
    """Converts one row to a record."""

    def __init__(
        self,
        client: ShopClient,
        raw: Any,
        shipments: Mapping[int, list[ShipmentRecord]],
        vendors: Mapping[int, str],
    ) -> None:
        self.client = client
        self.shipments = shipments
        self.raw = {each.get("item_id"): each for each in items(raw)}
        self.vendors = vendors
        self.problems: list[Problem] = []

    def build(self, api_row: "OrderRow") -> OrderRecord:
        lines = [each for each in api_row.items if each.parent_item_id is None]
        chosen = {each.parent_item_id: each for each in api_row.items if each.parent_item_id is not None}
        b2b = self.client.settings.b2b_store_id
        return OrderRecord(
            external_id=str(api_row.entity_id),
            updated_at=api_row.updated_at,
            link=order_link(self.client, str(api_row.entity_id)),
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
            lines=[self._line(each, chosen.get(each.item_id), position) for position, each in enumerate(lines)],
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

    def _status(self, api_row: "OrderRow", lines: list["_Line"]) -> str:
        if api_row.state not in STATES:
            self.problems.append(issues.ORDER_STATE_UNKNOWN(state=api_row.state or "(empty)"))
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
        path = self.client.field_map.orders.vendor
        if path.startswith(PRODUCT_PREFIX):
            return self.vendors.get(bought.product_id) or self.vendors.get(api_row.product_id, "")
        own = text(mapped_value(self.raw.get(api_row.item_id), path))
        return own or text(mapped_value(self.raw.get(bought.item_id), path))

    def _address(self, api_row: "_Address", use: str) -> AddressRecord:
        first, *more = api_row.street or [""]
        if not first.strip():
            self.problems.append(issues.ADDRESS_INCOMPLETE(use=use))
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


class OrderRow(ApiModel):
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
