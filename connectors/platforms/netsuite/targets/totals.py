"""What NetSuite computed for a sales order, beside what the order comes to (M4)."""

from collections.abc import Mapping
from decimal import Decimal

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.suiteql import Row
from connectors.platforms.netsuite.targets.order_payloads import OrderPayload
from connectors.sdk.operations import TargetTotals
from connectors.sdk.orders import rounding
from orders.currencies import round_amount

_ZERO = Decimal(0)


def read_totals(
    client: NetSuiteClient, internal_id: str, sent: OrderPayload, ended: Mapping[int, Decimal]
) -> TargetTotals | None:
    """None without prices of ours. `ended`: number of a line of which nothing is left → its tax rate in percent.

    NetSuite keeps the amount of a closed line in the total: closing means that no more of it is shipped and invoiced.
    The help does not say so, so the total is accepted with and without closed lines.
    https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_4698204292.html
    """
    if (expected := sent.get("expected")) is None:
        return None
    found = client.read("salesOrder", internal_id, ("total", "taxTotal"))
    total, tax = decimal_or_none(found.get("total")), decimal_or_none(found.get("taxTotal"))
    if total is None:
        return None
    wanted, tolerance = Decimal(expected["total"]), Decimal(expected["tolerance"])
    if ended and abs(total - wanted) > tolerance:
        # With tax details of ours, closed lines have no tax.
        rates = dict.fromkeys(ended, _ZERO) if "taxes" in sent and client.has_suitetax() else ended
        net, closed_tax = _closed(client.read("salesOrder", internal_id), rates, expected["currency"])
        open_total = total - net - closed_tax
        closed_rows = tolerance + rounding(expected["currency"], len(ended))
        if abs(open_total - wanted) <= closed_rows:
            total, tolerance, tax = open_total, closed_rows, None if tax is None else tax - closed_tax
    return TargetTotals(
        currency=expected["currency"],
        expected_total=wanted,
        expected_tax=Decimal(expected["tax"]),
        total=total,
        tax=tax,
        tolerance=tolerance,
    )


def _closed(record: Row, rates: Mapping[int, Decimal], currency: str) -> tuple[Decimal, Decimal]:
    """What the closed lines cost, and the tax of it, as far as they were not shipped."""
    net = tax = _ZERO
    for line in record.get("item", {}).get("items", ()):
        quantity = decimal_or_none(line.get("quantity"))
        if line.get("line") not in rates or not line.get("isClosed") or not quantity:
            continue
        shipped = decimal_or_none(line.get("quantityFulfilled")) or _ZERO
        amount = decimal_or_none(line.get("amount")) or _ZERO
        left = round_amount(amount * (quantity - shipped) / quantity, currency)
        net += left
        tax += round_amount(left * rates[line["line"]] / 100, currency)
    return net, tax
