"""Batches: up to a hundred objects in a call, each of which can be refused alone (_products.md, "Batch update")."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from connectors.platforms.woocommerce.client import PRODUCTS, Row, TargetClient, join, raise_malformed_response
from connectors.platforms.woocommerce.error_messages import rejection_reason
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.responses import RequestRejected

# Keeps the URL of a lookup below about 4,000 characters.
SKUS_PER_CALL = 50
T = TypeVar("T")


def save(client: TargetClient, path: str, action: str, entries: Sequence[Any]) -> list[Row | SkipRecord]:
    """The saved item of each entry, or why it was refused. `action`: `create`, `update` or `delete`."""
    found: list[Row | SkipRecord] = []
    for chunk in chunks(entries, client.settings.items_per_call):
        try:
            answer = client.send("POST", f"{path}/batch", {action: chunk})
        except RequestRejected as error:
            if error.status == 413:
                raise NeedsAttention(
                    "The site takes fewer items in a call.", fix="Lower Items per call in the settings.", status=413
                ) from error
            raise
        rows = answer.get(action) if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != len(chunk):
            raise_malformed_response(path)
        found += [_result(path, row) for row in rows]
    return found


def _result(path: str, row: Any) -> Row | SkipRecord:
    if not isinstance(row, dict) or ("error" not in row and not isinstance(row.get("id"), int)):
        raise_malformed_response(path)
    if "error" in row:
        return SkipRecord(issues.REJECTED(reason=rejection_reason(row["error"])))
    return row


def is_gone(result: Row | SkipRecord) -> bool:
    """Whether an item could not be changed or deleted because it does not exist."""
    return isinstance(result, SkipRecord) and "Invalid ID" in str(result.problem.values.get("reason", ""))


def find_by_sku(client: TargetClient, skus: Sequence[str], **query: Any) -> dict[str, Row]:
    """SKU → the product or variation that has it, but not one in the trash.

    The list has variations only if it is asked for SKUs. The shop compares them without regard to case.
    """
    found: dict[str, Row] = {}
    wanted = list(dict.fromkeys(sku for sku in skus if sku))
    # A comma separates SKUs; one that has a comma is asked for alone.
    plain = [sku for sku in wanted if "," not in sku]
    for chunk in [*chunks(plain, SKUS_PER_CALL), *([sku] for sku in wanted if "," in sku)]:
        for row in client.fetch_all(PRODUCTS, sku=join(chunk), status="any", **query):
            if not isinstance(row, dict) or not isinstance(row.get("id"), int):
                raise_malformed_response(PRODUCTS)
            found[str(row.get("sku", ""))] = row
    return {sku: row for sku in wanted if (row := _match(sku, found))}


def _match(sku: str, found: dict[str, Row]) -> Row | None:
    return found.get(sku) or next((row for name, row in found.items() if name.casefold() == sku.casefold()), None)


def chunks(values: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(values), size):
        yield list(values[start : start + size])
