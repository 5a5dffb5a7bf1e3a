"""What an order costs at its source, in the hub and at each target, side by side (M3, M4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.amounts import CHARGES, DISCOUNTS
from orders.models import Order

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class AmountRow:
    """A row of the table; `cells` has the name and the amount of each column, None where it is not known."""

    label: str | Promise
    cells: list[tuple[str | Promise, Decimal | None]]


@dataclass(frozen=True, slots=True)
class ReconciliationTable:
    """`columns` are the source, SyncCenter and the targets."""

    columns: list[str | Promise]
    rows: list[AmountRow]
    is_different: bool
    is_accepted: bool
    difference: Decimal | None


def reconciliation_table(*, order: Order) -> ReconciliationTable | None:
    """Amounts with tax. None for an order whose amounts were never read in full. Uses prefetched rows."""
    lines = list(order.lines.all())
    adjustments = list(order.adjustments.all())
    totals = list(order.target_totals.all())
    if not lines or any(line.total_gross is None for line in lines):
        return None
    charges = [row for row in adjustments if row.kind in CHARGES]
    discounts = _sum(row.gross for row in adjustments if row.kind in DISCOUNTS)
    own_lines = _sum(_before_discounts(line.total_gross, line.discount_gross) for line in lines)
    own_charges = _sum(_before_discounts(row.gross, row.discount_gross) for row in charges)
    own_tax = _sum([line.tax for line in lines]) + _sum(row.tax for row in charges)
    unknown: list[Decimal | None] = [None for _ in totals]
    columns: list[str | Promise] = [
        order.source.name if order.source else _("Source"),
        "SyncCenter",
        *(each.connection.name for each in totals),
    ]

    def row(label: str | Promise, amounts: list[Decimal | None]) -> AmountRow:
        return AmountRow(label, list(zip(columns, amounts, strict=True)))

    rows = [
        row(_("Line items"), [order.subtotal_gross, own_lines, *unknown]),
        row(_("Charges"), [None, own_charges, *unknown]),
        row(_("Discounts"), [None, -discounts, *unknown]),
        row(_("Total"), [order.total, own_lines + own_charges - discounts, *(each.total for each in totals)]),
        row(_("Tax (included)"), [order.tax, own_tax, *(each.tax for each in totals)]),
    ]
    if totals:
        rows.append(row(_("Expected total"), [None, None, *(each.expected_total for each in totals)]))
    is_different = order.reconciliation == Order.Reconciliation.DIFFERENT
    return ReconciliationTable(
        columns=columns,
        rows=rows,
        is_different=is_different,
        is_accepted=is_different and order.accepted_difference == order.difference,
        difference=order.difference,
    )


def _before_discounts(gross: Decimal | None, discount: Decimal | None) -> Decimal:
    return (gross or _ZERO) + (discount or _ZERO)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((each for each in amounts if each is not None), _ZERO)
