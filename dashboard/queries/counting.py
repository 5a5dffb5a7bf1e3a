"""Counting without counting a million: up to a cap, which pages show as "1,000+"."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, IntegerField, QuerySet

CAP = 1000


def capped(rows: QuerySet[Any]) -> Func:
    """How many rows there are, up to CAP + 1, as an expression to annotate an outer queryset with."""
    return Func(
        ArraySubquery(rows.order_by().values("pk")[: CAP + 1]),
        function="CARDINALITY",
        output_field=IntegerField(),
    )


def count_up_to_cap(rows: QuerySet[Any]) -> int:
    """The same, asked at once."""
    return rows.order_by()[: CAP + 1].count()
