"""The shop's queue: a request, its answer, and the later callback with the result.

A shop works asynchronously or synchronously, for the whole installation (shop-update-async-flow/introduction-1). The
bare success `[{"status": "success"}]` acknowledges a queued request; anything that says more is the final result.
"""

import re
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from connectors.platforms.seller_center_shop.results import Result, parse_results, reason_of
from connectors.sdk.errors import BatchRejected, TryAgainLater
from connectors.sdk.serialization import canonical_json
from connectors.sdk.webhooks import Receipt
from hub.kinds import DataType

CALLBACK = "Callback.process"
_ACKNOWLEDGED = [{"status": "success"}]
_ID = re.compile(r"(?P<data_type>products|stock|prices)-(?P<microseconds>[0-9a-f]{10,14})-[0-9a-f]{16}")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_request_id(data_type: DataType, now: datetime) -> str:
    """The ID of a request. The callback returns it; it contains what the request was about and when it was made."""
    return f"{data_type}-{(now - _EPOCH) // _MICROSECOND:x}-{token_hex(8)}"


def call(method: str, params: dict[str, Any], request_id: str, *, username: str = "", password: str = "") -> Any:
    """The body of a request. With a user name it is a batch that starts with `auth`, which has the same ID in the
    vendor's examples (product-api/createproducts); else the bare call (product-api/updatestock)."""
    request = {"api": 1, "method": method, "params": params, "id": request_id}
    if not username:
        return request
    auth = {"api": 1, "method": "auth", "params": {"username": username, "password": password}, "id": request_id}
    return [auth, request]


def read_answer(answer: Any, method: str, request_id: str, *, entries: int, batch: bool) -> list[Result] | None:
    """The result of each entry, in their order, or None if the request was queued.

    BatchRejected if the shop rejects this request; TryAgainLater if the answer is about something else, or its results
    are not as many as the entries.
    """
    own = [each for each in (answer if isinstance(answer, list) else [answer]) if _has_id(each, request_id)]
    # The answer to `auth` has the same ID and comes first.
    if not own or len(own) > 1 + batch:
        raise TryAgainLater(f"{method} was not acknowledged.")
    content = own[-1]
    if "result" not in content or content.get("error") or content.get("api") != 1:
        raise BatchRejected(f"{method} was rejected: {reason_of(content)}")
    result = content["result"]
    if canonical_json(content) == canonical_json({"api": 1, "result": _ACKNOWLEDGED, "id": content["id"]}):
        return None
    try:
        results = parse_results(result)
    except ValueError:
        raise BatchRejected(f"{method} was rejected: {reason_of(content)}") from None
    if len(results) == entries:
        return results
    if len(results) == 1 and results[0].error:
        raise BatchRejected(f"{method} was rejected: {results[0].error}")
    raise TryAgainLater(f"{method} returned {len(results)} results for {entries} entries, so they were not used.")


def _has_id(answer: Any, request_id: str) -> bool:
    return isinstance(answer, dict) and str(answer.get("id")) == request_id


def receipts(call: dict[str, Any]) -> list[Receipt]:
    """The receipts in one call of a callback, one for each result; none for any other kind of call.

    A failure may lack its product: its receipt has no SKU, and a person is told. Results that need no action are left
    out: a product was deleted, or it has no SKU of ours. ValueError if the call or one of its results is malformed and
    none can be used.
    """
    match call:
        case {"method": method} if method != CALLBACK:
            return []
        case {"id": request_id, "params": {"result": result}} if known := _ID.fullmatch(str(request_id)):
            requested_at = _EPOCH + int(known["microseconds"], 16) * _MICROSECOND
            data_type = DataType(known["data_type"])
            parsed = [_receipt(data_type, requested_at, each) for each in parse_results(result)]
            return [receipt for receipt in parsed if receipt is not None]
    raise ValueError("a callback has the id of a request of ours and its result")


def _receipt(data_type: DataType, requested_at: datetime, result: Result) -> Receipt | None:
    if result.error:
        return None if result.is_nameless else Receipt(data_type, requested_at, result.sku, error=result.error)
    if not result.sku or not (result.product_id and result.config_id):
        return None
    return Receipt(data_type, requested_at, result.sku, result.product_id, result.config_id)


def parse_lookup(answer: Any, skus: list[str]) -> dict[str, tuple[str, str]]:
    """SKU → (product ID, config ID) of those SKUs that the shop has. TryAgainLater for a malformed response."""
    match answer:
        case {"found": list(rows), **rest} if not rest and all(_is_product(row, skus) for row in rows):
            return {row["seller_sku"]: (str(row["id"]), str(row["config_id"])) for row in rows}
    raise TryAgainLater("/lookup returned an ambiguous list of SKUs, so the response was not used.")


def _is_product(row: Any, skus: list[str]) -> bool:
    match row:
        case {"seller_sku": sku, "id": product_id, "config_id": config_id}:
            return sku in skus and _is_id(product_id) and _is_id(config_id)
    return False


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
