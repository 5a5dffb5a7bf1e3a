"""Categories below the root of each shop, and brands: the options of the attribute that is mapped to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.contract import IdPage, Page
from connectors.listing import Moment, Text, record
from connectors.platforms.magento.attributes import Attributes
from connectors.platforms.magento.forms import mapped, text
from connectors.platforms.magento.reading import Cursor, Listing, Wire
from connectors.platforms.magento.shop import Filter, Group, Shop
from connectors.records import BrandRecord, CategoryRecord, Record

# 0 is the root of everything, 1 the root of a shop: neither is a category that a customer sees.
FIRST_LEVEL = 2


class Categories(Listing):
    path = "/categories/list"

    def only(self) -> list[Group]:
        return [[Filter("level", FIRST_LEVEL, "gteq")]]

    def records(self, rows: list[Any]) -> list[Record]:
        return [record(row, _Category, self._made, self._bare) for row in rows]

    def _made(self, wire: "_Category") -> CategoryRecord:
        return CategoryRecord(
            external_id=wire.id,
            updated_at=wire.updated_at,
            link=self._link(wire.id),
            name=wire.name,
            parent_id=wire.parent_id if wire.level > FIRST_LEVEL else "",
            tree=tree_of(wire.path),
            slug=text(mapped(wire.custom_attributes, "url_key")),
            position=wire.position,
            visible=wire.is_active,
        )

    def _bare(self, number: str) -> CategoryRecord:
        return CategoryRecord(external_id=number, name="", link=self._link(number))

    def _link(self, number: str) -> str:
        return self.shop.link(f"catalog/category/edit/id/{number}")


def tree_of(path: str) -> str:
    """The root that a category hangs under: the second of `1/2/17`."""
    return path.split("/")[1] if path.count("/") else ""


class Brands:
    """Read whole every time: an option has no time of change. None if no attribute is mapped."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        found = self._records()
        return Page(found, None, total=len(found))

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        return [each for each in self._records() if each.external_id in external_ids] if external_ids else []

    def ids(self) -> IdPage:
        return IdPage([each.external_id for each in self._records()], None)

    def _records(self) -> list[Record]:
        code = self.shop.field_map.products.brand
        options = Attributes(self.shop).options(code) if code else {}
        link = self.shop.link("catalog/product_attribute")
        return [
            BrandRecord(external_id=value, name=label, link=link, raw={"value": value, "label": label})
            for value, label in options.items()
        ]


class _Category(Wire):
    id: Text
    parent_id: Text = ""
    name: Text
    is_active: bool = False
    position: int = 0
    level: int
    path: Text
    updated_at: Moment | None = None
    custom_attributes: list[Any] = []
