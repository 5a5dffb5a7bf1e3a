"""Erases a person's data, keeps the ledger, and applies it again (A5)."""

import gzip
import logging
import zlib
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import record_audit_event
from connectors.adapters.registry import adapters
from connectors.models import FeedImport, WebhookEvent
from hub import clock, links
from hub.alerts import announce
from hub.kinds import Kind
from hub.models import Connection
from orders.models import Address, Customer, Order
from orders.services import delete_customers
from privacy.models import Erasure
from privacy.personal_data import Person, find_person, rejected_items, webhook_events
from privacy.statements import erase, erase_again

logger = logging.getLogger(__name__)

# Rows of one transaction of the retention.
_BATCH = 2000
# How far back requests of platforms are looked for. Each is carried out once.
_REQUESTS = timedelta(days=7)


def erase_person(*, person: Person, by: User | None, requested_by: str = "") -> Erasure:
    """Erase the data here, and have targets disable the person's accounts. Platforms keep what they hold themselves.

    `requested_by` names who asked for it, if it was not the user.
    """
    now = clock.now()
    with transaction.atomic():
        rejected_item_ids = list(rejected_items(person).values_list("pk", flat=True))
        events = webhook_events(person).update(
            payload={}, state=WebhookEvent.State.IGNORED, reason="Erased.", processed_at=now
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


def carry_out_requests(*, now: datetime) -> int:
    """Erase the people whose personal data shops asked to erase (`Webhooks.erased_customer`). Returns their number.

    Requests of the last days are looked at, so that one is carried out also if this has failed for a while; each once.
    One that fails does not stop the others: operators are told each time.
    """
    platforms = {key: adapter for key, adapter in adapters().items() if adapter.webhooks.erasure_scopes}
    connections = Connection.objects.filter(platform__in=platforms.keys(), seller__isnull=False)
    found = 0
    for connection_ in connections.select_related("seller"):
        webhooks = platforms[connection_.platform].webhooks
        events = WebhookEvent.objects.filter(
            connection=connection_, received_at__gte=now - _REQUESTS, scope__in=webhooks.erasure_scopes
        )
        for event in events.order_by("received_at").iterator():
            request = f"webhook {event.pk}"
            try:
                if external_id := webhooks.erased_customer(event.payload):
                    found += _carry_out(connection_, external_id, request)
            except Exception as error:
                logger.exception("Personal data was not erased, as %s asked for.", request)
                message = _(
                    "%(connection)s asked to erase a customer (%(request)s), which failed: %(error)s. It is tried "
                    "again each night for %(days)s days. Erase the customer in the console."
                ) % {
                    "connection": connection_,
                    "request": request,
                    "error": type(error).__name__,
                    "days": _REQUESTS.days,
                }
                announce(key=f"erasure:{event.pk}:{now:%Y-%m-%d}", message=message, now=now)
    return found


def _carry_out(shop: Connection, external_id: str, requested_by: str) -> bool:
    """Whether somebody was erased: not if the request was carried out before, or if nothing is held."""
    seller = shop.seller
    customer_id = links.item_ids(shop.pk, Kind.CUSTOMER, [external_id]).get(external_id)
    if seller is None or customer_id is None or Erasure.objects.filter(requested_by=requested_by).exists():
        return False
    erase_person(person=find_person(seller=seller, customer_id=customer_id), by=None, requested_by=requested_by)
    return True
