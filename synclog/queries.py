"""Queries for open issues and ID conflicts."""

from django.db.models import QuerySet

from accounts.models import Seller
from synclog.models import Issue

# Codes of issues about an ID or a number that another item already has.
COLLISION_CODES = ("id_in_use", "order_id_in_use", "order_line_id_in_use", "order_number_in_use", "variant_id_in_use")


def open_issues(*, seller: Seller) -> QuerySet[Issue]:
    """Open issues of a seller with their log and job, latest first."""
    return (
        Issue.objects.filter(seller=seller, resolved_at=None)
        .select_related("sync_log", "job__connection")
        .order_by("-seen_at")
    )


def open_collisions() -> QuerySet[Issue]:
    """Open issues of all sellers about ID conflicts (L16), latest first."""
    issues = Issue.objects.filter(resolved_at=None, code__in=COLLISION_CODES)
    return issues.select_related("seller", "sync_log", "job__connection").order_by("-seen_at")
