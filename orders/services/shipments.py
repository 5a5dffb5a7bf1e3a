"""Saves shipments. Those of one reporter are compared and replaced together; those of others are kept."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from orders.items import ShipmentItem
from orders.models import Shipment, ShipmentLine
from orders.records import ShipmentRecord
from orders.services.common import MASKED_CHANGE, THOUSANDTHS, SaveResult, record_difference, rounded
from orders.tracking_numbers import comparable_numbers

_JOINED_LENGTH = Shipment._meta.get_field("tracking_number").max_length or 0


def build_shipment(record: ShipmentRecord, line_ids: dict[str, int], *, reported_by: int | None = None) -> ShipmentItem:
    """Convert a record. Unknown order lines and lines without pieces are left out."""
    return ShipmentItem(
        external_id=record.external_id,
        carrier=record.carrier,
        tracking_numbers=list(record.tracking_numbers),
        shipped_at=record.shipped_at,
        lines={
            line_ids[external_id]: rounded(quantity, THOUSANDTHS)
            for external_id, quantity in record.lines.items()
            if quantity > 0 and external_id in line_ids
        },
        reported_by=reported_by,
    )


def replace_shipments(
    *,
    seller_id: int,
    reported_by: int | None,
    wanted: Iterable[tuple[SaveResult, Sequence[ShipmentItem], Sequence[ShipmentItem], bool]],
) -> None:
    """Replace the shipments that one connection reported (None: the source of the order) and keep those of others (S9).

    `wanted`: per order its result, all its current shipments, the reported ones, and whether they may be written (L17).
    Shipments that are one of another reporter, alone or together, are skipped: it was exported to this system, which
    may split it (Shopify by location), and comes back from it.
    """
    stale: list[int] = []
    rows: list[tuple[Shipment, ShipmentItem]] = []
    for result, known, reported, allowed in wanted:
        before = [item for item in known if item.reported_by == reported_by]
        others = [item for item in known if item.reported_by != reported_by]
        after = _unknown(reported, others)
        if before == after:
            continue
        if not result.created:
            pair = [len(before), len(after)] if len(before) != len(after) else MASKED_CHANGE
            if not record_difference(result, "shipments", pair, allowed):
                continue
            stale.append(result.item_id)
        rows += [(_row(seller_id, result.item_id, item), item) for item in after]
    if stale:
        Shipment.objects.filter(order_id__in=stale, reported_by=reported_by).delete()
    Shipment.objects.bulk_create([row for row, _ in rows])
    ShipmentLine.objects.bulk_create(
        ShipmentLine(seller_id=seller_id, shipment=row, order_line_id=line_id, quantity=quantity)
        for row, item in rows
        for line_id, quantity in item.lines.items()
    )


def _row(seller_id: int, order_id: int, item: ShipmentItem) -> Shipment:
    return Shipment(
        seller_id=seller_id,
        order_id=order_id,
        reported_by_id=item.reported_by,
        external_id=item.external_id,
        carrier=item.carrier,
        tracking_numbers=item.tracking_numbers,
        tracking_number=_joined(item.tracking_numbers),
        shipped_at=item.shipped_at,
    )


def _unknown(reported: Sequence[ShipmentItem], others: Sequence[ShipmentItem]) -> list[ShipmentItem]:
    """The shipments without those that are one of `others`, or a part of it: by a tracking number, or together."""
    left = [item for item in reported if not any(_same(item, other) for other in others)]
    for other in others:
        parts = [item for item in left if _is_part(item, other)]
        together = {line: sum(part.lines.get(line, Decimal(0)) for part in parts) for line in other.lines}
        if together != other.lines:
            parts = [item for item in parts if _numbers(item) & _names(other)]
        left = [item for item in left if item not in parts]
    return left


def _same(one: ShipmentItem, other: ShipmentItem) -> bool:
    """Whether both describe the same parcel: equal lines and no different tracking numbers."""
    return one.lines == other.lines and _is_part(one, other)


def _is_part(one: ShipmentItem, other: ShipmentItem) -> bool:
    """Whether the first may be all or a part of the second: no other pieces, and no different tracking numbers."""
    numbers, others = _numbers(one), _numbers(other)
    pieces = all(quantity <= other.lines.get(line, 0) for line, quantity in one.lines.items())
    return pieces and (numbers <= _names(other) or others <= numbers)


def _names(item: ShipmentItem) -> set[str]:
    """The tracking numbers, and the ID with which a shop got the shipment while it had none."""
    return _numbers(item) | {"".join(item.external_id.split()).upper()}


def _numbers(item: ShipmentItem) -> set[str]:
    return comparable_numbers(item.tracking_numbers)


def _joined(numbers: Sequence[str]) -> str:
    """As many complete tracking numbers as fit into the column of releases before the list."""
    text = ", ".join(numbers)
    return text if len(text) <= _JOINED_LENGTH else text[: _JOINED_LENGTH + 1].rpartition(", ")[0]
