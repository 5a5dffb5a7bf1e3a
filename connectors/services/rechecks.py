"""Check again: the items of issues are fetched from their sources, and sent again where a target had a problem (I2)."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Seller, User
from accounts.services import counted, record_audit_event
from catalog.models import Variant
from connectors.engine.applying.context import REFERENCES_SUFFIX
from connectors.webhooks.requested import request_items
from hub import clock, links
from hub.kinds import Direction, Kind
from hub.models import Job
from synclog.models import Issue
from synclog.triage import send_again

Item = tuple[str, int]


@transaction.atomic
def check_again(*, issues: QuerySet[Issue], seller: Seller, by: User) -> int:
    """Fetch the items of open issues from the sources of the seller, and send them to the targets that had a problem.

    Returns how many items. What a source no longer has, or has corrected, is then resolved. Items that only a full read
    finds, such as variants without a product, are left out.
    """
    chosen = issues.filter(seller=seller, resolved_at=None).order_by()
    rows = list(chosen.values_list("job", "job__direction", "external_id", "kind", "item_id"))
    jobs = {
        job.pk: job for job in Job.objects.filter(connection__seller=seller, direction=Direction.IMPORT, enabled=True)
    }
    wanted: dict[int, set[str]] = defaultdict(set)
    known: set[Item] = set()
    checked: set[Item | str] = set()
    for job_id, direction, ref, kind, item_id in rows:
        job = jobs.get(job_id)
        prefix, _colon, external_id = ref.partition(":")
        if direction == Direction.IMPORT and job is not None and prefix == job.item_kind and external_id:
            wanted[job.pk].add(external_id.removesuffix(REFERENCES_SUFFIX))
            checked.add(ref)
        elif item_id is not None:
            known.add((kind, item_id))
    checked |= known
    for job, external_id in _at_sources(jobs.values(), known):
        wanted[job.pk].add(external_id)
    for job_id, external_ids in sorted(wanted.items()):
        request_items(job=jobs[job_id], external_ids=external_ids, now=clock.now())
    send_again(issues=chosen, seller=seller, by=by)
    if checked:
        record_audit_event(user=by, action="issue.check", target=counted(len(checked), "item"), seller=seller)
    return len(checked)


def _at_sources(jobs: Iterable[Job], items: Iterable[Item]) -> list[tuple[Job, str]]:
    """The import that each item comes from, with its ID there. A variant comes with its product."""
    ids: dict[str, set[int]] = defaultdict(set)
    for kind, item_id in items:
        ids[kind].add(item_id)
    if variants := ids.pop(Kind.VARIANT, None):
        ids[Kind.PRODUCT] |= set(Variant.objects.filter(pk__in=variants).values_list("product", flat=True))
    found = []
    for job in jobs:
        if item_ids := ids.get(job.item_kind):
            rows = links.of_kind(job.connection_id, job.item_kind, per_storefront=True)
            rows = rows.filter(item_id__in=item_ids, received_hash__isnull=False)
            found += [(job, external_id) for external_id in rows.values_list("external_id", flat=True)]
    return found
