"""The shop's inventory: which sources supply the stock of a website, and which source ships what.

https://developer.adobe.com/commerce/webapi/rest/inventory/
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from connectors.platforms.magento.search import Filter
from connectors.sdk.decoding import flag, whole_number
from connectors.sdk.responses import RequestRejected

if TYPE_CHECKING:
    from connectors.platforms.magento.client import MagentoClient

SELECTION_PATH = "/inventory/source-selection-algorithm-result"


class Inventory:
    """The inventory of one shop; what its admins configure is fetched once."""

    def __init__(self, client: "MagentoClient[Any, Any]") -> None:
        self.client = client
        self._stocks: dict[str, int | None] = {}
        self._sources: dict[int, list[str]] = {}

    def stock_of_store(self, store_id: int) -> int | None:
        """The ID of the stock that orders of a store view take from; None for an unknown store view."""
        code = self.client.websites.of_store(store_id)
        return self.stock_of_website(code) if code else None

    def stock_of_website(self, code: str) -> int | None:
        """The ID of the stock that is assigned to a website; None if there is none."""
        if code not in self._stocks:
            self._stocks[code] = self._resolve_stock(code)
        return self._stocks[code]

    def _resolve_stock(self, code: str) -> int | None:
        path = f"/inventory/stock-resolver/website/{code}"
        try:
            answer = self.client.http.get(self.client.path(path)).json()
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise
        match answer:
            case {"stock_id": given} if (number := whole_number(given)) is not None:
                return number
        self.client.raise_malformed_response(path)

    def sources_of(self, stock_id: int) -> list[str]:
        """The enabled sources of a stock, first the ones that are used first."""
        if stock_id not in self._sources:
            path = "/inventory/stock-source-links"
            rows = self.client.fetch_all(path, [Filter("stock_id", stock_id)], sort=("priority",))
            links = [(whole_number(row.get("priority")) or 0, str(row.get("source_code"))) for row in rows]
            self._sources[stock_id] = [code for _, code in sorted(links) if code not in self.disabled_sources]
        return self._sources[stock_id]

    @cached_property
    def disabled_sources(self) -> set[str]:
        rows = self.client.fetch_all("/inventory/sources", sort=("source_code",))
        return {str(row.get("source_code")) for row in rows if not flag(row.get("enabled"))}

    def select_sources(self, stock_id: int, pieces: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """Source → SKU → how many pieces it ships, as the shop's own algorithm proposes."""
        items = [{"sku": sku, "qty": quantity} for sku, quantity in pieces.items()]
        request = {"inventoryRequest": {"stockId": stock_id, "items": items}, "algorithmCode": "priority"}
        match self.client.post(SELECTION_PATH, request):
            case {"source_selection_items": list(rows)}:
                return _by_source(rows)
        self.client.raise_malformed_response(SELECTION_PATH)


def _by_source(rows: Iterable[Any]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        match row:
            case {"source_code": str(source), "sku": str(sku), "qty_to_deduct": int() | float() as quantity}:
                if quantity > 0:
                    found[source][sku] = quantity
    return found
