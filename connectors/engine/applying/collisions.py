"""Detects IDs and numbers of orders that are already used by another order (L16)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from connectors.engine.applying.context import DuplicateClaims, ImportContext
from connectors.sdk import issues
from hub import links
from hub.kinds import Kind
from hub.records import Problem
from orders import queries
from orders.queries import OrderIdentity
from orders.records import OrderRecord

# A source that corrects its time zone shifts its orders by hours; a larger difference means another order.
_SAME_ORDER_TOLERANCE = timedelta(days=1)


@dataclass(slots=True)
class OrderIndex:
    """The stored orders that use IDs or numbers of a page of orders.

    `own_lines`: order ID → its lines from this source, by external ID. `numbers` and `lines` (by external ID) map to
    the orders that have them.
    """

    context: ImportContext
    orders: dict[int, OrderIdentity]
    own_lines: dict[int, dict[str, int]]
    numbers: dict[str, OrderIdentity]
    lines: dict[str, int]

    def collision(self, record: OrderRecord, order_id: int | None) -> tuple[int, Problem] | None:
        """The order that conflicts with the record, and a problem that names both; None if there is no conflict."""
        own = self.orders.get(order_id or 0)
        if own is not None and own.source_id == self.context.connection_id and not _is_same_order(own, record):
            return own.order_id, issues.ORDER_ID_IN_USE(
                number=record.number,
                date=f"{record.placed_at:%Y-%m-%d}",
                external_id=record.external_id,
                holder_number=own.number,
                holder_date=f"{own.placed_at:%Y-%m-%d}",
                holder=own.order_id,
            )
        holder = self.numbers.get(record.number)
        if holder is not None and holder.order_id != order_id:
            return holder.order_id, issues.ORDER_NUMBER_IN_USE(
                external_id=record.external_id, number=record.number, holder=holder.order_id
            )
        for line in record.lines:
            holder_id = self.lines.get(line.external_id, order_id)
            if holder_id is not None and holder_id != order_id:
                return holder_id, issues.ORDER_LINE_ID_IN_USE(
                    number=record.number,
                    external_id=line.external_id,
                    holder_number=self.orders[holder_id].number,
                    holder=holder_id,
                )
        return None


def build_order_index(context: ImportContext, records: Sequence[OrderRecord], ids: dict[str, int]) -> OrderIndex:
    """The index for a page. `ids`: external ID → our order ID, for linked orders. At most six queries."""
    order_of = queries.lines_of_orders(order_ids=ids.values())
    own_lines = lines_by_order(context, order_of)
    named = links.item_ids(
        context.connection_id, Kind.ORDER_LINE, [line.external_id for r in records for line in r.lines]
    )
    if others := set(named.values()) - order_of.keys():
        order_of |= queries.orders_of_lines(line_ids=others)
    lines = {external_id: order_of[line_id] for external_id, line_id in named.items() if line_id in order_of}
    return OrderIndex(
        context=context,
        orders=queries.order_identities(order_ids={*ids.values(), *lines.values()}),
        own_lines=own_lines,
        numbers=queries.orders_by_number(source_id=context.connection_id, numbers=[r.number for r in records]),
        lines=lines,
    )


def lines_by_order(context: ImportContext, order_of: dict[int, int]) -> dict[int, dict[str, int]]:
    """Order ID → its lines that are linked to the connection, by external ID. `order_of`: line ID → order ID."""
    own_lines: dict[int, dict[str, int]] = defaultdict(dict)
    rows = links.of_kind(context.connection_id, Kind.ORDER_LINE).filter(item_id__in=order_of.keys())
    for external_id, line_id in rows.values_list("external_id", "item_id"):
        own_lines[order_of[line_id]][external_id] = line_id
    return own_lines


def reject_duplicate_claims(records: Sequence[OrderRecord]) -> None:
    """Raises DuplicateClaims if two orders of a page have the same number or line ID."""
    claims = Counter(f"number {record.number}" for record in records if record.number)
    for record in records:
        claims.update({f"item {line.external_id}" for line in record.lines})
    if any(number > 1 for number in claims.values()):
        raise DuplicateClaims


def repeated_line(record: OrderRecord) -> Problem | None:
    for external_id, number in Counter(line.external_id for line in record.lines).items():
        if number > 1:
            return issues.ORDER_LINE_ID_DUPLICATE(number=record.number, external_id=external_id)
    return None


def _is_same_order(order: OrderIdentity, record: OrderRecord) -> bool:
    return order.number in ("", record.number) and abs(order.placed_at - record.placed_at) <= _SAME_ORDER_TOLERANCE
