"""Products with their variants, options, prices, stock and images."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.contract import Page
from connectors.paging import Slice
from connectors.platforms.bigcommerce.client import PAGE_SIZE, BigCommerceClient, join
from connectors.platforms.bigcommerce.field_map import ProductMap
from connectors.platforms.bigcommerce.field_reader import FieldReader, amount, mapped_value, parse_date
from connectors.platforms.bigcommerce.source_base import (
    Cursor,
    isoformat_utc,
    next_changed_page,
    page_by_id,
    records,
    row_ids,
)
from connectors.records import ImageRecord, PriceRecord, Problem, ProductRecord, Record, StockRecord, VariantRecord

PATH = "/catalog/products"
VARIANTS = "/catalog/variants"
# `options` are not asked for: a page would shrink to ten products, and variants name their option values anyway.
INCLUDE = "variants,images,custom_fields"
TYPES = ("physical", "digital")
GRAM = Decimal("0.001")


class Products:
    """Reads by id, or by time of change, which moves the cut with every page.

    A full read ends with a look for variants without a product (B4). Stock that is tracked by product stands on every
    variant, since each can be bought while the product lasts.
    """

    def __init__(self, client: BigCommerceClient) -> None:
        self.client = client
        self.map: ProductMap = client.field_map.products

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        if since is not None:
            rows, following, cut = next_changed_page(
                since, cursor, list_since=self._changed_from, list_within_second=self._changed_within
            )
            return Page(self._records(rows), following, cut=cut)
        if cursor and "loose" in cursor:
            return self._orphan_variants_page(cursor["loose"])
        cursor = cursor or {"after": 0, "variants": 0}
        rows, after, left = page_by_id(
            self.client, PATH, cursor["after"], sort="id", direction="asc", **self._filters()
        )
        made = self._records(rows)
        seen = cursor["variants"] + sum(len(record.variants or ()) for record in made)
        following = {"after": after, "variants": seen} if after else self._start_orphan_scan(seen)
        return Page(made, following, total=None if cursor["after"] else left)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        return list(self._records(self.client.existing(PATH, external_ids, **self._filters())))

    def _changed_from(self, second: datetime) -> Slice:
        rows, left = self.client.list_page(
            PATH,
            **self._filters(),
            **{"date_modified:min": isoformat_utc(second)},
            sort="date_modified",
            direction="asc",
            limit=self.client.settings.page_size,
        )
        return rows, len(rows) < left

    def _changed_within(self, second: datetime, after: int) -> Slice:
        timestamp = {"date_modified:min": isoformat_utc(second), "date_modified:max": isoformat_utc(second)}
        rows, following, _ = page_by_id(
            self.client, PATH, after, sort="id", direction="asc", **timestamp, **self._filters()
        )
        return rows, following is not None

    def _filters(self) -> dict[str, str]:
        channels = self.client.settings.channel_ids
        return {"include": INCLUDE} | ({"channel_id:in": join(channels)} if channels else {})

    def _records(self, rows: list[Any]) -> list[ProductRecord]:
        for row in rows:
            if row_ids([row]):
                self.client.complete(row)
        return records(rows, self._record, self._placeholder)

    # Variants without a product

    def _start_orphan_scan(self, seen: int) -> Cursor:
        """Only if the store counts other variants than the products had is a look at all of them worth its calls."""
        if self.client.settings.channel_ids:
            return None
        _, total = self.client.list_page(VARIANTS, include_fields="sku", limit=1)
        return None if total == seen else {"loose": 1}

    def _orphan_variants_page(self, page: int) -> Page:
        rows, total = self.client.list_page(VARIANTS, include_fields="product_id,sku", page=page, limit=PAGE_SIZE)
        variants = [row for row in rows if row_ids([row])]
        owners = {str(row["product_id"]) for row in variants if row.get("product_id")}
        existing_ids = {
            str(number) for number in row_ids(self.client.existing(PATH, sorted(owners), include_fields="name"))
        }
        orphans = [self._orphan_record(row) for row in variants if str(row.get("product_id")) not in existing_ids]
        return Page(orphans, {"loose": page + 1} if rows and page * PAGE_SIZE < total else None)

    def _orphan_record(self, row: dict[str, Any]) -> ProductRecord:
        name = f"variant:{row['id']}"
        problem = Problem(
            "variant_without_product",
            f"The variant {row.get('sku') or row['id']} belongs to no product, so it cannot be synced.",
            "Delete it, or make it anew under its product. BigCommerce's support can remove what the control panel "
            "does not show.",
            fatal=True,
            ref=name,
        )
        link = self.client.link("products")
        return ProductRecord(external_id=name, title=str(row.get("sku") or ""), raw=row, link=link, problems=[problem])

    # From JSON to records

    def _placeholder(self, number: str) -> ProductRecord:
        return ProductRecord(external_id=number, title="", link=self.client.link(f"products/edit/{number}"))

    def _record(self, raw: Any, problems: list[Problem]) -> ProductRecord:
        product = FieldReader(raw, problems, what="product")
        number = product.integer("id")
        self._validate(product)
        status = "live" if product.flag("is_visible") else "suspended"
        return ProductRecord(
            external_id=str(number),
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
                self._variant(product, variant, position, status)
                for position, variant in enumerate(product.objects("variants"))
            ],
            images=sorted(
                (self._image(image) for image in product.objects("images")),
                key=lambda image: (image.position, image.external_id),
            ),
        )

    def _validate(self, product: FieldReader) -> None:
        """Products without a valid weight or price are kept out (B4); zero is valid. An unknown type is only told."""
        for name in ("price", "weight"):
            value = product.decimal(name)
            if value is None or value < 0:
                product.report(
                    f"{name}_invalid",
                    f"It has no {name}." if value is None else f"Its {name} is below zero.",
                    f"Enter a {name} in BigCommerce; zero is allowed.",
                    fatal=True,
                )
        if (kind := product.text("type")) not in TYPES:
            product.report(
                "unknown_type",
                f"Its type, {kind or 'empty'}, is neither physical nor digital.",
                "Choose one of the two in BigCommerce. Until then it is synced without a type.",
            )

    @staticmethod
    def _attributes(product: FieldReader) -> dict[str, Any]:
        """Custom fields by name; a name that stands several times has a list."""
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

    def _variant(self, product: FieldReader, variant: FieldReader, position: int, status: str) -> VariantRecord:
        number = variant.key("id")
        options = [
            {"name": value.text("option_display_name"), "value": value.text("label")}
            for value in variant.objects("option_values")
        ]
        sku = variant.text("sku")
        if not sku:
            what = f"The variant {' / '.join(option['value'] for option in options)}" if options else "It"
            product.report(
                "sku_missing",
                f"{what} has no SKU.",
                "Give it an SKU in BigCommerce.",
                ref=f"variant:{number}",
            )
        return VariantRecord(
            external_id=number,
            sku=sku,
            barcode=variant.text("gtin") or variant.text("upc"),
            weight_in_grams=self._weight(product, variant),
            position=position,
            cart_image_url=variant.text("image_url"),
            options=options,
            status="suspended" if variant.flag("purchasing_disabled") else status,
            rrp=amount(self._mapped(product, variant, self.map.rrp)),
            settings={
                name: value
                for name, path in self.map.settings.items()
                if (value := self._mapped(product, variant, path)) is not None
            },
            price=self._price(product, variant),
            stock=[self._stock(product, variant)],
        )

    def _mapped(self, product: FieldReader, variant: FieldReader, path: str) -> Any:
        """A B2B attribute from the variant, else from its product (D11)."""
        own = mapped_value(variant.raw, path)
        return mapped_value(product.raw, path) if own is None else own

    def _weight(self, product: FieldReader, variant: FieldReader) -> Decimal | None:
        weight = self._variant_or_product_value(product, variant, "weight")
        return None if weight is None else (weight * self.client.grams_per_unit).quantize(GRAM)

    def _price(self, product: FieldReader, variant: FieldReader) -> PriceRecord | None:
        """A sale price counts where it stands beside the price that holds; zero means that there is none."""
        price = self._variant_or_product_value(product, variant, "price")
        if price is None:
            return None
        sale = variant.decimal("sale_price")
        if sale is None and variant.decimal("price") is None:
            sale = product.decimal("sale_price")
        if sale and 0 < sale < price:
            return PriceRecord(amount=sale, list_amount=price)
        return PriceRecord(amount=price)

    @staticmethod
    def _variant_or_product_value(product: FieldReader, variant: FieldReader, name: str) -> Decimal | None:
        """A variant's own price or weight, else its product's. None, and a problem, if its own is below zero."""
        own = variant.decimal(name)
        if own is not None and own < 0:
            variant.report(
                f"{name}_invalid",
                f"Its {name} is below zero.",
                f"Enter a {name} in BigCommerce; zero is allowed.",
                ref=f"variant:{variant.key('id')}",
            )
            return None
        shared = product.decimal(name)
        return own if own is not None else shared if shared is None or shared >= 0 else None

    def _stock(self, product: FieldReader, variant: FieldReader) -> StockRecord:
        owner = {"variant": variant, "product": product}.get(product.text("inventory_tracking"))
        warning = owner.integer("inventory_warning_level") if owner else 0
        return StockRecord(
            quantity=Decimal(owner.integer("inventory_level")) if owner else None,
            min_level=Decimal(warning) if warning > 0 else None,
            restock_date=parse_date(self._mapped(product, variant, self.map.restock_date)),
        )
