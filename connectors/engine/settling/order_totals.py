"""Stores what targets computed for the orders of a batch (M4)."""

from datetime import datetime

from connectors.engine.settling.batch import Batch
from connectors.engine.settling.results import Accepted
from connectors.sdk.orders import total_problems
from hub.kinds import Kind
from orders.services import ComputedTotals, save_target_totals


def save(batch: Batch, now: datetime) -> None:
    if batch.job.item_kind != Kind.ORDER:
        return
    totals, sellers = {}, {}
    for result in batch.results:
        if isinstance(result, Accepted) and (found := result.outcome.totals) is not None and result.item is not None:
            totals[result.change.item_id] = ComputedTotals(
                expected_total=found.expected_total,
                expected_tax=found.expected_tax,
                total=found.total,
                tax=found.tax,
                differs=bool(total_problems(found)),
            )
            sellers[result.change.item_id] = result.item.seller_id
    if totals:
        save_target_totals(connection_id=batch.job.connection_id, totals=totals, sellers=sellers, now=now)
