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
from connectors.listing import Moment, Text, record
from connectors.platforms.magento.attributes import Attributes
from connectors.platforms.magento.forms import ProductMap, mapped, text
from connectors.platforms.magento.reading import Cursor, Listing, Wire
from connectors.platforms.magento.shop import Filter, Group, Shop
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
SINGLE = ("simple", "virtual", "downloadable")
INVISIBLE = 1
ENABLED = 1
GRAM = Decimal("0.001")
# Told by the hub in places of their own, or of no meaning outside of the shop.
_TOLD_ELSEWHERE = {"cost", "price", "special_price", "gallery", "image", "small_image", "thumbnail", "swatch_image"}
# How many changed variants are remembered one by one while the products that have them are still to be found.
MOST_CHANGED = 1000
# Each may bring many variants, by calls of their own, and a page must be done well within a lease.
MOST_A_PAGE = 50


class Products(Listing):
    """A partial read brings what changed, then the configurable products of the variants that changed.

    The vendor tells no variant's product, so these are found by going through the configurable ones once.
    """

    path = "/products"

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self.map: ProductMap = shop.field_map.products
        self.attributes = Attributes(shop)

    @property
    def size(self) -> int:
        return min(MOST_A_PAGE, super().size)

    def only(self) -> list[Group]:
        return [[Filter("type_id", ",".join((*SINGLE, CONFIGURABLE)), "in")]]

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
            waiting = sorted({*waiting, *self.numbers(row for row in rows if is_variant(row))})
            waiting = waiting if len(waiting) <= MOST_CHANGED else None
        # Before their products have been read as well, nothing may be taken for done.
        done = waiting == []
        if following is None:
            following = None if done else {"parents": 0}
        if following is not None:
            following = {**following, "variants": waiting}
        return Page(self.records(visible), following, cut=cut if done else None)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        numbers = [each for each in external_ids if each.isdecimal()]
        return self.records(self.shop.named(self.path, "entity_id", numbers, *self.only(), shown()))

    def ids(self, cursor: int | None, *groups: Group) -> IdPage:
        return super().ids(cursor, shown(), *groups)

    def _parents(self, variants: list[int] | None, after: int) -> Page:
        """Configurable products that have one of the variants; all of them where there were too many to remember."""
        rows, following, _ = self.after(after, [Filter("type_id", CONFIGURABLE)])
        wanted = None if variants is None else set(variants)
        found = [row for row in rows if wanted is None or wanted & set(links_of(row))]
        return Page(self.records(found), {"parents": following, "variants": variants} if following else None)

    # From JSON to records

    def records(self, rows: list[Any]) -> list[Record]:
        children = self._children(rows)
        sold = [*rows, *children.values()]
        stock = self._stock([row["sku"] for row in sold if isinstance(row, dict) and isinstance(row.get("sku"), str)])
        made = []
        for row in rows:
            below = [children[number] for number in links_of(row) if number in children]
            made.append(record(row, _Product, _Reading(self, below, stock).product, self._bare))
            made[-1].raw = row | {"children": below} if below else row
        return made

    def _bare(self, number: str) -> ProductRecord:
        return ProductRecord(external_id=number, title="", link=self.link(number))

    def link(self, number: str) -> str:
        return self.shop.link(f"catalog/product/edit/id/{number}")

    def _children(self, rows: Iterable[Any]) -> dict[int, dict[str, Any]]:
        numbers = [number for row in rows for number in links_of(row)]
        found = self.shop.named(self.path, "entity_id", numbers)
        return {row["id"]: row for row in found if self.numbers([row])}

    def _stock(self, skus: Sequence[str]) -> dict[str, list[StockRecord]]:
        """SKU in lower case → what each source holds of it: to the shop, case makes no difference."""
        stock: dict[str, list[StockRecord]] = defaultdict(list)
        for row in self.shop.named("/inventory/source-items", "sku", skus, sort=("source_code",)):
            match row:
                case {"sku": str(sku), "source_code": str(source), "quantity": int() | float() as quantity}:
                    stock[sku.lower()].append(StockRecord(quantity=Decimal(str(quantity)), location=source))
        for records in stock.values():
            records.sort(key=lambda each: each.location)
        return stock

    @cached_property
    def media(self) -> str:
        config = self.shop.config
        return str(config.get("secure_base_media_url") or config.get("base_media_url") or "").rstrip("/")

    @cached_property
    def grams_per_unit(self) -> Decimal:
        return grams_per_unit(str(self.shop.config["weight_unit"]))


def shown() -> Group:
    """For what a shop shows by itself."""
    return [Filter("visibility", INVISIBLE, "neq"), Filter("type_id", CONFIGURABLE)]


def is_variant(row: Any) -> bool:
    return isinstance(row, dict) and row.get("visibility") == INVISIBLE and row.get("type_id") != CONFIGURABLE


def links_of(row: Any) -> list[int]:
    """The numbers of a configurable product's variants, in the shop's order."""
    extension = row.get("extension_attributes") if isinstance(row, dict) else None
    links = extension.get("configurable_product_links") if isinstance(extension, dict) else None
    return [int(each) for each in links or () if str(each).isdecimal()]


