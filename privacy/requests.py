"""Carries out the erasures that shops ask for by webhooks (A5)."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Seller
from connectors.adapters.registry import adapter_for
from connectors.models import WebhookEvent
from connectors.sdk.webhooks import ErasureRequest
from hub.alerts import announce
from hub.kinds import Kind
from privacy.personal_data import SourceItem, find_person, is_erasure_request
from privacy.services import erase_person

logger = logging.getLogger(__name__)

# How long a request that fails is tried again.
_TRIED_FOR = timedelta(days=7)
_FAILED = _(
    "The erasure of personal data that %(connection)s asked for (webhook %(event)s) failed. It is tried again every "
    "night until a week after the request; the log has the reason. If it keeps failing, erase the data in the console."
)
_NOTHING_FOUND = _(
    "%(connection)s asked to erase the personal data of a customer (webhook %(event)s, customer %(customer)s), but "
    "nothing was found by the IDs and the email address in the request. If you expect data of this customer, find the "
    "customer in the store and erase the data by email address in the console."
)


def carry_out_requests(*, now: datetime) -> int:
    """Erase the people whose personal data shops asked to erase (`Webhooks.erasure_of`). Returns the number of
    erasures.

    The same request at several connections of a seller is one. One that fails stops no others; operators are told of
    it, and of one that finds nothing.
    """
    open_since = now - _TRIED_FOR
    events = WebhookEvent.objects.filter(
        is_erasure_request(), received_at__gte=open_since, day__gte=open_since.date()
    ).exclude(state=WebhookEvent.State.DONE)
    requests: dict[tuple[Seller | None, ErasureRequest], list[WebhookEvent]] = defaultdict(list)
    for event in events.select_related("connection__seller").order_by("pk"):
        try:
            request = adapter_for(event.connection.platform).webhooks.erasure_of(event.payload)
        except Exception:
            _report_failure(event, now)
            continue
        if request:
            requests[event.connection.seller, request].append(event)
    carried_out = 0
    for (seller, request), same in requests.items():
        try:
            carried_out += _carry_out(seller, request, same, now)
        except Exception:
            _report_failure(same[0], now)
    return carried_out


def _report_failure(event: WebhookEvent, now: datetime) -> None:
    """Call it while the exception is handled."""
    logger.exception("The erasure that webhook %s asks for failed", event.pk)
    message = _FAILED % {"connection": event.connection, "event": event.pk}
    announce(key=f"erasure:{event.pk}:failed", message=message, now=now)


@transaction.atomic
def _carry_out(seller: Seller | None, request: ErasureRequest, events: Sequence[WebhookEvent], now: datetime) -> bool:
    """Whether somebody was erased. The events are emptied: they have the email address."""
    if seller is None:
        raise LookupError("a connection without a seller cannot tell whose customer is meant")
    first = events[0]
    WebhookEvent.objects.filter(pk__in=[event.pk for event in events], day__in={event.day for event in events}).update(
        payload={}, state=WebhookEvent.State.DONE, reason="Carried out.", processed_at=now
    )
    named = [(Kind.CUSTOMER, request.customer_id)] if request.customer_id else []
    named += [(Kind.ORDER, order_id) for order_id in request.order_ids]
    sources = [SourceItem(event.connection_id, kind, external_id) for event in events for kind, external_id in named]
    if person := find_person(seller=seller, email=request.email, sources=sources):
        erase_person(person=person, by=None, requested_by=f"webhook {first.pk}")
        return True
    announce(
        key=f"erasure:{first.pk}:nothing",
        message=_NOTHING_FOUND
        % {"connection": first.connection, "event": first.pk, "customer": request.customer_id or "–"},
        now=now,
    )
    return False
