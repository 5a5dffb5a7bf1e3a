"""Customers that a B2B storefront creates in a Magento shop.

https://developer.adobe.com/commerce/webapi/rest/ (`customerAccountManagementV1`, `customerCustomerRepositoryV1`,
`customerAddressRepositoryV1`). A customer has no company of its own. There is no call that creates one address: a list
of addresses replaces all, so those that are there are sent along. Callers let calls about a customer wait for each
other. An address that is added in the shop itself between reading and writing is lost: no call can prevent that.
"""

from typing import Any

from connectors.platforms.magento.client import Row, ShopClient, row_ids
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.regions import region_of
from connectors.platforms.magento.search import Filter
from connectors.platforms.magento.skus import without_astral
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.records import AddressRecord, CustomerRecord
from connectors.sdk.responses import RequestRejected
from connectors.sdk.storefronts import CustomerAccounts, EmailTaken

CUSTOMERS = "/customers"


class Accounts(CustomerAccounts[ShopClient]):
    def find(self, email: str) -> str | None:
        website = [Filter("website_id", self.client.b2b_view["website_id"])]
        rows = self.client.fetch_by_values(f"{CUSTOMERS}/search", "email", [email], website)
        return next((str(number) for number in row_ids(rows)), None)

    def create(self, record: CustomerRecord) -> str:
        """The shop sends its usual email about a new account, with which the customer sets a password."""
        view = self.client.b2b_view
        customer = _person(record) | {"email": record.email, "website_id": view["website_id"], "store_id": view["id"]}
        groups = {name.lower(): number for number, name in self.client.customer_groups.items()} if record.group else {}
        if (group := groups.get(record.group.lower())) is not None:
            customer["group_id"] = group
        try:
            return str(self._id_of(self._send("POST", CUSTOMERS, {"customer": customer})))
        except SkipRecord as error:
            if self.find(record.email) is None:
                raise
            raise EmailTaken(record.email) from error

    def change(self, external_id: str, record: CustomerRecord) -> None:
        self._save(self._row(external_id), _person(record))

    def delete(self, external_id: str) -> None:
        self._delete(f"{CUSTOMERS}/{external_id}")

    def save_address(self, external_id: str, address: AddressRecord) -> str:
        row = self._row(external_id)
        stored = self._addresses(row)
        body = self._address(address)
        others = [each for each in stored if str(each.get("id")) != address.external_id]
        for default in ("default_billing", "default_shipping"):
            if body[default]:  # there is one of each kind
                others = [each | {default: False} for each in others]
        saved = set(row_ids(self._addresses(self._save(row, {"addresses": [*others, body]}))))
        new = saved - set(row_ids(stored))
        if not saved.issuperset(row_ids(others)) or len(new) != (0 if address.external_id else 1):
            raise TryAgainLater("The shop did not store the addresses as they were sent.")
        return address.external_id or str(new.pop())

    def delete_address(self, external_id: str, address_id: str) -> None:
        self._delete(f"/addresses/{address_id}")

    def _row(self, external_id: str) -> Row:
        return self._send("GET", f"{CUSTOMERS}/{int(external_id)}", None)

    def _save(self, row: Row, changes: Row) -> Row:
        """Change a customer. Fields that are not sent stay, but these the shop wants each time."""
        wanted = ("email", "firstname", "lastname", "website_id", "store_id")
        customer = {"id": self._id_of(row)} | {name: row[name] for name in wanted if name in row} | changes
        return self._send("PUT", f"{CUSTOMERS}/{customer['id']}", {"customer": customer})

    def _send(self, method: str, path: str, body: Any) -> Row:
        try:
            answer = self.client.http.request(method, self.client.path(path), body=body).json()
        except RequestRejected as error:
            raise SkipRecord(issues.REJECTED(reason=error_message(error))) from error
        if not isinstance(answer, dict):
            self.client.raise_malformed_response(path)
        return answer

    def _delete(self, path: str) -> None:
        try:
            self.client.http.request("DELETE", self.client.path(path))
        except RequestRejected as error:
            if error.status != 404:
                raise

    def _addresses(self, row: Row) -> list[Row]:
        """Without this list, or the ID of one, saving would delete addresses."""
        rows = row.get("addresses")
        if not isinstance(rows, list) or len(row_ids(rows)) != len(rows):
            self.client.raise_malformed_response(CUSTOMERS)
        return rows

    def _id_of(self, row: Row) -> int:
        numbers = row_ids([row])
        if not numbers:
            self.client.raise_malformed_response(CUSTOMERS)
        return numbers[0]

    def _address(self, address: AddressRecord) -> Row:
        return (
            {
                "firstname": without_astral(address.first_name).strip(),
                "lastname": without_astral(address.last_name).strip(),
                "company": address.company,
                "street": [line for line in (address.street, address.street2) if line],
                "city": address.city,
                "postcode": address.postcode,
                "country_id": address.country,
                "telephone": address.phone,
                "default_billing": address.use == "billing",
                "default_shipping": address.use == "shipping",
            }
            | ({"region": region_of(self.client, address.country, address.region)} if address.region else {})
            | ({"id": int(address.external_id)} if address.external_id else {})
        )


def _person(record: CustomerRecord) -> Row:
    """The shop rejects names with emoji."""
    names = {"firstname": record.first_name, "lastname": record.last_name}
    names = {name: without_astral(value).strip() for name, value in names.items()}
    if missing := [name for name, value in names.items() if not value]:
        raise SkipRecord(issues.CUSTOMER_INCOMPLETE(missing=", ".join(missing)))
    return names
