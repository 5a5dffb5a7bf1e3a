"""Saves products, one by one or as a bulk that the shop works off in its own time.

The answer to a bulk only means that it was queued. What became of each product is asked at once and, where the shop is
not through with it, later: by then only the shop knows, so its operations since then are searched for the SKU.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connectors.errors import Queued, SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.magento.client import (
    MAX_PAGE_SIZE,
    Filter,
    MagentoClient,
    format_timestamp,
    message_of,
    quote_path,
)

BULK = "/products/bySku"
# The limit of a bulk where the shop limits inputs.
MAX_BULK_SIZE = 5000
TOPIC = "async.magento.catalog.api.productrepositoryinterface.save.put"
COMPLETE, MAY_BE_RETRIED, FAILED, OPEN, REJECTED = 1, 2, 3, 4, 5
STATUS_CHECK_DELAY = timedelta(minutes=1)
# The two clocks may differ.
CLOCK_TOLERANCE = timedelta(minutes=10)

Body = dict[str, Any]
# SKU in lower case → None for what was saved, else why it was not.
Results = dict[str, Exception | None]


class ProductSaver:
    """Saves products of one shop. `queued_at` is when it took the first of them into its queue, if it has before."""

    def __init__(self, client: MagentoClient, *, queued_at: datetime | None) -> None:
        self.client = client
        self._last = {} if queued_at is None else self._operations_since(queued_at)

    def save(self, products: Mapping[str, Body]) -> Results:
        """SKU → product. What the shop has in its queue, or has worked off since, is not sent again as it is."""
        results: Results = {}
        for sku, body in products.items():
            last = self._last.get(sku.lower())
            if last and last["status"] != MAY_BE_RETRIED and _is_same_request(last["product"], body):
                results[sku.lower()] = _result(last)
        new = [body for sku, body in products.items() if sku.lower() not in results]
        if not self.client.settings.bulk:
            return results | {body["sku"].lower(): self._save_one(body) for body in new}
        for start in range(0, len(new), MAX_BULK_SIZE):
            results |= self._save_all(new[start : start + MAX_BULK_SIZE])
        return results

    def _save_one(self, body: Body) -> Exception | None:
        path = self.client.path(f"/products/{quote_path(body['sku'])}")
        try:
            self.client.http.request("PUT", path, body={"product": body})
        except Refused as refused:
            return _refusal(message_of(refused))
        return None

    def _save_all(self, bodies: list[Body]) -> Results:
        path = self.client.path(BULK).replace("/V1", "/async/bulk/V1", 1)
        answer = self.client.http.request("PUT", path, body=[{"product": each} for each in bodies]).json()
        match answer:
            case {"bulk_uuid": str(uuid), "request_items": list()}:
                found = self._operations_of(uuid)
            case _:
                raise TryAgainLater("Magento did not say that it took the bulk.")
        return {each["sku"].lower(): _result(found.get(each["sku"].lower())) for each in bodies}

    def _operations_of(self, uuid: str) -> dict[str, Body]:
        path = f"/bulk/{uuid}/detailed-status"
        match self.client.get(path):
            case {"operations_list": list(operations)}:
                return _latest_by_sku(operations)
        self.client.raise_malformed_response(path)

    def _operations_since(self, timestamp: datetime) -> dict[str, Body]:
        since = Filter("start_time", format_timestamp(timestamp.astimezone(UTC) - CLOCK_TOLERANCE), "gteq")
        order = ("start_time", "id")
        return _latest_by_sku(
            self.client.fetch_all("/bulk", [since], [Filter("topic_name", TOPIC)], sort=order, size=MAX_PAGE_SIZE)
        )


def _latest_by_sku(operations: Iterable[Any]) -> dict[str, Body]:
    """SKU in lower case → its latest operation: `{"status", "reason", "product"}`.

    What was asked for is JSON inside JSON. Operations that are no product's are passed over.
    """
    found = {}
    for each in operations:
        try:
            product = orjson.loads(orjson.loads(each["serialized_data"])["meta_information"])["product"]
            about = {"status": each["status"], "reason": each.get("result_message"), "product": product}
            found[product["sku"].lower()] = about
        except (ValueError, LookupError, TypeError, AttributeError):
            continue
    return found


def _result(operation: Body | None) -> Exception | None:
    """None for what was saved. What nothing is known of yet is still in the queue."""
    status = operation["status"] if operation else OPEN
    reason = str(operation and operation["reason"] or "it does not say why")
    if status == COMPLETE:
        return None
    if status == MAY_BE_RETRIED:
        return TryAgainLater(f"Magento could not save it this time: {reason}")
    if status in (FAILED, REJECTED):
        return _refusal(reason)
    return Queued("Magento has it in its queue.", not_before=datetime.now(UTC) + STATUS_CHECK_DELAY)


def _is_same_request(one: Body, other: Body) -> bool:
    """Whether two requests ask for the same. Only one that makes the product names its attribute set."""
    first, second = ({**each, "attribute_set_id": None} for each in (one, other))
    return bool(_normalized(first) == _normalized(second))


def _normalized(value: Any) -> Any:
    """What the shop may write in another way and mean the same: numbers, and what is empty."""
    if isinstance(value, dict):
        return {name: plain for name, each in value.items() if (plain := _normalized(each)) not in (None, {}, [], "")}
    if isinstance(value, list):
        return [_normalized(each) for each in value]
    if isinstance(value, int | float):
        return str(float(value))
    if isinstance(value, str) and value.replace(".", "", 1).isdecimal():
        return str(float(value))
    return value


def _refusal(reason: str) -> SkipRecord:
    return SkipRecord(
        f"Magento refuses it: {reason}", fix="Correct the product where it comes from, or in Magento; then retry."
    )
