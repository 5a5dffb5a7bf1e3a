"""Orders that were placed through the storefront, with the state of their packages (D14).

https://docs.sparklayer.io/developers/api/purchasing/send-orders. A replacement clears omitted fields, so the whole
order is sent; SparkLayer calculates the totals. An order sent with the storefront's own ID replaces its cart.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.platforms.sparklayer.addresses import address
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.rejections import send_each
from connectors.platforms.sparklayer.targets.packages import money, packages
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References, TargetTotals
from connectors.sdk.orders import hold_different, rounding, total_problems
from connectors.sdk.paging import ExistingPage
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem

LIST_PATH = "/api/v1/purchases"
RECORD_PATH = "/api/v1/purchases/{}/{}"
MAX_PAGE = 500
Row = dict[str, Any]


class OrderTarget(Target[SparkLayerClient, OrderItem, Row]):
    data_type = DataType.ORDERS
    lane = "orders"
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def payload(self, item: OrderItem, refs: References) -> Row | None:
        """None for an order that was not placed in the storefront."""
        if not item.placed_through_b2b:
            return None
        hold_different(item, self.client.settings.unreconciled_orders)
        if item.awaits_customer:
            raise SkipRecord(issues.CUSTOMER_NOT_READY())
        customer = refs.shop_or_own_id(Kind.CUSTOMER, item.customer_id) if item.customer_id else ""
        by_use = {each.use: address(each) for each in reversed(item.addresses)}
        destination = by_use.get("shipping") or by_use.get("billing")
        deliveries = {each.external_id: address(each) for each in item.addresses if each.use == "shipping"}
        # Lines tell their own tax, so that it is not counted twice.
        untaxed = any(line.total_gross is None for line in item.lines)
        row = {
            "type": "order",
            "purchase_identifiers": {
                **({"sparklayer": item.cart_id} if item.cart_id else {}),
                "platform": refs.shop_or_own_id(Kind.ORDER, item.id),
                "visible": item.number,
            },
            # The shop's ID, replaced by SparkLayer's own before sending.
            "customer": customer,
            "dates": {"placed_at": item.placed_at.isoformat()},
            "billing_address": by_use.get("billing") or by_use.get("shipping"),
            "tax_lines": [{"title": "Tax", "amount": money(item.tax, item.currency)}] if item.tax and untaxed else [],
            "packages": packages(item, refs, deliveries, destination, self.client.settings.package_types),
            # Required, though there is nothing for them.
            "accounting_files": [],
            "custom_fields": [],
        }
        return row if untaxed else row | {"currency_code": item.currency}

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        return send_each(operations, self._send)

    def _send(self, operation: Operation[Row]) -> Outcome:
        if operation.action is Action.REMOVE:
            raise SkipRecord(issues.ORDER_NOT_REMOVABLE())
        identifiers = operation.content["purchase_identifiers"]
        lookup = "sparklayer" if "sparklayer" in identifiers else "platform"
        body = self._with_customer(operation.content)
        try:
            answer = self.client.call("PUT", RECORD_PATH, lookup, identifiers[lookup], body=body)
        except NeedsAttention as error:
            if error.status != 403:
                raise
            raise SkipRecord(issues.ORDER_ID_DIFFERS(number=identifiers["visible"])) from error
        totals = _totals(operation.content, answer)
        warnings = total_problems(totals) if totals else []
        return Outcome(external_id=identifiers[lookup], warnings=warnings, totals=totals)

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        """Type and identifiers of all orders of the site, by the identifier that they were sent with. Whether the list
        has packages is not documented."""
        offset = (cursor or {}).get("offset", 0)
        rows = self.client.call("GET", LIST_PATH, params={"type": "order", "limit": MAX_PAGE, "offset": offset})
        found: dict[str, Row | None] = {}
        for row in rows if isinstance(rows, list) else [None]:
            match row:
                case {"type": str(kind), "purchase_identifiers": dict(identifiers)}:
                    if key := identifiers.get("sparklayer") or identifiers.get("platform"):
                        found[str(key)] = {"type": kind, "purchase_identifiers": identifiers}
                case _:
                    raise TryAgainLater("SparkLayer did not return a list of purchases.")
        return ExistingPage(found, {"offset": offset + MAX_PAGE} if len(rows) >= MAX_PAGE else None)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {
            each for each in external_ids if any(self._exists(lookup, each) for lookup in ("sparklayer", "platform"))
        }

    def _exists(self, lookup: str, identifier: str) -> bool:
        try:
            self.client.call("GET", RECORD_PATH, lookup, identifier)
        except RequestRejected as error:
            if error.status != 404:
                raise
            return False
        return True

    def _with_customer(self, content: Row) -> Row:
        """The request body. Purchases name customers by SparkLayer's own IDs only
        (https://docs.sparklayer.io/tech-docs/get-purchase)."""
        body = {name: value for name, value in content.items() if name != "customer"}
        if not content["customer"]:
            return body | {"customer_identifiers": {}}
        found = self.client.customers.sparklayer_id(content["customer"])
        if found is None:
            raise SkipRecord(issues.CUSTOMER_NOT_READY())
        return body | {"customer_identifiers": {"sparklayer": found}}


def _totals(sent: Row, answer: Any) -> TargetTotals | None:
    """What the storefront worked out, if it answers with it, beside what was sent."""
    totals = [line["line_total"] for package in sent["packages"] for line in package["line_items"]]
    totals += [package["shipping_method"]["line_total"] for package in sent["packages"] if "shipping_method" in package]
    try:
        gross = [Decimal(total["total_gross"]["number"]) for total in totals]
        tax = sum((Decimal(total["total_tax"]["number"]) for total in totals), Decimal(0))
        total = Decimal(answer["calculated_total"]["number"])
        currency = str(answer["calculated_total"]["currency"]).upper()
    except (KeyError, TypeError, InvalidOperation):
        return None
    return TargetTotals(
        currency=currency,
        expected_total=sum(gross, Decimal(0)),
        expected_tax=tax,
        total=total,
        tolerance=rounding(currency, len(totals)),
    )
