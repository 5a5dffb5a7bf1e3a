"""Prices that begin or end at a known time: applied when the time has come, without reading the source again (C9)."""

from collections import defaultdict
from datetime import datetime

from django.db import transaction

from catalog.services import DuePrices, apply_due_prices
from hub.kinds import DataType, Direction, Kind
from hub.models import Job
from synclog import services as synclog


@transaction.atomic
def apply_due(*, now: datetime) -> bool:
    """Apply the next prices that are due, and note what changed in the timelines of their products. True if there were
    any. Safe to run concurrently."""
    processed, products = apply_due_prices(now=now)
    by_source: dict[tuple[int, int | None], list[DuePrices]] = defaultdict(list)
    for each in products:
        by_source[each.seller_id, each.connection_id].append(each)
    for (seller_id, connection_id), changed in by_source.items():
        job = Job.objects.filter(
            connection=connection_id, direction=Direction.IMPORT, data_type=DataType.PRODUCTS
        ).first()
        synclog.record_own_changes(
            seller_id=seller_id,
            job=job,
            kind=Kind.PRODUCT,
            changes={each.product_id: each.changes for each in changed},
            message="A price began or ended.",
            now=now,
        )
    return processed > 0
