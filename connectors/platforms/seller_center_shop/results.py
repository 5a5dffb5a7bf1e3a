"""The results of product calls, as synchronous answers and callbacks contain them, in every documented form.

An array in the order of the request, with `{"status": "success", "product": {…}}` or `{"status": "failure", "error":
{"message", "code"}}`, where a failure may lack its product (product-api/updatestock); a single object where the array
is expected; the object of an image collection (product-api/productupdateimagecollection); an object of ID → true or
false (seller-api/sellerupdatesellers); false for a failed image (product-api/productaddimages).
"""

from dataclasses import dataclass
from typing import Any

_SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one entry. `is_nameless`: the shop says that the product has no SKU, so it is none of ours."""

    error: str = ""
    sku: str = ""
    product_id: str = ""
    config_id: str = ""
    is_nameless: bool = False


def parse_results(result: Any) -> list[Result]:
    """One result for each entry. A result that cannot be read counts as a failure, so that others are not lost with it.

    ValueError if nothing can be read.
    """
    match result:
        case {"images": list()}:
            return [Result()]
        case {"status": str()} | {"product": dict()}:
            return [_result(result)]
        case dict() if result and all(isinstance(each, bool) for each in result.values()):
            return [Result("" if each else "The shop rejected it without giving a reason.") for each in result.values()]
        case [_, *_] if any(isinstance(each, dict | bool) and each != {} for each in result):
            return [_result(each) for each in result]
    raise ValueError("the result is neither a list nor an object of results")


def _result(raw: Any) -> Result:
    match raw:
        case {"status": str(status)} if status != _SUCCESS:
            product = raw.get("product")
            sku = product.get("seller_sku") if isinstance(product, dict) else None
            return Result(reason_of(raw), sku=sku if isinstance(sku, str) else "", is_nameless=sku == "")
        case {"status": "success", "product": {"seller_sku": str(sku), **ids}}:
            product_id, config_id = ids.get("id"), ids.get("config_id")
            if product_id is None and config_id is None:
                return Result(sku=sku)  # deleted
            if _is_id(product_id) and (_is_id(config_id) or config_id is None):
                return Result("", sku, str(product_id), "" if config_id is None else str(config_id))
        case {"status": "success", **rest} if "product" not in rest:
            return Result()
        case True:
            return Result()
        case False:
            return Result("The shop rejected it without giving a reason.")
    return Result("The shop's result cannot be read.")


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def reason_of(answer: Any) -> str:
    """The first message in an answer, at any depth, with the shop's code if it gives one."""
    match answer:
        case {"error": {"message": str(message), "code": int() | str() as code}} if message:
            return f"{message[:280]} ({code})"
    if isinstance(answer, dict):
        for name in ("message", "error", "errors", "result"):
            if answer.get(name):
                return reason_of(answer[name])
    if isinstance(answer, list) and answer:
        return reason_of(answer[0])
    return answer[:300] if isinstance(answer, str) and answer else "no reason given."
