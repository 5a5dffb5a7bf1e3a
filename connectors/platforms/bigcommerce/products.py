"""Products with their variants, options, prices, stock and images."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.contract import Page
from connectors.paging import Slice
from connectors.platforms.bigcommerce.field_map import ProductMap
from connectors.platforms.bigcommerce.reading import Cursor, by_change, by_key, iso, numbers, records
from connectors.platforms.bigcommerce.shop import PAGE_SIZE, Shop, join
from connectors.platforms.bigcommerce.values import Values, amount, day, mapped
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

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.map: ProductMap = shop.field_map.products

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        if since is not None:
            rows, following, cut = by_change(since, cursor, from_=self._changed_from, within=self._changed_within)
            return Page(self._records(rows), following, cut=cut)
        if cursor and "loose" in cursor:
            return self._loose_variants(cursor["loose"])
        cursor = cursor or {"after": 0, "variants": 0}
        rows, after, left = by_key(self.shop, PATH, cursor["after"], sort="id", direction="asc", **self._filters())
        made = self._records(rows)
        met = cursor["variants"] + sum(len(record.variants or ()) for record in made)
        following = {"after": after, "variants": met} if after else self._look_for_loose_variants(met)
        return Page(made, following, total=None if cursor["after"] else left)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        return list(self._records(self.shop.existing(PATH, external_ids, **self._filters())))

    def _changed_from(self, second: datetime) -> Slice:
        rows, left = self.shop.listing(
            PATH,
            **self._filters(),
            **{"date_modified:min": iso(second)},
            sort="date_modified",
            direction="asc",
            limit=self.shop.settings.page_size,
        )
        return rows, len(rows) < left

    def _changed_within(self, second: datetime, after: int) -> Slice:
        moment = {"date_modified:min": iso(second), "date_modified:max": iso(second)}
        rows, following, _ = by_key(self.shop, PATH, after, sort="id", direction="asc", **moment, **self._filters())
        return rows, following is not None

    def _filters(self) -> dict[str, str]:
        channels = self.shop.settings.channel_ids
        return {"include": INCLUDE} | ({"channel_id:in": join(channels)} if channels else {})

    def _records(self, rows: list[Any]) -> list[ProductRecord]:
        for row in rows:
            if numbers([row]):
                self.shop.complete(row)
        return records(rows, self._record, self._unreadable)

    # Variants without a product

    def _look_for_loose_variants(self, met: int) -> Cursor:
        """Only if the store counts other variants than the products had is a look at all of them worth its calls."""
        if self.shop.settings.channel_ids:
            return None
        _, total = self.shop.listing(VARIANTS, include_fields="sku", limit=1)
        return None if total == met else {"loose": 1}

    def _loose_variants(self, page: int) -> Page:
        rows, total = self.shop.listing(VARIANTS, include_fields="product_id,sku", page=page, limit=PAGE_SIZE)
        variants = [row for row in rows if numbers([row])]
        owners = {str(row["product_id"]) for row in variants if row.get("product_id")}
        there = {str(number) for number in numbers(self.shop.existing(PATH, sorted(owners), include_fields="name"))}
        loose = [self._loose(row) for row in variants if str(row.get("product_id")) not in there]
        return Page(loose, {"loose": page + 1} if rows and page * PAGE_SIZE < total else None)

    def _loose(self, row: dict[str, Any]) -> ProductRecord:
        name = f"variant:{row['id']}"
        problem = Problem(
            "variant_without_product",
            f"The variant {row.get('sku') or row['id']} belongs to no product, so it cannot be synced.",
            "Delete it, or make it anew under its product. BigCommerce's support can remove what the control panel "
            "does not show.",
            fatal=True,
            ref=name,
        )
        link = self.shop.link("products")
        return ProductRecord(external_id=name, title=str(row.get("sku") or ""), raw=row, link=link, problems=[problem])

    # From JSON to records

    def _unreadable(self, number: str) -> ProductRecord:
        return ProductRecord(external_id=number, title="", link=self.shop.link(f"products/edit/{number}"))

    def _record(self, raw: Any, problems: list[Problem]) -> ProductRecord:
        product = Values(raw, problems, what="product")
        number = product.integer("id")
        self._check(product)
        status = "live" if product.flag("is_visible") else "suspended"
        return ProductRecord(
            external_id=str(number),
            updated_at=product.moment("date_modified"),
            link=self.shop.link(f"products/edit/{number}"),
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

    def _check(self, product: Values) -> None:
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
    def _attributes(product: Values) -> dict[str, Any]:
        """Custom fields by name; a name that stands several times has a list."""
        found: dict[str, list[str]] = {}
        for each in product.objects("custom_fields"):
            found.setdefault(each.text("name"), []).append(each.text("value"))
        return {name: values[0] if len(values) == 1 else values for name, values in sorted(found.items())}

    @staticmethod
    def _image(image: Values) -> ImageRecord:
        return ImageRecord(
            external_id=image.key("id"),
            url=image.text("url_zoom") or image.text("url_standard"),
            alt=image.text("description"),
            position=image.integer("sort_order"),
        )

    def _variant(self, product: Values, variant: Values, position: int, status: str) -> VariantRecord:
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

    def _mapped(self, product: Values, variant: Values, path: str) -> Any:
        """A B2B attribute from the variant, else from its product (D11)."""
        own = mapped(variant.raw, path)
        return mapped(product.raw, path) if own is None else own

    def _weight(self, product: Values, variant: Values) -> Decimal | None:
        weight = self._own_or_shared(product, variant, "weight")
        return None if weight is None else (weight * self.shop.grams_per_unit).quantize(GRAM)

    def _price(self, product: Values, variant: Values) -> PriceRecord | None:
        """A sale price counts where it stands beside the price that holds; zero means that there is none."""
        price = self._own_or_shared(product, variant, "price")
        if price is None:
            return None
        sale = variant.decimal("sale_price")
        if sale is None and variant.decimal("price") is None:
            sale = product.decimal("sale_price")
        if sale and 0 < sale < price:
            return PriceRecord(amount=sale, list_amount=price)
        return PriceRecord(amount=price)

    @staticmethod
    def _own_or_shared(product: Values, variant: Values, name: str) -> Decimal | None:
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

    def _stock(self, product: Values, variant: Values) -> StockRecord:
        owner = {"variant": variant, "product": product}.get(product.text("inventory_tracking"))
        warning = owner.integer("inventory_warning_level") if owner else 0
        return StockRecord(
            quantity=Decimal(owner.integer("inventory_level")) if owner else None,
            min_level=Decimal(warning) if warning > 0 else None,
            restock_date=day(self._mapped(product, variant, self.map.restock_date)),
        )
