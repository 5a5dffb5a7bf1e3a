"""Queries for open issues and ID conflicts."""

from typing import NamedTuple

from django.db.models import BigIntegerField, Max, QuerySet
from django.db.models.functions import Cast

from accounts.models import Seller
from hub.kinds import Role
from hub.models import Link
from synclog.models import Issue

# Codes of issues about an ID or a number that another item already has.
COLLISION_CODES = ("id_in_use", "order_id_in_use", "order_line_id_in_use", "order_number_in_use", "variant_id_in_use")


def open_issues(*, seller: Seller) -> QuerySet[Issue]:
    """Open issues of a seller with their log and job, latest first."""
    return Issue.objects.filter(seller=seller, resolved_at=None).select_related("sync_log", "job__connection")


def open_collisions() -> QuerySet[Issue]:
    """Open issues of all sellers about ID conflicts (L16), latest first."""
    issues = Issue.objects.filter(resolved_at=None, code__in=COLLISION_CODES)
    return issues.select_related("seller", "sync_log", "job__connection").order_by("-seen_at")


class HighestId(NamedTuple):
    """The highest numeric external ID of a kind of item at a connection."""

    connection: str
    kind: str
    highest: int


def highest_ids() -> list[HighestId]:
    """The highest linked external ID per shop or OMS and kind of item (L16). Non-numeric IDs are left out."""
    numbered = Link.objects.filter(connection__role__in=(Role.SHOP, Role.OMS), external_id__regex=r"^[0-9]{1,18}$")
    kinds = numbered.values("connection__slug", "kind").annotate(highest=Max(Cast("external_id", BigIntegerField())))
    return [
        HighestId(row["connection__slug"], row["kind"].replace("_", " "), row["highest"])
        for row in kinds.order_by("connection__slug", "kind")
    ]
