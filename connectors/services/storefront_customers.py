"""Receives customers that were created or changed in B2B storefronts."""

from dataclasses import dataclass, fields
from decimal import Decimal

from django.db import connection as database
from django.db import transaction

from accounts.models import User
from accounts.services import record_audit_event
from connectors.engine import loading
from connectors.engine.applying.context import import_context_for, not_master_problem
from connectors.engine.platforms import platform_names
from hub import clock, links
from hub.kinds import DataType, Direction, Kind
from hub.models import Connection, Job, Master
from orders.items import CustomerItem, load_customers
from orders.models import Customer
from orders.records import AddressRecord, CustomerRecord
from orders.services import CustomerDraft, save_customers
from synclog import services as synclog


@dataclass(slots=True, kw_only=True)
class StorefrontCustomer:
    """A customer as a storefront sends it. Fields that are None were omitted and are not changed."""

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
    """Several customers have the email address, so the right one cannot be determined."""


@transaction.atomic
def receive_customer(*, storefront: Connection, customer: StorefrontCustomer, by: User | None) -> str:
    """Create or update the customer with this email address, and enqueue it for every other target.

    Returns the ID that the storefront should use: the shop's, if the shop has the customer. LookupError if the
    storefront has no customer job; AmbiguousCustomer if several customers have the address; NeedsAttention if the
    settings name a shop that does not exist. If another connection is the source of truth for customers, its values are
    kept and an issue is opened (L17).
    """
    job = Job.objects.select_related("connection__seller").filter(
        connection=storefront, direction=Direction.EXPORT, data_type=DataType.CUSTOMERS, enabled=True
    )
    if (own := job.first()) is None:
        raise LookupError(f"{storefront} has no enabled job for customers.")
    context = import_context_for(own, run_id=None, now=clock.now())
    with database.cursor() as cursor:
        # Two concurrent calls for a new customer must create only one.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [customer.email.upper(), context.seller_id]
        )
    known = _known_customer(storefront, context.seller_id, customer.email)
    draft = CustomerDraft(
        _record(customer, known), known.id if known else None, parent_id=known.parent_id if known else None
    )
    [saved] = save_customers(
        seller_id=context.seller_id, drafts=[draft], groups=context.groups, origin=storefront.pk, now=context.now
    )
    if saved.conflicts:
        ref = f"{Kind.CUSTOMER}:{saved.item_id}"
        problem = not_master_problem(context, Master.Group.CUSTOMERS, saved.conflicts)
        issue = synclog.issue_draft(
            ref=ref, problems=[problem], kind=Kind.CUSTOMER, item_id=saved.item_id, **platform_names(own)
        )
        synclog.upsert_issues(log=context.log, job=own, drafts=[issue], now=context.now)
    record_audit_event(user=by, action="customer.receive", target=f"customer {saved.item_id}", seller=storefront.seller)
    item = load_customers([saved.item_id])[saved.item_id]
    return loading.references(storefront, [item]).shop_or_own_id(Kind.CUSTOMER, saved.item_id)


def _known_customer(storefront: Connection, seller_id: int, email: str) -> CustomerItem | None:
    """The seller's customer with this email address; of several, the one that is linked to the storefront."""
    rows = Customer.objects.filter(seller_id=seller_id, email__iexact=email).exclude(status=Customer.Status.DELETED)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:100])
    if len(ids) > 1:
        sent = links.of_kind(storefront.pk, Kind.CUSTOMER).filter(item_id__in=ids, missing=False)
        ids = list(sent.values_list("item_id", flat=True))
        if len(ids) != 1:
            raise AmbiguousCustomer(
                "Several customers have this email address. Merge them in the shop, then try again."
            )
    return load_customers(ids)[ids[0]] if ids else None


def _record(received: StorefrontCustomer, known: CustomerItem | None) -> CustomerRecord:
    """The known customer, updated with the received fields. Customers from a storefront are enabled for B2B."""
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
