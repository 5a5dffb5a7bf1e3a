"""What the syncs of each connection did on each of the last 14 days."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, Q, Subquery, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from hub.models import Run, RunCounter

DAYS = 14


@dataclass(frozen=True)
class Day:
    """One day in the current time zone: items changed, and runs that failed or left items out."""

    day: date
    changed: int = 0
    failed_runs: int = 0
    incomplete_runs: int = 0


def activity(*, connection_ids: Collection[int], now: datetime) -> dict[int, list[Day]]:
    """Connection ID → its last 14 days, oldest first. Two queries.

    Only `created_at` of all runs is indexed, and the runs of a job by ID; so the first run of the period, whose ID is
    the lower bound, is looked up first.
    """
    today = timezone.localdate(now)
    days = [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    midnight = timezone.make_aware(datetime.combine(days[0], datetime.min.time()))
    first = Subquery(Run.objects.filter(created_at__gte=midnight).order_by("created_at").values("pk")[:1])
    runs = Run.objects.filter(job__connection__in=connection_ids, pk__gte=first, scope__in=Run.SYNCS)
    by_day = runs.order_by().values_list("job__connection", TruncDate("created_at"))
    failed, incomplete = Q(state=Run.State.FAILED), Q(state=Run.State.DONE_WITH_ERRORS)
    ended: dict[tuple[int, date], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for connection, day, *numbers in by_day.annotate(failed=Count("pk", failed), incomplete=Count("pk", incomplete)):
        ended[connection, day] = (numbers[0], numbers[1])
    sums = (
        RunCounter.objects.filter(run__in=runs)
        .order_by()
        .values_list("run__job__connection", TruncDate("run__created_at"))
        .annotate(changed=Sum(F("created") + F("updated") + F("disabled") + F("removed")))
    )
    changed = {(connection, day): number for connection, day, number in sums}
    return {
        connection: [Day(day, changed.get((connection, day), 0), *ended[connection, day]) for day in days]
        for connection in connection_ids
    }
