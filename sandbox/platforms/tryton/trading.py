"""What Tryton works out and what its buttons do: amounts, stock, sales, shipments, amendments.

Rules: https://pypi.org/project/trytond-sale/, https://pypi.org/project/trytond-stock/,
https://packages.debian.org/trixie/tryton-modules-sale-amendment; what they leave open as seen on a real 8.2 server.
"""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO, places_of, rounded
from sandbox.platforms.tryton.database import Computed, Context, Records, Row
from sandbox.platforms.tryton.values import HttpError, UserError

# State of a sale → buttons that can be pressed.
_BUTTONS = {
    "draft": {"quote": "quotation", "cancel": "cancelled"},
    "quotation": {"confirm": "confirmed", "draft": "draft", "cancel": "cancelled"},
    "confirmed": {"process": "processing", "draft": "draft"},
    "processing": {"process": "processing"},
    "done": {"process": "done"},
    "cancelled": {"draft": "draft"},
}


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


# Amounts


def currency_of(records: Records, sale: Row) -> str:
    return str(records.tables["currency.currency"][sale["currency"]]["code"])


def line_amount(records: Records, line: Row, context: Context) -> Decimal:
    """Quantity × unit price, rounded to the currency."""
    sale = records.tables["sale.sale"][line["sale"]]
    amount = _number(line.get("quantity")) * _number(line.get("unit_price"))
    return rounded(amount, places_of(currency_of(records, sale)))


def untaxed_amount(records: Records, sale: Row, context: Context) -> Decimal:
    return sum((line_amount(records, line, context) for line in sale_lines(records, sale)), ZERO)


def tax_amount(records: Records, sale: Row, context: Context) -> Decimal:
    """Each tax of all lines together, rounded once: the rounding of a document, which is the default."""
    bases: dict[int, Decimal] = defaultdict(Decimal)
    for line in sale_lines(records, sale):
        for tax in line.get("taxes", ()):
            bases[tax] += _number(line.get("quantity")) * _number(line.get("unit_price"))
    places = places_of(currency_of(records, sale))
    taxes = records.tables["account.tax"]
    return sum((rounded(base * taxes[tax]["rate"], places) for tax, base in bases.items()), ZERO)


def total_amount(records: Records, sale: Row, context: Context) -> Decimal:
    return untaxed_amount(records, sale, context) + tax_amount(records, sale, context)


def sale_lines(records: Records, sale: Row) -> list[Row]:
    return [row for row in records.tables["sale.line"].values() if row.get("sale") == sale["id"]]


# Stock


def _quantity(records: Records, product: Row, context: Context, *, forecast: bool) -> float:
    """What moves into and out of the warehouses of the context add up to; without any, nothing."""
    total = ZERO
    for move in records.tables["stock.move"].values():
        if move["product"] != product["id"] or move["warehouse"] not in context.get("locations", ()):
            continue
        if move["state"] == "done" or (forecast and move["state"] in ("draft", "assigned")):
            total += _number(move["quantity"]) * (-1 if move.get("shipment") else 1)
    return float(total)


def list_price(records: Records, product: Row, context: Context) -> Decimal | None:
    """The price of the product, else of its template; only for a company."""
    if not context.get("company"):
        return None
    own = product.get("list_price")
    return own if own is not None else records.tables["product.template"][product["template"]].get("list_price")


def moves_of(records: Records, sale: Row) -> list[Row]:
    origins = {f"sale.line,{line['id']}" for line in sale_lines(records, sale)}
    return [move for move in records.tables["stock.move"].values() if move.get("origin") in origins]


def shipments_of(records: Records, sale: Row, context: Context) -> list[int]:
    return sorted({_shipment(move) for move in moves_of(records, sale)})


def _shipment(move: Row) -> int:
    return int(str(move["shipment"]).partition(",")[2])


COMPUTED: dict[tuple[str, str], Computed] = {
    ("sale.line", "amount"): line_amount,
    ("sale.sale", "untaxed_amount"): untaxed_amount,
    ("sale.sale", "tax_amount"): tax_amount,
    ("sale.sale", "total_amount"): total_amount,
    ("sale.sale", "shipments"): shipments_of,
    ("product.product", "list_price_used"): list_price,
    ("product.product", "quantity"): lambda records, row, context: _quantity(records, row, context, forecast=False),
    ("product.product", "forecast_quantity"): lambda records, row, context: _quantity(
        records, row, context, forecast=True
    ),
}


# Buttons


def press(records: Records, model: str, row: Row, button: str) -> None:
    if model == "sale.amendment" and button == "validate_amendment":
        _validate_amendment(records, row)
    elif model == "sale.sale" and any(button in each for each in _BUTTONS.values()):
        _press_sale(records, row, button)
    else:
        raise HttpError(403, "You don't have the permission to access the requested resource.")


def _press_sale(records: Records, sale: Row, button: str) -> None:
    following = _BUTTONS[sale["state"]].get(button)
    if following is None:
        name = records.value("sale.sale", sale, "rec_name", {})
        raise UserError(f'You can not call "{button}" on "{name}" of "Sale".')
    if button == "quote":
        _check_quotation(records, sale)
        if not sale.get("number"):
            sale["number"] = str(1 + sum(bool(each.get("number")) for each in records.tables["sale.sale"].values()))
    if button == "process":
        _ship_what_is_left(records, sale)
        following = _processed_state(records, sale)
    records.write("sale.sale", sale, {"state": following})
    if button == "confirm":
        # Without a worker, the queue does this at once.
        _press_sale(records, sale, "process")


