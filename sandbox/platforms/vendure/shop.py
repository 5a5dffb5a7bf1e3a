"""The data of one simulated server. Rows have the names of the API, and hold the rows they refer to."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sandbox import catalog
from sandbox.platforms.base import Options, PagedDict
from sandbox.platforms.vendure.lists import Row
from sandbox.platforms.vendure.money import net

BRANDS = "brand"


def time_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Shop:
    """`pricesIncludeTax` is on, and there are two stock locations."""

    def __init__(self, name: str, options: Options) -> None:
        self._numbers: dict[str, Iterator[int]] = {}
        self.currencies = [options.currency, "EUR"]
        self.channel = {
            "id": "1",
            "code": "__default_channel__",
            "token": f"channel-of-{name}",
            "defaultLanguageCode": "en",
            "defaultCurrencyCode": options.currency,
            "availableCurrencyCodes": self.currencies,
            "pricesIncludeTax": True,
            "trackInventory": True,
            "outOfStockThreshold": 0,
        }
        fields = {"ProductVariant": ["ean", "weight", "rrp", "minQuantity"], "Customer": ["vatNumber", "accountNumber"]}
        entities = [
            {
                "entityName": entity,
                "customFields": [
                    {"__typename": "PlainCustomField", "name": each, "type": "string", "list": False} for each in names
                ],
            }
            for entity, names in fields.items()
        ]
        self.globals = {
            "trackInventory": True,
            "outOfStockThreshold": 0,
            "serverConfig": {"moneyStrategyPrecision": 2, "entityCustomFields": entities},
        }
        self.locations = [
            {"id": "1", "createdAt": time_text(catalog.EPOCH), "name": "Default Stock Location"},
            {"id": "2", "createdAt": time_text(catalog.EPOCH), "name": "Store"},
        ]
        self.products, self.variants, self.option_groups = PagedDict(), PagedDict(), PagedDict()
        self.facets, self.facet_values, self.collections = PagedDict(), PagedDict(), PagedDict()
        self.customers, self.orders, self.fulfillments = PagedDict(), PagedDict(), PagedDict()
        self._seed_catalog(catalog.Catalog(f"{options.seed}:{name}", options.products, options.dirty))

    def add(self, kind: str, **values: Any) -> Row:
        """Store a row with the next ID."""
        row: Row = {"id": str(next(self._numbers.setdefault(kind, count(1)))), **values}
        getattr(self, kind)[row["id"]] = row
        return row

    def number(self, kind: str) -> str:
        """The next ID of rows that only exist within others."""
        return str(next(self._numbers.setdefault(kind, count(1))))

    def _seed_catalog(self, goods: catalog.Catalog) -> None:
        facet = self.add("facets", code=BRANDS, name="Brand", values=[])
        for brand in goods.brands:
            code = brand.lower().replace(" ", "-")
            facet["values"].append(self._changed_since("facet_values", code=code, name=brand, facet=facet))
        root = {"id": "1", "name": "__root_collection__"}
        self.number("collections")
        for place, category in enumerate(goods.categories):
            above = root if category.parent is None else self.collections[str(category.parent + 2)]
            crumbs = [*above.get("breadcrumbs", [root]), {"id": str(place + 2), "name": category.name}]
            self._changed_since(
                "collections", name=category.name, slug=category.name.lower().replace(" ", "-"), position=0,
                isPrivate=False, parentId=above["id"], breadcrumbs=crumbs,
            )  # fmt: skip
        for product in goods.products():
            self._seed_product(product, facet["values"])

    def _dated(self, kind: str, time: str, **values: Any) -> Row:
        return self.add(kind, createdAt=time, updatedAt=time, **values)

    def _changed_since(self, kind: str, **values: Any) -> Row:
        """A row from the opening of the shop that was changed once, each a minute after the one before."""
        row = self.add(kind, createdAt=time_text(catalog.EPOCH), **values)
        row["updatedAt"] = time_text(catalog.EPOCH + 60 * int(row["id"]))
        return row

    def _seed_product(self, goods: catalog.Product, brands: list[Row]) -> None:
        created, modified = time_text(goods.created), time_text(goods.modified)
        # The database cannot store a NUL character.
        name = goods.title.replace("\0", "")
        product = self.add(
            "products", createdAt=created, updatedAt=modified, name=name, slug=goods.sku.lower(),
            description=goods.description, enabled=goods.visible, variants=[], optionGroups=[],
            assets=[
                {"id": f"{goods.sku}-{place}", "name": url.rpartition("/")[2], "type": "IMAGE", "preview": url,
                 "source": url}
                for place, url in enumerate(goods.images)
            ],
            facetValues=[brands[goods.brand]],
            collections=[self.collections[str(number + 2)] for number in goods.categories],
        )  # fmt: skip
        groups = [self.add_group(f"{goods.sku}-{title}".lower(), title, labels) for title, labels in goods.options]
        product["optionGroups"] = groups
        for variant in goods.variants:
            options = [
                next(each for each in group["options"] if each["name"] == label)
                for group, label in zip(groups, variant.labels, strict=True)
            ]
            price = round((variant.price or goods.price or 0) * 100)
            self.add_variant(product, created, variant.sku, name, price, {"1": variant.stock}, options)

    def add_group(self, code: str, title: str, labels: tuple[str, ...] | list[str]) -> Row:
        group = self.add("option_groups", code=code, name=title, options=[])
        for label in labels:
            self.add_option(group, label.lower(), label)
        return group

    def add_option(self, group: Row, code: str, name: str) -> Row:
        option = {"id": self.number("options"), "code": code, "name": name, "groupId": group["id"], "group": group}
        group["options"].append(option)
        return option

    def add_variant(
        self, product: Row, time: str, sku: str, name: str, price: int, stock: dict[str, int], options: list[Row]
    ) -> Row:
        """`stock`: location → pieces on hand."""
        variant = self._dated(
            "variants", time, productId=product["id"], sku=sku, name=name, enabled=True, trackInventory="INHERIT",
            outOfStockThreshold=0, useGlobalOutOfStockThreshold=True, stockLevels=[], options=options,
            featuredAsset=None, facetValues=[], customFields={}, prices=[],
        )  # fmt: skip
        self.set_price(variant, self.currency, price)
        for location, pieces in stock.items():
            self.set_stock(variant, location, pieces, time)
        product["variants"].append(variant)
        return variant

    @property
    def currency(self) -> str:
        return str(self.channel["defaultCurrencyCode"])

    def set_price(self, variant: Row, currency: str, price: int | None) -> None:
        """A price as it is entered, with tax; None removes it."""
        variant["prices"] = [each for each in variant["prices"] if each["currencyCode"] != currency]
        if price is not None:
            variant["prices"].append({"currencyCode": currency, "price": price})
        own = next((each["price"] for each in variant["prices"] if each["currencyCode"] == self.currency), 0)
        variant |= {"currencyCode": self.currency, "priceWithTax": own, "price": net(own)}

    def set_stock(self, variant: Row, location: str, pieces: int, time: str) -> None:
        level = self.level(variant, location)
        level |= {"stockOnHand": pieces, "updatedAt": time}

    def level(self, variant: Row, location: str) -> Row:
        """The stock of a variant at a location; a level is created with the first stock."""
        for each in variant["stockLevels"]:
            if each["stockLocationId"] == location:
                found: Row = each
                return found
        place = next(each for each in self.locations if each["id"] == location)
        level: Row = {
            "id": self.number("levels"), "updatedAt": now(), "stockOnHand": 0, "stockAllocated": 0,
            "stockLocationId": location, "stockLocation": place,
        }  # fmt: skip
        variant["stockLevels"].append(level)
        return level
