"""The shop's queue: a request, its acknowledgement, and the later callback with the result."""

import re
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from connectors.sdk.errors import BatchRejected, TryAgainLater
from connectors.sdk.serialization import canonical_json
from connectors.sdk.webhooks import Receipt
from hub.kinds import DataType

CALLBACK = "Callback.process"
_ID = re.compile(r"(?P<data_type>products|stock|prices)-(?P<microseconds>[0-9a-f]{10,14})-[0-9a-f]{16}")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IDS = {"id", "config_id"}


def new_request_id(data_type: DataType, now: datetime) -> str:
    """The ID of a request. The callback returns it; it contains what the request was about and when it was made."""
    return f"{data_type}-{(now - _EPOCH) // _MICROSECOND:x}-{token_hex(8)}"


def call(method: str, entries: list[dict[str, Any]], request_id: str) -> dict[str, Any]:
    return {"api": 1, "method": method, "params": {"productsInfo": entries}, "id": request_id}


def check_acknowledgement(answer: Any, method: str, request_id: str) -> None:
    """Check that the response is exactly the vendor's acknowledgement.

    BatchRejected if the shop rejects this request; TryAgainLater if the response is about something else.
    """
    if canonical_json(answer) == canonical_json([{"api": 1, "result": [{"status": "success"}], "id": request_id}]):
        return
    match answer:
        case [{"id": echoed_id, **rest}] if echoed_id == request_id:
            raise BatchRejected(f"{method} was rejected: {_reason(rest)}")
    raise TryAgainLater(f"{method} was not acknowledged.")


def receipts(call: dict[str, Any]) -> list[Receipt]:
    """The receipts in one call of a callback, one for each product that it names; none for any other kind of call.

    ValueError if it is malformed.
    """
    match call:
        case {"method": method} if method != CALLBACK:
            return []
        case {"id": str(request_id), "params": {"result": list(results)}} if known := _ID.fullmatch(request_id):
            requested_at = _EPOCH + int(known["microseconds"], 16) * _MICROSECOND
            parsed = [_receipt(DataType(known["data_type"]), requested_at, each) for each in results]
            return [receipt for receipt in parsed if receipt is not None]
    raise ValueError("a callback has the id of a request of ours and a list of results")


def _receipt(data_type: DataType, requested_at: datetime, result: Any) -> Receipt | None:
    """None if there is nothing to report: a product was deleted, or it has no SKU of ours."""
    match result:
        case {"product": {"seller_sku": ""}, "status": str()}:
            return None
        case {"product": {"seller_sku": str(sku)}, "status": str(status)} if status != "success":
            return Receipt(data_type, requested_at, sku, error=_reason(result))
        case {"product": {"seller_sku": str(sku), "id": product_id, "config_id": config_id}, "status": "success"} if (
            _is_id(product_id) and _is_id(config_id)
        ):
            return Receipt(data_type, requested_at, sku, str(product_id), str(config_id))
        case {"product": {"seller_sku": str()} as product, "status": "success"} if not product.keys() & _IDS:
            return None
    raise ValueError("a result has a status and a product with its seller_sku, and its ids if it has any")


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


def _reason(answer: Any) -> str:
    """The first message in a response, at any depth."""
    if isinstance(answer, dict):
        for name in ("message", "error", "errors", "result"):
            if answer.get(name):
                return _reason(answer[name])
    if isinstance(answer, list) and answer:
        return _reason(answer[0])
    return answer[:300] if isinstance(answer, str) and answer else "no reason given."
