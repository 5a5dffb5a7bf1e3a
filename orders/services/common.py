"""What saving a customer and saving an order have in common: what may be written, what differs, who is told.

Differences are made for timelines, so personal values (those that the masking policy masks) stand there only as "…".
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
    if rule.startswith("mask:")
}
# As many decimals as the columns keep: a finer value would differ from itself at every read.
MONEY = Decimal("0.0001")
THOUSANDTHS = Decimal("0.001")


@dataclass(slots=True)
class SaveResult:
    """What became of a draft. `changes` is empty where nothing changed: field → [before, after].

    `conflicts` names fields in which the source differs from the master, whose values stay (L17). `complete` is False
    where the record refers to something that is not here yet. `line_ids` are an order's lines by external id.
    """

    item_id: int
    created: bool
    changes: Changes = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    complete: bool = True
    line_ids: dict[str, int] = field(default_factory=dict)


def addresses_differ(before: Sequence[AddressRecord], after: Sequence[AddressRecord]) -> bool:
    return sorted(map(astuple, before)) != sorted(map(astuple, after))


def replace_addresses(seller_id: int, owner: str, wanted: Sequence[tuple[SaveResult, Sequence[AddressRecord]]]) -> None:
    """`owner` is the column that says whose they are."""
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
    """Those values that differ from what was and may be written. What may not is noted as lost, unless it is None."""
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
    """Note a difference: as a change where it may be written, else as lost to the master (L17)."""
    if allowed:
        result.changes[name] = pair
    else:
        result.conflicts.append(name)
    return allowed


def lock_and_load(
    model: type[Customer] | type[Order], load: Callable[[Sequence[int]], dict[int, _Item]], ids: Iterable[int | None]
) -> dict[int, _Item]:
    """Items as they are, and nobody else's until the transaction ends: two sources may bring the same."""
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
    """Tell the queue about what really changed."""
    changed = [result.item_id for result in saved if result.created or result.changes]
    bump_revisions(model, changed, now)
    enqueue(seller_id=seller_id, kind=kind, item_ids=changed, origin=origin)


def bump_revisions(model: type[Customer] | type[Order], ids: Collection[int], now: datetime) -> None:
    revision = Func(Value("orders_revision"), function="nextval", output_field=BigIntegerField())
    model._default_manager.filter(pk__in=ids).update(revision=revision, updated_at=now)


def rounded(value: Decimal, places: Decimal) -> Decimal:
    """DataError for what no column could hold, as PostgreSQL raises for a number that is too large."""
    try:
        number = value.quantize(places)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DataError("A number is too large, or none at all.")
    return number


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
