"""Telling people about alerts: one message per channel and look, however many alerts there are."""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection as database
from django.db.models import F

from connectors.sdk.errors import ConnectorError
from connectors.sdk.http import HttpClient
from hub import alerts
from hub.models import AlertChannel, AlertDelivery

logger = logging.getLogger(__name__)

_MAX_LINES = 20
_DEADLINE_SECONDS = 10.0


def evaluate_and_notify(*, now: datetime) -> None:
    """Bring the alerts up to date and send what is owed. One at a time in the whole installation."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('connectors.alerting'))")
        if not cursor.fetchone()[0]:
            return
    try:
        alerts.update_alerts(findings=alerts.collect_findings(now=now), now=now)
        for channel in AlertChannel.objects.filter(enabled=True):
            _notify(channel, now)
    finally:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('connectors.alerting'))")


def _notify(channel: AlertChannel, now: datetime) -> None:
    deliveries = list(alerts.pending_deliveries(channel=channel))
    if not deliveries:
        return
    rows = AlertDelivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
    subject, lines = _render_message(deliveries)
    try:
        if channel.medium == AlertChannel.Medium.EMAIL:
            send_mail(subject, "\n".join(lines), None, [str(channel.address)])
        else:
            _post(str(channel.address), "\n".join([f"*{subject}*", *lines]))
    except (ConnectorError, OSError) as error:  # SMTP's errors are OSErrors
        logger.warning("Alert channel %s (%s) was not reached: %s", channel.pk, channel.medium, type(error).__name__)
        rows.update(attempts=F("attempts") + 1, last_error=type(error).__name__)
        return
    rows.update(sent_at=now)


def _render_message(deliveries: list[AlertDelivery]) -> tuple[str, list[str]]:
    started = sum(not delivery.is_resolution for delivery in deliveries)
    is_resolution = len(deliveries) - started
    parts = [f"{started} new" if started else "", f"{is_resolution} over" if is_resolution else ""]
    subject = f"SyncCenter: {' and '.join(part for part in parts if part)}"
    lines = [f"{'Over' if d.is_resolution else 'New'}: {d.alert.message}" for d in deliveries[:_MAX_LINES]]
    if len(deliveries) > _MAX_LINES:
        lines.append(f"… and {len(deliveries) - _MAX_LINES} more.")
    return subject, [*lines, f"{settings.PUBLIC_URL}/"]


def _post(address: str, text: str) -> None:
    """Slack's incoming webhooks, and what imitates them: `{"text": …}`."""
    http = HttpClient(address, deadline=_DEADLINE_SECONDS, private_hosts=settings.PRIVATE_HOSTS_ALLOWED)
    try:
        http.request("POST", "", body={"text": text})
    finally:
        http.close()
