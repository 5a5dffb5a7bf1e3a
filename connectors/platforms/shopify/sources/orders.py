"""Orders with everything that belongs to them (D14, M1-M9).

Without the scope `read_all_orders`, Shopify returns orders of the last 60 days only; "Test connection" says so.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.platforms.shopify import sales_documents
from connectors.platforms.shopify.client import Row, ShopifyClient, gids, malformed, number_of
from connectors.platforms.shopify.mapping import metafields
from connectors.platforms.shopify.reader import Reader
from connectors.platforms.shopify.sales_documents import OrderDocuments
from connectors.platforms.shopify.sources.base import StoreSource, changed_page, changed_since
from connectors.platforms.shopify.sources.order_amounts import PAYMENT_KINDS
from connectors.platforms.shopify.sources.order_records import is_of_company, order_record
from connectors.sdk.details import add_details, details_problem
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import OrderRecord, Problem
from hub.kinds import DataType

_NESTED = (
    ("lineItems", sales_documents.MORE_LINES),
    ("shippingLines", sales_documents.MORE_SHIPPING),
    ("discountApplications", sales_documents.MORE_DISCOUNTS),
)
_REFUND_PARTS = (
    ("refundLineItems", sales_documents.MORE_REFUND_LINES),
    ("refundShippingLines", sales_documents.MORE_REFUND_SHIPPING),
    ("orderAdjustments", sales_documents.MORE_REFUND_ADJUSTMENTS),
)


class Orders(StoreSource[OrderRecord]):
    data_type = DataType.ORDERS
    lane = "orders"
    full_schedule = "1w"
    partial_schedule = "15m"
    depends_on = (DataType.CUSTOMERS,)
    required = ("name", "totalPriceSet", "lineItems", "shippingLines", "discountApplications", "taxesIncluded")

    def __init__(self, client: ShopifyClient) -> None:
        super().__init__(client)
        self._excluded: set[str] = set()

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[OrderRecord]:
        rows, after = self.client.page(
            self._documents.page,
            "orders",
            node_errors=True,
            first=sales_documents.ORDERS_PER_PAGE,
            after=cursor["after"] if cursor else None,
            query=changed_since(since),
            sortKey="ID" if since is None else "UPDATED_AT",
        )
        records = self._completed_records(rows)
        if since is not None:
            return changed_page(records, rows, after, since)
        return Page(records, {"after": after} if after else None)

    def fetch(self, external_ids: Sequence[str]) -> list[OrderRecord]:
        ids = gids("Order", external_ids)
        size = sales_documents.ORDERS_PER_PAGE
        return self._completed_records(self.client.nodes(self._documents.nodes, ids, size=size, node_errors=True))

    def includes(self, raw: Any) -> bool:
        """Test orders, and with the setting those of private customers, are left out."""
        if not isinstance(raw, dict) or details_problem(raw):
            return True
        settings = self.client.settings
        return (settings.test_orders or raw.get("test") is not True) and (
            not settings.b2b_orders_only or is_of_company(raw)
        )

    def excluded(self, external_ids: Collection[str]) -> set[str]:
        return self._excluded & set(external_ids)

    def _completed_records(self, rows: list[Any]) -> list[OrderRecord]:
        chosen = []
        for row in rows:
            # Excluded orders are left out here already, because an order may need further calls.
            if not self.includes(row):
                self._excluded.add(number_of(row.get("id")))
                continue
            chosen.append(row)
        add_details(self.client.http, [row for row in chosen if self.row_id(row)], self._complete)
        return self.records(chosen)

    def _complete(self, row: Row) -> None:
        for field, document in _NESTED:
            if field in row:
                self.client.complete(row, field, document)
        lines = [each for each in row.get("lineItems", ()) if isinstance(each, dict)]
        row["fulfillments"] = self._fulfillments(row["id"]) if _may_be_shipped(row) else []
        # A piece that is refunded or removed is no longer current.
        is_refunded = any(each.get("quantity") != each.get("currentQuantity") for each in lines)
        row["refunds"] = self._refunds(row["id"]) if is_refunded or _has_amount(row, "totalRefundedSet") else []
        gateways = row.get("paymentGatewayNames")
        paid_with = isinstance(gateways, list) and not PAYMENT_KINDS.keys().isdisjoint(map(str, gateways))
        row["transactions"] = self._list(sales_documents.PAYMENTS, row["id"], "transactions") if paid_with else []

    def _fulfillments(self, identifier: str) -> list[Any]:
        rows = self._list(sales_documents.FULFILLMENTS, identifier, "fulfillments")
        if len(rows) >= 10:
            rows = self._list(sales_documents.MANY_FULFILLMENTS, identifier, "fulfillments")
        for each in rows:
            self.client.complete(each, "fulfillmentLineItems", sales_documents.MORE_FULFILLMENT_LINES)
        return rows

    def _refunds(self, identifier: str) -> list[Any]:
        rows = self._list(sales_documents.REFUNDS, identifier, "refunds")
        if len(rows) >= 5:
            rows = self._list(sales_documents.MANY_REFUNDS, identifier, "refunds")
        for each in rows:
            for field, document in _REFUND_PARTS:
                self.client.complete(each, field, document)
        return rows

    def _list(self, document: str, identifier: str, field: str) -> list[Any]:
        match self.client.query(document, id=identifier):
            case {"order": dict(order)} if isinstance(rows := order.get(field), list):
                if all(isinstance(each, dict) for each in rows):
                    return rows
        raise malformed(field)

    @cached_property
    def _documents(self) -> OrderDocuments:
        # The vendor of a line may be a field of the line only.
        return OrderDocuments(metafields(()), companies=self.client.settings.companies)

    def _link(self, number: str) -> str:
        return self.client.link(f"orders/{number}")

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

    def build(self, raw: Any, problems: list[Problem]) -> OrderRecord:
        order = Reader(raw, problems, what="order")
        for field, limit in sales_documents.LIMITS.items():
            if len(rows := order.items(field)) >= limit:
                raise MalformedField(field, rows, f"a complete list: Shopify returns {limit} entries at most")
        return order_record(order, link=self._link(order.number()), vendor_path=self.client.field_map.orders.vendor)


def _may_be_shipped(row: Row) -> bool:
    """SCHEDULED and ON_HOLD speak of the unfulfilled pieces only: others may be fulfilled."""
    return row.get("displayFulfillmentStatus") not in ("UNFULFILLED", "OPEN")


def _has_amount(row: Row, name: str) -> bool:
    """Whether an amount is not zero, also if it cannot be read: the record then names the problem."""
    try:
        return bool(Reader(row, [], what="order").nested(name, "presentmentMoney").decimal("amount"))
    except ValueError:
        return True
