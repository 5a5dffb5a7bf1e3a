"""Changes of sales in processing, and their cancellation, by the module `sale_amendment`.

An amendment changes quantities, prices and addresses; Tryton then renews the draft invoices and waiting shipments of
the sale. https://packages.debian.org/trixie/tryton-modules-sale-amendment
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.targets import sales
from connectors.platforms.tryton.targets.sales import WantedLine
from connectors.platforms.tryton.values import Row, date_json, decimal_json, decimal_or_none, record_id, reference_id
from connectors.sdk import clock, issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.values import json_number

MODEL = "sale.amendment"


def amend(client: TrytonClient, sale: Row, key: str, wanted: Sequence[WantedLine], party: Mapping[str, int]) -> Row:
    """Give a sale in processing these lines, party and addresses; lines that are not wanted get a quantity of 0.

    `party`: fields of the sale with the party and its addresses, if they changed. SkipRecord if that cannot be done.
    """
    matched = sales.match(wanted, sale)
    if new := [line for line in wanted if line.quantity and line.key not in matched]:
        names = ", ".join(line.title for line in new)
        raise SkipRecord(issues.REJECTED(reason=f"Lines cannot be added to a sale in processing: {names}."))
    rows = {record_id(row): row for row in sales.lines_of(sale)}
    changes = []
    kept: set[int] = set()
    for line in wanted:
        if row := matched.get(line.key):
            kept.add(record_id(row))
            if decimal_or_none(row.get("quantity")) != line.quantity or sales.price_differs(line, row):
                changes.append(_change(row, line.quantity, line.price))
    changes += [
        _change(row, Decimal(0), None)
        for number, row in rows.items()
        if number not in kept and decimal_or_none(row.get("quantity"))
    ]
    return _apply(client, sale, key, changes, party)


def cancel(client: TrytonClient, sale: Row, key: str) -> Row:
    """Lower all lines of a sale in processing to what was shipped of them, and all others to nothing."""
    shipped = _shipped(client, [record_id(row) for row in sales.lines_of(sale)])
    changes = []
    for row in sales.lines_of(sale):
        left = shipped.get(record_id(row), Decimal(0))
        if not row.get("product") and any(shipped.values()):
            continue  # charges of what was shipped
        if decimal_or_none(row.get("quantity")) != left:
            changes.append(_change(row, left, None))
    return _apply(client, sale, key, changes, {})


def _apply(client: TrytonClient, sale: Row, key: str, changes: list[Row], party: Mapping[str, int]) -> Row:
    if party:
        changes.append(_party_change(client, sale, party))
    if not changes:
        return sale
    if not client.has(MODEL):
        raise SkipRecord(
            issues.REJECTED(reason="Sales in processing can be changed only with the module sale_amendment.")
        )
    sales.refuse_if_shipping(sale)
    number = record_id(sale)
    # Left by a call that was interrupted between creation and validation.
    for row in client.rows(MODEL, [["sale", "=", number], ["state", "=", "draft"], ["description", "=", key]], []):
        client.delete(MODEL, record_id(row))
    values = {
        "sale": number,
        "date": date_json(clock.now().astimezone(UTC).date()),
        "description": key,
        "lines": [["create", changes]],
    }
    amendment = client.create(MODEL, values)
    client.act(MODEL, record_id(amendment), "validate_amendment")
    # The queue of Tryton makes the new shipments and invoices, if it has one; this is repeated safely.
    return client.act(sales.MODEL, number, "process", sales.fields(client))


def _change(row: Row, quantity: Decimal, price: Decimal | None) -> Row:
    price = price if price is not None else decimal_or_none(row.get("unit_price")) or Decimal(0)
    values: Row = {
        "action": "line",
        "line": record_id(row),
        "quantity": json_number(quantity),
        "unit_price": decimal_json(price),
        "description": row.get("description"),
    }
    return values | {name: row.get(name) for name in ("product", "unit")}


def _party_change(client: TrytonClient, sale: Row, party: Mapping[str, int]) -> Row:
    names = ["party", "invoice_party", "shipment_party", "invoice_address", "shipment_address"]
    now = client.read(sales.MODEL, record_id(sale), names)
    return {"action": "party"} | {name: now.get(name) for name in names} | dict(party)


def _shipped(client: TrytonClient, lines: Sequence[int]) -> dict[int, Decimal]:
    """ID of a line → quantity that has left the warehouse."""
    found: dict[int, Decimal] = {}
    shipments: dict[int, list[Row]] = {}
    for move in client.among(
        "stock.move", "origin", [f"sale.line,{line}" for line in lines], ["origin", "shipment", "quantity", "state"]
    ):
        if move.get("state") != "cancelled" and (shipment := reference_id(move.get("shipment"), "stock.shipment.out")):
            shipments.setdefault(shipment, []).append(move)
    domain: list[Any] = [["state", "in", ["shipped", "done"]]]
    for row in client.among("stock.shipment.out", "id", sorted(shipments), [], domain=domain):
        for move in shipments[record_id(row)]:
            line = reference_id(move.get("origin"), "sale.line") or 0
            found[line] = found.get(line, Decimal(0)) + (decimal_or_none(move.get("quantity")) or Decimal(0))
    return found
