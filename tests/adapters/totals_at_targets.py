"""Orders from a shop's sandbox, imported into the hub, and sent to the sandboxes of targets: without workers.

`Books` sends every order to every target and compares what each target then has in its books with what the hub says:
lines and charges less what was canceled and what was paid back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, References
from hub.kinds import DataType, Kind
from hub.models import Job, Link
from orders.amounts import CHARGES
from orders.currencies import quantum
from orders.items import OrderItem, ShipmentItem, load_orders
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.adapters.cases import CASES
from tests.orders.importing import import_records
from tests.sales import RATES, Parts, Sales

D = Decimal
ERP = 77
CURRENCIES = {"GBP": "1", "EUR": "2", "USD": "3", "JPY": "4", "KWD": "5"}
TAX_CODES = {rate: str(number) for number, rate in enumerate(RATES, 1)}
SETTINGS: dict[str, dict[str, Any]] = {
    # With the order's own tax, so that every line may have another rate.
    "netsuite": {
        "currencies": CURRENCIES,
        "tax_type": "1",
        "tax_codes": TAX_CODES,
        "custom_item": "OTHER-CHARGE",
        "refunds": "credit_memo",
        "send_pending": True,
    },
    "tryton": {"refunds": "return", "send_pending": True, "price_decimals": 8},
    "sparklayer": {},
    "rest": {},
}
# Targets with books: what they have is what was sold less what was paid back.
ERPS = ("netsuite", "tryton", "rest")


@dataclass
class Booked:
    """What a target has of an order: `total` less `refunded`, with tax. `codes`: the issues of the order there."""

    total: Decimal = D(0)
    refunded: Decimal = D(0)
    codes: list[str] = field(default_factory=list)


class TargetBooks:
    """One target, and what was sent to it before."""

    def __init__(self, name: str, adapter: Adapter[Any], process: SandboxProcess) -> None:
        self.name = name
        self.target = adapter.target(DataType.ORDERS)
        self.process = process
        self.sales = Sales(process, CASES[name].account[0])
        self.sent: dict[int, Any] = {}
        self.links: dict[tuple[str, int], str] = {}

    def send(self, item: OrderItem) -> Booked:
        try:
            payload = self.target.payload(item, References(self.links))
        except SkipRecord as error:
            return Booked(codes=[error.problem.code])
        before = self.sent.get(item.id)
        if payload is None and before is None:
            return Booked()
        action = Action.REMOVE if payload is None else Action.UPDATE if before else Action.CREATE
        [outcome] = self.target.send([Operation(action, item.id, "", payload, before)])
        codes = [problem.code for problem in outcome.warnings]
        if isinstance(outcome.error, SkipRecord):
            return Booked(codes=[*codes, outcome.error.problem.code])
        assert outcome.error is None, outcome.error
        self.sent[item.id] = payload
        self.links |= outcome.links
        if payload is None:
            view = self.sales.view(f"sc-order-{item.id}")
            assert not any(D(line["open"]) for line in view["lines"]), view
            return Booked()
        return self.view(item, outcome.external_id, codes)

    def view(self, item: OrderItem, key: str, codes: list[str]) -> Booked:
        if self.name == "rest":
            [stored] = [row for row in self.process.state("orders") if row["key"] == key]
            return _of_custom_system(stored, codes)
        found = self.sales.view(key if self.name == "sparklayer" else f"sc-order-{item.id}")
        # An ERP has the tax of the order: closed lines have none.
        return Booked(D(found["total"]) - D(found.get("closed", "0")), D(found["refunded"]), codes)


def _of_custom_system(order: Parts, codes: list[str]) -> Booked:
    """Adds up the rows of an order as docs/platforms/rest.md explains them."""

    def amount(value: Any) -> Decimal:
        return D(str(value or 0))

    if order["status"] == "cancelled" and not order["refunds"]:
        return Booked(codes=codes)
    total = sum((amount(row["gross"]) for row in order["charges"]), D(0))
    for line in order["lines"]:
        quantity, gross = amount(line["quantity"]), amount(line["total_gross"])
        total += gross * (quantity - amount(line["quantity_cancelled"])) / quantity if quantity else gross
    paid_back = sum((amount(row["gross"]) for row in order["refunds"]), D(0))
    return Booked(total, max(D(0), paid_back - max(D(0), amount(order["paid"]) - total)), codes)


class Books:
    """`targets`: name → books. `shipped`: order → quantities of its lines that the ERPs have shipped."""

    def __init__(self, shop: Sales, source: Adapter[Any], job: Job, targets: Sequence[TargetBooks]) -> None:
        self.shop = shop
        self.source = source.source(DataType.ORDERS)
        self.job = job
        self.targets = targets
        self.shipped: dict[int, dict[int, Decimal]] = {}

    def read(self, number: str) -> OrderItem:
        """Import an order as the shop has it now, and load it as a target gets it."""
        import_records(self.job, *self.source.fetch([number]))
        link = Link.objects.filter(connection=self.job.connection, kind=Kind.ORDER, external_id=number).first()
        assert link is not None, list(Issue.objects.values_list("code", "message"))
        item = load_orders([link.item_id])[link.item_id]
        own = self.shipped.get(item.id, {})
        # The shop is told what the targets shipped.
        others = [each for each in item.shipments if each.lines != own]
        shipments = [*others, *([ShipmentItem("1", "", [], None, own, reported_by=ERP)] if own else [])]
        # As if every order came from the B2B front; and what only one target ships, the others do not wait for.
        return replace(item, target_id=ERP, placed_through_b2b=True, shipments=shipments)

    def ship(self, number: str, quantities: dict[int, int]) -> None:
        """Every target ships these quantities: place of a line → pieces."""
        item = self.read(number)
        lines = {item.lines[place].id: D(quantity) for place, quantity in quantities.items()}
        self.shipped[item.id] = lines
        for each in self.targets:
            if each.name not in ("netsuite", "tryton") or item.id not in each.sent:
                continue
            keys = {each.links[Kind.ORDER_LINE, line].rpartition("/")[2]: str(count) for line, count in lines.items()}
            each.sales.act("ship", f"sc-order-{item.id}", lines=keys)

    def send(self, number: str) -> tuple[OrderItem, dict[str, Booked]]:
        item = self.read(number)
        return item, {each.name: each.send(item) for each in self.targets}


def owed(item: OrderItem, *, everything: bool) -> Decimal:
    """Lines that were not canceled, and charges, less what was paid back for them, with tax. Unless `everything`,
    without what others than the target shipped."""
    if item.status == "cancelled" and not item.refunds:
        return D(0)
    kept = sum((row.gross or D(0) for row in item.adjustments if row.kind in CHARGES), D(0))
    elsewhere = D(0)
    others = item.shipped_quantities(except_by=ERP)
    for line in item.lines:
        price = (line.total_gross or D(0)) / line.quantity if line.quantity else D(0)
        kept += price * (line.quantity - line.quantity_cancelled)
        elsewhere += price * others[line.id] if line.needs_shipping and not everything else D(0)
    paid_back = sum((refund.gross or D(0) for refund in item.refunds), D(0))
    # What was paid for canceled pieces is paid back without lowering anything else.
    too_much = max(D(0), (item.paid or D(0)) - kept)
    return kept - elsewhere - max(D(0), paid_back - too_much)


def tolerance(item: OrderItem) -> Decimal:
    """A unit for each row, and for each row of a refund: each may be rounded on its own."""
    rows = len(item.lines) + len(item.adjustments) + sum(1 + len(each.lines) for each in item.refunds)
    return quantum(item.currency) * max(1, rows)


Open = Callable[..., Adapter[Any]]


def differences(item: OrderItem, booked: dict[str, Booked]) -> dict[str, Any]:
    """Target → what differs although no issue says so. A B2B front has the order before refunds."""
    found: dict[str, Any] = {}
    for name, books in booked.items():
        if books.codes:
            continue
        wanted, there = item.total, books.total
        if name in ERPS:
            wanted, there = owed(item, everything=name == "rest"), books.total - books.refunded
        if abs(there - wanted) > tolerance(item):
            found[name] = (str(there), f"wanted {wanted}")
    return found
