"""Registers webhooks at platforms that allow it: creates them on installation, checks and renews them, imports what
changed in the meantime, and removes them on uninstallation.

One row per connection holds the time of the next check. A worker claims the row first and then calls the platform,
outside any transaction.
"""

import logging
import secrets
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts.services import record_audit_event
from connectors.adapters.factory import open_adapter
from connectors.adapters.oauth_tokens import delete_tokens
from connectors.adapters.registry import adapter_for
from connectors.models import WebhookSubscription
from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater
from connectors.webhooks.schemes import SECRET_HEADER
from hub.clock import at_most_a_day_ahead
from hub.kinds import Direction
from hub.models import Connection, JobState, PlatformSwitch, Run
from hub.services import start_run

logger = logging.getLogger(__name__)

_CHECK_INTERVAL = timedelta(minutes=10)
_RETRY_DELAY = timedelta(minutes=1)
_GIVE_UP_AFTER = timedelta(days=1)


def new_secret() -> dict[str, str]:
    """A value for `Connection.webhook_secret`: 256 random bits that senders of webhooks have to know."""
    return {"secret": secrets.token_urlsafe(32)}


def webhook_url(connection: Connection) -> str:
    """The URL to which the connection's platform sends its events."""
    return settings.PUBLIC_URL + reverse("webhook", args=[connection.webhook_token])


def subscribe(*, connection: Connection, now: datetime) -> None:
    """Schedule a check of the webhooks, because the connection is new or has changed."""
    if adapter_for(connection.platform).webhooks.registers:
        WebhookSubscription.objects.update_or_create(connection=connection, defaults={"check_at": now})


def unsubscribe(*, connection: Connection, now: datetime) -> None:
    """Schedule the removal of the webhooks and of the target's sync logs (D22), because the connection is being
    uninstalled.

    The connection's credentials are deleted in the same transaction. A copy is kept for the removal only, for a day at
    most, and not at all if the connection may not be called.
    """
    if adapter_for(connection.platform).sync_log is not None:
        WebhookSubscription.objects.get_or_create(connection=connection, defaults={"check_at": now})
    subscriptions = WebhookSubscription.objects.filter(connection=connection)
    connection.refresh_from_db(fields=["credentials", "read_only", "paused_at"])
    if connection.credentials is None or connection.read_only or connection.paused_at is not None:
        subscriptions.delete()
        return
    subscriptions.update(check_at=now, credentials=connection.credentials, give_up_at=now + _GIVE_UP_AFTER)


def check_due(*, now: datetime, seconds: float = 5.0) -> None:
    """Check the webhooks of connections that are due, for about `seconds`. Safe to run concurrently."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        subscription = _claim_due(now)
        if subscription is None:
            return
        if subscription.give_up_at is None:
            _check(subscription, now)
        else:
            _finish_unsubscribe(subscription, now, subscription.give_up_at)


def _claim_due(now: datetime) -> WebhookSubscription | None:
    """Claim the subscription that has been due longest, by scheduling its next check. Connections that are paused or in
    dry run are skipped, because they may not be written to."""
    installed = ~Q(connection__state=Connection.State.UNINSTALLED)
    writable = Q(connection__paused_at=None, connection__read_only=False)
    with transaction.atomic():
        subscription = (
            WebhookSubscription.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("connection")
            .filter(installed & writable | Q(give_up_at__isnull=False), check_at__lte=now)
            .exclude(connection__platform__in=PlatformSwitch.objects.values("platform"))
            .order_by("check_at")
            .first()
        )
        if subscription is not None:
            subscription.check_at = now + _CHECK_INTERVAL
            subscription.save(update_fields=["check_at"])
        return subscription


def _check(subscription: WebhookSubscription, now: datetime) -> None:
    connection = subscription.connection
    known = subscription.healthy is not None
    subscription.checked_at, subscription.reason = now, ""
    try:
        renewed = _register(connection)
    except TryAgainLater as error:
        # The state of the webhooks is unknown, so `healthy` keeps its last value.
        subscription.reason = str(error)
        retry_at = max(at_most_a_day_ahead(error.not_before or now, now=now), now + _RETRY_DELAY)
        claimed = WebhookSubscription.objects.filter(pk=subscription.pk, check_at=subscription.check_at)
        claimed.update(check_at=retry_at)
    except ConnectorError as error:
        fix = error.fix if isinstance(error, NeedsAttention) else ""
        subscription.healthy, subscription.reason = False, f"{error} {fix}".strip()
    else:
        subscription.healthy = True
        if renewed:
            logger.warning("%s: registered %d webhooks", connection.slug, renewed)
            subscription.renewed_at = now
            if known:
                _import_gap(connection)
    subscription.save(update_fields=["checked_at", "healthy", "reason", "renewed_at"])


def _finish_unsubscribe(subscription: WebhookSubscription, now: datetime, give_up_at: datetime) -> None:
    """Remove the webhooks, then the copy of the credentials. Temporary errors are retried until `give_up_at`."""
    connection = subscription.connection
    connection.credentials = subscription.credentials
    try:
        if now >= give_up_at:
            outcome = {"left": subscription.reason or "They could not be removed within a day."}
        else:
            outcome = {"removed": _remove_remote(connection)}
    except TryAgainLater as error:
        subscription.reason = str(error)
        subscription.save(update_fields=["reason"])
        return
    except (ConnectorError, LookupError) as error:
        outcome = {"left": str(error)}
    logger.info("%s: removal of webhooks finished: %s", connection.slug, outcome)
    with transaction.atomic():
        subscription.delete()
        delete_tokens(connection=connection)
        record_audit_event(
            user=None, action="connection.webhooks", target=connection, seller=connection.seller, **outcome
        )


def _remove_remote(connection: Connection) -> str:
    adapter = open_adapter(connection)
    try:
        if adapter.sync_log is not None:
            adapter.sync_log(adapter.client).delete_all()
        if not adapter.webhooks.registers:
            return "0"
        return str(adapter.webhooks(adapter.client).remove(webhook_url(connection)))
    finally:
        adapter.http.close()


def _register(connection: Connection) -> int:
    """Register the webhooks. Returns how many were created or renewed; raises ConnectorError."""
    if not connection.webhook_secret:  # a row that was copied to staging without one
        connection.webhook_secret = new_secret()
        connection.save(update_fields=["webhook_secret"])
    adapter = open_adapter(connection)
    try:
        headers = {SECRET_HEADER: connection.webhook_secret["secret"]}
        return adapter.webhooks(adapter.client).register(webhook_url(connection), headers)
    finally:
        adapter.http.close()


def _import_gap(connection: Connection) -> None:
    """Import what changed while webhooks were missing, for jobs that have completed a full import."""
    states = JobState.objects.filter(
        job__connection=connection, job__direction=Direction.IMPORT, job__enabled=True, cut_at__isnull=False
    )
    for state in states.select_related("job__connection__seller"):
        start_run(job=state.job, scope=Run.Scope.PARTIAL, trigger=Run.Trigger.EVENT)
