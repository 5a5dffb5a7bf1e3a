"""What shops ask by webhooks to do with personal data: recorded with a due date, carried out, closed (A5)."""

import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import Truncator
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _

from accounts.models import Seller, User
from accounts.services import record_audit_event
from common.advisory_locks import advisory_lock
from common.storable import storable_text
from connectors.adapters.registry import adapter_for
from connectors.models import WebhookEvent
from connectors.sdk.adapter import Adapter
from connectors.sdk.webhooks import PrivacyAction
from hub import links
from hub.alerts import Finding, announce
from hub.kinds import Kind
from hub.models import Alert, Connection
from orders.models import Order
from privacy.models import PrivacyRequest
from privacy.personal_data import Person, SourceItem, export_person, find_person, is_privacy_event
from privacy.services import erase_person
from synclog.models import RejectedItem

logger = logging.getLogger(__name__)

# Events are recorded when they arrive, but not those that arrived at a process of a release before requests.
_LOOKED_FOR = timedelta(days=7)
# How long before the due date operators are alerted.
ALERT_BEFORE = timedelta(days=7)
# Customers and orders of one entry in the ledger.
_BATCH = 2000
_BY_SCHEDULE = "schedule"


def record_request(
    sender: type[Adapter[Any]],
    *,
    payload: dict[str, Any],
    delivery_id: str,
    connection_ids: Collection[int],
    now: datetime,
    **_signal: Any,
) -> None:
    """Record what an event asks for, once for each seller however often it arrives, and empty the stored events.

    Receives `connectors.webhooks.receiving.privacy_event_received`. Raises one of `PAYLOAD_ERRORS`.
    """
    event = sender.webhooks.privacy_event_of(payload)
    if event is None:
        raise ValueError("the event is none about privacy")
    sellers: dict[str, list[int]] = {}
    for pk, seller in Connection.objects.filter(pk__in=connection_ids).values_list("pk", "seller__slug"):
        sellers.setdefault(seller or "", []).append(pk)
    for seller, ids in sellers.items():
        request, is_new = PrivacyRequest.objects.select_for_update().get_or_create(
            seller=seller,
            delivery_id=delivery_id,
            defaults={
                "action": event.action,
                "account": sender.webhooks.account_url_of(payload),
                "connection_ids": sorted(ids),
                "customer_id": event.customer_id,
                "order_ids": list(event.order_ids),
                "email": storable_text(event.email)[:320],
                "received_at": now,
                "due_at": now + sender.webhooks.privacy_term,
            },
        )
        if not is_new and not set(ids) <= set(request.connection_ids):
            request.connection_ids = sorted({*request.connection_ids, *ids})
            request.save(update_fields=["connection_ids"])
    WebhookEvent.objects.filter(
        is_privacy_event(), connection__in=connection_ids, delivery_id=delivery_id, received_at__lte=now
    ).update(payload={}, state=WebhookEvent.State.DONE, reason="Recorded as a privacy request.", processed_at=now)


def _record_missed(now: datetime) -> None:
    """Record the events that were stored without a request."""
    since = now - _LOOKED_FOR
    events = WebhookEvent.objects.filter(is_privacy_event(), received_at__gte=since, day__gte=since.date())
    for event in events.exclude(state=WebhookEvent.State.DONE).select_related("connection").order_by("pk"):
        try:
            with transaction.atomic():
                record_request(
                    adapter_for(event.connection.platform),
                    payload=event.payload,
                    delivery_id=event.delivery_id,
                    connection_ids=[event.connection_id],
                    now=event.received_at,
                )
        except Exception:
            logger.exception("The privacy request in webhook %s could not be recorded", event.pk)
            message = _(
                "Webhook %(event)s asks something about personal data that can’t be read. Look at it in the console."
            )
            announce(key=f"privacy:event:{event.pk}", message=message % {"event": event.pk}, now=now)


def carry_out_requests(*, now: datetime) -> int:
    """Erase the people whose personal data shops asked to erase, and all customers of stores for which an operator
    confirmed it. Returns the number of requests.

    One that fails stops no others, is tried again every night, and operators are told of it. Does nothing while another
    process does it.
    """
    with advisory_lock("privacy.requests") as is_ours:
        return _carry_out_all(now) if is_ours else 0


def _carry_out_all(now: datetime) -> int:
    _record_missed(now)
    due = Q(action=PrivacyAction.ERASE) | Q(action=PrivacyAction.ERASE_ALL) & ~Q(confirmed_by="")
    carried_out = 0
    for request in PrivacyRequest.objects.filter(due, closed_at=None).order_by("pk"):
        try:
            if request.action == PrivacyAction.ERASE:
                _erase_customer(request, now)
            else:
                _erase_all(request, now)
            carried_out += 1
        except Exception:
            logger.exception("Privacy request %s failed", request.pk)
            message = _("Privacy request %(request)s failed. It is tried again every night; the log has the reason.")
            announce(key=f"privacy:{request.pk}:failed", message=message % {"request": request}, now=now)
    return carried_out


@transaction.atomic
def _erase_customer(request: PrivacyRequest, now: datetime) -> None:
    answer = _("Erased.")
    if person := _person_of(request):
        erase_person(person=person, by=None, requested_by=f"privacy request {request.pk}")
    else:
        answer = _("Nothing was found.")
        message = _(
            "%(account)s asked to erase the personal data of customer %(customer)s (privacy request %(request)s), but "
            "nothing was found by the IDs and the email address in the request. If you expect data of this customer, "
            "find the customer in the store and erase the data by email address in the console."
        ) % {"account": request.account, "customer": request.customer_id or "–", "request": request.pk}
        announce(key=f"privacy:{request.pk}:nothing", message=message, now=now)
    _close(request, by=_BY_SCHEDULE, answer=answer, now=now)


