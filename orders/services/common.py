"""Shared helpers to save customers and orders: comparing, writing and enqueueing.

Differences are shown in timelines, so values that the staging copy masks as personal data are replaced with "…".
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from django.db import DataError
from django.db.models import BigIntegerField, Func, Value

from hub.kinds import Kind
from hub.queue import enqueue
from orders.models import Address, Customer, Order
from orders.policy import POLICY
from orders.records import AddressRecord

Changes = dict[str, list[Any]]
_Item = TypeVar("_Item")

MASKED_CHANGE = ["…", "…"]
_PERSONAL = {
    name
    for table in ("orders_customer", "orders_order")
    for name, rule in POLICY[table].items()
    if isinstance(rule, str) and rule.startswith("mask:")
}
# Precision of the columns. A finer value would differ from the stored one at every import.
MONEY = Decimal("0.0001")
THOUSANDTHS = Decimal("0.001")


@dataclass(slots=True)
class SaveResult:
    """The result of saving a draft. `changes`: field → [before, after], empty if nothing changed.

    `conflicts`: fields that were not written because another connection is their source of truth (L17). `complete` is
    False if the record refers to an item that hasn't been imported yet. `line_ids`: external ID → ID of order lines.
    """

    item_id: int
    created: bool
    changes: Changes = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    complete: bool = True
    line_ids: dict[str, int] = field(default_factory=dict)


def addresses_differ(before: Sequence[AddressRecord], after: Sequence[AddressRecord]) -> bool:
    """Whether the addresses differ, ignoring their order."""
    return sorted(map(astuple, before)) != sorted(map(astuple, after))


def replace_addresses(seller_id: int, owner: str, wanted: Sequence[tuple[SaveResult, Sequence[AddressRecord]]]) -> None:
    """Replace all addresses of the saved items. `owner` is the foreign key column: customer_id or order_id."""
    stale = [result.item_id for result, _ in wanted if not result.created]
    if stale:
        Address.objects.filter(**{f"{owner}__in": stale}).delete()
    Address.objects.bulk_create(
        Address(seller_id=seller_id, **{owner: result.item_id}, **asdict(address))
        for result, addresses in wanted
        for address in addresses
    )


def writable_changes(
    result: SaveResult,
    before: Any,
    values: dict[str, Any],
    may_write: Callable[[str], bool | None],
    *,
    label: str = "",
) -> dict[str, Any]:
    """The values that differ and may be written.

    `may_write` returns True, False (the difference is recorded as a conflict) or None (it is ignored) for a field.
    """
    writable = {}
    for name, value in values.items():
        old, allowed = getattr(before, name), may_write(name)
        if old == value or allowed is None:
            continue
        pair = MASKED_CHANGE if name in _PERSONAL else [_plain(old), _plain(value)]
        if record_difference(result, label + name, pair, allowed):
            writable[name] = value
    return writable


def record_difference(result: SaveResult, name: str, pair: list[Any], allowed: bool) -> bool:
    """Record a difference as a change if `allowed`, else as a conflict (L17). Returns `allowed`."""
    if allowed:
        result.changes[name] = pair
    else:
        result.conflicts.append(name)
    return allowed


def lock_and_load(
    model: type[Customer] | type[Order], load: Callable[[Sequence[int]], dict[int, _Item]], ids: Iterable[int | None]
) -> dict[int, _Item]:
    """Load items by ID and lock them until commit, because two sources may import the same item."""
    wanted = sorted(pk for pk in ids if pk is not None)
    rows = model._default_manager.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    return load(list(rows.values_list("pk", flat=True)))


def enqueue_changed(
    model: type[Customer] | type[Order],
    kind: Kind,
    seller_id: int,
    saved: Sequence[SaveResult],
    origin: int,
    now: datetime,
) -> None:
    """Raise the revision of items that changed and enqueue them."""
    changed = [result.item_id for result in saved if result.created or result.changes]
    bump_revisions(model, changed, now)
    enqueue(seller_id=seller_id, kind=kind, item_ids=changed, origin=origin)


def bump_revisions(model: type[Customer] | type[Order], ids: Collection[int], now: datetime) -> None:
    """Give the items a new revision, which full syncs compare."""
    revision = Func(Value("orders_revision"), function="nextval", output_field=BigIntegerField())
    model._default_manager.filter(pk__in=ids).update(revision=revision, updated_at=now)


def rounded(value: Decimal, exponent: Decimal) -> Decimal:
    """Round to the precision of the column. DataError if it can't store the number."""
    try:
        number = value.quantize(exponent)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DataError(f"{value} is too large or not a number")
    return number


def amount(value: Decimal | None) -> Decimal | None:
    """Round an amount to the precision of the columns; None stays None."""
    return None if value is None else rounded(value, MONEY)


def _plain(value: Any) -> Any:
    """Convert to a JSON-serializable value."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
