"""Checks items that were rejected once more, by fetching them from their source (C8)."""

from collections import defaultdict

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.services import record_audit_event
from connectors.webhooks.requested import request_items
from hub import clock
from hub.models import Job
from synclog.models import RejectedItem


@transaction.atomic
def check_again(*, items: QuerySet[RejectedItem], by: User) -> int:
    """Have rejected items fetched from their source. Returns how many; those of jobs that are disabled are left out.

    The caller has chosen the items among those of the user's sellers.
    """
    wanted: dict[int, set[str]] = defaultdict(set)
    for job_id, external_id in items.order_by().values_list("job", "external_id"):
        wanted[job_id].add(external_id)
    jobs = list(Job.objects.filter(pk__in=wanted.keys(), enabled=True).select_related("connection__seller"))
    for job in jobs:
        request_items(job=job, external_ids=wanted[job.pk], now=clock.now())
        number = len(wanted[job.pk])
        record_audit_event(user=by, action="items.check", target=job, seller=job.connection.seller, items=number)
    return sum(len(wanted[job.pk]) for job in jobs)
