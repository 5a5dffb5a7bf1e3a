"""Customers, matched by email address, which is unique in a store, with addresses, group and attributes.

Source: https://github.com/bigcommerce/docs, reference/customers.v3.yml and customers.v2.yml (groups).
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, PAGE_SIZE, Row, TargetClient, join
from connectors.platforms.bigcommerce.error_messages import rejection_reason
from connectors.platforms.bigcommerce.paging import row_ids
from connectors.platforms.bigcommerce.targets.customer_addresses import (
    MAX_ADDRESSES,
    address_body,
    differences,
    missing_fields,
)
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage, numeric_ids
from connectors.sdk.records import Problem
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import ComparisonDepth, Target
from connectors.sdk.values import cut
from hub.kinds import DataType
from orders.items import CustomerItem

PATH = "/customers"
ADDRESSES = "/customers/addresses"
ATTRIBUTES = "/customers/attributes"
VALUES = "/customers/attribute-values"
_INCLUDE = "addresses,attributes"
# Our fields that are the store's own: name → the most characters.
_OWN = {"email": 250, "first_name": 100, "last_name": 100, "company": 255, "phone": 50}


class CustomerTarget(Target[TargetClient, CustomerItem, Row]):
    """Only if the settings say so. Customers are never deleted, and new ones are not told by email."""

    data_type = DataType.CUSTOMERS
    lane = "customers"
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def payload(self, item: CustomerItem, refs: References) -> Row | None:
        """`{"email", "first_name", "last_name", "company", "phone", "group", "attributes", "addresses", "left_out"}`;
        `attributes`: name → value; `left_out`: use and missing fields of addresses that the store would reject."""
        if not self.client.settings.customers or item.status == "deleted":
            return None
        own = {
            "email": item.email,
            "first_name": item.first_name.strip(),
            "last_name": item.last_name.strip(),
            "company": item.company_name,
            "phone": item.phone,
        }
        if missing := [name for name in ("email", "first_name", "last_name") if not own[name]]:
            raise SkipRecord(issues.CUSTOMER_INCOMPLETE(missing=", ".join(missing)))
        bodies = [(each.use, address_body(each, own)) for each in item.addresses]
        complete = [body for _, body in bodies if not missing_fields(body)]
        left_out = [[use, missing_fields(body)] for use, body in bodies if missing_fields(body)]
        if len(complete) > MAX_ADDRESSES:
            left_out.append(["further", f"only {MAX_ADDRESSES} addresses"])
        return {
            **{name: value if name == "email" else cut(value, _OWN[name]) for name, value in own.items()},
            "group": item.group,
            "attributes": self.client.field_map.customers.values(item),
            "addresses": complete[:MAX_ADDRESSES],
            **({"left_out": left_out} if left_out else {}),
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """One call finds all, one creates, one changes; up to four more write addresses and attributes of known ones.
        BatchRejected if the store rejects several together."""
        written = {place: each for place, each in enumerate(operations) if each.action is not Action.REMOVE}
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        known = self._find(written)
        new = {place: self._new(each.content) for place, each in written.items() if place not in known}
        changed = [body for place, row in known.items() if (body := self._changes(row, written[place].content))]
        created = {str(row.get("email")).lower(): row["id"] for row in self._write("POST", PATH, list(new.values()))}
        self._write("PUT", PATH, changed)
        self._write_addresses(known, written)
        self._write_attributes(known, written)
        for place, operation in written.items():
            number = known[place]["id"] if place in known else created.get(operation.content["email"].lower())
            if number is None:
                raise TryAgainLater("The store did not say which customer it created.")
            outcomes[place].external_id = str(number)
            outcomes[place].warnings += self._warnings(operation.content)
        return outcomes

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        query = {"limit": PAGE_SIZE} | ({"after": cursor} if cursor else {})
        rows, following, _ = self.client.list_page_by_cursor(PATH, **query)
        return ExistingPage({str(row["id"]): {name: row.get(name) or "" for name in _OWN} for row in rows}, following)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {str(row["id"]) for row in self._rows("id:in", numeric_ids(external_ids))}

    def _find(self, written: Mapping[int, Operation[Row]]) -> dict[int, Row]:
        """Position → the store's customer: the linked one if it still exists, else the one with the email address."""
        linked = numeric_ids(each.external_id for each in written.values())
        by_id = {str(row["id"]): row for row in self._rows("id:in", linked, _INCLUDE)}
        rest = [each.content["email"] for each in written.values() if each.external_id not in by_id]
        by_email = {str(row.get("email")).lower(): row for row in self._rows("email:in", rest, _INCLUDE)}
        found = {
            place: by_id.get(each.external_id) or by_email.get(each.content["email"].lower())
            for place, each in written.items()
        }
        return {place: row for place, row in found.items() if row is not None}

    def _new(self, content: Row) -> Row:
        values = {number: content["attributes"][name] for name, number in self._attribute_ids(content).items()}
        return self._body(content) | {
            "addresses": content["addresses"],
            "attributes": [{"attribute_id": n, "attribute_value": value} for n, value in values.items() if value],
            "origin_channel_id": self.client.settings.channel_id,
            "channel_ids": [self.client.settings.channel_id],
            "trigger_account_created_notification": False,
        }

    def _changes(self, row: Row, content: Row) -> Row:
        """The fields that differ, with the ID; nothing if none does. A customer of other storefronts gets access to
        ours as well."""
        body = self._body(content)
        if str(row.get("email")).lower() == body["email"].lower():
            del body["email"]  # the store may write it in lower case
        found = {name: value for name, value in body.items() if value != (row.get(name) or type(value)())}
        channels, own = row.get("channel_ids"), self.client.settings.channel_id
        if isinstance(channels, list) and channels and own not in channels:
            found["channel_ids"] = [*channels, own]
        return found | {"id": row["id"]} if found else {}

    def _body(self, content: Row) -> Row:
        """The customer's own fields. An unknown group keeps the store's."""
        body = {name: content[name] for name in _OWN}
        group = self._groups.get(content["group"].lower()) if content["group"] else None
        return body if group is None else body | {"customer_group_id": group}

    def _write_addresses(self, known: Mapping[int, Row], written: Mapping[int, Operation[Row]]) -> None:
        missing: list[Row] = []
        gone: list[int] = []
        for place, row in known.items():
            stored = row.get("addresses") or []
            if (whole_number(row.get("address_count")) or 0) > len(stored):
                stored = self.client.fetch_all(ADDRESSES, **{"customer_id:in": row["id"]})
            before = (written[place].previous or {}).get("addresses", [])
            new, old = differences(stored, written[place].content["addresses"], before)
            missing += [each | {"customer_id": row["id"]} for each in new]
            gone += old
        for start in range(0, len(missing), self.batch_size):
            self._write("POST", ADDRESSES, missing[start : start + self.batch_size])
        if gone:
            self.client.call("DELETE", ADDRESSES, params={"id:in": join(gone)})

    def _write_attributes(self, known: Mapping[int, Row], written: Mapping[int, Operation[Row]]) -> None:
        changed: list[Row] = []
        emptied: list[int] = []
        for place, row in known.items():
            stored = {each.get("attribute_id"): each for each in row.get("attributes") or () if isinstance(each, dict)}
            for name, number in self._attribute_ids(written[place].content).items():
                value, held = written[place].content["attributes"][name], stored.get(number, {})
                if value and value != held.get("attribute_value"):
                    changed.append({"customer_id": row["id"], "attribute_id": number, "value": value})
                elif not value and held.get("attribute_value"):
                    emptied.append(held["id"])
        for start in range(0, len(changed), self.batch_size):
            self._write("PUT", VALUES, changed[start : start + self.batch_size])
        if emptied:
            self.client.call("DELETE", VALUES, params={"id:in": join(emptied)})

    def _attribute_ids(self, content: Row) -> dict[str, int]:
        """Those of the payload's attributes that the store has."""
        if not content["attributes"]:
            return {}
        return {
            name: self._attributes[name.lower()] for name in content["attributes"] if name.lower() in self._attributes
        }

    def _warnings(self, content: Row) -> list[Problem]:
        found = [issues.ADDRESS_LEFT_OUT(use=use, missing=missing) for use, missing in content.get("left_out", ())]
        if content["group"] and content["group"].lower() not in self._groups:
            found.append(issues.CUSTOMER_FIELD_UNKNOWN(what="customer group", name=content["group"]))
        if content["attributes"]:
            unknown = [name for name in content["attributes"] if name.lower() not in self._attributes]
            found += [issues.CUSTOMER_FIELD_UNKNOWN(what="customer attribute", name=name) for name in unknown]
        return found

    def _write(self, method: str, path: str, bodies: list[Row]) -> list[Row]:
        if not bodies:
            return []
        try:
            answer = self.client.call(method, path, body=bodies).json()
        except RequestRejected as error:
            raise BatchRejected(rejection_reason(error)) from error
        match answer:
            case {"data": list(rows)}:
                return [row for row in rows if row_ids([row])]
        raise TryAgainLater(f"{path} did not return what it saved.")

    def _rows(self, name: str, values: Sequence[object], include: str = "") -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(values), IDS_PER_REQUEST):
            query = {name: join(values[start : start + IDS_PER_REQUEST]), "limit": PAGE_SIZE}
            rows, _, _ = self.client.list_page_by_cursor(PATH, **query, **({"include": include} if include else {}))
            found += [row for row in rows if row_ids([row])]
        return found

    @cached_property
    def _groups(self) -> dict[str, int]:
        """Name in lower case → ID."""
        rows = self.client.v2_fetch_all("/customer_groups")
        return {str(row.get("name", "")).lower(): row["id"] for row in rows if row_ids([row])}

    @cached_property
    def _attributes(self) -> dict[str, int]:
        rows = self.client.list_unpaged(ATTRIBUTES, limit=PAGE_SIZE)
        return {str(row.get("name", "")).lower(): row["id"] for row in rows if row_ids([row])}
