"""Customers, each with an external ID of ours."""

from collections.abc import Collection, Sequence
from typing import Any

from connectors.platforms.netsuite import external_ids
from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.suiteql import in_conditions, required_int
from connectors.platforms.netsuite.targets.addresses import address
from connectors.platforms.netsuite.targets.existing import find_ids, read_customers
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType
from orders.items import CustomerItem

# The fields of a `customer` in REST.
CustomerBody = dict[str, Any]


class CustomerTarget(Target[NetSuiteClient, CustomerItem, CustomerBody]):
    data_type = DataType.CUSTOMERS
    lane = "write"
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def payload(self, item: CustomerItem, refs: References) -> CustomerBody | None:
        if item.status == "deleted":
            return None
        if not (item.company_name or item.last_name):
            raise SkipRecord(issues.CUSTOMER_NAME_MISSING())
        body: CustomerBody = {"isPerson": not item.company_name, "email": item.email, "phone": item.phone}
        if item.company_name:
            body["companyName"] = item.company_name
        else:
            body |= {"firstName": item.first_name, "lastName": item.last_name}
        body["isInactive"] = item.status != "active"
        if self.client.settings.subsidiary:
            body["subsidiary"] = {"id": self.client.settings.subsidiary}
        fields = self.client.field_map.customers
        mapped = (
            (fields.accounting_id, item.accounting_id),
            (fields.tax_id, item.tax_id),
            (fields.group, item.group),
        )
        body |= {name: value for name, value in mapped if name}
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

    def send(self, operations: Sequence[Operation[CustomerBody]]) -> list[Outcome]:
        """One call per customer: NetSuite has no batch call."""
        existing = self._find([op.item_id for op in operations if op.action is Action.REMOVE and not op.external_id])
        outcomes = []
        for operation in operations:
            try:
                if operation.action is Action.REMOVE:
                    outcomes.append(self._deactivate(operation, existing))
                else:
                    outcomes.append(self._put(operation))
            except SkipRecord as error:
                outcomes.append(Outcome(external_id=operation.external_id, error=error))
            outcomes[-1].warnings += self.client.take_warnings()
        return outcomes

    def read_existing(self, *, cursor: Any) -> ExistingPage[CustomerBody]:
        return read_customers(self.client, cursor)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return find_ids(self.client, "customer", "", external_ids)

    def _put(self, operation: Operation[CustomerBody]) -> Outcome:
        own_id = external_ids.customer_id(self.client.settings, operation.item_id)
        internal_id = self.client.upsert("customer", own_id, operation.content, replace="addressBook")
        return Outcome(external_id=internal_id)

    def _deactivate(self, operation: Operation[CustomerBody], existing: dict[int, str]) -> Outcome:
        """A customer is never deleted, because orders may refer to it."""
        if internal_id := operation.external_id or existing.get(operation.item_id, ""):
            self.client.update("customer", internal_id, {"isInactive": True})
        return Outcome(external_id=operation.external_id)

    def _find(self, item_ids: Sequence[int]) -> dict[int, str]:
        """Our ID → internal ID, for those that exist."""
        own = {external_ids.customer_id(self.client.settings, item_id): item_id for item_id in item_ids}
        query = "SELECT customer.id, customer.externalid FROM customer"
        return {
            own[str(row.get("externalid"))]: str(required_int(row, "id"))
            for condition in in_conditions("customer.externalid", own)
            for row in self.client.rows(query, key="customer.id", where=condition)
        }
