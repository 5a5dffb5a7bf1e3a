"""Customers who are enabled for B2B, one call each, and one before it to look.

A replacement clears what it leaves out, so everything is sent; what only SparkLayer's dashboard keeps (role, tax
exemption, terms of payment) is read first and carried over.
https://docs.sparklayer.io/developers/api/customers/create-or-update-a-customer
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import Action, Operation, Outcome, References
from connectors.errors import SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.sparklayer.addresses import address, missing_fields
from connectors.platforms.sparklayer.client import UNDOCUMENTED_PATHS, SparkLayerClient, names_property, send_each
from connectors.platforms.sparklayer.products import number
from hub.kinds import Kind
from orders.items import CustomerItem

RECORD_PATH = "/api/v2/customers/{}/{}"
KEPT_FIELDS = ("role", "tax_exempt")
# A parent goes in the same sync, so it is there soon.
PARENT_RETRY_DELAY = timedelta(minutes=1)

Row = dict[str, Any]


def payload(item: CustomerItem, refs: References) -> Row | None:
    if item.status == "deleted" or not item.b2b_enabled:
        return None
    problems = [] if item.email else ["the e-mail address is missing"]
    for position, each in enumerate(item.addresses, 1):
        problems += [f"address {position}: {what} is empty" for what in missing_fields(each)]
    if problems:
        raise SkipRecord(
            f"{'; '.join(problems)}.".capitalize(), code="incomplete", fix="Complete the customer in the shop."
        )
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
        "discount_percentage": number(item.discount_percentage),
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


def send(client: SparkLayerClient, operations: Sequence[Operation]) -> list[Outcome]:
    return send_each(
        operations, lambda operation: (_remove if operation.action is Action.REMOVE else _put)(client, operation)
    )


def _put(client: SparkLayerClient, operation: Operation) -> Outcome:
    wanted = operation.payload
    try:
        try:
            if not _replace_renamed(client, operation):
                _replace(client, "platform", wanted["external_id"], wanted)
        except Refused as refused:
            if not (refused.status == 409 and names_property(refused, "email")):
                raise
            # The front has the person already, by another id or by none.
            _replace(client, "email", wanted["email"], wanted)
    except Refused as refused:
        if not names_property(refused, "parent_customer_id"):
            raise
        not_before = datetime.now(UTC) + PARENT_RETRY_DELAY
        waiting = TryAgainLater("SparkLayer does not have the parent yet.", not_before=not_before, sent=False)
        return Outcome(error=waiting)
    return Outcome(external_id=wanted["external_id"])


def _replace_renamed(client: SparkLayerClient, operation: Operation) -> bool:
    """Who was made at the front got another id when the shop took them over: found by the old one, and kept."""
    wanted = operation.payload
    if operation.external_id in ("", wanted["external_id"]):
        return False
    existing = _fetch(client, "platform", operation.external_id)
    if not existing.get("id"):
        return False
    body = _merge_kept_fields(existing, wanted) | {"id": existing["id"]}
    client.call("PUT", RECORD_PATH, "sparklayer", existing["id"], body=body)
    return True


def _replace(client: SparkLayerClient, lookup: str, key: str, wanted: Row) -> None:
    client.call("PUT", RECORD_PATH, lookup, key, body=_merge_kept_fields(_fetch(client, lookup, key), wanted))


def _fetch(client: SparkLayerClient, lookup: str, key: str) -> Row:
    """The customer as SparkLayer has it; empty if it has none."""
    try:
        existing = client.call("GET", UNDOCUMENTED_PATHS["customer"], lookup, key)
    except Refused as refused:
        if refused.status == 404:
            return {}
        raise
    if not isinstance(existing, dict):
        raise TryAgainLater("SparkLayer answered without a customer.")
    return existing


def _merge_kept_fields(existing: Row, wanted: Row) -> Row:
    """A balance is never sent back: that would book it once more."""
    terms = existing.get("payment_on_account") or {}
    kept = {name: value for name, value in terms.items() if not name.startswith("balance")}
    ours = wanted["payment_on_account"]
    body = {name: existing[name] for name in KEPT_FIELDS if name in existing} | wanted
    body["payment_on_account"] = kept | (ours or {}) if kept or ours else None
    return body


def _remove(client: SparkLayerClient, operation: Operation) -> Outcome:
    try:
        client.call("DELETE", UNDOCUMENTED_PATHS["customer"], "platform", operation.external_id)
    except Refused as refused:
        if refused.status != 404:
            raise
    return Outcome(external_id=operation.external_id)
