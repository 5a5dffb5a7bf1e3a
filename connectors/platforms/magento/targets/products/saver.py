"""Saves products one by one, or in bulks if the settings say so."""

from collections.abc import Iterable, Mapping, Sequence

from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import TargetClient
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.products.bodies import Body
from connectors.platforms.magento.targets.products.bulks import MAX_BULK_SIZE, Bulks, BySku, Status, still_queued
from connectors.sdk import issues
from connectors.sdk.errors import Queued, SkipRecord, TryAgainLater
from connectors.sdk.responses import RequestRejected

# `sku_key` → None for a saved product, else the error, or that it is not saved yet.
Results = dict[str, Exception | None]


class ProductSaver:
    """`known_operations` are those of bulks whose receipts are lost: the same request is not queued again."""

    def __init__(self, client: TargetClient, known_operations: BySku) -> None:
        self.client = client
        self.bulks = Bulks(client)
        self._known = known_operations

    def save(self, products: Mapping[str, Body]) -> Results:
        """Save the products, given by SKU."""
        results: Results = {}
        for sku, body in products.items():
            known = self._known.get(sku_key(sku))
            if known and known.status != Status.MAY_BE_RETRIED and known.answers(body):
                results[sku_key(sku)] = known.error
        new = [body for sku, body in products.items() if sku_key(sku) not in results]
        if not self.client.settings.bulk:
            return results | {sku_key(body["sku"]): self._save_one(body) for body in new}
        for start in range(0, len(new), MAX_BULK_SIZE):
            results |= self._queue(new[start : start + MAX_BULK_SIZE])
        return results

    def _save_one(self, body: Body) -> Exception | None:
        """Create or update a product. The SKU stands in the body only: the shop decodes some characters of a path
        before it verifies the OAuth signature."""
        try:
            self.client.post(product_rows.PATH, {"product": body})
        except RequestRejected as error:
            return SkipRecord(issues.REJECTED(reason=error_message(error)))
        return None

    def _queue(self, bodies: Sequence[Body]) -> Results:
        """Queue the products. The status of the bulk is queried at once, because an idle shop may be done already."""
        bulk = self.bulks.queue(bodies)
        try:
            found = self.bulks.read(bulk) or {}
        except TryAgainLater:
            found = {}  # the bulk was accepted nevertheless: its receipt must not be lost
        return {
            sku: found[sku].error if sku in found else still_queued(bulk)
            for sku in (sku_key(each["sku"]) for each in bodies)
        }


def combined(errors: Iterable[Exception | None]) -> Exception | None:
    """The combined result of products that belong together: the first failure, else the receipts of all queued ones."""
    found = [error for error in errors if error is not None]
    queued = [error for error in found if isinstance(error, Queued)]
    if failed := [error for error in found if not isinstance(error, Queued)]:
        return failed[0]
    if not queued:
        return None
    receipts = dict.fromkeys(error.receipt_id for error in queued)
    return Queued(str(queued[0]), not_before=queued[0].not_before, receipt_id=" ".join(receipts))
