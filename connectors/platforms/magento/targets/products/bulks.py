"""Bulks: products that the shop queues and saves asynchronously.

How to send them: https://developer.adobe.com/commerce/webapi/rest/use-rest/bulk-endpoints/, how to query their status:
https://developer.adobe.com/commerce/webapi/rest/use-rest/operation-status-search/.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

import orjson

from connectors.platforms.magento.client import MAX_PAGE_SIZE, TargetClient
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.search import Filter
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.products.bodies import URL_KEY, Body
from connectors.platforms.magento.values import format_timestamp
from connectors.sdk import clock, issues
from connectors.sdk.errors import NeedsAttention, Queued, SkipRecord, TryAgainLater
from connectors.sdk.responses import RequestRejected

PATH = "/products/bySku"
# The limit for a bulk in shops with input limits.
MAX_BULK_SIZE = 5000
TOPIC = "async.magento.catalog.api.productrepositoryinterface.save.put"
STATUS_CHECK_DELAY = timedelta(minutes=1)
# The clocks of the shop and of the hub may differ.
CLOCK_TOLERANCE = timedelta(minutes=10)


class Status(IntEnum):
    COMPLETE = 1
    MAY_BE_RETRIED = 2
    FAILED = 3
    OPEN = 4
    REJECTED = 5


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One product of a bulk. `requested` is the request body, which the shop stores until the product is saved."""

    bulk: str
    sku: str
    status: int
    reason: str
    requested: Body | None

    @property
    def error(self) -> Exception | None:
        """None once the product has been saved."""
        match self.status:
            case Status.COMPLETE:
                return None
            case Status.MAY_BE_RETRIED:
                return TryAgainLater(f"Magento could not save the item: {self.reason}")
            case Status.FAILED | Status.REJECTED:
                return SkipRecord(issues.REJECTED(reason=self.reason))
        return still_queued(self.bulk)

    def answers(self, body: Body) -> bool:
        """Whether the operation was requested with this body. Only a request that creates a product contains an
        attribute set and a URL key."""
        if self.requested is None:
            return False
        first, second = map(_of_known_product, (self.requested, body))
        return bool(_normalized(first) == _normalized(second))


# `sku_key` → the latest operation.
BySku = dict[str, BulkOperation]


def still_queued(bulk: str) -> Queued:
    return Queued("Magento has queued the item.", not_before=clock.now() + STATUS_CHECK_DELAY, receipt_id=bulk)


class Bulks:
    """The bulks of one shop."""

    def __init__(self, client: TargetClient) -> None:
        self.client = client

    def queue(self, bodies: Sequence[Body]) -> str:
        """Send at most `MAX_BULK_SIZE` products; returns the UUID of the bulk."""
        path = self.client.path(PATH).replace("/V1", "/async/bulk/V1", 1)
        answer = self.client.http.request("PUT", path, body=[{"product": each} for each in bodies]).json()
        match answer:
            case {"bulk_uuid": str(bulk), "request_items": list()} if bulk:
                return bulk
        raise TryAgainLater("Magento did not confirm the bulk request.")

    def read(self, bulk: str) -> BySku | None:
        """The results of a bulk so far; None if the shop has deleted it from its log."""
        path = f"/bulk/{bulk}/detailed-status"
        try:
            answer = self.client.http.get(self.client.path(path)).json()
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise NeedsAttention(
                f"Magento did not return the status of a bulk request ({error.status}): {error_message(error)}",
                fix="Grant the integration System › Action Logs › Bulk Actions, or switch off bulks in the settings of "
                "the connection.",
            ) from error
        match answer:
            case {"operations_list": list(rows)}:
                return _latest_by_sku(rows, bulk)
        self.client.raise_malformed_response(path)

    def read_since(self, timestamp: datetime) -> BySku:
        """All operations queued since then, by any client."""
        since = Filter("start_time", format_timestamp(timestamp.astimezone(UTC) - CLOCK_TOLERANCE), "gteq")
        order = ("start_time", "id")
        return _latest_by_sku(
            self.client.fetch_all("/bulk", [since], [Filter("topic_name", TOPIC)], sort=order, size=MAX_PAGE_SIZE)
        )

    def read_open(self) -> BySku:
        """The operations that the shop has yet to process, whoever queued them."""
        still_open = [Filter("status", int(Status.OPEN))]
        return _latest_by_sku(
            self.client.fetch_all("/bulk", [Filter("topic_name", TOPIC)], still_open, sort=("id",), size=MAX_PAGE_SIZE)
        )


def _latest_by_sku(rows: Iterable[Any], bulk: str = "") -> BySku:
    """Operations that are not about products are ignored."""
    read = (_operation(row, bulk) for row in rows)
    return {sku_key(each.sku): each for each in read if each is not None}


def _operation(row: Any, bulk: str) -> BulkOperation | None:
    """An open or failed operation contains the request as JSON inside JSON; a completed one only the saved product."""
    if not isinstance(row, dict) or not isinstance(row.get("status"), int):
        return None
    requested = _parsed(_parsed(row.get("serialized_data")).get("meta_information")).get("product")
    product = requested if isinstance(requested, dict) else _parsed(row.get("result_serialized_data"))
    match product:
        case {"sku": str(sku)}:
            return BulkOperation(
                bulk=bulk or str(row.get("bulk_uuid") or ""),
                sku=sku,
                status=row["status"],
                reason=str(row.get("result_message") or "no reason given"),
                requested=product if product is requested else None,
            )
    return None


def _parsed(text: Any) -> Body:
    """The object in a JSON text; empty if there is none."""
    try:
        value = orjson.loads(text)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _of_known_product(body: Body) -> Body:
    custom = [each for each in body.get("custom_attributes") or () if each.get("attribute_code") != URL_KEY]
    return {**body, "attribute_set_id": None, "custom_attributes": custom}


def _normalized(value: Any) -> Any:
    """Normalizes values that the shop may write differently: numbers and empty values."""
    if isinstance(value, dict):
        return {name: plain for name, each in value.items() if (plain := _normalized(each)) not in (None, {}, [], "")}
    if isinstance(value, list):
        return [_normalized(each) for each in value]
    if isinstance(value, int | float):
        return str(float(value))
    if isinstance(value, str) and value.replace(".", "", 1).isdecimal():
        return str(float(value))
    return value
