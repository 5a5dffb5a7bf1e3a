"""Stock and prices, thousands a call."""

import re
from collections.abc import Sequence
from typing import Any

from connectors.contract import Action, Operation, Outcome
from connectors.errors import BatchRefused
from connectors.http import Refused
from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, BigCommerceClient, join
from connectors.platforms.bigcommerce.product_writer import error_text, refusal_error

ADJUSTMENTS = "/v3/inventory/adjustments/absolute"
ITEM_INDEX_PATTERN = re.compile(r"items\[(\d+)\]")


def send_stock(client: BigCommerceClient, operations: Sequence[Operation]) -> list[Outcome]:
    """Absolute figures, so a repetition changes nothing. The store takes its time: reads lag behind."""
    writes = [position for position, each in enumerate(operations) if each.action is not Action.REMOVE]
    items = [{"location_id": client.settings.location_id, **operations[position].payload} for position in writes]
    if items:
        try:
            client.http.request("PUT", ADJUSTMENTS, body={"reason": "SyncCenter", "items": items})
        except Refused as refused:
            named = (refused.body or {}).get("errors") if isinstance(refused.body, dict) else None
            item_errors = {
                writes[int(match[1])]: f"{name}: {text}"
                for name, text in (named.items() if isinstance(named, dict) else ())
                if (match := ITEM_INDEX_PATTERN.match(name))
            }
            raise BatchRefused(str(refusal_error(refused)), item_errors=item_errors, code=refused.code) from refused
    return [_outcome(each) for each in operations]


def send_prices(client: BigCommerceClient, operations: Sequence[Operation]) -> list[Outcome]:
    """Records of one price list. Of a refused batch the good ones may have been written, which does no harm."""
    path = f"/v3/pricelists/{client.settings.price_list_id}/records"
    gone = [each.external_id for each in operations if each.action is Action.REMOVE]
    for start in range(0, len(gone), IDS_PER_REQUEST):
        client.http.request("DELETE", path, params={"variant_id:in": join(gone[start : start + IDS_PER_REQUEST])})
    writes = [position for position, each in enumerate(operations) if each.action is not Action.REMOVE]
    if writes:
        try:
            client.http.request("PUT", path, body=[operations[position].payload for position in writes])
        except Refused as refused:
            item_errors = _rejected_positions(
                refused, {operations[position].payload["variant_id"]: position for position in writes}
            )
            raise BatchRefused(str(refusal_error(refused)), item_errors=item_errors, code=refused.code) from refused
    return [_outcome(each) for each in operations]


def _outcome(operation: Operation) -> Outcome:
    payload: dict[str, Any] = operation.payload or {}
    return Outcome(external_id=str(payload.get("variant_id") or operation.external_id))


def _rejected_positions(refused: Refused, positions: dict[int, int]) -> dict[int, str]:
    """Positions of the records that the refusal names by their variant."""
    errors = refused.body.get("batch_errors") if isinstance(refused.body, dict) else None
    found = {}
    for error in errors if isinstance(errors, list) else ():
        data = error.get("data") if isinstance(error, dict) else None
        if isinstance(data, dict) and data.get("variant_id") in positions:
            found[positions[data["variant_id"]]] = error_text(error)
    return found
