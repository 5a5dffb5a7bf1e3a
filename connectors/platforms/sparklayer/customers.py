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
from connectors.platforms.sparklayer.addresses import address, gaps
from connectors.platforms.sparklayer.products import number
from connectors.platforms.sparklayer.site import ASSUMED, Site, names, one_by_one
from hub.kinds import Kind
from orders.items import CustomerItem

ONE = "/api/v2/customers/{}/{}"
CARRIED = ("role", "tax_exempt")
# A parent goes in the same sync, so it is there soon.
SOON = timedelta(minutes=1)

Row = dict[str, Any]


def payload(item: CustomerItem, refs: References) -> Row | None:
    if item.status == "deleted" or not item.b2b_enabled:
        return None
    problems = [] if item.email else ["the e-mail address is missing"]
    for place, each in enumerate(item.addresses, 1):
        problems += [f"address {place}: {what} is empty" for what in gaps(each)]
    if problems:
        raise SkipRecord(
            f"{'; '.join(problems)}.".capitalize(), code="incomplete", mend="Complete the customer in the shop."
        )
    terms = None if item.payment_on_account is None else {"enabled": item.payment_on_account}
    return {
        "external_id": refs.name(Kind.CUSTOMER, item.id),
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
        "parent_customer_id": refs.name(Kind.CUSTOMER, item.parent_id) if item.parent_id else None,
        "addresses": [
            address(each)
            | {
                "external_id": each.external_id or str(place),
                "is_default_billing": each.use == "billing",
                "is_default_shipping": each.use == "shipping",
            }
            for place, each in enumerate(item.addresses, 1)
        ],
    }


def send(site: Site, operations: Sequence[Operation]) -> list[Outcome]:
    return one_by_one(
        operations, lambda operation: (_remove if operation.action is Action.REMOVE else _put)(site, operation)
    )


def _put(site: Site, operation: Operation) -> Outcome:
    wanted = operation.payload
    try:
        try:
            if not _renamed(site, operation):
                _replace(site, "platform", wanted["external_id"], wanted)
        except Refused as refused:
            if not (refused.status == 409 and names(refused, "email")):
                raise
            # The front has the person already, by another id or by none.
            _replace(site, "email", wanted["email"], wanted)
    except Refused as refused:
        if not names(refused, "parent_customer_id"):
            raise
        not_before = datetime.now(UTC) + SOON
        waiting = TryAgainLater("SparkLayer does not have the parent yet.", not_before=not_before, sent=False)
        return Outcome(error=waiting)
    return Outcome(external_id=wanted["external_id"])


def _renamed(site: Site, operation: Operation) -> bool:
    """Who was made at the front got another id when the shop took them over: found by the old one, and kept."""
    wanted = operation.payload
    if operation.external_id in ("", wanted["external_id"]):
        return False
    there = _look(site, "platform", operation.external_id)
    if not there.get("id"):
        return False
    body = _carry_over(there, wanted) | {"id": there["id"]}
    site.call("PUT", ONE, "sparklayer", there["id"], body=body)
    return True


def _replace(site: Site, lookup: str, key: str, wanted: Row) -> None:
    site.call("PUT", ONE, lookup, key, body=_carry_over(_look(site, lookup, key), wanted))


def _look(site: Site, lookup: str, key: str) -> Row:
    """The customer as SparkLayer has it; empty if it has none."""
    try:
        there = site.call("GET", ASSUMED["customer"], lookup, key)
    except Refused as refused:
        if refused.status == 404:
            return {}
        raise
    if not isinstance(there, dict):
        raise TryAgainLater("SparkLayer answered without a customer.")
    return there


def _carry_over(there: Row, wanted: Row) -> Row:
    """A balance is never sent back: that would book it once more."""
    terms = there.get("payment_on_account") or {}
    kept = {name: value for name, value in terms.items() if not name.startswith("balance")}
    ours = wanted["payment_on_account"]
    body = {name: there[name] for name in CARRIED if name in there} | wanted
    body["payment_on_account"] = kept | (ours or {}) if kept or ours else None
    return body


def _remove(site: Site, operation: Operation) -> Outcome:
    try:
        site.call("DELETE", ASSUMED["customer"], "platform", operation.external_id)
    except Refused as refused:
        if refused.status != 404:
            raise
    return Outcome(external_id=operation.external_id)
