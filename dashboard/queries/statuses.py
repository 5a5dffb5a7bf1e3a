"""Sync status: the latest outcome of every item, for each job and storefront (B12)."""

from django.db.models import Q, QuerySet

from accounts.models import Seller
from accounts.queries import agreements_of_seller
from dashboard.keyset import Keyset, Page
from hub.kinds import DataType, Direction, Role
from hub.models import Job
from synclog.models import ItemStatus


def statuses(
    *, seller: Seller, keyset: Keyset, job: Job | None = None, state: str = "", kind: str = ""
) -> Page[ItemStatus]:
    """A page of item statuses of the seller. `job` may belong to a connection that all sellers share."""
    rows = ItemStatus.objects.filter(seller=seller).select_related("job__connection")
    if job:
        rows = rows.filter(job=job)
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(kind=kind)
    return keyset.page(keyset.apply(rows))


def jobs_with_statuses(*, seller: Seller) -> QuerySet[Job]:
    """The jobs to filter by: the seller's own, exports that all sellers share, and orders to its vendors' ERPs (S9)."""
    vendors = agreements_of_seller(seller_id=seller.pk).values("vendor")
    vendor_jobs = Q(connection__seller__in=vendors, connection__role=Role.ERP, data_type=DataType.ORDERS)
    shared = Q(connection__seller=None, direction=Direction.EXPORT)
    jobs = Job.objects.filter(Q(connection__seller=seller) | shared | vendor_jobs).select_related("connection")
    return jobs.order_by("connection__name", "direction", "data_type")
