"""Queries for open issues and ID conflicts."""

from django.db.models import BigIntegerField, CharField, F, Func, Max, QuerySet, Value
from django.db.models.functions import Cast

from accounts.models import Seller
from hub import links
from hub.kinds import Direction
from hub.links import HighestId
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


def highest_ids() -> list[HighestId]:
    """The highest ID per shop or OMS and kind of item, including items that could not be imported (L16).

    An item that was refused has no link, but its ID is taken at the platform all the same.
    """
    rejected = Issue.objects.filter(job__direction=Direction.IMPORT, external_id__regex=r"^[a-z_]+:[0-9]{1,18}$")
    rows = rejected.annotate(prefix=_part_of_ref(1), number=Cast(_part_of_ref(2), BigIntegerField()))
    highest = {
        (connection, kind): number
        for connection, kind, number in rows.order_by().values_list("job__connection", "prefix").annotate(Max("number"))
    }
    return [
        row._replace(highest=max(row.highest, highest.get((row.connection_id, row.kind), 0)))
        for row in links.highest_ids()
    ]


def _part_of_ref(position: int) -> Func:
    """`variant:5` → `variant` (1), `5` (2)."""
    return Func(F("external_id"), Value(":"), Value(position), function="split_part", output_field=CharField())
