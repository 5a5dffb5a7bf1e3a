"""What sales refer to: products by SKU, taxes by rate, currencies by code. Read once for a turn."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.values import decimal_or_none, record_id
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, SkipRecord
from connectors.sdk.orders import rounding

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Product:
    """A product and the unit that it is sold in."""

    id: int
    unit: int


class Lookups:
    def __init__(self, client: TrytonClient) -> None:
        self.client = client
        self._products: dict[str, list[Product]] = {}
        self._currencies: dict[str, int] = {}

    def load_products(self, skus: Iterable[str]) -> None:
        """Read the active products with these SKUs that are not known yet."""
        name = self.client.field_map.products.sku
        self.client.check_fields("product.product", [name])
        wanted = sorted({sku for sku in skus if sku} - self._products.keys())
        found: dict[str, list[Product]] = defaultdict(list)
        fields = [name, "default_uom", *(["sale_uom"] if self.client.has("product.product", "sale_uom") else [])]
        for row in self.client.among("product.product", name, wanted, fields, domain=[["active", "=", True]]):
            unit = record_id(row, "sale_uom" if row.get("sale_uom") else "default_uom")
            found[str(row.get(name))].append(Product(record_id(row), unit))
        self._products |= {sku: found[sku] for sku in wanted}

    def product(self, sku: str) -> Product:
        """SkipRecord if no product has the SKU, or several: Tryton's codes need not be unique."""
        found = self._products.get(sku, [])
        if len(found) > 1:
            raise SkipRecord(issues.REJECTED(reason=f"{len(found)} active products have the code {sku}."))
        if not found:
            raise SkipRecord(issues.ITEM_NOT_AT_TARGET(sku=sku))
        return found[0]

    def currency(self, code: str) -> int:
        if code not in self._currencies:
            for row in self.client.rows("currency.currency", [["code", "=", code]], ["code"]):
                self._currencies.setdefault(code, record_id(row))
        if code not in self._currencies:
            raise SkipRecord(issues.ORDER_CURRENCY_UNKNOWN(currency=code))
        return self._currencies[code]

    def tax(self, net: Decimal, tax: Decimal, rate: Decimal | None, currency: str) -> int | None:
        """The tax of a line: that of its rate, else one that makes this tax of this net amount. None for no tax.

        SkipRecord if there is none, or if several taxes have the rate and the settings do not choose one.
        """
        if rate is None or (rate not in self._taxes and rate):
            implied = [each for each in self._taxes if abs(net * each / _HUNDRED - tax) <= rounding(currency, 1)]
            if not implied and abs(tax) > rounding(currency, 1):
                shown = rate if rate is not None else tax * _HUNDRED / net if net else Decimal(0)
                raise SkipRecord(issues.TAX_RATE_UNKNOWN(rate=f"{shown.quantize(Decimal('0.01')).normalize():f}"))
            rate = min(implied, key=lambda each: abs(net * each / _HUNDRED - tax)) if implied else Decimal(0)
        found = self._taxes.get(rate, [])
        if len(found) > 1:
            raise SkipRecord(
                issues.REJECTED(
                    reason=f"{len(found)} taxes have the rate {rate.normalize():f} %. Choose one in the settings."
                )
            )
        return found[0] if found else None

    @cached_property
    def _taxes(self) -> dict[Decimal, list[int]]:
        """Rate in percent → IDs of sales taxes; those of the settings come alone."""
        found: dict[Decimal, list[int]] = defaultdict(list)
        domain = [
            ["company", "=", self.client.company],
            ["type", "=", "percentage"],
            ["active", "=", True],
            ["parent", "=", None],
            ["OR", ["group", "=", None], ["group.kind", "in", ["sale", "both"]]],
        ]
        for row in self.client.rows("account.tax", domain, ["rate"]):
            if (rate := decimal_or_none(row.get("rate"))) is not None:
                found[rate * _HUNDRED].append(record_id(row))
        chosen = {Decimal(rate): [int(number)] for rate, number in self.client.settings.taxes.items() if number}
        return {**found, **chosen}

    @cached_property
    def warehouse(self) -> int | None:
        """The warehouse of the settings; None for Tryton's default."""
        code = self.client.settings.order_warehouse
        if not code:
            return None
        domain = [["type", "=", "warehouse"], ["code", "=", code], ["active", "=", True]]
        for row in self.client.rows("stock.location", domain, []):
            return record_id(row)
        raise NeedsAttention(
            f"Tryton has no active warehouse with the code {code}.",
            fix="Correct “Warehouse of orders” in the settings of this connection.",
        )
