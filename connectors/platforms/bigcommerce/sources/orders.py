"""Orders with their lines, addresses and shipments (D14)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from connectors.platforms.bigcommerce.client import raise_malformed_response
from connectors.platforms.bigcommerce.field_reader import FieldReader, MalformedField, mapped_value
from connectors.platforms.bigcommerce.paging import isoformat_utc, row_ids
from connectors.platforms.bigcommerce.sources.base import ChangeSource
from connectors.sdk import issues
from connectors.sdk.paging import Cursor, Page, Slice
from connectors.sdk.records import AddressRecord, OrderLineRecord, OrderRecord, Problem, ShipmentRecord
from connectors.sdk.responses import RequestRejected
from hub.kinds import DataType

PATH = "/orders"
# An order needs up to three more calls, and a page must finish well within a lease.
ORDERS_PER_PAGE = 20
INCOMPLETE = 0
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


class Orders(ChangeSource[OrderRecord]):
    """Read by ID or by modification time, from the V2 API. Incomplete orders are ignored."""

    data_type = DataType.ORDERS
    lane = "orders"
    partial_schedule = "15m"
    depends_on = (DataType.CUSTOMERS,)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[OrderRecord]:
        if since is not None:
            return self.changed_page(since, cursor)
        rows, more = self._listing(min_id=cursor["after"] + 1 if cursor else 1)
        if not more:
            return Page(self.records(rows), None)
        last = max(row_ids(rows), default=None)
        if last is None:
            raise_malformed_response(PATH)
        return Page(self.records(rows), {"after": last})

    def fetch(self, external_ids: Sequence[str]) -> list[OrderRecord]:
        found = []
        for number in sorted({int(each) for each in external_ids if each.isdecimal()}):
            try:
                found.append(self.client.http.get(f"/v2{PATH}/{number}").json())
            except RequestRejected as error:
                if error.status != 404:
                    raise
        return self.records(found)

    def list_from(self, second: datetime) -> Slice:
        return self._listing(min_date_modified=isoformat_utc(second), sort="date_modified:asc")

    def list_within(self, second: datetime, after: int) -> Slice:
        timestamp = isoformat_utc(second)
        return self._listing(min_date_modified=timestamp, max_date_modified=timestamp, min_id=after + 1)

    def _listing(self, **query: Any) -> Slice:
        """Sorted by ID unless `query` says otherwise. A V2 listing has no total: after a full page there may be
        another."""
        if channel := self.client.settings.b2b_channel_id:
            query["channel_id"] = channel
        limit = min(ORDERS_PER_PAGE, self.client.settings.page_size)
        rows = self.client.v2_list(PATH, **query, limit=limit)
        return rows, len(rows) >= limit

    def records(self, rows: Iterable[Any]) -> list[OrderRecord]:
        return super().records(
            row for row in rows if not (isinstance(row, dict) and row.get("status_id") == INCOMPLETE)
        )

    def placeholder(self, number: str) -> OrderRecord:
        return OrderRecord(
            external_id=number,
            number=number,
            status="pending",
            currency="",
            total=Decimal(0),
            placed_at=datetime.fromtimestamp(0, UTC),
            link=self._link(number),
        )

    def _link(self, number: str) -> str:
        return self.client.link(f"orders/{number}")

    def build(self, raw: Any, problems: list[Problem]) -> OrderRecord:
        order = FieldReader(raw, problems, what="order")
        number, status_id = order.key("id"), order.integer("status_id")
        if not number or status_id not in STATUSES:
            raise MalformedField("status_id" if number else "id", raw.get("status_id"), "one of the vendor's")
        placed_at = order.timestamp("date_created")
        if placed_at is None:
            raise MalformedField("date_created", None, "a time")
        self._fetch_details(order, number)
        channel = self.client.settings.b2b_channel_id
        return OrderRecord(
            external_id=number,
            updated_at=order.timestamp("date_modified"),
            link=self._link(number),
            number=number,
            status=STATUSES[status_id],
            source_status=order.text("status"),
            currency=order.text("default_currency_code") or order.text("currency_code"),
            total=_number(order, "total_inc_tax"),
            tax=_number(order, "total_tax"),
            shipping_cost=_number(order, "shipping_cost_inc_tax"),
            placed_at=placed_at,
            customer_id=order.key("customer_id"),
            placed_through_b2b=channel is not None and order.integer("channel_id") == channel,
            cart_id=order.text("cart_id"),
            customer_note=order.text("customer_message"),
            internal_note=order.text("staff_notes"),
            ip_address=_ip(order.text("ip_address") or order.text("ip_address_v6")),
            lines=[self._line(line, position) for position, line in enumerate(order.objects("products"))],
            shipments=[_shipment(shipment) for shipment in order.objects("shipments")],
            addresses=[
                _address(order, order.nested("billing_address"), "billing"),
                *(_address(order, each, "shipping") for each in order.objects("shipping_addresses")),
            ],
        )

    def _fetch_details(self, order: FieldReader, number: str) -> None:
        """Add the data that has listings of its own to the order; requested only where there is any."""
        resources = {
            "products": True,
            "shipping_addresses": order.integer("shipping_address_count") > 0,
            "shipments": order.integer("items_shipped") > 0,
        }
        for name, wanted in resources.items():
            order.raw[name] = self.client.v2_fetch_all(f"{PATH}/{number}/{name}") if wanted else []

    def _line(self, line: FieldReader, position: int) -> OrderLineRecord:
        quantity, shipped = _number(line, "quantity"), _number(line, "quantity_shipped")
        status = "partly_shipped" if 0 < shipped < quantity else "shipped" if shipped else "pending"
        vendor = mapped_value(line.raw, self.client.field_map.orders.vendor)
        return OrderLineRecord(
            external_id=line.key("id"),
            sku=line.text("sku"),
            variant_id=line.key("variant_id"),
            title=line.text("name"),
            vendor=str(vendor or ""),
            position=position,
            quantity=quantity,
            unit_price=_number(line, "price_inc_tax"),
            status="refunded" if line.flag("is_refunded") else status,
        )


def _shipment(shipment: FieldReader) -> ShipmentRecord:
    return ShipmentRecord(
        external_id=shipment.key("id"),
        carrier=shipment.text("tracking_carrier") or shipment.text("shipping_provider"),
        tracking_numbers=[number for number in (shipment.text("tracking_number"),) if number],
        shipped_at=shipment.timestamp("date_created"),
        lines={each.key("order_product_id"): _number(each, "quantity") for each in shipment.objects("items")},
    )


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


def _number(values: FieldReader, name: str) -> Decimal:
    return values.decimal(name) or Decimal(0)


def _ip(text: str) -> str | None:
    """The IP address; None for other text that stores put in this field."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None
