"""Products with their variants, stock, prices and images.

A product here is what a shop shows by itself: simple and virtual products that are visible, and configurable ones. A
simple product that is not visible individually is a variant of whichever configurable product names it. Bundles, groups
and gift cards have neither price nor stock of their own and are left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from connectors.contract import IdPage, Page
from connectors.listing import Text, UtcDatetime, record
from connectors.platforms.magento.attributes import Attributes
from connectors.platforms.magento.client import Filter, Group, MagentoClient
from connectors.platforms.magento.settings import ProductMap, mapped_value, text
from connectors.platforms.magento.source_base import ApiModel, Cursor, Listing
from connectors.platforms.magento.weights import grams_per_unit
from connectors.records import (
    ImageRecord,
    PriceRecord,
    Problem,
    ProductRecord,
    Record,
    StockRecord,
    VariantRecord,
)

CONFIGURABLE = "configurable"
SIMPLE_TYPES = ("simple", "virtual", "downloadable")
NOT_VISIBLE = 1
ENABLED = 1
GRAM = Decimal("0.001")
# Told by the hub in places of their own, or of no meaning outside of the shop.
_MAPPED_ELSEWHERE = {"cost", "price", "special_price", "gallery", "image", "small_image", "thumbnail", "swatch_image"}
# How many changed variants are remembered one by one while the products that have them are still to be found.
MAX_CHANGED_VARIANTS = 1000
# Each may bring many variants, by calls of their own, and a page must be done well within a lease.
MAX_PAGE_SIZE = 50


class Products(Listing):
    """A partial read brings what changed, then the configurable products of the variants that changed.

    The vendor tells no variant's product, so these are found by going through the configurable ones once.
    """

    path = "/products"

    def __init__(self, client: MagentoClient) -> None:
        super().__init__(client)
        self.map: ProductMap = client.field_map.products
        self.attributes = Attributes(client)

    @property
    def size(self) -> int:
        return min(MAX_PAGE_SIZE, super().size)

    def base_filters(self) -> list[Group]:
        return [[Filter("type_id", ",".join((*SIMPLE_TYPES, CONFIGURABLE)), "in")]]

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        if since is None:
            rows, after, total = self.after(cursor["after"] if cursor else 0, shown())
            return Page(self.records(rows), {"after": after} if after else None, total=None if cursor else total)
        if cursor and "parents" in cursor:
            return self._parents(cursor["variants"], cursor["parents"])
        waiting: list[int] | None = cursor["variants"] if cursor else []
        rows, following, cut = self.changes(since, cursor)
        visible = [row for row in rows if not is_variant(row)]
        if waiting is not None:
            waiting = sorted({*waiting, *self.row_ids(row for row in rows if is_variant(row))})
            waiting = waiting if len(waiting) <= MAX_CHANGED_VARIANTS else None
        # Before their products have been read as well, nothing may be taken for done.
        done = waiting == []
        if following is None:
            following = None if done else {"parents": 0}
        if following is not None:
            following = {**following, "variants": waiting}
        return Page(self.records(visible), following, cut=cut if done else None)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        row_ids = [each for each in external_ids if each.isdecimal()]
        return self.records(self.client.fetch_by_values(self.path, "entity_id", row_ids, *self.base_filters(), shown()))

    def ids(self, cursor: int | None, *groups: Group) -> IdPage:
        return super().ids(cursor, shown(), *groups)

    def _parents(self, variants: list[int] | None, after: int) -> Page:
        """Configurable products that have one of the variants; all of them where there were too many to remember."""
        rows, following, _ = self.after(after, [Filter("type_id", CONFIGURABLE)])
        wanted = None if variants is None else set(variants)
        found = [row for row in rows if wanted is None or wanted & set(child_ids(row))]
        return Page(self.records(found), {"parents": following, "variants": variants} if following else None)

    # From JSON to records

    def records(self, rows: list[Any]) -> list[Record]:
        children = self._children(rows)
        sold = [*rows, *children.values()]
        stock = self._stock([row["sku"] for row in sold if isinstance(row, dict) and isinstance(row.get("sku"), str)])
        made = []
        for row in rows:
            below = [children[number] for number in child_ids(row) if number in children]
            made.append(record(row, _Product, _RecordBuilder(self, below, stock).product, self._placeholder))
            made[-1].raw = row | {"children": below} if below else row
        return made

    def _placeholder(self, number: str) -> ProductRecord:
        return ProductRecord(external_id=number, title="", link=self.link(number))

    def link(self, number: str) -> str:
        return self.client.link(f"catalog/product/edit/id/{number}")

    def _children(self, rows: Iterable[Any]) -> dict[int, dict[str, Any]]:
        row_ids = [number for row in rows for number in child_ids(row)]
        found = self.client.fetch_by_values(self.path, "entity_id", row_ids)
        return {row["id"]: row for row in found if self.row_ids([row])}

    def _stock(self, skus: Sequence[str]) -> dict[str, list[StockRecord]]:
        """SKU in lower case → what each source holds of it: to the shop, case makes no difference."""
        stock: dict[str, list[StockRecord]] = defaultdict(list)
        for row in self.client.fetch_by_values("/inventory/source-items", "sku", skus, sort=("source_code",)):
            match row:
                case {"sku": str(sku), "source_code": str(source), "quantity": int() | float() as quantity}:
                    stock[sku.lower()].append(StockRecord(quantity=Decimal(str(quantity)), location=source))
        for records in stock.values():
            records.sort(key=lambda each: each.location)
        return stock

    @cached_property
    def media(self) -> str:
        config = self.client.config
        return str(config.get("secure_base_media_url") or config.get("base_media_url") or "").rstrip("/")

    @cached_property
    def grams_per_unit(self) -> Decimal:
        return grams_per_unit(str(self.client.config["weight_unit"]))


def shown() -> Group:
    """For what a shop shows by itself."""
    return [Filter("visibility", NOT_VISIBLE, "neq"), Filter("type_id", CONFIGURABLE)]


def is_variant(row: Any) -> bool:
    return isinstance(row, dict) and row.get("visibility") == NOT_VISIBLE and row.get("type_id") != CONFIGURABLE


def child_ids(row: Any) -> list[int]:
    """The numbers of a configurable product's variants, in the shop's order."""
    extension = row.get("extension_attributes") if isinstance(row, dict) else None
    links = extension.get("configurable_product_links") if isinstance(extension, dict) else None
    return [int(each) for each in links or () if str(each).isdecimal()]


class _RecordBuilder:
    """One row, with the rows of its variants, on its way to a record."""

    def __init__(self, products: Products, children: list[dict[str, Any]], stock: dict[str, list[StockRecord]]) -> None:
        self.products = products
        self.map = products.map
        self.children = children
        self.stock = stock
        self.problems: list[Problem] = []

    def product(self, api_row: "_Product") -> ProductRecord:
        status = "live" if api_row.status == ENABLED else "suspended"
        custom = api_row.custom_attributes
        return ProductRecord(
            external_id=str(api_row.id),
            updated_at=api_row.updated_at,
            link=self.products.link(str(api_row.id)),
            title=api_row.name,
            slug=text(mapped_value(custom, "url_key")),
            description=text(mapped_value(custom, "description")),
            product_type="physical" if api_row.type_id in ("simple", CONFIGURABLE) else "digital",
            status=status,
            brand_id=text(mapped_value(custom, self.map.brand)),
            category_ids=sorted({each.category_id for each in api_row.extension.category_links}, key=_numeric),
            attributes=self._attributes(api_row),
            variants=self._variants(api_row, status),
            images=self._images(api_row),
            problems=self.problems,
        )

    def _attributes(self, api_row: "_Product") -> dict[str, Any]:
        """Those that people made, by the names that people gave them, apart from what is told elsewhere."""
        excluded = {*_MAPPED_ELSEWHERE, self.map.brand, self.map.rrp, self.map.barcode, self.map.restock_date}
        excluded |= set(self.map.settings.values()) | {option.code for option in self._options(api_row)}
        found = {}
        for each in api_row.custom_attributes:
            code = each.get("attribute_code", "") if isinstance(each, dict) else ""
            attribute = self.products.attributes[code]
            if attribute and attribute.own and code not in excluded and (shown := attribute.shown(each.get("value"))):
                found[attribute.label] = shown
        return dict(sorted(found.items()))

    def _options(self, api_row: "_Product") -> list[Any]:
        row_ids = [option.attribute_id for option in sorted(api_row.extension.options, key=lambda each: each.position)]
        return [found for number in row_ids if (found := self.products.attributes.find_by_id(number))]

    def _variants(self, api_row: "_Product", status: str) -> list[VariantRecord]:
        if api_row.type_id != CONFIGURABLE:
            return [self._variant(api_row, api_row, 0, status)]
        found = []
        for position, row in enumerate(self.children):
            made = record(row, _Product, lambda child: ProductRecord(external_id=str(child.id), title=""), _unreadable)
            if made.problems:
                self._report(
                    "variant_unreadable", f"Its variant {made.external_id} cannot be read.", ref=made.external_id
                )
            elif not is_variant(row):
                self._report(
                    "variant_visible",
                    f"Its variant {text(row.get('sku'))} is visible by itself, so it is a product of its own.",
                    "Set its visibility to Not Visible Individually to have it as a variant.",
                    ref=made.external_id,
                )
            else:
                found.append(self._variant(_Product.model_validate(row), api_row, position, status))
        return found

    def _variant(self, own: "_Product", product: "_Product", position: int, status: str) -> VariantRecord:
        images = self._images(own)
        fatal = own is product
        return VariantRecord(
            external_id=str(own.id),
            sku=own.sku,
            barcode=text(mapped_value(own.custom_attributes, self.map.barcode)),
            weight_in_grams=self._weight(own, fatal=fatal),
            position=position,
            cart_image_url=images[0].url if images else "",
            options=[
                {"name": option.label, "value": str(option.shown(chosen))}
                for option in self._options(product)
                if (chosen := mapped_value(own.custom_attributes, option.code)) is not None
            ],
            status=status if own.status == ENABLED else "suspended",
            rrp=_positive_decimal(mapped_value(own.custom_attributes, self.map.rrp)),
            settings={
                name: value
                for name, code in self.map.settings.items()
                if (value := self._shown(own, product, code)) not in (None, "")
            },
            price=self._price(own, fatal=fatal),
            stock=self._stock(own, product),
        )

    def _shown(self, own: "_Product", product: "_Product", code: str) -> Any:
        """An attribute of the variant, else of its product, as people read it."""
        value = mapped_value(own.custom_attributes, code)
        value = mapped_value(product.custom_attributes, code) if value is None else value
        attribute = self.products.attributes[code]
        return attribute.shown(value) if attribute and value is not None else value

    def _stock(self, own: "_Product", product: "_Product") -> list[StockRecord]:
        found = self.stock.get(own.sku.lower()) or [StockRecord(quantity=None)]
        restock = _parse_date(self._shown(own, product, self.map.restock_date)) if self.map.restock_date else None
        return [StockRecord(quantity=e.quantity, location=e.location, restock_date=restock) for e in found]

    def _weight(self, own: "_Product", *, fatal: bool) -> Decimal | None:
        if own.type_id != "simple" and own.weight is None:
            return None
        if not self._valid(own, "weight", own.weight, fatal=fatal):
            return None
        return (own.weight * self.products.grams_per_unit).quantize(GRAM) if own.weight is not None else None

    def _price(self, own: "_Product", *, fatal: bool) -> PriceRecord | None:
        """A special price counts on the days for which it is set, and where it is below the price."""
        if not self._valid(own, "price", own.price, fatal=fatal) or own.price is None:
            return None
        special = _positive_decimal(mapped_value(own.custom_attributes, "special_price"))
        today = datetime.now(UTC).date()
        first = _parse_date(mapped_value(own.custom_attributes, "special_from_date")) or date.min
        last = _parse_date(mapped_value(own.custom_attributes, "special_to_date")) or date.max
        if special and special < own.price and first <= today <= last:
            return PriceRecord(amount=special, list_amount=own.price)
        return PriceRecord(amount=own.price)

    def _valid(self, own: "_Product", name: str, value: Decimal | None, *, fatal: bool) -> bool:
        """Products without a valid weight or price are kept out (B4); zero is valid."""
        if value is not None and value >= 0:
            return True
        whose = "It" if fatal else f"Its variant {own.sku}"
        self._report(
            f"{name}_invalid",
            f"{whose} has no {name}." if value is None else f"{whose} has a {name} below zero.",
            f"Enter a {name} in Magento; zero is allowed.",
            fatal=fatal,
            ref="" if fatal else str(own.id),
        )
        return False

    def _images(self, api_row: "_Product") -> list[ImageRecord]:
        shown = [each for each in api_row.media_gallery_entries if each.media_type == "image" and not each.disabled]
        return [
            ImageRecord(
                external_id=each.id,
                url=f"{self.products.media}/catalog/product/{each.file.lstrip('/')}",
                alt=each.label,
                position=each.position,
            )
            for each in sorted(shown, key=lambda each: (each.position, _numeric(each.id)))
        ]

    def _report(self, code: str, message: str, fix: str = "", *, fatal: bool = False, ref: str = "") -> None:
        fix = fix or "Open and save it in Magento; if that does not help, tell whoever looks after the shop."
        self.problems.append(Problem(code, message, fix, fatal, f"variant:{ref}" if ref else ""))


def _unreadable(number: str) -> ProductRecord:
    return ProductRecord(external_id=number, title="")


def _numeric(number: str) -> tuple[int, str]:
    return len(number), number


def _positive_decimal(value: Any) -> Decimal | None:
    """A positive number; None for anything else: merchants leave zero where nothing is meant."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None


def _parse_date(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


class _Entry(ApiModel):
    id: Text
    media_type: str = "image"
    label: Text = ""
    position: int = 0
    disabled: bool = False
    file: Text = ""


class _CategoryLink(ApiModel):
    category_id: Text


class _Option(ApiModel):
    attribute_id: Text
    position: int = 0


class _Extension(ApiModel):
    category_links: list[_CategoryLink] = []
    configurable_product_options: list[_Option] = []

    @property
    def options(self) -> list[_Option]:
        return self.configurable_product_options


class _Product(ApiModel):
    id: int
    sku: Text
    name: Text = ""
    status: int = 0
    type_id: str = "simple"
    price: Decimal | None = None
    weight: Decimal | None = None
    updated_at: UtcDatetime | None = None
    custom_attributes: list[Any] = []
    media_gallery_entries: list[_Entry] = []
    extension_attributes: _Extension = _Extension()

    @property
    def extension(self) -> _Extension:
        return self.extension_attributes
