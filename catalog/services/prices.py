"""Saves the prices of variants: those that apply now, and those that begin or end at a known time (C9).

`Price` has what applies now, so that everything that reads prices sees the same ones. `ScheduledPrice` has all prices
for a quantity of which at least one begins or ends; `apply_due_prices` copies the right one to `Price` at that time,
and enqueues the variant like any other change.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from django.db import DataError, transaction
from django.db.models import Q

from catalog.models import Price, PriceList, Product, ScheduledPrice, Variant
from catalog.records import ConditionalPriceRecord, PriceRecord
from catalog.services.differences import Changes
from catalog.services.price_lists import save_price_lists
from catalog.services.revisions import bump_revisions
from hub.kinds import Kind
from hub.queue import enqueue

# Precision of the columns. A finer amount would differ from the stored one at every import.
_MONEY_PRECISION = Decimal("0.0001")


class Terms(NamedTuple):
    """What a price says; the lowest amount sorts first."""

    amount: Decimal
    list_amount: Decimal | None
    max_quantity: int | None


class Period(NamedTuple):
    """When a price applies; None: no limit."""

    starts_at: datetime | None
    ends_at: datetime | None

    def includes(self, now: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= now) and (self.ends_at is None or now < self.ends_at)

    def is_over(self, now: datetime) -> bool:
        """Also if it ends before it starts, so that it never applies."""
        return self.ends_at is not None and (self.ends_at <= now or self.ends_at <= (self.starts_at or now))

    def next_change(self, now: datetime) -> datetime | None:
        return min((each for each in self if each is not None and each > now), default=None)


# (price list ID, minimum quantity) → period → terms.
Schedule = dict[tuple[int, int], dict[Period, Terms]]
# (price list ID, minimum quantity) → terms.
Current = dict[tuple[int, int], Terms]


@dataclass(slots=True)
class PriceDraft:
    """All prices of a variant as read from a source: the default price alone, or those in all lists of the source."""

    variant_id: int
    prices: PriceRecord | Sequence[ConditionalPriceRecord]
    is_new: bool


def save_prices(
    *,
    seller_id: int,
    connection_id: int | None,
    default_list: PriceList | None,
    drafts: Sequence[PriceDraft],
    now: datetime,
) -> dict[int, Changes]:
    """Save the prices, and remove those that the source no longer has (C3).

    Returns variant ID → `price`, and for further lists and quantities `price LIST` and `price LIST 10` → [before,
    after]: what changed now. Variants without changes are left out. Call it in a transaction.
    """
    listed = [draft.prices for draft in drafts if not isinstance(draft.prices, PriceRecord)]
    records = [each.price_list for prices in listed for each in prices if each.price_list is not None]
    lists = save_price_lists(seller_id=seller_id, connection_id=connection_id, records=records)
    own = {each.pk: each for each in [*lists.values(), *([default_list] if default_list else [])]}
    known = [draft.variant_id for draft in drafts if not draft.is_new]
    scheduled = _locked_schedules(Q(variant__in=known, price_list__in=own))
    current = _current_prices(known, own)
    writer = _Writer(seller_id)
    for draft in drafts:
        wanted = _wanted(draft, default_list, lists, now)
        writer.set_current(draft.variant_id, current[draft.variant_id], _applicable(wanted, now))
        writer.set_schedule(draft.variant_id, scheduled[draft.variant_id], _with_dates(wanted), now)
    writer.save()
    return _as_changes(writer.changes, own, default_list)


def _wanted(draft: PriceDraft, default_list: PriceList | None, lists: dict[str, PriceList], now: datetime) -> Schedule:
    """The prices of a record that apply now or later. Of two for the same period, the lower one counts."""
    prices = draft.prices
    rows: Iterable[ConditionalPriceRecord]
    if isinstance(prices, PriceRecord):
        rows = [ConditionalPriceRecord(amount=prices.amount, list_amount=prices.list_amount)]
    else:
        rows = prices
    wanted: Schedule = defaultdict(dict)
    for row in rows:
        price_list = default_list if row.price_list is None else lists[row.price_list.external_id]
        period = Period(row.starts_at, row.ends_at)
        if price_list is None or row.amount is None or period.is_over(now):
            continue
        terms = Terms(
            _rounded(row.amount), None if row.list_amount is None else _rounded(row.list_amount), row.max_quantity
        )
        found = wanted[price_list.pk, max(row.min_quantity, 1)]
        found[period] = min(terms, found.get(period, terms), key=_amount)
    return wanted


def _rounded(amount: Decimal) -> Decimal:
    """Round to the precision of the column. DataError if the column can't store the number."""
    try:
        return amount.quantize(_MONEY_PRECISION)
    except InvalidOperation as error:
        raise DataError(f"{amount} is not a valid price") from error