def _check_quotation(records: Records, sale: Row) -> None:
    name = records.value("sale.sale", sale, "rec_name", {})
    if not sale.get("invoice_address"):
        raise UserError(f'To get a quote for sale "{name}" you must enter an invoice address.')
    if any(_is_goods(records, line) for line in sale_lines(records, sale)) and not sale.get("shipment_address"):
        raise UserError(f'To get a quote for sale "{name}" you must enter a shipment address.')


def _is_goods(records: Records, line: Row) -> bool:
    product = records.tables["product.product"].get(line.get("product") or 0)
    return product is not None and records.tables["product.template"][product["template"]]["type"] != "service"


def _ship_what_is_left(records: Records, sale: Row) -> None:
    """One shipment for the goods of all lines that have no moves yet."""
    planned: dict[str, Decimal] = defaultdict(Decimal)
    for move in moves_of(records, sale):
        if move["state"] != "cancelled":
            planned[move["origin"]] += _number(move["quantity"])
    shipment = None
    for line in sale_lines(records, sale):
        origin = f"sale.line,{line['id']}"
        left = _number(line.get("quantity")) - planned[origin]
        if left <= 0 or not _is_goods(records, line):
            continue
        shipment = shipment or _new_shipment(records, sale["warehouse"])
        values = {"product": line["product"], "quantity": float(left), "origin": origin, "warehouse": sale["warehouse"]}
        records.create("stock.move", values | {"shipment": f"stock.shipment.out,{shipment['id']}"})


def _new_shipment(records: Records, warehouse: int) -> Row:
    number = str(len(records.tables["stock.shipment.out"]) + 1)
    return records.create("stock.shipment.out", {"number": number, "state": "waiting", "warehouse": warehouse})


def _processed_state(records: Records, sale: Row) -> str:
    """A sale of which nothing is left is done; others wait for shipments and invoices."""
    return "processing" if any(_number(line.get("quantity")) for line in sale_lines(records, sale)) else "done"


def _validate_amendment(records: Records, amendment: Row) -> None:
    sale = records.tables["sale.sale"][amendment["sale"]]
    if amendment["state"] != "draft" or sale["state"] not in ("processing", "done"):
        raise UserError(f'You can not call "validate_amendment" on "({amendment["id"]})" of "Sale Amendment".')
    for change in records.tables["sale.amendment.line"].values():
        if change.get("amendment") == amendment["id"]:
            _apply(records, sale, change)
    _drop_planned_moves(records, sale)
    records.write("sale.amendment", amendment, {"state": "validated"})
    _press_sale(records, sale, "process")


def _apply(records: Records, sale: Row, change: Row) -> None:
    if change["action"] == "line":
        line = records.get("sale.line", change["line"])
        records.write("sale.line", line, {name: change.get(name) for name in ("quantity", "unit_price", "description")})
    elif change["action"] == "party":
        names = ("party", "invoice_party", "invoice_address", "shipment_party", "shipment_address")
        records.write("sale.sale", sale, {name: change.get(name) for name in names})
    else:
        raise UserError(f'The value "{change["action"]}" for field "Action" is not one of the allowed options.')


def _drop_planned_moves(records: Records, sale: Row) -> None:
    """Moves that are still planned go, and shipments of which nothing is left."""
    for number in shipments_of(records, sale, {}):
        shipment = records.tables["stock.shipment.out"][number]
        moves = [move for move in moves_of(records, sale) if _shipment(move) == number]
        gone = [move["id"] for move in moves if move["state"] == "draft"]
        records.delete("stock.move", gone)
        if len(gone) == len(moves) and shipment["state"] in ("draft", "waiting"):
            records.delete("stock.shipment.out", [number])


# The warehouse


def ship(records: Records, sale: Row, quantities: dict[int, Decimal] | None, tracking: list[str], state: str) -> int:
    """Take what is planned of a sale, or these quantities by line, to a state; returns the ID of the shipment."""
    planned = [move for move in moves_of(records, sale) if move["state"] == "draft"]
    if not planned:
        raise UserError("Nothing of the sale is left to ship.")
    shipment = records.tables["stock.shipment.out"][_shipment(planned[0])]
    rest: list[Row] = []
    for move in planned:
        line = int(str(move["origin"]).partition(",")[2])
        wanted = _number(move["quantity"]) if quantities is None else quantities.get(line, ZERO)
        left = _number(move["quantity"]) - wanted
        if left < 0:
            raise UserError(f"Only {move['quantity']} of line {line} are left to ship.")
        if not wanted:
            rest.append(move)
            continue
        records.write("stock.move", move, {"quantity": float(wanted)})
        if left:
            same = {name: move[name] for name in ("product", "origin", "warehouse")}
            rest.append(records.create("stock.move", same | {"quantity": float(left)}))
        if state == "done":
            records.write("stock.move", move, {"state": "done", "effective_date": datetime.now(UTC).date()})
        elif state == "shipped":
            records.write("stock.move", move, {"state": "assigned"})
    if rest:
        # The rest goes into a shipment of its own, as by a back order.
        other = _new_shipment(records, shipment["warehouse"])
        for move in rest:
            records.write("stock.move", move, {"shipment": f"stock.shipment.out,{other['id']}"})
    values: Row = {"state": state}
    if state == "done":
        values["effective_date"] = datetime.now(UTC).date()
    if "carrier" in records.modules:
        values["carrier"] = next(iter(records.tables["carrier"]))
    records.write("stock.shipment.out", shipment, values)
    for number in tracking:
        package = {"number": number, "shipping_reference": number, "shipment": shipment["id"]}
        records.create("stock.package", package)
    return int(shipment["id"])
