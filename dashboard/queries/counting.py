"""Counts that stop at a cap, which pages show as "1,000+", so that a million rows are never counted."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, QuerySet

CAP = 1000


def capped(rows: QuerySet[Any]) -> Func:
    """The number of rows, up to CAP + 1, as an expression to annotate an outer queryset with."""
    return Func(
        ArraySubquery(rows.order_by().values("pk")[: CAP + 1]),
        function="CARDINALITY",
        output_field=IntegerField(),
    )


def count_up_to_cap(rows: QuerySet[Any]) -> int:
    """The number of rows, up to CAP + 1. One query."""
    return rows.order_by()[: CAP + 1].count()
