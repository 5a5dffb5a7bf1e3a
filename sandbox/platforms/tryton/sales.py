"""What a database holds of a sale, and what its warehouse does with it (`sandbox.sales`).

A sale is named by its key (`description`). `refunded` is the sum of the returns that refer to it.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO
from sandbox.platforms.tryton import trading
from sandbox.platforms.tryton.database import Records, Row
from sandbox.platforms.tryton.values import UserError
from sandbox.sales import Action, RefusedSale, Sales, UnknownSale, plain, sale_line


class TrytonSales(Sales):
    """The sales of all databases."""

    def __init__(self, databases: Callable[[], dict[str, Records]]) -> None:
        self.databases = databases

    def view(self, account: str, order: str) -> dict[str, Any]:
        records, sale = self._sale(account, order)
        lines = []
        for line in trading.sale_lines(records, sale):
            product = records.tables["product.product"].get(line.get("product") or 0)
            if product is None:
                continue
            moves = [move for move in trading.moves_of(records, sale) if move["origin"] == f"sale.line,{line['id']}"]
            shipped = sum((Decimal(str(move["quantity"])) for move in moves if self._has_left(records, move)), ZERO)
            lines.append(sale_line(line["id"], product["code"], Decimal(str(line["quantity"])), shipped=shipped))
        returns = [
            row for row in records.tables["sale.sale"].values() if row.get("origin") == f"sale.sale,{sale['id']}"
        ]
        return {
            "id": sale["description"],
            "number": sale.get("number") or "",
            "currency": trading.currency_of(records, sale),
            "total": plain(trading.total_amount(records, sale, {})),
            "tax": plain(trading.tax_amount(records, sale, {})),
            "refunded": plain(-sum((trading.total_amount(records, each, {}) for each in returns), ZERO)),
            "status": sale["state"],
            "lines": lines,
        }

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        return {"ship": self.ship}

    def ship(self, account: str, action: Action) -> None:
        """Ship lines by their ID."""
        records, sale = self._sale(account, action.order)
        quantities = None
        if action.lines is not None:
            quantities = {int(line): quantity for line, quantity in action.lines.items()}
        try:
            trading.ship(records, sale, quantities, list(action.tracking), "done")
        except UserError as error:
            raise RefusedSale(str(error)) from error

    @staticmethod
    def _has_left(records: Records, move: Row) -> bool:
        shipment = int(str(move["shipment"]).partition(",")[2])
        return records.tables["stock.shipment.out"][shipment]["state"] in ("shipped", "done")

    def _sale(self, account: str, order: str) -> tuple[Records, Row]:
        databases = self.databases()
        if account not in databases:
            raise UnknownSale(f"accounts: {', '.join(databases)}")
        for row in databases[account].tables["sale.sale"].values():
            if row.get("description") == order:
                return databases[account], row
        raise UnknownSale(f"there is no sale {order}")
