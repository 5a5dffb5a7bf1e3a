"""Webhook secrets and replayed events."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from accounts.services import counted, record_audit_event
from connectors.models import WebhookEvent
from connectors.webhooks.registration import new_secret, subscribe
from connectors.webhooks.routing import reroute
from hub import clock, lanes
from hub.models import Connection, Job


@transaction.atomic
def renew_webhook_secret(*, connection: Connection, by: User | None) -> str:
    """Create a new webhook secret and return it; it cannot be read again.

    The previous secret stops working immediately. ValueError if the connection is uninstalled.
    """
    if connection.state == Connection.State.UNINSTALLED:
        raise ValueError(f"{connection} is uninstalled and receives no events.")
    connection.webhook_secret = new_secret()
    connection.save(update_fields=["webhook_secret", "updated_at"])
    subscribe(connection=connection, now=clock.now())
    record_audit_event(user=by, action="connection.webhook_secret", target=connection, seller=connection.seller)
    return connection.webhook_secret["secret"]


@transaction.atomic
def replay_events(*, events: QuerySet[WebhookEvent], by: User | None) -> int:
    """Process these events again. Returns how many are replayed.

    Events that could not be parsed on arrival are parsed again with the current adapter. Pending events, and events
    that no job of their connection handles, are left as they are.
    """
    reroute(events=events)
    jobs = Job.objects.filter(enabled=True)
    same_job = {name: OuterRef(name) for name in ("connection", "direction", "data_type")}
    chosen = events.order_by().exclude(state=WebhookEvent.State.PENDING).filter(Exists(jobs.filter(**same_job)))
    lane_ids = jobs.filter(connection__in=chosen.values("connection")).values_list("lane_ids", flat=True)
    woken = sorted({lane for ids in lane_ids for lane in ids})
    number = chosen.update(state=WebhookEvent.State.PENDING, reason="", processed_at=None)
    if number:
        record_audit_event(user=by, action="webhooks.replay", target=counted(number, "event"))
        lanes.wake(lane_ids=woken)
    return number
