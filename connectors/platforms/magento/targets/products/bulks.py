"""Bulks: products that the shop queues, and saves in its own time.

https://developer.adobe.com/commerce/webapi/rest/use-rest/bulk-endpoints/ has how they are sent,
https://developer.adobe.com/commerce/webapi/rest/use-rest/operation-status-search/ how they are asked after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

import orjson

from connectors.platforms.magento.client import MAX_PAGE_SIZE, TargetClient
from connectors.platforms.magento.messages import message_of
from connectors.platforms.magento.search import Filter
from connectors.platforms.magento.targets.products.bodies import Body
from connectors.platforms.magento.values import format_timestamp
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, Queued, SkipRecord, TryAgainLater
from connectors.sdk.responses import Refused

PATH = "/products/bySku"
# The limit of a bulk where the shop limits inputs.
MAX_BULK_SIZE = 5000
TOPIC = "async.magento.catalog.api.productrepositoryinterface.save.put"
STATUS_CHECK_DELAY = timedelta(minutes=1)
# The two clocks may differ.
CLOCK_TOLERANCE = timedelta(minutes=10)


class Status(IntEnum):
    COMPLETE = 1
    MAY_BE_RETRIED = 2
    FAILED = 3
    OPEN = 4
    REJECTED = 5


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One product of a bulk. `requested` is what was asked for, which the shop keeps until it has saved it."""

    bulk: str
    sku: str
    status: int
    reason: str
    requested: Body | None

    @property
    def error(self) -> Exception | None:
        """None once the product is saved."""
        match self.status:
            case Status.COMPLETE:
                return None
            case Status.MAY_BE_RETRIED:
                return TryAgainLater(f"Magento could not save it this time: {self.reason}")
            case Status.FAILED | Status.REJECTED:
                return SkipRecord(issues.REJECTED(reason=self.reason))
        return still_queued(self.bulk)

    def answers(self, body: Body) -> bool:
        """Whether this very product was asked for. Only a request that creates it names its attribute set."""
        if self.requested is None:
            return False
        first, second = ({**each, "attribute_set_id": None} for each in (self.requested, body))
        return bool(_normalized(first) == _normalized(second))


# SKU in lower case, since to the shop case makes no difference → the latest operation.
BySku = dict[str, BulkOperation]


def still_queued(bulk: str) -> Queued:
    return Queued("Magento has queued it.", not_before=datetime.now(UTC) + STATUS_CHECK_DELAY, receipt_id=bulk)


class Bulks:
    """The bulks of one shop."""

    def __init__(self, client: TargetClient) -> None:
        self.client = client

    def queue(self, bodies: Sequence[Body]) -> str:
        """The UUID of the bulk that the shop took; at most `MAX_BULK_SIZE` products."""
        path = self.client.path(PATH).replace("/V1", "/async/bulk/V1", 1)
        answer = self.client.http.request("PUT", path, body=[{"product": each} for each in bodies]).json()
        match answer:
            case {"bulk_uuid": str(bulk), "request_items": list()} if bulk:
                return bulk
        raise TryAgainLater("Magento did not say that it took the bulk.")

    def read(self, bulk: str) -> BySku | None:
        """What became of the products of a bulk so far; None if the shop has deleted it from its log."""
        path = f"/bulk/{bulk}/detailed-status"
        try:
            answer = self.client.http.get(self.client.path(path)).json()
        except Refused as refused:
            if refused.status == 404:
                return None
            raise NeedsAttention(
                f"Magento does not tell what became of a bulk ({refused.status}): {message_of(refused)}",
                fix="Grant the integration System › Action Logs › Bulk Actions, or switch off bulks in the settings of "
                "the connection.",
            ) from refused
        match answer:
            case {"operations_list": list(rows)}:
                return _latest_by_sku(rows, bulk)
        self.client.raise_malformed_response(path)

    def read_since(self, timestamp: datetime) -> BySku:
        """Everything that was queued since then, by whomever."""
        since = Filter("start_time", format_timestamp(timestamp.astimezone(UTC) - CLOCK_TOLERANCE), "gteq")
        order = ("start_time", "id")
        return _latest_by_sku(
            self.client.fetch_all("/bulk", [since], [Filter("topic_name", TOPIC)], sort=order, size=MAX_PAGE_SIZE)
        )


def _latest_by_sku(rows: Iterable[Any], bulk: str = "") -> BySku:
    """Operations that are no product's are ignored."""
    read = (_operation(row, bulk) for row in rows)
    return {each.sku.lower(): each for each in read if each is not None}


def _operation(row: Any, bulk: str) -> BulkOperation | None:
    """An open or failed operation has the request, as JSON inside JSON; a finished one only the product as it was
    saved."""
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
                reason=str(row.get("result_message") or "it does not say why"),
                requested=product if product is requested else None,
            )
    return None


def _parsed(text: Any) -> Body:
    """The object in a JSON text; empty for anything else."""
    try:
        value = orjson.loads(text)
    except (TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


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
