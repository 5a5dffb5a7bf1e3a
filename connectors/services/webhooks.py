"""Webhook secrets and replayed events."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.services import record_audit_event
from connectors.models import WebhookEvent
from connectors.webhooks.registration import new_secret, subscribe
from connectors.webhooks.routing import reroute
from hub import lanes
from hub.models import Connection, Job


@transaction.atomic
def renew_webhook_secret(*, connection: Connection, by: User | None) -> str:
    """Make a new secret for calls of the connection's platform, and return it: nobody can read it again.

    The former one is dead at once. ValueError for a connection that is uninstalled.
    """
    if connection.state == Connection.State.UNINSTALLED:
        raise ValueError(f"{connection} is uninstalled: it takes no events.")
    connection.webhook_secret = new_secret()
    connection.save(update_fields=["webhook_secret", "updated_at"])
    subscribe(connection=connection, now=timezone.now())
    record_audit_event(user=by, action="connection.webhook_secret", target=connection, seller=connection.seller)
    return connection.webhook_secret["secret"]


@transaction.atomic
def replay_events(*, events: QuerySet[WebhookEvent], by: User | None) -> int:
    """Look once more at what these events are about; returns how many that are.

    What was not understood when it came is read with the adapter of today. One that waits anyway stays as it is, and so
    does one that is for no job of its connection.
    """
    reroute(events=events)
    jobs = Job.objects.filter(enabled=True)
    about = {name: OuterRef(name) for name in ("connection", "direction", "data_type")}
    chosen = events.order_by().exclude(state=WebhookEvent.State.PENDING).filter(Exists(jobs.filter(**about)))
    lane_ids = jobs.filter(connection__in=chosen.values("connection")).values_list("lane_ids", flat=True)
    woken = sorted({lane for ids in lane_ids for lane in ids})
    number = chosen.update(state=WebhookEvent.State.PENDING, reason="", processed_at=None)
    if number:
        record_audit_event(user=by, action="webhooks.replay", target=f"{number} events")
        lanes.wake(lane_ids=woken)
    return number
