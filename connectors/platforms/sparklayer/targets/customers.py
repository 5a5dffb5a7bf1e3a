"""Customers who are enabled for B2B: one call to read and one to write each.

A replacement clears omitted fields, so the whole customer is sent; fields that exist only in SparkLayer's dashboard
(role, tax exemption, payment terms) are read first and sent back.
https://docs.sparklayer.io/developers/api/customers/create-or-update-a-customer
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from connectors.platforms.sparklayer.addresses import address, missing_fields
from connectors.platforms.sparklayer.client import UNDOCUMENTED_PATHS, SparkLayerClient
from connectors.platforms.sparklayer.rejections import names_property, send_each
from connectors.sdk import clock, issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from connectors.sdk.values import json_number
from hub.kinds import DataType, Kind
from orders.items import CustomerItem

RECORD_PATH = "/api/v2/customers/{}/{}"
KEPT_FIELDS = ("role", "tax_exempt")
# The parent is sent in the same sync, so it will exist soon.
PARENT_RETRY_DELAY = timedelta(minutes=1)

Row = dict[str, Any]


class CustomerTarget(Target[SparkLayerClient, CustomerItem, Row]):
    data_type = DataType.CUSTOMERS
    lane = "customers"
    batch_size = 10

    def payload(self, item: CustomerItem, refs: References) -> Row | None:
        if item.status == "deleted" or not item.b2b_enabled:
            return None
        problems = [] if item.email else ["email"]
        for position, each in enumerate(item.addresses, 1):
            problems += [f"{what} of address {position}" for what in missing_fields(each)]
        if problems:
            raise SkipRecord(issues.CUSTOMER_INCOMPLETE(missing="; ".join(problems)))
        terms = None if item.payment_on_account is None else {"enabled": item.payment_on_account}
        return {
            "external_id": refs.shop_or_own_id(Kind.CUSTOMER, item.id),
            "email": item.email,
            "first_name": item.first_name,
            "last_name": item.last_name,
            "company_name": item.company_name,
            "accounting_id": item.accounting_id or None,
            "status": item.status,
            "group": item.group or None,
            "sales_agent_groups": item.sales_agent_groups,
            "price_lists": item.price_lists,
            "discount_percentage": json_number(item.discount_percentage),
            "payment_on_account": terms,
            "parent_customer_id": refs.shop_or_own_id(Kind.CUSTOMER, item.parent_id) if item.parent_id else None,
            "addresses": [
                address(each)
                | {
                    "external_id": each.external_id or str(position),
                    "is_default_billing": each.use == "billing",
                    "is_default_shipping": each.use == "shipping",
                }
                for position, each in enumerate(item.addresses, 1)
            ],
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        return send_each(operations, self._send)

    def _send(self, operation: Operation[Row]) -> Outcome:
        return self._remove(operation) if operation.action is Action.REMOVE else self._put(operation)

    def _put(self, operation: Operation[Row]) -> Outcome:
        wanted = operation.content
        try:
            try:
                if not self._replace_renamed(operation):
                    self._replace("platform", wanted["external_id"], wanted)
            except RequestRejected as error:
                if not (error.status == 409 and names_property(error, "email")):
                    raise
                # The storefront already has the customer, with another ID or none.
                self._replace("email", wanted["email"], wanted)
        except RequestRejected as error:
            if not names_property(error, "parent_customer_id"):
                raise
            not_before = clock.now() + PARENT_RETRY_DELAY
            waiting = TryAgainLater(
                "SparkLayer does not have the parent account yet.", not_before=not_before, sent=False
            )
            return Outcome(error=waiting)
        return Outcome(external_id=wanted["external_id"])

    def _replace_renamed(self, operation: Operation[Row]) -> bool:
        """Whether the customer was found by its old ID: one created in the storefront gets the shop's ID later."""
        wanted = operation.content
        if operation.external_id in ("", wanted["external_id"]):
            return False
        existing = self._fetch("platform", operation.external_id)
        if not existing.get("id"):
            return False
        body = _merge_kept_fields(existing, wanted) | {"id": existing["id"]}
        self.client.call("PUT", RECORD_PATH, "sparklayer", existing["id"], body=body)
        return True

    def _replace(self, lookup: str, key: str, wanted: Row) -> None:
        self.client.call("PUT", RECORD_PATH, lookup, key, body=_merge_kept_fields(self._fetch(lookup, key), wanted))

    def _fetch(self, lookup: str, key: str) -> Row:
        """The customer at SparkLayer; empty if there is none."""
        try:
            existing = self.client.call("GET", UNDOCUMENTED_PATHS["customer"], lookup, key)
        except RequestRejected as error:
            if error.status == 404:
                return {}
            raise
        if not isinstance(existing, dict):
            raise TryAgainLater("SparkLayer did not return the customer.")
        return existing

    def _remove(self, operation: Operation[Row]) -> Outcome:
        try:
            self.client.call("DELETE", UNDOCUMENTED_PATHS["customer"], "platform", operation.external_id)
        except RequestRejected as error:
            if error.status != 404:
                raise
        return Outcome(external_id=operation.external_id)


def _merge_kept_fields(existing: Row, wanted: Row) -> Row:
    """A balance is never sent back, because SparkLayer would book it again."""
    terms = existing.get("payment_on_account") or {}
    kept = {name: value for name, value in terms.items() if not name.startswith("balance")}
    ours = wanted["payment_on_account"]
    body = {name: existing[name] for name in KEPT_FIELDS if name in existing} | wanted
    body["payment_on_account"] = kept | (ours or {}) if kept or ours else None
    return body
