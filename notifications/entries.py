"""What a person is notified about: lines with a link to the item."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import sellers_of, sellers_to_change
from hub.models import Alert
from notifications.models import Preference
from synclog.models import Issue

# Issues are written by many workers: a row may be committed a little after one with a higher ID.
_COMMITTED_AFTER = timedelta(minutes=2)
_MAX_LINES = 10


@dataclass(frozen=True)
class Entries:
    """`lines` are texts with their URLs; `number` counts all, also those that are not listed."""

    number: int
    lines: list[tuple[str, str]]
    last_id: int


def entries_of(preference: Preference, *, now: datetime) -> Entries:
    """What to notify the person about now. A daily digest also repeats open alerts that nobody has acknowledged."""
    if preference.kind == Preference.Kind.ISSUES:
        return _entries(_issues(preference, now), lambda issue: _issue_line(issue, preference.user), preference)
    alerts = alerts_for(preference.user, preference.kind)
    new = Q(pk__gt=preference.last_id) & (Q(resolved_at=None) | Q(kind=Alert.Kind.NOTICE))
    if preference.when == Preference.When.DAILY:
        new |= Q(resolved_at=None, acknowledgement=None)
    return _entries(alerts.filter(new), lambda alert: _alert_line(alert, preference.user), preference)


def newest_id(kind: str) -> int:
    """The ID after which a person who turns a kind on is notified: only about what comes next."""
    rows: QuerySet[Any] = Issue.objects.all() if kind == Preference.Kind.ISSUES else Alert.objects.all()
    return rows.order_by("-pk").values_list("pk", flat=True).first() or 0


def is_operator(user: User) -> bool:
    """Operators are also notified about what concerns no single seller, and about all sellers."""
    return user.is_staff and user.has_perm("hub.view_alert")


def _views_all_issues(user: User) -> bool:
    return is_operator(user) and user.has_perm("synclog.view_issue")


def alerts_for(user: User, kind: str | None = None) -> QuerySet[Alert]:
    """The alerts that the person may see, of one kind of notification or of all."""
    about_copies = Q(key__contains=":staging_copy:") | Q(kind=Alert.Kind.NOTICE)
    conditions: dict[str | None, Q] = {
        None: Q(),
        Preference.Kind.COPIES: about_copies,
        Preference.Kind.ABSENCE: Q(kind=Alert.Kind.OVERDUE) & ~about_copies,
        Preference.Kind.FAILURES: ~Q(kind=Alert.Kind.OVERDUE) & ~about_copies,
    }
    visible = Q() if is_operator(user) else Q(seller__in=sellers_of(user))
    return Alert.objects.filter(conditions[kind], visible).select_related("job__connection", "seller")


def alerts_to_acknowledge(user: User) -> QuerySet[Alert]:
    """The alerts that the person may take care of: who may only view, like a viewer or an auditor, may not."""
    if is_operator(user) and user.has_perm("synclog.change_issue"):
        return alerts_for(user)
    return alerts_for(user).filter(seller__in=sellers_to_change(user))


def _issues(preference: Preference, now: datetime) -> QuerySet[Issue]:
    user = preference.user
    return Issue.objects.filter(
        Q() if _views_all_issues(user) else Q(seller__in=sellers_of(user)),
        pk__gt=preference.last_id,
        opened_at__lt=now - _COMMITTED_AFTER,
        resolved_at=None,
    ).select_related("seller")


def _entries(rows: "QuerySet[Any]", line: Any, preference: Preference) -> Entries:
    listed = [line(row) for row in rows.order_by("pk")[:_MAX_LINES]]
    last = rows.order_by("-pk").values_list("pk", flat=True).first() or 0
    return Entries(rows.count(), listed, max(last, preference.last_id))


def _issue_line(issue: Issue, user: User) -> tuple[str, str]:
    text = (
        f"{issue.seller}: {issue.title or issue.external_id}: {issue.message.splitlines()[0] if issue.message else ''}"
    )
    if _views_all_issues(user):
        return text, settings.PUBLIC_URL + reverse("admin:synclog_issue_change", args=[issue.pk])
    return text, settings.PUBLIC_URL + reverse("dashboard:issue", args=[issue.seller.slug, issue.pk])


def _alert_line(alert: Alert, user: User) -> tuple[str, str]:
    return alert.message, settings.PUBLIC_URL + alert_path(alert, user)


def alert_path(alert: Alert, user: User) -> str:
    """The page about the alert that this person can open."""
    if is_operator(user):
        return reverse("admin:hub_alert_change", args=[alert.pk])
    if alert.job is None or alert.seller is None:
        return reverse("notifications")
    found = {"connection": alert.job.connection.slug, "data_type": alert.job.data_type}
    return f"{reverse('dashboard:runs', args=[alert.seller.slug])}?{urlencode(found)}"


def title_of(preference: Preference, number: int) -> str:
    kind = _("Overdue syncs") if preference.kind == Preference.Kind.ABSENCE else preference.get_kind_display()
    return _("%(kind)s: %(number)d") % {"kind": kind, "number": number}
