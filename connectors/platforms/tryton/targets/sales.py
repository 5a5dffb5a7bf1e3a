"""Sales in Tryton: how they are found, filled with lines, and taken through their states.

A create over REST runs none of the rules that fill fields while a person types, so unit, price, taxes and addresses are
sent. Seen on a real 8.2 server; states: https://pypi.org/project/trytond-sale/
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.targets.lookups import Lookups
from connectors.platforms.tryton.values import Row, decimal_json, decimal_or_none, record_id
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.values import json_number

MODEL = "sale.sale"
_LINE = ("type", "product", "unit", "quantity", "unit_price", "description", "taxes")
# The states in which a sale can be taken further, and the button.
_STEPS = {
    "draft": ("quote", "quotation"),
    "quotation": ("confirm", "confirmed"),
    "confirmed": ("process", "processing"),
}
_ORDER = ("draft", "quotation", "confirmed", "processing", "done")


@dataclass(frozen=True, slots=True)
class WantedLine:
    """A line as it shall be. `values` are the fields of `sale.line`; `price` is None for a quantity of 0."""

    key: str
    product: int | None
    title: str
    quantity: Decimal
    price: Decimal | None
    unit: int | None
    tax: int | None

    @property
    def identity(self) -> int | str:
        """What a line of ours is recognized by: its product, else its description."""
        return self.title if self.product is None else self.product

    @property
    def values(self) -> Row:
        found: Row = {"type": "line", "quantity": json_number(self.quantity)}
        found |= {"unit_price": decimal_json(self.price or Decimal(0))}
        found |= {"description": self.title} if self.product is None else {"product": self.product, "unit": self.unit}
        return found


def fields(client: TrytonClient) -> list[str]:
    names = client.field_map.orders
    client.check_fields(MODEL, [names.key, names.number, names.note])
    own = [names.key, names.number, *([names.note] if names.note else [])]
    totals = ["state", "number", "total_amount", "tax_amount", "sale_date"]
    shipments = ["shipments.number", "shipments.state"]
    return list(dict.fromkeys([*own, *totals, *shipments, *(f"lines.{name}" for name in _LINE)]))


def find(client: TrytonClient, keys: Iterable[str]) -> dict[str, Row]:
    """Key → sale with its lines, for those that exist; of several the oldest."""
    found: dict[str, Row] = {}
    name = client.field_map.orders.key
    for row in client.among(MODEL, name, sorted(set(keys)), fields(client)):
        found.setdefault(str(row.get(name)), row)
    return found


def lines_of(sale: Row) -> list[Row]:
    """The lines with quantities, in the order of their creation."""
    rows = sale.get("lines")
    if not isinstance(rows, list):
        raise TryAgainLater("Tryton returned a sale without its lines.", sent=False)
    return sorted((row for row in rows if row.get("type") == "line"), key=record_id)


def match(wanted: Sequence[WantedLine], sale: Row) -> dict[str, Row]:
    """Key → line in Tryton: in order among lines with the same product, or without one, the same description."""
    free: dict[int | str, list[Row]] = defaultdict(list)
    for row in lines_of(sale):
        free[record_id(row, "product") if row.get("product") else str(row.get("description"))].append(row)
    return {line.key: free[line.identity].pop(0) for line in wanted if free[line.identity]}


def line_commands(wanted: Sequence[WantedLine], sale: Row | None) -> list[Any]:
    """The commands that give a sale which is a draft these lines, and no others."""
    if sale is None:
        return [["create", [_new(line) for line in wanted if line.quantity]]]
    matched = match([line for line in wanted if line.quantity], sale)
    commands: list[Any] = [
        ["write", [record_id(row)], line.values | {"taxes": _taxes(line, row)}]
        for line in wanted
        if (row := matched.get(line.key))
    ]
    if created := [_new(line) for line in wanted if line.quantity and line.key not in matched]:
        commands.append(["create", created])
    kept = {record_id(row) for row in matched.values()}
    if gone := [record_id(row) for row in lines_of(sale) if record_id(row) not in kept]:
        commands.append(["delete", gone])
    return commands


def price_differs(line: WantedLine, row: Row) -> bool:
    return line.price is not None and decimal_or_none(row.get("unit_price")) != line.price


def advance(client: TrytonClient, sale: Row, state: str) -> Row:
    """Take a sale as far as the state of the settings. SkipRecord with Tryton's reason if a step is refused.

    Tryton's queue may have done a step by itself meanwhile, so the state that it reports is what counts.
    """
    names = fields(client)
    for _ in _STEPS:
        now = str(sale.get("state"))
        if now not in _STEPS or _ORDER.index(now) >= _ORDER.index(state):
            break
        sale = client.act(MODEL, record_id(sale), _STEPS[now][0], names)
    return sale


def wanted_line(
    lookups: Lookups, row: Any, currency: str, *, decimals: int, charge_product: str, negative: bool = False
) -> WantedLine:
    """A line of a payload with the IDs of Tryton's records. SkipRecord if it refers to something that Tryton lacks."""
    quantity, net = Decimal(row["quantity"]), Decimal(row["net"])
    rate = Decimal(row["rate"]) if "rate" in row else None
    is_charge = not row["sku"] and row.get("key", "charge").startswith("charge")
    sku = row["sku"] or (charge_product if is_charge else "")
    product = lookups.product(sku) if sku else None
    return WantedLine(
        key=row.get("key", ""),
        product=product.id if product else None,
        unit=product.unit if product else None,
        title=row["title"],
        quantity=-quantity if negative else quantity,
        price=(net / quantity).quantize(Decimal(1).scaleb(-decimals)) if quantity else None,
        tax=lookups.tax(net, Decimal(row["tax"]), rate, currency) if quantity else None,
    )


def refuse_if_shipping(sale: Row) -> None:
    """SkipRecord while somebody picks or packs the goods: a change would leave the old quantities in the warehouse."""
    for row in sale.get("shipments") or ():
        if row.get("state") in ("assigned", "picked", "packed"):
            raise SkipRecord(
                issues.REJECTED(reason=f"Shipment {row.get('number')} is being prepared in the warehouse.")
            )


def _new(line: WantedLine) -> Row:
    return line.values | ({"taxes": [["add", [line.tax]]]} if line.tax else {})


def _taxes(line: WantedLine, row: Row) -> list[Any]:
    before = [each for each in row.get("taxes") or () if each != line.tax]
    return [*([["remove", before]] if before else []), *([["add", [line.tax]]] if line.tax else [])]
