"""Saves customers with their groups, parents and addresses."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from hub.field_registry import stored_names, stored_values
from hub.kinds import Kind
from hub.models import Master
from hub.queue import enqueue
from orders.items import load_customers
from orders.models import Customer, CustomerGroup
from orders.records import CustomerRecord
from orders.services.common import (
    MASKED_CHANGE,
    THOUSANDTHS,
    Changes,
    SaveResult,
    addresses_differ,
    bump_revisions,
    enqueue_changed,
    lock_and_load,
    record_difference,
    replace_addresses,
    rounded,
    writable_changes,
)


@dataclass(slots=True)
class CustomerDraft:
    """A record with its parent resolved to an ID of SyncCenter, unless the parent is on the same page.

    A new customer is created if `customer_id` is None.
    """

    record: CustomerRecord
    customer_id: int | None = None
    parent_id: int | None = None


@transaction.atomic
def save_customers(
    *, seller_id: int, drafts: Sequence[CustomerDraft], groups: Collection[str], origin: int, now: datetime
) -> list[SaveResult]:
    """Save a page of drafts of one seller in order, in a fixed number of statements.

    `groups` are the field groups (hub.models.Master.Group) that the source may write. Raises DataError or
    IntegrityError for values that PostgreSQL rejects. Nothing is written then; the caller may save the drafts singly.
    """
    master = Master.Group.CUSTOMERS in groups
    known = lock_and_load(Customer, load_customers, [draft.customer_id for draft in drafts])
    group_ids = _groups(seller_id, {draft.record.group for draft in drafts if draft.record.group})
    values = [_customer_values(draft.record) for draft in drafts]
    created = iter(
        Customer.objects.bulk_create(
            Customer(seller_id=seller_id, created_at=now, updated_at=now, **_columns(each, group_ids))
            for draft, each in zip(drafts, values, strict=True)
            if draft.customer_id is None
        )
    )
    saved = [SaveResult(d.customer_id or next(created).pk, created=d.customer_id is None) for d in drafts]
    in_page = {draft.record.external_id: result.item_id for draft, result in zip(drafts, saved, strict=True)}
    updated, with_new_parent, addresses = [], [], []
    for draft, result, after in zip(drafts, saved, values, strict=True):
        parent_id = draft.parent_id or in_page.get(draft.record.parent_id)
        result.complete = not draft.record.parent_id or parent_id is not None
        incoming = draft.record.addresses
        if result.created:
            if parent_id is not None:
                with_new_parent.append(Customer(pk=result.item_id, parent_id=parent_id))
            addresses.append((result, incoming or []))
            continue
        item = known[result.item_id]
        after["parent_id"] = parent_id if result.complete else item.parent_id
        # Customers that reappear in the source are reactivated.
        after["status"] = str(Customer.Status.ACTIVE) if item.status == Customer.Status.DELETED else item.status
        if writable_changes(result, item, after, lambda name: master):
            updated.append(Customer(pk=item.id, **_columns(after, group_ids)))
        differ = incoming is not None and addresses_differ(item.addresses, incoming)
        if differ and record_difference(result, "addresses", MASKED_CHANGE, master):
            addresses.append((result, incoming or []))
    if updated:
        Customer.objects.bulk_update(updated, [*stored_names(CustomerRecord), "group", "parent", "status"])
    if with_new_parent:
        Customer.objects.bulk_update(with_new_parent, ["parent"])
    replace_addresses(seller_id, "customer_id", addresses)
    enqueue_changed(Customer, Kind.CUSTOMER, seller_id, saved, origin, now)
    return saved


@transaction.atomic
def delete_customers(
    *, seller_id: int, customer_ids: Collection[int], origin: int | None, now: datetime
) -> dict[int, Changes]:
    """Mark customers as deleted that are no longer in the source; their orders are kept. Returns ID → changes."""
    rows = Customer.objects.filter(pk__in=customer_ids, seller_id=seller_id).exclude(status=Customer.Status.DELETED)
    before = dict(rows.order_by("pk").select_for_update().values_list("pk", "status"))
    Customer.objects.filter(pk__in=before.keys()).update(status=Customer.Status.DELETED)
    bump_revisions(Customer, before.keys(), now)
    enqueue(seller_id=seller_id, kind=Kind.CUSTOMER, item_ids=before.keys(), origin=origin)
    return {pk: {"status": [status, str(Customer.Status.DELETED)]} for pk, status in before.items()}


def _customer_values(record: CustomerRecord) -> dict[str, Any]:
    discount = record.discount_percentage
    return stored_values(record) | {
        "group": record.group,
        "discount_percentage": None if discount is None else rounded(discount, THOUSANDTHS),
        "b2b_enabled": bool(record.b2b_enabled),
    }


def _columns(values: dict[str, Any], group_ids: dict[str, int]) -> dict[str, Any]:
    columns = {name: value for name, value in values.items() if name != "group"}
    return columns | {"group_id": group_ids.get(values["group"])}


def _groups(seller_id: int, names: set[str]) -> dict[str, int]:
    """Name → ID of customer groups; missing ones are created."""
    rows = CustomerGroup.objects.filter(seller_id=seller_id, name__in=names)
    found = dict(rows.values_list("name", "pk"))
    if missing := names - found.keys():
        CustomerGroup.objects.bulk_create(
            [CustomerGroup(seller_id=seller_id, name=name) for name in sorted(missing)], ignore_conflicts=True
        )
        found = dict(rows.values_list("name", "pk"))
    return found
