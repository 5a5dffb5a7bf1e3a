"""Customers, matched by email address, which is unique within a website.

https://developer.adobe.com/commerce/webapi/rest/ (`customerCustomerRepositoryV1`, `customerAccountManagementV1`)
"""

from collections.abc import Collection, Sequence
from typing import Any

from connectors.platforms.magento.client import Row, TargetClient, row_ids
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.search import Filter, Group
from connectors.platforms.magento.skus import without_astral
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.paging import ExistingPage
from connectors.sdk.records import AddressRecord
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType
from orders.items import CustomerItem

PATH = "/customers"
SEARCH_PATH = "/customers/search"
# Fields of an address that the shop requires in every country.
_REQUIRED = ("firstname", "lastname", "street", "city", "country_id", "telephone")

Payload = dict[str, Any]


class CustomerTarget(Target[TargetClient, CustomerItem, Payload]):
    """Only if the settings say so, since the shop welcomes each new customer by email. Customers are never deleted."""

    data_type = DataType.CUSTOMERS
    lane = "customers"
    batch_size = 50
    comparable = ComparisonDepth.CONTENT

    def payload(self, item: CustomerItem, refs: References) -> Payload | None:
        """`{"email", "firstname", "lastname", "taxvat", "group", "addresses", "incomplete"}`; `incomplete`: use and
        missing fields of addresses that the shop would reject, and with them the customer."""
        if not self.client.settings.customers or item.status == "deleted":
            return None
        names = {"firstname": _plain(item.first_name), "lastname": _plain(item.last_name)}
        if missing := [name for name, value in names.items() if not value]:
            raise SkipRecord(issues.CUSTOMER_INCOMPLETE(missing=", ".join(missing)))
        addresses = [_address(each, item.phone, names) for each in item.addresses]
        complete = [each for each in addresses if not _missing(each)]
        incomplete = [[each.use, _missing(body)] for each, body in zip(item.addresses, addresses, strict=True)]
        incomplete = [each for each in incomplete if each[1]]
        payload = {"email": item.email, **names, "taxvat": item.tax_id, "group": item.group, "addresses": complete}
        return payload | ({"incomplete": incomplete} if incomplete else {})

    def send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        """One search for all, then a call per customer: the shop has no batch call."""
        wanted = [each.payload for each in operations if each.payload]
        by_email = {str(row.get("email")).lower(): row for row in self._search("email", [e["email"] for e in wanted])}
        by_id = {str(row["id"]): row for row in self._search("entity_id", [e.external_id for e in operations])}
        outcomes = []
        for operation in operations:
            outcome = Outcome(external_id=operation.external_id)
            outcomes.append(outcome)
            if operation.action is Action.REMOVE:
                continue
            payload = operation.content
            row = by_id.get(operation.external_id) or by_email.get(payload["email"].lower())
            try:
                outcome.external_id = self._save(payload, row)
            except RequestRejected as error:
                outcome.error = SkipRecord(issues.REJECTED(reason=error_message(error)))
            outcome.warnings += [
                issues.ADDRESS_LEFT_OUT(use=use, missing=missing) for use, missing in payload.get("incomplete", ())
            ]
        return outcomes

    def read_existing(self, *, cursor: Any) -> ExistingPage[Payload]:
        rows, following, _ = self.client.search_after(SEARCH_PATH, cursor or 0, *self._own_website())
        return ExistingPage({str(row["id"]): _content(row) for row in rows}, following)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return {str(row["id"]) for row in self._search("entity_id", external_ids)}

    def _own_website(self) -> list[Group]:
        """Customers of other websites have accounts of their own, unless the shop shares them."""
        return [] if self.client.settings.shared_customers else [[Filter("website_id", self.client.websites.own)]]

    def _search(self, field: str, values: Collection[str]) -> list[Row]:
        given = [each for each in values if each]
        rows = self.client.fetch_by_values(SEARCH_PATH, field, given, *self._own_website()) if given else []
        return [row for row in rows if row_ids([row])]

    def _save(self, payload: Payload, row: Row | None) -> str:
        """Create or update a customer. Returns its ID. Addresses that are the same already keep theirs."""
        new = {"website_id": self.client.websites.own, "store_id": self.client.config["id"]}
        about = new if row is None else {name: row[name] for name in new if name in row}
        customer = about | {name: payload[name] for name in ("email", "firstname", "lastname", "taxvat")}
        groups = {name.lower(): number for number, name in self.client.customer_groups.items()}
        if (group := groups.get(payload["group"].lower())) is not None:
            customer["group_id"] = group
        stored = [_stored_address(each) for each in (row or {}).get("addresses") or ()]
        if stored != [{name: each[name] for name in each if name != "region"} for each in payload["addresses"]]:
            customer["addresses"] = payload["addresses"]
        if row is None:
            saved = self.client.post(PATH, {"customer": customer})
        else:
            path = self.client.path(f"{PATH}/{row['id']}")
            saved = self.client.http.request("PUT", path, body={"customer": customer | {"id": row["id"]}}).json()
        if not isinstance(saved, dict) or not row_ids([saved]):
            self.client.raise_malformed_response(PATH)
        return str(saved["id"])


def _address(each: AddressRecord, phone: str, names: dict[str, str]) -> Payload:
    """The shop has two lines of street, and requires names and a telephone number."""
    return {
        "firstname": _plain(each.first_name) or names["firstname"],
        "lastname": _plain(each.last_name) or names["lastname"],
        "company": each.company,
        "street": [line for line in (each.street, each.street2) if line],
        "city": each.city,
        "postcode": each.postcode,
        "country_id": each.country,
        "telephone": each.phone or phone,
        "default_billing": each.use == "billing",
        "default_shipping": each.use == "shipping",
    } | ({"region": {"region": each.region, "region_code": each.region, "region_id": 0}} if each.region else {})


def _plain(name: str) -> str:
    """The shop rejects names with emoji."""
    return without_astral(name).strip()


def _missing(address: Payload) -> str:
    return ", ".join(name for name in _REQUIRED if not address[name])


def _stored_address(row: Any) -> Payload:
    """The shop's address in the form of `_address`, without its region, which the shop completes."""
    names = ("firstname", "lastname", "company", "city", "postcode", "country_id", "telephone")
    stored = {name: row.get(name) or "" for name in names} | {"street": row.get("street") or []}
    return stored | {name: bool(row.get(name)) for name in ("default_billing", "default_shipping")}


def _content(row: Row) -> Payload:
    return {name: row.get(name) or "" for name in ("email", "firstname", "lastname", "taxvat")}
