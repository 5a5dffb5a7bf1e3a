"""What is open, and how things stand."""

from django.db.models import QuerySet

from accounts.models import Seller
from synclog.models import Issue


def open_issues(*, seller: Seller) -> QuerySet[Issue]:
    """Open issues of a seller, the latest first, with what a page shows of them."""
    return Issue.objects.filter(seller=seller, resolved_at=None).select_related("sync_log", "job__connection")
