"""What an ERP gets of an order: goods, charges, the customer, refunds, and the totals to compare (M3–M10)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NotRequired, Protocol, TypedDict

from pydantic import Field

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.orders import DifferentOrders, hold_different, rounding
from connectors.sdk.records import AddressRecord, AdjustmentRecord, Problem
from hub.kinds import Kind
from orders.currencies import round_amount
from orders.items import OrderItem, RefundItem
from orders.parts import Part, charges, charges_left, deliverable_parts
from orders.refunds import BookedRefund, booked_refunds, has_shipped, shipped_but_not_ordered

# The statuses of an order that may still be sent for the first time.
_OPEN_STATUSES = {"pending", "confirmed", "partly_shipped"}
CLOSED_STATUSES = {"cancelled", "returned", "refunded"}
_MAX_CHANGES = 20
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9_-]+")
_ZERO = Decimal(0)


class ErpSettings(Protocol):
    """The settings of an ERP that decide what of an order it gets. `refunds` is `none` if it books none."""

    @property
    def send_pending(self) -> bool: ...
    @property
    def send_bundles(self) -> bool: ...
    @property
    def unreconciled_orders(self) -> DifferentOrders: ...
    @property
    def refunds(self) -> str: ...


def send_pending_field() -> bool:
    field: bool = Field(
        False,
        title="Send unpaid orders",
        description="Send pending orders as well; otherwise orders are sent once they are confirmed.",
    )
    return field


class ShippedButNotOrdered(TypedDict):
    """A line of which more was shipped than the order has now, as a payload names it."""

    sku: str
    quantity: str


@dataclass(frozen=True, slots=True)
class OrderContent:
    """What an ERP gets of an order. Parts with a quantity of 0 were sent before. Charges have amounts without tax."""

    parts: list[Part]
    charges: list[AdjustmentRecord]
    refunds: list[BookedRefund]
    shipped_but_not_ordered: list[ShippedButNotOrdered]

    @property
    def is_exact(self) -> bool:
        """Whether the amounts are known without and with tax."""
        return all(part.net is not None and part.gross is not None for part in self.parts)


def order_content(item: OrderItem, refs: References, settings: ErpSettings) -> OrderContent | None:
    """None if there is nothing to ship: unpaid, closed, or shipped before it was ever sent.

    SkipRecord for an order that waits for a person, or goes to several addresses.
    """
    sent_before = any(refs.get(Kind.ORDER_LINE, line.id) for line in item.lines)
    unpaid = item.status == "pending" and not settings.send_pending
    closed = item.status in CLOSED_STATUSES or all(line.status in CLOSED_STATUSES for line in item.lines)
    # What was shipped, or is not paid back, stays in the books.
    closed = closed and not (has_shipped(item) or _has_kept_money(item))
    if unpaid or closed or (not sent_before and item.status not in _OPEN_STATUSES):
        return None
    hold_different(item, settings.unreconciled_orders)
    parts = [
        part
        for part in deliverable_parts(item, whole_bundles=settings.send_bundles)
        if part.quantity or refs.get(Kind.ORDER_LINE, part.line.id)
    ]
    if not sent_before and not any(part.quantity for part in parts):
        return None
    if len({part.line.delivery_address for part in parts if part.quantity and part.line.needs_shipping}) > 1:
        raise SkipRecord(issues.SEVERAL_DELIVERY_ADDRESSES())
    # Shipping that was refunded after something was shipped is part of the refund.
    charges_kept = has_shipped(item) and settings.refunds != "none"
    rows = charges(item) if charges_kept else charges_left(item)
    extra = shipped_but_not_ordered(item)
    return OrderContent(
        parts=parts,
        charges=[row if row.net is not None else replace(row, net=row.gross) for row in rows],
        refunds=booked_refunds(item, charges_kept=charges_kept, whole_bundles=settings.send_bundles),
        shipped_but_not_ordered=[
            {"sku": line.sku or line.title, "quantity": plain(quantity)}
            for line in item.lines
            if (quantity := extra.get(line.id))
        ],
    )


def _has_kept_money(item: OrderItem) -> bool:
    """Whether the customer paid more than was paid back.

    If the source does not tell what was paid, an order of which nothing was canceled was paid as a whole.
    """
    paid = item.paid
    if paid is None and item.status != "cancelled" and not any(line.quantity_cancelled for line in item.lines):
        paid = item.total
    if paid is None or not item.refunds:
        return False
    paid_back = sum((refund.gross or _ZERO for refund in item.refunds), _ZERO)
    return paid - paid_back > rounding(item.currency, len(item.lines))


class CustomerPayload(TypedDict, total=False):
    """The customer of an order: its ID, or slug and name of a seller on whose behalf we ship."""

    id: str
    seller: str
    name: str


def customer_payload(item: OrderItem, refs: References, *, sellers: Mapping[str, str], guest: str) -> CustomerPayload:
    """The customer. For a vendor it is the seller on whose behalf the vendor ships; `sellers`: slug → ID.

    An order that names a customer waits for that customer; the `guest` is for orders that name none (M10).
    """
    if item.principal is not None:
        slug = item.principal.slug
        number = sellers.get(slug, "")
        return {"id": number} if number else {"seller": slug, "name": item.principal.name}
    if customer := refs.get(Kind.CUSTOMER, item.customer_id):
        return {"id": customer}
    if item.customer_id is not None or item.awaits_customer:
        raise SkipRecord(issues.CUSTOMER_NOT_READY())
    if guest:
        return {"id": guest}
    raise SkipRecord(issues.CUSTOMER_MISSING())


def order_address(item: OrderItem, use: str) -> AddressRecord | None:
    """The address of an order for a use, `billing` or `shipping`; of several the one that the lines name."""
    found = [each for each in item.addresses if each.use == use]
    named = {line.delivery_address for line in item.lines if line.delivery_address}
    return next((each for each in found if each.external_id in named), next(iter(found), None))


class ExpectedTotals(TypedDict):
    """What an order should come to, with tax, and the tax in it; and how far rounding may take it."""

    total: str
    tax: str
    tolerance: str
    currency: NotRequired[str]


def expected_totals(content: OrderContent, item: OrderItem) -> ExpectedTotals | None:
    """The totals of what is sent. If its amounts are unknown, those of the order; None if only a part of it is sent."""
    amounts = [(part.tax or _ZERO, part.gross or _ZERO) for part in content.parts if part.quantity]
    amounts += [(row.tax or _ZERO, row.gross or _ZERO) for row in content.charges]
    total, tax = sum((gross for _, gross in amounts), _ZERO), sum((tax for tax, _ in amounts), _ZERO)
    if not content.is_exact:
        if item.refunds or item.principal or any(part.quantity != part.line.quantity for part in content.parts):
            return None
        total, tax = item.total, item.tax
    return {"total": plain(total), "tax": plain(tax), "tolerance": plain(rounding(item.currency, len(amounts)))}


def refund_key(refund: RefundItem) -> str:
    """Unique in the order, of letters, digits, hyphens and underscores."""
    return _NOT_IN_KEYS.sub("-", refund.external_id or refund.number)


class UnsentRefund(TypedDict):
    """A refund that a target does not book, as a payload names it. `amount` is with tax."""

    refund: str
    amount: str


class NotBooked(TypedDict, total=False):
    """What of an order an ERP does not have in its books: part of a payload, so that people are told."""

    unsent_refunds: list[UnsentRefund]
    shipped_but_not_ordered: list[ShippedButNotOrdered]


def not_booked(content: OrderContent, unsent: Sequence[BookedRefund]) -> NotBooked:
    found: NotBooked = {}
    if unsent:
        found["unsent_refunds"] = [
            {"refund": each.refund.number or each.refund.external_id, "amount": plain(each.gross)} for each in unsent
        ]
    if content.shipped_but_not_ordered:
        found["shipped_but_not_ordered"] = content.shipped_but_not_ordered
    return found


def booking_problems(payload: NotBooked, currency: str) -> list[Problem]:
    """A problem for each entry of `not_booked`."""
    found = [issues.REFUND_NOT_SENT(**each, currency=currency) for each in payload.get("unsent_refunds", ())]
    return found + [issues.SHIPPED_BUT_NOT_ORDERED(**each) for each in payload.get("shipped_but_not_ordered", ())]


def changes_rejected(error: SkipRecord, changes: Sequence[str]) -> SkipRecord:
    """The rejection of an order with a list of the changes that the target did not take (M7).

    `error` itself if there are none, or if it is not the target that rejected the order.
    """
    if not changes or error.problem.code != issues.REJECTED.code:
        return error
    shown = [*changes[:_MAX_CHANGES], *(["…"] if len(changes) > _MAX_CHANGES else [])]
    return SkipRecord(issues.CHANGES_REJECTED(changes="; ".join(shown), reason=error.problem.values.get("reason", "")))


def refund_total_problems(total: Decimal | None, expected: str, refund: str, currency: str, rows: int) -> list[Problem]:
    """A problem if a target computed another total for a refund, as a positive amount, than what was paid back."""
    if total is None or abs(total - Decimal(expected)) <= rounding(currency, rows):
        return []
    computed, paid_back = (f"{round_amount(amount, currency):f}" for amount in (total, Decimal(expected)))
    return [issues.REFUND_TOTAL_DIFFERS(refund=refund, currency=currency, total=computed, expected=paid_back)]


def plain(amount: Decimal) -> str:
    """An amount as text, without an exponent and trailing zeros."""
    return f"{amount.normalize():f}"
