"""One BigCommerce store in memory: its tables, its integrity rules, and the events it publishes."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox import customers_and_orders
from sandbox.catalog import Catalog, Product
from sandbox.platforms.base import Options
from sandbox.platforms.bigcommerce import defaults
from sandbox.platforms.bigcommerce.fields import isoformat_utc
from sandbox.tables import Row, Table

Listener = Callable[[str, Row], None]
TRADE_LIST_SIZE = 2_000
SHOP, OUTLET = 1, 2
DEFAULT_LOCATION, WAREHOUSE = 1, 2
ACCOUNT_NUMBER, DISCOUNT = 1, 2
STAGES = {"incomplete": 0, "new": 7, "paid": 11, "shipped": 2, "cancelled": 5}


class Store:
    """The data of one store hash. Listeners are called with `(scope, data)` for each change."""

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self.options = options
        self.id = 1_000_000 + sum(map(ord, name))
        self.listeners: list[Listener] = []
        self._catalog = Catalog(f"{options.seed}:{name}", options.products, options.dirty)
        self.fill()

    def fill(self) -> None:
        """Create the initial data."""
        self.products = Table(defaults.PRODUCT, unique=("name", "sku", "url"))
        self.variants = Table(defaults.VARIANT, unique=("sku",), group="product_id")
        self.options_ = Table(defaults.OPTION, group="product_id")
        self.modifiers = Table({}, group="product_id")
        self.metafields = Table({})
        self.images = Table(defaults.IMAGE, group="product_id")
        self.categories = Table(defaults.CATEGORY)
        self.brands = Table(defaults.BRAND, unique=("name",))
        self.price_lists = Table({}, unique=("name",))
        self.price_list_assignments = Table({})
        self.records = Table(defaults.PRICE_RECORD, unique=("key",), group="price_list_id")
        self.customers = Table(defaults.CUSTOMER, unique=("email",))
        self.orders = Table(defaults.ORDER)
        self.shipments = Table({}, group="order_id")
        self.refunds = Table({}, group="order_id")
        self.webhooks = Table({})
        self.currency = self.options.currency
        self.currencies = tuple(dict.fromkeys((self.currency, "GBP", "EUR", "USD")))
        self.option_value_ids = 0
        # Stock at locations other than the default one, whose stock is the variant's inventory_level.
        self.warehouse_stock: dict[tuple[int, int], int] = {}
        self.channels: list[Row] = [
            {"id": SHOP, "name": "Shop", "type": "storefront", "platform": "bigcommerce", "status": "active"},
            {
                "id": OUTLET,
                "name": "Outlet",
                "type": "storefront",
                "platform": "bigcommerce",
                "status": "active",
            },
        ]
        self.trees: list[Row] = [
            {"id": 1, "name": "Shop", "channels": [SHOP]},
            {"id": 2, "name": "Outlet", "channels": [OUTLET]},
        ]
        self.locations: list[Row] = [
            {"id": DEFAULT_LOCATION, "code": "BC-LOCATION-1", "label": "Shop", "enabled": True},
            {"id": WAREHOUSE, "code": "WAREHOUSE", "label": "Warehouse", "enabled": True},
        ]
        self.carts: dict[str, Row] = {}
        self.customer_groups: list[Row] = [
            {
                "id": 1,
                "name": "Trade",
                "is_default": False,
                "category_access": {"type": "all"},
                "discount_rules": [],
            },
            {
                "id": 2,
                "name": "Press",
                "is_default": False,
                "category_access": {"type": "all"},
                "discount_rules": [],
            },
        ]
        self.customer_attributes: list[Row] = [
            {"id": ACCOUNT_NUMBER, "name": "Account number", "type": "string"},
            {"id": DISCOUNT, "name": "Discount percentage", "type": "number"},
        ]
        self._fill_catalog()
        self._fill_customers_and_orders()

    # Changes to the store

    def publish(self, scope: str, kind: str, item: int, **more: Any) -> None:
        self.notify(scope, {"type": kind, "id": item, **more})

    def notify(self, scope: str, data: Row) -> None:
        for listener in self.listeners:
            listener(scope, data)

    def change_currency(self, currency: str) -> None:
        """Change the default currency to another currency of the store. As at the vendor, the event only names the
        store.
        """
        self.currency = currency
        self.notify("store/information/updated", {"type": "store"})

    def change_product(self, product: Row, changes: Row) -> None:
        """Set fields of a product, update its modification date and publish the event."""
        self.products.change(product, {**changes, "date_modified": now()})
        self.publish("store/product/updated", "product", product["id"])

    def change_variant(self, variant: Row, changes: Row) -> None:
        """Set fields of a variant. As at the vendor, this also marks its product as modified."""
        stock_moved = "inventory_level" in changes and changes["inventory_level"] != variant.get("inventory_level", 0)
        self.variants.change(variant, changes)
        self.publish("store/sku/updated", "sku", variant["id"], sku=self._sku_event(variant))
        if stock_moved:
            self._notify_stock(variant)
        if product := self.products.get(variant["product_id"]):
            self.change_product(product, self._level(product))

    def set_stock(self, variant: Row, location: int, quantity: int) -> None:
        """Set the stock of a variant at a location. The vendor does not say that this marks its product as modified."""
        if location == DEFAULT_LOCATION:
            self.variants.change(variant, {"inventory_level": quantity})
        else:
            self.warehouse_stock[location, variant["id"]] = quantity
        self._notify_stock(variant, location)
        if product := self.products.get(variant["product_id"]):
            self.products.change(product, self._level(product))

    def stock(self, variant: Row, location: int) -> int:
        if location == DEFAULT_LOCATION:
            return int(variant.get("inventory_level", 0))
        return self.warehouse_stock.get((location, variant["id"]), 0)

    def add_variant(self, product: Row, fields: Row) -> Row:
        variant = self.variants.add({"product_id": product["id"], **fields})
        self.publish("store/sku/created", "sku", variant["id"], sku=self._sku_event(variant))
        self.change_product(product, self._level(product))
        return variant

    def remove_variant(self, variant: Row) -> None:
        self.variants.remove(variant["id"])
        self._clear_variant_data(variant["id"])
        self.publish("store/sku/deleted", "sku", variant["id"], sku=self._sku_event(variant))
        if product := self.products.get(variant["product_id"]):
            self.change_product(product, self._level(product))

    def remove_product(self, product: Row) -> None:
        """Remove a product and everything that belongs to it."""
        for table in (self.variants, self.images, self.options_):
            for row in list(table.in_group(product["id"])):
                table.remove(row["id"])
                if table is self.variants:
                    self._clear_variant_data(row["id"])
        self.products.remove(product["id"])
        self.publish("store/product/deleted", "product", product["id"])

    def add_option(self, product_id: int, name: str, labels: Iterable[str], kind: str = "dropdown") -> Row:
        values = tuple((self.next_value_id(), label) for label in labels)
        order = len(self.options_.in_group(product_id))
        return self.options_.add(
            {
                "product_id": product_id,
                "display_name": name,
                "type": kind,
                "sort_order": order,
                "values": values,
            }
        )

    def next_value_id(self) -> int:
        self.option_value_ids += 1
        return self.option_value_ids

    def sku_taken(self, sku: str, product_id: int | None, variant_id: int | None = None) -> bool:
        """Whether a SKU is used by anything other than this product, or this variant of it."""
        product, variant = self.products.find_id("sku", sku), self.variants.find_id("sku", sku)
        if product not in (None, product_id):
            return True
        if variant in (None, variant_id):
            return False
        row = self.variants.get(variant) if variant is not None else None
        return variant_id is not None or row is None or row["product_id"] != product_id

    def base_variant(self, product: Row) -> Row | None:
        """Return the only variant of a product without options. It shares the product's SKU."""
        return self.variants.get(product.get("base_variant_id") or 0)

    def _level(self, product: Row) -> Row:
        variants = self.variants.in_group(product["id"])
        level = sum(self.stock(variant, location["id"]) for variant in variants for location in self.locations)
        return {"inventory_level": level}

    def _notify_stock(self, variant: Row, location: int = DEFAULT_LOCATION) -> None:
        """An event of the variant or, if stock is tracked by product, of the product; and one of the location."""
        product, number = variant["product_id"], variant["id"]
        level = sum(self.stock(variant, each["id"]) for each in self.locations)
        change = {"product_id": product, "method": "absolute", "value": level}
        tracking = self.products.value(self.products.get(product) or {}, "inventory_tracking")
        if tracking == "variant":
            self.publish("store/sku/inventory/updated", "sku", number, inventory=change | {"variant_id": number})
        else:
            self.publish("store/product/inventory/updated", "product", product, inventory=change)
        at_location = {"variant_id": number, "product_id": product, "location_id": location}
        self.notify("store/channel/*/inventory/product/stock_changed", at_location)

    def _clear_variant_data(self, variant_id: int) -> None:
        for location in self.locations:
            self.warehouse_stock.pop((location["id"], variant_id), None)
        for price_list in self.price_lists:
            for currency in self.currencies:
                stored = self.records.find_id("key", (price_list["id"], variant_id, currency))
                if stored is not None:
                    self.records.remove(stored)

    @staticmethod
    def _sku_event(variant: Row) -> Row:
        return {"product_id": variant["product_id"], "variant_id": variant["id"]}

    # Initial data

    def _fill_catalog(self) -> None:
        catalog = self._catalog
        for name in catalog.brands:
            self.brands.add({"name": name})
        outlet_category_ids = self._fill_category_trees(catalog)
        for product in catalog.products():
            self._add_product(product, outlet_category_ids)
        if catalog.orphan is not None:
            orphan = catalog.orphan
            self.variants.add(
                {"product_id": 0, "sku": orphan.sku, "price": orphan.price, "inventory_level": orphan.stock}
            )
        self._fill_trade_price_list()

    def _fill_category_trees(self, catalog: Catalog) -> list[int]:
        """Create the full tree for the shop and its two upper levels for the outlet. Returns each category's outlet
        counterpart.
        """
        for category in catalog.categories:
            parent = 0 if category.parent is None else category.parent + 1
            self.categories.add({"name": category.name, "parent_id": parent, "tree_id": 1})
        outlet_category_ids: list[int] = []
        for category in catalog.categories:
            grandparent = None if category.parent is None else catalog.categories[category.parent].parent
            if category.parent is not None and grandparent is not None:
                outlet_category_ids.append(outlet_category_ids[category.parent])
                continue
            parent = 0 if category.parent is None else outlet_category_ids[category.parent]
            row = self.categories.add({"name": category.name, "parent_id": parent, "tree_id": 2})
            outlet_category_ids.append(row["id"])
        return outlet_category_ids

    def _add_product(self, sellable: Product, outlet_category_ids: list[int]) -> None:
        product_id = self.products.last_id + 1
        in_outlet = product_id % 3 == 0
        categories = [index + 1 for index in sellable.categories]
        if in_outlet:
            categories += sorted({outlet_category_ids[index] for index in sellable.categories})
        row: Row = {
            "name": sellable.title,
            "type": sellable.kind,
            "sku": sellable.sku,
            "description": sellable.description,
            "weight": None if sellable.weight is None else sellable.weight / 1000,
            "price": sellable.price,
            "cost_price": sellable.cost,
            "categories": categories,
            "brand_id": sellable.brand + 1,
            "inventory_level": sum(variant.stock for variant in sellable.variants),
            "inventory_tracking": "variant" if sellable.options else "product",
            "date_created": isoformat_utc(sellable.created),
            "date_modified": isoformat_utc(sellable.modified),
            "channels": (SHOP, OUTLET) if in_outlet else (SHOP,),
        }
        if sellable.sale_price is not None:
            row["sale_price"] = sellable.sale_price
        if not sellable.visible:
            row["is_visible"] = False
        row = self.products.add(row)
        options = [self.add_option(product_id, name, labels) for name, labels in sellable.options]
        for variant in sellable.variants:
            chosen = tuple(
                (option["id"], next(number for number, label in option["values"] if label == wanted))
                for option, wanted in zip(options, variant.labels, strict=True)
            )
            new: Row = {"product_id": product_id, "sku": variant.sku, "inventory_level": variant.stock}
            if chosen:
                new["values"] = chosen
            if variant.price is not None:
                new["price"] = variant.price
            added = self.variants.add(new)
        if not options:
            row["base_variant_id"] = added["id"]
        for index, url in enumerate(sellable.images):
            self.images.add(
                {"product_id": product_id, "image_url": url, "sort_order": index, "is_thumbnail": index == 0}
            )

    def _fill_customers_and_orders(self) -> None:
        options, seed = self.options, f"{self.options.seed}:{self.name}"
        for customer in customers_and_orders.customers(seed, options.customers):
            self.customers.add(_customer_row(customer))
        customer_rows, sellable = list(self.customers), [row for row in self.variants if row["product_id"]]
        for order in customers_and_orders.orders(seed, options.orders, len(customer_rows), len(sellable)):
            self._add_order(order, customer_rows[order.customer], sellable)

    def _add_order(self, order: customers_and_orders.Order, customer: Row, sellable: list[Row]) -> None:
        lines: list[Row] = []
        for place, quantity in order.lines:
            variant = sellable[place]
            product = self.products.get(variant["product_id"])
            lines.append(
                {
                    "product_id": variant["product_id"],
                    "variant_id": variant["id"],
                    "name": product["name"] if product else "",
                    "sku": variant["sku"],
                    "number": len(lines) + 1,
                    "quantity": quantity,
                    "price": str(self.variant_price(variant) or 0),
                }
            )
        row: Row = {
            "customer_id": customer["id"],
            "status_id": STAGES[order.stage],
            "lines": tuple(lines),
            "last_line": len(lines),
            "billing_address": _billing_address(customer),
            "ip_address": customer["registration_ip_address"],
            "date_created": order.created,
            "date_modified": order.modified,
        }
        if order.in_outlet:
            row["channel_id"] = OUTLET
        if order.message:
            row["customer_message"] = order.message
        self.orders.add(row)

    def _fill_trade_price_list(self) -> None:
        created = isoformat_utc(1_704_067_200)
        if not self.products:
            return
        trade = self.price_lists.add(
            {"name": "Trade", "active": True, "date_created": created, "date_modified": created}
        )
        self.price_list_assignments.add({"price_list_id": trade["id"], "customer_group_id": 1, "channel_id": SHOP})
        for variant in self.variants.after(0, TRADE_LIST_SIZE):
            price = self.variant_price(variant)
            if price and variant["product_id"]:
                self.records.add(
                    {
                        "key": (trade["id"], variant["id"], self.currency),
                        "price_list_id": trade["id"],
                        "variant_id": variant["id"],
                        "currency": self.currency,
                        "price": round(price * 0.85, 2),
                        "date_created": created,
                        "date_modified": created,
                    }
                )

    def variant_price(self, variant: Row) -> float | None:
        """Return the price of a variant, falling back to that of its product."""
        if variant.get("price") is not None:
            return float(variant["price"])
        product = self.products.get(variant["product_id"])
        return product.get("price") if product else None


