"""The column type of amounts of money and of quantities."""

from typing import Any

from django.db import models


def amount_field(**options: Any) -> models.DecimalField:
    """An amount in the major unit of the order's currency. Empty: the source does not provide it."""
    return models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True, **options)


def quantity_field(**options: Any) -> models.DecimalField:
    """A quantity of an order line that is zero unless the source provides it."""
    return models.DecimalField(max_digits=14, decimal_places=3, default=0, db_default=0, **options)
