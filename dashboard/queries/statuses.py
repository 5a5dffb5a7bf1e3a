"""The last outcome of every item of every kind, for each target and storefront (B12)."""

from django.db.models import QuerySet

from accounts.models import Seller
from dashboard.keyset import Keyset, Page
from hub.models import Job
from synclog.models import ItemStatus


def statuses(
    *, seller: Seller, keyset: Keyset, job: Job | None = None, state: str = "", kind: str = ""
) -> Page[ItemStatus]:
    """A page of item statuses. `job` may be of a platform-wide connection: the items are the seller's all the same."""
    rows = ItemStatus.objects.filter(seller=seller).select_related("job__connection")
    if job:
        rows = rows.filter(job=job)
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    return keyset.page(keyset.cut(rows))


def jobs_with_statuses(*, seller: Seller) -> QuerySet[Job]:
    """The jobs to choose from: all of the seller's own, and platform-wide ones."""
    return (
        Job.objects.filter(connection__seller=seller) | Job.objects.filter(connection__seller=None, direction="export")
    ).select_related("connection")
