"""Customers as parties, each with an identifier that holds our key."""

from collections.abc import Collection, Sequence
from typing import Any, TypedDict

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.keys import customer_key, customer_keys
from connectors.platforms.tryton.targets.addresses import AddressPayload, address_payload
from connectors.platforms.tryton.targets.parties import Parties, identifier
from connectors.platforms.tryton.values import Row, record_id
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage, numeric_ids
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType
from orders.items import CustomerItem

MODEL = "party.party"
PAGE_SIZE = 200
_CONTACTS = ("email", "phone")


class PartyAddress(TypedDict):
    address: AddressPayload
    invoice: bool
    delivery: bool


class CustomerPayload(TypedDict):
    """`body` holds fields of `party.party`."""

    body: dict[str, Any]
    email: str
    phone: str
    addresses: list[PartyAddress]


class CustomerTarget(Target[TrytonClient, CustomerItem, CustomerPayload]):
    data_type = DataType.CUSTOMERS
    lane = "write"
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def __init__(self, client: TrytonClient) -> None:
        super().__init__(client)
        self._parties = Parties(client)

    def payload(self, item: CustomerItem, refs: References) -> CustomerPayload | None:
        if item.status == "deleted":
            return None
        name = item.company_name or f"{item.first_name} {item.last_name}".strip()
        if not name:
            raise SkipRecord(issues.CUSTOMER_NAME_MISSING())
        fields = self.client.field_map.customers
        mapped = (
            (fields.accounting_id, item.accounting_id),
            (fields.tax_id, item.tax_id),
            (fields.group, item.group),
        )
        return {
            "body": {"name": name, "active": item.status == "active"} | {key: value for key, value in mapped if key},
            "email": item.email,
            "phone": item.phone,
            "addresses": [
                {
                    "address": address_payload(each),
                    "invoice": each.use == "billing",
                    "delivery": each.use == "shipping",
                }
                for each in item.addresses
            ],
        }

    def send(self, operations: Sequence[Operation[CustomerPayload]]) -> list[Outcome]:
        """One call to find all parties, and one for each: a create or update takes one record."""
        fields = self.client.field_map.customers
        self.client.check_fields(MODEL, [fields.accounting_id, fields.tax_id, fields.group])
        existing = self._parties.find(customer_key(self.client.settings, each.item_id) for each in operations)
        wanted = [each["address"] for operation in operations for each in _addresses(operation.payload)]
        self._parties.countries.load(wanted)
        outcomes = []
        for operation in operations:
            found = existing.get(customer_key(self.client.settings, operation.item_id))
            try:
                outcomes.append(self._send(operation, found))
            except SkipRecord as error:
                outcomes.append(Outcome(external_id=operation.external_id, error=error))
        return outcomes

    def read_existing(self, *, cursor: Any) -> ExistingPage[Any]:
        """The active parties with keys of ours: their names, and their first contact mechanisms."""
        after = int((cursor or {}).get("after", 0))
        fields = ["name", "contact_mechanisms.type", "contact_mechanisms.value", "contact_mechanisms.active"]
        domain = [["identifiers.code", "like", customer_keys(self.client.settings)], ["active", "=", True]]
        rows, more = self.client.page(MODEL, domain, fields, after=after, size=PAGE_SIZE)
        found = {
            str(record_id(row)): {"body": {"name": row.get("name")}} | {name: _contact(row, name) for name in _CONTACTS}
            for row in rows
        }
        return ExistingPage(found, {"after": record_id(rows[-1])} if more else None)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {str(record_id(row)) for row in self.client.among(MODEL, "id", numeric_ids(external_ids), [])}

    def _send(self, operation: Operation[CustomerPayload], found: Row | None) -> Outcome:
        if operation.action is Action.REMOVE:
            # A party is never deleted, because sales refer to it.
            if found is not None and found.get("active") is not False:
                self.client.write(MODEL, record_id(found), {"active": False})
            return Outcome(external_id=operation.external_id)
        wanted = operation.content
        values = wanted["body"] | self._contacts(operation, found) | self._address_changes(operation, found)
        if found is None:
            key = customer_key(self.client.settings, operation.item_id)
            created = self.client.create(MODEL, values | {"identifiers": identifier(key)})
            number = record_id(created)
        else:
            number = record_id(found)
            self.client.write(MODEL, number, values)
        problems = self._parties.countries.problems([each["address"] for each in wanted["addresses"]])
        return Outcome(external_id=str(number), warnings=problems)

    def _contacts(self, operation: Operation[CustomerPayload], found: Row | None) -> dict[str, Any]:
        """Changes the mechanism that has the value sent before; others are the business of people in Tryton."""
        commands: list[Any] = []
        for kind in _CONTACTS:
            value = operation.content[kind]  # type: ignore[literal-required]
            before = operation.previous[kind] if operation.previous else ""  # type: ignore[literal-required]
            rows = [each for each in _mechanisms(found) if each.get("type") == kind]
            if value and any(each.get("value") == value for each in rows):
                continue
            old = next((record_id(each) for each in rows if before and each.get("value") == before), None)
            if old is not None:
                commands.append(["write", [old], {"value": value} if value else {"active": False}])
            elif value:
                commands.append(["create", [{"type": kind, "value": value}]])
        return {"contact_mechanisms": commands} if commands else {}

    def _address_changes(self, operation: Operation[CustomerPayload], found: Row | None) -> dict[str, Any]:
        """Addresses are added, and those that were sent before and are gone become inactive: sales refer to them."""
        countries = self._parties.countries
        rows = [row for row in (found or {}).get("addresses") or () if row.get("active") is not False]
        commands: list[Any] = []
        kept: set[int] = set()
        for each in operation.content["addresses"]:
            uses = {"invoice": each["invoice"], "delivery": each["delivery"]}
            same = next((record_id(row) for row in rows if countries.matches(row, each["address"])), None)
            if same is None:
                commands.append(["create", [countries.values(each["address"]) | uses]])
            else:
                kept.add(same)
                commands.append(["write", [same], uses])
        gone = [
            record_id(row)
            for row in rows
            for each in _addresses(operation.previous)
            if record_id(row) not in kept and countries.matches(row, each["address"])
        ]
        if gone:
            commands.append(["write", sorted(set(gone)), {"active": False}])
        return {"addresses": commands} if commands else {}


def _addresses(payload: CustomerPayload | None) -> list[PartyAddress]:
    return payload["addresses"] if payload else []


def _mechanisms(row: Row | None) -> list[Row]:
    return [each for each in (row or {}).get("contact_mechanisms") or () if each.get("active") is not False]


def _contact(row: Row, kind: str) -> str:
    return next((str(each.get("value")) for each in _mechanisms(row) if each.get("type") == kind), "")
