"""What people do with open issues: send the items again, snooze, mute, assign (I1).

`synclog.services` resolves them.
"""

from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from accounts.models import Seller, User
from accounts.services import counted, record_audit_event
from hub.kinds import Direction, Kind
from hub.models import Change, Job
from hub.queue import enqueue_for_job
from hub.services import retry_changes
from synclog.models import CauseState, Issue


@transaction.atomic
def send_again(*, issues: QuerySet[Issue], seller: Seller, by: User | None) -> int:
    """Send the items of issues of exports again now. Returns how many; issues of imports are left out."""
    exports = issues.filter(seller=seller, job__direction=Direction.EXPORT, kind=F("job__item_kind"))
    ids: dict[int, set[int]] = defaultdict(set)
    for job_id, item_id in exports.order_by().values_list("job", "item_id"):
        if item_id is not None:
            ids[job_id].add(item_id)
    for job in Job.objects.filter(pk__in=ids).select_related("connection").order_by("pk"):
        item_ids = sorted(ids[job.pk])
        enqueue_for_job(job=job, kind=Kind(job.item_kind), item_ids=item_ids)
        retry_changes(changes=Change.objects.filter(job=job, kind=job.item_kind, item_id__in=item_ids), by=None)
    number = sum(map(len, ids.values()))
    if number:
        record_audit_event(user=by, action="issue.send_again", target=counted(number, "item"), seller=seller)
    return number


@transaction.atomic
def snooze_issues(*, issues: QuerySet[Issue], seller: Seller, until: datetime | None, by: User) -> int:
    """Hide open issues until a time; with None show them again. Returns how many."""
    number = issues.filter(seller=seller, resolved_at=None).update(snoozed_until=until)
    if number:
        record_audit_event(
            user=by,
            action="issue.snooze",
            seller=seller,
            target=counted(number, "issue"),
            until=until and until.isoformat(),
        )
    return number


@transaction.atomic
def assign_issues(*, issues: QuerySet[Issue], seller: Seller, to: User | None, by: User) -> int:
    """Assign open issues to a person; with None to nobody. Returns how many."""
    number = issues.filter(seller=seller, resolved_at=None).update(assigned_to=to)
    if number:
        record_audit_event(
            user=by, action="issue.assign", seller=seller, target=counted(number, "issue"), to=to and str(to)
        )
    return number


@transaction.atomic
def snooze_cause(*, seller: Seller, cause: str, until: datetime | None, by: User) -> None:
    """Hide all issues with a cause until a time, also those that are opened later; with None show them again."""
    CauseState.objects.update_or_create(seller=seller, cause=cause, defaults={"snoozed_until": until})
    if until is None:
        Issue.objects.filter(seller=seller, cause=cause, resolved_at=None).update(snoozed_until=None)
    record_audit_event(user=by, action="issue.snooze", seller=seller, target=cause, until=until and until.isoformat())


@transaction.atomic
def assign_cause(*, seller: Seller, cause: str, to: User | None, by: User) -> None:
    """Assign a cause to a person, who is shown for all its issues; with None to nobody."""
    CauseState.objects.update_or_create(seller=seller, cause=cause, defaults={"assigned_to": to})
    record_audit_event(user=by, action="issue.assign", seller=seller, target=cause, to=to and str(to))
