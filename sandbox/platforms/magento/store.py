"""The data of one shop: attributes, categories, products, stock, customers, orders and shipments."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sandbox import customers_and_orders
from sandbox.catalog import Catalog, Product, Variant
from sandbox.platforms.base import Options
from sandbox.platforms.magento.responses import Row

ROOT, DEFAULT_CATEGORY = 1, 2
HIDDEN, VISIBLE = 1, 4
SOURCES = ("default", "overflow")
VENDORS = ("Northwind", "Sundry")
MEDIA = "https://shop.example/media/"
GROUPS = ("NOT LOGGED IN", "General", "Wholesale")
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
# Stage of an order → its state and status in Magento.
STATES = {
    "new": ("new", "pending"),
    "paid": ("processing", "processing"),
    "shipped": ("complete", "complete"),
    "cancelled": ("canceled", "canceled"),
    "incomplete": ("pending_payment", "pending_payment"),
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
    operations are processed.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.fill()

    def fill(self) -> None:
        self.clock = Clock()
        self.enforce_limits = False
        self.consumers_running = True
        self.attributes: dict[int, Row] = {}
        self.categories: dict[int, Row] = {}
        self.products: dict[int, Row] = {}
        self.sources: dict[tuple[str, str], Row] = {}
        self.customers: dict[int, Row] = {}
        self.orders: dict[int, Row] = {}
        self.shipments: dict[int, Row] = {}
        self.operations: list[Row] = []
        self._ids = {kind: count(1) for kind in ("option", "image", "item", "address", "shipment", "track", "comment")}
        self._sellable: list[tuple[Row, Row]] = []
        catalog = Catalog(str(self.options.seed), self.options.products, self.options.dirty)
        self._fill_attributes(catalog)
        self._fill_categories(catalog)
        for product in catalog.products():
            self._fill_product(product)
        for person in customers_and_orders.customers(str(self.options.seed), self.options.customers):
            self._fill_customer(person)
        if self.customers and self._sellable:
            for order in customers_and_orders.orders(
                str(self.options.seed), self.options.orders, len(self.customers), len(self._sellable)
            ):
                self.place(order)

    def allocate_id(self, kind: str) -> int:
        return next(self._ids[kind])

    def by_sku(self, sku: str) -> Row | None:
        """As in the shop's database, SKUs are case-insensitive."""
        return next((row for row in self.products.values() if row["sku"].lower() == sku.lower()), None)

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
            self._sellable.append((row, row))
            return
        parent = self._row(number, product, None, VISIBLE)
        children = []
        for variant in product.variants:
            if variant.sku:
                children.append(self._row(len(self.products) + 1, product, variant, HIDDEN))
                self._sellable.append((parent, children[-1]))
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
        self._sellable.append((row, row))
        return row

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

    def place(self, order: customers_and_orders.Order) -> Row:
        """Place an order of the customer at that index for the products at those indexes."""
        number = len(self.orders) + 1
        customer = self.customers[order.customer + 1]
        state, status = STATES[order.stage]
        created = stamp(order.created)
        items: list[Row] = []
        for index, quantity in order.lines:
            items += self._items(number, *self._sellable[index], quantity, order.stage, created)
        total = sum(item["price_incl_tax"] * item["qty_ordered"] for item in items if "parent_item_id" not in item)
        [address] = customer["addresses"]
        postal = {
            "city": address["city"],
            "country_id": "GB",
            "customer_address_id": address["id"],
            "email": customer["email"],
            "firstname": address["firstname"],
            "lastname": address["lastname"],
            "parent_id": number,
            "postcode": address["postcode"],
            "street": address["street"],
            "telephone": address["telephone"],
        }
        shipping = {"address_type": "shipping", "entity_id": self.allocate_id("address"), **postal}
        row = {
            "entity_id": number,
            "increment_id": f"{number:09d}",
            "state": state,
            "status": status,
            "created_at": created,
            "updated_at": stamp(order.modified),
            "store_id": 2 if order.in_outlet else 1,
            "base_currency_code": self.options.currency,
            "order_currency_code": self.options.currency,
            "grand_total": total + 5,
            "base_grand_total": total + 5,
            "tax_amount": round(total / 6, 2),
            "shipping_incl_tax": 5,
            "customer_id": customer["id"],
            "customer_email": customer["email"],
            "customer_is_guest": 0,
            "remote_ip": "203.0.113.9",
            "items": items,
            "billing_address": {"address_type": "billing", "entity_id": self.allocate_id("address"), **postal},
            "payment": {"method": "checkmo"},
            "status_histories": [],
            "extension_attributes": {
                "shipping_assignments": [{"shipping": {"address": shipping, "method": "flatrate"}, "items": []}]
            },
        } | ({"customer_note": order.message} if order.message else {})
        self.orders[number] = row
        if order.stage == "shipped":
            shipped = {item["item_id"]: item["qty_ordered"] for item in items if "parent_item_id" not in item}
            self.add_shipment(row, shipped, [("DHL", "dhl", f"TRACK-{number}")], "", row["updated_at"])
        return row

    def _items(
        self, order: int, product: Row, simple_product: Row, quantity: int, stage: str, created: str
    ) -> list[Row]:
        """The order line. A configurable product has a second line for the selected child."""
        price = simple_product.get("price") or 1.0
        vendor = attribute(simple_product, "dropship_vendor") or attribute(product, "dropship_vendor")
        labels = {e["value"]: e["label"] for e in self.attributes[ATTRIBUTES["dropship_vendor"][0]]["options"]}
        line = {
            "item_id": self.allocate_id("item"),
            "order_id": order,
            "product_id": product["id"],
            "product_type": product["type_id"],
            "sku": simple_product["sku"],
            "name": product["name"],
            "price": round(price / 1.2, 4),
            "price_incl_tax": price,
            "qty_ordered": quantity,
            "qty_shipped": 0,
            "qty_canceled": quantity if stage == "cancelled" else 0,
            "qty_refunded": 0,
            "qty_invoiced": quantity if stage in ("paid", "shipped") else 0,
            "created_at": created,
            "updated_at": created,
        } | ({"extension_attributes": {"vendor": labels[vendor]}} if vendor else {})
        if product is simple_product:
            return [line]
        child_line = line | {
            "item_id": self.allocate_id("item"),
            "parent_item_id": line["item_id"],
            "parent_item": dict(line),
            "product_id": simple_product["id"],
            "product_type": "simple",
            "name": simple_product["name"],
            "price": 0,
            "price_incl_tax": 0,
        }
        return [line, child_line]

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
            item["qty_shipped"] += shipped.get(item["item_id"], 0)
        self.shipments[number] = row
        return row

    def add_track(self, shipment: Row, title: str, carrier: str, number: str) -> Row:
        track = {
            "entity_id": self.allocate_id("track"),
            "order_id": shipment["order_id"],
            "parent_id": shipment["entity_id"],
            "track_number": number,
            "title": title,
            "carrier_code": carrier,
        }
        shipment["tracks"].append(track)
        return track


def attribute(row: Row, code: str) -> Any:
    """Return the value of a product attribute that is not a field of its own."""
    return next((each["value"] for each in row["custom_attributes"] if each["attribute_code"] == code), None)
