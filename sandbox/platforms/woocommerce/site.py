"""The data of one shop. Products, variations and orders share one sequence of IDs, as posts of WordPress do; terms
(categories, brands) and users have sequences of their own."""

from collections.abc import Iterator
from itertools import count

from sandbox import customers_and_orders
from sandbox.catalog import Catalog, Product, Variant
from sandbox.platforms.base import Options
from sandbox.platforms.woocommerce.clock import stamp
from sandbox.platforms.woocommerce.responses import MAX_PER_PAGE, Row

# What a product has that nobody entered anything for.
PRODUCT: Row = {
    "name": "",
    "slug": "",
    "type": "simple",
    "status": "publish",
    "featured": False,
    "catalog_visibility": "visible",
    "description": "",
    "short_description": "",
    "sku": "",
    "regular_price": "",
    "sale_price": "",
    "date_on_sale_from": None,
    "date_on_sale_to": None,
    "virtual": False,
    "downloadable": False,
    "downloads": [],
    "download_limit": -1,
    "download_expiry": -1,
    "external_url": "",
    "button_text": "",
    "tax_status": "taxable",
    "tax_class": "",
    "manage_stock": False,
    "stock_quantity": None,
    "stock_status": "instock",
    "backorders": "no",
    "low_stock_amount": None,
    "sold_individually": False,
    "weight": "",
    "dimensions": {"length": "", "width": "", "height": ""},
    "shipping_class": "",
    "reviews_allowed": True,
    "upsell_ids": [],
    "cross_sell_ids": [],
    "parent_id": 0,
    "purchase_note": "",
    "categories": [],
    "brands": [],
    "tags": [],
    "images": [],
    "attributes": [],
    "default_attributes": [],
    "grouped_products": [],
    "menu_order": 0,
    "global_unique_id": "",
    "meta_data": [],
}
_OF_PRODUCTS_ONLY = (
    *("name", "slug", "type", "featured", "catalog_visibility", "short_description", "external_url", "button_text"),
    *("sold_individually", "reviews_allowed", "upsell_ids", "cross_sell_ids", "purchase_note", "categories", "brands"),
    *("tags", "images", "default_attributes", "grouped_products"),
)
VARIATION: Row = {name: value for name, value in PRODUCT.items() if name not in _OF_PRODUCTS_ONLY} | {"image": None}
# The names of the shop's own attributes, which have IDs; those of one product alone have none.
ATTRIBUTES = {"Size": 1, "Colour": 2}
MEDIA = "https://shop.example/wp-content/uploads/"


