"""One store: its tables, filled from the generated catalog. Rows have the names of the vendor's fields."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sandbox.catalog import Catalog, Product, Variant
from sandbox.platforms.base import Options

Row = dict[str, Any]
ALL_SCOPES = (
    *("read_products", "write_products", "read_inventory", "write_inventory", "read_locations"),
    *("read_customers", "read_orders", "read_all_orders", "read_companies"),
    *("read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders"),
    *("read_publications", "write_publications"),
)


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """The data of one store. Changes through `change` move the date of the row."""

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self.options = options
        self.fill()

    def fill(self) -> None:
        """Restore the initial state."""
        self.scopes = list(ALL_SCOPES)
        self.products: dict[int, Row] = {}
        self.variants: dict[int, Row] = {}
        self.items: dict[int, Row] = {}
        self.levels: dict[int, Row] = {}
        self.collections: dict[int, Row] = {}
        self.media: dict[int, Row] = {}
        self.customers: dict[int, Row] = {}
        self.orders: dict[int, Row] = {}
        self.webhooks: dict[int, Row] = {}
        self.idempotent: dict[str, tuple[Any, Any]] = {}
        self.operations: dict[int, Row] = {}
        # Namespace and key of metafields of products → their type.
        self.definitions: dict[str, str] = {}
        self.publications = {1: "Online Store", 2: "Point of Sale"}
        self._ids: dict[str, int] = {}
        self.locations = {
            1: self._location(1, "Warehouse", online=True),
            2: self._location(2, "High Street", online=True),
            3: self._location(3, "Returns", online=False),
        }
        self.shop = {
            "__typename": "Shop",
            "id": 7001,
            "name": f"{self.name.title()} store",
            "email": "owner@example.com",
            "currencyCode": self.options.currency,
            "ianaTimezone": "Europe/London",
            "myshopifyDomain": f"{self.name}.myshopify.com",
            "primaryDomain": {"id": 1, "host": f"{self.name}.example.com", "url": f"https://{self.name}.example.com"},
            "taxesIncluded": True,
            "updatedAt": timestamp(1_704_067_200),
            "url": f"https://{self.name}.example.com",
        }
        self._fill_catalog()

    def tables(self) -> dict[str, dict[int, Row]]:
        """The objects that have global IDs, by type."""
        return {
            "Product": self.products,
            "ProductVariant": self.variants,
            "InventoryItem": self.items,
            "Collection": self.collections,
            "Location": self.locations,
            "MediaImage": self.media,
            "Customer": self.customers,
        }

    def next_id(self, kind: str, start: int = 1) -> int:
        self._ids[kind] = max(self._ids.get(kind, 0) + 1, start)
        return self._ids[kind]

    def change(self, row: Row, **values: Any) -> None:
        row.update(values)
        row["updatedAt"] = max(timestamp(datetime.now(UTC).timestamp()), row.get("updatedAt", ""))

    @staticmethod
    def _location(number: int, name: str, *, online: bool) -> Row:
        return {
            "__typename": "Location",
            "id": number,
            "name": name,
            "isActive": True,
            "fulfillsOnlineOrders": online,
        }

    def _fill_catalog(self) -> None:
        catalog = Catalog(f"{self.options.seed}:{self.name}", self.options.products, self.options.dirty)
        for category in catalog.categories:
            number = self.next_id("Collection", 401)
            self.collections[number] = {
                "__typename": "Collection",
                "id": number,
                "title": category.name,
                "handle": f"{category.name.lower().replace(' ', '-')}-{number}",
                "descriptionHtml": "",
                "updatedAt": timestamp(1_704_067_200 + number),
            }
        rng = random.Random(f"{self.options.seed}:{self.name}")
        for product in catalog.products():
            self._add(product, catalog, rng)

    def _add(self, product: Product, catalog: Catalog, rng: random.Random) -> None:
        number = self.next_id("Product", 5001)
        row = {
            "__typename": "Product",
            "id": number,
            "title": product.title,
            "handle": f"product-{number}",
            "descriptionHtml": product.description,
            "productType": catalog.categories[product.categories[0]].name,
            "vendor": catalog.brands[product.brand],
            "tags": ["new"] if rng.random() < 0.2 else [],
            "status": "ACTIVE" if product.visible else "DRAFT",
            "createdAt": timestamp(product.created),
            "updatedAt": timestamp(product.modified),
            "isGiftCard": False,
            "options": [name for name, _ in product.options],
            "collections": [401 + each for each in product.categories],
            "metafields": {},
        }
        self.products[number] = row
        for position, variant in enumerate(product.variants, 1):
            self._add_variant(row, product, variant, position, rng)
        for url in product.images:
            self.add_image(number, url)

    def _add_variant(self, row: Row, product: Product, variant: Variant, position: int, rng: random.Random) -> None:
        price = variant.price or product.price or 0
        weight = variant.weight or product.weight
        sale = product.sale_price if variant.price is None else None
        added = self.add_variant(
            row["id"],
            sku=variant.sku,
            options=list(variant.labels),
            price=f"{sale or price:.2f}",
            compare_at=f"{price:.2f}" if sale else None,
            position=position,
        )
        item = self.items[added["inventoryItem"]]
        item["weight"] = None if weight is None else {"value": weight / 1000, "unit": "KILOGRAMS"}
        first = rng.randrange(variant.stock + 1)
        self.set_level(item["id"], 1, first)
        self.set_level(item["id"], 2, variant.stock - first)

    def add_variant(
        self,
        product: int,
        *,
        sku: str,
        options: list[str],
        price: str,
        compare_at: str | None = None,
        position: int = 1,
        barcode: str | None = None,
    ) -> Row:
        """Add a variant with its inventory item, whose stock is tracked."""
        number, item = self.next_id("ProductVariant", 8001), self.next_id("InventoryItem", 9001)
        self.items[item] = {
            "__typename": "InventoryItem",
            "id": item,
            "sku": sku,
            "tracked": True,
            "requiresShipping": True,
            "weight": {"value": 0.0, "unit": "KILOGRAMS"},
            "variant": number,
        }
        self.variants[number] = {
            "__typename": "ProductVariant",
            "id": number,
            "sku": sku,
            "barcode": barcode,
            "price": price,
            "compareAtPrice": compare_at,
            "position": position,
            "updatedAt": self.products[product]["updatedAt"],
            "inventoryPolicy": "DENY",
            "requiresComponents": False,
            "options": options,
            "inventoryItem": item,
            "product": product,
            "metafields": {},
        }
        return self.variants[number]

    def add_image(self, product: int, url: str, alt: str = "") -> Row:
        number = self.next_id("MediaImage", 3001)
        self.media[number] = {
            "__typename": "MediaImage",
            "id": number,
            "product": product,
            "alt": alt,
            "mediaContentType": "IMAGE",
            "image": {"id": number, "altText": alt, "url": url},
        }
        return self.media[number]

    def level_of(self, item: int, location: int) -> Row | None:
        return next((row for row in self.levels_of(item) if row["location"] == location), None)

    def set_level(self, item: int, location: int, available: int) -> None:
        """Stock an item at a location, or change what is available there."""
        row = self.level_of(item, location)
        if row is None:
            number = self.next_id("InventoryLevel", 6001)
            row = self.levels[number] = {
                "__typename": "InventoryLevel",
                "id": number,
                "item": item,
                "location": location,
                "isActive": True,
                "updatedAt": timestamp(1_704_067_200),
            }
        row["available"] = available

    def levels_of(self, item: int) -> Iterator[Row]:
        return (row for row in self.levels.values() if row["item"] == item)

    def variants_of(self, product: int) -> list[Row]:
        rows = [row for row in self.variants.values() if row["product"] == product]
        return sorted(rows, key=lambda row: (row["position"], row["id"]))

    def delete_product(self, number: int) -> None:
        for variant in self.variants_of(number):
            for level in list(self.levels_of(variant["inventoryItem"])):
                del self.levels[level["id"]]
            del self.items[variant["inventoryItem"]], self.variants[variant["id"]]
        for media in [row for row in self.media.values() if row["product"] == number]:
            del self.media[media["id"]]
        del self.products[number]
