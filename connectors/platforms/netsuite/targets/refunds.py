"""Credit memos or return authorizations for refunds (M5): one record each, found again by its external ID."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.platforms.netsuite import external_ids
from connectors.platforms.netsuite.client import NetSuiteClient, RecordType
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.targets.order_payloads import OrderPayload
from connectors.platforms.netsuite.targets.refund_payloads import RefundPayload
from connectors.platforms.netsuite.targets.taxes import tax_fields
from connectors.sdk import issues
from connectors.sdk.erp_orders import CustomerPayload, booking_problems, refund_total_problems
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation
from connectors.sdk.records import Problem
from connectors.sdk.values import json_number

# Fields that a refund has in common with its order.
_COPIED = ("currency", "subsidiary", "location")
_RATE_PLACES = Decimal("0.00000001")


def send_refunds(
    client: NetSuiteClient,
    operation: Operation[OrderPayload],
    item_id: Callable[[str], str],
    customer_id: Callable[[CustomerPayload], str],
) -> list[Problem]:
    """Write the refunds of an order that are new or changed; returns warnings.

    `item_id` and `customer_id` give internal IDs. SkipRecord with NetSuite's reason if it rejects a refund. Repeating
    the call is safe: the lines of a record are replaced.
    """
    wanted = operation.content
    problems = booking_problems(wanted, _currency(wanted))
    before = operation.previous.get("refunds", []) if operation.previous else []
    for refund in wanted.get("refunds", ()):
        if left_out := refund.get("left_out"):
            problems.append(issues.REFUND_AMOUNT_LEFT_OUT(amount=left_out, currency=_currency(wanted)))
        if refund in before or not (refund["lines"] or "shipping" in refund):
            continue
        problems += _send(client, operation, refund, item_id, customer_id(wanted["entity"]))
    return problems


def _send(
    client: NetSuiteClient,
    operation: Operation[OrderPayload],
    refund: RefundPayload,
    item_id: Callable[[str], str],
    customer: str,
) -> list[Problem]:
    wanted, settings = operation.content, client.settings
    kind: RecordType = "creditMemo" if settings.refunds == "credit_memo" else "returnAuthorization"
    body: dict[str, Any] = {name: wanted["body"][name] for name in _COPIED if name in wanted["body"]}
    if (name := client.field_map.orders.number) in wanted["body"]:
        body[name] = wanted["body"][name]
    if "date" in refund:
        body["tranDate"] = refund["date"]
    if "shipping" in refund:
        body["shippingCost"] = refund["shipping"]
    body |= {"entity": {"id": customer}, "memo": refund["number"]}
    body["item"] = {"items": [_line(line, item_id(line["sku"]), settings.location) for line in refund["lines"]]}
    replaced = "item"
    if settings.tax_codes and client.has_suitetax():
        taxes = [line["tax"] for line in refund["lines"] if "tax" in line]
        for line, tax in zip(body["item"]["items"], taxes, strict=True):
            line["taxDetailsReference"] = tax["reference"]
        body |= tax_fields([*taxes, *([refund["shipping_tax"]] if "shipping_tax" in refund else [])], settings)
        replaced = "item,taxDetails"
    external_id = external_ids.refund_id(settings, operation.item_id, refund["key"])
    try:
        internal_id = client.upsert(kind, external_id, body, replace=replaced)
    except SkipRecord as error:
        raise SkipRecord(
            issues.REFUND_REJECTED(
                refund=refund["number"] or refund["key"], reason=error.problem.values.get("reason", "")
            )
        ) from error
    total = decimal_or_none(client.read(kind, internal_id, ("total",)).get("total"))
    name, rows = refund["number"] or refund["key"], len(refund["lines"]) + 1
    return refund_total_problems(total, refund["expected"], name, _currency(wanted), rows)


def _line(line: Any, item: str, location: str) -> dict[str, Any]:
    rate = (Decimal(str(line["amount"])) / Decimal(str(line["quantity"]))).quantize(_RATE_PLACES)
    found: dict[str, Any] = {"item": {"id": item}, "quantity": line["quantity"], "price": {"id": "-1"}}
    found |= {"rate": json_number(rate), "amount": line["amount"]}
    return found | ({"location": {"id": location}} if location else {})


def _currency(wanted: OrderPayload) -> str:
    return wanted["expected"]["currency"] if "expected" in wanted else ""
