"""Issues of a seller, filtered."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Seller
from hub.models import Run
from synclog.models import Issue

OPEN, RESOLVED = "open", "resolved"


def issues(
    *,
    seller: Seller,
    shown: str = OPEN,
    connection: str = "",
    data_type: str = "",
    severity: str = "",
    text: str = "",
    run: Run | None = None,
) -> QuerySet[Issue]:
    """Issues of the seller, latest first. `shown` is `open` or `resolved`; an empty filter matches everything.

    `connection` is the slug of a connection, or the name under which a system reports over the API;
    `run` limits them to those that its job opened or saw again during the run.
    """
    found = Issue.objects.filter(seller=seller, resolved_at__isnull=shown != RESOLVED)
    filters: dict[str, Any] = {
        "sync_log__integration": connection,
        "sync_log__data_type": data_type,
        "severity": severity,
    }
    found = found.filter(**{name: value for name, value in filters.items() if value})
    if text:
        found = found.filter(Q(title__icontains=text) | Q(message__icontains=text) | Q(external_id__icontains=text))
    if run:
        found = found.filter(job=run.job_id, seen_at__gte=run.created_at)
        found = found.filter(opened_at__lte=run.finished_at) if run.finished_at else found
    return found.select_related("sync_log__connection", "job__connection", "resolved_by").order_by("-seen_at")
