"""Customers, each under an external id of ours."""

from collections.abc import Sequence
from typing import Any

from connectors.contract import Action, Operation, Outcome
from connectors.errors import SkipRecord
from connectors.platforms.netsuite.client import NetSuiteClient, in_conditions, required_int
from connectors.platforms.netsuite.orders import address
from connectors.platforms.netsuite.settings import FieldMap, Settings
from orders.items import CustomerItem


def payload(item: CustomerItem, settings: Settings, fields: FieldMap) -> dict[str, Any] | None:
    if item.status == "deleted":
        return None
    if not (item.company_name or item.last_name):
        raise SkipRecord(
            "The customer has neither a company nor a last name, which NetSuite asks for.",
            code="no_name",
            fix="Add one where the customer comes from; it is sent as soon as the customer changes.",
        )
    body: dict[str, Any] = {"isPerson": not item.company_name, "email": item.email, "phone": item.phone}
    if item.company_name:
        body["companyName"] = item.company_name
    else:
        body |= {"firstName": item.first_name, "lastName": item.last_name}
    body["isInactive"] = item.status != "active"
    if settings.subsidiary:
        body["subsidiary"] = {"id": settings.subsidiary}
    for ours in ("accounting_id", "tax_id", "group"):
        if name := getattr(fields.customers, ours):
            body[name] = getattr(item, ours)
    body["addressBook"] = {
        "items": [
            {
                "defaultShipping": each.use == "shipping",
                "defaultBilling": each.use == "billing",
                "addressBookAddress": address(each),
            }
            for each in item.addresses
        ]
    }
    return body


class Customers:
    """The customers of one account."""

    def __init__(self, client: NetSuiteClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def send(self, operations: Sequence[Operation]) -> list[Outcome]:
        """One call a customer: NetSuite has none that takes several. Nobody is deleted, only made inactive."""
        removed_without_id = [op.item_id for op in operations if op.action is Action.REMOVE and not op.external_id]
        found = self._find([self._external_id(item_id) for item_id in removed_without_id]) if removed_without_id else {}
        outcomes = []
        for operation in operations:
            own = self._external_id(operation.item_id)
            try:
                if operation.action is not Action.REMOVE:
                    internal_id = self._client.upsert("customer", own, operation.payload, replace="addressBook")
                    outcomes.append(Outcome(external_id=internal_id))
                    continue
                if internal_id := operation.external_id or found.get(own, ""):
                    self._client.update("customer", internal_id, {"isInactive": True})
                outcomes.append(Outcome(external_id=operation.external_id))
            except SkipRecord as problem:
                outcomes.append(Outcome(external_id=operation.external_id, error=problem))
        return outcomes

    def _external_id(self, customer_id: int) -> str:
        return f"{self._settings.external_ids}-customer-{customer_id}"

    def _find(self, external_ids: Sequence[str]) -> dict[str, str]:
        """External id → internal id, for those that exist."""
        query = "SELECT customer.id, customer.externalid FROM customer"
        return {
            str(row.get("externalid")): str(required_int(row, "id"))
            for condition in in_conditions("customer.externalid", external_ids)
            for row in self._client.rows(query, key="customer.id", where=condition)
        }
