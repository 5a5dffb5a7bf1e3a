"""Saves the charges, discounts and payments of orders, and their refunds. Each is replaced as a whole if it differs."""

from collections.abc import Iterable, Sequence

from orders.items import ADJUSTMENT, RefundItem, RefundLineItem
from orders.models import OrderAdjustment, Refund, RefundLine
from orders.records import AdjustmentRecord, RefundRecord
from orders.services.common import MASKED_CHANGE, THOUSANDTHS, SaveResult, amount, record_difference, rounded

_AMOUNTS = ("net", "tax", "gross", "tax_rate", "discount_net", "discount_gross")
_REFUND_AMOUNTS = ("net", "tax", "gross", "shipping_net", "shipping_gross", "adjustment")


def build_adjustments(records: Sequence[AdjustmentRecord]) -> list[AdjustmentRecord]:
    """The records with amounts as they are stored."""
    return [
        AdjustmentRecord(
            kind=each.kind,
            title=each.title,
            code=each.code,
            **{name: amount(getattr(each, name)) for name in _AMOUNTS},
        )
        for each in records
    ]


def replace_adjustments(
    seller_id: int,
    wanted: Iterable[tuple[SaveResult, Sequence[AdjustmentRecord], Sequence[AdjustmentRecord], bool]],
) -> None:
    """`wanted`: per order its result, its adjustments before and after, and whether they may be written (L17)."""
    stale: list[int] = []
    rows: list[OrderAdjustment] = []
    for result, before, after, allowed in wanted:
        if list(before) == list(after):
            continue
        if not result.created:
            pair = [_summary(before), _summary(after)]
            if not record_difference(result, "adjustments", pair if pair[0] != pair[1] else MASKED_CHANGE, allowed):
                continue
            stale.append(result.item_id)
        rows += [
            OrderAdjustment(
                seller_id=seller_id,
                order_id=result.item_id,
                position=position,
                **{name: getattr(each, name) for name in ADJUSTMENT},
            )
            for position, each in enumerate(after)
        ]
    if stale:
        OrderAdjustment.objects.filter(order_id__in=stale).delete()
    OrderAdjustment.objects.bulk_create(rows)


def _summary(adjustments: Sequence[AdjustmentRecord]) -> str:
    """Kinds and amounts, without codes: these are secret."""
    return ", ".join(f"{each.kind} {each.gross if each.gross is not None else each.net}" for each in adjustments)


def build_refund(record: RefundRecord, line_ids: dict[str, int]) -> RefundItem:
    """Convert a record. Lines of the refund that the order does not have are left out; their money stays in it."""
    lines: dict[int, RefundLineItem] = {}
    for each in record.lines:
        if (line_id := line_ids.get(each.line_id)) is None:
            continue
        lines[line_id] = RefundLineItem(
            line_id, rounded(each.quantity, THOUSANDTHS), amount(each.net), amount(each.tax), amount(each.gross)
        )
    return RefundItem(
        external_id=record.external_id,
        number=record.number,
        refunded_at=record.refunded_at,
        **{name: amount(getattr(record, name)) for name in _REFUND_AMOUNTS},
        lines=[lines[line_id] for line_id in sorted(lines)],
    )


def replace_refunds(
    seller_id: int, wanted: Iterable[tuple[SaveResult, Sequence[RefundItem], Sequence[RefundItem], bool]]
) -> None:
    """`wanted`: per order its result, its refunds before and after, and whether they may be written (L17)."""
    stale: list[int] = []
    rows: list[tuple[Refund, RefundItem]] = []
    for result, before, after, allowed in wanted:
        if list(before) == list(after):
            continue
        if not result.created:
            pair = [len(before), len(after)] if len(before) != len(after) else MASKED_CHANGE
            if not record_difference(result, "refunds", pair, allowed):
                continue
            stale.append(result.item_id)
        rows += [(_row(seller_id, result.item_id, item), item) for item in after]
    if stale:
        Refund.objects.filter(order_id__in=stale).delete()
    Refund.objects.bulk_create([row for row, _ in rows])
    RefundLine.objects.bulk_create(
        RefundLine(
            seller_id=seller_id,
            refund=row,
            order_line_id=line.line_id,
            quantity=line.quantity,
            net=line.net,
            tax=line.tax,
            gross=line.gross,
        )
        for row, item in rows
        for line in item.lines
    )


def _row(seller_id: int, order_id: int, item: RefundItem) -> Refund:
    return Refund(
        seller_id=seller_id,
        order_id=order_id,
        external_id=item.external_id,
        number=item.number,
        refunded_at=item.refunded_at,
        **{name: getattr(item, name) for name in _REFUND_AMOUNTS},
    )
