"""Customers that B2B storefronts create or change. The shop gets them at once, if customers can be created there."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from decimal import Decimal

from django.db import connection as database
from django.db import transaction

from accounts.models import User
from accounts.services import record_audit_event
from connectors.engine.applying.context import import_context_for, not_master_problem
from connectors.engine.platforms import platform_names
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.storefronts import EmailTaken
from connectors.services.storefront_shops import has_accounts, id_at_shop, open_shop, storefront_id
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


def receive_customer(*, storefront: Connection, customer: StorefrontCustomer, by: User | None) -> str:
    """Create or update the customer with this email address, and enqueue it for every other target.

    Returns the ID that the storefront should use: the shop's, if the shop has the customer. LookupError if the
    storefront has no customer job; AmbiguousCustomer if several customers have the address; ConnectorError if the shop
    cannot be reached or refuses the customer. If another connection is the source of truth for customers, its values
    are kept and an issue is opened (L17).
    """
    job = customer_job(storefront)
    known = known_customer(storefront, customer.email)
    at_shop = None
    if known is None or id_at_shop(storefront, known.id) is None:
        try:
            at_shop = create_at_shop(storefront, build_record(customer, known))
        except EmailTaken:
            at_shop = find_at_shop(storefront, customer.email)
    with transaction.atomic():
        lock(storefront, customer.email.upper())
        known = known_customer(storefront, customer.email)
        item_id = save(job, build_record(customer, known), known)
        if at_shop is not None:
            link_to_shop(at_shop, item_id)
        record_audit_event(user=by, action="customer.receive", target=f"customer {item_id}", seller=storefront.seller)
    return storefront_id(storefront, item_id)


def customer_job(storefront: Connection) -> Job:
    """The job that exports customers to the storefront; LookupError if there is none that is enabled."""
    job = Job.objects.select_related("connection__seller").filter(
        connection=storefront, direction=Direction.EXPORT, data_type=DataType.CUSTOMERS, enabled=True
    )
    if (own := job.first()) is None:
        raise LookupError(f"{storefront} has no enabled job for customers.")
    return own


def seller_id_of(storefront: Connection) -> int:
    if storefront.seller_id is None:
        raise NeedsAttention(f"{storefront} does not belong to a seller.", fix="Install it for a seller.")
    return storefront.seller_id


def lock(storefront: Connection, key: str) -> None:
    """Let calls of a seller about the same customer wait for each other, until the transaction ends."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [key, seller_id_of(storefront)])


def create_at_shop(storefront: Connection, record: CustomerRecord) -> tuple[Connection, str] | None:
    """Create the customer at the shop: the shop's connection, and the shop's ID of the customer.

    None if no customers can be created there. EmailTaken if the shop has one with this email address. It makes a call,
    so no transaction may be open.
    """
    if not has_accounts(storefront):
        return None
    with open_shop(storefront) as opened:
        if opened is None:
            return None
        shop, adapter = opened
        return shop, adapter.open_accounts().create(record)


def find_at_shop(storefront: Connection, email: str) -> tuple[Connection, str] | None:
    """The shop's customer with this email address, as `create_at_shop` returns it."""
    with open_shop(storefront) as opened:
        if opened is None:
            return None
        shop, adapter = opened
        found = adapter.open_accounts().find(email)
    return (shop, found) if found is not None else None


def save(
    job: Job,
    record: CustomerRecord,
    known: CustomerItem | None,
    *,
    parent_id: int | None = None,
) -> int:
    """Save a customer of a storefront in the hub, and return our ID. It is not sent back to the storefront."""
    storefront = job.connection
    context = import_context_for(job, run_id=None, now=clock.now())
    draft = CustomerDraft(
        record, known.id if known else None, parent_id=parent_id or (known.parent_id if known else None)
    )
    [saved] = save_customers(
        seller_id=context.seller_id, drafts=[draft], groups=context.groups, origin=storefront.pk, now=context.now
    )
    if saved.conflicts:
        ref = f"{Kind.CUSTOMER}:{saved.item_id}"
        problem = not_master_problem(context, Master.Group.CUSTOMERS, saved.conflicts)
        issue = synclog.issue_draft(
            ref=ref, problems=[problem], kind=Kind.CUSTOMER, item_id=saved.item_id, **platform_names(job)
        )
        synclog.upsert_issues(log=context.log, job=job, drafts=[issue], now=context.now)
    return saved.item_id


def link_to_shop(at_shop: tuple[Connection, str], item_id: int) -> None:
    """Link the customer with the shop's; an import that came first has linked it already."""
    shop, external_id = at_shop
    if links.item_ids(shop.pk, Kind.CUSTOMER, [external_id]):
        return
    received = links.ReceivedItem(Kind.CUSTOMER, external_id, item_id, None, None, {"id": external_id})
    links.save_received(connection_id=shop.pk, received=[received], run_id=None, now=clock.now())


def known_customer(storefront: Connection, email: str) -> CustomerItem | None:
    """The seller's customer with this email address; of several, the one that is linked to the storefront."""
    ids = customers_with_email(storefront, email)
    if len(ids) > 1:
        sent = links.of_kind(storefront.pk, Kind.CUSTOMER).filter(item_id__in=ids, missing=False)
        ids = list(sent.values_list("item_id", flat=True))
        if len(ids) != 1:
            raise AmbiguousCustomer(
                "Several customers have this email address. Merge them in the shop, then try again."
            )
    return load_customers(ids)[ids[0]] if ids else None


def customers_with_email(storefront: Connection, email: str) -> list[int]:
    """Our IDs of the seller's customers with this email address who are not deleted, at most 100."""
    rows = Customer.objects.filter(seller_id=seller_id_of(storefront), email__iexact=email)
    rows = rows.exclude(status=Customer.Status.DELETED)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:100])


def edit_customer(
    *, storefront: Connection, customer_id: int, edit: Callable[[CustomerRecord], None], action: str, by: User | None
) -> None:
    """Change a customer in the hub in its current state, one call after the other."""
    job = customer_job(storefront)
    with transaction.atomic():
        lock(storefront, f"customer {customer_id}")
        item = load_customers([customer_id])[customer_id]
        record = record_of(item)
        edit(record)
        save(job, record, item)
        record_audit_event(user=by, action=action, target=f"customer {customer_id}", seller=storefront.seller)


def record_of(item: CustomerItem) -> CustomerRecord:
    """A stored customer as a record, with its addresses."""
    record = CustomerRecord(external_id=item.email or str(item.id))
    for each in fields(CustomerRecord):
        if hasattr(item, each.name) and each.name not in ("updated_at", "parent_id"):
            setattr(record, each.name, getattr(item, each.name))
    record.addresses = list(item.addresses)
    return record


def build_record(received: StorefrontCustomer, known: CustomerItem | None) -> CustomerRecord:
    """The known customer, updated with the received fields. Customers from a storefront are enabled for B2B."""
    record = record_of(known) if known is not None else CustomerRecord(external_id=received.email)
    record.addresses = None
    for each in fields(StorefrontCustomer):
        if (value := getattr(received, each.name)) is not None:
            setattr(record, each.name, value)
    record.b2b_enabled = True
    return record
