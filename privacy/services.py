"""Erases a person's data, keeps the ledger, and applies it again (A5)."""

import gzip
import zlib
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from accounts.services import record_audit_event
from connectors.models import FeedImport, WebhookEvent
from hub import clock, links
from hub.kinds import Kind
from orders.models import Address, Customer, Order
from orders.services import delete_customers
from privacy.models import Erasure
from privacy.personal_data import Person, is_privacy_event, rejected_items, webhook_events
from privacy.statements import erase, erase_again

# Rows of one transaction of the retention.
_BATCH = 2000


def erase_person(*, person: Person, by: User | None, requested_by: str = "") -> Erasure:
    """Erase the data here, and have targets disable the person's accounts. Platforms keep what they hold themselves.

    `requested_by` names who asked for it, if it was not the user.
    """
    now = clock.now()
    with transaction.atomic():
        rejected_item_ids = list(rejected_items(person).values_list("pk", flat=True))
        # A shop's request is emptied when it is recorded: it may name more than this person has.
        events = (
            webhook_events(person)
            .exclude(is_privacy_event())
            .update(payload={}, state=WebhookEvent.State.IGNORED, reason="Erased.", processed_at=now)
        )
        delete_customers(seller_id=person.seller.pk, customer_ids=person.customer_ids, origin=None, now=now)
        with connection.cursor() as cursor:
            rows = erase(
                cursor,
                customer_ids=person.customer_ids,
                order_ids=person.order_ids,
                rejected_item_ids=rejected_item_ids,
            )
        erasure = Erasure.objects.create(
            at=now,
            seller=person.seller.slug,
            customer_ids=list(person.customer_ids),
            order_ids=list(person.order_ids),
            rejected_item_ids=rejected_item_ids,
            requested_by=requested_by or f"user {by.pk if by else 0}",
            rows=rows | {"webhooks": events},
        )
        record_audit_event(
            user=by,
            action="privacy.erase",
            target=f"erasure {erasure.pk}",
            seller=person.seller,
            requested_by=erasure.requested_by,
        )
    erasure.rows["feed files"] = _delete_feed_files(person)
    erasure.save(update_fields=["rows"])
    return erasure


def _delete_feed_files(person: Person) -> int:
    """Delete kept files of feed imports that contain an address of the person."""
    signs = [email.encode() for email in person.emails]
    found = 0
    for feed_import in FeedImport.objects.filter(lane__connection__seller=person.seller).exclude(file=""):
        path = Path(settings.FEED_DIR) / feed_import.file
        if signs and path.exists() and _contains(path, signs):
            path.unlink()
            found += 1
    return found


def _contains(path: Path, signs: list[bytes]) -> bool:
    """Whether a line of the gzip file contains one of the signs, in lower case. A broken file counts as if it did."""
    try:
        with gzip.open(path) as file:
            return any(sign in line.lower() for line in file for sign in signs)
    except (OSError, EOFError, zlib.error):
        return True


def apply_ledger() -> int:
    """Apply all erasures again, for example after a restore. Returns their number."""
    erasures = list(Erasure.objects.all())
    for erasure in erasures:
        with transaction.atomic(), connection.cursor() as cursor:
            erase_again(
                cursor,
                customer_ids=erasure.customer_ids,
                order_ids=erasure.order_ids,
                rejected_item_ids=erasure.rejected_item_ids,
            )
    return len(erasures)


def erase_expired(*, now: datetime) -> dict[str, int]:
    """Erase personal data that is older than its term (PERSONAL_DATA_DAYS_…). Orders keep amounts and products."""
    deleted_before = now - timedelta(days=settings.PERSONAL_DATA_DAYS_DELETED_CUSTOMERS)
    placed_before = now - timedelta(days=settings.PERSONAL_DATA_DAYS_ORDERS)
    received_before = now - timedelta(days=settings.PERSONAL_DATA_DAYS_PAYLOADS)
    customers = Customer.objects.filter(
        ~Q(email="")
        | ~Q(first_name="")
        | ~Q(last_name="")
        | ~Q(company_name="")
        | ~Q(phone="")
        | ~Q(note="")
        | Exists(Address.objects.filter(customer=OuterRef("pk"))),
        status=Customer.Status.DELETED,
        updated_at__lt=deleted_before,
    ).order_by("pk")
    orders = Order.objects.filter(
        ~Q(customer_note="")
        | ~Q(internal_note="")
        | ~Q(ip_address=None)
        | Exists(Address.objects.filter(order=OuterRef("pk"))),
        placed_at__lt=placed_before,
    ).order_by("pk")
    erased = {"customers": 0, "orders": 0, "payloads": 0}
    while batch := list(customers.values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic(), connection.cursor() as cursor:
            erase(cursor, customer_ids=batch)
        erased["customers"] += len(batch)
    while batch := list(orders.values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic(), connection.cursor() as cursor:
            erase(cursor, order_ids=batch)
        erased["orders"] += len(batch)
    erased["payloads"] = links.empty_old_payloads(
        kinds=(Kind.CUSTOMER, Kind.ORDER), before=received_before, batch=_BATCH
    )
    return erased