def _amount(terms: Terms) -> Decimal:
    return terms.amount


def _applicable(schedule: Schedule, now: datetime) -> Current:
    """The lowest price that applies now, by list and minimum quantity."""
    found: Current = {}
    for key, prices in schedule.items():
        if terms := [each for period, each in prices.items() if period.includes(now)]:
            found[key] = min(terms, key=_amount)
    return found


def _with_dates(schedule: Schedule) -> Schedule:
    """Only the keys of which at least one price begins or ends."""
    return {key: prices for key, prices in schedule.items() if any(any(period) for period in prices)}


def _current_prices(variant_ids: Iterable[int], lists: Iterable[int]) -> dict[int, Current]:
    found: dict[int, Current] = defaultdict(dict)
    rows = Price.objects.filter(variant__in=variant_ids, price_list__in=lists)
    for row in rows.only("variant_id", "price_list_id", "min_quantity", *Terms._fields):
        terms = Terms(row.amount, row.list_amount, row.max_quantity)
        found[row.variant_id][row.price_list_id, row.min_quantity] = terms
    return found


def _locked_schedules(rows: Q) -> dict[int, Schedule]:
    """Variant ID → its schedules. They stay locked, so that `apply_due_prices` does not write prices in between."""
    found: dict[int, Schedule] = defaultdict(lambda: defaultdict(dict))
    for each in ScheduledPrice.objects.filter(rows).order_by("pk").select_for_update():
        terms = Terms(each.amount, each.list_amount, each.max_quantity)
        key = (each.price_list_id, each.min_quantity)
        found[each.variant_id][key][Period(each.starts_at, each.ends_at)] = terms
    return found


class _Writer:
    """Collects what differs, and writes it in a fixed number of statements."""

    def __init__(self, seller_id: int) -> None:
        self._seller_id = seller_id
        self._prices: list[Price] = []
        self._gone: list[tuple[int, int, int]] = []
        self._scheduled: list[ScheduledPrice] = []
        self._unscheduled: list[tuple[int, int, int]] = []
        # Variant ID → (price list ID, minimum quantity) → terms before and after.
        self.changes: dict[int, dict[tuple[int, int], tuple[Terms | None, Terms | None]]] = defaultdict(dict)

    def set_current(self, variant_id: int, before: Current, after: Current) -> None:
        for key in before.keys() | after.keys():
            old, new = before.get(key), after.get(key)
            if old == new:
                continue
            self.changes[variant_id][key] = (old, new)
            if new is None:
                self._gone.append((variant_id, *key))
            else:
                list_id, minimum = key
                self._prices.append(
                    Price(
                        seller_id=self._seller_id,
                        variant_id=variant_id,
                        price_list_id=list_id,
                        min_quantity=minimum,
                        **new._asdict(),
                    )
                )

    def set_schedule(self, variant_id: int, before: Schedule, after: Schedule, now: datetime) -> None:
        for key in before.keys() | after.keys():
            old, new = before.get(key, {}), after.get(key, {})
            if old == new:
                continue
            list_id, minimum = key
            if old:
                self._unscheduled.append((variant_id, *key))
            self._scheduled += [
                ScheduledPrice(
                    seller_id=self._seller_id,
                    variant_id=variant_id,
                    price_list_id=list_id,
                    min_quantity=minimum,
                    due_at=period.next_change(now),
                    **period._asdict(),
                    **terms._asdict(),
                )
                for period, terms in new.items()
            ]

    def save(self) -> None:
        _delete(Price, self._gone)
        _delete(ScheduledPrice, self._unscheduled)
        Price.objects.bulk_create(
            self._prices,
            update_conflicts=True,
            unique_fields=["variant", "price_list", "min_quantity"],
            update_fields=Terms._fields,
        )
        ScheduledPrice.objects.bulk_create(self._scheduled)