class Site:
    """Stored values by ID. `https`, `drops_header`, `permalinks`, `permissions` and `has_brands` are how its server and
    its key are set up."""

    def __init__(self, options: Options, name: str) -> None:
        self.options = options
        self.name = name
        self.fill()

    def fill(self) -> None:
        self.drops_header = False
        self.permalinks = "pretty"
        self.permissions = "read_write"
        self.has_brands = True
        self.has_fulfillments = True
        self.page_cap = MAX_PER_PAGE
        self.settings = {
            "general/woocommerce_currency": self.options.currency,
            "products/woocommerce_weight_unit": "kg",
            "tax/woocommerce_prices_include_tax": "no",
        }
        self.categories: dict[int, Row] = {}
        self.brands: dict[int, Row] = {}
        self.products: dict[int, Row] = {}
        self.variations: dict[int, Row] = {}
        self.media: dict[int, Row] = {}
        self.customers: dict[int, Row] = {}
        self.orders: dict[int, Row] = {}
        self.refunds: dict[int, Row] = {}
        self.notes: dict[int, Row] = {}
        self.fulfillments: dict[int, Row] = {}
        # The fulfillments about which customers were sent an email.
        self.shipment_emails: list[int] = []
        self.webhooks: dict[int, Row] = {}
        self._posts, self._terms, self._users = count(1), count(1), count(1)
        self._items, self._rows = count(1), count(1)
        catalog = Catalog(f"{self.options.seed}:{self.name}", self.options.products, self.options.dirty)
        self._fill_terms(catalog)
        for product in catalog.products():
            self._fill_product(product)
        for person in customers_and_orders.customers(str(self.options.seed), self.options.customers):
            self._fill_customer(person)

    def post_id(self) -> int:
        return next(self._posts)

    def term_id(self) -> int:
        return next(self._terms)

    def user_id(self) -> int:
        return next(self._users)

    def item_id(self) -> int:
        """Of a line of an order, in the sequence of all orders."""
        return next(self._items)

    def row_id(self) -> int:
        """Of webhooks, notes and meta data."""
        return next(self._rows)

    def sellable(self) -> Iterator[tuple[Row, Row | None]]:
        """Products without variations, and variations with their product."""
        for row in self.products.values():
            if row["type"] == "simple":
                yield row, None
        for row in self.variations.values():
            yield row, self.products[row["parent_id"]]

    def by_sku(self, sku: str) -> Row | None:
        """Also in the trash: its SKU is still in use."""
        every = (*self.products.values(), *self.variations.values())
        return next((row for row in every if sku and row["sku"].lower() == sku.lower()), None)

    def variations_of(self, number: int) -> list[Row]:
        return [row for row in self.variations.values() if row["parent_id"] == number]

    def add_image(self, source: str, alt: str = "") -> int:
        """Download an image, and return the ID of the copy."""
        number = self.post_id()
        name = source.rpartition("/")[2]
        self.media[number] = {"id": number, "src": MEDIA + name, "name": name.partition(".")[0], "alt": alt}
        return number

    # Generated data

    def _fill_terms(self, catalog: Catalog) -> None:
        if not self.options.products:
            return
        default = self.term_id()
        self.categories[default] = _term(default, "Uncategorized", 0, 0)
        numbers: list[int] = []
        for position, category in enumerate(catalog.categories):
            numbers.append(self.term_id())
            parent = 0 if category.parent is None else numbers[category.parent]
            # WordPress stores the names of terms with HTML entities.
            name = category.name.replace("&", "&amp;")
            self.categories[numbers[-1]] = _term(numbers[-1], name, parent, position)
        for name in catalog.brands:
            number = self.term_id()
            self.brands[number] = _term(number, name.replace("&", "&amp;"), 0, 0)

    def _fill_product(self, product: Product) -> None:
        number = self.post_id()
        labels = [[label for variant in product.variants for label in variant.labels]] if product.options else []
        row = PRODUCT | {
            "id": number,
            "name": product.title,
            "slug": product.sku.lower(),
            "type": "variable" if labels else "simple" if product.kind == "physical" else product.kind,
            "status": "publish" if product.visible else "draft",
            "description": product.description,
            "sku": product.sku,
            "weight": "" if product.weight is None else str(product.weight / 1000),
            "categories": [list(self.categories)[place + 1] for place in product.categories],
            "brands": [list(self.brands)[product.brand]],
            "images": [self.add_image(url) for url in product.images],
            "attributes": [
                {
                    "id": ATTRIBUTES[name],
                    "name": name,
                    "position": position,
                    "visible": True,
                    "variation": True,
                    "options": list(values),
                }
                for position, (name, values) in enumerate(product.options)
            ],
            "created": stamp(product.created),
            "modified": stamp(product.modified),
        }
        self.products[number] = row
        if not labels:
            row |= _priced(product, None) | _stocked(product.variants[0].stock)
            return
        for position, variant in enumerate(product.variants):
            self._fill_variation(number, product, variant, position)

    def _fill_variation(self, parent: int, product: Product, variant: Variant, position: int) -> None:
        number = self.post_id()
        choices = [
            {"id": ATTRIBUTES[name], "name": name, "option": label}
            for (name, _), label in zip(product.options, variant.labels, strict=True)
        ]
        self.variations[number] = (
            VARIATION
            | {"id": number, "parent_id": parent, "sku": variant.sku, "attributes": choices, "menu_order": position}
            | {"created": stamp(product.created), "modified": stamp(product.modified)}
            | {"weight": "" if variant.weight is None else str(variant.weight / 1000)}
            | _priced(product, variant)
            | _stocked(variant.stock)
        )

    def _fill_customer(self, person: customers_and_orders.Customer) -> None:
        number = self.user_id()
        address = {
            "first_name": person.first_name,
            "last_name": person.last_name,
            "company": person.company,
            "address_1": person.street,
            "address_2": "",
            "city": person.city,
            "state": "",
            "postcode": person.postcode,
            "country": "GB",
        }
        account = person.account_number
        self.customers[number] = {
            "id": number,
            "email": person.email,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "role": "wholesale_customer" if person.company else "customer",
            "username": person.email.partition("@")[0],
            "billing": {**address, "address_2": f"Unit {number}B", "email": person.email, "phone": person.phone},
            "shipping": {**address, "phone": ""},
            "is_paying_customer": False,
            "meta_data": [{"id": self.row_id(), "key": "account_number", "value": account}] if account else [],
            "created": stamp(person.created),
            "modified": stamp(person.modified),
        }


def _term(number: int, name: str, parent: int, position: int) -> Row:
    slug = f"{name.lower().replace(' ', '-').replace('&amp;', 'and')}-{number}"
    term = {"id": number, "name": name, "slug": slug, "parent": parent, "description": "", "display": "default"}
    return term | {"image": None, "menu_order": position, "count": 0}


def _priced(product: Product, variant: Variant | None) -> Row:
    price = variant.price if variant and variant.price is not None else product.price
    sale = product.sale_price if variant is None or variant.price is None else None
    return {
        "regular_price": "" if price is None else f"{price:.2f}",
        "sale_price": "" if sale is None or price is None else f"{sale:.2f}",
    }


def _stocked(quantity: int) -> Row:
    return {
        "manage_stock": True,
        "stock_quantity": quantity,
        "stock_status": "instock" if quantity > 0 else "outofstock",
    }
