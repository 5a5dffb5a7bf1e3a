"""Seller Center's OMS (role: OMS), the master of orders and order items.

Orders and their customers are read by the generic listing (connectors.listing), our own addition; statuses of items
are sent as the vendor's UpdateItemsStatus. docs/platforms/seller-center.md tells what is the vendor's and what was
assumed. The OMS cannot be asked whether an id exists, so there is no lookup (L14).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, SecretStr

from connectors.contract import Account, Action, Adapter, Operation, Outcome, Page, References, Schema
from connectors.errors import BatchRefused, SkipRecord
from connectors.http import HttpClient, Refused
from connectors.listing import Listing
from connectors.platforms.seller_center_oms import item_statuses
from connectors.platforms.seller_center_oms.records import build_record
from connectors.records import Record
from connectors.signatures import signed
from hub.kinds import DataType, Role

MAX_ITEMS = 4000


class Settings(Schema):
    page_size: int = Field(200, ge=1, le=1000, title="Orders per page", description="When the OMS is read.")
    send_statuses: bool = Field(
        False,
        title="Send item statuses",
        description="Only where another system is master of orders: the OMS is otherwise told what it said itself.",
    )
    cancel_reason: str = Field("Canceled by the seller", min_length=1, title="Reason of cancellations")
    return_reason: str = Field("Returned by the customer", min_length=1, title="Reason of returns")


class Credentials(Schema):
    service_name: str = Field("SellerCenter", min_length=1, title="Service name", description="Who we are to the OMS.")
    api_key: SecretStr = Field(min_length=1, title="API key", description="Signs our calls to the OMS.")


class SellerCenterOms(Adapter):
    """Reads customers and orders; sends statuses of order items if it is asked to."""

    key = "seller_center_oms"
    name = "Seller Center OMS"
    role = Role.OMS
    Settings = Settings
    Credentials = Credentials
    imports = {DataType.CUSTOMERS: "read", DataType.ORDERS: "read"}
    import_dependencies = {DataType.ORDERS: (DataType.CUSTOMERS,)}
    exports = {DataType.ORDERS: "statuses"}
    batch_size = {DataType.ORDERS: 500}

    def __init__(self, account: Account, http: HttpClient) -> None:
        super().__init__(account, http)
        self.settings: Settings = account.settings
        self.listing = Listing(self._post)

    def check(self) -> str:
        rows, _, _ = self.listing.read("orders", since=None, cursor=None, limit=1)
        return "The OMS answers and lists its orders." if rows else "The OMS answers; it has no orders yet."

    # Import side

    def read_page(self, data_type: DataType, *, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        limit = self.settings.page_size
        rows, following, cut = self.listing.read(data_type, since=since, cursor=cursor, limit=limit)
        return Page([build_record(data_type, row) for row in rows], following, cut=cut)

    def fetch(self, data_type: DataType, external_ids: Sequence[str]) -> list[Record]:
        return [build_record(data_type, row) for row in self.listing.rows(data_type, external_ids)]

    # Export side

    def payload(self, data_type: DataType, item: Any, refs: References) -> Any:
        """`{"items": […]}`: what the OMS takes of the order's lines; None for an order that is not the OMS's."""
        if data_type != DataType.ORDERS:
            return super().payload(data_type, item, refs)
        reasons = {"canceled": self.settings.cancel_reason, "returned": self.settings.return_reason}
        return item_statuses.order_payload(item, refs, reasons, enabled=self.settings.send_statuses)

    def send(self, data_type: DataType, operations: Sequence[Operation]) -> list[Outcome]:
        """Only lines that changed since they were last sent, up to 4,000 a call; each may fail by itself."""
        now = datetime.now(UTC)
        pending_entries = [
            (place, entry)
            for place, operation in enumerate(operations)
            if operation.external_id
            for entry in item_statuses.changed_entries(operation, now)
        ]
        problems: dict[int, list[str]] = {}
        for start in range(0, len(pending_entries), MAX_ITEMS):
            batch = pending_entries[start : start + MAX_ITEMS]
            for position, message in self._update([entry for _, entry in batch]).items():
                place, entry = batch[position]
                problems.setdefault(place, []).append(f"Item {entry['id_sales_order_item']}: {message}")
        return [_outcome(operation, problems.get(place, [])) for place, operation in enumerate(operations)]

    def _update(self, items: list[dict[str, Any]]) -> dict[int, str]:
        """One UpdateItemsStatus: position → why the OMS did not take that item."""
        try:
            answer = self._post("", {"Request": {"Items": items}}, {"Action": item_statuses.ACTION})
        except Refused as refused:
            if not isinstance(refused.body, dict):
                raise BatchRefused(str(refused), code=refused.code) from refused
            answer = refused.body
        return item_statuses.failures(answer, len(items))

    def _post(self, path: str, body: dict[str, Any], parameters: Mapping[str, str] | None = None) -> Any:
        credentials: Credentials = self.account.credentials
        key = credentials.api_key.get_secret_value()
        query = signed(parameters or {}, service=credentials.service_name, key=key, now=datetime.now(UTC))
        return self.http.request("POST", path, params=query, body=body).json()


def _outcome(operation: Operation, problems: list[str]) -> Outcome:
    if not operation.external_id and operation.action is not Action.REMOVE:
        problems = ["The OMS does not know this order: orders begin there."]
    error = SkipRecord(
        " ".join(problems), code="status_refused", fix="Compare the order's items here and in the OMS, then retry."
    )
    return Outcome(external_id=operation.external_id, error=error if problems else None)
