"""Returns: sales with negative quantities that refer to the sale, as Tryton's own wizard makes them (M5).

The wizard itself is not part of the REST interface. Seen on a real 8.2 server.
"""

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.keys import refund_key
from connectors.platforms.tryton.targets import sales
from connectors.platforms.tryton.targets.lookups import Lookups
from connectors.platforms.tryton.targets.order_payloads import OrderPayload
from connectors.platforms.tryton.targets.refund_payloads import RefundPayload
from connectors.platforms.tryton.values import Row, decimal_or_none, record_id
from connectors.sdk import issues
from connectors.sdk.erp_orders import booking_problems, refund_total_problems
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation
from connectors.sdk.records import Problem


def send_returns(
    client: TrytonClient, lookups: Lookups, operation: Operation[OrderPayload], sale: Row, header: Row
) -> list[Problem]:
    """Create the returns that do not exist yet, and take each as far as a sale; returns warnings.

    `header`: the fields that a return has in common with its sale. SkipRecord with Tryton's reason if it rejects one.
    """
    wanted = operation.content
    refunds = wanted.get("refunds", [])
    keys = {refund_key(client.settings, operation.item_id, refund["key"]): refund for refund in refunds}
    found = sales.find(client, keys) if keys else {}
    problems = booking_problems(wanted, wanted["currency"])
    for key, refund in keys.items():
        name = refund["number"] or refund["key"]
        try:
            row = found.get(key) or _create(client, lookups, key, refund, wanted, sale, header)
            row = sales.advance(client, row, client.settings.order_state)
        except SkipRecord as error:
            reason = error.problem.values.get("reason", "")
            raise SkipRecord(issues.REFUND_REJECTED(refund=name, reason=reason)) from error
        total = decimal_or_none(row.get("total_amount"))
        problems += refund_total_problems(
            None if total is None else -total, refund["expected"], name, wanted["currency"], len(refund["lines"])
        )
    return problems


def _create(
    client: TrytonClient,
    lookups: Lookups,
    key: str,
    refund: RefundPayload,
    wanted: OrderPayload,
    sale: Row,
    header: Row,
) -> Row:
    settings = client.settings
    lines = [
        sales.wanted_line(
            lookups,
            line,
            wanted["currency"],
            decimals=settings.price_decimals,
            charge_product=settings.charge_product,
            negative=True,
        )
        for line in refund["lines"]
    ]
    names = client.field_map.orders
    values = header | {
        names.number: wanted["number"],
        names.key: key,
        "origin": f"{sales.MODEL},{record_id(sale)}",
        "lines": sales.line_commands(lines, None),
    }
    return client.create(sales.MODEL, values, sales.fields(client))
