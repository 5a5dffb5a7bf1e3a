"""Customers who are enabled for B2B.

`PUT` replaces a customer and clears what is left out, so an existing customer is changed with `PATCH`, and only in what
changed here since it was last sent: nothing that was entered in SparkLayer's dashboard is lost.
https://docs.sparklayer.io/developers/api/customers/update-a-customer says that there is a partial update, not how it
treats lists and objects; addresses and payment terms are therefore read first and sent complete.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from connectors.platforms.sparklayer.addresses import address, missing_fields
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.price_lists import list_slug, price_list_payload
from connectors.platforms.sparklayer.rejections import names_field, send_each
from connectors.sdk import clock, issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from connectors.sdk.values import json_number
from hub.kinds import DataType, Kind
from orders.items import CustomerItem

# The values that clear a field; all others are cleared with null.
EMPTY: dict[str, Any] = {
    "addresses": [],
    "sales_agent_groups": [],
    "price_lists": [],
    "payment_on_account": {"enabled": False},
}
# Fields with content of their own, which is read before it is changed.
READ_FIRST = ("addresses", "payment_on_account")
# The parent is sent in the same sync, so it will exist soon.
PARENT_RETRY_DELAY = timedelta(minutes=1)

Row = dict[str, Any]


class CustomerTarget(Target[SparkLayerClient, CustomerItem, Row]):
    data_type = DataType.CUSTOMERS
    lane = "customers"
    batch_size = 10

    def payload(self, item: CustomerItem, refs: References) -> Row | None:
        """The fields that have a value here. A field without one belongs to SparkLayer's dashboard."""
        if item.status == "deleted" or not item.b2b_enabled:
            return None
        problems = [] if item.email else ["email"]
        for position, each in enumerate(item.addresses, 1):
            problems += [f"{what} of address {position}" for what in missing_fields(each)]
        if problems:
            raise SkipRecord(issues.CUSTOMER_INCOMPLETE(missing="; ".join(problems)))
        own_id = refs.shop_or_own_id(Kind.CUSTOMER, item.id)
        # Unique among all customers of the site.
        address_ids = [each.external_id or f"{own_id}-{position}" for position, each in enumerate(item.addresses, 1)]
        defaults = dict(zip(reversed([each.use for each in item.addresses]), reversed(address_ids), strict=True))
        row = {
            "external_id": own_id,
            "email": item.email,
            "first_name": item.first_name,
            "last_name": item.last_name,
            "company_name": item.company_name,
            "accounting_id": item.accounting_id,
            "status": item.status,
            "group": item.group,
            "sales_agent_groups": item.sales_agent_groups,
            "price_lists": self._price_lists(item),
            "discount_percentage": json_number(item.discount_percentage),
            "payment_on_account": None if item.payment_on_account is None else {"enabled": item.payment_on_account},
            "parent_customer_id": refs.shop_or_own_id(Kind.CUSTOMER, item.parent_id) if item.parent_id else None,
            "addresses": [
                address(each)
                | {
                    "external_id": external_id,
                    "is_default_billing": each.use == "billing",
                    "is_default_shipping": each.use == "shipping",
                }
                for external_id, each in zip(address_ids, item.addresses, strict=True)
            ],
            # As in the reference of 2023; the flags above are those of Ignite.
            "default_billing_address_id": defaults.get("billing"),
            "default_shipping_address_id": defaults.get("shipping"),
        }
        return {name: value for name, value in row.items() if _has_value(value)}

    def _price_lists(self, item: CustomerItem) -> list[str]:
        """The customer's own lists, else those of the customer's group: SparkLayer lets a customer's lists replace
        those of the group as well (https://docs.sparklayer.io/help/pricing/customer-pricing). The default prices are
        beside them, for what the group has no price of its own."""
        settings = self.client.settings
        if item.price_lists or settings.price_lists != "all" or not item.group_price_lists:
            return item.price_lists
        defaults = item.default_price_lists
        code = settings.price_list if settings.price_list in defaults else next(iter(defaults), "")
        default = [price_list_payload(code, defaults[code], "")["slug"]] if code else []
        return [*(list_slug(each) for each in item.group_price_lists), *default]

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        return send_each(operations, self._send)

    def _send(self, operation: Operation[Row]) -> Outcome:
        if operation.action is Action.REMOVE:
            return self._remove(operation)
        try:
            self._save(operation)
        except RequestRejected as error:
            if names_field(error, "parent_customer_id"):
                not_before = clock.now() + PARENT_RETRY_DELAY
                text = "SparkLayer does not have the parent account yet."
                return Outcome(error=TryAgainLater(text, not_before=not_before, sent=False))
            if error.status != 409 or not names_field(error, "email"):
                raise
            self._link_by_email(operation, error)
        return Outcome(external_id=operation.content["external_id"])

    def _save(self, operation: Operation[Row]) -> None:
        wanted, customers = operation.content, self.client.customers
        changes = _changes(operation.previous, wanted)
        key = operation.external_id or wanted["external_id"]
        existing: Row | None = {"external_id": key}
        # One that was created in the storefront gets the shop's ID later.
        renamed = key != wanted["external_id"]
        if operation.previous is None or renamed or any(name in changes for name in READ_FIRST):
            existing = customers.find("platform", key)
        if existing is None and renamed:
            existing = customers.find("platform", wanted["external_id"])
        if existing is not None and customers.change(existing, _merged(existing, changes, operation.previous)):
            return
        body = {"first_name": "", "last_name": ""} | wanted
        customers.replace("platform", wanted["external_id"], body)

    def _link_by_email(self, operation: Operation[Row], error: RequestRejected) -> None:
        """Link a customer that has the email address and no other ID of the shop's. One that has is another customer's
        account, which nobody else may get."""
        wanted = operation.content
        existing = self.client.customers.find("email", wanted["email"])
        own_ids = ("", wanted["external_id"], operation.external_id, f"synccenter-{operation.item_id}")
        if existing is None:
            raise error
        if (holder := existing.get("external_id") or "") not in own_ids:
            raise SkipRecord(issues.CUSTOMER_EMAIL_IN_USE(customer=wanted["external_id"], holder=holder))
        if not self.client.customers.change(existing, _merged(existing, wanted, operation.previous)):
            raise error

    def _remove(self, operation: Operation[Row]) -> Outcome:
        self.client.customers.delete("platform", operation.external_id)
        return Outcome(external_id=operation.external_id)


