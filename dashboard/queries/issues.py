"""Issues of a seller: views of the inbox, filters, and the issues of one item that have the same cause."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Seller
from hub.models import Run
from synclog.inbox import is_snoozed, shown_issues
from synclog.models import CauseState, Issue

OPEN, BLOCKING, WARNINGS, SNOOZED, RESOLVED = "open", "blocking", "warnings", "snoozed", "resolved"


def issues(
    *,
    seller: Seller,
    view: str = OPEN,
    connection: str = "",
    data_type: str = "",
    assigned: str = "",
    text: str = "",
    cause: str = "",
    run: Run | None = None,
) -> QuerySet[Issue]:
    """Issues of the seller, latest first. The view `open` has all that are neither resolved nor snoozed.

    `connection` is the slug of a connection, or the name under which a system reports over the API; `assigned` is the
    ID of a person. `run` limits them to those that its job opened or saw again during the run, snoozed or not.
    """
    found = _in_view(seller, "all" if run and view == OPEN else view)
    filters: dict[str, Any] = {
        "sync_log__integration": connection,
        "sync_log__data_type": data_type,
        "cause": cause,
    }
    found = found.filter(**{name: value for name, value in filters.items() if value})
    if assigned:
        person = int(assigned)
        found = found.filter(Q(assigned_to=person) | Q(cause__in=_causes_of(seller, person)))
    if text:
        found = found.filter(Q(title__icontains=text) | Q(message__icontains=text) | Q(external_id__icontains=text))
    if run:
        found = found.filter(job=run.job_id, seen_at__gte=run.created_at)
        found = found.filter(opened_at__lte=run.finished_at) if run.finished_at else found
    related = ("sync_log__connection", "job__connection", "resolved_by", "assigned_to")
    return found.select_related(*related).order_by("-seen_at")


def _in_view(seller: Seller, view: str) -> QuerySet[Issue]:
    own, now = Issue.objects.filter(seller=seller), timezone.now()
    if view == RESOLVED:
        return own.filter(resolved_at__isnull=False)
    if view == "all":
        return own.filter(resolved_at=None)
    if view == SNOOZED:
        return own.filter(is_snoozed(now=now, seller=seller), resolved_at=None)
    severities = {BLOCKING: [Issue.Severity.ERROR], WARNINGS: [Issue.Severity.WARNING]}
    return shown_issues(seller=seller, now=now).filter(severity__in=severities.get(view, Issue.Severity.values))


def _causes_of(seller: Seller, person: int) -> Any:
    return CauseState.objects.filter(seller=seller, assigned_to=person).values("cause")


def first_of_each_item(found: QuerySet[Issue]) -> QuerySet[Issue]:
    """One issue for each item with a cause: its source and several targets may have the same problem with it."""
    earlier = Issue.objects.filter(
        seller=OuterRef("seller"),
        cause=OuterRef("cause"),
        kind=OuterRef("kind"),
        item_id=OuterRef("item_id"),
        resolved_at=None,
        pk__lt=OuterRef("pk"),
    )
    return found.exclude(Q(item_id__isnull=False, resolved_at=None) & Q(Exists(earlier)))


def of_same_items(chosen: QuerySet[Issue], *, seller: Seller) -> QuerySet[Issue]:
    """The chosen issues, and the other open ones of the same items with the same cause."""
    same = chosen.filter(
        cause=OuterRef("cause"), kind=OuterRef("kind"), item_id=OuterRef("item_id"), item_id__isnull=False
    )
    return Issue.objects.filter(
        Q(pk__in=chosen.order_by().values("pk")) | Q(Exists(same)), seller=seller, resolved_at=None
    )