def _delete(model: type[Price | ScheduledPrice], keys: Sequence[tuple[int, int, int]]) -> None:
    """Delete the rows of these variants, price lists and minimum quantities."""
    if not keys:
        return
    rows = model._base_manager.filter(variant__in={variant_id for variant_id, _, _ in keys})
    wanted = set(keys)
    found = rows.values_list("pk", "variant", "price_list", "min_quantity")
    rows.filter(pk__in=[pk for pk, *key in found if tuple(key) in wanted]).delete()


def _as_changes(
    changes: dict[int, dict[tuple[int, int], tuple[Terms | None, Terms | None]]],
    lists: dict[int, PriceList],
    default_list: PriceList | None,
) -> dict[int, Changes]:
    named: dict[int, Changes] = defaultdict(dict)
    for variant_id, pairs in changes.items():
        for (list_id, minimum), (before, after) in sorted(pairs.items()):
            is_default = default_list is not None and list_id == default_list.pk
            words = ["price", *([] if is_default else [lists[list_id].slug]), *([str(minimum)] if minimum > 1 else [])]
            named[variant_id][" ".join(words)] = [before and str(before.amount), after and str(after.amount)]
    return named


class DuePrices(NamedTuple):
    """What became of the prices of a product, because a price began or ended."""

    seller_id: int
    connection_id: int | None
    product_id: int
    changes: Changes


@transaction.atomic
def apply_due_prices(*, now: datetime, limit: int = 500) -> tuple[int, list[DuePrices]]:
    """Make prices apply that have begun, remove those that have ended, and enqueue their variants and products.

    At most `limit` prices that are due; returns how many were processed, and the products that changed. Safe to run
    concurrently, and beside imports.
    """
    due = ScheduledPrice.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    due = due.select_for_update(skip_locked=True, of=("self",)).select_related("price_list", "variant")[:limit]
    rows = list(due)
    # An import that has changed a product waits for these rows, so this must not wait for the product.
    products = Product.objects.filter(pk__in={row.variant.product_id for row in rows}).order_by("pk")
    free = set(products.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    rows = [row for row in rows if row.variant.product_id in free]
    by_list: dict[PriceList, dict[int, Variant]] = defaultdict(dict)
    for row in rows:
        by_list[row.price_list][row.variant_id] = row.variant
    found = [each for price_list, variants in by_list.items() for each in _apply_due(price_list, variants, now)]
    return len(rows), found


def _apply_due(price_list: PriceList, variants: dict[int, Variant], now: datetime) -> list[DuePrices]:
    origin = price_list.connection_id or price_list.source_id
    scheduled = _locked_schedules(Q(variant__in=variants, price_list=price_list))
    current = _current_prices(variants, [price_list.pk])
    writer = _Writer(price_list.seller_id)
    for variant_id, schedule in scheduled.items():
        rest: Schedule = {
            key: {period: terms for period, terms in prices.items() if not period.is_over(now)}
            for key, prices in schedule.items()
        }
        before = {key: terms for key, terms in current[variant_id].items() if key in schedule}
        writer.set_current(variant_id, before, _applicable(rest, now))
        # Emptied first, so that rows whose time has not come get their next due time as well.
        writer.set_schedule(variant_id, schedule, {}, now)
        writer.set_schedule(variant_id, {}, _with_dates(rest), now)
    writer.save()
    named = _as_changes(writer.changes, {price_list.pk: price_list}, price_list if price_list.connection_id else None)
    by_product: dict[int, Changes] = defaultdict(dict)
    for variant_id, changes in named.items():
        variant = variants[variant_id]
        owner = variant.sku or f"variant {variant_id}"
        by_product[variant.product_id] |= {f"{owner}: {name}": pair for name, pair in changes.items()}
    bump_revisions(list(by_product), now)
    enqueue(seller_id=price_list.seller_id, kind=Kind.PRODUCT, item_ids=list(by_product), origin=origin)
    enqueue(seller_id=price_list.seller_id, kind=Kind.VARIANT, item_ids=list(named), origin=origin)
    return [DuePrices(price_list.seller_id, origin, *each) for each in by_product.items()]
