"""Counts that stop at a cap, which pages show as "1,000+", and estimates: a million rows are never counted."""

import json
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Total:
    """A number of rows, and whether it was counted; otherwise it is PostgreSQL's estimate with two digits."""

    number: int
    is_exact: bool


def total(rows: QuerySet[Any]) -> Total:
    """How many rows there are: counted up to the cap, estimated beyond. At most two queries."""
    counted = count_up_to_cap(rows)
    if counted <= CAP:
        return Total(counted, is_exact=True)
    (plan,) = json.loads(rows.order_by().explain(format="JSON"))
    estimate = max(counted, int(plan["Plan"]["Plan Rows"]))
    digits = len(str(estimate)) - 2
    return Total(round(estimate, -digits), is_exact=False)