def _customer_row(customer: customers_and_orders.Customer) -> Row:
    address = {
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "company": customer.company,
        "address1": customer.street,
        "address2": "",
        "city": customer.city,
        "state_or_province": "",
        "postal_code": customer.postcode,
        "country_code": "GB",
        "phone": customer.phone,
        "address_type": "commercial" if customer.company else "residential",
    }
    row: Row = {
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "company": customer.company,
        "phone": customer.phone,
        "notes": customer.notes,
        "registration_ip_address": customer.ip_address,
        "addresses": (address,),
        "date_created": isoformat_utc(customer.created),
        "date_modified": isoformat_utc(customer.modified),
    }
    if customer.account_number:
        row["customer_group_id"] = 1
        row["attributes"] = ((ACCOUNT_NUMBER, customer.account_number), (DISCOUNT, "10"))
    return row


def _billing_address(customer: Row) -> Row:
    address = customer["addresses"][0]
    return {
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "company": customer["company"],
        "street_1": address["address1"],
        "city": address["city"],
        "zip": address["postal_code"],
        "country": "United Kingdom",
        "country_iso2": "GB",
        "phone": customer["phone"],
        "email": customer["email"],
    }


def timestamp() -> int:
    return int(time.time())


def now() -> str:
    return isoformat_utc(time.time())


def slug(name: str) -> str:
    return "/" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") + "/"
