"""The shop's side of a request: the push, its acknowledgement, and the callback that answers it later."""

from typing import Any
from uuid import uuid4

from connectors.contract import Receipt
from connectors.errors import BatchRefused, TryAgainLater
from connectors.http import dumps
from hub.kinds import DataType

CALLBACK = "Callback.process"


def new_id(data_type: DataType) -> str:
    """The id of a request; the callback brings it back, and it tells what the request was about."""
    return f"{data_type}-{uuid4().hex}"


def call(method: str, entries: list[dict[str, Any]], request_id: str) -> dict[str, Any]:
    return {"api": 1, "method": method, "params": {"productsInfo": entries}, "id": request_id}


def expect_acknowledgement(answer: Any, method: str, request_id: str) -> None:
    """Anything but the vendor's acknowledgement, to the letter, is a refusal.

    BatchRefused if the shop says no to this request; TryAgainLater if nobody can tell what the answer is about.
    """
    if dumps(answer) == dumps([{"api": 1, "result": [{"status": "success"}], "id": request_id}]):
        return
    match answer:
        case [{"id": about, **rest}] if about == request_id:
            raise BatchRefused(f"{method} was refused: {_reason(rest)}")
    raise TryAgainLater(f"{method} was answered by something that is no acknowledgement of it.")


def receipts(call: dict[str, Any]) -> list[Receipt]:
    """What a call of a callback tells, one receipt a product; none if it is another call. ValueError if malformed."""
    match call:
        case {"method": method} if method != CALLBACK:
            return []
        case {"id": str(request_id), "params": {"result": list(results)}}:
            data_type = DataType(request_id.partition("-")[0])
            return [_receipt(request_id, data_type, each) for each in results]
    raise ValueError("a callback has an id and a list of results")


def _receipt(request_id: str, data_type: DataType, result: Any) -> Receipt:
    match result:
        case {"status": "success", "product": {"seller_sku": str(sku), "id": product_id, "config_id": config_id}} if (
            sku and _is_id(product_id) and _is_id(config_id)
        ):
            return Receipt(request_id, data_type, sku, str(product_id), str(config_id))
        case {"status": str(status), "product": {"seller_sku": str(sku)}} if status != "success" and sku:
            return Receipt(request_id, data_type, sku, error=_reason(result))
    raise ValueError("a result names its seller_sku, and on success its id and config_id")


def found(answer: Any, skus: list[str]) -> dict[str, tuple[str, str]]:
    """SKU → (product id, config id) of those of the SKUs that the shop has. TryAgainLater for an odd answer."""
    match answer:
        case {"found": list(rows), **rest} if not rest and all(_is_product(row, skus) for row in rows):
            return {row["seller_sku"]: (str(row["id"]), str(row["config_id"])) for row in rows}
    raise TryAgainLater("/lookup did not say plainly which SKUs it found; nothing is concluded from that.")


def _is_product(row: Any, skus: list[str]) -> bool:
    match row:
        case {"seller_sku": sku, "id": product_id, "config_id": config_id}:
            return sku in skus and _is_id(product_id) and _is_id(config_id)
    return False


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _reason(answer: Any) -> str:
    """The first message in an answer, wherever the shop has put it."""
    if isinstance(answer, dict):
        for name in ("message", "error", "errors", "result"):
            if answer.get(name):
                return _reason(answer[name])
    if isinstance(answer, list) and answer:
        return _reason(answer[0])
    return answer[:300] if isinstance(answer, str) and answer else "the shop gave no reason."
