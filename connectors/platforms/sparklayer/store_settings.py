"""The store's settings: its base currency (D15), and the price list that is made on connection (D12).

https://docs.sparklayer.io/developers/api/purchasing/update-store-currency
"""

from collections.abc import Sequence
from typing import Any

from catalog.items import StoreItem
from connectors.contract import Action, Operation, Outcome
from connectors.errors import SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.sparklayer.client import SparkLayerClient, send_each
from connectors.platforms.sparklayer.price_lists import PriceLists, price_list_payload

CURRENCY = "/api/v1/store-currency"

Row = dict[str, Any]


def payload(item: StoreItem, shop: str, price_list: str) -> Row | None:
    """None for a shop that the front does not stand on, or whose currency is not known yet."""
    if not item.price_list or not item.currency or shop not in ("", item.slug):
        return None
    own = price_list in ("", item.price_list)
    return {
        "currency_code": item.currency,
        "list": price_list_payload(item.price_list, item.list_name, item.list_currency or item.currency)
        if own
        else None,
    }


def send(client: SparkLayerClient, price_lists: PriceLists, operations: Sequence[Operation]) -> list[Outcome]:
    return send_each(operations, lambda operation: _send(client, price_lists, operation))


def _send(client: SparkLayerClient, price_lists: PriceLists, operation: Operation) -> Outcome:
    """A front keeps the settings of a shop that is gone: nothing is known that should take their place."""
    if operation.action is Action.REMOVE:
        return Outcome(external_id=operation.external_id)
    wanted = operation.payload
    if wanted["list"]:
        price_lists.ensure(wanted["list"])
    existing = _currency(client)
    if existing is None:
        client.call("PUT", CURRENCY, body={"currency_code": wanted["currency_code"]})
    elif existing != wanted["currency_code"]:
        raise SkipRecord(
            f"The store's base currency is {existing} at SparkLayer and {wanted['currency_code']} in the shop. "
            "SparkLayer sets it once.",
            code="currency",
            fix="Ask SparkLayer's support to change the base currency of the site, then press Retry.",
        )
    return Outcome(external_id=str(operation.item_id))


def _currency(client: SparkLayerClient) -> str | None:
    try:
        answer = client.call("GET", CURRENCY)
    except Refused as refused:
        if refused.status == 404:
            return None
        raise
    match answer:
        case {"currency_code": str(code)}:
            return code
    raise TryAgainLater("SparkLayer did not say which base currency is set.")
