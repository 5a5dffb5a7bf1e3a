"""The data of one shop: attributes, categories, products, stock, customers, orders and shipments."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sandbox import customers_and_orders
from sandbox.catalog import Catalog, Product, Variant
from sandbox.platforms.base import Options
from sandbox.platforms.magento.order_totals import Rules
from sandbox.platforms.magento.responses import Row
from sandbox.platforms.magento.websites import BASE, DEFAULT_CATEGORY, SECOND, SECOND_CATEGORY

ROOT = 1
HIDDEN, VISIBLE = 1, 4
SOURCES = ("default", "overflow")
VENDORS = ("Northwind", "Sundry")
MEDIA = "https://shop.example/media/"
GROUPS = ("NOT LOGGED IN", "General", "Wholesale")
_IDS = ("option", "image", "item", "address", "shipment", "track", "comment", "invoice", "creditmemo", "cart_item")
# Attributes of products beside their own fields: code → (ID, input type, label, user-defined).
ATTRIBUTES: dict[str, tuple[int, str, str, bool]] = {
    "description": (75, "textarea", "Description", False),
    "special_price": (78, "price", "Special Price", False),
    "special_from_date": (79, "date", "Special Price From Date", False),
    "special_to_date": (80, "date", "Special Price To Date", False),
    "cost": (81, "price", "Cost", True),
    "manufacturer": (83, "select", "Manufacturer", True),
    "url_key": (121, "text", "URL Key", False),
    "msrp": (117, "price", "Manufacturer's Suggested Retail Price", False),
    "colour": (151, "select", "Colour", True),
    "size": (152, "select", "Size", True),
    "dropship_vendor": (153, "select", "Vendor", True),
}


class Clock:
    """Times with a resolution of seconds, as in the shop's data. `at` freezes the clock, so that changes share a
    second.
    """

    def __init__(self) -> None:
        self.at: str | None = None

    def now(self) -> str:
        return self.at or stamp(datetime.now(UTC).timestamp())


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


class Store:
    """Rows by ID in the format of the API. `enforce_limits`: input limits apply; `consumers_running`: queued
    operations are processed; `denied_rights`: what the integration may not do; `stock_sources`: the sources that supply
    the first website; `unmanaged_skus`: those that are sold whatever the stock; `scoped`: (product, store view) → the
    values that the product has there only.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.fill()

    def fill(self) -> None:
        self.clock = Clock()
        self.enforce_limits = False
        self.consumers_running = True
        self.denied_rights: list[str] = []
        # Access tokens of customers who are signed in.
        self.customer_tokens: dict[str, int] = {}
        self.stock_sources = [SOURCES[0]]
        self.disabled_sources: list[str] = []
        self.unmanaged_skus: list[str] = []
        self.second_website = False
        self.prices_by_website = False
        self.scoped: dict[tuple[int, int], Row] = {}
        self.attributes: dict[int, Row] = {}
        self.categories: dict[int, Row] = {}
        self.products: dict[int, Row] = {}
        self.sources: dict[tuple[str, str], Row] = {}
        self.customers: dict[int, Row] = {}
        self.orders: dict[int, Row] = {}
        self.shipments: dict[int, Row] = {}
        self.invoices: dict[int, Row] = {}
        self.credit_memos: dict[int, Row] = {}
        self.order_rules: dict[int, Rules] = {}
        self.carts: dict[int, Row] = {}
        self.operations: list[Row] = []
        self.views_of_bulks: dict[str, str] = {}
        self._ids = {kind: count(1) for kind in _IDS}
        self.sellable: list[tuple[Row, Row]] = []
        catalog = Catalog(str(self.options.seed), self.options.products, self.options.dirty)
        self._fill_attributes(catalog)
        self._fill_categories(catalog)
        for product in catalog.products():
            self._fill_product(product)
        for person in customers_and_orders.customers(str(self.options.seed), self.options.customers):
            self._fill_customer(person)

    def allocate_id(self, kind: str) -> int:
        return next(self._ids[kind])

    def by_sku(self, sku: str) -> Row | None:
        """As in the shop's database, case and trailing spaces of SKUs do not matter."""
        wanted = sku.rstrip(" ").lower()
        return next((row for row in self.products.values() if row["sku"].lower() == wanted), None)

    # Catalog

    def _fill_attributes(self, catalog: Catalog) -> None:
        labels: dict[str, set[str]] = {"colour": set(), "size": set()}
        for product in catalog.products():
            for name, values in product.options:
                labels[name.lower()] |= set(values)
        known = {
            "manufacturer": catalog.brands,
            "dropship_vendor": VENDORS,
            **{name: sorted(each) for name, each in labels.items()},
        }
        for code, (number, kind, label, own) in ATTRIBUTES.items():
            options = [{"label": each, "value": str(self.allocate_id("option"))} for each in known.get(code, ())]
            self.attributes[number] = {
                "attribute_id": number,
                "attribute_code": code,
                "frontend_input": kind,
                "entity_type_id": "4",
                "is_required": False,
                "is_user_defined": own,
                "default_frontend_label": label,
                "frontend_labels": [],
                # The vendor puts an empty option first.
                "options": [{"label": " ", "value": ""}, *options] if options else [],
            }

    def option_of(self, code: str, label: str) -> str:
        options = self.attributes[ATTRIBUTES[code][0]]["options"]
        return str(next(each["value"] for each in options if each["label"] == label))

    def _fill_categories(self, catalog: Catalog) -> None:
        if not self.options.products:
            return
        self._add_category(ROOT, 0, "Root Catalog", "1", 0)
        self._add_category(DEFAULT_CATEGORY, ROOT, "Default Category", "1/2", 1)
        for position, category in enumerate(catalog.categories):
            number = position + 3
            parent = DEFAULT_CATEGORY if category.parent is None else category.parent + 3
            path = f"{self.categories[parent]['path']}/{number}"
            self._add_category(number, parent, category.name, path, path.count("/"))

    @property
    def website_ids(self) -> list[int]:
        return [BASE, SECOND] if self.second_website else [BASE]

    def open_second_website(self) -> None:
        """A website with a shop, a category below its root, and one store view."""
        self.second_website = True
        self.attributes[ATTRIBUTES["size"][0]]["frontend_labels"] = [{"store_id": 3, "label": "Größe"}]
        self._add_category(SECOND_CATEGORY, ROOT, "Europe", f"{ROOT}/{SECOND_CATEGORY}", 1)
        number = SECOND_CATEGORY + 1
        self._add_category(number, SECOND_CATEGORY, "Möbel", f"{ROOT}/{SECOND_CATEGORY}/{number}", 2)

    def _add_category(self, number: int, parent: int, name: str, path: str, level: int) -> None:
        self.categories[number] = {
            "id": number,
            "parent_id": parent,
            "name": name,
            "is_active": True,
            "position": number,
            "level": level,
            "path": path,
            "created_at": stamp(1_704_067_200),
            "updated_at": stamp(1_704_067_200 + number),
            "include_in_menu": True,
            "custom_attributes": [{"attribute_code": "url_key", "value": name.lower().replace(" ", "-")}],
        }

    def _fill_product(self, product: Product) -> None:
        number = len(self.products) + 1
        if not product.options:
            row = self._row(number, product, product.variants[0], VISIBLE)
            self.sellable.append((row, row))
            return
        parent = self._row(number, product, None, VISIBLE)
        children = []
        for variant in product.variants:
            if variant.sku:
                children.append(self._row(len(self.products) + 1, product, variant, HIDDEN))
                self.sellable.append((parent, children[-1]))
        parent["extension_attributes"] |= {
            "configurable_product_links": [child["id"] for child in children],
            "configurable_product_options": [
                {
                    "id": index + 1,
                    "attribute_id": str(ATTRIBUTES[name.lower()][0]),
                    "label": name,
                    "position": index,
                    "values": [{"value_index": int(self.option_of(name.lower(), each))} for each in values],
                    "product_id": number,
                }
                for index, (name, values) in enumerate(product.options)
            ],
        }

    def _row(self, number: int, product: Product, variant: Variant | None, visibility: int) -> Row:
        """Return a simple product, a configurable product or one of its children."""
        price = product.price if variant is None or variant.price is None else variant.price
        row: Row = {
            "id": number,
            "sku": variant.sku if variant else product.sku,
            "name": " ".join((product.title, *(variant.labels if variant else ()))),
            "attribute_set_id": 4,
            "status": 1 if product.visible else 2,
            "visibility": visibility,
            "type_id": "configurable" if variant is None else "simple",
            "created_at": stamp(product.created),
            "updated_at": stamp(product.modified),
            "extension_attributes": {
                "website_ids": [1],
                "category_links": [{"position": 0, "category_id": str(each + 3)} for each in product.categories],
            },
            "product_links": [],
            "options": [],
            "media_gallery_entries": [
                self.image(f"/{url.rpartition('/')[2]}", index) for index, url in enumerate(product.images)
            ],
            "tier_prices": [],
            "custom_attributes": self._custom(number, product, variant),
        }
        if variant is not None:
            weight = product.weight if variant.weight is None else variant.weight
            row |= {} if price is None else {"price": price}
            row |= {} if weight is None else {"weight": weight / 1000}
            self.put_stock(row["sku"], "default", variant.stock, 1 if variant.stock else 0)
        self.products[number] = row
        return row

    def add_product(self, sku: str, vendor: str = "") -> Row:
        """Add a simple product without stock and price."""
        number = max(self.products, default=0) + 1
        now = self.clock.now()
        self.products[number] = {
            "id": number,
            "sku": sku,
            "name": sku,
            "attribute_set_id": 4,
            "price": 0,
            "status": 1,
            "visibility": VISIBLE,
            "type_id": "simple",
            "created_at": now,
            "updated_at": now,
            "weight": 1,
            "extension_attributes": {"website_ids": [1], "category_links": []},
            "media_gallery_entries": [],
            "custom_attributes": [],
        }
        row = self.products[number]
        if vendor:
            value = self.option_of("dropship_vendor", vendor)
            row["custom_attributes"].append({"attribute_code": "dropship_vendor", "value": value})
        self.sellable.append((row, row))
        return row

    def add_bundle(self, sku: str, parts: list[str], *, dynamic: bool, together: bool) -> Row:
        """Add a bundle of products. Its SKU and price are dynamic together."""
        row = self.add_product(sku)
        self.sellable.pop()
        row["type_id"] = "bundle"
        kinds = {"price_type": not dynamic, "sku_type": not dynamic, "weight_type": not dynamic, "price_view": False}
        kinds["shipment_type"] = not together
        row["custom_attributes"] += [{"attribute_code": code, "value": str(int(on))} for code, on in kinds.items()]
        row["extension_attributes"]["bundle_product_options"] = [
            {
                "option_id": place,
                "title": part,
                "required": True,
                "type": "select",
                "position": place,
                "sku": sku,
                "product_links": [
                    {
                        "id": str(place),
                        "sku": part,
                        "option_id": place,
                        "qty": 1,
                        "position": 1,
                        "is_default": True,
                        "price": 0,
                        "price_type": 0,
                        "can_change_quantity": 1,
                    }
                ],
            }
            for place, part in enumerate(parts, 1)
        ]
        return row

    def parent_of(self, product: Row) -> Row | None:
        """The configurable product that a simple one belongs to."""
        return next((parent for parent, child in self.sellable if child is product and parent is not product), None)

    def ships_parts(self, item: Row) -> bool:
        """Whether a line of an order is a bundle whose parts are shipped separately."""
        product = self.products.get(item["product_id"])
        return product is not None and attribute(product, "shipment_type") == "1"

    def rules_of(self, order: Row) -> Rules:
        """How an order is computed: as it was placed, else as the generated ones are."""
        currency = self.options.currency
        return self.order_rules.get(order["entity_id"]) or Rules(currency, currency, prices_include_tax=True)

    def _custom(self, number: int, product: Product, variant: Variant | None) -> list[Row]:
        values: Row = {
            "description": product.description,
            "url_key": product.sku.lower() if variant is None else variant.sku.lower(),
            "manufacturer": self.option_of("manufacturer", list(self._brands())[product.brand]),
            "msrp": None if product.price is None else f"{product.price * 1.2:.6f}",
            "special_price": None if product.sale_price is None else f"{product.sale_price:.6f}",
        }
        if number % 3:
            values["dropship_vendor"] = self.option_of("dropship_vendor", VENDORS[number % 3 - 1])
        for (name, _), label in zip(product.options, variant.labels if variant else (), strict=False):
            values[name.lower()] = self.option_of(name.lower(), label)
        return [{"attribute_code": code, "value": value} for code, value in values.items() if value is not None]

    def _brands(self) -> Iterable[str]:
        return [each["label"] for each in self.attributes[ATTRIBUTES["manufacturer"][0]]["options"][1:]]

    def image(self, file: str, position: int, label: str = "", types: Iterable[str] = ()) -> Row:
        return {
            "id": self.allocate_id("image"),
            "media_type": "image",
            "label": label,
            "position": position,
            "disabled": False,
            "types": list(types),
            "file": file,
        }

    def put_stock(self, sku: str, source: str, quantity: float, status: int) -> None:
        self.sources[sku.lower(), source] = {
            "sku": sku,
            "source_code": source,
            "quantity": quantity,
            "status": status,
        }

    def set_updated_at(self, row: Row) -> None:
        row["updated_at"] = self.clock.now()

    # Customers and orders

    def _fill_customer(self, person: customers_and_orders.Customer) -> None:
        number = len(self.customers) + 1
        address = {
            "id": self.allocate_id("address"),
            "customer_id": number,
            "region_id": 0,
            "country_id": "GB",
            "street": [person.street],
            "telephone": person.phone,
            "postcode": person.postcode,
            "city": person.city,
            "firstname": person.first_name,
            "lastname": person.last_name,
            "default_shipping": True,
            "default_billing": True,
        } | ({"company": person.company} if person.company else {})
        self.customers[number] = {
            "id": number,
            "group_id": 2 if person.company else 1,
            "created_at": stamp(person.created),
            "updated_at": stamp(person.modified),
            "created_in": "Default Store View",
            "email": person.email,
            "firstname": person.first_name,
            "lastname": person.last_name,
            "store_id": 1,
            "website_id": 1,
            "addresses": [address],
            "disable_auto_group_change": 0,
        } | (
            {"custom_attributes": [{"attribute_code": "account_number", "value": person.account_number}]}
            if person.account_number
            else {}
        )

    def add_shipment(
        self, order: Row, shipped: dict[int, float], tracks: list[tuple[str, str, str]], comment: str, at: str
    ) -> Row:
        number = self.allocate_id("shipment")
        row = {
            "entity_id": number,
            "increment_id": f"{number:09d}",
            "order_id": order["entity_id"],
            "created_at": at,
            "updated_at": at,
            "items": [{"order_item_id": item, "qty": quantity} for item, quantity in shipped.items()],
            "tracks": [],
            "comments": [],
        }
        for title, carrier, track in tracks:
            self.add_track(row, title, carrier, track)
        if comment:
            row["comments"].append(
                {
                    "entity_id": self.allocate_id("comment"),
                    "parent_id": number,
                    "comment": comment,
                    "is_customer_notified": 0,
                    "is_visible_on_front": 0,
                    "created_at": at,
                }
            )
        for item in order["items"]:
            if quantity := shipped.get(item["item_id"], 0):
                item["qty_shipped"] += quantity
                # As in the shop's code, what a parent item ships counts for its children too.
                for child in order["items"]:
                    if child.get("parent_item_id") == item["item_id"]:
                        child["qty_shipped"] += quantity * child["qty_ordered"] / item["qty_ordered"]
        self.shipments[number] = row
        return row

    def add_track(self, shipment: Row, title: str, carrier: str, number: str) -> Row:
        track = {
            "entity_id": self.allocate_id("track"),
            "order_id": shipment["order_id"],
            "parent_id": shipment["entity_id"],
            "weight": 0,
            "qty": 0,
            "description": "",
            "track_number": number,
            "title": title,
            "carrier_code": carrier,
        }
        shipment["tracks"].append(track)
        return track


def attribute(row: Row, code: str) -> Any:
    """Return the value of a product attribute that is not a field of its own."""
    return next((each["value"] for each in row["custom_attributes"] if each["attribute_code"] == code), None)
