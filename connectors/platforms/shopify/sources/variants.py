"""Variants of a product with their prices and their stock by location."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.platforms.shopify.client import ShopifyClient, number_of
from connectors.platforms.shopify.mapping import mapped_value
from connectors.platforms.shopify.reader import Reader
from connectors.sdk import issues
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.records import PriceRecord, Problem, StockRecord, VariantRecord
from hub.kinds import Kind

GRAMS = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}
_GRAM = Decimal("0.001")
# What Shopify calls the only variant of a product without options, and its option.
_DEFAULT_OPTION = ("Title", "Default Title")
_COUNTED = (issues.PRICE_MISSING, issues.WEIGHT_MISSING)


def read_locations(client: ShopifyClient) -> dict[str, bool]:
    """The store's locations by ID, and whether their stock can be sold."""
    found: dict[str, bool] = {}
    for row in client.locations():
        online = row.get("fulfillsOnlineOrders") is True or not client.settings.online_locations_only
        found[number_of(row.get("id"))] = row.get("isActive") is True and online
    return found


class VariantReader:
    """Reads the variants of one product. `locations` is what `read_locations` returns."""

    def __init__(self, client: ShopifyClient, product: Reader, locations: dict[str, bool]) -> None:
        self._settings = client.settings
        self._map = client.field_map.products
        self._transformed = client.field_map.transformations
        self._product = product
        self._locations = locations
        # Name of the field → the variants without a valid value: what is wrong, their names and IDs.
        self._invalid: dict[str, list[tuple[Callable[..., Problem], str, str]]] = {"price": [], "weight": []}

    def report_invalid(self, variants: int) -> None:
        """Products without a valid price or weight are not imported (B4). If only some variants lack it, each has an
        issue of its own. `variants` is the number of all variants."""
        for found in self._invalid.values():
            fatal = len(found) == variants
            for issue, name, number in found[:1] if fatal else found:
                count = {"count": len(found) if fatal else 1} if issue in _COUNTED else {}
                names = ", ".join(each for _, each, _ in found[:5]) if fatal else name
                ref = "" if fatal else f"variant:{number}"
                self._product.report(issue(names=names, fatal=fatal, ref=ref, **count))

    def variant(self, variant: Reader, status: str) -> VariantRecord:
        number, sku = variant.number(), variant.text("sku")
        options = [
            {"name": each.text("name"), "value": each.text("value")} for each in variant.objects("selectedOptions")
        ]
        if [(each["name"], each["value"]) for each in options] == [_DEFAULT_OPTION]:
            options = []
        label = " / ".join(option["value"] for option in options) or self._product.text("title")
        if not sku:
            variant.report(issues.SKU_MISSING(count=1, names=label, fatal=False, ref=f"variant:{number}"))
        return VariantRecord(
            external_id=number,
            sku=sku,
            barcode=variant.text("barcode"),
            weight_in_grams=self._weight(variant, sku or label, number),
            position=variant.integer("position"),
            options=options,
            status=status,
            settings={
                name: value
                for name, path in self._map.settings.items()
                if (value := self._mapped(variant, path)) not in (None, "")
            },
            price=self._price(variant, sku or label, number),
            stock=self._stock(variant),
            **self._mapped_values(Kind.VARIANT, variant),
        )

    def _mapped_values(self, kind: str, variant: Reader) -> dict[str, Any]:
        paths = mapped_paths(self._map, kind)
        values = {name: self._mapped(variant, path) for name, path in paths.items()}
        return mapped_values(kind, values, self._transformed)

    def _mapped(self, variant: Reader, path: str) -> Any:
        """A field of the variant, else of its product (D11)."""
        own = mapped_value(variant.raw, path)
        return mapped_value(self._product.raw, path) if own in (None, "") else own

    def _weight(self, variant: Reader, name: str, number: str) -> Decimal | None:
        """In grams. What is shipped has a weight; zero is valid (B4)."""
        item = variant.nested("inventoryItem")
        weight = item.nested("measurement", "weight")
        value = weight.decimal("value")
        if value is None or value < 0:
            if item.flag("requiresShipping"):
                issue = issues.WEIGHT_MISSING if value is None else issues.WEIGHT_NEGATIVE
                self._invalid["weight"].append((issue, name, number))
            return None
        unit = weight.text("unit")
        if unit not in GRAMS:
            raise MalformedField("weight.unit", unit, "a unit of the vendor's")
        return (value * GRAMS[unit]).quantize(_GRAM)

    def _price(self, variant: Reader, name: str, number: str) -> PriceRecord | None:
        """The price in the shop's currency; a higher price to compare with is the one before the reduction."""
        price, full = variant.decimal("price"), variant.decimal("compareAtPrice")
        if price is None or price < 0:
            issue = issues.PRICE_MISSING if price is None else issues.PRICE_NEGATIVE
            self._invalid["price"].append((issue, name, number))
            return None
        return PriceRecord(amount=price, list_amount=full if full is not None and full > price else None)

    def _stock(self, variant: Reader) -> list[StockRecord]:
        """What is available at each location; of one that cannot be sold from, nothing.

        Not limited if the stock is not tracked, or if the variant is sold without stock. A bundle has as many as its
        parts allow.
        """
        mapped = self._mapped_values("stock", variant)
        item = variant.nested("inventoryItem")
        if variant.flag("requiresComponents"):
            return [StockRecord(quantity=Decimal(variant.integer("sellableOnlineQuantity")), **mapped)]
        if not item.flag("tracked") or variant.text("inventoryPolicy") == "CONTINUE":
            return [StockRecord(quantity=None, **mapped)]
        found = []
        for level in item.objects("inventoryLevels"):
            location = level.nested("location").number()
            if self._settings.location_ids and int(location or 0) not in self._settings.location_ids:
                continue
            sold = level.flag("isActive") and self._locations.get(location, True)
            found.append(StockRecord(location=location, quantity=_available(level) if sold else Decimal(0), **mapped))
        # What is stocked nowhere is sold out, which is not the same as "not tracked".
        return found or [StockRecord(quantity=Decimal(0), **mapped)]


def _available(level: Reader) -> Decimal:
    for each in level.objects("quantities"):
        if each.text("name") == "available" and (quantity := each.decimal("quantity")) is not None:
            return quantity
    raise MalformedField("quantities", None, "a list with the quantity `available`")
