"""Sends alerts by email and to Slack-compatible webhooks: at most one message per channel and evaluation."""

import logging
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.advisory_locks import advisory_lock
from connectors.sdk.errors import ConnectorError
from connectors.sdk.http import HttpClient
from hub import alerts
from hub.models import Alert, AlertChannel, AlertDelivery

logger = logging.getLogger(__name__)

_MAX_LINES = 20
_DEADLINE_SECONDS = 10.0


def evaluate_and_notify(*, now: datetime) -> None:
    """Update the alerts and send pending deliveries. Does nothing if another process is doing it."""
    with advisory_lock("connectors.alerts.notifications") as is_ours:
        if not is_ours:
            return
        alerts.update_alerts(findings=alerts.collect_findings(now=now), now=now)
        for channel in AlertChannel.objects.filter(enabled=True):
            _notify(channel, now)


def _notify(channel: AlertChannel, now: datetime) -> None:
    deliveries = list(alerts.pending_deliveries(channel=channel, now=now))
    if not deliveries:
        return
    rows = AlertDelivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
    subject, lines = _render_message(deliveries)
    try:
        if channel.medium == AlertChannel.Medium.EMAIL:
            send_mail(subject, "\n".join(lines), None, [str(channel.address)])
        else:
            text = "\n".join([f"*{subject}*", *lines])
            post_to_chat(str(channel.address), text, private_hosts=settings.PRIVATE_HOSTS_ALLOWED)
    except (ConnectorError, OSError) as error:  # SMTPException is an OSError
        logger.warning(
            "Could not deliver to alert channel %s (%s): %s", channel.pk, channel.medium, type(error).__name__
        )
        rows.update(attempts=F("attempts") + 1, last_error=type(error).__name__)
        return
    rows.update(sent_at=now)


def _render_message(deliveries: list[AlertDelivery]) -> tuple[str, list[str]]:
    """The subject and the lines of a message about these deliveries."""
    resolved = sum(delivery.is_resolution for delivery in deliveries)
    notices = sum(delivery.alert.kind == Alert.Kind.NOTICE for delivery in deliveries)
    new = len(deliveries) - resolved - notices
    parts = []
    if new:
        parts.append(ngettext("%(count)s new alert", "%(count)s new alerts", new) % {"count": new})
    if resolved:
        parts.append(ngettext("%(count)s resolved alert", "%(count)s resolved alerts", resolved) % {"count": resolved})
    if notices:
        parts.append(ngettext("%(count)s notification", "%(count)s notifications", notices) % {"count": notices})
    lines = [_render_line(delivery) for delivery in deliveries[:_MAX_LINES]]
    if (omitted := len(deliveries) - _MAX_LINES) > 0:
        lines.append(_("… and %(count)s more.") % {"count": omitted})
    return f"SyncCenter: {', '.join(parts)}", [*lines, f"{settings.PUBLIC_URL}/"]


def _render_line(delivery: AlertDelivery) -> str:
    if delivery.alert.kind == Alert.Kind.NOTICE:
        return delivery.alert.message
    template = _("Resolved: %(message)s") if delivery.is_resolution else _("New: %(message)s")
    return template % {"message": delivery.alert.message}


def post_to_chat(address: str, text: str, *, private_hosts: Collection[str]) -> None:
    """Post to a Slack-compatible incoming webhook. ConnectorError if it fails.

    Escaped as Slack documents it (https://docs.slack.dev/messaging/formatting-message-text#escaping): a product's title
    could otherwise mention a whole channel (`<!channel>`) or disguise a link.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    http = HttpClient(address, deadline=_DEADLINE_SECONDS, private_hosts=private_hosts)
    try:
        http.request("POST", "", body={"text": text})
    finally:
        http.close()
