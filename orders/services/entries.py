"""A draft of an order while it is saved: what it was before, and which of its fields the source may write (L17)."""

from dataclasses import dataclass, field
from typing import Any

from hub.field_registry import stored_fields
from orders.items import OrderItem
from orders.records import OrderLineRecord, OrderRecord
from orders.services.common import SaveResult

ORDER_AMOUNTS = tuple(field.name for field in stored_fields(OrderRecord) if field.unit == "currency")
QUANTITIES = tuple(field.name for field in stored_fields(OrderLineRecord) if field.unit == "pieces")
LINE_AMOUNTS = tuple(field.name for field in stored_fields(OrderLineRecord) if field.unit in ("currency", "%"))
# Fields written by the source of truth for orders (L17). All other fields describe how the order was placed and are
# written only by the connection that the order was first imported from.
_MASTER_FIELDS = {"status", "source_status", "reconciliation", "difference", *ORDER_AMOUNTS, *QUANTITIES, *LINE_AMOUNTS}


@dataclass(slots=True)
class OrderDraft:
    """A record with its references resolved to IDs of SyncCenter. A new order is created if `order_id` is None.

    `line_ids`: external ID → ID of all lines imported from this source before; missing ones are canceled.
    `variant_ids`: external ID of a line → ID of its variant.
    """

    record: OrderRecord
    order_id: int | None = None
    customer_id: int | None = None
    line_ids: dict[str, int] = field(default_factory=dict)
    variant_ids: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """A draft, the order before (None if it is new), and what the source may write."""

    draft: OrderDraft
    result: SaveResult
    item: OrderItem | None
    is_source: bool
    is_master: bool

    def may_write(self, name: str) -> bool | None:
        """As in `writable_changes`. None for fields that this source never writes, so differences are no conflict."""
        return self.is_master if name in _MASTER_FIELDS else (self.is_source or None)


def merged(before: Any, values: dict[str, Any], writable: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(before, name) for name in values} | writable
