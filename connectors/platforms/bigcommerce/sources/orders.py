"""Orders with everything that belongs to them (D14, M1–M9)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.platforms.bigcommerce.client import Row, SourceClient, join, raise_malformed_response
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.paging import isoformat_utc, row_ids
from connectors.platforms.bigcommerce.sources.base import ChangeSource
from connectors.platforms.bigcommerce.sources.order_records import order_record
from connectors.sdk.decoding import whole_number
from connectors.sdk.details import add_details, fetch_each
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.paging import Cursor, Page, Slice, numeric_ids
from connectors.sdk.records import OrderRecord, Problem
from connectors.sdk.responses import RequestRejected
from hub.kinds import DataType

PATH = "/orders"
REFUNDS = "/orders/payment_actions/refunds"
# An order needs up to four more calls, and a page must finish well within a lease.
ORDERS_PER_PAGE = 20
INCOMPLETE = 0
_REFUNDED = (4, 14)
# The parts of a transaction that tell what was paid; others tell of the customer's card.
_TRANSACTION = ("id", "event", "status", "amount", "reference_transaction_id")
# Fees are part of an order only if they are asked for.
_INCLUDE = "fees"


class Orders(ChangeSource[OrderRecord]):
    """Read by ID or by modification time, from the V2 API. Incomplete orders are ignored.

    A listing leaves out archived orders; one fetched by ID says that it is archived.
    """

    data_type = DataType.ORDERS
    lane = "orders"
    partial_schedule = "15m"
    depends_on = (DataType.CUSTOMERS,)
    required = ("status_id", "date_created", "total_inc_tax", "customer_id", "channel_id")

    def __init__(self, client: SourceClient) -> None:
        super().__init__(client)
        self._excluded: set[str] = set()
        self._may_read_transactions = True

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
        return self.records(fetch_each(self.client.http, numeric_ids(external_ids), self._find))

    def _find(self, number: int) -> Row | None:
        try:
            answer = self.client.http.get(f"/v2{PATH}/{number}", params={"include": _INCLUDE}).json()
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise
        if not row_ids([answer]):
            raise_malformed_response(PATH)
        return answer

    def excluded(self, external_ids: Collection[str]) -> set[str]:
        """Orders that are incomplete again, or of another channel."""
        return self._excluded & set(external_ids)

    def list_from(self, second: datetime) -> Slice:
        return self._listing(min_date_modified=isoformat_utc(second), sort="date_modified:asc")

    def list_within(self, second: datetime, after: int) -> Slice:
        timestamp = isoformat_utc(second)
        return self._listing(min_date_modified=timestamp, max_date_modified=timestamp, min_id=after + 1)

    def _listing(self, **query: Any) -> Slice:
        """Sorted by ID unless `query` says otherwise. A V2 listing has no total: after a full page there may be
        another."""
        if len(self._channels) == 1:
            (query["channel_id"],) = self._channels
        limit = min(ORDERS_PER_PAGE, self.client.settings.page_size)
        rows = self.client.v2_list(PATH, **query, limit=limit, include=_INCLUDE)
        return rows, len(rows) >= limit

    def records(self, rows: Iterable[Any]) -> list[OrderRecord]:
        orders = []
        for row in rows:
            # Excluded orders are left out here already, because each order needs further calls.
            if isinstance(row, dict) and (_status(row) == INCOMPLETE or not self.includes(row)):
                self._excluded.add(str(row.get("id")))
            else:
                orders.append(row)
        readable = [row for row in orders if isinstance(row, dict) and row_ids([row])]
        add_details(self.client.http, readable, self._fetch_details)
        self._fetch_refunds(readable)
        return super().records(orders)

    def includes(self, raw: Any) -> bool:
        """A single order is fetched without a filter, so an event may name one of another channel. A listing takes one
        channel only."""
        channels = self._channels
        return not channels or not isinstance(raw, dict) or whole_number(raw.get("channel_id")) in (None, *channels)

    @property
    def _channels(self) -> tuple[int, ...]:
        """The channels whose orders are imported: the B2B storefront's, else the selected ones; none: all."""
        settings = self.client.settings
        return settings.channel_ids if settings.b2b_channel_id is None else (settings.b2b_channel_id,)

    def _fetch_details(self, row: Row) -> None:
        """Add the data that has listings of its own to the order; requested only where there is any."""
        order, (number,) = FieldReader(row, []), row_ids([row])
        wanted = {
            "products": True,
            "shipping_addresses": _number(order, "shipping_address_count") > 0,
            "shipments": _number(order, "items_shipped") > 0,
            "coupons": _number(order, "coupon_discount") > 0,
        }
        for name, is_wanted in wanted.items():
            row[name] = self.client.v2_fetch_all(f"{PATH}/{number}/{name}") if is_wanted else []
        if not isinstance(row.get("fees"), list):
            # A link to the resource if the store does not include it, nothing if it has no fees.
            row["fees"] = self._fees(number) if row.get("fees") else []

    def _fees(self, number: int) -> list[Any]:
        match self.client.http.get(f"/v2{PATH}/{number}/fees").json():
            case {"fees": list(fees)} | list(fees):
                return fees
        raise_malformed_response(f"{PATH}/{number}/fees")

    def _fetch_refunds(self, rows: Sequence[Row]) -> None:
        """The refunds of all orders that have any, fetched together from the V3 API. A refund of an amount is in no
        product, and the order's status moves on; `refunded_amount` is always 0, as documented."""
        refunded = [
            row
            for row in rows
            if _status(row) in _REFUNDED
            or "refunded" in str(row.get("payment_status"))
            or any(map(_has_refund, row.get("products", ())))
        ]
        for row in rows:
            row["refunds"] = []
        if not refunded:
            return
        by_order = {number: row["refunds"] for row in refunded for number in row_ids([row])}
        for refund in self.client.fetch_all(REFUNDS, **{"order_id:in": join(sorted(by_order))}):
            if isinstance(refund, dict) and (number := whole_number(refund.get("order_id"))) in by_order:
                by_order[number].append(refund)
        by_amount = [row for row in refunded if any(map(_is_amount, row["refunds"]))]
        add_details(self.client.http, by_amount, self._add_transactions)

    def _add_transactions(self, row: Row) -> None:
        """What was paid, for an order with a refund of an amount: it may be for pieces that an edit took out of the
        order. Without the scope for transactions, it is unknown."""
        path = f"{PATH}/{row['id']}/transactions"
        try:
            response = self.client.http.get(f"/v3{path}") if self._may_read_transactions else None
        except NeedsAttention as error:
            if error.status != 403:
                raise
            self._may_read_transactions, response = False, None
        if response is None or response.status == 204:
            return
        match response.json():
            case {"data": list(found)} if all(isinstance(each, dict) for each in found):
                row["transactions"] = [{name: each.get(name) for name in _TRANSACTION} for each in found]
                return
        raise_malformed_response(path)

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
        return order_record(
            order,
            link=self._link(order.key("id")),
            vendor_path=self.client.field_map.orders.vendor,
            b2b_channel=self.client.settings.b2b_channel_id,
        )


def _number(order: FieldReader, name: str) -> Decimal:
    """A count or amount; 1 if it cannot be read, so that the details are fetched and the record names the problem."""
    try:
        return order.decimal(name) or Decimal(0)
    except ValueError:
        return Decimal(1)


def _status(row: Row) -> int | None:
    return whole_number(row.get("status_id"))


def _is_amount(refund: Row) -> bool:
    items = refund.get("items")
    return isinstance(items, list) and any(
        isinstance(each, dict) and each.get("item_type") == "ORDER" for each in items
    )


def _has_refund(product: Any) -> bool:
    return isinstance(product, dict) and bool(product.get("quantity_refunded") or product.get("is_refunded"))
