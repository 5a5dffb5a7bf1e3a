"""The websites of a shop, and the one that a connection is limited to: that of the store view in its settings.

With `all`, the scope of the admin panel, a connection has all websites, as has an import that is not limited. Shops
(store groups) stand between websites and store views, and have a root category each:
https://experienceleague.adobe.com/en/docs/commerce-admin/start/setup/websites-stores-views
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from connectors.platforms.magento.settings import ALL
from connectors.sdk.decoding import whole_number

if TYPE_CHECKING:
    from connectors.platforms.magento.client import MagentoClient

ADMIN = 0  # the ID of the website and of the store view of the admin panel


class Websites:
    """What a shop's admins configure, fetched once."""

    def __init__(self, client: "MagentoClient[Any, Any]") -> None:
        self.client = client

    @property
    def limited(self) -> bool:
        return self.client.settings.is_limited

    @cached_property
    def own(self) -> int:
        """The ID of the connection's website; of the first one if it is not limited."""
        return whole_number(self.client.config.get("website_id")) or ADMIN

    @cached_property
    def own_store(self) -> int:
        """The ID of the connection's store view; that of the admin panel if it has none."""
        has_view = self.client.settings.store_view != ALL
        return whole_number(self.client.config.get("id")) or ADMIN if has_view else ADMIN

    @cached_property
    def own_stores(self) -> list[int]:
        """The store views of the connection's website."""
        return [number for number, website in self._website_of_store.items() if website == self.own]

    @cached_property
    def own_roots(self) -> list[int]:
        """The root categories of the shops of the connection's website."""
        rows = self._rows("/store/storeGroups").values()
        own = [row for row in rows if whole_number(row.get("website_id")) == self.own]
        return [number for row in own if (number := whole_number(row.get("root_category_id")))]

    @property
    def codes(self) -> list[str]:
        """The codes of the connection's websites."""
        return [code for number, code in sorted(self._codes.items()) if number != ADMIN and self.includes(number)]

    def includes(self, website: int | None) -> bool:
        """Whether the connection has this website. What names none is not excluded."""
        return not self.limited or website is None or website == self.own

    def of_store(self, store_id: int) -> str | None:
        """The code of the website of a store view; None for an unknown one."""
        return self._codes.get(self._website_of_store.get(store_id, ADMIN))

    @cached_property
    def _codes(self) -> dict[int, str]:
        return {number: str(row["code"]) for number, row in self._rows("/store/websites").items()}

    @cached_property
    def _website_of_store(self) -> dict[int, int]:
        rows = self._rows("/store/storeViews")
        return {number: whole_number(row.get("website_id")) or ADMIN for number, row in rows.items()}

    def _rows(self, path: str) -> dict[int, dict[str, Any]]:
        match self.client.get(path):
            case list(rows) if all(isinstance(row, dict) and "code" in row for row in rows):
                return {number: row for row in rows if (number := whole_number(row.get("id"))) is not None}
        self.client.raise_malformed_response(path)
