"""The console's home: what is wrong across all sellers, ranked by impact (I6), and the state of the installation."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin_audit import ACTION_LABELS
from accounts.models import AuditEvent, Seller
from common.admin import Color
from common.storable import without_nul
from connectors.adapters.registry import adapters
from hub.models import Alert, Connection
from synccenter.admin_tiles import engine_tiles, staging_tiles
from synccenter.unfold import may_view
from synclog.inbox import CauseCount, cause_title, count_by_cause, shown_issues
from synclog.models import Issue, SyncLog

_MAX_INCIDENTS = 12
_MAX_SELLERS = 60
_LATEST_ACTIONS = 8
# Alerts that something has stopped for the seller; the others are about lateness and differences.
_STOPPED = (Alert.Kind.UNREACHABLE, Alert.Kind.FAILING, Alert.Kind.ATTENTION)


@dataclass(frozen=True)
class Incident:
    """One problem, however many sellers have it. `items` is 0 for what is not about single items."""

    title: str
    detail: str
    sellers: int
    items: int
    since: datetime
    color: Color
    action: str | Promise
    address: str


@dataclass(frozen=True)
class SellerHealth:
    """The state of a seller in the grid: a color, and in words why."""

    seller: Seller
    color: Color
    state: str
    blocked: int
    address: str


def dashboard_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of `admin/index.html`. Unfold calls this (DASHBOARD_CALLBACK)."""
    now = timezone.now()
    sees_issues, sees_sellers = may_view(request, "synclog.issue"), may_view(request, "accounts.seller")
    blocking = shown_issues(now=now).filter(severity=Issue.Severity.ERROR)
    counts = count_by_cause(blocking) if sees_issues or sees_sellers else []
    alerts = _open_alerts() if sees_issues or sees_sellers else []
    found = incidents(counts, alerts) if sees_issues else []
    search = without_nul(request.GET.get("seller", ""))[:100]
    grid = seller_grid(counts, alerts, search=search) if sees_sellers else []
    return context | {
        "title": _("Home"),
        "incidents": found[:_MAX_INCIDENTS],
        "sentence": _sentence(found) if sees_issues else "",
        "sellers": grid[:_MAX_SELLERS],
        "more_sellers": max(0, len(grid) - _MAX_SELLERS),
        "seller_search": search,
        "integrations": _integrations() if may_view(request, "hub.connection") else [],
        "staging": [tile for tile in staging_tiles(now) if may_view(request, tile["label"])],
        "engine": [tile for tile in engine_tiles(now) if may_view(request, tile["label"])],
        "actions": _latest_actions() if may_view(request, "accounts.auditevent") else [],
    }


def _open_alerts() -> list[Alert]:
    return list(Alert.objects.filter(resolved_at=None).select_related("job__connection").order_by("opened_at"))


def incidents(counts: list[CauseCount], alerts: list[Alert]) -> list[Incident]:
    """Open alerts and causes of blocking issues: what has stopped first, then by sellers and items. One query."""
    found = [*_alert_incidents(alerts), *_issue_incidents(counts)]
    order: dict[Color, int] = {"danger": 0, "warning": 1}
    return sorted(found, key=lambda each: (order.get(each.color, 2), -each.sellers, -each.items, each.since))


def _alert_incidents(open_alerts: list[Alert]) -> list[Incident]:
    groups: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in open_alerts:
        groups[alert.kind, alert.job.connection.platform if alert.job else ""].append(alert)
    found = []
    for (kind, platform), alerts in groups.items():
        adapter = adapters().get(platform)
        label = str(Alert.Kind(kind).label)
        found.append(
            Incident(
                title=f"{adapter.name}: {label}" if adapter else label,
                detail=alerts[0].message,
                sellers=len({alert.seller_id for alert in alerts}),
                items=0,
                since=alerts[0].opened_at,
                color="danger" if kind in _STOPPED else "warning",
                action=_("Show alerts"),
                address=_list("hub_alert", kind__exact=kind),
            )
        )
    return found


def _issue_incidents(counts: list[CauseCount]) -> list[Incident]:
    groups: dict[str, list[CauseCount]] = defaultdict(list)
    for count in counts:
        groups[count.key].append(count)
    sizes = {
        key: (len({each.seller_id for each in found}), sum(each.items for each in found))
        for key, found in groups.items()
    }
    worst = sorted(groups, key=lambda key: sizes[key], reverse=True)[:_MAX_INCIDENTS]
    newest = {key: max(each.sample_id for each in groups[key]) for key in worst}
    samples = Issue.objects.select_related("sync_log__connection").in_bulk(newest.values())
    return [
        Incident(
            title=cause_title(sample),
            detail=sample.fix or sample.message,
            sellers=sizes[key][0],
            items=sizes[key][1],
            since=min(each.since for each in groups[key]),
            color="warning",
            action=_("Show issues"),
            address=_list("synclog_issue", cause=key),
        )
        for key in worst
        if (sample := samples.get(newest[key])) is not None
    ]