def _has_value(value: Any) -> bool:
    return value not in (None, "", [])


def _changes(previous: Row | None, wanted: Row) -> Row:
    """What differs from the payload last sent. A field that was sent and has no value any more is cleared."""
    before = {name: value for name, value in (previous or {}).items() if _has_value(value)}
    cleared = {name: EMPTY.get(name) for name in before if name not in wanted}
    return cleared | {name: value for name, value in wanted.items() if before.get(name) != value}


def _merged(existing: Row, changes: Row, previous: Row | None) -> Row:
    """The changes, with what SparkLayer has beside ours in payment terms and addresses.

    A balance is never sent back, because SparkLayer would book it again.
    """
    merged = dict(changes)
    if "payment_on_account" in changes:
        terms = existing.get("payment_on_account") or {}
        kept = {name: value for name, value in terms.items() if not name.startswith("balance")}
        merged["payment_on_account"] = kept | changes["payment_on_account"]
    if "addresses" in changes:
        stored = {each.get("external_id"): each for each in existing.get("addresses") or () if isinstance(each, dict)}
        ours = [_merged_address(stored.get(each["external_id"], {}), each) for each in changes["addresses"]]
        sent = {each["external_id"] for each in (*ours, *((previous or {}).get("addresses") or ()))}
        merged["addresses"] = ours + [each for key, each in stored.items() if key not in sent]
    return merged


def _merged_address(stored: Row, ours: Row) -> Row:
    """A code of the region is ours as well: without a new one, the old one must not survive a move."""
    return stored | ({"region_code": ""} if stored.get("region_code") else {}) | ours
