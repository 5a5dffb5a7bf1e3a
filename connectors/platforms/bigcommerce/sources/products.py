"""Products with their variants, options, prices, stock and images."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.platforms.bigcommerce.client import PAGE_SIZE, PRODUCTS, VARIANTS, Row, SourceClient, join
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.inventory import add_locations, variants_of
from connectors.platforms.bigcommerce.listings import ProductListing
from connectors.platforms.bigcommerce.paging import isoformat_utc, page_by_id, row_ids
from connectors.platforms.bigcommerce.sources import modifiers
from connectors.platforms.bigcommerce.sources.base import ChangeSource
from connectors.platforms.bigcommerce.sources.metafields import Metafields
from connectors.platforms.bigcommerce.sources.price_lists import PriceLists
from connectors.platforms.bigcommerce.sources.variants import VariantReader
from connectors.sdk import issues
from connectors.sdk.details import add_details
from connectors.sdk.paging import Cursor, Page, Slice, numbered_page
from connectors.sdk.records import ImageRecord, Problem, ProductRecord
from hub.kinds import DataType

# `options` are not requested: they would limit a page to ten products, and variants name their option values anyway.
INCLUDE = "variants,images,custom_fields"
TYPES = ("physical", "digital")


class Products(ChangeSource[ProductRecord], ProductListing[SourceClient]):
    """Read by ID or by modification time. A full read ends with a scan for variants without a product (B4)."""

    data_type = DataType.PRODUCTS
    full_schedule = "1d"
    partial_schedule = "15m"
    depends_on = (DataType.SETTINGS, DataType.CATEGORIES, DataType.BRANDS)
    reads_stock = True
    required = (
        *("name", "type", "price", "weight", "is_visible", "inventory_tracking", "categories"),
        *("variants", "variants.id", "images", "custom_fields"),
    )

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[ProductRecord]:
        if since is not None:
            return self.changed_page(since, cursor)
        if cursor and "loose" in cursor:
            return self._orphan_variants_page(cursor["loose"])
        cursor = cursor or {"after": 0, "variants": 0}
        rows, after, left = page_by_id(self.client, PRODUCTS, cursor["after"], **self._by_id(), **self._filters())
        records = self.records(rows)
        seen = cursor["variants"] + sum(len(record.variants or ()) for record in records)
        following = {"after": after, "variants": seen} if after else self._start_orphan_scan(seen)
        return Page(records, following, total=None if cursor["after"] else left)

    def fetch(self, external_ids: Sequence[str]) -> list[ProductRecord]:
        return self.records(self.client.existing(PRODUCTS, external_ids, **self._filters()))

    def list_from(self, second: datetime) -> Slice:
        rows, left = self.client.list_page(
            PRODUCTS,
            **self._filters(),
            **{"date_modified:min": isoformat_utc(second)},
            sort="date_modified",
            direction="asc",
            limit=self._limit,
        )
        return rows, len(rows) < left

    def list_within(self, second: datetime, after: int) -> Slice:
        timestamp: Row = {"date_modified:min": isoformat_utc(second), "date_modified:max": isoformat_utc(second)}
        rows, following, _ = page_by_id(self.client, PRODUCTS, after, **self._by_id(), **timestamp, **self._filters())
        return rows, following is not None

    @property
    def _limit(self) -> int:
        settings = self.client.settings
        return min(settings.page_size, modifiers.PAGE_SIZE) if settings.modifiers else settings.page_size

    def _by_id(self) -> Row:
        return {"sort": "id", "direction": "asc", "limit": self._limit}

    def _filters(self) -> Row:
        channels = self.client.settings.channel_ids
        settings = self.client.settings
        include = INCLUDE + (",bulk_pricing_rules" if settings.price_lists else "")
        include += ",modifiers" if settings.modifiers else ""
        return {"include": include} | ({"channel_id:in": join(channels)} if channels else {})

    def records(self, rows: Iterable[Any]) -> list[ProductRecord]:
        rows = list(rows)
        products = [row for row in rows if row_ids([row])]
        add_details(self.client.http, products, self.client.complete)
        self._metafields.add_to(products)
        if self.client.settings.stock_by_location:
            add_locations(self.client, rows)
        if self.client.settings.price_lists:
            self._price_lists.add_records(variants_of(rows))
        return super().records(rows)

    @cached_property
    def _metafields(self) -> Metafields:
        return Metafields(self.client)

    @cached_property
    def _price_lists(self) -> PriceLists:
        return PriceLists(self.client)

    # Variants without a product

    def _start_orphan_scan(self, seen: int) -> Cursor:
        """Scan all variants only if the store's variant count differs from the number of variants found in products."""
        if self.client.settings.channel_ids:
            return None
        _, total = self.client.list_page(VARIANTS, include_fields="sku", limit=1)
        return None if total == seen else {"loose": None}

    def _orphan_variants_page(self, cursor: Cursor) -> Page[ProductRecord]:
        rows, following = numbered_page(cursor, self._variants_page)
        variants = [row for row in rows if row_ids([row])]
        owners = {str(row["product_id"]) for row in variants if row.get("product_id")}
        existing_ids = {
            str(number) for number in row_ids(self.client.existing(PRODUCTS, sorted(owners), include_fields="name"))
        }
        orphans = [self._orphan_record(row) for row in variants if str(row.get("product_id")) not in existing_ids]
        return Page(orphans, {"loose": following} if following else None)

    def _variants_page(self, number: int) -> Slice:
        rows, total = self.client.list_page(VARIANTS, include_fields="product_id,sku", page=number, limit=PAGE_SIZE)
        return rows, number * PAGE_SIZE < total

    def _orphan_record(self, row: Row) -> ProductRecord:
        name = f"variant:{row['id']}"
        problem = issues.VARIANT_WITHOUT_PRODUCT(name=row.get("sku") or row["id"], ref=name)
        link = self.client.link("products")
        return ProductRecord(external_id=name, title=str(row.get("sku") or ""), raw=row, link=link, problems=[problem])

    # From JSON to records

    def placeholder(self, number: str) -> ProductRecord:
        return ProductRecord(external_id=number, title="", link=self.client.link(f"products/edit/{number}"))

    def build(self, raw: Any, problems: list[Problem]) -> ProductRecord:
        product = FieldReader(raw, problems, what="product")
        number = product.key("id")
        self._validate(product)
        lists = self._price_lists if self.client.settings.price_lists else None
        reader = VariantReader(self.client, product, lists)
        is_sold = product.flag("is_visible") and product.text("availability") != "disabled"
        status = "live" if is_sold else "suspended"
        return ProductRecord(
            external_id=number,
            updated_at=product.timestamp("date_modified"),
            link=self.client.link(f"products/edit/{number}"),
            title=product.text("name"),
            slug=product.nested("custom_url").text("url").strip("/"),
            description=product.text("description"),
            product_type=kind if (kind := product.text("type")) in TYPES else "",
            status=status,
            brand_id=product.key("brand_id"),
            category_ids=sorted(map(str, product.items("categories")), key=lambda each: (len(each), each)),
            attributes=self._attributes(product),
            variants=[
                reader.variant(variant, position, status)
                for position, variant in enumerate(product.objects("variants"))
            ],
            images=sorted(
                (self._image(image) for image in product.objects("images")),
                key=lambda image: (image.position, image.external_id),
            ),
        )

    def _validate(self, product: FieldReader) -> None:
        """Products without a valid weight or price are not imported (B4); zero is valid. An unknown type is only
        reported."""
        if not product.items("variants"):
            # Every product has at least a base variant, so an empty list would discontinue what the store still sells.
            product.report(issues.INCOMPLETE(field="variants"))
        name = product.label("sku", "name")
        for field, missing, negative in (
            ("price", issues.PRICE_MISSING, issues.PRICE_NEGATIVE),
            ("weight", issues.WEIGHT_MISSING, issues.WEIGHT_NEGATIVE),
        ):
            value = product.decimal(field)
            if value is None:
                product.report(missing(count=1, names=name))
            elif value < 0:
                product.report(negative(names=name))
        if required := modifiers.required_names(product.raw):
            product.report(issues.MODIFIER_REQUIRED(names=", ".join(required)))
        if (kind := product.text("type")) not in TYPES:
            product.report(issues.PRODUCT_TYPE_UNSUPPORTED(type=kind, fatal=False))

    @staticmethod
    def _attributes(product: FieldReader) -> dict[str, Any]:
        """Custom fields by name; a name that occurs several times has a list of values."""
        found: dict[str, list[str]] = {}
        for each in product.objects("custom_fields"):
            found.setdefault(each.text("name"), []).append(each.text("value"))
        return {name: values[0] if len(values) == 1 else values for name, values in sorted(found.items())}

    @staticmethod
    def _image(image: FieldReader) -> ImageRecord:
        return ImageRecord(
            external_id=image.key("id"),
            url=image.text("url_zoom") or image.text("url_standard"),
            alt=image.text("description"),
            position=image.integer("sort_order"),
        )
