"""Saves preferences and acknowledgements, and sends what is due."""

import logging
from collections import defaultdict
from datetime import datetime, time, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.mail import create_email
from accounts.models import User
from accounts.services import record_audit_event
from common.advisory_locks import advisory_lock
from connectors.adapters.private_hosts import hosts_to_enter
from connectors.alerts.notifications import post_to_chat
from connectors.sdk.errors import ConnectorError
from hub.models import Alert
from notifications.entries import Entries, alerts_for, alerts_to_acknowledge, entries_of, newest_id, title_of
from notifications.models import Acknowledgement, ChatAddress, Preference

logger = logging.getLogger(__name__)

# Digests are sent after this time (UTC).
DIGEST_AT = time(7)
RETRY_AFTER = timedelta(minutes=15)


@transaction.atomic
def save_preferences(*, user: User, choices: dict[str, tuple[str, str]], chat_url: str | None, now: datetime) -> None:
    """Kind → (when, medium); kinds that are missing are turned off. `chat_url`: None keeps it, "" deletes it."""
    Preference.objects.filter(user=user).exclude(kind__in=choices).delete()
    for kind, (when, medium) in choices.items():
        # The first digest is the next one.
        Preference.objects.filter(user=user, kind=kind).exclude(when=when).update(sent_at=now)
        Preference.objects.update_or_create(
            user=user,
            kind=kind,
            defaults={"when": when, "medium": medium, "retry_at": None},
            create_defaults={"when": when, "medium": medium, "last_id": newest_id(kind), "sent_at": now},
        )
    if chat_url:
        ChatAddress.objects.update_or_create(user=user, defaults={"url": chat_url})
    elif chat_url == "":
        ChatAddress.objects.filter(user=user).delete()


def acknowledge(*, alert_id: int, user: User) -> bool:
    """Record that the person acknowledges an open alert. False if it is not open, or not theirs to acknowledge."""
    alert = alerts_to_acknowledge(user).filter(pk=alert_id, resolved_at=None).first()
    if alert is None:
        return False
    _row, created = Acknowledgement.objects.get_or_create(alert=alert, defaults={"user": user})
    if created:
        record_audit_event(user=user, action="alert.acknowledge", target=f"alert {alert.pk}", seller=alert.seller)
    return True


def open_alerts(user: User) -> list[Alert]:
    """Newest first, with who acknowledged each."""
    rows = alerts_for(user).filter(resolved_at=None).select_related("acknowledgement__user")
    return list(rows.order_by("-pk")[:100])


def send_due(*, now: datetime) -> int:
    """Send what is due; returns the number of messages. Does nothing if another process is doing it."""
    with advisory_lock("notifications") as is_ours:
        return sum(_send(user, medium, due, now) for (user, medium), due in _due(now).items()) if is_ours else 0


def _due(now: datetime) -> dict[tuple[User, str], list[tuple[Preference, Entries]]]:
    """One message for each person and medium. A digest that would be empty is over, and not sent later in the day."""
    digest = datetime.combine(now.date(), DIGEST_AT, tzinfo=now.tzinfo)
    digest -= timedelta(days=0 if now >= digest else 1)
    preferences = Preference.objects.filter(
        Q(when=Preference.When.AT_ONCE) | Q(sent_at=None) | Q(sent_at__lt=digest),
        Q(retry_at=None) | Q(retry_at__lte=now),
        user__is_active=True,
    )
    empty: list[int] = []
    found: dict[tuple[User, str], list[tuple[Preference, Entries]]] = defaultdict(list)
    for preference in preferences.select_related("user").order_by("user", "kind"):
        entries = entries_of(preference, now=now)
        if entries.number:
            found[preference.user, preference.medium].append((preference, entries))
        elif preference.when == Preference.When.DAILY:
            empty.append(preference.pk)
    Preference.objects.filter(pk__in=empty).update(sent_at=now)
    return found


def _send(user: User, medium: str, due: list[tuple[Preference, Entries]], now: datetime) -> bool:
    rows = Preference.objects.filter(pk__in=[preference.pk for preference, _entries in due])
    number = sum(entries.number for _preference, entries in due)
    subject = ngettext("SyncCenter: %(number)d notification", "SyncCenter: %(number)d notifications", number)
    subject %= {"number": number}
    text = "\n\n".join([*(_section(preference, entries) for preference, entries in due), _footer()])
    try:
        if medium == Preference.Medium.EMAIL:
            create_email(to=user.email, subject=subject, text=text).send()
        else:
            address = ChatAddress.objects.filter(user=user).first()
            if address is None or not address.url:
                raise ConnectorError("The chat has no address.")
            post_to_chat(str(address.url), f"*{subject}*\n{text}", private_hosts=hosts_to_enter(seller=None, by=user))
    except (ConnectorError, SMTPException, OSError) as error:
        logger.warning("Could not notify user %s by %s: %s", user.pk, medium, type(error).__name__)
        rows.update(retry_at=now + RETRY_AFTER)
        return False
    for preference, entries in due:
        Preference.objects.filter(pk=preference.pk).update(last_id=entries.last_id, sent_at=now, retry_at=None)
    return True


def _section(preference: Preference, entries: Entries) -> str:
    lines = [title_of(preference, entries.number)]
    lines += [f"- {text}\n  {url}" for text, url in entries.lines]
    if (more := entries.number - len(entries.lines)) > 0:
        lines.append(_("… and %(count)s more.") % {"count": more})
    return "\n".join(lines)


def _footer() -> str:
    return (
        _("Acknowledge alerts, or change your notification settings:")
        + f"\n{settings.PUBLIC_URL}{reverse('notifications')}"
    )
