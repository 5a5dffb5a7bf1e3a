"""What B2B fronts bring of their own: customers who were made or changed there."""

from dataclasses import dataclass, fields
from decimal import Decimal

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import record_audit_event
from connectors.engine import loading
from connectors.engine.applying.context import import_context_for, not_master_problem
from connectors.engine.platforms import platform_names
from hub.kinds import DataType, Direction, Kind
from hub.models import Connection, Job, Link, Master
from orders.items import CustomerItem, load_customers
from orders.models import Customer
from orders.records import AddressRecord, CustomerRecord
from orders.services import CustomerDraft, save_customers
from synclog import services as synclog


@dataclass(slots=True, kw_only=True)
class StorefrontCustomer:
    """A customer as a front tells of it. What is None was not told, and stays as it is."""

    email: str
    first_name: str
    last_name: str
    company_name: str | None = None
    accounting_id: str | None = None
    group: str | None = None
    sales_agent_groups: list[str] | None = None
    price_lists: list[str] | None = None
    discount_percentage: Decimal | None = None
    addresses: list[AddressRecord] | None = None


class AmbiguousCustomer(ValueError):
    """Several customers have the address; which of them is meant cannot be told."""


@transaction.atomic
def receive_customer(*, storefront: Connection, customer: StorefrontCustomer, by: User | None) -> str:
    """Make the customer of this e-mail address, or change it, and pass it on to every other target.

    Returns the id by which the front is to know it: the shop's, if the shop has it. LookupError if the front has no job
    for customers; Ambiguous if several have the address; NeedsAttention if the front's settings name a shop that is
    none. Where another is the master of customers, its values stay, and an issue says so (L17).
    """
    job = Job.objects.select_related("connection__seller").filter(
        connection=storefront, direction=Direction.EXPORT, data_type=DataType.CUSTOMERS, enabled=True
    )
    if (own := job.first()) is None:
        raise LookupError(f"{storefront} has no enabled job for customers.")
    target = import_context_for(own, run_id=None, now=timezone.now())
    with database.cursor() as cursor:
        # Two calls about a new customer at the same time make one.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [customer.email.upper(), target.seller_id]
        )
    known = _known(storefront, target.seller_id, customer.email)
    draft = CustomerDraft(
        _record(customer, known), known.id if known else None, parent_id=known.parent_id if known else None
    )
    [saved] = save_customers(
        seller_id=target.seller_id, drafts=[draft], groups=target.groups, origin=storefront.pk, now=target.now
    )
    if saved.conflicts:
        ref = f"{Kind.CUSTOMER}:{saved.item_id}"
        problem = not_master_problem(target, Master.Group.CUSTOMERS, saved.conflicts)
        issue = synclog.issue_draft(
            ref=ref, problems=[problem], kind=Kind.CUSTOMER, item_id=saved.item_id, **platform_names(own)
        )
        synclog.upsert_issues(log=target.log, job=own, drafts=[issue], now=target.now)
    record_audit_event(user=by, action="customer.receive", target=f"customer {saved.item_id}", seller=storefront.seller)
    item = load_customers([saved.item_id])[saved.item_id]
    return loading.references(storefront, [item]).shop_or_own_id(Kind.CUSTOMER, saved.item_id)


def _known(storefront: Connection, seller_id: int, email: str) -> CustomerItem | None:
    """The seller's customer with this address; of several, the one that the front knows already."""
    rows = Customer.objects.filter(seller_id=seller_id, email__iexact=email).exclude(status=Customer.Status.DELETED)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:100])
    if len(ids) > 1:
        sent = Link.objects.filter(connection=storefront, kind=Kind.CUSTOMER, item_id__in=ids, missing=False)
        ids = list(sent.values_list("item_id", flat=True))
        if len(ids) != 1:
            raise AmbiguousCustomer(
                "Several customers have this e-mail address. Merge them in the shop, then try again."
            )
    return load_customers(ids)[ids[0]] if ids else None


def _record(received: StorefrontCustomer, known: CustomerItem | None) -> CustomerRecord:
    """What is known, with what was told on top; whoever was made at a front may use it."""
    record = CustomerRecord(external_id=received.email)
    if known is not None:
        for each in fields(CustomerRecord):
            if hasattr(known, each.name) and each.name not in ("updated_at", "parent_id", "addresses"):
                setattr(record, each.name, getattr(known, each.name))
    for each in fields(StorefrontCustomer):
        if (value := getattr(received, each.name)) is not None:
            setattr(record, each.name, value)
    record.b2b_enabled = True
    return record
