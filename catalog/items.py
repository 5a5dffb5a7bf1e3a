"""Catalog items as passed to targets: complete products, categories and brands, loaded in batches.

The `load_*` functions take IDs and return the items that exist, in a fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db.models import F
from django.db.models.lookups import IsNull

from catalog.contents import ProductContent, VariantContent
from catalog.models import Brand, Category, Image, Price, PriceList, Product, ProductCategory, Stock, Variant
from catalog.records import ProductRecord, VariantRecord
from hub.field_registry import stored_names
from hub.models import Connection


@dataclass(slots=True)
class StockItem:
    """Stock at a location."""

    location: str
    quantity: Decimal
    min_level: Decimal | None
    restock_date: date | None


@dataclass(slots=True)
class PriceItem:
    """A price that applies now. `price_list` is the slug of its price list, `list_name` the name.

    `customer_groups` are the names of the only groups that have it; empty: all customers.
    """

    price_list: str
    currency: str
    min_quantity: int
    amount: Decimal
    list_amount: Decimal | None
    list_name: str = ""
    max_quantity: int | None = None
    customer_groups: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class VariantItem(VariantContent):
    """A variant with its stock and prices: first those in the default lists of shops, then those in further lists."""

    id: int
    product_id: int
    seller_id: int
    stock: list[StockItem] = field(default_factory=list)
    prices: list[PriceItem] = field(default_factory=list)


@dataclass(slots=True)
class ImageItem:
    """An image. `origin_id` is the connection it was imported from."""

    url: str
    alt: str
    position: int
    external_id: str = ""
    origin_id: int | None = None


@dataclass(slots=True, kw_only=True)
class ProductItem(ProductContent):
    """A complete product. Variants, images and categories are in a stable order."""

    id: int
    seller_id: int
    brand_id: int | None
    brand: str
    revision: int
    updated_at: datetime
    category_ids: list[int] = field(default_factory=list)
    category_paths: list[str] = field(default_factory=list)
    variants: list[VariantItem] = field(default_factory=list)
    images: list[ImageItem] = field(default_factory=list)


@dataclass(slots=True)
class CategoryItem:
    """A category. `names` are the names from the root to the category; `path` joins them for display."""

    id: int
    seller_id: int | None
    parent_id: int | None
    name: str
    slug: str
    path: str
    position: int
    visible: bool
    status: str
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class BrandItem:
    """A brand."""

    id: int
    seller_id: int | None
    name: str
    image_url: str
    status: str


@dataclass(slots=True)
class StoreItem:
    """Settings of a shop (D15) and its default price list, which is empty for a shop without imports."""

    id: int
    seller_id: int
    slug: str
    name: str
    currency: str
    price_list: str = ""
    list_name: str = ""
    list_currency: str = ""


_PRODUCT = ("id", "seller_id", "brand_id", "brand__name", "revision", "updated_at", *stored_names(ProductRecord))
_VARIANT = ("id", "product_id", "seller_id", *stored_names(VariantRecord))


def load_products(ids: Sequence[int]) -> dict[int, ProductItem]:
    """Complete products by ID. Six queries."""
    products = {}
    for row in Product.objects.filter(id__in=ids).values(*_PRODUCT):
        row["brand"] = row.pop("brand__name") or ""
        products[row["id"]] = ProductItem(**row)
    for variant in _variants(Variant.objects.filter(product_id__in=ids)).values():
        products[variant.product_id].variants.append(variant)
    images = Image.objects.filter(product_id__in=ids).order_by("product_id", "position", "id")
    for row in images.values_list("product_id", "url", "alt", "position", "external_id", "origin_id"):
        products[row[0]].images.append(ImageItem(*row[1:]))
    categories = ProductCategory.objects.filter(product_id__in=ids, category__status="live")
    for product_id, category_id, path in categories.order_by("product_id", "category_id").values_list(
        "product_id", "category_id", "category__path"
    ):
        products[product_id].category_ids.append(category_id)
        products[product_id].category_paths.append(path)
    return products


def load_variants(ids: Sequence[int]) -> dict[int, VariantItem]:
    """Variants with stock and prices by ID. Three queries."""
    return _variants(Variant.objects.filter(id__in=ids))


def _variants(queryset: Any) -> dict[int, VariantItem]:
    rows = queryset.order_by("product_id", "position", "id").values(*_VARIANT)
    variants = {row["id"]: VariantItem(**row) for row in rows}
    stock: dict[int, list[StockItem]] = defaultdict(list)
    for row in (
        Stock.objects.filter(variant_id__in=variants.keys())
        .order_by("variant_id", "location__code")
        .values_list("variant_id", "location__code", "quantity", "min_level", "restock_date")
    ):
        stock[row[0]].append(StockItem(*row[1:]))
    prices: dict[int, list[PriceItem]] = defaultdict(list)
    for price in (
        Price.objects.filter(variant_id__in=variants.keys())
        .order_by("variant_id", IsNull(F("price_list__connection"), True), "price_list__slug", "min_quantity")
        .values_list(
            "variant_id", "price_list__slug", "price_list__currency", "min_quantity", "amount", "list_amount",
            "price_list__name", "max_quantity", "price_list__customer_groups",
        )
    ):  # fmt: skip
        prices[price[0]].append(PriceItem(*price[1:]))
    for variant_id, variant in variants.items():
        variant.stock = stock.get(variant_id, [])
        variant.prices = prices.get(variant_id, [])
    return variants


def load_categories(ids: Sequence[int]) -> dict[int, CategoryItem]:
    """Categories with the names of their ancestors by ID. Two queries."""
    rows = Category.objects.filter(id__in=ids).values_list(
        "id", "seller_id", "parent_id", "name", "slug", "path", "position", "visible", "status"
    )
    found = {row[0]: CategoryItem(*row) for row in rows}
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE line (id, parent_id, names, trail) AS (
                SELECT id, parent_id, ARRAY[name::text], ARRAY[id] FROM catalog_category WHERE id = ANY(%s)
                UNION ALL
                SELECT line.id, above.parent_id, above.name::text || line.names, line.trail || above.id
                FROM line JOIN catalog_category AS above ON above.id = line.parent_id
                WHERE NOT above.id = ANY(line.trail)
            )
            SELECT DISTINCT ON (id) id, names FROM line ORDER BY id, cardinality(names) DESC
            """,
            [list(found)],
        )
        for pk, names in cursor.fetchall():
            found[pk].names = names
    return found


def load_brands(ids: Sequence[int]) -> dict[int, BrandItem]:
    """Brands by ID. One query."""
    rows = Brand.objects.filter(id__in=ids).values_list("id", "seller_id", "name", "image_url", "status")
    return {row[0]: BrandItem(*row) for row in rows}


def load_stores(ids: Sequence[int]) -> dict[int, StoreItem]:
    """Shops of sellers by connection ID. Two queries."""
    shops = Connection.objects.filter(id__in=ids, seller__isnull=False)
    rows = shops.values_list("id", "seller_id", "slug", "name", "seller__currency")
    stores = {row[0]: StoreItem(*row) for row in rows}
    lists = PriceList.objects.filter(connection_id__in=stores.keys()).order_by("-pk")
    for connection_id, slug, name, currency in lists.values_list("connection_id", "slug", "name", "currency"):
        store = stores[connection_id]
        store.price_list, store.list_name, store.list_currency = slug, name, currency
    return stores
