"""Webhooks: received events, their latency, rejected calls, and the state of subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import Seller
from connectors.adapters.registry import adapters
from connectors.models import WebhookEvent, WebhookRefusal, WebhookSubscription
from dashboard.keyset import Keyset, Page
from hub.models import Connection

_BARS = 24
_EVENTS_PER_BAR = 20
_REJECTION_PERIOD = timedelta(days=7)


def webhook_events(
    *, seller: Seller, connection: str = "", state: str = "", data_type: str = ""
) -> QuerySet[WebhookEvent]:
    """Events of the seller's own connections; an empty filter matches everything."""
    found = WebhookEvent.objects.filter(connection__in=_connections(seller, connection))
    exact: dict[str, Any] = {"state": state, "data_type": data_type}
    return found.filter(**{name: value for name, value in exact.items() if value}).select_related("connection")


def page_of_events(*, seller: Seller, keyset: Keyset, connection: str = "", **filters: str) -> Page[WebhookEvent]:
    """A page, newest first. Each connection contributes its latest few through an index; the newest make the page."""
    querysets = [
        keyset.apply(webhook_events(seller=seller, connection=own.slug, **filters))
        for own in _connections(seller, connection)
    ]
    return keyset.page(*querysets)


def _connections(seller: Seller, slug: str = "") -> QuerySet[Connection]:
    own = Connection.objects.filter(seller=seller).defer("credentials", "webhook_secret")
    return own.filter(slug=slug) if slug else own


@dataclass(frozen=True)
class LatencyBucket:
    """Consecutive events, and how long the slowest of them waited until it was applied."""

    since: datetime
    events: int
    longest: timedelta


def latency_buckets(*, seller: Seller) -> list[LatencyBucket]:
    """The latest few hundred events that were applied at the first attempt, oldest first."""
    times: list[tuple[datetime, datetime]] = []
    for own in _connections(seller):
        done = WebhookEvent.objects.filter(connection=own, state=WebhookEvent.State.DONE, attempts=1)
        latest = done.order_by("-received_at").values_list("received_at", "processed_at")
        times += [(received, applied) for received, applied in latest[: _BARS * _EVENTS_PER_BAR] if applied]
    times = sorted(times)[-_BARS * _EVENTS_PER_BAR :]
    return [_bucket(times[start : start + _EVENTS_PER_BAR]) for start in range(0, len(times), _EVENTS_PER_BAR)]


def _bucket(times: Sequence[tuple[datetime, datetime]]) -> LatencyBucket:
    return LatencyBucket(times[0][0], len(times), max(processed - received for received, processed in times))


def subscriptions(*, seller: Seller) -> QuerySet[WebhookSubscription]:
    installed = WebhookSubscription.objects.exclude(connection__state=Connection.State.UNINSTALLED)
    return installed.filter(connection__seller=seller).select_related("connection")


def manual_webhook_connections(*, seller: Seller) -> list[Connection]:
    """Connections where a person enters our webhook URL and a secret in the other system."""
    platforms = [key for key, adapter in adapters().items() if adapter.webhooks.configured_manually]
    return list(
        _connections(seller).filter(platform__in=platforms).exclude(state=Connection.State.UNINSTALLED).order_by("name")
    )


def rejected_calls(*, seller: Seller, now: datetime) -> QuerySet[WebhookRefusal]:
    """Rejected webhook calls of the last seven days, the latest day first."""
    recent = WebhookRefusal.objects.filter(day__gte=(now - _REJECTION_PERIOD).date(), connection__seller=seller)
    return recent.select_related("connection").order_by("-day", "-number")