def _erase_all(request: PrivacyRequest, now: datetime) -> None:
    """In several transactions: a store may have many customers. What was erased before a failure is erased again."""
    erased = 0
    for person in _people_of_store(request):
        erase_person(person=person, by=None, requested_by=f"privacy request {request.pk}")
        erased += len(person.customer_ids)
    _close(request, by=request.confirmed_by, answer=_("Customers erased: %(number)s.") % {"number": erased}, now=now)


def _people_of_store(request: PrivacyRequest) -> Iterator[Person]:
    """All customers and orders that the store's connections imported, in batches, and what they sent that was never
    imported."""
    seller = _seller_of(request)
    for connection_id in request.connection_ids:
        customers = links.of_kind(connection_id, Kind.CUSTOMER).values_list("item_id", flat=True)
        orders = Order.objects.filter(seller=seller, source=connection_id).values_list("pk", flat=True)
        for ids in _batches(customers.order_by("item_id"), "item_id"):
            yield Person(seller, (), tuple(ids), ())
        for ids in _batches(orders.order_by("pk"), "pk"):
            yield Person(seller, (), (), tuple(ids))
        rejected = RejectedItem.objects.filter(
            job__connection=connection_id, seller=seller, kind__in=(Kind.CUSTOMER, Kind.ORDER)
        )
        while rows := rejected.order_by("pk").values_list("kind", "external_id")[:_BATCH]:
            yield Person(seller, (), (), (), tuple(SourceItem(connection_id, Kind(kind), id_) for kind, id_ in rows))


def _batches(ids: Any, column: str) -> Iterator[list[int]]:
    """Ascending IDs, by keyset."""
    last = 0
    while batch := list(ids.filter(**{f"{column}__gt": last})[:_BATCH]):
        yield batch
        last = batch[-1]


def export_for(*, request: PrivacyRequest, by: User) -> dict[str, Any]:
    """Everything that is held about whom a request names. LookupError if it is of a connection without a seller."""
    record_audit_event(action="privacy.export", **_audited(request, by))
    return export_person(_person_of(request))


def _person_of(request: PrivacyRequest) -> Person:
    named = [(Kind.CUSTOMER, request.customer_id)] if request.customer_id else []
    named += [(Kind.ORDER, order_id) for order_id in request.order_ids]
    sources = [SourceItem(pk, kind, external_id) for pk in request.connection_ids for kind, external_id in named]
    return find_person(seller=_seller_of(request), email=request.email, sources=sources)


def _seller_of(request: PrivacyRequest) -> Seller:
    if (seller := Seller.objects.filter(slug=request.seller).first()) is None:
        raise LookupError("a connection without a seller cannot tell whose customer is meant")
    return seller


@transaction.atomic
def confirm_erasure(*, request: PrivacyRequest, by: User) -> None:
    """Have all customers of the store erased, as soon as a worker has time. ValueError while a connection would import
    them again."""
    installed = Connection.objects.filter(pk__in=request.connection_ids).exclude(state=Connection.State.UNINSTALLED)
    if names := ", ".join(map(str, installed.order_by("pk"))):
        raise ValueError(
            _("Uninstall its connection first, or it would import them again: %(names)s.") % {"names": names}
        )
    open_requests = PrivacyRequest.objects.filter(pk=request.pk, closed_at=None, action=PrivacyAction.ERASE_ALL)
    if open_requests.update(confirmed_by=f"user {by.pk}"):
        record_audit_event(action="privacy.request.confirm", **_audited(request, by))


@transaction.atomic
def close_request(*, request: PrivacyRequest, by: User, answer: str, now: datetime) -> None:
    """Close a request by hand; `answer` says what was done."""
    if _close(request, by=f"user {by.pk}", answer=answer, now=now):
        record_audit_event(action="privacy.request.close", **_audited(request, by))


def _close(request: PrivacyRequest, *, by: str, answer: str, now: datetime) -> bool:
    values = {"closed_at": now, "closed_by": by, "answer": answer, "email": "", "order_ids": []}
    return bool(PrivacyRequest.objects.filter(pk=request.pk, closed_at=None).update(**values))


def _audited(request: PrivacyRequest, by: User) -> dict[str, Any]:
    """What all entries of the audit log about a request have in common."""
    seller = Seller.objects.filter(slug=request.seller).first()
    return {"user": by, "target": f"privacy request {request.pk}", "seller": seller}


def due_soon(*, now: datetime) -> list[Finding]:
    """Open requests whose date comes, or has passed."""
    return [
        Finding(
            Alert.Kind.ATTENTION,
            f"privacy:{request.pk}",
            None,
            None,
            _("Privacy request %(pk)s (%(request)s) %(due)s. Answer and close it in the console.")
            % {
                "pk": request.pk,
                "request": Truncator(request).chars(150),
                "due": _("is overdue")
                if request.due_at <= now
                else _("is due in %(time)s") % {"time": timeuntil(request.due_at, now)},
            },
        )
        for request in PrivacyRequest.objects.filter(closed_at=None, due_at__lt=now + ALERT_BEFORE).order_by("pk")
    ]
