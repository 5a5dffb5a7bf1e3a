"""Orders as sales, each created once: found by a key of ours before anything is created.

A sale that nobody works on yet is changed as a draft; one in processing by an amendment.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.keys import order_key, order_keys, seller_key
from connectors.platforms.tryton.targets import amendments, sales
from connectors.platforms.tryton.targets.changes import list_changes
from connectors.platforms.tryton.targets.lookups import Lookups
from connectors.platforms.tryton.targets.order_payloads import OrderPayload, order_payload
from connectors.platforms.tryton.targets.parties import Parties
from connectors.platforms.tryton.targets.returns import send_returns
from connectors.platforms.tryton.values import Row, date_json, decimal_or_none, record_id
from connectors.sdk import issues
from connectors.sdk.erp_orders import changes_rejected
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References, TargetTotals
from connectors.sdk.orders import total_problems
from connectors.sdk.paging import ExistingPage, numeric_ids
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem

PAGE_SIZE = 100
_ADDRESSES = ("invoice_address", "shipment_address")
_PARTY = ("party", *_ADDRESSES)


class OrderTarget(Target[TrytonClient, OrderItem, OrderPayload]):
    data_type = DataType.ORDERS
    lane = "write"
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def __init__(self, client: TrytonClient) -> None:
        super().__init__(client)
        self._parties = Parties(client)
        self._lookups = Lookups(client)

    def payload(self, item: OrderItem, refs: References) -> OrderPayload | None:
        return order_payload(item, refs, self.client.settings)

    def send(self, operations: Sequence[Operation[OrderPayload]]) -> list[Outcome]:
        """Up to four calls per order: a create and the steps of its states. What they refer to is read for all."""
        existing = sales.find(self.client, (self._key(operation) for operation in operations))
        wanted = [operation.payload for operation in operations if operation.payload]
        skus = {line["sku"] for payload in wanted for line in payload["lines"]}
        skus |= {line["sku"] for payload in wanted for refund in payload.get("refunds", ()) for line in refund["lines"]}
        self._lookups.load_products([*skus, self.client.settings.charge_product])
        addresses = [each for payload in wanted for each in _addresses(payload)]
        self._parties.countries.load(addresses)
        return [self._send(operation, existing.get(self._key(operation))) for operation in operations]

    def read_existing(self, *, cursor: Any) -> ExistingPage[Any]:
        """Our sales that are not cancelled: their numbers and currencies. Lines without quantities are what is left of
        cancelled ones; amounts were compared when the order was sent."""
        names = self.client.field_map.orders
        domain = [[names.key, "like", order_keys(self.client.settings)], ["state", "!=", "cancelled"]]
        fields = [names.number, "currency.code"]
        after = int((cursor or {}).get("after", 0))
        rows, more = self.client.page(sales.MODEL, domain, fields, after=after, size=PAGE_SIZE)
        found = {
            str(record_id(row)): {
                "number": row.get(names.number) or "",
                "currency": (row.get("currency") or {}).get("code") or "",
            }
            for row in rows
        }
        return ExistingPage(found, {"after": record_id(rows[-1])} if more else None)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {str(record_id(row)) for row in self.client.among(sales.MODEL, "id", numeric_ids(external_ids), [])}

    def _key(self, operation: Operation[OrderPayload]) -> str:
        return order_key(self.client.settings, operation.item_id)

    def _send(self, operation: Operation[OrderPayload], found: Row | None) -> Outcome:
        """Write one order. If it is rejected, the others are not affected."""
        outcome = Outcome(external_id=str(record_id(found)) if found else operation.external_id)
        try:
            if operation.action is Action.REMOVE:
                if found is not None:
                    self._cancel(operation, found)
                return outcome
            self._write(operation, found, outcome)
        except SkipRecord as error:
            previous = operation.previous if found else None
            outcome.error = changes_rejected(error, list_changes(previous, operation.payload) if previous else [])
        return outcome

    def _write(self, operation: Operation[OrderPayload], found: Row | None, outcome: Outcome) -> None:
        wanted = operation.content
        lines = [self._line(line, wanted) for line in wanted["lines"]]
        header = self._header(wanted)
        values = header | self._own_values(operation)
        if found is None:
            values |= {"lines": sales.line_commands(lines, None)}
            sale = self.client.create(sales.MODEL, values, sales.fields(self.client))
        else:
            sale = self._change(operation, found, values, lines)
        outcome.external_id = str(record_id(sale))
        sale = sales.advance(self.client, sale, self.client.settings.order_state)
        outcome.links = {
            (Kind.ORDER_LINE, int(key)): str(record_id(row))
            for key, row in sales.match(lines, sale).items()
            if not key.startswith("charge")
        }
        outcome.totals = _totals(wanted, sale)
        outcome.warnings += total_problems(outcome.totals) if outcome.totals else []
        outcome.warnings += self._parties.countries.problems(_addresses(wanted))
        outcome.warnings += send_returns(self.client, self._lookups, operation, sale, header)

    def _change(
        self, operation: Operation[OrderPayload], found: Row, values: Row, lines: list[sales.WantedLine]
    ) -> Row:
        number, state = record_id(found), found.get("state")
        if state == "cancelled" and operation.previous is not None:
            raise SkipRecord(issues.REJECTED(reason="The sale was cancelled in Tryton."))
        if state in ("processing", "done"):
            before = self.client.read(sales.MODEL, number, _PARTY)
            party = {name: values[name] for name in _PARTY if name in values}
            if all(_reference(before, name) == value for name, value in party.items()):
                party = {}
            names = self.client.field_map.orders
            own = {name: values[name] for name in (names.number, names.note) if name in values}
            if changed := {name: value for name, value in own.items() if (found.get(name) or "") != (value or "")}:
                self.client.write(sales.MODEL, number, changed)
            return amendments.amend(self.client, found, self._key(operation), lines, party)
        if state != "draft":
            found = self.client.act(sales.MODEL, number, "draft", sales.fields(self.client))
        values |= {"lines": sales.line_commands(lines, found)}
        return self.client.write(sales.MODEL, number, values, sales.fields(self.client))

    def _cancel(self, operation: Operation[OrderPayload], found: Row) -> None:
        number, state = record_id(found), found.get("state")
        if state in ("processing", "done"):
            amendments.cancel(self.client, found, self._key(operation))
        elif state != "cancelled":
            if state == "confirmed":
                self.client.act(sales.MODEL, number, "draft")
            self.client.act(sales.MODEL, number, "cancel")

    def _line(self, line: Any, wanted: OrderPayload) -> sales.WantedLine:
        settings = self.client.settings
        return sales.wanted_line(
            self._lookups,
            line,
            wanted["currency"],
            decimals=settings.price_decimals,
            charge_product=settings.charge_product,
        )

    def _header(self, wanted: OrderPayload) -> Row:
        """The fields that a sale has in common with its returns."""
        party = self._party(wanted)
        found: Row = {
            "company": self.client.company,
            "party": party,
            "currency": self._lookups.currency(wanted["currency"]),
        }
        if self._lookups.warehouse is not None:
            found["warehouse"] = self._lookups.warehouse
        for name, address in zip(_ADDRESSES, (wanted["invoice_address"], wanted["delivery_address"]), strict=True):
            number = self._parties.address(party, address) if address else self._parties.any_address(party)
            if number is not None:
                found[name] = number
        if self.client.has(sales.MODEL, "shipment_cost_method"):
            # Without a carrier there is no cost to work out; the order has its own charges.
            found["shipment_cost_method"] = None
        return found

    def _own_values(self, operation: Operation[OrderPayload]) -> Row:
        wanted, names = operation.content, self.client.field_map.orders
        found: Row = {names.number: wanted["number"], names.key: self._key(operation)}
        found["sale_date"] = date_json(date.fromisoformat(wanted["date"]))
        return found | ({names.note: wanted["note"]} if names.note else {})

    def _party(self, wanted: OrderPayload) -> int:
        party = wanted["party"]
        if number := party.get("id"):
            return int(number)
        return self._parties.party_for(seller_key(self.client.settings, party["seller"]), party["name"])


def _addresses(payload: OrderPayload) -> list[Any]:
    return [each for each in (payload["invoice_address"], payload["delivery_address"]) if each]


def _reference(row: Row, name: str) -> int | None:
    return record_id(row, name) if row.get(name) else None


def _totals(wanted: OrderPayload, sale: Row) -> TargetTotals | None:
    """What Tryton computed, beside what the order comes to (M4). None without prices of ours."""
    expected, total = wanted.get("expected"), decimal_or_none(sale.get("total_amount"))
    if expected is None or total is None:
        return None
    return TargetTotals(
        currency=wanted["currency"],
        expected_total=Decimal(expected["total"]),
        expected_tax=Decimal(expected["tax"]),
        total=total,
        tax=decimal_or_none(sale.get("tax_amount")),
        tolerance=Decimal(expected["tolerance"]),
    )
