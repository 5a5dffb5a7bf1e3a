"""Stock and prices, thousands a call."""

import re
from collections.abc import Sequence
from typing import Any

from connectors.contract import Action, Operation, Outcome
from connectors.errors import BatchRefused
from connectors.http import Refused
from connectors.platforms.bigcommerce.shop import CHUNK, Shop, join
from connectors.platforms.bigcommerce.upsert import problem_of, reasons

ADJUSTMENTS = "/v3/inventory/adjustments/absolute"
PLACE = re.compile(r"items\[(\d+)\]")


def send_stock(shop: Shop, operations: Sequence[Operation]) -> list[Outcome]:
    """Absolute figures, so a repetition changes nothing. The store takes its time: reads lag behind."""
    writes = [place for place, each in enumerate(operations) if each.action is not Action.REMOVE]
    items = [{"location_id": shop.settings.location_id, **operations[place].payload} for place in writes]
    if items:
        try:
            shop.http.request("PUT", ADJUSTMENTS, body={"reason": "SyncCenter", "items": items})
        except Refused as refused:
            named = (refused.body or {}).get("errors") if isinstance(refused.body, dict) else None
            culprits = {
                writes[int(match[1])]: f"{name}: {text}"
                for name, text in (named.items() if isinstance(named, dict) else ())
                if (match := PLACE.match(name))
            }
            raise BatchRefused(str(problem_of(refused)), culprits=culprits, code=refused.code) from refused
    return [_outcome(each) for each in operations]


def send_prices(shop: Shop, operations: Sequence[Operation]) -> list[Outcome]:
    """Records of one price list. Of a refused batch the good ones may have been written, which does no harm."""
    path = f"/v3/pricelists/{shop.settings.price_list_id}/records"
    gone = [each.external_id for each in operations if each.action is Action.REMOVE]
    for start in range(0, len(gone), CHUNK):
        shop.http.request("DELETE", path, params={"variant_id:in": join(gone[start : start + CHUNK])})
    writes = [place for place, each in enumerate(operations) if each.action is not Action.REMOVE]
    if writes:
        try:
            shop.http.request("PUT", path, body=[operations[place].payload for place in writes])
        except Refused as refused:
            culprits = _named(refused, {operations[place].payload["variant_id"]: place for place in writes})
            raise BatchRefused(str(problem_of(refused)), culprits=culprits, code=refused.code) from refused
    return [_outcome(each) for each in operations]


def _outcome(operation: Operation) -> Outcome:
    payload: dict[str, Any] = operation.payload or {}
    return Outcome(external_id=str(payload.get("variant_id") or operation.external_id))


def _named(refused: Refused, places: dict[int, int]) -> dict[int, str]:
    """Positions of the records that the refusal names by their variant."""
    errors = refused.body.get("batch_errors") if isinstance(refused.body, dict) else None
    found = {}
    for error in errors if isinstance(errors, list) else ():
        data = error.get("data") if isinstance(error, dict) else None
        if isinstance(data, dict) and data.get("variant_id") in places:
            found[places[data["variant_id"]]] = reasons(error)
    return found