class _Reading:
    """One row, with the rows of its variants, on its way to a record."""

    def __init__(self, products: Products, children: list[dict[str, Any]], stock: dict[str, list[StockRecord]]) -> None:
        self.products = products
        self.map = products.map
        self.children = children
        self.stock = stock
        self.problems: list[Problem] = []

    def product(self, wire: "_Product") -> ProductRecord:
        status = "live" if wire.status == ENABLED else "suspended"
        custom = wire.custom_attributes
        return ProductRecord(
            external_id=str(wire.id),
            updated_at=wire.updated_at,
            link=self.products.link(str(wire.id)),
            title=wire.name,
            slug=text(mapped(custom, "url_key")),
            description=text(mapped(custom, "description")),
            product_type="physical" if wire.type_id in ("simple", CONFIGURABLE) else "digital",
            status=status,
            brand_id=text(mapped(custom, self.map.brand)),
            category_ids=sorted({each.category_id for each in wire.extension.category_links}, key=_numeric),
            attributes=self._attributes(wire),
            variants=self._variants(wire, status),
            images=self._images(wire),
            problems=self.problems,
        )

    def _attributes(self, wire: "_Product") -> dict[str, Any]:
        """Those that people made, by the names that people gave them, apart from what is told elsewhere."""
        told = {*_TOLD_ELSEWHERE, self.map.brand, self.map.rrp, self.map.barcode, self.map.restock_date}
        told |= set(self.map.settings.values()) | {option.code for option in self._options(wire)}
        found = {}
        for each in wire.custom_attributes:
            code = each.get("attribute_code", "") if isinstance(each, dict) else ""
            attribute = self.products.attributes[code]
            if attribute and attribute.own and code not in told and (shown := attribute.shown(each.get("value"))):
                found[attribute.label] = shown
        return dict(sorted(found.items()))

    def _options(self, wire: "_Product") -> list[Any]:
        numbers = [option.attribute_id for option in sorted(wire.extension.options, key=lambda each: each.position)]
        return [found for number in numbers if (found := self.products.attributes.numbered(number))]

    def _variants(self, wire: "_Product", status: str) -> list[VariantRecord]:
        if wire.type_id != CONFIGURABLE:
            return [self._variant(wire, wire, 0, status)]
        found = []
        for position, row in enumerate(self.children):
            made = record(row, _Product, lambda child: ProductRecord(external_id=str(child.id), title=""), _unread)
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
                found.append(self._variant(_Product.model_validate(row), wire, position, status))
        return found

    def _variant(self, own: "_Product", product: "_Product", position: int, status: str) -> VariantRecord:
        images = self._images(own)
        fatal = own is product
        return VariantRecord(
            external_id=str(own.id),
            sku=own.sku,
            barcode=text(mapped(own.custom_attributes, self.map.barcode)),
            weight_in_grams=self._weight(own, fatal=fatal),
            position=position,
            cart_image_url=images[0].url if images else "",
            options=[
                {"name": option.label, "value": str(option.shown(chosen))}
                for option in self._options(product)
                if (chosen := mapped(own.custom_attributes, option.code)) is not None
            ],
            status=status if own.status == ENABLED else "suspended",
            rrp=_positive(mapped(own.custom_attributes, self.map.rrp)),
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
        value = mapped(own.custom_attributes, code)
        value = mapped(product.custom_attributes, code) if value is None else value
        attribute = self.products.attributes[code]
        return attribute.shown(value) if attribute and value is not None else value

    def _stock(self, own: "_Product", product: "_Product") -> list[StockRecord]:
        found = self.stock.get(own.sku.lower()) or [StockRecord(quantity=None)]
        restock = _day(self._shown(own, product, self.map.restock_date)) if self.map.restock_date else None
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
        special = _positive(mapped(own.custom_attributes, "special_price"))
        today = datetime.now(UTC).date()
        first = _day(mapped(own.custom_attributes, "special_from_date")) or date.min
        last = _day(mapped(own.custom_attributes, "special_to_date")) or date.max
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

    def _images(self, wire: "_Product") -> list[ImageRecord]:
        shown = [each for each in wire.media_gallery_entries if each.media_type == "image" and not each.disabled]
        return [
            ImageRecord(
                external_id=each.id,
                url=f"{self.products.media}/catalog/product/{each.file.lstrip('/')}",
                alt=each.label,
                position=each.position,
            )
            for each in sorted(shown, key=lambda each: (each.position, _numeric(each.id)))
        ]

    def _report(self, code: str, message: str, mend: str = "", *, fatal: bool = False, ref: str = "") -> None:
        mend = mend or "Open and save it in Magento; if that does not help, tell whoever looks after the shop."
        self.problems.append(Problem(code, message, mend, fatal, f"variant:{ref}" if ref else ""))


def _unread(number: str) -> ProductRecord:
    return ProductRecord(external_id=number, title="")


def _numeric(number: str) -> tuple[int, str]:
    return len(number), number


def _positive(value: Any) -> Decimal | None:
    """A positive number; None for anything else: merchants leave zero where nothing is meant."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number > 0 else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


class _Entry(Wire):
    id: Text
    media_type: str = "image"
    label: Text = ""
    position: int = 0
    disabled: bool = False
    file: Text = ""


class _CategoryLink(Wire):
    category_id: Text


class _Option(Wire):
    attribute_id: Text
    position: int = 0


class _Extension(Wire):
    category_links: list[_CategoryLink] = []
    configurable_product_options: list[_Option] = []

    @property
    def options(self) -> list[_Option]:
        return self.configurable_product_options


class _Product(Wire):
    id: int
    sku: Text
    name: Text = ""
    status: int = 0
    type_id: str = "simple"
    price: Decimal | None = None
    weight: Decimal | None = None
    updated_at: Moment | None = None
    custom_attributes: list[Any] = []
    media_gallery_entries: list[_Entry] = []
    extension_attributes: _Extension = _Extension()

    @property
    def extension(self) -> _Extension:
        return self.extension_attributes