def _sentence(found: list[Incident]) -> str:
    """What is worst, how large it is, and where to start."""
    if not found:
        return _("No incident at any seller.")
    worst = found[0]
    sellers = ngettext("%(number)s seller", "%(number)s sellers", worst.sellers) % {"number": worst.sellers}
    items = ngettext("%(number)s item", "%(number)s items", worst.items) % {"number": f"{worst.items:,}"}
    size = f"{sellers}, {items}" if worst.items else sellers
    others = len(found) - 1
    more = ngettext("%(number)s more incident.", "%(number)s more incidents.", others) % {"number": others}
    return _("Worst now: %(title)s (%(size)s).") % {"title": worst.title, "size": size} + (f" {more}" if others else "")


def seller_grid(counts: list[CauseCount], open_alerts: list[Alert], *, search: str = "") -> list[SellerHealth]:
    """The sellers whose name contains the text, those with the worst state first. Two queries."""
    sellers = Seller.objects.exclude(status=Seller.Status.DELETED)
    if search:
        sellers = sellers.filter(name__icontains=search)
    blocked: Counter[int] = Counter()
    for count in counts:
        blocked[count.seller_id] += count.issues
    alerts: dict[int | None, set[str]] = defaultdict(set)
    for alert in open_alerts:
        alerts[alert.seller_id].add(alert.kind)
    broken = set(Connection.objects.filter(state=Connection.State.NEEDS_ATTENTION).values_list("seller", flat=True))
    rank: dict[Color, int] = {"danger": 0, "warning": 1, "success": 2, "default": 3}
    found = [_health(each, blocked[each.pk], alerts[each.pk], each.pk in broken) for each in sellers]
    return sorted(found, key=lambda each: (rank[each.color], -each.blocked, each.seller.name))


def _health(seller: Seller, blocked: int, alerts: set[str], is_broken: bool) -> SellerHealth:
    color: Color
    if seller.status == Seller.Status.SUSPENDED:
        color, state = "default", str(Seller.Status.SUSPENDED.label)
    elif is_broken:
        color, state = "danger", _("Connection not working")
    elif stopped := next((kind for kind in _STOPPED if kind in alerts), None):
        color, state = "danger", str(Alert.Kind(stopped).label)
    elif blocked:
        color, state = "warning", ngettext("%(number)s blocked", "%(number)s blocked", blocked)
        state %= {"number": f"{blocked:,}"}
    elif alerts:
        color, state = "warning", str(Alert.Kind(sorted(alerts)[0]).label)
    else:
        color, state = "success", _("Up to date")
    address = _list("synclog_issue", seller__id__exact=seller.pk) if blocked else ""
    return SellerHealth(
        seller, color, state, blocked, address or reverse("admin:accounts_seller_change", args=[seller.pk])
    )


def _integrations() -> list[dict[str, Any]]:
    """Each platform with its number of connections, and how many of them do not work, fail or are paused. One query."""
    installed = Connection.objects.exclude(state=Connection.State.UNINSTALLED).order_by("platform")
    broken = Q(state=Connection.State.NEEDS_ATTENTION)
    alerts = Alert.objects.filter(resolved_at=None, kind__in=_STOPPED, job__enabled=True).values("job__connection")
    is_enabled = Q(connection__jobs__enabled=True, connection__jobs__data_type=F("data_type"))
    failed = SyncLog.objects.filter(is_enabled, last_full_sync_succeeded=False).values("connection")
    rows = installed.values("platform").annotate(
        total=Count("pk"),
        broken=Count("pk", filter=broken),
        failing=Count("pk", filter=~broken & (Q(pk__in=alerts) | Q(pk__in=failed))),
        paused=Count("pk", filter=Q(paused_at__isnull=False)),
        changed=Max("updated_at"),
    )
    known = adapters()
    return [
        row
        | {
            "name": known[row["platform"]].name if row["platform"] in known else row["platform"],
            "address": _list("hub_connection", platform=row["platform"]),
            "color": "danger" if row["broken"] or row["failing"] else "warning" if row["paused"] else "success",
        }
        for row in rows
    ]


def _latest_actions() -> list[tuple[AuditEvent, str | Promise]]:
    """The latest entries of the audit log, with what each action is called."""
    events = AuditEvent.objects.select_related("user", "seller").order_by("-at")[:_LATEST_ACTIONS]
    return [(event, ACTION_LABELS.get(event.action, event.action)) for event in events]


def _list(name: str, **filters: str | int) -> str:
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode(filters)}"
