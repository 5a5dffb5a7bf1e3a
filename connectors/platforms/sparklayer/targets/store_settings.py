"""The store's settings: its base currency (D15), and the price list that is created on connection (D12).

https://docs.sparklayer.io/developers/api/purchasing/update-store-currency
"""

from collections.abc import Sequence
from typing import Any

from catalog.items import StoreItem
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.price_lists import price_list_payload
from connectors.platforms.sparklayer.rejections import send_each
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from hub.kinds import DataType

CURRENCY = "/api/v1/store-currency"

Row = dict[str, Any]


class StoreSettingsTarget(Target[SparkLayerClient, StoreItem, Row]):
    data_type = DataType.SETTINGS
    # Prices and settings both use the price list.
    lane = "prices"
    batch_size = 10

    def payload(self, item: StoreItem, refs: References) -> Row | None:
        """None if the storefront belongs to another shop, or while the shop's currency is unknown."""
        settings = self.client.settings
        if not item.price_list or not item.currency or settings.shop not in ("", item.slug):
            return None
        own = settings.price_list in ("", item.price_list)
        return {
            "currency_code": item.currency,
            "list": price_list_payload(item.price_list, item.list_name, item.list_currency or item.currency)
            if own
            else None,
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        return send_each(operations, self._send)

    def _send(self, operation: Operation[Row]) -> Outcome:
        """If the shop was removed, the storefront keeps its settings: there are no others to replace them with."""
        if operation.action is Action.REMOVE:
            return Outcome(external_id=operation.external_id)
        wanted = operation.content
        if wanted["list"]:
            self.client.price_lists.ensure(wanted["list"])
        existing = self._currency()
        if existing is None:
            self.client.call("PUT", CURRENCY, body={"currency_code": wanted["currency_code"]})
        elif existing != wanted["currency_code"]:
            raise SkipRecord(issues.BASE_CURRENCY_DIFFERS(remote=existing, currency=operation.content["currency_code"]))
        return Outcome(external_id=str(operation.item_id))

    def _currency(self) -> str | None:
        try:
            answer = self.client.call("GET", CURRENCY)
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise
        match answer:
            case {"currency_code": str(code)}:
                return code.upper()
        raise TryAgainLater("SparkLayer did not say which base currency is set.")
